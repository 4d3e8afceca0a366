# shellcheck shell=bash
# golang-migrate for scripts that run it beside migrascope. Sourced; the connection is in DB_KIND, DB_HOST, DB_PORT, DB_USER, DB_PASSWORD,
# DB_NAME, DB_FILE.

golang_migrate_databases() { echo postgres mysql sqlite; }

golang_migrate_program() { echo "$INTEROP_CACHE/golang-migrate/migrate"; }

# Builds the program once.
golang_migrate_make() {
    [[ -x $(golang_migrate_program) ]] && return 0
    if ! command -v go >/dev/null; then
        echo "golang-migrate: Go is missing"
        return 3
    fi
    GOBIN="$INTEROP_CACHE/golang-migrate" go install -tags 'postgres mysql sqlite' \
        github.com/golang-migrate/migrate/v4/cmd/migrate@v4.20.1
}

golang_migrate_files() {
    local directory=$1 number
    mkdir -p "$directory"
    for ((number = $2; number <= $3; number++)); do
        printf 'CREATE TABLE t%d (id INTEGER);\n' "$number" >"$directory/$(printf '%06d' "$number")_t$number.up.sql"
        printf 'DROP TABLE t%d;\n' "$number" >"$directory/$(printf '%06d' "$number")_t$number.down.sql"
    done
}

golang_migrate_edit() {
    printf -- '-- edited\nCREATE TABLE t%d (id INTEGER, edited INTEGER);\n' "$2" \
        >"$1/$(printf '%06d' "$2")_t$2.up.sql"
}

golang_migrate_lose() { rm "$1/$(printf '%06d' "$2")_t$2".{up,down}.sql; }

# Runs the program on a directory.
golang_migrate_run() {
    local directory=$1 url
    shift
    case $DB_KIND in
        postgres) url="postgres://$DB_USER:$DB_PASSWORD@$DB_HOST:$DB_PORT/$DB_NAME?sslmode=disable" ;;
        mysql) url="mysql://$DB_USER:$DB_PASSWORD@tcp($DB_HOST:$DB_PORT)/$DB_NAME" ;;
        sqlite) url="sqlite://$DB_FILE" ;;
    esac
    "$(golang_migrate_program)" -path "$directory" -database "$url" "$@"
}

golang_migrate_up() { golang_migrate_run "$1" up; }

golang_migrate_down() { golang_migrate_run "$1" down 1; }

# The version in its table; nothing if there is none or it is dirty.
golang_migrate_version() {
    local printed
    printed=$(golang_migrate_run "$1" version 2>&1) || return 0
    if [[ $printed =~ ^[0-9]+$ ]]; then echo "$printed"; fi
}

# The versions of its files in order.
golang_migrate_numbers() {
    local file number
    for file in "$1"/*.up.*; do
        [[ -e $file ]] || continue
        number=${file##*/}
        echo "$((10#${number%%_*}))"
    done | sort -n
}

# The number of files up to the version in its table: it has no other count.
golang_migrate_applied() {
    local version number count=0
    version=$(golang_migrate_version "$1")
    for number in $(golang_migrate_numbers "$1"); do
        if [[ -n $version ]] && ((number <= version)); then count=$((count + 1)); fi
    done
    echo "$count"
}

# It has no command that only shows what is pending, so its version is compared with the files before it says that there is nothing to do.
golang_migrate_clean() {
    [[ $(golang_migrate_version "$1") == "$(golang_migrate_numbers "$1" | tail -n 1)" ]] &&
        [[ $(golang_migrate_up "$1" 2>&1) == *"no change"* ]]
}

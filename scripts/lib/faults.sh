# shellcheck shell=bash
#
# What the scripts that break things on purpose have in common. Source it behind services.sh, then:
#
#   need_faults                    what is needed to try the databases in DATABASES: postgres, mariadb, sqlite
#   faults_binary PATH             sets BINARY to a copy, so that a build meanwhile changes nothing; builds where PATH is empty
#   faults_python FILE WORDS…      runs scripts/lib/faults/FILE with the databases' drivers
#   start_databases                starts their servers; SERVER_WORDS tells the file where they are
#   hand_over                      from now on somebody else stops the servers, because he kills and restarts them

readonly PSYCOPG_VERSION=3.3.9 PYMYSQL_VERSION=1.2.4

DATABASES='postgres mariadb sqlite'
SERVER_WORDS=()

need_faults() {
    local database
    for database in $DATABASES; do
        case $database in
        postgres) need_postgres ;;
        mariadb)
            need mariadbd mariadb-server
            need mariadb mariadb-client
            ;;
        sqlite) ;;
        *) die "no database is called $database" ;;
        esac
    done
    # A python3 without ensurepip is Debian's without python3-venv.
    [[ -x $(faults_home)/bin/python ]] || python3 -c 'import ensurepip' 2>/dev/null || SERVICES_MISSING+=(python3-venv)
}

# Kept with the build output, so that only the first run downloads it.
faults_home() { printf '%s\n' "${CARGO_TARGET_DIR:-target}/tools/drivers-$PSYCOPG_VERSION-$PYMYSQL_VERSION"; }

faults_binary() { # PATH
    local built=$1
    if [[ -z $built ]]; then
        cargo build --quiet
        built=${CARGO_TARGET_DIR:-target}/debug/migrascope
    fi
    cp "$built" "$SERVICES_DIR/migrascope"
    # shellcheck disable=SC2034  # The scripts use it.
    BINARY=$SERVICES_DIR/migrascope
}

faults_python() { # FILE WORDS…
    local home file=$1
    home=$(faults_home)
    if [[ ! -e $home/complete ]]; then
        logged venv python3 -m venv "$home"
        logged pip "$home/bin/pip" install --disable-pip-version-check \
            "psycopg[binary]==$PSYCOPG_VERSION" "PyMySQL==$PYMYSQL_VERSION"
        touch "$home/complete"
    fi
    PYTHONDONTWRITEBYTECODE=1 "$home/bin/python" "scripts/lib/faults/$file" "${@:2}"
}

start_databases() {
    local database
    for database in $DATABASES; do
        case $database in
        postgres)
            # What is killed is a process, not the machine: the system still has what was written.
            start_postgres -c fsync=off -c max_connections=300
            SERVER_WORDS+=(--postgres "$POSTGRES_URL")
            ;;
        mariadb)
            start_mariadb --innodb-flush-log-at-trx-commit=2 --max-connections=300
            SERVER_WORDS+=(--mariadb "$MYSQL_URL")
            ;;
        sqlite) SERVER_WORDS+=(--sqlite) ;;
        esac
    done
}

hand_over() {
    ((${#SERVICES[@]})) || return 0
    disown "${!SERVICES[@]}" # and nobody reports how they end
    SERVICES=()
}

# shellcheck shell=bash
# goose for the matrix of tools: installs it, writes its files, runs it. The connection is in DB_KIND, DB_HOST, DB_PORT, DB_USER, DB_PASSWORD,
# DB_NAME and DB_FILE.

GOOSE_VERSION=v3.30.0
# Drivers that are not tried: without them the program builds in a minute instead of four.
GOOSE_TAGS="no_clickhouse no_libsql no_mssql no_vertica no_ydb"

goose_databases() {
  echo postgres mysql sqlite
}

# Builds the program if it is not there. Returns 3 if Go is not found.
goose_make() {
  [ ! -x "$INTEROP_CACHE/goose/goose" ] || return 0
  command -v go > /dev/null || { echo "goose: Go is not found" >&2; return 3; }
  mkdir -p "$INTEROP_CACHE/goose"
  GOBIN="$INTEROP_CACHE/goose" go install -tags "$GOOSE_TAGS" "github.com/pressly/goose/v3/cmd/goose@$GOOSE_VERSION"
}

# Writes migrations FROM..TO.
goose_files() { # DIR FROM TO
  local number
  mkdir -p "$1"
  for number in $(seq "$2" "$3"); do
    printf -- '-- +goose Up\nCREATE TABLE t%s (id INTEGER);\n\n-- +goose Down\nDROP TABLE t%s;\n' "$number" "$number" \
      > "$(goose_file "$1" "$number")"
  done
}

goose_file() { # DIR N
  printf '%s/%05d_t%s.sql' "$1" "$2" "$2"
}

goose_edit() { # DIR N
  local file
  file=$(goose_file "$1" "$2")
  sed 's/id INTEGER/id INTEGER, more INTEGER/' "$file" > "$file.new"
  mv "$file.new" "$file"
}

goose_lose() { # DIR N
  rm "$(goose_file "$1" "$2")"
}

goose_run() { # DIR COMMAND…
  local directory=$1 driver connection
  shift
  case $DB_KIND in
    postgres)
      driver=postgres
      connection="host=$DB_HOST port=$DB_PORT user=$DB_USER password=$DB_PASSWORD dbname=$DB_NAME sslmode=disable"
      ;;
    mysql)
      driver=mysql
      connection="$DB_USER:$DB_PASSWORD@tcp($DB_HOST:$DB_PORT)/$DB_NAME?parseTime=true&multiStatements=true"
      ;;
    sqlite)
      driver=sqlite3
      connection=$DB_FILE
      ;;
  esac
  GOOSE_DRIVER=$driver GOOSE_DBSTRING=$connection "$INTEROP_CACHE/goose/goose" -env=none -dir "$directory" "$@"
}

goose_up() { # DIR
  goose_run "$1" up
}

goose_down() { # DIR
  goose_run "$1" down
}

# goose reports no count: its status has a line for each file, with a time or the word Pending.
goose_applied() { # DIR
  local status
  status=$(goose_run "$1" status 2>&1) || return
  grep -E -- ' -- [^ ]+\.(sql|go)$' <<< "$status" | grep -vc ' Pending ' || true
}

# Succeeds if goose has nothing to apply and refuses nothing. Only where nothing is pending may "up" be asked.
goose_clean() { # DIR
  local answer
  answer=$(goose_run "$1" status 2>&1) || { echo "$answer" >&2; return 1; }
  if grep -q ' Pending ' <<< "$answer"; then
    echo "$answer" >&2
    return 1
  fi
  if ! answer=$(goose_run "$1" up 2>&1) || ! grep -q 'no migrations to run' <<< "$answer"; then
    echo "$answer" >&2
    return 1
  fi
}

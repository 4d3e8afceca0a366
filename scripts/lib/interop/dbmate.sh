# shellcheck shell=bash
# dbmate for the matrix of tools: installs it, writes its files, runs it. The connection is in DB_KIND, DB_URL and DB_FILE.

DBMATE_VERSION=2.36.0

dbmate_databases() {
  echo postgres mysql sqlite
}

# Installs the program if it is not there. Returns 3 if npm is not found.
dbmate_make() {
  [ ! -x "$INTEROP_CACHE/dbmate/node_modules/.bin/dbmate" ] || return 0
  command -v npm > /dev/null || { echo "dbmate: npm is not found" >&2; return 3; }
  mkdir -p "$INTEROP_CACHE/dbmate"
  npm install --prefix "$INTEROP_CACHE/dbmate" --no-audit --no-fund --silent "dbmate@$DBMATE_VERSION"
}

# Writes migrations FROM..TO. All versions have the same number of digits, because dbmate orders files by their names.
dbmate_files() { # DIR FROM TO
  local number
  mkdir -p "$1"
  for number in $(seq "$2" "$3"); do
    printf -- '-- migrate:up\nCREATE TABLE t%s (id INTEGER);\n\n-- migrate:down\nDROP TABLE t%s;\n' "$number" "$number" \
      > "$(dbmate_file "$1" "$number")"
  done
}

dbmate_file() { # DIR N
  printf '%s/%05d_t%s.sql' "$1" "$2" "$2"
}

dbmate_edit() { # DIR N
  local file
  file=$(dbmate_file "$1" "$2")
  sed 's/id INTEGER/id INTEGER, more INTEGER/' "$file" > "$file.new"
  mv "$file.new" "$file"
}

dbmate_lose() { # DIR N
  rm "$(dbmate_file "$1" "$2")"
}

dbmate_run() { # DIR COMMAND…
  local directory=$1 url=$DB_URL
  shift
  case $DB_KIND in
    postgres) url="${DB_URL%%\?*}?sslmode=disable" ;;
    mysql) url=${DB_URL%%\?*} ;;
    sqlite) url="sqlite:$DB_FILE" ;;
  esac
  "$INTEROP_CACHE/dbmate/node_modules/.bin/dbmate" --url "$url" --migrations-dir "$directory" --no-dump-schema "$@"
}

dbmate_up() { # DIR
  dbmate_run "$1" migrate
}

dbmate_down() { # DIR
  dbmate_run "$1" rollback
}

# dbmate counts files that are applied, not rows: a lost one is not among them.
dbmate_applied() { # DIR
  local status
  status=$(dbmate_run "$1" status) || return
  sed -n 's/^Applied: //p' <<< "$status"
}

# Succeeds if dbmate has nothing to apply.
dbmate_clean() { # DIR
  dbmate_run "$1" status --exit-code > /dev/null
}

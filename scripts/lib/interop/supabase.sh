# shellcheck shell=bash
# Supabase's command line for the matrix of tools: installs it, writes its files, runs it. The connection is in DB_KIND, DB_HOST, DB_PORT,
# DB_USER, DB_PASSWORD and DB_NAME.

SUPABASE_VERSION=3.1.0

supabase_databases() {
  echo postgres
}

# Installs the program if it is not there. Returns 3 if npm is not found.
supabase_make() {
  [ ! -x "$INTEROP_CACHE/supabase/node_modules/.bin/supabase" ] || return 0
  command -v npm > /dev/null || { echo "supabase: npm is not found" >&2; return 3; }
  mkdir -p "$INTEROP_CACHE/supabase"
  npm install --silent --no-audit --no-fund --prefix "$INTEROP_CACHE/supabase" "supabase@$SUPABASE_VERSION"
}

# Writes migrations FROM..TO.
supabase_files() { # DIR FROM TO
  local number
  mkdir -p "$1"
  for number in $(seq "$2" "$3"); do
    printf 'CREATE TABLE t%s (id INTEGER);\n' "$number" > "$(supabase_file "$1" "$number")"
  done
}

supabase_file() { # DIR N
  printf '%s/202401010000%02d_t%s.sql' "$1" "$2" "$2"
}

supabase_edit() { # DIR N
  local file
  file=$(supabase_file "$1" "$2")
  sed 's/id INTEGER/id INTEGER, more INTEGER/' "$file" > "$file.new"
  mv "$file.new" "$file"
}

supabase_lose() { # DIR N
  rm "$(supabase_file "$1" "$2")"
}

# The program reads the folder supabase/migrations of its working directory only.
supabase_run() { # DIR COMMAND…
  local directory work code=0
  directory=$(cd "$1" && pwd)
  shift
  work=$(mktemp -d)
  mkdir "$work/supabase"
  ln -s "$directory" "$work/supabase/migrations"
  (cd "$work" && SUPABASE_TELEMETRY_DISABLED=1 DO_NOT_TRACK=1 "$INTEROP_CACHE/supabase/node_modules/.bin/supabase" "$@" --yes \
    --db-url "postgres://$DB_USER:$DB_PASSWORD@$DB_HOST:$DB_PORT/$DB_NAME?sslmode=disable" < /dev/null) || code=$?
  rm -r "$work"
  return "$code"
}

supabase_up() { # DIR
  supabase_run "$1" migration up
}

supabase_down() { # DIR
  return 3
}

# The second column of the list has the versions that are applied.
supabase_applied() { # DIR
  local list
  list=$(supabase_run "$1" migration list 2> /dev/null) || return
  grep -cE '^[^|│]*[|│][^|│0-9]*[0-9]+' <<< "$list" || true
}

# Succeeds if nothing is pending and nothing is refused.
supabase_clean() { # DIR
  local answer
  if ! answer=$(supabase_run "$1" migration up 2>&1) || ! grep -q 'is up to date' <<< "$answer"; then
    echo "$answer" >&2
    return 1
  fi
}

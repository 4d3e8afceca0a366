# shellcheck shell=bash
# shellcheck disable=SC2154  # The variables of the connection are those of the script that sources this file.
#
# Prisma for scripts that run it beside migrascope. Its native engine is not on npm: the engine in JavaScript is used, with an adapter for the
# database. Sourced; the connection is in DB_KIND, DB_HOST, DB_PORT, DB_USER, DB_PASSWORD, DB_NAME, DB_FILE.

# The adapter of 6.19 for PostgreSQL does not know the type `name`, which the engine reads; that of 7 does.
readonly PRISMA_PACKAGES=(prisma@6.19.3 @prisma/adapter-better-sqlite3@6.19.3 better-sqlite3@12.11.1 @prisma/adapter-pg@7.10.0)

# There is no such adapter of this version for MariaDB.
prisma_databases() { echo postgres sqlite; }

# Installs it once. Returns 3 where npm is missing.
prisma_make() {
    local home=$INTEROP_CACHE/prisma
    [[ ! -e $home/complete ]] || return 0
    if ! command -v npm >/dev/null; then
        echo "prisma: npm is missing"
        return 3
    fi
    mkdir -p "$home"
    npm install --prefix "$home" --no-audit --no-fund --silent "${PRISMA_PACKAGES[@]}"
    # npm may not have run the script that fetches or builds the driver.
    (cd "$home" && node -e "require('better-sqlite3')(':memory:')" 2>/dev/null) || npm rebuild --prefix "$home" --silent better-sqlite3
    _prisma_settings "$home"
    touch "$home/complete"
}

_prisma_settings() { # FOLDER
    # Prisma insists on an address in the schema and does not use it.
    printf 'datasource db {\n  provider = "postgresql"\n  url = "postgresql://unused"\n}\n' >"$1/postgres.prisma"
    printf 'datasource db {\n  provider = "sqlite"\n  url = "file:unused"\n}\n' >"$1/sqlite.prisma"
    # Where these files are given, Prisma downloads no engines; it does not run them.
    printf '' >"$1/no-engine"
    chmod +x "$1/no-engine"
    cat >"$1/prisma.config.mjs" <<'JS'
import { PrismaBetterSQLite3 } from '@prisma/adapter-better-sqlite3';
import { PrismaPg } from '@prisma/adapter-pg';

const { DB_KIND, DB_HOST: host, DB_PORT: port, DB_USER: user, DB_PASSWORD: password, DB_NAME: database, DB_FILE, MIGRATIONS } = process.env;

export default {
  schema: `${import.meta.dirname}/${DB_KIND}.prisma`,
  migrations: { path: MIGRATIONS },
  experimental: { adapter: true },
  engine: 'js',
  adapter: async () => DB_KIND === 'sqlite'
    ? new PrismaBetterSQLite3({ url: `file:${DB_FILE}` })
    : new PrismaPg({ host, port: Number(port), user, password, database }),
};
JS
}

prisma_folder() { printf '202401010000%02d_t%d' "$1" "$1"; }

prisma_files() { # DIR FROM TO
    local number folder provider=postgresql
    [[ $DB_KIND != sqlite ]] || provider=sqlite
    for ((number = $2; number <= $3; number++)); do
        folder=$1/$(prisma_folder "$number")
        mkdir -p "$folder"
        printf 'CREATE TABLE t%d (id INTEGER);\n' "$number" >"$folder/migration.sql"
    done
    printf 'provider = "%s"\n' "$provider" >"$1/migration_lock.toml"
}

prisma_edit() { printf 'CREATE TABLE t%d (id INTEGER, edited INTEGER);\n' "$2" >"$1/$(prisma_folder "$2")/migration.sql"; }

prisma_lose() { rm -r "${1:?}/$(prisma_folder "$2")"; }

_prisma() { # COMMAND DIR
    local home=$INTEROP_CACHE/prisma directory
    directory=$(realpath "$2")
    (
        cd "$home" || return # it looks for its settings here
        MIGRATIONS=$directory NO_COLOR=1 CHECKPOINT_DISABLE=1 PRISMA_HIDE_UPDATE_MESSAGE=1 \
            PRISMA_QUERY_ENGINE_LIBRARY=$home/no-engine PRISMA_SCHEMA_ENGINE_BINARY=$home/no-engine \
            node_modules/.bin/prisma migrate "$1" --config prisma.config.mjs
    )
}

prisma_up() { _prisma deploy "$1"; }

# Prisma reverts nothing.
prisma_down() { return 3; }

# The migrations that it finds without those that it calls pending. Where there is no table, its engine for SQLite fails with P1014.
prisma_applied() { # DIR
    local status found pending
    status=$(_prisma status "$1" 2>&1) || true
    if grep -q P1014 <<<"$status"; then
        echo 0
        return
    fi
    found=$(sed -nE 's/^([0-9]+) migrations? found in .*/\1/p' <<<"$status")
    pending=$(sed -n '/have not yet been applied/,/^$/p' <<<"$status" | grep -c '^[0-9]\{14\}_') || true
    echo $((found - pending))
}

# Succeeds where nothing is pending and nothing has failed.
prisma_clean() { _prisma status "$1"; }

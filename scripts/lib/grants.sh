# shellcheck shell=bash
#
# deploy/grants/*.sql on real servers: each role can do its work, and what it must not do is refused for want of a right.
# Sourced by scripts/check-deploy after scripts/lib/services.sh:
#
#   check_grants_postgres BINARY
#   check_grants_mariadb BINARY

# A statement that must be refused, with the words of a missing right; a mistake in the statement is no refusal.
readonly REFUSED='permission denied|must be (owner|superuser)|read-only transaction|command denied|[Aa]ccess denied'

# Runs a statement as a role of the server at hand; functions below set what "as" means.
may() { # ROLE SQL
    local output
    output=$(as_role "$1" "$2" 2>&1) || die "$1 may not \"$2\": $output"
}

may_not() { # ROLE SQL
    local output
    if output=$(as_role "$1" "$2" 2>&1); then
        die "$1 may \"$2\", and must not"
    fi
    [[ $output =~ $REFUSED ]] || die "$1 was not refused \"$2\", but: $output"
}

# The commands that need SELECT only, and no health check, which writes a row and takes it back.
looker_commands() { # BINARY URL
    local command
    for command in 'status --check' plan verify "push --metrics-file $SERVICES_DIR/looker.prom"; do
        # shellcheck disable=SC2086 # the words of a command
        logged looker "$1" $command --database-url "$2"
    done
    grep -q '^migrascope_migrations_applied{.*} [1-9]' "$SERVICES_DIR/looker.prom" || die 'the looker sees no migrations'
}

check_grants_postgres() { # BINARY
    local server=${POSTGRES_URL#*@} role
    server=${server%/postgres}
    shop_url() { printf 'postgres://shop_%s:%s@%s/shop\n' "$1" "$SERVICES_PASSWORD" "$server"; }
    as_role() { psql --quiet --no-psqlrc --set ON_ERROR_STOP=1 "$(shop_url "$1")" --command "$2"; }
    local -x MIGRASCOPE_LEDGER_TABLE=migrascope._migrascope_migrations MIGRASCOPE_JOURNAL_TABLE=migrascope._migrascope_journal

    logged grants psql --quiet "$POSTGRES_URL" --command 'CREATE DATABASE shop'
    logged grants psql --quiet --set ON_ERROR_STOP=1 "${POSTGRES_URL%/postgres}/shop" --file deploy/grants/postgres.sql
    for role in migrator app looker; do
        logged grants psql --quiet "$POSTGRES_URL" --command "ALTER ROLE shop_$role PASSWORD '$SERVICES_PASSWORD'"
    done

    logged migrator "$1" up --database-url "$(shop_url migrator)"
    logged migrator "$1" health --database-url "$(shop_url migrator)"
    looker_commands "$1" "$(shop_url looker)"
    # The looker may not use the schema, which is no part of the name.
    grep -q '^migrascope_migrations_applied{.*db_namespace="shop|public"' "$SERVICES_DIR/looker.prom" ||
        die 'the looker has another name for the database than the migrator'

    may app "INSERT INTO users (email) VALUES ('someone@example.com')"
    may app 'SELECT * FROM users; UPDATE users SET email = lower(email); DELETE FROM users'
    may_not app 'DROP TABLE users'
    may_not app 'ALTER TABLE users ADD COLUMN x int'
    may_not app 'CREATE TABLE x (i int)'
    may_not app 'SELECT * FROM migrascope._migrascope_journal'
    may looker 'SELECT * FROM migrascope._migrascope_journal'
    may_not looker 'SELECT * FROM public.users'
    may_not looker 'DELETE FROM migrascope._migrascope_journal'
    may_not looker 'SET SESSION CHARACTERISTICS AS TRANSACTION READ WRITE; DELETE FROM migrascope._migrascope_journal'
    may_not looker 'SET SESSION CHARACTERISTICS AS TRANSACTION READ WRITE; CREATE TABLE public.x (i int)'
    may_not migrator 'CREATE ROLE x'
    may_not migrator 'CREATE DATABASE x'
    may_not migrator "COPY users FROM '/etc/passwd'"
}

check_grants_mariadb() { # BINARY
    local server=${MYSQL_URL#*@} role
    server=${server%/mysql}
    shop_url() { printf 'mysql://shop_%s:%s@%s/shop\n' "$1" "$SERVICES_PASSWORD" "$server"; }
    client() { # USER ARGUMENT…
        MYSQL_PWD=$SERVICES_PASSWORD mariadb --no-defaults --protocol=tcp --host="${server%:*}" --port="${server#*:}" \
            --user="$1" "${@:2}"
    }
    as_role() { client "shop_$1" --execute "$2" shop; }
    local -x MIGRASCOPE_LEDGER_TABLE=shop_migrascope._migrascope_migrations
    local -x MIGRASCOPE_JOURNAL_TABLE=shop_migrascope._migrascope_journal

    client root <deploy/grants/mariadb.sql || die 'deploy/grants/mariadb.sql failed'
    if as_role migrator 'SELECT 1' >/dev/null 2>&1; then die 'shop_migrator can log in before it has a password'; fi
    for role in migrator app looker; do
        client root --execute "ALTER USER shop_$role@'%' IDENTIFIED BY '$SERVICES_PASSWORD' ACCOUNT UNLOCK"
    done

    logged migrator "$1" up --database-url "$(shop_url migrator)"
    logged migrator "$1" health --database-url "$(shop_url migrator)"
    looker_commands "$1" "$(shop_url looker)"

    may app "INSERT INTO users (email) VALUES ('someone@example.com')"
    may app 'SELECT * FROM users; UPDATE users SET email = lower(email); DELETE FROM users'
    may_not app 'DROP TABLE users'
    may_not app 'ALTER TABLE users ADD COLUMN x int'
    may_not app 'CREATE TABLE x (i int)'
    may_not app 'SELECT * FROM shop_migrascope._migrascope_journal'
    may looker 'SELECT * FROM shop_migrascope._migrascope_journal'
    may_not looker 'SELECT * FROM users'
    may_not looker 'DELETE FROM shop_migrascope._migrascope_journal'
    may_not looker 'CREATE TABLE x (i int)'
    may_not migrator 'CREATE USER x'
    may_not migrator 'CREATE DATABASE x'
    may_not migrator "GRANT SELECT ON shop.* TO shop_looker@'%'"
}

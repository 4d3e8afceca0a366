# shellcheck shell=bash
#
# deploy/deploy.sh on a real PostgreSQL: what it rolls out, when it does not, and with which exit code.
# Sourced by scripts/check-deploy after scripts/lib/services.sh:
#
#   check_deployment BINARY

check_deployment() { # BINARY
    local dir=$SERVICES_DIR/deployment server=${POSTGRES_URL%/postgres}
    local -x MIGRASCOPE=$1 DATABASE_URL=$server/deployment MIGRASCOPE_DIR=$dir/migrations MIGRASCOPE_LOCK_WAIT=1s
    local -x MIGRASCOPE_LOCK_TIMEOUT=500ms MIGRASCOPE_RETRIES=1
    local -x ROLLED_OUT=$dir/rolled-out BACKUPS=$dir/backups
    mkdir -p "$MIGRASCOPE_DIR" "$BACKUPS"
    : >"$ROLLED_OUT"
    # shellcheck disable=SC2016 # the roll-out's own shell expands it
    roll_out=(sh -c 'echo "$*" >>"$ROLLED_OUT"' roll-out 'release 1')
    # shellcheck disable=SC2016 # the hook's shell expands it
    backup='pg_dump --format=custom --file="$BACKUPS/$MIGRASCOPE_RUN_ID" "$DATABASE_URL"'
    logged database psql --quiet "$POSTGRES_URL" --command 'CREATE DATABASE deployment'

    write 1_customers 'CREATE TABLE customers (id int PRIMARY KEY, email text);'
    expect 0 yes 1 'deploy: done'
    [[ $(pg_restore --list "$BACKUPS"/*) == *'dbname: deployment'* ]] || die 'the backup cannot be read'

    # Again with nothing new: rolled out, and nothing else done.
    expect 0 yes 0 'deploy: nothing is pending'
    applied 1

    # A failing migration, and the same mended.
    write 2_orders 'CREATE TABLE orders (id int); ALTER TABLE custmers ADD COLUMN phone text;'
    expect 5 no 1 'relation "custmers" does not exist' 'nothing of what failed remains'
    applied 1
    write 2_orders 'CREATE TABLE orders (id int, number int); INSERT INTO orders VALUES (1, 1), (2, 1);'
    expect 0 yes 1
    applied 2

    # Another run has the lock.
    write 3_slow 'SELECT pg_sleep(60);'
    "$MIGRASCOPE" up --quiet >"$dir/holder.log" 2>&1 &
    local holder=$!
    wait_until 100 asleep || die 'the run that holds the lock has not begun'
    expect 7 no 0 'the lock is held by process' 'another run has the lock'
    kill -TERM "$holder"
    wait "$holder" || true

    # An application's transaction is in the way.
    write 3_slow 'ALTER TABLE orders ADD COLUMN note text;'
    coproc psql --quiet --no-psqlrc "$DATABASE_URL" >/dev/null
    local session=$COPROC_PID
    echo 'BEGIN; UPDATE orders SET number = number;' >&"${COPROC[1]}"
    wait_until 100 idle_in_transaction || die 'the transaction has not begun'
    expect 5 no 1 '(55P03)' 'blocked by: process'
    echo 'COMMIT;' >&"${COPROC[1]}"
    kill -TERM "$session"
    wait "$session" || true

    # The pipeline is cancelled: its signal goes to the script alone, or from the terminal to all of its group.
    write 3_slow 'SELECT pg_sleep(60);'
    told_to_stop TERM '' 143
    told_to_stop INT '' 130
    told_to_stop INT - 130
    applied 2

    write 3_slow 'SELECT 3;'
    backup='false' expect 5 no 0 'hook backup'
    applied 2
    roll_out=(false) expect 20 no 1 'the roll-out failed'
    applied 3
    expect 0 yes 0

    # Unhealthy: not rolled out, neither now nor by the next attempt, until it is repaired.
    write 4_parts 'CREATE TABLE parts (i int) PARTITION BY LIST (i); CREATE TABLE parts_1 PARTITION OF parts FOR VALUES IN (1);
        CREATE INDEX parts_i ON ONLY parts (i);'
    expect 9 no 1 'invalid_indexes' 'the database is unhealthy'
    expect 9 no 0 'invalid_indexes'
    logged repair psql --quiet "$DATABASE_URL" --command 'DROP INDEX parts_i'
    expect 0 yes 0
    applied 4

    # Left out by --order skip: what the application needs is not there.
    write 7_soon 'SELECT 7;'
    expect 0 yes 1
    write 5_late 'SELECT 5;'
    expect 4 no 0 'older than 7'
    MIGRASCOPE_ORDER=skip expect 3 no 0 'something is still pending'
    rm "$MIGRASCOPE_DIR/5_late.sql"

    # Half-way, refused from then on, and settled.
    write 8_index 'CREATE UNIQUE INDEX CONCURRENTLY orders_number ON orders (number);'
    expect 6 no 1 'could not create unique index' 'HALF-WAY'
    expect 4 no 0 'failed half-way' 'migrascope repair --resume 8'
    logged mend psql --quiet "$DATABASE_URL" --command 'UPDATE orders SET number = id'
    logged resume "$MIGRASCOPE" repair --resume 8 --reason 'two orders had one number'
    expect 0 yes 0

    echo 'SELECT 8;' >>"$MIGRASCOPE_DIR/1_customers.sql"
    expect 4 no 0 'was changed after it was applied'
    DATABASE_URL=${server}/nowhere expect 8 no 0 'database "nowhere" does not exist' 'there was no connection'
    MIGRASCOPE_RETRIES=many expect 2 no 0 'settings, options or migration files are wrong'
}

write() { printf '%s\n' "$2" >"$MIGRASCOPE_DIR/$1.sql"; } # NAME SQL

asleep() { [[ $(ask "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep'") == 1 ]]; }

idle_in_transaction() {
    [[ $(ask "SELECT count(*) FROM pg_stat_activity WHERE state = 'idle in transaction' AND query LIKE 'UPDATE%'") == 1 ]]
}

ask() { psql --no-psqlrc --no-align --tuples-only "$DATABASE_URL" --command "$1"; } # SQL

applied() { # NUMBER
    local found
    found=$(ask 'SELECT count(*) FROM _migrascope_migrations')
    [[ $found == "$1" ]] || die "$found migrations are applied, expected $1"
}

# Deploys, and looks at the exit code, whether it has rolled out, how many backups it has made, and what it has said.
expect() { # EXIT-CODE yes|no BACKUPS TEXT…
    local code=0 log=$SERVICES_DIR/deployment/log rolled backups text
    rolled=$(wc -l <"$ROLLED_OUT") backups=$(count_backups)
    deploy/deploy.sh --backup-command "$backup" -- "${roll_out[@]}" >"$log" 2>&1 || code=$?
    judge "$@"
}

judge() { # EXIT-CODE yes|no BACKUPS TEXT…; of the variables of its caller
    local outcome=no
    (($(wc -l <"$ROLLED_OUT") == rolled)) || outcome=yes
    [[ $code == "$1" ]] || complain "exit code $code, expected $1"
    [[ $outcome == "$2" ]] || complain "rolled out: $outcome, expected $2"
    (($(count_backups) == backups + $3)) || complain "$(($(count_backups) - backups)) backups, expected $3"
    for text in "${@:4}"; do
        grep --quiet --fixed-strings -- "$text" "$log" || complain "it did not say \"$text\""
    done
    if (($1)) && ! grep --quiet "^deploy: FAILED in step .*, exit code $1$" "$log"; then complain 'its last line does not say so'; fi
}

complain() {
    cat "$log" >&2
    die "deploy.sh: $*"
}

count_backups() { find "$BACKUPS" -type f | wc -l; }

# A script's children in the background ignore SIGINT, unless that is taken back.
told_to_stop() { # SIGNAL -|'' EXIT-CODE; with - the signal goes to the whole group
    local code=0 log=$SERVICES_DIR/deployment/log rolled backups pid
    rolled=$(wc -l <"$ROLLED_OUT") backups=$(count_backups)
    setsid env --default-signal=INT deploy/deploy.sh --no-backup -- "${roll_out[@]}" >"$log" 2>&1 &
    pid=$!
    wait_until 100 asleep || die 'the migration has not begun'
    kill "-$1" -- "$2$pid"
    wait "$pid" || code=$?
    judge "$3" no 0 'stopped by a signal' 'was rolled back'
}

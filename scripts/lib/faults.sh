# shellcheck shell=bash
#
# What the scripts that break things on purpose have in common. Source it behind services.sh, then:
#
#   need_faults                    what is needed to try the databases in DATABASES: postgres, mariadb, sqlite
#   faults_binary PATH             sets BINARY to a copy, so that a build meanwhile changes nothing; builds where PATH is empty
#   faults_python FILE WORDS…      runs scripts/lib/faults/FILE with the databases' drivers
#   start_databases                starts their servers; SERVER_WORDS tells the file where they are
#   start_pooler MODE              PgBouncer before the server in POSTGRES_URL; sets POOLER_PORT
#   hand_over_one PROCESS-ID       somebody else stops the server that was started last, whose process is $!
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

start_pooler() { # MODE: sets POOLER_PORT
    local dir=$SERVICES_DIR/pgbouncer-$1 server=${POSTGRES_URL##*@} user
    POOLER_PORT=$(free_port)
    mkdir "$dir"
    printf '"postgres" "%s"\n' "$SERVICES_PASSWORD" >"$dir/users"
    cat >"$dir/pgbouncer.ini" <<INI
[databases]
* = host=127.0.0.1 port=$(cut -d / -f 1 <<<"${server#*:}")
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = $POOLER_PORT
unix_socket_dir =
auth_type = scram-sha-256
auth_file = $dir/users
pool_mode = $1
INI
    user=$(id -un)
    if ((EUID == 0)); then
        user=postgres
        chown -R postgres: "$dir"
    fi
    pooler_ready() { psql -XAtq "${POSTGRES_URL%@*}@127.0.0.1:$POOLER_PORT/postgres" -c 'SELECT 1'; }
    start_server "pgbouncer-$1" "$user" INT pooler_ready pgbouncer --quiet "$dir/pgbouncer.ini"
}

hand_over_one() { # PROCESS-ID
    disown "$1"
    unset "SERVICES[$1]"
}

hand_over() {
    ((${#SERVICES[@]})) || return 0
    disown "${!SERVICES[@]}" # and nobody reports how they end
    SERVICES=()
}

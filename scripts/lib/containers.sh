# shellcheck shell=bash
# shellcheck disable=SC2317  # The functions that say whether a server is ready are called by their names.
#
# buildah and podman with storage and settings of their own, and images that stand for the ones that are to be had on the
# Internet only. Source it after scripts/lib/services.sh and scripts/lib/tools.sh:
#
#   need_containers                      what has to be installed
#   containers_begin, containers_end     make and remove everything; containers_end is for the trap
#   standin_rust BINARY                  an image whose cargo hands over this binary
#   standin_rust_compiling               an image whose cargo compiles, in Debian made by debootstrap
#   standin_servers                      images with Debian's PostgreSQL, Prometheus, Alertmanager and Pushgateway
#   start_engine                         podman's socket, for Docker Compose; sets DOCKER_HOST
#   b, p                                 buildah and podman

need_containers() {
    need buildah buildah
    need podman podman
    need runc runc
    need busybox busybox-static
    need iptables iptables
    [[ -x /usr/lib/podman/netavark ]] || SERVICES_MISSING+=(netavark)
    [[ -x /usr/lib/podman/aardvark-dns ]] || SERVICES_MISSING+=(aardvark-dns)
}

# The caches of a build are made in TMPDIR.
b() { TMPDIR=$SERVICES_DIR buildah --storage-driver vfs --root "$SERVICES_DIR/images" --runroot "$SERVICES_DIR/run" "$@"; }
p() { podman --storage-driver vfs --root "$SERVICES_DIR/images" --runroot "$SERVICES_DIR/run" "$@"; }

containers_begin() {
    # As few demands on the machine as possible: no systemd, no overlay file system.
    cat >"$SERVICES_DIR/containers.conf" <<TOML
[engine]
runtime = "runc"
cgroup_manager = "cgroupfs"
events_logger = "file"
[network]
network_backend = "netavark"
network_config_dir = "$SERVICES_DIR/networks"
[containers]
default_ulimits = ["nofile=1024:1024", "nproc=1024:1024"]
log_driver = "k8s-file"
TOML
    export CONTAINERS_CONF=$SERVICES_DIR/containers.conf
}

containers_end() {
    [[ -n $SERVICES_DIR && -e $SERVICES_DIR/containers.conf ]] || return 0
    p rm --all --force --time 2 >/dev/null 2>&1 || true
    p network prune --force >/dev/null 2>&1 || true
}

# A folder becomes an image, with a few words on how to run it.
image_of() { # FOLDER NAME CONFIG…
    local container
    container=$(b from scratch)
    b add --quiet "$container" "$1" / >/dev/null
    b config "${@:3}" "$container"
    b commit --quiet --rm "$container" "$2" >/dev/null
}

# A program of this machine with the libraries that it is linked with.
take() { # ROOT PROGRAM…
    local root=$1 file
    for file in "${@:2}"; do
        cp --parents --dereference "$file" "$root"
        while read -r file; do
            [[ -e $root$file ]] || cp --parents --dereference "$file" "$root"
        done < <(ldd "$file" 2>/dev/null | grep -o '/[^ ]*')
    done
}

busybox_root() { # ROOT
    local name
    mkdir -p "$1"/{bin,tmp,etc/ssl/certs,root}
    chmod 1777 "$1/tmp"
    cp "$(command -v busybox)" "$1/bin/busybox"
    for name in $(busybox --list); do
        [[ $name == busybox ]] || ln -s busybox "$1/bin/$name"
    done
    cp /etc/ssl/certs/ca-certificates.crt "$1/etc/ssl/certs/"
    cp /etc/passwd /etc/group "$1/etc/"
}

# --- the compiler's image ---------------------------------------------------------------------------------------

standin_rust() { # BINARY
    local root=$SERVICES_DIR/rust
    busybox_root "$root"
    cp "$1" "$root/migrascope"
    cat >"$root/bin/cargo" <<'SH'
#!/bin/sh
# Does not compile: hands over the program that was compiled elsewhere.
set -eu
while [ "$1" != --target ]; do shift; done
mkdir -p "target/$2/release"
cp /migrascope "target/$2/release/"
SH
    printf '#!/bin/sh\necho %s\n' "$(rustc --print host-tuple)" >"$root/bin/rustc"
    chmod +x "$root/bin/cargo" "$root/bin/rustc"
    image_of "$root" localhost/standin/rust --env PATH=/bin
    rm -rf "$root"
}

standin_rust_compiling() {
    local root=$SERVICES_DIR/rust toolchain
    toolchain=$(rustc --print sysroot)
    logged debootstrap debootstrap --variant=minbase --include=gcc,libc6-dev,ca-certificates bookworm "$root"
    mkdir -p "$root/usr/local/rust"
    cp -r "$toolchain"/{bin,lib,libexec,etc} "$root/usr/local/rust/"
    cp /etc/ssl/certs/ca-certificates.crt "$root/etc/ssl/certs/"
    image_of "$root" localhost/standin/rust --env CARGO_HOME=/usr/local/cargo \
        --env PATH=/usr/local/rust/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
    rm -rf "$root"
}

# --- servers ----------------------------------------------------------------------------------------------------

# The image of a service in the compose files.
compose_image() { # SERVICE
    cat docker-compose.yml deploy/compose/observability.yml | sed -n "/^  $1:\$/,/^\$/s/^    image: //p"
}

# As the engine calls it: Docker's own images are in a folder "library".
official() { [[ $1 == */* ]] && printf '%s\n' "$1" || printf 'library/%s\n' "$1"; }

standin_servers() {
    local root=$SERVICES_DIR/servers bin name
    bin=$(postgres_bin)
    busybox_root "$root"
    mkdir -p "$root"/{prometheus,alertmanager,run/postgresql,var/lib/postgresql/data}
    chmod 1777 "$root"/{prometheus,alertmanager,run/postgresql}
    take "$root" /bin/bash /usr/bin/setpriv "$bin"/{initdb,postgres,psql,pg_isready} \
        "$(command -v prometheus)" "$(command -v prometheus-alertmanager)" "$(command -v prometheus-pushgateway)"
    # What they read at run time.
    cp -r --parents "${bin%/bin}/lib" "$("$bin/pg_config" --sharedir)" /usr/lib/locale/C.utf8 /usr/share/zoneinfo \
        /usr/share/prometheus/alertmanager "$root"
    cp scripts/lib/standin_postgres.sh "$root/bin/docker-entrypoint.sh"

    # One image by five names. What it begins with is in the override, since each name brings another entrypoint.
    image_of "$root" localhost/standin/servers --env "PATH=$bin:/usr/bin:/bin" --cmd postgres
    for name in shop-db prometheus alertmanager pushgateway collector; do
        b tag localhost/standin/servers "docker.io/$(official "$(compose_image $name)")"
    done
    rm -rf "$root"
}

# --- the engine that Docker Compose talks to --------------------------------------------------------------------

start_engine() {
    local socket=$SERVICES_DIR/engine.sock
    engine_ready() { curl --silent --fail --unix-socket "$socket" http://engine/_ping; }
    start_server engine root TERM engine_ready podman --storage-driver vfs --root "$SERVICES_DIR/images" \
        --runroot "$SERVICES_DIR/run" system service --time 0 "unix://$socket"
    # Health checks are systemd's task with podman; here nobody else would make them.
    healthy_ready() { true; }
    start_server health root TERM healthy_ready bash -c "$(declare -f p); SERVICES_DIR=$SERVICES_DIR
        while sleep 1; do
            for id in \$(p ps --quiet); do p healthcheck run \$id; done
        done"
    export DOCKER_HOST=unix://$socket
}

# shellcheck shell=bash
#
# Tools that Debian 12 does not have, or too old ones. Kept with the build output, so that only the first run downloads them.
# Source it after scripts/lib/services.sh:
#
#   later_debian PACKAGE VERSION:SUITE…   unpacks the first version that is to be had; sets LATER_DEBIAN to its folder
#   python_tools NAME==VERSION…           sets PYTHON_TOOLS to a virtual environment that has them

tools_home() { realpath --canonicalize-missing "${CARGO_TARGET_DIR:-target}/tools"; }

# Where this machine gets its packages from.
# shellcheck disable=SC2016 # for apt-get to expand
debian_mirror() { apt-get indextargets --format '$(REPO_URI)' | grep -m 1 '/debian/\?$'; }

# A program of a later Debian that needs nothing of it but an older libc. It is unpacked, and nothing is installed.
later_debian() { # PACKAGE VERSION:SUITE…
    local package=$1 pin version suite apt=$SERVICES_DIR/apt mirror home
    shift
    home=$(tools_home)
    for pin in "$@"; do
        LATER_DEBIAN=$home/$package-${pin%:*}
        [[ ! -d $LATER_DEBIAN ]] || return 0
    done

    if ! mirror=$(debian_mirror); then
        logged apt apt-get update # it only knows what it has heard of
        mirror=$(debian_mirror) || die 'no Debian mirror is configured'
    fi
    for pin in "$@"; do
        version=${pin%:*} suite=${pin##*:}
        local options=(-o Dir::Etc::SourceList="$apt/$suite.list" -o Dir::Etc::SourceParts=- -o Dir::State="$apt/$suite"
            -o Dir::State::status=/dev/null -o Dir::Cache="$apt/$suite" -o APT::Sandbox::User=root
            -o Acquire::IndexTargets::deb::DEP-11::DefaultEnabled=false -o Acquire::Languages=none)
        if [[ ! -d $apt/$suite ]]; then
            mkdir -p "$apt/$suite/lists/partial" "$apt/$suite/archives/partial"
            echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $mirror $suite main" >"$apt/$suite.list"
            apt-get "${options[@]}" update >"$apt/$suite.log" 2>&1 || continue
        fi
        (cd "$apt/$suite" && apt-get "${options[@]}" download "$package=$version") >>"$apt/$suite.log" 2>&1 || continue
        LATER_DEBIAN=$home/$package-$version
        mkdir -p "$home"
        dpkg -x "$apt/$suite/${package}_"*.deb "$LATER_DEBIAN.new"
        mv "$LATER_DEBIAN.new" "$LATER_DEBIAN"
        return
    done
    cat "$apt"/*.log >&2
    die "none of these is to be had: $package $*"
}

python_tools() { # NAME==VERSION…
    PYTHON_TOOLS=$(tools_home)/python-$(printf '%s\n' "$@" | sha256sum | cut -c 1-12)
    [[ ! -e $PYTHON_TOOLS/complete ]] || return 0
    rm -rf "$PYTHON_TOOLS"
    logged venv python3 -m venv "$PYTHON_TOOLS"
    logged pip "$PYTHON_TOOLS/bin/pip" install "$@"
    touch "$PYTHON_TOOLS/complete"
}

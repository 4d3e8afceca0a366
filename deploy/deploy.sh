#!/usr/bin/env bash
# One deployment: verify, plan, back up, migrate, check, and only then roll out. See --help.
set -euo pipefail

usage() {
    cat <<'TEXT'
Usage: deploy.sh (--backup-command COMMAND | --no-backup) -- ROLL-OUT COMMAND …

  verify     the files fit to the history              migrascope verify
  plan       what will be done, for the log            migrascope status --check, and migrascope plan
  backup     only when something is pending            migrascope up --backup-command COMMAND
  migrate                                              the same command
  check      also when there was nothing to do         migrascope health
  roll out   only when all of that went well           ROLL-OUT COMMAND …, such as: kubectl apply --kustomize …

  --backup-command COMMAND   given to "sh -c"; MIGRASCOPE_BACKUP_COMMAND does the same: docs/hooks.md
  --no-backup                somebody else makes backups

MIGRASCOPE names the program; "migrascope" where it is not set. The database and everything else are migrascope's own variables:
DATABASE_URL or MIGRASCOPE_DATABASE_URL_FILE, MIGRASCOPE_LOCK_WAIT, OTEL_EXPORTER_OTLP_ENDPOINT, …

To run it again is always safe: what is applied is not applied again, and without something pending there is no backup. The roll-out
command is run again, too, so it has to be one that says what shall be, and not what to do.

Exit codes: those of migrascope (docs/cli.md), none of which comes after a roll-out, and 20 when the roll-out itself failed.
TEXT
}

readonly ROLL_OUT_FAILED=20
migrascope=${MIGRASCOPE:-migrascope}

say() { printf 'deploy: %s\n' "$*" >&2; }

# What each exit code means for whoever watches the pipeline.
advise() { # EXIT-CODE STEP
    case $1 in
    1) say 'something unexpected; nothing was rolled out. Read the error above. To run again is safe.' ;;
    2) say 'settings, options or migration files are wrong; nothing was changed. Mend them: another attempt would end alike.' ;;
    3) say 'something is still pending, so that the application would not find its schema. See: migrascope status' ;;
    4) say 'refused, nothing was changed: a file was changed, is missing, comes too late, or a migration is half-way.' \
        'The help above names the command that settles it.' ;;
    5) say 'a migration or a hook failed, and nothing of what failed remains; the application in place goes on. Mend it and' \
        'deploy again; where a lock was waited for in vain, deploy again at a quieter time.' ;;
    6) say 'a migration was left HALF-WAY, and somebody has to decide: migrascope repair, as the help above says. Do not go back' \
        'to a backup before that, and do not deploy meanwhile: it would be refused.' ;;
    7) say 'another run has the lock, and its holder is named above. Deploy again when it has ended, or set MIGRASCOPE_LOCK_WAIT.' ;;
    8) say 'there was no connection, or the database is read-only. When it can be reached, deploy again.' ;;
    9) say 'what was pending IS applied, but the database is unhealthy or --after failed; nothing was rolled out. Look with' \
        '"migrascope health" and mend it; then deploy again, which migrates nothing and rolls out.' ;;
    130 | 143) say 'told to stop. The error above says what became of what was running; what was done before is recorded. Deploy again' \
        'to go on: what may be half-way is refused.' ;;
    "$ROLL_OUT_FAILED") say 'the database is up to date, but the roll-out failed. The release before runs with the new schema.' \
        'Mend the roll-out and deploy again; migrate back only if the release before cannot live with it.' ;;
    *) say 'ended from outside. See what stands: migrascope status' ;;
    esac
    say "FAILED in step \"$2\", exit code $1"
}

# Runs a step; where it fails, says what to do and ends with its code.
step() { # NAME COMMAND…
    local code=0
    say "$1"
    "${@:2}" || code=$?
    ((code == 0)) || fail "$code" "$1"
}

fail() { # EXIT-CODE STEP
    advise "$1" "$2"
    exit "$1"
}

# A pipeline that is cancelled may tell this shell alone. What migrates hears of it, once: a second signal would end it at once, and
# so it has a group of its own, which a Ctrl-C does not reach.
migrate() {
    local child code signal
    set -m
    "$migrascope" up "${backup[@]}" &
    child=$!
    set +m
    trap 'signal=TERM; kill -TERM "$child" 2>/dev/null || true' TERM HUP
    trap 'signal=INT; kill -INT "$child" 2>/dev/null || true' INT
    while true; do
        signal='' code=0
        wait "$child" || code=$?
        [[ -n $signal ]] || break # otherwise it was the signal that ended the wait
    done
    trap - TERM HUP INT
    return "$code"
}

plan() {
    local code=0
    "$migrascope" status --check --quiet || code=$?
    case $code in
    0) say 'nothing is pending' ;;
    3) "$migrascope" plan ;;
    *) return "$code" ;;
    esac
}

roll_out() { "$@" || return "$ROLL_OUT_FAILED"; }

backup=() no_backup=''
while (($#)); do
    case $1 in
    --backup-command)
        backup=(--backup-command "${2:?--backup-command needs a command}")
        shift
        ;;
    --no-backup) no_backup=yes ;;
    --)
        shift
        break
        ;;
    -h | --help)
        usage
        exit
        ;;
    *)
        usage >&2
        exit 2
        ;;
    esac
    shift
done
if ((!$#)); then
    say 'there is nothing to roll out: name a command after --'
    exit 2
fi
if [[ -z $no_backup && ${#backup[@]} == 0 && -z ${MIGRASCOPE_BACKUP_COMMAND-} ]]; then
    say 'who makes a backup? Name a command with --backup-command, or say --no-backup'
    exit 2
fi

step verify "$migrascope" verify
step plan plan
step migrate migrate
step 'look again' "$migrascope" status --check --quiet
step check "$migrascope" health --quiet
step 'roll out' roll_out "$@"
say 'done'

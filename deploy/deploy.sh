#!/usr/bin/env bash
# One deployment: verify, plan, back up, migrate, check, and only then roll out. See --help.
set -euo pipefail

usage() {
    cat <<'TEXT'
Usage: deploy.sh (--backup-command COMMAND | --no-backup) -- ROLL-OUT COMMAND …

  verify     the files match the history               migrascope verify
  plan       what will be done, for the log            migrascope status --check, and migrascope plan
  backup     only when something is pending            migrascope up --backup-command COMMAND
  migrate    apply what is pending                     the same command
  check      also when there was nothing to do         migrascope health
  roll out   only when all of these succeeded          ROLL-OUT COMMAND …, such as: kubectl apply --kustomize …

  --backup-command COMMAND   passed to "sh -c"; MIGRASCOPE_BACKUP_COMMAND does the same: docs/hooks.md
  --no-backup                backups are made elsewhere

MIGRASCOPE names the program, by default "migrascope". Configure the database and everything else with migrascope's own variables:
DATABASE_URL or MIGRASCOPE_DATABASE_URL_FILE, MIGRASCOPE_LOCK_WAIT, OTEL_EXPORTER_OTLP_ENDPOINT, …

It is always safe to run it again: applied migrations are not applied again, and if nothing is pending there is no backup. The roll-out
command is run again, too, so it has to be idempotent.

Exit codes: those of migrascope (docs/cli.md), which mean that nothing was rolled out, and 20 when the roll-out itself failed.
TEXT
}

readonly ROLL_OUT_FAILED=20
migrascope=${MIGRASCOPE:-migrascope}

say() { printf 'deploy: %s\n' "$*" >&2; }

# What each exit code means for the operator of the pipeline.
advise() { # EXIT-CODE STEP
    case $1 in
    1) say 'unexpected error; nothing was rolled out. Read the error above. It is safe to run again.' ;;
    2) say 'settings, options or migration files are wrong; nothing was changed. Fix them: a retry would have the same result.' ;;
    3) say 'something is still pending, so the application would not find its schema. See: migrascope status' ;;
    4) say 'refused, nothing was changed: a file was changed, is missing or is out of order, or a migration is half-way.' \
        'The help above names the command that resolves it.' ;;
    5) say 'a migration or a hook failed, and nothing of what failed remains; the deployed application keeps running. Fix the' \
        'cause and deploy again; after a lock timeout, deploy again at a quieter time.' ;;
    6) say 'a migration was left HALF-WAY, and an operator must decide: migrascope repair, as the help above says. Do not restore' \
        'a backup before that, and do not deploy in the meantime: it would be refused.' ;;
    7) say 'another run has the lock; its holder is named above. Deploy again when it has ended, or set MIGRASCOPE_LOCK_WAIT.' ;;
    8) say 'there was no connection, or the database is read-only. Deploy again when it can be reached.' ;;
    9) say 'what was pending IS applied, but the database is unhealthy or --after failed; nothing was rolled out. Check it with' \
        '"migrascope health" and repair it; then deploy again, which migrates nothing and rolls out.' ;;
    130 | 143) say 'stopped by a signal. The error above says what became of the running step; what was done before is' \
        'recorded. Deploy again to continue: a migration that may be half-way is refused.' ;;
    "$ROLL_OUT_FAILED") say 'the database is up to date, but the roll-out failed. The previous release runs with the new schema.' \
        'Fix the roll-out and deploy again; revert migrations only if the previous release is not compatible with it.' ;;
    *) say 'killed, or ended unexpectedly. See the current state: migrascope status' ;;
    esac
    say "FAILED in step \"$2\", exit code $1"
}

# Runs a step; if it fails, prints what to do and exits with its code.
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

# A cancelled pipeline may send its signal only to this shell. The migration must get it exactly once, because a second signal would
# end it immediately. So it has its own process group, which a Ctrl-C does not reach.
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
    say 'there is nothing to roll out: give a command after --'
    exit 2
fi
if [[ -z $no_backup && ${#backup[@]} == 0 && -z ${MIGRASCOPE_BACKUP_COMMAND-} ]]; then
    say 'no backup is configured: set a command with --backup-command, or use --no-backup'
    exit 2
fi

step verify "$migrascope" verify
step plan plan
step migrate migrate
step 'look again' "$migrascope" status --check --quiet
step check "$migrascope" health --quiet
step 'roll out' roll_out "$@"
say 'done'

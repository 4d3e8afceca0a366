//! The longer texts of `--help`: examples of each command.

/// What the program does, in one line.
pub(super) const ABOUT: &str =
    "Applies SQL migrations to PostgreSQL, MySQL, MariaDB and SQLite, with traces, metrics and logs";

/// The end of the short help.
pub(super) const MORE: &str = "See --help for examples and exit codes. Each option above can also be set by its environment variable \
or its key in migrascope.toml.";

/// Examples for all commands.
pub(super) const EXAMPLES: &str = "\
Examples:
  migrascope up                                     apply ./migrations to DATABASE_URL
  DATABASE_URL=postgres://app@db/app migrascope up  apply them to PostgreSQL
  migrascope plan                                   show what up would do
  migrascope status --check                         exit with 3 if migrations are pending
  migrascope new \"add users\" --reversible           create the files of a new migration

Durations: 500ms, 5s, 10min. A flag overrides its environment variable, which overrides the key in
migrascope.toml. An empty variable counts as unset.";

pub(super) const UP: &str = "\
Examples:
  migrascope up                    apply all pending migrations
  migrascope up --to 20260105090000
  migrascope up --steps 1          apply the next one only
  migrascope up --dry-run          show the plan
  migrascope up --lock-wait 0      fail at once if another runner holds the lock
  migrascope up --format json      one JSON object per line";

pub(super) const DOWN: &str = "\
Examples:
  migrascope down                  revert the last migration
  migrascope down --steps 3
  migrascope down --to 7           revert what is newer than 7
  migrascope down --to 0 --yes     revert everything without confirmation

A step without a down file is refused before anything is changed.";

pub(super) const REPAIR: &str = "\
Examples:
  migrascope repair --resume 7 --reason \"disk was full\"        resume 7 where it stopped
  migrascope repair --resume 7 --in-doubt did-not-run --reason …  when only you know
  migrascope repair --mark-applied 7 --reason \"done by hand\"
  migrascope repair --mark-reverted 7 --reason \"undone by hand\"
  migrascope repair --accept-changes 7 --reason \"comment fixed\"

Takes the lock. Each change is a row of kind repair in the journal, with user, time and reason.";

pub(super) const BASELINE: &str = "\
Examples:
  migrascope baseline 20260105090000 --reason \"taken over from a dump\"

Refused if the history has any migration.";

pub(super) const STATUS: &str = "\
Examples:
  migrascope status
  migrascope status --check        for scripts: exit with 3 if migrations are pending
  migrascope status --format json

Reads only, and takes no lock.";

pub(super) const PLAN: &str = "\
Examples:
  migrascope plan
  migrascope plan --to 20260105090000
  migrascope plan --format json

Reads only, and takes no lock.";

pub(super) const VERIFY: &str = "\
Examples:
  migrascope verify                for pull requests: compare files with a database's history
  migrascope verify --allow-missing

Exits with 2 if a file cannot be parsed, with 4 if one was changed, is missing, is out of order or
was left half-way.";

pub(super) const HEALTH: &str = "\
Examples:
  migrascope health
  migrascope health --checks db/checks
  migrascope health --format json

Checks connection, round trip, ledger, a write that is rolled back, the database's own statistics,
and your own checks: SQL files that pass if they return no row. up and down make the same checks
at their end.";

pub(super) const PUSH: &str = "\
Examples:
  migrascope push --push-url http://pushgateway:9091
  migrascope push --metrics-file /var/lib/node_exporter/textfile/migrascope.prom

Reads history and journal with SELECT alone, on any machine. For a Pushgateway that has lost its
metrics, and to show a database before its first run.";

pub(super) const PROBE: &str = "\
Examples:
  migrascope probe                          for a container's health check of serve
  migrascope probe --listen 0.0.0.0:9565    where serve or up has the same --listen
  migrascope probe --ready

Prints the response. The timeout is two seconds.";

pub(super) const SERVE: &str = "\
Examples:
  migrascope serve
  migrascope serve --listen 0.0.0.0:9564 --interval 30s
  migrascope serve --targets /etc/migrascope/targets.toml

Pages: /metrics for Prometheus, /livez, /readyz, /status as JSON. Reads only, and takes no lock.
up --listen and down --listen serve the same pages during a run.";

pub(super) const WAIT: &str = "\
Examples:
  migrascope wait                          until nothing is pending
  migrascope wait --for 20260105090000     until this version is applied
  migrascope wait --timeout 2min

For the pods of an application whose migrations a Job applies. Reads only, and takes no lock.
Exits with 3 after the timeout, and with 4 at once if a migration is half-way, has failed or would
be refused, and no run is in progress.";

pub(super) const EXEC: &str = "\
Examples:
  migrascope exec -- node server.js
  AUTO_MIGRATE=true migrascope exec -- ./app --port 8080
  migrascope exec --env development -- cargo run

  environment    AUTO_MIGRATE unset     true              false
  development    migrate                migrate           show what is pending
  production     show what is pending   migrate           do not connect
  test           do not connect         do not connect    do not connect

The environment is --env, else APP_ENV, else NODE_ENV, else production. If a migration fails, the
application is not started, and the exit code shows why. The application inherits standard input
and output, and gets the run's span in TRACEPARENT; all output of migrascope goes to standard
error.";

pub(super) const NEW: &str = "\
Examples:
  migrascope new create_users
  migrascope new \"add email to users\" --reversible
  migrascope new create_users --dir db/migrations

The version follows those in the directory: the next number, or the time in UTC.";

pub(super) const COMPLETIONS: &str = "\
Examples:
  migrascope completions bash > /etc/bash_completion.d/migrascope
  migrascope completions zsh > \"${fpath[1]}/_migrascope\"
  migrascope completions fish > ~/.config/fish/completions/migrascope.fish";

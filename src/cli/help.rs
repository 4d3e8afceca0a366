//! The longer texts of `--help`: examples for each command.

/// One line on what this is.
pub(super) const ABOUT: &str =
    "Applies SQL migrations to PostgreSQL, MySQL, MariaDB and SQLite, and shows what it does";

/// The end of the short help.
pub(super) const MORE: &str = "More with --help: examples, exit codes. Every option of the groups above can also be set by its \
environment variable or its key in migrascope.toml.";

/// Examples for all commands.
pub(super) const EXAMPLES: &str = "\
Examples:
  migrascope up                                     apply ./migrations to the database of DATABASE_URL
  DATABASE_URL=postgres://app@db/app migrascope up  apply them to PostgreSQL
  migrascope plan                                   show what up would do
  migrascope status --check                         exit with 3 when something is pending
  migrascope new \"add users\" --reversible           make the files of a new migration

Durations read 500ms, 5s, 10min. A flag beats its environment variable, which beats the key in
migrascope.toml. An empty variable counts as unset.";

pub(super) const UP: &str = "\
Examples:
  migrascope up                    apply everything that is pending
  migrascope up --to 20260105090000
  migrascope up --steps 1          apply the next one only
  migrascope up --dry-run          show what would be done
  migrascope up --lock-wait 0      give up at once when another runner is at work
  migrascope up --format json      one JSON object a line, for programs";

pub(super) const DOWN: &str = "\
Examples:
  migrascope down                  revert the last migration
  migrascope down --steps 3
  migrascope down --to 7           revert what is newer than 7
  migrascope down --to 0 --yes     revert everything without a question

A step without a down file is refused before anything is touched.";

pub(super) const REPAIR: &str = "\
Examples:
  migrascope repair --resume 7 --reason \"disk was full\"        go on where 7 was left
  migrascope repair --resume 7 --in-doubt did-not-run --reason …  when only you can know
  migrascope repair --mark-applied 7 --reason \"done by hand\"
  migrascope repair --mark-reverted 7 --reason \"undone by hand\"
  migrascope repair --accept-changes 7 --reason \"comment fixed\"

Takes the lock. Every change is a row of kind repair in the journal, with who made it, when and why.";

pub(super) const BASELINE: &str = "\
Examples:
  migrascope baseline 20260105090000 --reason \"taken over from a dump\"

Refused where anything is recorded already.";

pub(super) const STATUS: &str = "\
Examples:
  migrascope status
  migrascope status --check        for scripts: exits with 3 when something is pending
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
  migrascope verify                for pull requests: files against the history of a database
  migrascope verify --allow-missing

Exits with 2 when a file cannot be read as SQL, with 4 when one was changed, is missing, comes too late
or was left half-way.";

pub(super) const HEALTH: &str = "\
Examples:
  migrascope health
  migrascope health --checks db/checks
  migrascope health --format json

Connection, round trip, ledger, a write that is rolled back, what the database knows of itself, and one's own
checks: SQL files that are healthy when they return no row. The same is checked at the end of up and down.";

pub(super) const PUSH: &str = "\
Examples:
  migrascope push --push-url http://pushgateway:9091
  migrascope push --metrics-file /var/lib/node_exporter/textfile/migrascope.prom

Everything is read from the history and the journal, on any machine, with SELECT alone. For a Pushgateway that has lost
what it had, and to show a database before its first run.";

pub(super) const PROBE: &str = "\
Examples:
  migrascope probe                          for a container's health check beside serve
  migrascope probe --listen 0.0.0.0:9565    where serve, or up, was told to listen there
  migrascope probe --ready

Two seconds are given for an answer. The line that comes back is printed.";

pub(super) const SERVE: &str = "\
Examples:
  migrascope serve
  migrascope serve --listen 0.0.0.0:9564 --interval 30s
  migrascope serve --targets /etc/migrascope/targets.toml

Pages: /metrics for Prometheus, /livez, /readyz, /status as JSON. Reads only, and takes no lock. up --listen and
down --listen answer the same pages during a run.";

pub(super) const WAIT: &str = "\
Examples:
  migrascope wait                          until nothing is pending
  migrascope wait --for 20260105090000     until this one is applied, whatever comes later
  migrascope wait --timeout 2min

For the pods of an application whose migrations a Job applies. Reads only, and takes no lock. Exits with 3 when it took too
long, with 4 at once when a migration is half-way, has failed, or would be refused, and nobody is at work on it.";

pub(super) const EXEC: &str = "\
Examples:
  migrascope exec -- node server.js
  AUTO_MIGRATE=true migrascope exec -- ./app --port 8080
  migrascope exec --env development -- cargo run

  environment    AUTO_MIGRATE unset   true                  false
  development    migrate              migrate               say what is pending
  production     say what is pending  migrate               leave the database alone
  test           leave it alone       leave it alone        leave it alone

The environment is --env, else APP_ENV, else NODE_ENV; none counts as production. Where migrating fails, the application
is not started, and the exit code says why. It inherits standard input and output, and finds the run's span in
TRACEPARENT; everything that migrascope says goes to standard error.";

pub(super) const NEW: &str = "\
Examples:
  migrascope new create_users
  migrascope new \"add email to users\" --reversible
  migrascope new create_users --dir db/migrations

The version continues what the directory has: the next number, or the time in UTC.";

pub(super) const COMPLETIONS: &str = "\
Examples:
  migrascope completions bash > /etc/bash_completion.d/migrascope
  migrascope completions zsh > \"${fpath[1]}/_migrascope\"
  migrascope completions fish > ~/.config/fish/completions/migrascope.fish";

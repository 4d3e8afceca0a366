//! The options that every command takes.

use clap::{ArgAction, Args};

use super::notify_args::NotifyArgs;
use crate::cli::option::choices;

/// Options that every command takes, before or after its name; each is text until [`super::settings`] reads it.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct GlobalArgs {
    /// The database, also from DATABASE_URL: postgres://, mysql://, mariadb:// or sqlite://
    #[arg(long, global = true, value_name = "URL", help_heading = "Database", conflicts_with = "database_url_file")]
    pub(crate) database_url: Option<String>,
    /// A file that holds the database URL
    #[arg(long, global = true, value_name = "FILE", help_heading = "Database")]
    pub(crate) database_url_file: Option<String>,
    /// The database's name in metrics [default: its own name]
    #[arg(long, global = true, value_name = "NAME", help_heading = "Database")]
    pub(crate) target: Option<String>,
    /// SQL for every connection that migrates or looks at the history; can be repeated
    #[arg(long, global = true, value_name = "SQL", help_heading = "Database")]
    pub(crate) connection_init: Vec<String>,
    /// The format of the table that records what is applied [default: that of the layout's own tool]
    #[arg(long, global = true, value_name = "NAME", help_heading = "Database")]
    pub(crate) history: Option<String>,
    /// The table that records what is applied [default: _migrascope_migrations, or that of the format]
    #[arg(long, global = true, value_name = "TABLE", help_heading = "Database")]
    pub(crate) ledger_table: Option<String>,
    /// The table that records every attempt [default: _migrascope_journal]
    #[arg(long, global = true, value_name = "TABLE", help_heading = "Database")]
    pub(crate) journal_table: Option<String>,
    /// How long the journal keeps rows that are over; 0 keeps them for ever; counters do not change [default: 400days]
    #[arg(long, global = true, value_name = "DURATION", help_heading = "Database")]
    pub(crate) journal_retention: Option<String>,

    /// The directory of the migrations [default: migrations]
    #[arg(long, global = true, value_name = "DIR", help_heading = "Files")]
    pub(crate) dir: Option<String>,
    /// How the directory is laid out: a name from docs/files.md [default: native]
    #[arg(long, global = true, value_name = "NAME", help_heading = "Files")]
    pub(crate) layout: Option<String>,
    /// Settings from this file [default: migrascope.toml, where there is one]
    #[arg(long, global = true, value_name = "FILE", help_heading = "Files")]
    pub(crate) config: Option<String>,

    /// How long to wait for another runner to finish; 0 does not wait [default: 60s]
    #[arg(long, global = true, value_name = "DURATION", help_heading = "Policy")]
    pub(crate) lock_wait: Option<String>,
    /// How long a statement may wait for a lock of the database; 0 leaves it to the server [default: 5s]
    #[arg(long, global = true, value_name = "DURATION", help_heading = "Policy")]
    pub(crate) lock_timeout: Option<String>,
    /// How long a statement may run; 0 leaves it to the server [default: 0]
    #[arg(long, global = true, value_name = "DURATION", help_heading = "Policy")]
    pub(crate) statement_timeout: Option<String>,
    /// How often to try again what met a lock, a deadlock or a conflict of transactions [default: 10]
    #[arg(long, global = true, value_name = "NUMBER", help_heading = "Policy")]
    pub(crate) retries: Option<String>,
    /// Migrations may be links to files outside of their directory
    #[arg(long, global = true, value_name = "BOOL", help_heading = "Policy", value_parser = choices::BOOL)]
    #[arg(num_args = 0..=1, require_equals = true, default_missing_value = "true", hide_possible_values = true)]
    pub(crate) follow_links: Option<String>,
    /// A pending migration older than the newest applied one: refuse, apply or skip it [default: strict]
    #[arg(long, global = true, value_name = "HOW", help_heading = "Policy", value_parser = choices::ORDER)]
    pub(crate) order: Option<String>,
    /// Let applied migrations have no file
    #[arg(long, global = true, value_name = "BOOL", help_heading = "Policy", value_parser = choices::BOOL)]
    #[arg(num_args = 0..=1, require_equals = true, default_missing_value = "true", hide_possible_values = true)]
    pub(crate) allow_missing: Option<String>,
    /// Begin in a database that has tables but no history
    #[arg(long, global = true, value_name = "BOOL", help_heading = "Policy", value_parser = choices::BOOL)]
    #[arg(num_args = 0..=1, require_equals = true, default_missing_value = "true", hide_possible_values = true)]
    pub(crate) allow_nonempty: Option<String>,

    /// A command that makes a backup before the first pending migration; where it fails, nothing is changed
    #[arg(long, global = true, value_name = "COMMAND", help_heading = "Hooks")]
    pub(crate) backup_command: Option<String>,
    /// A command before the first pending migration; where it fails, nothing is migrated
    #[arg(long, global = true, value_name = "COMMAND", help_heading = "Hooks")]
    pub(crate) before: Option<String>,
    /// A command at the end of a run that has come to its migrations, however it ends
    #[arg(long, global = true, value_name = "COMMAND", help_heading = "Hooks")]
    pub(crate) after: Option<String>,
    /// How long each hook may take [default: 10min]
    #[arg(long, global = true, value_name = "DURATION", help_heading = "Hooks")]
    pub(crate) hook_timeout: Option<String>,

    /// Check the database's health after a run that has done something [default: on]
    #[arg(long, global = true, value_name = "SWITCH", help_heading = "Policy", value_parser = choices::SWITCH)]
    pub(crate) health: Option<String>,
    /// From which value on a health check warns, such as connections=70%; can be repeated; `never` for none
    #[arg(long, global = true, value_name = "CHECK=VALUE", help_heading = "Policy")]
    pub(crate) health_warn: Vec<String>,
    /// From which value on a health check fails, such as replica_lag=5min; can be repeated; `never` for none
    #[arg(long, global = true, value_name = "CHECK=VALUE", help_heading = "Policy")]
    pub(crate) health_fail: Vec<String>,
    /// A directory of SQL files that must return no row in a healthy database [default: checks, where there is one]
    #[arg(long, global = true, value_name = "DIR", help_heading = "Files")]
    pub(crate) checks: Option<String>,

    /// For exec: development, production or test, also from APP_ENV or NODE_ENV [default: production]
    #[arg(long, global = true, value_name = "NAME", help_heading = "Policy")]
    pub(crate) env: Option<String>,

    /// For people or for programs: one JSON object a line [default: text]
    #[arg(long, global = true, value_name = "FORMAT", help_heading = "Output", value_parser = choices::FORMAT)]
    pub(crate) format: Option<String>,
    /// Tell every statement
    #[arg(short, long, global = true, help_heading = "Output", action = ArgAction::SetTrue, overrides_with = "quiet")]
    pub(crate) verbose: bool,
    /// Tell errors only
    #[arg(short, long, global = true, help_heading = "Output", action = ArgAction::SetTrue)]
    pub(crate) quiet: bool,
    /// Write log records to standard error, one a line [default: off]
    #[arg(long, global = true, value_name = "FORMAT", help_heading = "Output", value_parser = choices::LOG_FORMAT)]
    pub(crate) log_format: Option<String>,

    /// Write metrics for Prometheus's textfile collector here
    #[arg(long, global = true, value_name = "FILE", help_heading = "Telemetry")]
    pub(crate) metrics_file: Option<String>,
    /// Name the last run and its trace in metrics: a new series with each run [default: off]
    #[arg(long, global = true, value_name = "SWITCH", help_heading = "Telemetry", value_parser = choices::SWITCH)]
    pub(crate) metrics_run_info: Option<String>,
    /// Push metrics to this Pushgateway, at the beginning, every 10 seconds and at the end
    #[arg(long, global = true, value_name = "URL", help_heading = "Telemetry")]
    pub(crate) push_url: Option<String>,
    /// A file that holds the bearer token for the Pushgateway
    #[arg(long, global = true, value_name = "FILE", help_heading = "Telemetry")]
    pub(crate) push_token_file: Option<String>,
    /// A file of certificates in PEM that the Pushgateway's is checked with, instead of the system's
    #[arg(long, global = true, value_name = "FILE", help_heading = "Telemetry")]
    pub(crate) push_ca: Option<String>,
    /// Listen here for probes and Prometheus: with up and down during the run, with serve always [default: of serve, 127.0.0.1:9564]
    #[arg(long, global = true, value_name = "HOST:PORT", help_heading = "Telemetry")]
    pub(crate) listen: Option<String>,
    /// Answer there to this name too, such as pages.example.com or *.example.com; can be repeated
    #[arg(long, global = true, value_name = "NAME", help_heading = "Telemetry")]
    pub(crate) listen_name: Vec<String>,
    /// Show messages, hosts and users in /status, to every client that reaches the listener [default: false]
    #[arg(long, global = true, value_name = "BOOL", help_heading = "Telemetry", value_parser = choices::BOOL)]
    #[arg(num_args = 0..=1, require_equals = true, default_missing_value = "true", hide_possible_values = true)]
    pub(crate) status_detail: Option<String>,
    /// Send traces, metrics and logs: never, where an endpoint is set, or fail where its settings are wrong [default: auto]
    #[arg(long, global = true, value_name = "MODE", help_heading = "Telemetry", value_parser = choices::TELEMETRY)]
    pub(crate) telemetry: Option<String>,
    /// How long the end of a run may wait for collectors [default: 5s]
    #[arg(long, global = true, value_name = "DURATION", help_heading = "Telemetry")]
    pub(crate) telemetry_flush_timeout: Option<String>,
    /// With more planned migrations, statements of fast ones are events on the migration's span [default: 200]
    #[arg(long, global = true, value_name = "N", help_heading = "Telemetry")]
    pub(crate) trace_detail_limit: Option<String>,
    /// What traces tell of SQL: a hash, its summary, its text without literals, or its text [default: summary]
    #[arg(long, global = true, value_name = "HOW", help_heading = "Telemetry", value_parser = choices::TRACE_SQL)]
    pub(crate) trace_sql: Option<String>,
    /// Whether a caller that does not record its trace keeps us from recording ours [default: always]
    #[arg(long, global = true, value_name = "WHO", help_heading = "Telemetry", value_parser = choices::TRACE_SAMPLING)]
    pub(crate) trace_sampling: Option<String>,

    #[command(flatten)]
    pub(crate) notify: NotifyArgs,
}

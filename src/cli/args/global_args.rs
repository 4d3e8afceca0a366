//! The options that every command takes.

use clap::{ArgAction, Args};

use super::notify_args::NotifyArgs;
use crate::cli::option::choices;

/// Options before or after the command's name, as text until [`crate::cli::settings`] parses them.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct GlobalArgs {
    /// Connect to this database, also from DATABASE_URL: postgres://, mysql://, mariadb:// or sqlite://
    #[arg(long, global = true, value_name = "URL", help_heading = "Database", conflicts_with = "database_url_file")]
    pub(crate) database_url: Option<String>,
    /// Read the database URL from this file
    #[arg(long, global = true, value_name = "FILE", help_heading = "Database")]
    pub(crate) database_url_file: Option<String>,
    /// Use this name for the database in metrics [default: its own name]
    #[arg(long, global = true, value_name = "NAME", help_heading = "Database")]
    pub(crate) target: Option<String>,
    /// Run this SQL on every connection that migrates or reads the history; can be repeated
    #[arg(long, global = true, value_name = "SQL", help_heading = "Database")]
    pub(crate) connection_init: Vec<String>,
    /// Use the history table format of this tool [default: auto, that of the layout]
    #[arg(long, global = true, value_name = "NAME", help_heading = "Database")]
    pub(crate) history: Option<String>,
    /// Record applied migrations in this table [default: _migrascope_migrations, or that of the format]
    #[arg(long, global = true, value_name = "TABLE", help_heading = "Database")]
    pub(crate) ledger_table: Option<String>,
    /// Record every attempt in this table [default: _migrascope_journal]
    #[arg(long, global = true, value_name = "TABLE", help_heading = "Database")]
    pub(crate) journal_table: Option<String>,
    /// Keep finished rows of the journal this long; 0 keeps them forever; counters do not change [default: 400days]
    #[arg(long, global = true, value_name = "DURATION", help_heading = "Database")]
    pub(crate) journal_retention: Option<String>,

    /// Read migrations from this directory [default: migrations]
    #[arg(long, global = true, value_name = "DIR", help_heading = "Files")]
    pub(crate) dir: Option<String>,
    /// Read the directory in the layout of this tool, a name from docs/adopt.md [default: auto]
    #[arg(long, global = true, value_name = "NAME", help_heading = "Files")]
    pub(crate) layout: Option<String>,
    /// Read settings from this file [default: migrascope.toml, if it exists]
    #[arg(long, global = true, value_name = "FILE", help_heading = "Files")]
    pub(crate) config: Option<String>,

    /// Wait this long for another runner to finish; 0 does not wait [default: 60s]
    #[arg(long, global = true, value_name = "DURATION", help_heading = "Policy")]
    pub(crate) lock_wait: Option<String>,
    /// Limit how long a statement waits for a database lock; 0 leaves it to the server [default: 5s]
    #[arg(long, global = true, value_name = "DURATION", help_heading = "Policy")]
    pub(crate) lock_timeout: Option<String>,
    /// Limit how long a statement runs; 0 leaves it to the server [default: 0]
    #[arg(long, global = true, value_name = "DURATION", help_heading = "Policy")]
    pub(crate) statement_timeout: Option<String>,
    /// Retry up to this many times after a lock timeout, a deadlock or a serialization failure [default: 10]
    #[arg(long, global = true, value_name = "NUMBER", help_heading = "Policy")]
    pub(crate) retries: Option<String>,
    /// Allow migrations that are links to files outside of their directory
    #[arg(long, global = true, value_name = "BOOL", help_heading = "Policy", value_parser = choices::BOOL)]
    #[arg(num_args = 0..=1, require_equals = true, default_missing_value = "true", hide_possible_values = true)]
    pub(crate) follow_links: Option<String>,
    /// Refuse, apply or skip a pending migration older than the newest applied one [default: as the tool of the history table does]
    #[arg(long, global = true, value_name = "HOW", help_heading = "Policy", value_parser = choices::ORDER)]
    pub(crate) order: Option<String>,
    /// Allow applied migrations whose file is missing
    #[arg(long, global = true, value_name = "BOOL", help_heading = "Policy", value_parser = choices::BOOL)]
    #[arg(num_args = 0..=1, require_equals = true, default_missing_value = "true", hide_possible_values = true)]
    pub(crate) allow_missing: Option<String>,
    /// Allow applied migrations whose statements have changed
    #[arg(long, global = true, value_name = "BOOL", help_heading = "Policy", value_parser = choices::BOOL)]
    #[arg(num_args = 0..=1, require_equals = true, default_missing_value = "true", hide_possible_values = true)]
    pub(crate) allow_changed: Option<String>,
    /// Refuse what contradicts the history also where the tool of the history table does not
    #[arg(long, global = true, value_name = "BOOL", help_heading = "Policy", value_parser = choices::BOOL)]
    #[arg(num_args = 0..=1, require_equals = true, default_missing_value = "true", hide_possible_values = true)]
    pub(crate) strict: Option<String>,
    /// Allow the first migration in a database that has tables but no history
    #[arg(long, global = true, value_name = "BOOL", help_heading = "Policy", value_parser = choices::BOOL)]
    #[arg(num_args = 0..=1, require_equals = true, default_missing_value = "true", hide_possible_values = true)]
    pub(crate) allow_nonempty: Option<String>,

    /// Run this backup command before the first pending migration; if it fails, nothing is changed
    #[arg(long, global = true, value_name = "COMMAND", help_heading = "Hooks")]
    pub(crate) backup_command: Option<String>,
    /// Run this command before the first pending migration; if it fails, nothing is migrated
    #[arg(long, global = true, value_name = "COMMAND", help_heading = "Hooks")]
    pub(crate) before: Option<String>,
    /// Run this command at the end of a run that reached its migrations, whatever its outcome
    #[arg(long, global = true, value_name = "COMMAND", help_heading = "Hooks")]
    pub(crate) after: Option<String>,
    /// Limit how long each hook runs [default: 10min]
    #[arg(long, global = true, value_name = "DURATION", help_heading = "Hooks")]
    pub(crate) hook_timeout: Option<String>,

    /// Check the database's health after a run that changed something [default: on]
    #[arg(long, global = true, value_name = "SWITCH", help_heading = "Policy", value_parser = choices::SWITCH)]
    pub(crate) health: Option<String>,
    /// Warn when a health check reaches this value, such as connections=70%, or `never`; can be repeated
    #[arg(long, global = true, value_name = "CHECK=VALUE", help_heading = "Policy")]
    pub(crate) health_warn: Vec<String>,
    /// Fail when a health check reaches this value, such as replica_lag=5min, or `never`; can be repeated
    #[arg(long, global = true, value_name = "CHECK=VALUE", help_heading = "Policy")]
    pub(crate) health_fail: Vec<String>,
    /// Run the SQL files of this directory as health checks: each must return no row [default: checks, if it exists]
    #[arg(long, global = true, value_name = "DIR", help_heading = "Files")]
    pub(crate) checks: Option<String>,

    /// Set the environment for exec: development, production or test, also from APP_ENV or NODE_ENV [default: production]
    #[arg(long, global = true, value_name = "NAME", help_heading = "Policy")]
    pub(crate) env: Option<String>,

    /// Write text, or one JSON object per line [default: text]
    #[arg(long, global = true, value_name = "FORMAT", help_heading = "Output", value_parser = choices::FORMAT)]
    pub(crate) format: Option<String>,
    /// Show every statement
    #[arg(short, long, global = true, help_heading = "Output", action = ArgAction::SetTrue, overrides_with = "quiet")]
    pub(crate) verbose: bool,
    /// Show errors only
    #[arg(short, long, global = true, help_heading = "Output", action = ArgAction::SetTrue)]
    pub(crate) quiet: bool,
    /// Write log records to standard error, one per line [default: off]
    #[arg(long, global = true, value_name = "FORMAT", help_heading = "Output", value_parser = choices::LOG_FORMAT)]
    pub(crate) log_format: Option<String>,

    /// Write metrics for Prometheus's textfile collector to this file
    #[arg(long, global = true, value_name = "FILE", help_heading = "Telemetry")]
    pub(crate) metrics_file: Option<String>,
    /// Add the last run and its trace to metrics, which creates a series with each run [default: off]
    #[arg(long, global = true, value_name = "SWITCH", help_heading = "Telemetry", value_parser = choices::SWITCH)]
    pub(crate) metrics_run_info: Option<String>,
    /// Push metrics to this Pushgateway at the start, every 10 seconds and at the end of a run
    #[arg(long, global = true, value_name = "URL", help_heading = "Telemetry")]
    pub(crate) push_url: Option<String>,
    /// Read the bearer token for the Pushgateway from this file
    #[arg(long, global = true, value_name = "FILE", help_heading = "Telemetry")]
    pub(crate) push_token_file: Option<String>,
    /// Verify the Pushgateway's certificate with the PEM certificates in this file, instead of the system's
    #[arg(long, global = true, value_name = "FILE", help_heading = "Telemetry")]
    pub(crate) push_ca: Option<String>,
    /// Serve probes and metrics on this address: up and down during the run, serve always [default: 127.0.0.1:9564 for serve]
    #[arg(long, global = true, value_name = "HOST:PORT", help_heading = "Telemetry")]
    pub(crate) listen: Option<String>,
    /// Accept requests with this host name, such as pages.example.com or *.example.com; can be repeated
    #[arg(long, global = true, value_name = "NAME", help_heading = "Telemetry")]
    pub(crate) listen_name: Vec<String>,
    /// Show messages, hosts and users in /status to every client of the listener [default: false]
    #[arg(long, global = true, value_name = "BOOL", help_heading = "Telemetry", value_parser = choices::BOOL)]
    #[arg(num_args = 0..=1, require_equals = true, default_missing_value = "true", hide_possible_values = true)]
    pub(crate) status_detail: Option<String>,
    /// Send no telemetry, send it where an endpoint is set, or fail if its settings are wrong [default: auto]
    #[arg(long, global = true, value_name = "MODE", help_heading = "Telemetry", value_parser = choices::TELEMETRY)]
    pub(crate) telemetry: Option<String>,
    /// Wait this long for collectors at the end of a run [default: 5s]
    #[arg(long, global = true, value_name = "DURATION", help_heading = "Telemetry")]
    pub(crate) telemetry_flush_timeout: Option<String>,
    /// With more than N planned migrations, record statements of fast ones as span events [default: 200]
    #[arg(long, global = true, value_name = "N", help_heading = "Telemetry")]
    pub(crate) trace_detail_limit: Option<String>,
    /// Record SQL in traces as a hash, a summary, text without literals, or full text [default: summary]
    #[arg(long, global = true, value_name = "HOW", help_heading = "Telemetry", value_parser = choices::TRACE_SQL)]
    pub(crate) trace_sql: Option<String>,
    /// Sample always, or only when the parent span is sampled [default: always]
    #[arg(long, global = true, value_name = "WHO", help_heading = "Telemetry", value_parser = choices::TRACE_SAMPLING)]
    pub(crate) trace_sampling: Option<String>,

    #[command(flatten)]
    pub(crate) notify: NotifyArgs,
}

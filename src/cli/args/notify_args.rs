//! The options about notifications.

use clap::Args;

use crate::cli::option::choices;

/// Who is told of a run when it has ended, and of which.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct NotifyArgs {
    /// Mark each run in this Grafana, by an annotation; its token is in MIGRASCOPE_GRAFANA_TOKEN or a file
    #[arg(long, global = true, value_name = "URL", help_heading = "Notifications")]
    pub(crate) grafana_url: Option<String>,
    /// A file that holds the token for Grafana
    #[arg(long, global = true, value_name = "FILE", help_heading = "Notifications")]
    pub(crate) grafana_token_file: Option<String>,
    /// Post a text as Slack takes it, and the report as JSON, to this address
    #[arg(
        long,
        global = true,
        value_name = "URL",
        help_heading = "Notifications",
        conflicts_with = "webhook_url_file"
    )]
    pub(crate) webhook_url: Option<String>,
    /// A file that holds that address, where it is secret
    #[arg(long, global = true, value_name = "FILE", help_heading = "Notifications")]
    pub(crate) webhook_url_file: Option<String>,
    /// Of which runs to tell: all, those that failed, or also those that have changed something [default: changes]
    #[arg(long, global = true, value_name = "WHEN", help_heading = "Notifications", value_parser = choices::NOTIFY)]
    pub(crate) notify: Option<String>,
}

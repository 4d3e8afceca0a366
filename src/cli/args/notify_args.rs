//! The options of notifications.

use clap::Args;

use crate::cli::option::choices;

/// Where notifications about the end of a run are sent, and for which runs.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct NotifyArgs {
    /// Add an annotation for each run to this Grafana; its token is MIGRASCOPE_GRAFANA_TOKEN or in a file
    #[arg(long, global = true, value_name = "URL", help_heading = "Notifications")]
    pub(crate) grafana_url: Option<String>,
    /// Read the token for Grafana from this file
    #[arg(long, global = true, value_name = "FILE", help_heading = "Notifications")]
    pub(crate) grafana_token_file: Option<String>,
    /// Post a message in Slack's format, with the report as JSON, to this URL
    #[arg(
        long,
        global = true,
        value_name = "URL",
        help_heading = "Notifications",
        conflicts_with = "webhook_url_file"
    )]
    pub(crate) webhook_url: Option<String>,
    /// Read the webhook's URL from this file
    #[arg(long, global = true, value_name = "FILE", help_heading = "Notifications")]
    pub(crate) webhook_url_file: Option<String>,
    /// Notify about all runs, failed runs, or failed runs and runs with changes [default: changes]
    #[arg(long, global = true, value_name = "WHEN", help_heading = "Notifications", value_parser = choices::NOTIFY)]
    pub(crate) notify: Option<String>,
}

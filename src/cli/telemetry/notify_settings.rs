//! Which recipients are notified of which runs.

use super::secret::Secret;

/// What the options say about notifications.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct NotifySettings {
    /// Grafana's URL, which may hold a password.
    pub(crate) grafana: Option<Secret>,
    /// The token for it.
    pub(crate) grafana_token: Option<Secret>,
    /// The webhook's URL.
    pub(crate) webhook: Option<Secret>,
    /// The runs that are notified.
    pub(crate) on: NotifyOn,
}

/// Which runs send a notification.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum NotifyOn {
    /// All runs.
    Always,
    /// Runs that failed.
    Failure,
    /// Runs that failed, and runs that changed something.
    #[default]
    Changes,
}

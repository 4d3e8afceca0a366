//! Who has what we wait for.

use serde::Serialize;

/// Who has a lock, as far as the server tells.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Holder {
    /// The server's or the system's number for the process.
    pub process: Option<u64>,
    /// Database user.
    pub user: Option<String>,
    /// Application name; ours carries the run id.
    pub application: Option<String>,
    /// Where it connects from.
    pub client: Option<String>,
    /// Since when its session lives, or its transaction where it is in our way; in UTC as RFC 3339.
    pub since: Option<String>,
    /// What it is doing.
    pub doing: Option<String>,
}

//! The session that holds a lock.

use serde::Serialize;

/// The session that holds a lock, as far as the server reports it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Holder {
    /// The process ID or the server's connection ID.
    pub process: Option<u64>,
    /// Database user.
    pub user: Option<String>,
    /// Application name; that of a runner contains the run id.
    pub application: Option<String>,
    /// The client's address.
    pub client: Option<String>,
    /// When its session began, or its transaction where that blocks the runner; in UTC as RFC 3339.
    pub since: Option<String>,
    /// Its current activity.
    pub doing: Option<String>,
}

//! What a server reports about a session that does not answer.

use super::{DatabaseError, ErrorKind};

/// What the server reports about a session whose answer is awaited.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Activity {
    /// It executes a statement.
    Busy,
    /// It waits for its client.
    Idle,
    /// The session does not exist.
    Gone,
    /// The server does not report it.
    Unknown,
}

/// The error for a session that is idle or gone while its answer is awaited: a message was lost on the network.
pub(crate) fn dead() -> DatabaseError {
    DatabaseError::new(
        ErrorKind::Lost,
        "the connection is dead: the server is no longer executing the statement, but its answer has not arrived",
    )
}

/// The error for a server that does not answer on any connection.
pub(crate) fn silent() -> DatabaseError {
    DatabaseError::new(ErrorKind::Lost, "the server does not answer")
}

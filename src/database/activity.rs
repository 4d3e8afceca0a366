//! What a server says of a session whose answer does not come.

use super::{DatabaseError, ErrorKind};

/// What the server says of a session that we wait for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Activity {
    /// It is at work.
    Busy,
    /// It waits for its client.
    Idle,
    /// There is no such session.
    Gone,
    /// The server does not say.
    Unknown,
}

/// The server does not wait for itself: its answer, or our question, was lost on the way.
pub(crate) fn dead() -> DatabaseError {
    DatabaseError::new(ErrorKind::Lost, "the connection is dead: the server waits for us while we wait for its answer")
}

/// Nothing at all is known.
pub(crate) fn silent() -> DatabaseError {
    DatabaseError::new(ErrorKind::Lost, "the server does not answer")
}

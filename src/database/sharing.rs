//! Whether a connection has a session of the server for itself.

/// Whether a connection has a session of the server for itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sharing {
    /// It has, so that settings and locks of the session are its own.
    Own,
    /// A pooler in transaction mode assigns a session to each transaction: nothing may be set for a session.
    Pooled,
}

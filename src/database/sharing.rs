//! Whether a connection has a server session to itself.

/// Whether a connection has a server session to itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sharing {
    /// The session is exclusive: its settings and locks are not shared.
    Own,
    /// A pooler in transaction mode assigns a session to each transaction: session settings must not be changed.
    Pooled,
}

//! The built-in health checks: their names and the units of their values.

use super::Unit;

/// A built-in health check. Custom checks are files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum BuiltIn {
    /// A new connection.
    Connect,
    /// The median time of several round trips.
    Ping,
    /// The ledger can be read.
    Read,
    /// The journal can be written.
    WriteRollback,
    /// The server is not read-only.
    Writable,
    /// PostgreSQL: indexes that are invalid or not ready.
    InvalidIndexes,
    /// PostgreSQL: constraints that are `NOT VALID`.
    UnvalidatedConstraints,
    /// The part of the server's allowed connections that is in use.
    Connections,
    /// The replication lag.
    ReplicaLag,
    /// SQLite: corruption of the file.
    QuickCheck,
    /// SQLite: rows that violate a foreign key.
    ForeignKeys,
}

impl BuiltIn {
    /// All checks, in the order in which they run.
    pub const ALL: [Self; 11] = [
        Self::Connect,
        Self::Ping,
        Self::Read,
        Self::WriteRollback,
        Self::Writable,
        Self::InvalidIndexes,
        Self::UnvalidatedConstraints,
        Self::Connections,
        Self::ReplicaLag,
        Self::QuickCheck,
        Self::ForeignKeys,
    ];

    /// The name in reports and metrics.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Connect => "connect",
            Self::Ping => "ping",
            Self::Read => "read",
            Self::WriteRollback => "write_rollback",
            Self::Writable => "writable",
            Self::InvalidIndexes => "invalid_indexes",
            Self::UnvalidatedConstraints => "unvalidated_constraints",
            Self::Connections => "connections",
            Self::ReplicaLag => "replica_lag",
            Self::QuickCheck => "quick_check",
            Self::ForeignKeys => "foreign_keys",
        }
    }

    /// The built-in check with this name, if there is one.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|check| check.name() == name)
    }

    /// The unit of its value; `None` for a check without a value, which has no threshold.
    #[must_use]
    pub const fn unit(self) -> Option<Unit> {
        match self {
            Self::Connect | Self::Ping | Self::ReplicaLag => Some(Unit::Seconds),
            Self::Read | Self::WriteRollback | Self::Writable => None,
            Self::Connections => Some(Unit::Ratio),
            Self::InvalidIndexes | Self::UnvalidatedConstraints | Self::QuickCheck | Self::ForeignKeys => {
                Some(Unit::Count)
            }
        }
    }
}

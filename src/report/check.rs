//! The health checks that are ours: their names and what their numbers are.

use super::Unit;

/// A health check that migrascope makes by itself; those of one's own are files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum BuiltIn {
    /// A new connection.
    Connect,
    /// The median of some round trips.
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
    /// Connections in use, of those that the server allows.
    Connections,
    /// How far replicas are behind.
    ReplicaLag,
    /// SQLite: damage of the file.
    QuickCheck,
    /// SQLite: rows that refer to nothing.
    ForeignKeys,
}

impl BuiltIn {
    /// Every one, in the order in which they are made.
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

    /// The check of that name; `None` where none of ours has it.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|check| check.name() == name)
    }

    /// What its number counts; `None` for one that succeeds or fails without a number, and so has no threshold.
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

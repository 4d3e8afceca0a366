//! The purpose of a connection.

/// The purpose of a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Access {
    /// Reads only: nothing is changed or created. A SQLite file that does not exist is read as an empty database.
    Read,
    /// Reads only, but a SQLite file that does not exist is an error: for readers that watch an existing database.
    Watch,
    /// Health checks: as for migrations, but nothing is created, not even a SQLite file.
    Check,
    /// Migrations: a SQLite file is created if it does not exist.
    Write,
}

impl Access {
    /// Whether the session changes nothing.
    pub(super) fn only_reads(self) -> bool {
        matches!(self, Self::Read | Self::Watch)
    }
}

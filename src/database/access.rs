//! What a connection is made for.

/// What a session is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Access {
    /// Nothing is changed, nothing created; a SQLite file that does not exist reads as an empty database.
    Read,
    /// The same, but a SQLite file that does not exist is an error: for whoever watches a database that was there.
    Watch,
    /// Health checks: as for migrations, but nothing is created, not even a SQLite file.
    Check,
    /// Migrations; a SQLite file is created.
    Write,
}

impl Access {
    /// Whether nothing is changed.
    pub(super) fn only_reads(self) -> bool {
        matches!(self, Self::Read | Self::Watch)
    }
}

//! The hooks of a run and their names.

use std::fmt;

/// A user's command or SQL that runs before or after migrations.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Hook {
    /// The command that makes a backup, before anything changes.
    Backup,
    /// The command before the first migration.
    Before,
    /// SQL before each migration.
    BeforeEach,
    /// SQL after each successful migration.
    AfterEach,
    /// The command at the end of a run that has reached its migrations.
    After,
}

impl Hook {
    /// All hooks, in the order in which they run.
    pub const ALL: [Self; 5] = [Self::Backup, Self::Before, Self::BeforeEach, Self::AfterEach, Self::After];

    /// `backup`, `before`, `before_each`, `after_each` or `after`.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Backup => "backup",
            Self::Before => "before",
            Self::BeforeEach => "before_each",
            Self::AfterEach => "after_each",
            Self::After => "after",
        }
    }

    /// Whether it is a command; otherwise it is SQL.
    #[must_use]
    pub fn is_command(self) -> bool {
        match self {
            Self::Backup | Self::Before | Self::After => true,
            Self::BeforeEach | Self::AfterEach => false,
        }
    }
}

impl fmt::Display for Hook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

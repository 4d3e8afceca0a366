//! What the database remembers: applied migrations and attempts that nobody has settled yet.

use std::time::Duration;

use serde::Serialize;

use crate::migration::{Checksum, Version};

/// Which way a migration is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Direction {
    /// Apply it.
    Up,
    /// Revert it.
    Down,
}

impl Direction {
    /// `up` or `down`.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Up => "up",
            Self::Down => "down",
        }
    }

    /// The direction of a command or of a row of the journal, by its word: `down` reverts, and everything else (`up`, `exec`,
    /// `repair`, `baseline`) moves on.
    #[must_use]
    pub fn of(word: &str) -> Self {
        if word == Self::Down.word() { Self::Down } else { Self::Up }
    }
}

/// One applied migration, as the ledger has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Its version.
    pub version: Version,
    /// Its name when it was applied.
    pub name: String,
    /// Of the text that was applied; `None` where the ledger's format has none.
    pub checksum: Option<Checksum>,
    /// Of the tokens that were applied.
    pub token_checksum: Option<Checksum>,
    /// When and how; only where it was asked for.
    pub particulars: Option<Particulars>,
}

/// What a status tells of an applied migration and no plan needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Particulars {
    /// When it was applied, in UTC as RFC 3339.
    pub applied_at: String,
    /// How long that took.
    pub elapsed: Duration,
    /// The run that applied it.
    pub run_id: String,
}

/// How far an attempt came that was neither completed nor undone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// A statement failed after others had taken effect.
    Failed {
        /// The failed statement, counted from 1.
        statement: u32,
    },
    /// The process or its connection ended in the middle; the statement after the last finished one may have run or not.
    Unfinished,
}

/// An attempt that may have left a migration half-way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attempt {
    /// The journal's key of it.
    pub id: String,
    /// The run that made it.
    pub run_id: String,
    /// What it tried.
    pub version: Version,
    /// The migration's name then.
    pub name: String,
    /// Which way.
    pub direction: Direction,
    /// How it ended.
    pub state: State,
    /// Statements that have taken effect for certain.
    pub done: u32,
    /// The checksum of these statements; `None` where the journal has none.
    pub done_checksum: Option<Checksum>,
    /// Statements it had.
    pub total: u32,
    /// The database's code for the error, where one was seen.
    pub error_code: Option<String>,
    /// The database's words.
    pub error_text: Option<String>,
    /// When it began, in UTC as RFC 3339.
    pub started_at: String,
}

impl Attempt {
    /// The statement that it has sent alone, counted from 0, because the server has refused it inside a transaction.
    #[must_use]
    pub fn alone(&self) -> Option<usize> {
        let next = self.done as usize;
        (self.error_text.as_deref() == Some(went_alone(next).as_str())).then_some(next)
    }
}

/// What the journal says of an attempt whose statement with this index was refused inside a transaction.
pub(crate) fn went_alone(index: usize) -> String {
    format!("statement {} was refused in a transaction, and went out alone", index + 1)
}

/// Everything the plan needs to know of the past.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct History {
    /// Applied migrations in the order of their versions.
    pub applied: Vec<Entry>,
    /// Attempts that left something behind and were not settled since.
    pub unsettled: Vec<Attempt>,
    /// Whether the ledger table exists.
    pub recorded: bool,
    /// How many tables of other origin the database has; looked up only while the ledger is empty.
    pub foreign_tables: u64,
}

impl History {
    /// The entry of a version.
    #[must_use]
    pub fn entry(&self, version: &Version) -> Option<&Entry> {
        self.applied.iter().find(|entry| entry.version == *version)
    }

    /// The highest applied version.
    #[must_use]
    pub fn highest(&self) -> Option<&Version> {
        self.applied.iter().map(|entry| &entry.version).max()
    }
}

//! Warnings that do not refuse a plan.

use thiserror::Error;

use super::objection::count;
use crate::history::{Direction, Running};
use crate::migration::{Key, Version};

/// A warning to show before the plan runs.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum Note {
    /// Only comments and whitespace of an applied file have changed.
    #[error("migration {key} ({name}) was edited after it was applied, in comments and whitespace only")]
    Cosmetic {
        /// The migration's key.
        key: Key,
        /// Its name on disk.
        name: String,
    },
    /// The statements of an applied file have changed, and the rules allow it.
    #[error("migration {key} ({name}) was changed after it was applied")]
    Changed {
        /// The migration's key.
        key: Key,
        /// Its name on disk.
        name: String,
    },
    /// A late version is applied, because the rules allow it.
    #[error("migration {key} ({name}) is older than {highest}, which is applied, and is applied all the same")]
    Late {
        /// The migration's key.
        key: Key,
        /// Its name.
        name: String,
        /// The highest applied version.
        highest: Version,
    },
    /// An applied migration has no file, and the rules allow it.
    #[error("migration {key} ({name}) is applied but its file is missing")]
    Missing {
        /// The migration's key.
        key: Key,
        /// Its name in the ledger.
        name: String,
    },
    /// A migration without statements is recorded as applied without running anything, and its file will not run later.
    #[error("migration {key} ({name}) has no statements: {}", empty(*.applied))]
    Empty {
        /// The migration's key.
        key: Key,
        /// Its name.
        name: String,
        /// Whether it is already applied.
        applied: bool,
    },
    /// More steps were requested than there are.
    #[error("{} requested, but {}", steps(*.asked, *.direction), only(*.found, *.direction))]
    FewerSteps {
        /// The direction.
        direction: Direction,
        /// The number of requested steps.
        asked: usize,
        /// The number of migrations that are pending (up) or applied (down).
        found: usize,
    },
    /// A late version is skipped.
    #[error("migration {key} ({name}) is older than the newest applied one and is skipped")]
    Skipped {
        /// The migration's key.
        key: Key,
        /// Its name.
        name: String,
    },
    /// Another run is in progress: migrations that it has not applied yet are pending.
    #[error("{0}")]
    Running(Box<Running>),
    /// The database has tables but no history, and the rules allow it or nothing is pending.
    #[error("the database has {} but no history of migrations", count(.tables))]
    Unmanaged {
        /// Their names.
        tables: Vec<String>,
    },
}

fn empty(applied: bool) -> &'static str {
    if applied { "nothing was run for it" } else { "nothing will be run for it, and its file will not run later" }
}

fn steps(count: usize, direction: Direction) -> String {
    let (s, were) = if count == 1 { ("", "was") } else { ("s", "were") };
    format!("{count} step{s} {} {were}", direction.word())
}

fn only(found: usize, direction: Direction) -> String {
    let state = if direction == Direction::Up { "pending" } else { "applied" };
    match found {
        0 => format!("no migration is {state}"),
        1 => format!("only 1 migration is {state}"),
        _ => format!("only {found} migrations are {state}"),
    }
}

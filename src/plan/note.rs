//! What is worth a word and refuses no plan.

use thiserror::Error;

use super::objection::count;
use crate::history::{Direction, Running};
use crate::migration::Version;

/// Something a person should know before the plan is carried out.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum Note {
    /// Only comments and blanks of an applied file have changed.
    #[error("migration {version} ({name}) was edited after it was applied, in comments and blanks only")]
    Cosmetic {
        /// The version.
        version: Version,
        /// Its name on disk.
        name: String,
    },
    /// An applied migration is not on disk, and that is allowed.
    #[error("migration {version} ({name}) is applied but its file is missing")]
    Missing {
        /// The version.
        version: Version,
        /// Its name in the ledger.
        name: String,
    },
    /// A migration without statements counts as applied without having run anything, and its file is not run again.
    #[error("migration {version} ({name}) has no statements: {}", empty(*.applied))]
    Empty {
        /// The version.
        version: Version,
        /// Its name.
        name: String,
        /// Whether it is applied, or will be.
        applied: bool,
    },
    /// More steps were asked for than there are.
    #[error("{} asked for, and {}", steps(*.asked, *.direction), only(*.found, *.direction))]
    FewerSteps {
        /// Which way.
        direction: Direction,
        /// How many were asked for.
        asked: usize,
        /// How many migrations are pending, or applied.
        found: usize,
    },
    /// A late version is left out.
    #[error("migration {version} ({name}) is older than the newest applied one and is left out")]
    Skipped {
        /// The version.
        version: Version,
        /// Its name.
        name: String,
    },
    /// Another run is going on: what it has not applied yet is pending.
    #[error("{0}")]
    Running(Box<Running>),
    /// Tables of unknown origin, and no history; that is allowed, or nothing is pending.
    #[error("the database has {} but no history of migrations", count(.tables))]
    Unmanaged {
        /// Their names.
        tables: Vec<String>,
    },
}

fn empty(applied: bool) -> &'static str {
    if applied { "nothing was run for it" } else { "nothing will be run for it, and its file is not run again later" }
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

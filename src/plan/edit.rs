//! Detects edits of applied files.

use super::objection::Objection;
use crate::history::{Entry, History};
use crate::migration::{Checksum, Migration};

/// How an applied file has changed.
#[derive(PartialEq, Eq)]
pub(crate) enum Edit {
    /// Not at all.
    None,
    /// Only comments or whitespace changed.
    Cosmetic,
    /// There was no statement, and now there is one.
    FromEmpty,
    /// Statements changed.
    Real,
}

/// Compares a file with the checksums recorded when it was applied.
pub(crate) fn edit(entry: &Entry, migration: &Migration) -> Edit {
    match (&entry.checksum, &entry.token_checksum) {
        (Some(applied), _) if applied.is_of(&migration.up) => Edit::None,
        (None, _) => Edit::None,
        (Some(_), Some(tokens)) if tokens == migration.up.token_checksum() => Edit::Cosmetic,
        (Some(_), Some(tokens)) if *tokens == Checksum::of_tokens(std::iter::empty()) => Edit::FromEmpty,
        (Some(_), _) => Edit::Real,
    }
}

/// Whether the applied file had no statement. Decided from the recorded checksum, without splitting the file.
pub(super) fn had_no_statement(entry: &Entry) -> bool {
    entry.token_checksum.as_ref().is_some_and(|tokens| *tokens == Checksum::of_tokens(std::iter::empty()))
}

pub(super) fn was_empty(migration: &Migration, history: &History) -> Objection {
    Objection::WasEmpty {
        key: migration.key.clone(),
        name: migration.name.clone(),
        statements: migration.up.parsed().map_or(0, |parsed| parsed.statements.len()),
        late: history.highest().is_some_and(|highest| migration.key.version().is_some_and(|version| highest > version)),
    }
}

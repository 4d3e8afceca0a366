//! Changes of history that a person asks for: which rows change, or every reason why none may.

#[cfg(test)]
mod tests;

use super::{Edit, Objection, Step, edit, was_empty};
use crate::history::{Attempt, History};
use crate::migration::{Dialect, Migration, MigrationSet, Version};
use crate::script;

/// A change of history that a person asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Change {
    /// A migration counts as applied: somebody has done by hand what was missing.
    MarkApplied(Version),
    /// A migration counts as not applied: somebody has undone it by hand.
    MarkReverted(Version),
    /// The file of an applied migration is right as it is now.
    AcceptChanges(Version),
    /// Everything up to a version counts as applied, in a database that has no history yet.
    Baseline(Version),
    /// A migration that was left half-way goes on at its first statement without effect.
    Resume {
        /// Which.
        version: Version,
        /// What became of a statement of which nobody can say whether it took effect.
        doubt: Option<Doubt>,
    },
}

impl Change {
    /// Its word in the journal, of at most 16 characters.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self {
            Self::MarkApplied(_) => "mark-applied",
            Self::MarkReverted(_) => "mark-reverted",
            Self::AcceptChanges(_) => "accept-changes",
            Self::Baseline(_) => "baseline",
            Self::Resume { .. } => "resume",
        }
    }

    /// The version that it is about.
    #[must_use]
    pub fn version(&self) -> &Version {
        match self {
            Self::MarkApplied(version)
            | Self::MarkReverted(version)
            | Self::AcceptChanges(version)
            | Self::Baseline(version)
            | Self::Resume { version, .. } => version,
        }
    }
}

/// What a person knows of a statement that was running when its runner died.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Doubt {
    /// It took effect.
    Ran,
    /// It did not.
    DidNotRun,
}

/// The rows that a change touches.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Amendment<'a> {
    /// Recorded as applied.
    pub(crate) add: Vec<&'a Migration>,
    /// No longer recorded.
    pub(crate) remove: Vec<Version>,
    /// Recorded with the checksums of their present files.
    pub(crate) accept: Vec<&'a Migration>,
    /// The journal's keys of attempts that leave nothing half-way any more.
    pub(crate) settle: Vec<String>,
}

impl Amendment<'_> {
    /// How many migrations it is about.
    pub(crate) fn len(&self) -> usize {
        self.add.len().max(self.remove.len()).max(self.accept.len()).max(usize::from(!self.settle.is_empty()))
    }
}

/// A migration that goes on where it was left.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Resumption<'a> {
    /// The step, with what was done before.
    pub(crate) step: Step<'a>,
    /// The attempt that left it.
    pub(crate) attempt: Attempt,
}

/// What a change does to history; a resumption touches nothing by itself.
///
/// # Errors
/// Every reason why it may not be made.
pub(crate) fn amend<'a>(
    set: &'a MigrationSet,
    history: &History,
    change: &Change,
) -> Result<Amendment<'a>, Vec<Objection>> {
    let version = change.version();
    let settle: Vec<String> = left_half_way(history, version).map(|attempt| attempt.id.clone()).collect();
    let settles = !settle.is_empty();
    let applied = history.entry(version).is_some();
    let mut amendment = Amendment { settle, ..Amendment::default() };
    match change {
        Change::MarkApplied(_) => {
            let migration = known(set, version)?;
            match (applied, settles) {
                (true, false) => {
                    return Err(vec![Objection::Applied { version: version.clone(), name: migration.name.clone() }]);
                }
                (true, true) => {}
                (false, _) => amendment.add.push(migration),
            }
        }
        Change::MarkReverted(_) => match (applied, settles) {
            (false, false) => return Err(vec![Objection::NotApplied { version: version.clone() }]),
            (true, _) => amendment.remove.push(version.clone()),
            (false, true) => {}
        },
        Change::AcceptChanges(_) => {
            let migration = known(set, version)?;
            amendment.settle.clear();
            match history.entry(version).map(|entry| edit(entry, migration)) {
                None => return Err(vec![Objection::NotApplied { version: version.clone() }]),
                Some(Edit::None) => {
                    let (version, name) = (version.clone(), migration.name.clone());
                    return Err(vec![Objection::Unchanged { version, name }]);
                }
                Some(Edit::FromEmpty) => return Err(vec![was_empty(migration, history)]),
                Some(Edit::Cosmetic | Edit::Real) => amendment.accept.push(migration),
            }
        }
        Change::Baseline(_) => {
            known(set, version)?;
            if !history.applied().is_empty() || !history.unsettled.is_empty() {
                return Err(vec![Objection::NotEmpty { applied: history.applied().len() }]);
            }
            amendment.add.extend(set.iter().filter(|migration| migration.version <= *version));
        }
        Change::Resume { .. } => amendment.settle.clear(),
    }
    let recorded = amendment.add.iter().chain(&amendment.accept);
    let unreadable: Vec<_> = recorded.filter_map(|migration| Objection::of(&migration.up)).collect();
    if unreadable.is_empty() { Ok(amendment) } else { Err(unreadable) }
}

/// The step that goes on where the latest attempt at a migration was left.
///
/// # Errors
/// When none was left half-way, its file is gone, or statements that have taken effect are not the same any more.
pub(crate) fn resume<'a>(
    set: &'a MigrationSet,
    history: &History,
    version: &Version,
) -> Result<Resumption<'a>, Vec<Objection>> {
    let Some(attempt) = left_half_way(history, version).last() else {
        return Err(vec![Objection::NothingToResume { version: version.clone() }]);
    };
    let Some(migration) = set.get(version) else {
        return Err(vec![Objection::Missing { version: version.clone(), name: attempt.name.clone() }]);
    };
    let step = Step::resumed(migration, attempt.direction, attempt.done as usize);
    let mut step = step.map_err(|objection| vec![*objection])?.known_alone(attempt.alone());
    step.settles = left_half_way(history, version).map(|attempt| attempt.id.clone()).collect();
    let same = attempt.done_checksum.as_ref() == Some(&step.progress(step.done).checksum());
    if attempt.done > 0 && (step.done > step.statements().len() || !same) {
        let (version, name) = (version.clone(), migration.name.clone());
        return Err(vec![Objection::Rewritten { version, name, done: attempt.done }]);
    }
    Ok(Resumption { step, attempt: attempt.clone() })
}

/// Which of the statements that are done must be run again, so that the rest finds the session as they have left it.
///
/// # Errors
/// Each of them that has left something in the session that is not there any more and cannot be set again.
pub(crate) fn session_of(step: &Step<'_>, dialect: Dialect) -> Result<Vec<usize>, Vec<Objection>> {
    let statements = step.statements().iter().enumerate();
    let statements: Vec<_> = statements.map(|(index, statement)| (statement.kind, step.text(index))).collect();
    let restoration = script::restoration(&statements, step.done, dialect);
    let objection = |lost: &script::Lost| {
        let (version, name) = (step.migration.version.clone(), step.migration.name.clone());
        let statement = &step.statements()[lost.index];
        let (line, summary) = (statement.line, statement.summary.clone());
        Objection::SessionLost { version, name, statement: lost.index + 1, line, summary, what: lost.what }
    };
    let objections: Vec<_> = restoration.lost.iter().map(objection).collect();
    if objections.is_empty() { Ok(restoration.again) } else { Err(objections) }
}

fn left_half_way<'h>(history: &'h History, version: &'h Version) -> impl Iterator<Item = &'h Attempt> {
    history.unsettled.iter().filter(move |attempt| attempt.version == *version)
}

fn known<'a>(set: &'a MigrationSet, version: &Version) -> Result<&'a Migration, Vec<Objection>> {
    set.get(version).ok_or_else(|| vec![Objection::UnknownTarget { version: version.clone() }])
}

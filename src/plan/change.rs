//! Changes to the history that a user requests: which rows change, or every reason to refuse.

#[cfg(test)]
mod tests;

use super::{Edit, Objection, Step, edit, was_empty};
use crate::history::{Attempt, History};
use crate::migration::{Dialect, Key, Migration, MigrationSet};
use crate::script;

/// A change to the history that a user requests.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Change {
    /// Mark a migration as applied: a user has completed it by hand.
    MarkApplied(Key),
    /// Mark a migration as not applied: a user has undone it by hand.
    MarkReverted(Key),
    /// Accept the current file of an applied migration.
    AcceptChanges(Key),
    /// Mark everything up to a version as applied, in a database that has no history yet.
    Baseline(Key),
    /// Resume a migration that was left half-way, at its first statement that has not taken effect.
    Resume {
        /// The migration.
        key: Key,
        /// The user's answer for a statement in doubt: whether it took effect.
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

    /// The key of the migration that it changes.
    #[must_use]
    pub fn key(&self) -> &Key {
        match self {
            Self::MarkApplied(key)
            | Self::MarkReverted(key)
            | Self::AcceptChanges(key)
            | Self::Baseline(key)
            | Self::Resume { key, .. } => key,
        }
    }
}

/// The user's answer about a statement that was running when its runner died.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Doubt {
    /// It took effect.
    Ran,
    /// It did not.
    DidNotRun,
}

/// The rows that a change affects.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Amendment<'a> {
    /// To record as applied.
    pub(crate) add: Vec<&'a Migration>,
    /// To remove from the ledger.
    pub(crate) remove: Vec<Key>,
    /// To record with the checksums of their current files.
    pub(crate) accept: Vec<&'a Migration>,
    /// Journal keys of attempts that no longer count as half-way.
    pub(crate) settle: Vec<String>,
}

impl Amendment<'_> {
    /// The number of migrations that it affects.
    pub(crate) fn len(&self) -> usize {
        self.add.len().max(self.remove.len()).max(self.accept.len()).max(usize::from(!self.settle.is_empty()))
    }
}

/// A migration to resume where it was interrupted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Resumption<'a> {
    /// The step, with the number of statements done before.
    pub(crate) step: Step<'a>,
    /// The attempt that it resumes.
    pub(crate) attempt: Attempt,
}

/// The rows that a change affects; a resumption affects none by itself.
///
/// # Errors
/// Every reason to refuse the change.
pub(crate) fn amend<'a>(
    set: &'a MigrationSet,
    history: &History,
    change: &Change,
) -> Result<Amendment<'a>, Vec<Objection>> {
    let key = &*change.key().ordered(set.order());
    let settle: Vec<String> = left_half_way(history, key).map(|attempt| attempt.id.clone()).collect();
    let settles = !settle.is_empty();
    let applied = history.entry(key).is_some();
    let mut amendment = Amendment { settle, ..Amendment::default() };
    match change {
        Change::MarkApplied(_) => {
            let migration = known(set, key)?;
            match (applied, settles) {
                (true, false) => {
                    return Err(vec![Objection::Applied { key: key.clone(), name: migration.name.clone() }]);
                }
                (true, true) => {}
                (false, _) => amendment.add.push(migration),
            }
        }
        Change::MarkReverted(_) => match (applied, settles) {
            (false, false) => return Err(vec![Objection::NotApplied { key: key.clone() }]),
            (true, _) => amendment.remove.push(key.clone()),
            (false, true) => {}
        },
        Change::AcceptChanges(_) => {
            let migration = known(set, key)?;
            amendment.settle.clear();
            match history.entry(key).map(|entry| edit(entry, migration)) {
                None => return Err(vec![Objection::NotApplied { key: key.clone() }]),
                Some(Edit::None) => {
                    let (key, name) = (key.clone(), migration.name.clone());
                    return Err(vec![Objection::Unchanged { key, name }]);
                }
                Some(Edit::FromEmpty) => return Err(vec![was_empty(migration, history)]),
                Some(Edit::Cosmetic | Edit::Real) => amendment.accept.push(migration),
            }
        }
        Change::Baseline(_) => {
            known(set, key)?;
            if !history.applied().is_empty() || !history.unsettled.is_empty() {
                return Err(vec![Objection::NotEmpty { applied: history.applied().len() }]);
            }
            amendment.add.extend(set.iter().filter(|migration| migration.key <= *key));
        }
        Change::Resume { .. } => amendment.settle.clear(),
    }
    let recorded = amendment.add.iter().chain(&amendment.accept);
    let unreadable: Vec<_> = recorded.filter_map(|migration| Objection::of(&migration.up)).collect();
    if unreadable.is_empty() { Ok(amendment) } else { Err(unreadable) }
}

/// The step that resumes the latest attempt at a migration.
///
/// # Errors
/// When no attempt was left half-way, the file is missing, or statements that have taken effect have changed.
pub(crate) fn resume<'a>(
    set: &'a MigrationSet,
    history: &History,
    key: &Key,
) -> Result<Resumption<'a>, Vec<Objection>> {
    let key = &*key.ordered(set.order());
    let Some(attempt) = left_half_way(history, key).last() else {
        return Err(vec![Objection::NothingToResume { key: key.clone() }]);
    };
    let Some(migration) = set.get(key) else {
        return Err(vec![Objection::Missing { key: key.clone(), name: attempt.name.clone() }]);
    };
    let step = Step::resumed(migration, attempt.direction, attempt.done as usize);
    let mut step = step.map_err(|objection| vec![*objection])?.known_alone(attempt.alone());
    step.settles = left_half_way(history, key).map(|attempt| attempt.id.clone()).collect();
    let same = attempt.done_checksum.as_ref() == Some(&step.progress(step.done).checksum());
    if attempt.done > 0 && (step.done > step.statements().len() || !same) {
        let (key, name) = (key.clone(), migration.name.clone());
        return Err(vec![Objection::Rewritten { key, name, done: attempt.done }]);
    }
    Ok(Resumption { step, attempt: attempt.clone() })
}

/// Indexes of the completed statements to run again, so that the session is as they left it.
///
/// # Errors
/// One objection for each completed statement whose session state is lost and cannot be restored.
pub(crate) fn session_of(step: &Step<'_>, dialect: Dialect) -> Result<Vec<usize>, Vec<Objection>> {
    let statements = step.statements().iter().enumerate();
    let statements: Vec<_> = statements.map(|(index, statement)| (statement.kind, step.text(index))).collect();
    let restoration = script::restoration(&statements, step.done, dialect);
    let objection = |lost: &script::Lost| {
        let (key, name) = (step.migration.key.clone(), step.migration.name.clone());
        let statement = &step.statements()[lost.index];
        let (line, summary) = (statement.line, statement.summary.clone());
        Objection::SessionLost { key, name, statement: lost.index + 1, line, summary, what: lost.what }
    };
    let objections: Vec<_> = restoration.lost.iter().map(objection).collect();
    if objections.is_empty() { Ok(restoration.again) } else { Err(objections) }
}

fn left_half_way<'h>(history: &'h History, key: &'h Key) -> impl Iterator<Item = &'h Attempt> {
    history.unsettled.iter().filter(move |attempt| attempt.key == *key)
}

fn known<'a>(set: &'a MigrationSet, key: &Key) -> Result<&'a Migration, Vec<Objection>> {
    set.get(key).ok_or_else(|| vec![Objection::UnknownTarget { key: key.clone() }])
}

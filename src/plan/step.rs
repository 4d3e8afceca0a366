//! One step of a plan, and whether it can run in one transaction.

use std::ops::Range;

use super::Rules;
use crate::history::Direction;
use crate::migration::{Migration, Progress, Script, Statement, StatementKind};

/// Whether a step runs in one transaction with its ledger row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Atomic {
    /// Applied and recorded, or neither.
    Yes,
    /// Statement by statement, with a journal of how far it came.
    No {
        /// The reason, a lowercase fragment.
        why: String,
    },
}

impl Atomic {
    /// Whether it is [`Atomic::Yes`].
    #[must_use]
    pub fn is_yes(&self) -> bool {
        *self == Self::Yes
    }
}

/// One migration to be taken in one direction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step<'a> {
    /// The migration.
    pub migration: &'a Migration,
    /// Which way.
    pub direction: Direction,
    /// The script for this way.
    pub script: &'a Script,
    /// Whether in one transaction.
    pub atomic: Atomic,
    /// How many of its statements took effect in an earlier attempt, and are not run again.
    pub done: usize,
    /// Which of these are run again all the same, because they set something for the session that the rest needs.
    pub set_again: Vec<usize>,
    /// The journal's keys of the attempts that it goes on from.
    pub(crate) settles: Vec<String>,
    kept: Range<usize>,
}

impl<'a> Step<'a> {
    pub(super) fn new(migration: &'a Migration, script: &'a Script, direction: Direction, rules: &Rules) -> Self {
        let (atomic, kept) = atomicity(script, rules);
        Self { migration, direction, script, atomic, done: 0, set_again: Vec::new(), settles: Vec::new(), kept }
    }

    /// One that goes on behind its first `done` statements; never atomic, whatever its script says now, because these have run.
    pub(super) fn resumed(migration: &'a Migration, script: &'a Script, direction: Direction, done: usize) -> Self {
        let atomic = Atomic::No { why: "it goes on where an earlier attempt has left it".to_owned() };
        let kept = 0..script.statements.len();
        Self { migration, direction, script, atomic, done, set_again: Vec::new(), settles: Vec::new(), kept }
    }

    /// The checksum of its first `count` statements, as the journal keeps it of those that have taken effect.
    pub(crate) fn progress(&self, count: usize) -> Progress {
        Progress::of((0..count.min(self.statements().len())).map(|index| self.text(index)))
    }

    /// The statements that will be sent: all of the script, but for a `BEGIN … COMMIT` around everything.
    #[must_use]
    pub fn statements(&self) -> &'a [Statement] {
        &self.script.statements[self.kept.clone()]
    }

    /// The text of one of [`Step::statements`], exactly as the file has it; empty past the last one.
    #[must_use]
    pub fn text(&self, index: usize) -> &'a str {
        self.statements().get(index).map_or("", |statement| statement.text(&self.script.text))
    }

    /// Whether its script can leave settings, a role or temporary objects in the session.
    #[must_use]
    pub fn changes_session(&self) -> bool {
        self.statements().iter().any(|statement| statement.changes_session)
    }
}

/// Decides whether a script can run in one transaction, and which of its statements are sent then.
fn atomicity(script: &Script, rules: &Rules) -> (Atomic, Range<usize>) {
    let all = 0..script.statements.len();
    let no = |why: String| (Atomic::No { why }, all.clone());
    if !rules.transactional_ddl {
        return no(format!("{} commits each DDL statement by itself", rules.product));
    }
    if script.directives.no_transaction {
        return no("its file says no-transaction".to_owned());
    }
    if let Some((line, why)) = script.statements.iter().find_map(refusal) {
        return no(format!("line {line}: {why}"));
    }
    let control = |statement: &Statement| {
        matches!(statement.kind, StatementKind::Begin { .. } | StatementKind::Commit | StatementKind::Rollback)
    };
    match script.statements.as_slice() {
        [first, inner @ .., last]
            if first.kind == (StatementKind::Begin { plain: true })
                && last.kind == StatementKind::Commit
                && !inner.iter().any(control) =>
        {
            (Atomic::Yes, 1..all.end - 1)
        }
        statements => match statements.iter().find(|statement| control(statement)) {
            Some(statement) => {
                no(format!("line {}: {} of its own, not around everything", statement.line, statement.summary))
            }
            None => (Atomic::Yes, all),
        },
    }
}

fn refusal(statement: &Statement) -> Option<(u32, String)> {
    match statement.kind {
        StatementKind::ConcurrentIndex => {
            Some((statement.line, "a concurrent index command cannot run in a transaction".to_owned()))
        }
        StatementKind::NoTransaction { what } => {
            Some((statement.line, format!("{what} has no effect or is refused in a transaction")))
        }
        StatementKind::Ordinary | StatementKind::Begin { .. } | StatementKind::Commit | StatementKind::Rollback => None,
    }
}

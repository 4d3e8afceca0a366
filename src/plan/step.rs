//! One step of a plan, and whether it can run in one transaction.

mod atomicity;
mod foreign_keys;

use std::borrow::Cow;

pub use self::atomicity::Atomic;
use self::atomicity::Execution;
use super::{Objection, Rules};
use crate::history::Direction;
use crate::migration::{Checksum, Directives, Migration, Progress, Script, Statement, StatementKind};
use crate::script::Parsed;

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
    /// Whether foreign keys are enforced during its transaction, where its script switches that: a transaction ignores the switch, so
    /// it is made before the transaction, and back behind it. Where they are not, they are checked before the commit.
    pub foreign_keys: Option<bool>,
    /// How many of its statements took effect in an earlier attempt, and are not run again.
    pub done: usize,
    /// Which of these are run again all the same, because they set something for the session that the rest needs.
    pub set_again: Vec<usize>,
    /// The journal's keys of the attempts that it goes on from.
    pub(crate) settles: Vec<String>,
    directives: &'a Directives,
    sent: Cow<'a, [Statement]>,
    /// Whether one of these can leave something in the session.
    changes_session: bool,
    /// Which of its statements the server has refused inside a transaction.
    alone: Option<usize>,
}

impl<'a> Step<'a> {
    /// # Errors
    /// The objection where its script cannot be split.
    pub(super) fn new(migration: &'a Migration, direction: Direction, rules: &Rules) -> Result<Self, Box<Objection>> {
        let (script, parsed) = way(migration, direction)?;
        let Execution { atomic, foreign_keys, sent } = atomicity::decide(script.text(), parsed, rules);
        let step = Self::unchecked(migration, direction, (script, parsed), atomic, sent);
        Ok(Self { foreign_keys, ..step })
    }

    /// One that goes on behind its first `done` statements; never atomic, whatever its script says now, because these have run.
    ///
    /// # Errors
    /// The objection where there is no script for this way, or it cannot be split.
    pub(super) fn resumed(migration: &'a Migration, direction: Direction, done: usize) -> Result<Self, Box<Objection>> {
        let atomic = Atomic::No { why: "it goes on where an earlier attempt has left it".to_owned() };
        let (script, parsed) = way(migration, direction)?;
        let sent = Cow::Borrowed(parsed.statements.as_slice());
        Ok(Self { done, ..Self::unchecked(migration, direction, (script, parsed), atomic, sent) })
    }

    fn unchecked(
        migration: &'a Migration,
        direction: Direction,
        (script, parsed): (&'a Script, &'a Parsed),
        atomic: Atomic,
        sent: Cow<'a, [Statement]>,
    ) -> Self {
        Self {
            migration,
            direction,
            script,
            atomic,
            foreign_keys: None,
            done: 0,
            set_again: Vec::new(),
            settles: Vec::new(),
            directives: &parsed.directives,
            changes_session: sent.iter().any(|statement| statement.changes_session),
            sent,
            alone: None,
        }
    }

    /// The same statement by statement, because the server has refused the statement at `alone` inside a transaction.
    pub(crate) fn stepwise(self, why: &str, alone: usize) -> Self {
        Self { atomic: Atomic::No { why: why.to_owned() }, alone: Some(alone), ..self }
    }

    /// Which of its statements the server has refused inside a transaction.
    pub(crate) fn alone(&self) -> Option<usize> {
        self.alone
    }

    /// The same, where an earlier attempt has met that.
    pub(super) fn known_alone(self, alone: Option<usize>) -> Self {
        Self { alone, ..self }
    }

    /// Whether a statement is sent with no transaction around it but the server's own.
    #[must_use]
    pub fn goes_alone(&self, index: usize) -> bool {
        let outside = |statement: &Statement| {
            matches!(statement.kind, StatementKind::ConcurrentIndex | StatementKind::NoTransaction { .. })
        };
        self.directives.no_transaction || self.alone == Some(index) || self.statements().get(index).is_some_and(outside)
    }

    /// The checksum of its first `count` statements, as the journal keeps it of those that have taken effect.
    pub(crate) fn progress(&self, count: usize) -> Progress {
        Progress::of((0..count.min(self.statements().len())).map(|index| self.text(index)))
    }

    /// The checksum of one of its statements, as the journal keeps it of one that may have taken effect.
    pub(crate) fn checksum(&self, index: usize) -> Checksum {
        Progress::of(std::iter::once(self.text(index))).checksum()
    }

    /// The statements that will be sent: all of the script, but for a `BEGIN … COMMIT` of its own in place of which ours stands.
    #[must_use]
    pub fn statements(&self) -> &[Statement] {
        &self.sent
    }

    /// Whether a `BEGIN … COMMIT` of the script's own is left out of [`Step::statements`].
    pub(crate) fn has_own_transaction_left_out(&self) -> bool {
        matches!(self.sent, Cow::Owned(_))
    }

    /// The text of one of [`Step::statements`], exactly as the file has it; empty past the last one.
    #[must_use]
    pub fn text(&self, index: usize) -> &'a str {
        self.statements().get(index).map_or("", |statement| statement.text(self.script.text()))
    }

    /// Whether its script can leave settings, a role or temporary objects in the session.
    #[must_use]
    pub fn changes_session(&self) -> bool {
        self.changes_session
    }

    /// What the comments of its script ask for.
    #[must_use]
    pub fn directives(&self) -> &'a Directives {
        self.directives
    }
}

/// The script of a migration for one way, and what it says.
fn way(migration: &Migration, direction: Direction) -> Result<(&Script, &Parsed), Box<Objection>> {
    let script = match direction {
        Direction::Up => Some(&migration.up),
        Direction::Down => migration.down.as_ref(),
    };
    let (version, name) = (&migration.version, &migration.name);
    let no_down = || Box::new(Objection::NoDown { version: version.clone(), name: name.clone() });
    let script = script.ok_or_else(no_down)?;
    let parsed = script.parsed().map_err(|problems| Box::new(Objection::unreadable(script, problems)))?;
    Ok((script, parsed))
}

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

/// One migration to run in one direction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step<'a> {
    /// The migration.
    pub migration: &'a Migration,
    /// The direction.
    pub direction: Direction,
    /// The script for this direction.
    pub script: &'a Script,
    /// Whether it runs in one transaction.
    pub atomic: Atomic,
    /// Whether foreign keys are enforced during its transaction, where its script switches that: a transaction ignores the switch, so it
    /// happens before the transaction and is undone after it. If they are not enforced, they are checked before the commit.
    pub foreign_keys: Option<bool>,
    /// The number of its statements that took effect in an earlier attempt and are not run again.
    pub done: usize,
    /// Indexes of those that run again all the same, because they set session state that the rest needs.
    pub set_again: Vec<usize>,
    /// Journal keys of the attempts that it resumes.
    pub(crate) settles: Vec<String>,
    directives: &'a Directives,
    sent: Cow<'a, [Statement]>,
    /// Whether one of its statements can change the session.
    changes_session: bool,
    /// The index of the statement that the server has refused inside a transaction.
    alone: Option<usize>,
}

impl<'a> Step<'a> {
    /// # Errors
    /// The objection when its script is missing or cannot be split.
    pub(super) fn new(migration: &'a Migration, direction: Direction, rules: &Rules) -> Result<Self, Box<Objection>> {
        let way = way(migration, direction)?;
        let Execution { atomic, foreign_keys, sent } = atomicity::decide(way.script.text(), way.parsed, rules);
        let step = Self::unchecked(migration, way, atomic, sent);
        Ok(Self { foreign_keys, ..step })
    }

    /// A step that resumes after its first `done` statements. It is never atomic, because those have already run.
    ///
    /// # Errors
    /// The objection when there is no script for this direction, or it cannot be split.
    pub(super) fn resumed(migration: &'a Migration, direction: Direction, done: usize) -> Result<Self, Box<Objection>> {
        let atomic = Atomic::No { why: "it resumes an earlier attempt".to_owned() };
        let way = way(migration, direction)?;
        let sent = Cow::Borrowed(way.parsed.statements.as_slice());
        Ok(Self { done, ..Self::unchecked(migration, way, atomic, sent) })
    }

    fn unchecked(
        migration: &'a Migration,
        Way { direction, script, parsed }: Way<'a>,
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

    /// The same step, run statement by statement, because the server has refused the statement at `alone` inside a transaction.
    pub(crate) fn stepwise(self, why: &str, alone: usize) -> Self {
        Self { atomic: Atomic::No { why: why.to_owned() }, alone: Some(alone), ..self }
    }

    /// The index of the statement that the server has refused inside a transaction.
    pub(crate) fn alone(&self) -> Option<usize> {
        self.alone
    }

    /// The same step, where the server refused the statement at `alone` in an earlier attempt.
    pub(super) fn known_alone(self, alone: Option<usize>) -> Self {
        Self { alone, ..self }
    }

    /// Whether a statement is sent outside of any explicit transaction.
    #[must_use]
    pub fn goes_alone(&self, index: usize) -> bool {
        let outside = |statement: &Statement| {
            matches!(statement.kind, StatementKind::ConcurrentIndex | StatementKind::NoTransaction { .. })
        };
        self.directives.no_transaction || self.alone == Some(index) || self.statements().get(index).is_some_and(outside)
    }

    /// The checksum of its first `count` statements, as the journal stores it for statements that have taken effect.
    pub(crate) fn progress(&self, count: usize) -> Progress {
        Progress::of((0..count.min(self.statements().len())).map(|index| self.text(index)))
    }

    /// The checksum of one of its statements, as the journal stores it for a statement that may have taken effect.
    pub(crate) fn checksum(&self, index: usize) -> Checksum {
        Progress::of(std::iter::once(self.text(index))).checksum()
    }

    /// The statements to send: all of the script, except for its own `BEGIN … COMMIT` where the runner's transaction replaces it.
    #[must_use]
    pub fn statements(&self) -> &[Statement] {
        &self.sent
    }

    /// Whether [`Step::statements`] omits the script's own `BEGIN … COMMIT`.
    pub(crate) fn has_own_transaction_left_out(&self) -> bool {
        matches!(self.sent, Cow::Owned(_))
    }

    /// The text of one of [`Step::statements`], exactly as in the file; empty past the last one.
    #[must_use]
    pub fn text(&self, index: usize) -> &'a str {
        self.statements().get(index).map_or("", |statement| statement.text(self.script.text()))
    }

    /// Whether its script can leave settings, a role or temporary objects in the session.
    #[must_use]
    pub fn changes_session(&self) -> bool {
        self.changes_session
    }

    /// The directives in its script.
    #[must_use]
    pub fn directives(&self) -> &'a Directives {
        self.directives
    }
}

/// The script of a migration for one direction, and the result of parsing it.
/// The script of a migration in one direction.
struct Way<'a> {
    direction: Direction,
    script: &'a Script,
    parsed: &'a Parsed,
}

fn way(migration: &Migration, direction: Direction) -> Result<Way<'_>, Box<Objection>> {
    let script = match direction {
        Direction::Up => Some(&migration.up),
        Direction::Down => migration.down.as_ref(),
    };
    let (key, name) = (&migration.key, &migration.name);
    let no_down = || Box::new(Objection::NoDown { key: key.clone(), name: name.clone() });
    let script = script.ok_or_else(no_down)?;
    let parsed = script.parsed().map_err(|problems| Box::new(Objection::unreadable(script, problems)))?;
    Ok(Way { direction, script, parsed })
}

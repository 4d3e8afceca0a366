//! Decides whether a script can run in one transaction, and which of its statements are sent then.

use std::borrow::Cow;

use super::super::rules::Rules;
use super::foreign_keys;
use crate::migration::{Statement, StatementKind};
use crate::script::Parsed;

/// Whether a step runs in one transaction with its ledger row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Atomic {
    /// The migration is applied and recorded, or neither.
    Yes,
    /// Statement by statement, with its progress recorded in the journal.
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

/// How a script runs.
pub(super) struct Execution<'a> {
    pub(super) atomic: Atomic,
    /// Whether foreign keys are enforced during its transaction, where that differs from the connection's setting.
    pub(super) foreign_keys: Option<bool>,
    pub(super) sent: Cow<'a, [Statement]>,
}

/// Decides how a script runs.
pub(super) fn decide<'a>(text: &str, script: &'a Parsed, rules: &Rules) -> Execution<'a> {
    let all = Cow::Borrowed(script.statements.as_slice());
    match in_one_transaction(text, script, rules) {
        Err(why) => Execution { atomic: Atomic::No { why }, foreign_keys: None, sent: all },
        Ok(foreign_keys) if !script.statements.iter().any(is_control) => {
            Execution { atomic: Atomic::Yes, foreign_keys, sent: all }
        }
        Ok(foreign_keys) => {
            let inner = script.statements.iter().filter(|statement| !is_control(statement));
            Execution { atomic: Atomic::Yes, foreign_keys, sent: inner.cloned().collect() }
        }
    }
}

/// The foreign key setting during one transaction; `None` where it does not change.
///
/// # Errors
/// Why the script cannot run in one transaction.
fn in_one_transaction(text: &str, script: &Parsed, rules: &Rules) -> Result<Option<bool>, String> {
    if !rules.transactional_ddl {
        return Err(format!("{} commits each DDL statement by itself", rules.product));
    }
    if script.directives.no_transaction {
        return Err("its file has the directive no-transaction".to_owned());
    }
    if let Some((line, why)) = script.statements.iter().find_map(refusal) {
        return Err(format!("line {line}: {why}"));
    }
    let switch = foreign_keys::around(text, &script.statements, rules.foreign_keys)?;
    match script.statements.iter().find(|statement| is_control(statement)) {
        Some(first) if !can_be_left_out(&script.statements, switch.is_some()) => Err(format!(
            "line {}: its own transaction ({}) does not enclose the whole script",
            first.line, first.summary
        )),
        _ => Ok(switch),
    }
}

/// Whether the runner's transaction can replace the script's own: one that encloses everything but pragmas, or, where the script
/// switches foreign keys, each one between two switches.
fn can_be_left_out(statements: &[Statement], switched: bool) -> bool {
    let (mut open, mut count) = (false, 0);
    for statement in statements {
        match statement.kind {
            StatementKind::Begin { plain: true } if !open => {
                open = true;
                count += 1;
            }
            StatementKind::Commit if open => open = false,
            _ if is_control(statement) => return false,
            _ if open || switched || statement.summary.starts_with("PRAGMA") => {}
            _ => return false,
        }
    }
    !open && (switched || count == 1)
}

fn is_control(statement: &Statement) -> bool {
    matches!(statement.kind, StatementKind::Begin { .. } | StatementKind::Commit | StatementKind::Rollback)
}

fn refusal(statement: &Statement) -> Option<(u32, String)> {
    match statement.kind {
        StatementKind::ConcurrentIndex => {
            Some((statement.line, "a concurrent index command cannot run in a transaction".to_owned()))
        }
        StatementKind::NoTransaction { what } => {
            Some((statement.line, format!("{what} has no effect or is refused in a transaction")))
        }
        _ => None,
    }
}

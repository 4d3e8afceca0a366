//! Checks of one's own: asked in a transaction that reads and is rolled back.

use super::OwnCheck;
use super::asked::{Asked, LIMIT, LIMITS};
use super::before::{Fault, Prior};
use super::judgement::{self, Finding};
use crate::database::{DatabaseError, Limits, Row};
use crate::migration::Place;
use crate::report::CheckStatus;

/// A refusal, and the byte of the file where the refused statement begins.
type Refused = (DatabaseError, usize);

/// Runs every statement of the check; healthy when none of them returns a row.
pub(super) async fn examined(asked: &mut Asked<'_>, check: &OwnCheck, prior: &Prior) -> Finding {
    if let Some(finding) = asked.unasked() {
        return finding;
    }
    if let Some(finding) = misread(asked, check) {
        return finding;
    }
    let result = rows(asked, check).await;
    // The error of a statement says more than that of a rollback after it.
    let rolled_back = asked.session.rollback().await;
    let (refused, start) = match (result, rolled_back) {
        (Ok(rows), Ok(())) => {
            let fault = |row: &Row| Fault { text: judgement::text(row.iter()), identity: None };
            let limits = asked.thresholds().of_own(&check.name);
            return judgement::faults(rows.iter().map(fault).collect(), limits, prior);
        }
        (Err(refused), _) => refused,
        (Ok(_), Err(error)) => (error, 0),
    };
    // Whether it was refused before as well does not matter: what cannot be asked is not known to be well.
    let finding = asked.refused(&refused, CheckStatus::Fail, &Prior::Unasked);
    // Whoever reads it wants to open the file at the right line.
    let place = Place::at(check.script.text(), start + refused.position.unwrap_or_default());
    let path = check.script.path().display();
    Finding { message: format!("{path}:{}:{}: {}", place.line, place.column, finding.message), ..finding }
}

/// A failure where the session would read the file in another way than it was read: its statements might end elsewhere.
fn misread(asked: &Asked<'_>, check: &OwnCheck) -> Option<Finding> {
    let (mode, place) = asked.session.abilities().read_otherwise(check.script.text())?;
    let path = check.script.path().display();
    let message = format!("{path}:{}:{}: a string has a backslash, and the session's {mode}", place.line, place.column);
    Some(Finding::new(CheckStatus::Fail, message))
}

async fn rows(asked: &mut Asked<'_>, check: &OwnCheck) -> Result<Vec<Row>, Refused> {
    let script = &check.script;
    let limit = Limits::given(script.directives().statement_timeout).unwrap_or(LIMIT);
    let lock_timeout = Limits::given(script.directives().lock_timeout.or(LIMITS.lock_timeout));
    let limits = Limits { lock_timeout, statement_timeout: Some(limit) };
    asked.session.look(&limits).await.map_err(|error| (error, 0))?;
    let mut rows = Vec::new();
    for statement in script.statements() {
        let answer = asked.query_within(statement.text(script.text()), limit).await;
        rows.extend(answer.map_err(|error| (error, statement.start))?);
    }
    Ok(rows)
}

/// What to do about its rows is known to whoever wrote the check; where it was refused, the message names the file already.
pub(super) fn help(check: &OwnCheck, finding: &Finding) -> String {
    match finding.value {
        Some(_) => format!("{} returns a row for each fault", check.script.path().display()),
        None => String::new(),
    }
}

//! Custom checks: each runs in a read-only transaction that is rolled back.

use super::evaluation::{self, CheckResult};
use super::prior::{Fault, Prior};
use super::session::{CheckSession, LIMIT, LIMITS};
use crate::database::{DatabaseError, Limits, Query, Row, Transaction};
use crate::layout::CustomCheck;
use crate::migration::Place;
use crate::report::CheckStatus;

/// A refusal, and the byte of the file where the refused statement begins.
type Refused = (DatabaseError, usize);

/// Runs every statement of the check; healthy when none of them returns a row.
pub(super) async fn run(session: &mut CheckSession<'_>, check: &CustomCheck, prior: &Prior) -> CheckResult {
    if let Some(result) = session.skipped() {
        return result;
    }
    if let Some(result) = misread(session, check) {
        return result;
    }
    let result = rows(session, check).await;
    // The error of a statement says more than that of a rollback after it.
    let rolled_back = session.session.rollback().await;
    let (refused, start) = match (result, rolled_back) {
        (Ok(rows), Ok(_)) => {
            let fault = |row: &Row| Fault { text: evaluation::text(row.iter()), identity: None };
            let limits = session.thresholds().of_own(&check.name);
            return evaluation::faults(rows.iter().map(fault).collect(), limits, prior);
        }
        (Err(refused), _) => refused,
        (Ok(_), Err(error)) => (error, 0),
    };
    // It fails even if it was refused before the run, too: a check that cannot run does not show that the database is healthy.
    let result = session.refused(&refused, CheckStatus::Fail, &Prior::NotChecked);
    // The message names the line of the file to open.
    let place = Place::at(check.script.text(), start + refused.position.unwrap_or_default());
    let path = check.script.path().display();
    CheckResult { message: format!("{path}:{}:{}: {}", place.line, place.column, result.message), ..result }
}

/// The failure of a check whose file this session would split in another way than the lexer did, so that statements might end elsewhere.
fn misread(session: &CheckSession<'_>, check: &CustomCheck) -> Option<CheckResult> {
    let (mode, place) = session.session.capabilities().read_otherwise(check.script.text())?;
    let path = check.script.path().display();
    let message = format!("{path}:{}:{}: a string has a backslash, and the session's {mode}", place.line, place.column);
    Some(CheckResult::new(CheckStatus::Fail, message))
}

async fn rows(session: &mut CheckSession<'_>, check: &CustomCheck) -> Result<Vec<Row>, Refused> {
    let script = &check.script;
    let limit = Limits::given(script.directives().statement_timeout).unwrap_or(LIMIT);
    let lock_timeout = Limits::given(script.directives().lock_timeout.or(LIMITS.lock_timeout));
    let limits = Limits { lock_timeout, statement_timeout: Some(limit) };
    session.session.begin(Transaction::Read(&limits)).await.map_err(|error| (error, 0))?;
    let mut rows = Vec::new();
    for statement in script.statements() {
        let answer = session.query_within(Query::InPath(statement.text(script.text())), limit).await;
        rows.extend(answer.map_err(|error| (error, statement.start))?);
    }
    Ok(rows)
}

/// The help line of a check that found rows; where the check was refused, the message names the file already.
pub(super) fn help(check: &CustomCheck, result: &CheckResult) -> String {
    match result.value {
        Some(_) => format!("{} returns a row for each fault", check.script.path().display()),
        None => String::new(),
    }
}

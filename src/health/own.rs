//! Checks of one's own: asked in a transaction that reads and is rolled back.

use super::OwnCheck;
use super::examination::{Asked, LIMIT, LIMITS};
use super::judgement::{self, Finding};
use crate::database::{DatabaseError, Limits, Row};
use crate::report::CheckStatus;

/// Runs every statement of the check; healthy when none of them returns a row.
pub(super) async fn ask(asked: &mut Asked<'_>, check: &OwnCheck) -> Finding {
    let result = rows(asked, check).await;
    // The error of a statement says more than that of a rollback after it.
    let rolled_back = asked.session.rollback().await;
    let refused = match (result, rolled_back) {
        (Ok(rows), Ok(())) => {
            return judgement::no_rows(rows.len(), rows.iter().map(|row| judgement::text(row.iter())));
        }
        (Err(error), _) | (Ok(_), Err(error)) => error,
    };
    let finding = asked.refused(&refused, CheckStatus::Fail);
    let path = check.script.path.display();
    Finding { message: format!("{path}: {}", finding.message), ..finding }
}

async fn rows(asked: &mut Asked<'_>, check: &OwnCheck) -> Result<Vec<Row>, DatabaseError> {
    let script = &check.script;
    let limit = script.directives.statement_timeout.unwrap_or(LIMIT);
    let limits =
        Limits { lock_timeout: script.directives.lock_timeout.or(LIMITS.lock_timeout), statement_timeout: Some(limit) };
    asked.session.look(&limits).await?;
    let mut rows = Vec::new();
    for statement in &script.statements {
        rows.extend(asked.query_within(statement.text(&script.text), limit).await?);
    }
    Ok(rows)
}

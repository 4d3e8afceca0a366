//! From a database error to its position in a file.

use crate::database::DatabaseError;
use crate::migration::{Place, Script, Statement};
use crate::plan::Step;
use crate::report::{Failure, PartialEffect, Stage};

/// The failure of a step, at the position that the database reports, or otherwise at the start of the statement.
pub(super) fn of_step(step: &Step<'_>, index: usize, error: &DatabaseError, remains: PartialEffect) -> Failure {
    in_script(step.script, step.statements(), index, error, remains)
}

/// The same for any script that consists of these statements.
pub(super) fn in_script(
    script: &Script,
    statements: &[Statement],
    index: usize,
    error: &DatabaseError,
    remains: PartialEffect,
) -> Failure {
    let statement = statements.get(index);
    let start = statement.map_or(0, |statement| statement.start);
    let place = match error.position {
        Some(position) => script.place(start + position),
        None => statement.map_or(Place { byte: 0, line: 1, column: 1 }, at_start),
    };
    Failure {
        path: script.path().to_owned(),
        line: place.line,
        column: place.column,
        offset: place.byte,
        exact: error.position.is_some(),
        statement: (error.stage != Stage::Before).then(|| u32::try_from(index + 1).unwrap_or(u32::MAX)),
        stage: error.stage,
        summary: statement.map(|statement| statement.summary.clone()).unwrap_or_default(),
        code: error.code.clone(),
        message: error.message.clone(),
        lost: error.lost(),
        detail: error.detail.clone(),
        hint: error.hint.clone(),
        invalid_index: None,
        blocker: None,
        remains,
    }
}

/// A server's error without values of the script's placeholders.
pub(super) fn without_values(script: &Script, error: DatabaseError) -> DatabaseError {
    let hidden = |text: String| script.without_values(&text).into_owned();
    DatabaseError {
        message: hidden(error.message),
        detail: error.detail.map(hidden),
        hint: error.hint.map(hidden),
        ..error
    }
}

fn at_start(statement: &Statement) -> Place {
    Place { byte: statement.start, line: statement.line, column: statement.column }
}

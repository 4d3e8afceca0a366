//! A parsed script as compact text, one line a statement, a directive or an error.

use std::fmt::Write as _;

use migrascope::migration::{Dialect, Directives, Statement, StatementKind};
use migrascope::script::{self, ScriptError};

/// Everything that `parse` returns for a text.
pub(crate) fn render(dialect: Dialect, text: &str) -> String {
    let mut lines = String::new();
    match script::parse(text, dialect) {
        Ok(parsed) => {
            directives(&mut lines, &parsed.directives);
            for statement in &parsed.statements {
                writeln!(lines, "{}", line(text, statement)).unwrap();
            }
        }
        Err(errors) => {
            for ScriptError { place, problem } in errors {
                writeln!(lines, "{}:{} error: {problem}", place.line, place.column).unwrap();
            }
        }
    }
    lines
}

fn directives(lines: &mut String, directives: &Directives) {
    let Directives { no_transaction, lock_timeout, statement_timeout, allow, .. } = directives;
    if *no_transaction {
        writeln!(lines, "directive no-transaction").unwrap();
    }
    if let Some(timeout) = lock_timeout {
        writeln!(lines, "directive lock-timeout {timeout:?}").unwrap();
    }
    if let Some(timeout) = statement_timeout {
        writeln!(lines, "directive statement-timeout {timeout:?}").unwrap();
    }
    for hazard in allow {
        writeln!(lines, "directive allow {hazard}").unwrap();
    }
}

fn line(text: &str, statement: &Statement) -> String {
    let Statement { line, column, kind, changes_session, summary, .. } = statement;
    let kind = match kind {
        StatementKind::Ordinary => String::new(),
        StatementKind::Begin { plain: true } => " [begin]".to_owned(),
        StatementKind::Begin { plain: false } => " [begin with a mode]".to_owned(),
        StatementKind::Commit => " [commit]".to_owned(),
        StatementKind::Rollback => " [rollback]".to_owned(),
        StatementKind::ConcurrentIndex => " [concurrent index]".to_owned(),
        StatementKind::NoTransaction { what } => format!(" [no transaction: {what}]"),
        other => format!(" [{other:?}]"),
    };
    let session = if *changes_session { " [session]" } else { "" };
    let text = statement.text(text).replace('\r', "␍").replace('\n', "⏎");
    format!("{line}:{column}{kind}{session} {summary} | {text}")
}

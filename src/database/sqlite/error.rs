//! Translates result codes and error positions.

use super::classes;
use crate::database::failure::{self, DatabaseError, ErrorKind};
use crate::database::locate;
use crate::report::Stage;

/// Translates the driver's error about `sql`.
pub(super) fn translate(error: &sqlx::Error, sql: &str) -> DatabaseError {
    let Some(server) = error.as_database_error() else {
        return failure::from_driver(error);
    };
    let message = server.message().to_owned();
    let code = server.code().map(std::borrow::Cow::into_owned);
    let number: i32 = code.as_deref().and_then(|code| code.parse().ok()).unwrap_or_default();
    DatabaseError {
        kind: kind(number, &message),
        disclosable: classes::word(number).map(str::to_owned),
        position: position(&message, sql),
        code,
        detail: None,
        hint: None,
        message,
        inside: false,
        stage: Stage::Statement,
    }
}

/// Translates the driver's error about a file that could not be opened.
pub(super) fn from_connect(error: &sqlx::Error) -> DatabaseError {
    match error.as_database_error() {
        Some(_) => match translate(error, "") {
            // The file exists, and another session has locked it.
            busy if busy.kind == ErrorKind::LockTimeout => busy,
            refused => DatabaseError { kind: ErrorKind::Connect, ..refused },
        },
        None => failure::from_connect(error),
    }
}

/// Maps the primary result codes of sqlite3.h, which are the low byte of the extended ones.
fn kind(number: i32, message: &str) -> ErrorKind {
    match number & 0xff {
        5 | 6 => ErrorKind::LockTimeout,
        8 => ErrorKind::ReadOnly,
        9 => ErrorKind::Cancelled,
        14 | 26 => ErrorKind::Connect,
        1 if message.starts_with("no such table") => ErrorKind::NoTable,
        1 if message.starts_with("no such column") => ErrorKind::Invalid,
        1 if refuses_transaction(message) => ErrorKind::InTransaction,
        1 if message.contains("syntax error")
            || message.starts_with("incomplete input")
            || message.starts_with("unrecognized token") =>
        {
            ErrorKind::Syntax
        }
        _ => ErrorKind::Other,
    }
}

/// Whether a command failed because a transaction is open. `DETACH` reports that as a lock. A nested `BEGIN` is a different error.
fn refuses_transaction(message: &str) -> bool {
    let detach = message.starts_with("database ") && message.ends_with(" is locked") && message != "database is locked";
    let inside = message.contains("within a transaction") || message.contains("inside a transaction");
    detach || inside && !message.starts_with("cannot start a transaction")
}

fn position(message: &str, sql: &str) -> Option<usize> {
    if message.starts_with("incomplete input") {
        return Some(sql.trim_end().len());
    }
    let name =
        ["no such table: ", "no such column: ", "no such function: ", "no such index: ", "duplicate column name: "]
            .into_iter()
            .find_map(|start| message.strip_prefix(start))
            .or_else(|| message.strip_prefix("table ")?.strip_suffix(" already exists"))?;
    let name = name.rsplit('.').next().unwrap_or(name).trim_matches(['"', '`', '[', ']']);
    locate::only_word(sql, name)
}

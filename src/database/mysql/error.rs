//! Translates error numbers and error positions.

use sqlx::mysql::MySqlDatabaseError;

use super::{classes, plugin};
use crate::database::failure::{self, DatabaseError, ErrorKind};
use crate::database::locate;
use crate::report::Stage;

/// Translates the driver's error about `sql`.
pub(super) fn translate(error: &sqlx::Error, sql: &str) -> DatabaseError {
    let Some(server) = server_error(error) else {
        return failure::from_driver(error);
    };
    let message = failure::kept(server.message());
    DatabaseError {
        kind: kind(server.number()),
        code: Some(server.number().to_string()),
        disclosable: classes::word(server.number()).map(str::to_owned),
        position: position(server.number(), &message, sql),
        detail: server.code().map(|state| format!("SQLSTATE {state}")),
        hint: None,
        message,
        inside: false,
        stage: Stage::Statement,
    }
}

/// Translates the driver's error about a connection that failed.
pub(super) fn from_connect(error: &sqlx::Error) -> DatabaseError {
    match (server_error(error), error) {
        (Some(_), _) => translate(error, ""),
        (None, sqlx::Error::Protocol(text)) => {
            plugin::from_driver(text).unwrap_or_else(|| failure::from_connect(error))
        }
        (None, _) => failure::from_connect(error),
    }
}

fn server_error(error: &sqlx::Error) -> Option<&MySqlDatabaseError> {
    error.as_database_error()?.try_downcast_ref()
}

/// Maps numbers from the servers' error references.
fn kind(number: u16) -> ErrorKind {
    match number {
        1045 | 1698 => ErrorKind::Authentication,
        1049 => ErrorKind::NoDatabase,
        1064 => ErrorKind::Syntax,
        1146 => ErrorKind::NoTable,
        1044 | 1142 | 1143 | 1227 | 1370 => ErrorKind::Permission,
        1050 | 1051 | 1054 | 1060 | 1061 | 1072 | 1091 | 1305 | 1318 => ErrorKind::Invalid,
        1205 => ErrorKind::LockTimeout,
        1213 => ErrorKind::Deadlock,
        1317 | 1969 | 3024 => ErrorKind::Cancelled,
        1290 | 1792 | 1836 => ErrorKind::ReadOnly,
        1179 | 1568 | 1679 | 1685 | 1694 | 1766 => ErrorKind::InTransaction,
        1040 | 1203 | 1226 => ErrorKind::Connect,
        1053 | 1927 | 4031 => ErrorKind::Lost,
        _ => ErrorKind::Other,
    }
}

fn position(number: u16, message: &str, sql: &str) -> Option<usize> {
    match number {
        1064 => syntax_position(message, sql),
        // Unknown column, table, database or key; duplicate column or key; table exists or does not.
        1050 | 1051 | 1054 | 1060 | 1061 | 1072 | 1091 | 1146 => {
            let name = locate::between(message, "'", "'")?;
            locate::only_word(sql, name.rsplit('.').next().unwrap_or(name))
        }
        // `PROCEDURE shop.p does not exist`, or the wrong number of arguments for it.
        1305 | 1318 => {
            let name = message.split_whitespace().find(|word| word.contains('.'))?.trim_end_matches(';');
            locate::only_word(sql, name.rsplit('.').next().unwrap_or(name))
        }
        _ => None,
    }
}

/// The message quotes the text from the offending token on, up to 80 characters, and gives the line.
fn syntax_position(message: &str, sql: &str) -> Option<usize> {
    let (_, rest) = message.split_once("near '")?;
    let (near, line) = rest.rsplit_once("' at line ")?;
    let start = locate::line_start(sql, line.trim().parse().ok()?);
    if near.is_empty() {
        return Some(sql.trim_end().len());
    }
    if sql.ends_with(near) {
        // The quote extends to the end of the statement, so it is the last occurrence, not the first.
        return Some(sql.len() - near.len());
    }
    let from_line = sql.get(start..)?;
    if let Some(offset) = from_line.find(near) {
        return Some(start + offset);
    }
    // The server may cut the quote in the middle of a character: fall back to the part up to its first line break.
    let first_line = near.lines().next().filter(|line| !line.is_empty())?;
    from_line.find(first_line).map(|offset| start + offset)
}

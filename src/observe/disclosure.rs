//! What of a database's message may leave the process: never a piece of SQL, never a value.

use crate::database::{DatabaseError, ErrorKind};

/// Messages that a migration words itself: `RAISE` in PL/pgSQL, `SIGNAL` in MySQL, `RAISE()` in an SQLite trigger.
const WORDED_BY_SQL: [&str; 3] = ["P0001", "1644", "1811"];

/// Quotation marks of the servers' languages.
const QUOTES: [char; 8] = ['\'', '"', '`', '«', '»', '“', '”', '„'];

/// The message with everything between its first and its last quotation mark left out; `None` when all of it may be SQL.
///
/// Servers quote what they complain about: a piece of the statement after a syntax error, a row's values after a
/// conflict. Marks inside the quotation are not escaped, so only the outermost pair can be trusted.
pub(super) fn disclose(error: &DatabaseError) -> Option<String> {
    if error.code.as_deref().is_some_and(|code| WORDED_BY_SQL.contains(&code)) {
        return None;
    }
    if names_things_only(error.kind) {
        return Some(error.message.clone());
    }
    Some(unquoted(&error.message))
}

/// Whether such messages name a server, a user or a table, and nothing else.
fn names_things_only(kind: ErrorKind) -> bool {
    matches!(
        kind,
        ErrorKind::Connect
            | ErrorKind::Authentication
            | ErrorKind::NoDatabase
            | ErrorKind::NoSchema
            | ErrorKind::Unsupported
            | ErrorKind::Lost
            | ErrorKind::NoTable
            | ErrorKind::Permission
            | ErrorKind::LockTimeout
            | ErrorKind::Cancelled
            | ErrorKind::Deadlock
            | ErrorKind::Pooled
            | ErrorKind::ReadOnly
            | ErrorKind::InTransaction
    )
}

fn unquoted(message: &str) -> String {
    let first = message.char_indices().find(|(_, character)| QUOTES.contains(character));
    let last = message.char_indices().rfind(|(_, character)| QUOTES.contains(character));
    match (first, last) {
        (Some((start, mark)), Some((end, _))) if start < end => {
            format!("{}…{}", &message[..start + mark.len_utf8()], &message[end..])
        }
        (Some((start, _)), _) => message[..start].trim_end().to_owned(),
        (None, _) => message.to_owned(),
    }
}

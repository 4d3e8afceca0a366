//! Translates SQLSTATEs and error positions.

use sqlx::postgres::{PgDatabaseError, PgErrorPosition};

use super::classes;
use crate::database::failure::{self, DatabaseError, ErrorKind};
use crate::report::Stage;

/// Translates the driver's error; the statement begins `prefix` characters into the message.
pub(super) fn translate(error: &sqlx::Error, prefix: usize) -> DatabaseError {
    let Some(server) = server_error(error) else {
        return failure::from_driver(error);
    };
    let position = match server.position() {
        // A position counts characters from 1; everything before the statement is the runner's own ASCII text.
        Some(PgErrorPosition::Original(position)) => position.checked_sub(prefix + 1),
        Some(PgErrorPosition::Internal { .. }) | None => None,
    };
    DatabaseError {
        kind: match refuses_transaction(server) {
            true => ErrorKind::InTransaction,
            false => kind(server.code(), server.message()),
        },
        code: Some(server.code().to_owned()),
        message: failure::kept(server.message()),
        detail: server.detail().map(failure::kept),
        hint: server.hint().map(failure::kept),
        disclosable: disclosable(server),
        position,
        inside: server.r#where().is_some(),
        stage: Stage::Statement,
    }
}

/// Translates the driver's error about a connection that failed.
pub(super) fn from_connect(error: &sqlx::Error) -> DatabaseError {
    match server_error(error) {
        Some(server) if refuses_options(server.message()) => settings_refused(server.message()),
        Some(_) => translate(error, 0),
        None => failure::from_connect(error),
    }
}

/// PgBouncer up to 1.19 refuses `options` entirely; later versions, and the poolers of Neon and Supabase, refuse individual settings in them.
fn refuses_options(message: &str) -> bool {
    message.contains("startup parameter") && message.contains("options")
}

/// A pooler shares its sessions between clients, so it does not accept session settings.
fn settings_refused(message: &str) -> DatabaseError {
    let hint = "a pooler does not accept options, schema, search_path, statement_timeout or lock_timeout from the URL or PGOPTIONS: name \
        the server itself, or leave them out and set them once with ALTER ROLE … IN DATABASE … SET …";
    DatabaseError { hint: Some(hint.to_owned()), ..DatabaseError::new(ErrorKind::Other, message) }
}

/// The description of the code, and the objects that the server names in separate fields. SQL code can fill these fields with any text, so they
/// are ignored where the server reports that the error comes from such code.
fn disclosable(error: &PgDatabaseError) -> Option<String> {
    let class = classes::word(error.code())?;
    if error.r#where().is_some() {
        return Some(class.to_owned());
    }
    let table = error.table().map(|table| match error.schema() {
        Some(schema) => format!("table {schema}.{table}"),
        None => format!("table {table}"),
    });
    let column = error.column().map(|column| format!("column {column}"));
    let constraint = error.constraint().map(|constraint| format!("constraint {constraint}"));
    let names: Vec<String> = [table, column, constraint].into_iter().flatten().collect();
    Some(if names.is_empty() { class.to_owned() } else { format!("{class} ({})", names.join(", ")) })
}

fn server_error(error: &sqlx::Error) -> Option<&PgDatabaseError> {
    error.as_database_error()?.try_downcast_ref()
}

/// Whether the server refuses to run a command inside a transaction. A late `SET TRANSACTION` has the same code, but a different
/// routine in the server's source.
fn refuses_transaction(error: &PgDatabaseError) -> bool {
    error.code() == "25001" && error.routine().is_none_or(|routine| routine == "PreventInTransactionBlock")
}

/// Maps the codes of PostgreSQL's appendix A.
fn kind(code: &str, message: &str) -> ErrorKind {
    match code {
        // PgBouncer reports this with a generic code.
        "08P01" if message.contains("statement pooling") => ErrorKind::Pooled,
        "28000" | "28P01" => ErrorKind::Authentication,
        "3D000" => ErrorKind::NoDatabase,
        "42601" => ErrorKind::Syntax,
        "42P01" => ErrorKind::NoTable,
        "42501" => ErrorKind::Permission,
        "55P03" => ErrorKind::LockTimeout,
        "57014" => ErrorKind::Cancelled,
        "40P01" => ErrorKind::Deadlock,
        "40001" => ErrorKind::Serialization,
        "25006" => ErrorKind::ReadOnly,
        "53300" | "57P03" => ErrorKind::Connect,
        "25P03" | "25P04" | "57P01" | "57P02" | "57P04" | "57P05" => ErrorKind::Lost,
        _ if code.starts_with("42") => ErrorKind::Invalid,
        _ if code.starts_with("08") => ErrorKind::Lost,
        _ => ErrorKind::Other,
    }
}

//! SQL text for PostgreSQL: names, literals and settings.

use std::time::Duration;

use crate::database::value::milliseconds;
use crate::database::{Limits, Value};
use crate::sql::hexadecimal;

/// A quoted name.
pub(super) fn quoted(identifier: &str) -> String {
    format!("\"{}\"", identifier.replace('"', "\"\""))
}

/// A literal.
pub(super) fn literal(value: &Value) -> String {
    match value {
        Value::Null => "NULL".to_owned(),
        Value::Bool(true) => "TRUE".to_owned(),
        Value::Bool(false) => "FALSE".to_owned(),
        Value::Int(number) => number.to_string(),
        Value::Text(text) => text_literal(text),
        Value::Bytes(bytes) => format!("pg_catalog.decode('{}', 'hex')", hexadecimal(bytes)),
        Value::Moment(moment) => format!("{}::timestamptz", text_literal(moment)),
        Value::User => "CURRENT_USER".to_owned(),
        Value::Now => "pg_catalog.clock_timestamp()".to_owned(),
        Value::UtcNow => "pg_catalog.clock_timestamp() AT TIME ZONE 'UTC'".to_owned(),
        Value::BeforeBegin(before) => {
            format!("pg_catalog.transaction_timestamp() - interval '{} microseconds'", before.as_micros())
        }
        Value::Ago(duration) => {
            format!("pg_catalog.clock_timestamp() - interval '{} microseconds'", duration.as_micros())
        }
        Value::MillisecondsSinceBegin(before) => format!(
            "pg_catalog.round((pg_catalog.date_part('epoch', pg_catalog.clock_timestamp() - \
             pg_catalog.transaction_timestamp()) * 1000)::numeric, 3) + {}",
            milliseconds(*before)
        ),
        Value::Milliseconds(duration) => milliseconds(*duration),
    }
}

/// The byte offset of a character position that the server has reported.
pub(super) fn byte(sql: &str, chars: usize) -> usize {
    sql.char_indices().nth(chars).map_or(sql.len(), |(byte, _)| byte)
}

/// The settings for these limits. A limit that is not given is reset to its default where it may have been set before (`limited`).
pub(super) fn settings(verb: &str, limits: &Limits, limited: bool) -> Vec<String> {
    let setting = |name: &str, limit: Option<Duration>| match limit {
        Some(limit) => Some(format!("{verb} {name} = {}", limit.as_millis().clamp(1, i32::MAX as u128))),
        None => limited.then(|| format!("{verb} {name} TO DEFAULT")),
    };
    [setting("lock_timeout", limits.lock_timeout), setting("statement_timeout", limits.statement_timeout)]
        .into_iter()
        .flatten()
        .collect()
}

/// An `E'…'` literal, which does not depend on `standard_conforming_strings`.
pub(super) fn text_literal(text: &str) -> String {
    let escaped = text.replace('\0', "").replace('\\', "\\\\").replace('\'', "''");
    format!("E'{escaped}'")
}

/// A statement that sets the variables of a hook for the current transaction, if any has a value.
pub(super) fn hook_variables(variables: &[(&str, Option<&str>)]) -> Option<String> {
    let set = |(name, value): &(&str, Option<&str>)| {
        value.map(|value| format!("pg_catalog.set_config('migrascope.{name}', {}, true)", text_literal(value)))
    };
    let set: Vec<String> = variables.iter().filter_map(set).collect();
    (!set.is_empty()).then(|| format!("SELECT {}", set.join(", ")))
}

//! Restores the settings that an ordinary client would get, in place of those that the driver sends.
//!
//! The driver's startup message sets `TimeZone` and `DateStyle`, which override the server's settings, so a script would read and write dates
//! differently than with `psql`. `psql` gets them from, in this order: its environment, the connection's options, the settings of the user and
//! of the database, and the server's configuration.

use std::env;

use super::wire::Wire;
use crate::database::DatabaseError;

/// The settings, each with the environment variable that `psql` reads.
const SETTINGS: [(&str, &str); 2] = [("TimeZone", "PGTZ"), ("DateStyle", "PGDATESTYLE")];

/// The settings for this user or this database, the most specific first.
const FOR_USER_OR_DATABASE: &str = "SELECT pg_catalog.split_part(c, '=', 1), pg_catalog.substr(c, pg_catalog.strpos(c, '=') + 1) \
     FROM pg_catalog.pg_db_role_setting s CROSS JOIN pg_catalog.unnest(s.setconfig) c \
     WHERE s.setrole IN (0, (SELECT oid FROM pg_catalog.pg_roles WHERE rolname = session_user)) \
     AND s.setdatabase IN (0, (SELECT oid FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database())) \
     ORDER BY s.setrole = 0, s.setdatabase = 0";

/// The settings in the server's files, for users who may read them. Others cannot query them, but `initdb` sets `log_timezone` to the same value.
const CONFIGURED: &str = "SELECT name, setting FROM pg_catalog.pg_file_settings WHERE applied";
const MAY_READ_FILES: &str = "SELECT pg_catalog.has_table_privilege('pg_catalog.pg_file_settings', 'SELECT') \
     AND pg_catalog.has_function_privilege('pg_catalog.pg_show_all_file_settings()', 'EXECUTE')";
const LIKELY: &str = "SELECT 'TimeZone', pg_catalog.current_setting('log_timezone')";

/// An expression for the time zone that an ordinary client gets if its own environment names none. Sessions that only read have the driver's.
pub(super) fn usual_zone() -> String {
    format!(
        "COALESCE((SELECT own.value FROM ({FOR_USER_OR_DATABASE}) AS own (name, value) WHERE pg_catalog.lower(own.name) = 'timezone' LIMIT 1), \
         pg_catalog.current_setting('log_timezone'))"
    )
}

/// The names and values that an ordinary client would get. Values that cannot be determined are omitted.
pub(super) async fn own(wire: &mut Wire, options: Option<&str>) -> Result<Vec<(String, String)>, DatabaseError> {
    let mut known: Vec<(String, String)> = Vec::new();
    for (name, variable) in SETTINGS {
        let value = env::var(variable).ok().filter(|value| !value.is_empty());
        known.extend(value.or_else(|| option(options.unwrap_or_default(), name)).map(|value| (name.to_owned(), value)));
    }
    for sql in [FOR_USER_OR_DATABASE, CONFIGURED, LIKELY] {
        if SETTINGS.iter().all(|(name, _)| is_known(&known, name)) {
            break;
        }
        if sql == CONFIGURED && !allowed(wire).await? {
            continue;
        }
        for row in wire.query(sql).await? {
            let [Some(name), Some(value)] = row.as_slice() else { continue };
            if SETTINGS.iter().any(|(setting, _)| setting.eq_ignore_ascii_case(name)) && !is_known(&known, name) {
                known.push((name.clone(), value.clone()));
            }
        }
    }
    Ok(known)
}

/// SQL that sets these where the current value is the driver's.
pub(super) fn set(own: &[(String, String)]) -> Option<String> {
    let literal = super::text::text_literal;
    let values: Vec<String> =
        own.iter().map(|(name, value)| format!("({}, {})", literal(&name.to_lowercase()), literal(value))).collect();
    (!values.is_empty()).then(|| {
        format!(
            "SELECT pg_catalog.set_config(s.name, v.value, false) FROM pg_catalog.pg_settings s \
             JOIN (VALUES {}) AS v (name, value) ON v.name = pg_catalog.lower(s.name) WHERE s.source = 'client'",
            values.join(", ")
        )
    })
}

async fn allowed(wire: &mut Wire) -> Result<bool, DatabaseError> {
    let rows = wire.query(MAY_READ_FILES).await?;
    Ok(rows.first().and_then(|row| row.first()?.as_deref()) == Some("t"))
}

fn is_known(known: &[(String, String)], name: &str) -> bool {
    known.iter().any(|(other, _)| other.eq_ignore_ascii_case(name))
}

/// The last value of a setting in a connection's options, which have the form `-c name=value` or `--name=value`, with a backslash as the
/// escape character.
fn option(options: &str, name: &str) -> Option<String> {
    let words = words(options);
    let mut found = None;
    let mut words = words.iter().map(String::as_str);
    while let Some(word) = words.next() {
        let setting = match word.strip_prefix("--").or_else(|| word.strip_prefix("-c")) {
            Some("") => words.next(),
            Some(setting) => Some(setting),
            None => None,
        };
        if let Some((key, value)) = setting.and_then(|setting| setting.split_once('='))
            && key.replace('-', "_").eq_ignore_ascii_case(name)
        {
            found = Some(value.to_owned());
        }
    }
    found
}

fn words(options: &str) -> Vec<String> {
    let (mut words, mut word) = (Vec::new(), String::new());
    let mut chars = options.chars();
    while let Some(char) = chars.next() {
        match char {
            '\\' => word.extend(chars.next()),
            char if char.is_whitespace() => words.push(std::mem::take(&mut word)),
            char => word.push(char),
        }
    }
    words.push(word);
    words.retain(|word| !word.is_empty());
    words
}

#[cfg(test)]
mod tests {
    use super::{option, set};

    #[test]
    fn the_options_of_a_connection_are_read_as_the_server_reads_them() {
        for (options, expected) in [
            ("-c timezone=Asia/Tokyo", Some("Asia/Tokyo")),
            ("-ctimezone=UTC -c TimeZone=Europe/Berlin", Some("Europe/Berlin")),
            ("--timezone=UTC", Some("UTC")),
            ("-c search_path=a\\ b -c TimeZone=America/New\\_York", Some("America/New_York")),
            ("-c role=owner", None),
            ("", None),
        ] {
            assert_eq!(option(options, "TimeZone").as_deref(), expected, "{options}");
        }
    }

    #[test]
    fn nothing_is_set_where_nothing_is_known() {
        assert_eq!(set(&[]), None);
        let sql = set(&[("TimeZone".to_owned(), "Europe/Berlin".to_owned())]).unwrap_or_default();
        assert!(sql.contains("VALUES (E'timezone', E'Europe/Berlin')"), "{sql}");
    }
}

//! Numbers, times, databases and sessions in words, the same everywhere.

use std::time::{Duration, SystemTime};

use migrascope::database::{Holder, ServerInfo};
use migrascope::report::Unit;

use super::escape::one_line;

/// `1 migration`, `2 migrations`.
pub(crate) fn counted(number: usize, thing: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{number} {thing}{plural}")
}

/// `1 migration is`, `2 migrations are`.
pub(crate) fn are(number: usize, thing: &str) -> String {
    let verb = if number == 1 { "is" } else { "are" };
    format!("{} {verb}", counted(number, thing))
}

/// `1 row`, `2 rows`.
pub(crate) fn rows(rows: u64) -> String {
    let plural = if rows == 1 { "" } else { "s" };
    format!("{rows} row{plural}")
}

/// A duration in the unit that suits it: `340 µs`, `12 ms`, `1.2 s`, `2 min 5 s`, `1 h 3 min`.
pub(crate) fn duration(duration: Duration) -> String {
    let seconds = duration.as_secs();
    match duration.as_millis() {
        0 => format!("{} µs", duration.as_micros()),
        milliseconds @ 1..1000 => format!("{milliseconds} ms"),
        milliseconds @ 1000..60_000 => format!("{}.{} s", seconds, milliseconds % 1000 / 100),
        60_000..3_600_000 => format!("{} min {} s", seconds / 60, seconds % 60),
        _ => format!("{} h {} min", seconds / 3600, seconds % 3600 / 60),
    }
}

/// The same in whole seconds, for what is still running.
pub(crate) fn so_far(elapsed: Duration) -> String {
    match elapsed.as_secs() {
        seconds @ 0..60 => format!("{seconds} s"),
        _ => duration(elapsed),
    }
}

/// The time since a moment: `12 s ago`, `2 min ago`, `5 h ago`, `3 days ago`.
pub(crate) fn ago(elapsed: Duration) -> String {
    match elapsed.as_secs() {
        seconds @ 0..60 => format!("{seconds} s ago"),
        seconds @ 60..3600 => format!("{} min ago", seconds / 60),
        seconds @ 3600..172_800 => format!("{} h ago", seconds / 3600),
        seconds => format!("{} days ago", seconds / 86_400),
    }
}

/// A moment as RFC 3339 in UTC, with milliseconds.
pub(crate) fn rfc3339(moment: SystemTime) -> String {
    humantime::format_rfc3339_millis(moment).to_string()
}

/// A number with its unit: `85 %`, `61.5 s`, `0.4 ms`, `3`.
pub(crate) fn quantity(value: f64, unit: Option<Unit>) -> String {
    match unit {
        Some(Unit::Seconds) if value < 1.0 => format!("{:.1} ms", value * 1e3),
        Some(Unit::Seconds) => format!("{value:.1} s"),
        Some(Unit::Ratio) => format!("{:.0} %", value * 100.0),
        _ => format!("{value}"),
    }
}

/// A message with the database's code after it.
pub(crate) fn coded(message: &str, code: Option<&str>) -> String {
    match code {
        Some(code) => format!("{message} ({code})"),
        None => message.to_owned(),
    }
}

/// The database and its address, without a password: `postgresql 17.2 at db.example.com:5432, database app, schema public, user me`.
pub(crate) fn database(identity: &ServerInfo) -> String {
    let ServerInfo { system, version, database, schema, user, file, .. } = identity;
    let mut text = (*system).to_owned();
    if let Some(version) = version.split_whitespace().next() {
        text.push_str(&format!(" {version}"));
    }
    if let Some(endpoint) = endpoint(identity) {
        text.push_str(&format!(" at {endpoint}"));
    }
    text.push_str(&format!(", database {}", file.as_ref().unwrap_or(database)));
    for (what, name) in [("schema", schema), ("user", user)] {
        if let Some(name) = name {
            text.push_str(&format!(", {what} {name}"));
        }
    }
    one_line(&text)
}

/// Host and port, or the directory of a socket; `None` where there is no server.
pub(crate) fn endpoint(identity: &ServerInfo) -> Option<String> {
    let address = identity.address.as_deref()?;
    Some(match identity.port {
        Some(port) if address.contains(':') => format!("[{address}]:{port}"),
        Some(port) => format!("{address}:{port}"),
        None => address.to_owned(),
    })
}

/// The session that blocks a statement.
pub(crate) fn blocker(holder: &Holder) -> String {
    parts(
        &Holder { since: None, ..holder.clone() },
        holder.since.as_ref().map(|since| format!("transaction since {since}")),
    )
}

/// The session that holds the lock, as far as it is known.
pub(crate) fn holder(holder: &Holder) -> String {
    let known = parts(holder, None);
    if known.is_empty() { "the lock is held".to_owned() } else { format!("the lock is held by {known}") }
}

fn parts(holder: &Holder, more: Option<String>) -> String {
    let parts = [
        holder.process.map(|process| format!("process {process}")),
        holder.application.as_ref().map(|application| format!("application {application}")),
        holder.user.as_ref().map(|user| format!("user {user}")),
        holder.client.as_ref().map(|client| format!("from {client}")),
        holder.since.as_ref().map(|since| format!("since {since}")),
        more,
        holder.doing.as_ref().map(|doing| format!("now {doing}")),
    ];
    one_line(&parts.into_iter().flatten().collect::<Vec<_>>().join(", "))
}

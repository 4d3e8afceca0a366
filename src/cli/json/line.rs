//! One line: the fields that every line has, and the body of its event.

use std::net::SocketAddr;
use std::time::SystemTime;

use serde::Serialize;
use serde_json::{Value, json};

use super::event_name::EventName;
use crate::cli::escape;
use crate::cli::outcome::CommandReport;
use crate::cli::words;

/// The version of the schema: raised when a reader of the old one could be misled.
const SCHEMA: u32 = 1;

#[derive(Serialize)]
struct Line<'a, B: Serialize> {
    schema: u32,
    event: EventName,
    time: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    run_id: Option<&'a str>,
    #[serde(flatten)]
    body: &'a B,
}

/// An event as a line without its line end.
pub(super) fn line<B: Serialize>(event: EventName, run_id: Option<&str>, body: &B) -> String {
    let line = Line { schema: SCHEMA, event, time: words::rfc3339(SystemTime::now()), run_id, body };
    let text = serde_json::to_string(&line).unwrap_or_else(|error| Value::String(error.to_string()).to_string());
    escape::json(&text).into_owned()
}

/// The last line of every command.
pub(crate) fn report(report: &CommandReport<'_>) -> String {
    line(EventName::Report, None, report)
}

/// The address of the listener.
pub(crate) fn listening(address: SocketAddr) -> String {
    line(EventName::Listening, None, &json!({ "address": address.to_string() }))
}

/// The state of a target of `serve` after a change.
pub(crate) fn target_changed(status: &Value) -> String {
    line(EventName::TargetChanged, None, status)
}

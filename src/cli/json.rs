//! What a program reads: one JSON object a line. `docs/json.md` describes every one of them.

mod body;
mod name;
mod report;

use std::net::SocketAddr;
use std::time::SystemTime;

use migrascope::{Event, Observer};
use serde::Serialize;
use serde_json::{Value, json};

pub(crate) use self::body::state;
use self::name::Name;
pub(crate) use self::report::{Problem, Report, health, running, status, whole_plan};
use super::escape;
use super::output::{Output, Stream};
use super::settings::Verbosity;

/// The version of the schema: raised when a reader of the old one could be misled.
const SCHEMA: u32 = 1;

/// The observer for programs.
pub(crate) struct Json {
    out: Output,
    verbosity: Verbosity,
    run_id: String,
}

impl Json {
    /// Says nothing yet.
    pub(crate) fn new(stream: Stream, verbosity: Verbosity) -> Self {
        Self { out: stream.raw(), verbosity, run_id: String::new() }
    }
}

impl Observer for Json {
    fn observe(&mut self, event: &Event<'_>) {
        if let Event::RunStarted { run, .. } = event {
            self.run_id.clone_from(&run.run_id);
        }
        if self.verbosity == Verbosity::Quiet {
            return;
        }
        if let Some((name, body)) = body::of(event) {
            self.out.line(line(name, Some(&self.run_id), &body));
        }
    }
}

/// The last line of every command.
pub(crate) fn report(report: &Report<'_>) -> String {
    line(Name::Report, None, report)
}

/// Where probes and Prometheus are answered.
pub(crate) fn listening(address: SocketAddr) -> String {
    line(Name::Listening, None, &json!({ "address": address.to_string() }))
}

/// How a database stands that is watched.
pub(crate) fn target_changed(status: &Value) -> String {
    line(Name::TargetChanged, None, status)
}

/// A moment as RFC 3339 in UTC.
pub(crate) fn time(moment: SystemTime) -> String {
    humantime::format_rfc3339_millis(moment).to_string()
}

/// The time as every line has it.
fn now() -> String {
    time(SystemTime::now())
}

#[derive(Serialize)]
struct Line<'a, B: Serialize> {
    schema: u32,
    event: Name,
    time: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    run_id: Option<&'a str>,
    #[serde(flatten)]
    body: &'a B,
}

fn line<B: Serialize>(event: Name, run_id: Option<&str>, body: &B) -> String {
    let line = Line { schema: SCHEMA, event, time: now(), run_id, body };
    let text = serde_json::to_string(&line).unwrap_or_else(|error| Value::String(error.to_string()).to_string());
    escape::json(&text).into_owned()
}

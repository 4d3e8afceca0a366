//! `up --listen` and `down --listen`: the pages of one run.

use std::net::SocketAddr;
use std::sync::Arc;

use migrascope::{Event, Observer};
use serde_json::{Value, json};

use super::listener::Listener;
use super::pages::Pages;
use super::run_progress::{Phase, RunProgress, RunningMigration, SharedProgress};

use crate::cli::export::ProcessMetrics;
use crate::cli::presentation::Detail;
use crate::cli::settings::Settings;
use crate::cli::words::rfc3339;

/// The listener of a run, as an observer of it.
pub(crate) struct Listening {
    listener: Listener,
    progress: SharedProgress,
}

/// Starts the listener where the settings have an address, before the run begins, so that a wrong address stops it.
///
/// # Errors
/// With the option, the address and the cause.
pub(crate) fn during(settings: &Settings, metrics: ProcessMetrics) -> Result<Option<Listening>, String> {
    let Some(address) = &settings.telemetry.listen else { return Ok(None) };
    let progress = SharedProgress::default();
    let pages = RunPages { progress: progress.clone(), metrics, detail: settings.detail };
    let listener = Listener::start(address, &settings.telemetry.listen_names, Arc::new(pages))?;
    Ok(Some(Listening { listener, progress }))
}

impl Listening {
    /// The address, with the port that was chosen.
    pub(crate) fn address(&self) -> SocketAddr {
        self.listener.address()
    }
}

impl Observer for Listening {
    fn observe(&mut self, event: &Event<'_>) {
        self.progress.observe(event);
    }
}

struct RunPages {
    progress: SharedProgress,
    metrics: ProcessMetrics,
    detail: Detail,
}

impl Pages for RunPages {
    fn metrics(&self) -> String {
        self.metrics.page().text
    }

    fn live(&self) -> String {
        format!("alive: {}", self.progress.lock())
    }

    fn ready(&self) -> Result<String, String> {
        let progress = self.progress.lock();
        if progress.has_succeeded() { Ok(format!("ready: {progress}")) } else { Err(format!("not ready: {progress}")) }
    }

    fn status(&self) -> Value {
        status(&self.progress.lock(), self.detail)
    }
}

fn status(progress: &RunProgress, detail: Detail) -> Value {
    let message = match detail {
        Detail::Full => format!("{progress:#}"),
        Detail::Codes => progress.to_string(),
    };
    let run = progress.run.as_ref();
    let context = run.map(|(_, context, _)| context);
    let database = progress.database.as_ref();
    let (holder, check, ended) = match &progress.phase {
        Phase::Locking { holder } => (holder.as_ref(), None, None),
        Phase::Examining { check } => (None, check.as_ref(), None),
        Phase::Finished { outcome, error } => (None, None, Some((outcome, error))),
        _ => (None, None, None),
    };
    json!({
        "schema": 1,
        "tool_version": env!("CARGO_PKG_VERSION"),
        "command": run.map(|(command, ..)| command.word()),
        "run_id": context.map(|context| &context.run_id),
        "trace_id": context.and_then(|context| context.trace.as_ref()).map(|trace| trace.trace_id_hex()),
        "started": run.map(|(.., began)| rfc3339(*began)),
        "target": progress.target(),
        "system": database.map(|database| database.system),
        "database": database.map(|database| &database.database),
        "message": message,
        "phase": progress.phase.word(),
        "since": progress.since.map(rfc3339),
        "done": progress.done,
        "of": progress.of,
        "percent": progress.percent(),
        "holder": holder.filter(|_| detail == Detail::Full),
        "migration": match &progress.phase {
            Phase::Migrating(running) => Some(migration(running)),
            _ => None,
        },
        "hook": match &progress.phase {
            Phase::Hook(hook) => Some(hook.word()),
            _ => None,
        },
        "check": check,
        "outcome": ended.map(|(outcome, _)| outcome),
        "error": ended.and_then(|(_, error)| error.as_ref()),
    })
}

fn migration(running: &RunningMigration) -> Value {
    json!({
        "index": running.index,
        "version": running.version,
        "name": running.name,
        "direction": running.direction,
        "statement": running.statement.map(|(statement, _)| statement),
        "statements": running.statements,
        "statement_since": running.statement.map(|(_, since)| rfc3339(since)),
    })
}

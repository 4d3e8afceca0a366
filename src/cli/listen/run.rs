//! `up --listen` and `down --listen`: the pages of one run.

use std::net::SocketAddr;
use std::sync::Arc;

use migrascope::{Event, Observer};
use serde_json::{Value, json};

use super::progress::{Phase, Place, Present, Progress};
use super::{Listener, Pages};
use crate::cli::export::Figures;
use crate::cli::json::time;
use crate::cli::settings::{Detail, Settings};

/// What listens during a run: an observer of the run.
pub(crate) struct Listening {
    listener: Listener,
    progress: Progress,
}

/// Listens where the settings ask for it; before the run begins, so that a wrong address stops it.
///
/// # Errors
/// With the option, the address and the cause.
pub(crate) fn during(settings: &Settings, figures: Figures) -> Result<Option<Listening>, String> {
    let Some(address) = &settings.export.listen else { return Ok(None) };
    let progress = Progress::default();
    let pages = RunPages { progress: progress.clone(), figures, detail: settings.detail };
    let listener = Listener::start(address, &settings.export.listen_names, Arc::new(pages))?;
    Ok(Some(Listening { listener, progress }))
}

impl Listening {
    /// Where.
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
    progress: Progress,
    figures: Figures,
    detail: Detail,
}

impl Pages for RunPages {
    fn metrics(&self) -> String {
        self.figures.page().text
    }

    fn live(&self) -> String {
        format!("alive: {}", self.progress.present())
    }

    fn ready(&self) -> Result<String, String> {
        let present = self.progress.present();
        if present.has_succeeded() { Ok(format!("ready: {present}")) } else { Err(format!("not ready: {present}")) }
    }

    fn status(&self) -> Value {
        status(&self.progress.present(), self.detail)
    }
}

fn status(present: &Present, detail: Detail) -> Value {
    let message = match detail {
        Detail::Full => format!("{present:#}"),
        Detail::Codes => present.to_string(),
    };
    let run = present.run.as_ref();
    let context = run.map(|(context, _)| context);
    let database = present.database.as_ref();
    let (holder, check, ended) = match &present.phase {
        Phase::Locking { holder } => (holder.as_ref(), None, None),
        Phase::Examining { check } => (None, check.as_ref(), None),
        Phase::Finished { outcome, error } => (None, None, Some((outcome, error))),
        _ => (None, None, None),
    };
    json!({
        "schema": 1,
        "tool_version": env!("CARGO_PKG_VERSION"),
        "command": context.map(|context| context.command.word()),
        "run_id": context.map(|context| &context.run_id),
        "trace_id": context.and_then(|context| context.trace.as_ref()).map(|trace| trace.trace_id_hex()),
        "started": run.map(|(_, began)| time(*began)),
        "target": present.target(),
        "system": database.map(|database| database.system),
        "database": database.map(|database| &database.database),
        "message": message,
        "phase": present.phase.word(),
        "since": present.since.map(time),
        "done": present.done,
        "of": present.of,
        "percent": present.percent(),
        "holder": holder.filter(|_| detail == Detail::Full),
        "migration": match &present.phase {
            Phase::Migrating(place) => Some(migration(place)),
            _ => None,
        },
        "hook": match &present.phase {
            Phase::Hook(hook) => Some(hook.word()),
            _ => None,
        },
        "check": check,
        "outcome": ended.map(|(outcome, _)| outcome),
        "error": ended.and_then(|(_, error)| error.as_ref()),
    })
}

fn migration(place: &Place) -> Value {
    json!({
        "index": place.index,
        "version": place.version,
        "name": place.name,
        "direction": place.direction,
        "statement": place.statement.map(|(statement, _)| statement),
        "statements": place.statements,
        "statement_since": place.statement.map(|(_, since)| time(since)),
    })
}

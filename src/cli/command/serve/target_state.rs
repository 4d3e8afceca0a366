//! What is known about one database that is watched.

use std::time::{Duration, SystemTime};

use migrascope::database::ServerInfo;
use migrascope::observe::names;
use serde_json::{Value, json};

use super::poll::{Answer, PollError};
use super::poll_state::PollState;
use super::snapshot::{Snapshot, TargetMetrics};
use crate::cli::export::Series;
use crate::cli::json::{running, schema_state};
use crate::cli::presentation::Detail;
use crate::cli::telemetry::RunInfo;
use crate::cli::words::{self, rfc3339};

/// The state of a target and its metrics.
pub(super) struct TargetState {
    name: Option<String>,
    info: RunInfo,
    poll: PollState,
    /// When the last poll ended.
    polled: Option<SystemTime>,
    /// The last good poll.
    snapshot: Option<Snapshot>,
    metrics: Option<TargetMetrics>,
    series: Series,
}

impl TargetState {
    /// The state before the first poll.
    pub(super) fn new(name: Option<String>, info: RunInfo) -> Self {
        Self {
            name,
            info,
            poll: PollState::Pending,
            polled: None,
            snapshot: None,
            metrics: None,
            series: Series::default(),
        }
    }

    /// Takes the result of a poll; returns whether the state has changed.
    pub(super) fn update(&mut self, result: Result<Snapshot, PollError>, now: SystemTime) -> bool {
        let before = self.poll.word();
        self.polled = Some(now);
        self.poll = match result {
            Ok(mut snapshot) => {
                self.metrics = snapshot.metrics.take();
                self.snapshot = Some(snapshot);
                PollState::Good
            }
            Err(error) => {
                self.show(&error);
                PollState::Failed(Box::new(error))
            }
        };
        self.series = self.metrics.as_ref().map(|target| target.scrape.series()).unwrap_or_default();
        self.poll.word() != before
    }

    /// The metrics after the last poll.
    pub(super) fn series(&self) -> Series {
        self.series.clone()
    }

    /// Why the target is not ready; `None` when it is. A poll is overdue after `within`.
    pub(super) fn not_ready_reason(&self, now: SystemTime, within: Duration) -> Option<String> {
        let name = self.name();
        let since = self.polled.and_then(|polled| now.duration_since(polled).ok()).unwrap_or_default();
        match &self.poll {
            PollState::Pending => Some(format!("{name}: not polled yet")),
            PollState::Failed(error) => Some(format!("{name}: {} ({})", self.poll.word(), error.class)),
            PollState::Good if since > within => Some(format!("{name}: not polled for {}", words::so_far(since))),
            PollState::Good => None,
        }
    }

    /// The name that the operator gave it, or the database's own.
    pub(super) fn name(&self) -> String {
        let own = || self.server_info().map_or("the database", |identity| &identity.database);
        self.name.as_deref().unwrap_or_else(own).to_owned()
    }

    /// The state in one line, for people.
    pub(super) fn line(&self) -> String {
        let name = self.name();
        match (&self.poll, &self.snapshot) {
            (PollState::Failed(error), _) => {
                format!("{name}: {}: {} ({})", self.poll.word(), error.message, error.class)
            }
            (PollState::Good, Some(Snapshot { status, .. })) => {
                let version =
                    status.schema.version.as_ref().map_or("empty".to_owned(), |version| format!("at {version}"));
                let database = words::database(&status.identity);
                format!("{name}: ok: {database}; schema is {version}, {} pending", status.schema.pending)
            }
            _ => format!("{name}: not polled yet"),
        }
    }

    /// Whether the last poll was good.
    pub(super) fn is_good(&self) -> bool {
        matches!(self.poll, PollState::Good)
    }

    /// Everything that is known, for programs, in this detail.
    pub(super) fn status(&self, detail: Detail) -> Value {
        let (status, totals) = self.snapshot.as_ref().map(|snapshot| (&snapshot.status, &snapshot.totals)).unzip();
        let identity = self.server_info();
        json!({
            "target": self.name(),
            "state": self.poll.word(),
            "reachable": self.poll.reachable(),
            "looked": self.polled.map(rfc3339),
            "error": self.poll.error().map(|error| match detail {
                Detail::Full => json!({ "kind": error.class, "message": error.message }),
                Detail::Codes => json!({ "kind": error.class }),
            }),
            "system": identity.map(|identity| identity.system),
            "database": identity.map(|identity| &identity.database),
            "read_only": identity.and_then(|identity| identity.read_only),
            "schema_state": status.map(|status| schema_state(&status.schema)),
            "last_run": totals.and_then(|totals| totals.last_run.as_ref()).map(|last| json!({
                "run_id": last.run_id,
                "trace_id": last.trace_id,
                "outcome": last.outcome,
                "error": last.error.as_deref().map(|kind| json!({
                    "kind": names::error_type(kind),
                    "reasons": last.reasons,
                })),
                "ended": rfc3339(last.ended),
                "elapsed_seconds": last.elapsed.as_secs_f64(),
            })),
            "last_success": totals.and_then(|totals| totals.last_success).map(rfc3339),
            "last_failure": totals.and_then(|totals| totals.last_failure).map(rfc3339),
            "running": totals.and_then(|totals| totals.running.as_ref()).map(|at| running(&at.run, detail)),
        })
    }

    /// The server that answered last, or the one that was expected.
    fn server_info(&self) -> Option<&ServerInfo> {
        let expected = self.poll.error().and_then(|error| error.expected.as_ref());
        self.snapshot.as_ref().map(|snapshot| &snapshot.status.identity).or(expected)
    }

    /// Keeps the last known metrics, because they are history; only the check `connect` shows the failed poll.
    fn show(&mut self, error: &PollError) {
        let identity = self.snapshot.as_ref().map(|snapshot| &snapshot.status.identity).or(error.expected.as_ref());
        let Some(identity) = identity.cloned() else { return };
        if self.metrics.is_none() {
            self.metrics = TargetMetrics::new(self.info);
        }
        let Some(target) = &mut self.metrics else { return };
        match error.answer {
            Answer::No => target.metrics.unreachable(self.name.as_deref(), &identity),
            Answer::Yes => target.metrics.reachable(self.name.as_deref(), &identity),
            Answer::Unknown => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, SystemTime};

    use super::*;

    fn failed(answer: Answer) -> PollError {
        PollError { class: "timeout".to_owned(), message: "no answer".to_owned(), answer, expected: None }
    }

    #[test]
    fn a_target_whose_poll_is_overdue_is_not_ready() {
        let (now, within) = (SystemTime::now(), Duration::from_secs(50));
        let mut state = TargetState::new(Some("shop".to_owned()), RunInfo::Off);
        assert_eq!(state.not_ready_reason(now, within).as_deref(), Some("shop: not polled yet"));
        state.poll = PollState::Good;
        state.polled = Some(now);
        assert_eq!(state.not_ready_reason(now + within, within), None);
        let late = state.not_ready_reason(now + within + Duration::from_secs(1), within);
        assert_eq!(late.as_deref(), Some("shop: not polled for 51 s"));
    }

    #[test]
    fn only_a_change_is_reported() {
        let mut state = TargetState::new(Some("shop".to_owned()), RunInfo::Off);
        let now = SystemTime::now();
        assert!(state.update(Err(failed(Answer::No)), now));
        assert!(!state.update(Err(failed(Answer::No)), now));
        assert_eq!(state.line(), "shop: unreachable: no answer (timeout)");
        assert!(state.update(Err(failed(Answer::Yes)), now), "it answers now, with an error");
        assert_eq!(state.not_ready_reason(now, Duration::ZERO).as_deref(), Some("shop: unreadable (timeout)"));
    }
}

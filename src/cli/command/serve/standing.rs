//! What is known of one database that is watched.

use std::time::{Duration, SystemTime};

use migrascope::Status;
use migrascope::database::Identity;
use migrascope::journal::Totals;
use migrascope::observe::metrics::Metrics;
use migrascope::observe::names;
use serde_json::{Value, json};

use super::look::{Answer, Failure};
use crate::cli::export::{RunInfo, Scrape, Series};
use crate::cli::json::{running, state, time};
use crate::cli::settings::Detail;
use crate::cli::words;

/// How a database stands, and the figures of it.
pub(super) struct Standing {
    name: Option<String>,
    info: RunInfo,
    state: State,
    /// When the last look ended.
    looked: Option<SystemTime>,
    /// What the last good look has seen.
    seen: Option<Seen>,
    figures: Option<Figures>,
    series: Series,
}

/// What a look has seen, with the figures of it.
pub(super) struct Seen {
    status: Status,
    totals: Totals,
    figures: Option<Figures>,
}

/// A set of instruments and what they show.
type Figures = (Scrape, Metrics);

/// How the last look ended.
#[derive(Debug)]
enum State {
    /// There was none.
    Unseen,
    /// Everything was read.
    Good,
    /// Not everything was.
    Bad(Box<Failure>),
}

impl State {
    /// A word of a closed set.
    fn word(&self) -> &'static str {
        match self {
            Self::Unseen => "not_looked_yet",
            Self::Good => "ok",
            Self::Bad(failure) if failure.answer == Answer::No => "unreachable",
            Self::Bad(_) => "unreadable",
        }
    }

    /// Whether the database answers; `None` where nobody knows.
    fn reachable(&self) -> Option<bool> {
        match self {
            Self::Unseen => None,
            Self::Good => Some(true),
            Self::Bad(failure) => match failure.answer {
                Answer::Yes => Some(true),
                Answer::No => Some(false),
                Answer::Unknown => None,
            },
        }
    }

    /// Why the last look was no good one.
    fn failure(&self) -> Option<&Failure> {
        match self {
            Self::Bad(failure) => Some(failure),
            Self::Unseen | Self::Good => None,
        }
    }
}

impl Standing {
    /// Nothing is known yet.
    pub(super) fn new(name: Option<String>, info: RunInfo) -> Self {
        Self { name, info, state: State::Unseen, looked: None, seen: None, figures: None, series: Series::default() }
    }

    /// Takes the result of a look; whether that is another state than before.
    pub(super) fn take(&mut self, result: Result<Seen, Failure>, now: SystemTime) -> bool {
        let before = self.state.word();
        self.looked = Some(now);
        self.state = match result {
            Ok(mut seen) => {
                self.figures = seen.figures.take();
                self.seen = Some(seen);
                State::Good
            }
            Err(failure) => {
                self.show(&failure);
                State::Bad(Box::new(failure))
            }
        };
        self.series = self.figures.as_ref().map(|(scrape, _)| scrape.series()).unwrap_or_default();
        self.state.word() != before
    }

    /// The figures as the last look left them.
    pub(super) fn series(&self) -> Series {
        self.series.clone()
    }

    /// Why it is not as it should be; `None` when it is. Looks are due `within` that time.
    pub(super) fn objection(&self, now: SystemTime, within: Duration) -> Option<String> {
        let name = self.name();
        let since = self.looked.and_then(|looked| now.duration_since(looked).ok()).unwrap_or_default();
        match &self.state {
            State::Unseen => Some(format!("{name}: not looked yet")),
            State::Bad(failure) => Some(format!("{name}: {} ({})", self.state.word(), failure.class)),
            State::Good if since > within => Some(format!("{name}: no look for {}", words::so_far(since))),
            State::Good => None,
        }
    }

    /// Its name: the operator's, or the database's own.
    pub(super) fn name(&self) -> String {
        let own = || self.identity().map_or("the database", |identity| &identity.database);
        self.name.as_deref().unwrap_or_else(own).to_owned()
    }

    /// How it stands, in a line for people.
    pub(super) fn line(&self) -> String {
        let name = self.name();
        match (&self.state, &self.seen) {
            (State::Bad(failure), _) => {
                format!("{name}: {}: {} ({})", self.state.word(), failure.message, failure.class)
            }
            (State::Good, Some(Seen { status, .. })) => {
                let version =
                    status.schema.version.as_ref().map_or("empty".to_owned(), |version| format!("at {version}"));
                let database = words::database(&status.identity);
                format!("{name}: ok: {database}; schema is {version}, {} pending", status.schema.pending)
            }
            _ => format!("{name}: not looked yet"),
        }
    }

    /// Whether the last look was a good one.
    pub(super) fn is_good(&self) -> bool {
        matches!(self.state, State::Good)
    }

    /// Everything that is known and that such a reader may see, for programs.
    pub(super) fn status(&self, detail: Detail) -> Value {
        let (status, totals) = self.seen.as_ref().map(|seen| (&seen.status, &seen.totals)).unzip();
        let identity = self.identity();
        let failure = self.state.failure();
        json!({
            "target": self.name(),
            "state": self.state.word(),
            "reachable": self.state.reachable(),
            "looked": self.looked.map(time),
            "error": failure.map(|failure| match detail {
                Detail::Full => json!({ "kind": failure.class, "message": failure.message }),
                Detail::Codes => json!({ "kind": failure.class }),
            }),
            "system": identity.map(|identity| identity.system),
            "database": identity.map(|identity| &identity.database),
            "read_only": identity.and_then(|identity| identity.read_only),
            "schema_state": status.map(|status| state(&status.schema)),
            "last_run": totals.and_then(|totals| totals.last_run.as_ref()).map(|last| json!({
                "run_id": last.run_id,
                "trace_id": last.trace_id,
                "outcome": last.outcome,
                "error": last.error.as_deref().map(|kind| json!({
                    "kind": names::error_type(kind),
                    "reasons": last.reasons,
                })),
                "ended": time(last.ended),
                "elapsed_seconds": last.elapsed.as_secs_f64(),
            })),
            "last_success": totals.and_then(|totals| totals.last_success).map(time),
            "last_failure": totals.and_then(|totals| totals.last_failure).map(time),
            "running": totals.and_then(|totals| totals.running.as_ref()).map(|at| running(&at.run, detail)),
        })
    }

    /// Who answered last, or who was meant.
    fn identity(&self) -> Option<&Identity> {
        let meant = self.state.failure().and_then(|failure| failure.expected.as_ref());
        self.seen.as_ref().map(|seen| &seen.status.identity).or(meant)
    }

    /// What was last known stays, for it is what happened; only the check says that nobody answers now.
    fn show(&mut self, failure: &Failure) {
        let identity = self.seen.as_ref().map(|seen| &seen.status.identity).or(failure.expected.as_ref());
        let Some(identity) = identity.cloned() else { return };
        if self.figures.is_none() {
            self.figures = new_figures(self.info);
        }
        let Some((_, metrics)) = &mut self.figures else { return };
        match failure.answer {
            Answer::No => metrics.unreachable(self.name.as_deref(), &identity),
            Answer::Yes => metrics.reachable(self.name.as_deref(), &identity),
            Answer::Unknown => {}
        }
    }
}

impl Seen {
    /// New figures for each good look: what is no longer so leaves no series, and a journal that was restored from a
    /// backup counts from what stands in it. A long journal takes its time, so nobody may be waiting for this.
    pub(super) fn of(name: Option<&str>, info: RunInfo, (status, totals): (Status, Totals)) -> Self {
        let figures = new_figures(info).map(|(scrape, mut metrics)| {
            metrics.looked(name, &status.identity, &status.schema, &totals);
            (scrape, metrics)
        });
        Self { status, totals, figures }
    }
}

/// Instruments that cannot be registered are a fault of ours; the other pages are of use all the same.
fn new_figures(info: RunInfo) -> Option<Figures> {
    let scrape = Scrape::new().ok()?;
    let metrics = scrape.metrics(info);
    Some((scrape, metrics))
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, SystemTime};

    use super::*;

    fn failure(answer: Answer) -> Failure {
        Failure { class: "timeout".to_owned(), message: "no answer".to_owned(), answer, expected: None }
    }

    #[test]
    fn a_look_that_does_not_come_is_an_objection() {
        let (now, within) = (SystemTime::now(), Duration::from_secs(50));
        let mut standing = Standing::new(Some("shop".to_owned()), RunInfo::Off);
        assert_eq!(standing.objection(now, within).as_deref(), Some("shop: not looked yet"));
        standing.state = State::Good;
        standing.looked = Some(now);
        assert_eq!(standing.objection(now + within, within), None);
        let late = standing.objection(now + within + Duration::from_secs(1), within);
        assert_eq!(late.as_deref(), Some("shop: no look for 51 s"));
    }

    #[test]
    fn only_a_change_is_told() {
        let mut standing = Standing::new(Some("shop".to_owned()), RunInfo::Off);
        let now = SystemTime::now();
        assert!(standing.take(Err(failure(Answer::No)), now));
        assert!(!standing.take(Err(failure(Answer::No)), now));
        assert_eq!(standing.line(), "shop: unreachable: no answer (timeout)");
        assert!(standing.take(Err(failure(Answer::Yes)), now), "it answers now, if not as it should");
        assert_eq!(standing.objection(now, Duration::ZERO).as_deref(), Some("shop: unreadable (timeout)"));
    }
}

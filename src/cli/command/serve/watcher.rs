//! A thread for each database, so that one that hangs does not delay the others.

use std::collections::{BTreeMap, BTreeSet};
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use futures_util::FutureExt;
use migrascope::run::Stop;
use tokio::runtime::Builder;
use tokio::time::{MissedTickBehavior, interval};

use super::poll::{Answer, PollError, poll};
use super::snapshot::Snapshot;
use super::target::Target;
use super::target_state::TargetState;
use crate::cli::json;
use crate::cli::output::{Output, complain};
use crate::cli::presentation::{Detail, OutputFormat, Verbosity};
use crate::cli::settings::Settings;

/// Polls a database at every interval, until it is dropped.
pub(super) struct Watcher {
    /// The database.
    pub(super) target: Target,
    state: Arc<Mutex<TargetState>>,
    stop: Stop,
}

impl Watcher {
    /// Polls at once, and then at every interval.
    ///
    /// # Errors
    /// When the runtime or the thread cannot be started.
    pub(super) fn start(target: Target, base: &Settings, every: Duration) -> std::io::Result<Self> {
        let state = Arc::new(Mutex::new(TargetState::new(target.name.clone(), base.telemetry.run_info)));
        let (settings, shared, stop) = (target.settings(base), Arc::clone(&state), Stop::default());
        let stopped = stop.clone();
        let runtime = Builder::new_current_thread().enable_all().build()?;
        thread::Builder::new().name("watcher".to_owned()).spawn(move || {
            runtime.block_on(async {
                tokio::select! {
                    () = poll_forever(&settings, &shared, every) => {}
                    () = stopped.requested() => {}
                }
            });
        })?;
        Ok(Self { target, state, stop })
    }

    /// The state after the last poll.
    pub(super) fn state(&self) -> MutexGuard<'_, TargetState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Watcher {
    fn drop(&mut self) {
        self.stop.request();
    }
}

/// How long a run without its lock counts as alive: it waits that long for a server that is gone before it records its end.
const GRACE: Duration = Duration::from_secs(9);

/// Runs that were found without their lock.
#[derive(Default)]
struct LostRuns {
    /// When each was first found so.
    since: BTreeMap<String, Instant>,
    /// Whether the first poll is over.
    polled: bool,
}

impl LostRuns {
    /// Whether all of these have been lost for [`GRACE`]; those of the first poll count as lost at once.
    fn are_certain(&mut self, runs: &BTreeSet<String>) -> bool {
        let first = !std::mem::replace(&mut self.polled, true);
        self.since.retain(|run, _| runs.contains(run));
        let now = Instant::now();
        let since = now.checked_sub(GRACE).filter(|_| first).unwrap_or(now);
        for run in runs {
            self.since.entry(run.clone()).or_insert(since);
        }
        self.since.values().all(|since| now.duration_since(*since) >= GRACE)
    }
}

async fn poll_forever(settings: &Settings, state: &Mutex<TargetState>, every: Duration) {
    let mut ticks = interval(every);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut lost = LostRuns::default();
    loop {
        ticks.tick().await;
        let result = caught(poll(settings)).await;
        if let Ok((_, totals)) = &result
            && !lost.are_certain(&totals.lost)
        {
            // The previous snapshot stays for a moment longer.
            continue;
        }
        let result = result.map(|(status, totals)| {
            Snapshot::new(settings.target.as_deref(), settings.telemetry.run_info, status, totals)
        });
        let mut state = state.lock().unwrap_or_else(PoisonError::into_inner);
        if state.update(result, SystemTime::now()) {
            report(settings, &state);
        }
    }
}

/// Turns a panic into an error, so that the next poll is made all the same.
async fn caught<T>(poll: impl Future<Output = Result<T, PollError>>) -> Result<T, PollError> {
    match AssertUnwindSafe(poll).catch_unwind().await {
        Ok(result) => result,
        Err(_) => {
            let message = "the poll panicked: this is a defect of migrascope".to_owned();
            Err(PollError { class: "unexpected".to_owned(), message, answer: Answer::Unknown, expected: None })
        }
    }
}

/// Reports a change of the state.
fn report(settings: &Settings, state: &TargetState) {
    if settings.verbosity == Verbosity::Quiet && state.is_good() {
        return;
    }
    complain(state.line());
    if settings.format == OutputFormat::Json && settings.verbosity != Verbosity::Quiet {
        Output::raw().line(json::target_changed(&state.status(Detail::Full)));
    }
}

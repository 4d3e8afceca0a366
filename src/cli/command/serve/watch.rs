//! A thread for each database, so that one that hangs delays nobody.

use std::collections::{BTreeMap, BTreeSet};
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use futures_util::FutureExt;
use migrascope::run::Stop;
use tokio::runtime::Builder;
use tokio::time::{MissedTickBehavior, interval};

use super::look::{Answer, Failure, look};
use super::standing::{Seen, Standing};
use super::target::Target;
use crate::cli::json;
use crate::cli::output::{Output, complain};
use crate::cli::settings::{Detail, Format, Settings, Verbosity};

/// A database that is looked at again and again, until this is dropped.
pub(super) struct Watch {
    /// What is watched.
    pub(super) target: Target,
    standing: Arc<Mutex<Standing>>,
    gone: Stop,
}

impl Watch {
    /// Looks at once, and then at every interval.
    ///
    /// # Errors
    /// When the system refuses a thread.
    pub(super) fn start(target: Target, base: &Settings, every: Duration) -> std::io::Result<Self> {
        let standing = Arc::new(Mutex::new(Standing::new(target.name.clone(), base.export.run_info)));
        let (settings, shared, gone) = (target.settings(base), Arc::clone(&standing), Stop::default());
        let left = gone.clone();
        let runtime = Builder::new_current_thread().enable_all().build()?;
        thread::Builder::new().name("look".to_owned()).spawn(move || {
            runtime.block_on(async {
                tokio::select! {
                    () = keep_looking(&settings, &shared, every) => {}
                    () = left.requested() => {}
                }
            });
        })?;
        Ok(Self { target, standing, gone })
    }

    /// How it stands.
    pub(super) fn standing(&self) -> MutexGuard<'_, Standing> {
        self.standing.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.gone.request();
    }
}

/// A run whose lock is free may still be alive, and about to report its end: it waits so long for a server that is gone.
const GRACE: Duration = Duration::from_secs(9);

/// Runs that have been seen without their lock, and since when.
#[derive(Default)]
struct Lost(BTreeMap<String, Instant>);

impl Lost {
    /// Whether these have been so for long enough; at first sight they count where nothing was seen before.
    fn is_certain(&mut self, runs: &BTreeSet<String>, first: bool) -> bool {
        self.0.retain(|run, _| runs.contains(run));
        let now = Instant::now();
        let since = now.checked_sub(GRACE).filter(|_| first).unwrap_or(now);
        for run in runs {
            self.0.entry(run.clone()).or_insert(since);
        }
        self.0.values().all(|since| now.duration_since(*since) >= GRACE)
    }
}

async fn keep_looking(settings: &Settings, standing: &Mutex<Standing>, every: Duration) {
    let mut ticks = interval(every);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let (mut lost, mut first) = (Lost::default(), true);
    loop {
        ticks.tick().await;
        let seen = safely(look(settings)).await;
        if let Ok((_, totals)) = &seen
            && !lost.is_certain(&totals.lost, std::mem::take(&mut first))
        {
            // What was seen before stands for a moment longer.
            continue;
        }
        let result = seen.map(|seen| Seen::of(settings.target.as_deref(), settings.export.run_info, seen));
        let mut standing = standing.lock().unwrap_or_else(PoisonError::into_inner);
        if standing.take(result, SystemTime::now()) {
            tell(settings, &standing);
        }
    }
}

/// A look that panics is one that came to nothing: the next one is made all the same.
async fn safely<T>(look: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    match AssertUnwindSafe(look).catch_unwind().await {
        Ok(looked) => looked,
        Err(_) => {
            let message = "the look ended unexpectedly: this is a defect of migrascope".to_owned();
            Err(Failure { class: "unexpected".to_owned(), message, answer: Answer::Unknown, expected: None })
        }
    }
}

/// Tells that a database stands otherwise than before.
fn tell(settings: &Settings, standing: &Standing) {
    if settings.verbosity == Verbosity::Quiet && standing.is_good() {
        return;
    }
    complain(standing.line());
    if settings.format == Format::Json && settings.verbosity != Verbosity::Quiet {
        Output::raw().line(json::target_changed(&standing.status(Detail::Full)));
    }
}

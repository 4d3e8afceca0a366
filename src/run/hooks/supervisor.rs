//! Supervises a running hook: its timeout, the lock of the run, and requests to stop.

use std::future::{Future, pending};
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use tokio::time::MissedTickBehavior;

use crate::database::{DatabaseError, Query, Session};
use crate::error::HookFault;
use crate::event::{Event, Hook, Observer};
use crate::plan::Step;
use crate::run::monitor::Monitor;
use crate::run::watch::{News, Watch};
use crate::stop::Stop;

/// How often a running hook is reported and the lock is checked.
const REPORT_EVERY: Duration = Duration::from_secs(1);

/// How often the working session runs a query during a hook, so that the server does not close it as idle.
const KEEP_ALIVE_EVERY: Duration = Duration::from_secs(10);

/// How long to wait for the answer to that query when the hook has ended.
const LAST_QUERY_TIMEOUT: Duration = Duration::from_secs(2);

/// How long a cancelled statement may take to end.
const CANCEL_TIMEOUT: Duration = Duration::from_secs(5);

/// A running hook.
pub(super) struct Supervisor<'v> {
    pub(super) hook: Hook,
    pub(super) step: Option<&'v Step<'v>>,
    /// `None` for a hook that runs even if the run was asked to stop.
    pub(super) stop: Option<&'v Stop>,
    pub(super) started: Instant,
    pub(super) limit: Duration,
    pub(super) monitor: &'v mut Monitor,
    /// The process number of the session that runs its SQL; `None` for a command.
    pub(super) process: Option<u64>,
    pub(super) observer: &'v mut dyn Observer,
}

impl Supervisor<'_> {
    /// Waits for the hook, and keeps the session `idle` alive meanwhile.
    ///
    /// # Errors
    /// Why the hook has to be terminated; the caller does that. Timeouts and requests to stop are detected whatever else is awaited.
    pub(super) async fn supervise<T>(
        &mut self,
        mut work: Pin<&mut impl Future<Output = T>>,
        idle: Option<&mut dyn Session>,
    ) -> Result<T, HookFault> {
        let mut ticks = tokio::time::interval_at(tokio::time::Instant::now() + REPORT_EVERY, REPORT_EVERY);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut limit = pin!(tokio::time::sleep(self.limit.saturating_sub(self.started.elapsed())));
        let querying = AtomicBool::new(false);
        let mut keep_alive = pin!(keep_alive(idle, &querying));
        let mut watch = Watch::over(self.monitor, self.process);
        let ended = loop {
            tokio::select! {
                biased;
                result = &mut work => break Ok(result),
                () = requested(self.stop) => break Err(HookFault::Interrupted),
                () = &mut limit => break Err(HookFault::TimedOut(self.limit)),
                _ = ticks.tick() => {
                    let (hook, step, elapsed) = (self.hook, self.step, self.started.elapsed());
                    self.observer.observe(&Event::HookRunning { hook, step, elapsed });
                    watch.check();
                }
                news = watch.next() => if let News::Lost(error) = news {
                    break Err(HookFault::LockLost(error.message));
                },
                () = &mut keep_alive => {}
            }
            if let Some(error) = watch.lock_lost() {
                break Err(HookFault::LockLost(error.message));
            }
        };
        // A query that is dropped half-way would break the next one.
        let silence = async {
            while querying.load(Ordering::Relaxed) {
                let _ = tokio::time::timeout(Duration::from_millis(10), &mut keep_alive).await;
            }
        };
        let _ = tokio::time::timeout(LAST_QUERY_TIMEOUT, silence).await;
        ended
    }

    /// Cancels the statement on the server until it ends; false if it does not end in time.
    pub(super) async fn cancel<T>(&mut self, mut work: Pin<&mut impl Future<Output = T>>) -> bool {
        let mut ticks = tokio::time::interval(REPORT_EVERY);
        let mut limit = pin!(tokio::time::sleep(CANCEL_TIMEOUT));
        let mut watch = Watch::over(self.monitor, self.process);
        loop {
            tokio::select! {
                biased;
                _ = &mut work => return true,
                () = &mut limit => return false,
                _ = ticks.tick() => watch.cancel(),
                _ = watch.next() => {}
            }
        }
    }
}

/// Runs a query on a session at intervals, for ever; `querying` is true while it waits for the answer.
async fn keep_alive(session: Option<&mut dyn Session>, querying: &AtomicBool) {
    let Some(session) = session else { return pending().await };
    loop {
        tokio::time::sleep(KEEP_ALIVE_EVERY).await;
        querying.store(true, Ordering::Relaxed);
        // A lost session is detected when it is used next.
        let _: Result<_, DatabaseError> = session.query(Query::Own("SELECT 1")).await;
        querying.store(false, Ordering::Relaxed);
    }
}

async fn requested(stop: Option<&Stop>) {
    match stop {
        Some(stop) => stop.requested().await,
        None => pending().await,
    }
}

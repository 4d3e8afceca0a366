//! The watch over a hook: its time, our lock, and whoever wants the run to stop.

use std::future::{Future, pending};
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use tokio::time::MissedTickBehavior;

use crate::database::{DatabaseError, Session};
use crate::error::HookFault;
use crate::event::{Event, Hook, Observer};
use crate::plan::Step;
use crate::run::Stop;
use crate::run::monitor::Monitor;
use crate::run::watch::{Heard, Watch};

/// How often a running hook is told, and the lock looked at.
const TELL_EVERY: Duration = Duration::from_secs(1);

/// How often the session that works is spoken to meanwhile, so that the server does not take it for idle.
const SPEAK_EVERY: Duration = Duration::from_secs(10);

/// How long an answer to that is waited for when the hook has ended.
const LAST_ANSWER: Duration = Duration::from_secs(2);

/// How long a statement may take to end after it was cancelled.
const CANCELLED: Duration = Duration::from_secs(5);

/// A hook while it runs, and what is looked after meanwhile.
pub(super) struct Vigil<'v> {
    pub(super) hook: Hook,
    pub(super) step: Option<&'v Step<'v>>,
    /// `None` where it is run all the same.
    pub(super) stop: Option<&'v Stop>,
    pub(super) started: Instant,
    pub(super) limit: Duration,
    pub(super) monitor: &'v mut Monitor,
    /// The session of the server that works for it; `None` for a command.
    pub(super) process: Option<u64>,
    pub(super) observer: &'v mut dyn Observer,
}

impl Vigil<'_> {
    /// Waits for the work and returns what it comes to, or why it has to be ended; it goes on then until somebody ends it.
    ///
    /// `idle` is a session that has nothing to do meanwhile. Nothing that is looked at is waited for: time and requests count in
    /// every state.
    pub(super) async fn over<T>(
        &mut self,
        mut work: Pin<&mut impl Future<Output = T>>,
        idle: Option<&mut dyn Session>,
    ) -> Result<T, HookFault> {
        let mut ticks = tokio::time::interval_at(tokio::time::Instant::now() + TELL_EVERY, TELL_EVERY);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut limit = pin!(tokio::time::sleep(self.limit.saturating_sub(self.started.elapsed())));
        let speaking = AtomicBool::new(false);
        let mut talk = pin!(talk(idle, &speaking));
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
                    watch.look();
                }
                heard = watch.next() => if let Heard::Lost(error) = heard {
                    break Err(HookFault::LockLost(error.message));
                },
                () = &mut talk => {}
            }
            if let Some(error) = watch.lock_lost() {
                break Err(HookFault::LockLost(error.message));
            }
        };
        // A query that is cut off would be in the way of the next one.
        let silence = async {
            while speaking.load(Ordering::Relaxed) {
                let _ = tokio::time::timeout(Duration::from_millis(10), &mut talk).await;
            }
        };
        let _ = tokio::time::timeout(LAST_ANSWER, silence).await;
        ended
    }

    /// Cancels the work on the server until it ends; false where it does not.
    pub(super) async fn cancel<T>(&mut self, mut work: Pin<&mut impl Future<Output = T>>) -> bool {
        let mut ticks = tokio::time::interval(TELL_EVERY);
        let mut limit = pin!(tokio::time::sleep(CANCELLED));
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

/// Speaks to a session from time to time, for ever; `speaking` says whether an answer is being waited for.
async fn talk(session: Option<&mut dyn Session>, speaking: &AtomicBool) {
    let Some(session) = session else { return pending().await };
    loop {
        tokio::time::sleep(SPEAK_EVERY).await;
        speaking.store(true, Ordering::Relaxed);
        // Whether it is gone is found out by its next use.
        let _: Result<_, DatabaseError> = session.query("SELECT 1").await;
        speaking.store(false, Ordering::Relaxed);
    }
}

async fn requested(stop: Option<&Stop>) {
    match stop {
        Some(stop) => stop.requested().await,
        None => pending().await,
    }
}

//! The watch over a hook: its time, our lock, and whoever wants the run to stop.

use std::future::Future;
use std::pin::Pin;
use std::time::{Duration, Instant};

use tokio::time::MissedTickBehavior;

use crate::database::{Keeper, Session};
use crate::error::HookFault;
use crate::event::{Event, Hook, Observer};
use crate::plan::Step;
use crate::run::Stop;
use crate::run::step::{PATIENCE, look_at_lock};

/// How often a running hook is told, and the lock looked at.
const TELL_EVERY: Duration = Duration::from_secs(1);

/// How often the session that works is spoken to meanwhile, so that nobody takes it for idle: once in so many seconds.
const SPEAK_EVERY: u64 = 10;

/// A hook while it runs, and what is looked after meanwhile.
pub(super) struct Vigil<'v> {
    pub(super) hook: Hook,
    pub(super) step: Option<&'v Step<'v>>,
    /// `None` where it is run all the same.
    pub(super) stop: Option<&'v Stop>,
    pub(super) started: Instant,
    pub(super) limit: Duration,
    pub(super) keeper: &'v mut dyn Keeper,
    pub(super) observer: &'v mut dyn Observer,
}

impl Vigil<'_> {
    /// Waits for the work and returns what it comes to, or why it has to be ended; it goes on then until somebody ends it.
    ///
    /// `idle` is a session that has nothing to do meanwhile.
    pub(super) async fn over<T>(
        &mut self,
        mut work: Pin<&mut impl Future<Output = T>>,
        mut idle: Option<&mut dyn Session>,
    ) -> Result<T, HookFault> {
        let mut ticks = tokio::time::interval_at(tokio::time::Instant::now() + TELL_EVERY, TELL_EVERY);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let rest = self.limit.saturating_sub(self.started.elapsed());
        let limit = tokio::time::sleep(rest);
        tokio::pin!(limit);
        let mut ticked = 0;
        loop {
            tokio::select! {
                biased;
                result = &mut work => return Ok(result),
                () = requested(self.stop) => return Err(HookFault::Interrupted),
                () = &mut limit => return Err(HookFault::TimedOut(self.limit)),
                _ = ticks.tick() => {}
            }
            ticked += 1;
            let (hook, step, elapsed) = (self.hook, self.step, self.started.elapsed());
            self.observer.observe(&Event::HookRunning { hook, step, elapsed });
            look_at_lock(&mut *self.keeper).await.map_err(|error| HookFault::LockLost(error.message))?;
            if let Some(session) = idle.as_mut().filter(|_| ticked % SPEAK_EVERY == 0) {
                // Whether it is gone is found out by whoever wants something of it.
                let _ = tokio::time::timeout(PATIENCE, session.query("SELECT 1")).await;
            }
        }
    }
}

async fn requested(stop: Option<&Stop>) {
    match stop {
        Some(stop) => stop.requested().await,
        None => std::future::pending().await,
    }
}

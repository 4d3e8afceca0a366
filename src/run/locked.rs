//! The part of a run that holds the lock.

use crate::database::Query;
use std::time::Instant;

use super::counters::{self, LockOwner};
use super::engine::Engine;
use super::history::read_history;
use super::preparation::Preparation;
use super::{hooks, planning, precheck, records, repair};
use crate::error::Error;
use crate::event::Hook;
use crate::health::{self, Before};
use crate::ledger::Depth;
use crate::plan::Plan;

/// Does everything that happens under the lock; the caller releases it, whatever this returns.
pub(super) async fn under_lock(engine: &mut Engine<'_>) -> Result<(), Error> {
    let job = engine.job;
    let settled = records::settle(engine).await;
    let plan = planning::under_lock(engine).await?;
    if plan.steps.is_empty() && job.repair().is_none() {
        return Ok(());
    }
    let objections = precheck::objections(&plan, job.options, engine.session.capabilities());
    if !objections.is_empty() {
        return Err(Error::Refused(objections));
    }
    if !engine.session.capabilities().own_session
        && let Some(why) = hooks::sets_for_session(job, &plan)
    {
        return Err(Error::Pooled { why });
    }
    hooks::before(engine, Hook::Backup, &plan).await?;
    engine.unprepared = Some(Preparation::of(&plan, settled));
    engine.prepare_first().await?;
    counters::report(job, &mut **engine.session, LockOwner::Us, engine.observer).await;
    let home = engine.session.sql().home().map(str::to_owned);
    let nothing = Before::default();
    let before = health::before_run(job.checks(home.as_deref(), &nothing), engine.observer).await;
    let mut result = hooks::before(engine, Hook::Before, &plan).await;
    if result.is_ok() {
        result = work(engine, &plan, &before).await;
        // An error of the run matters more than one of the hook after it.
        let after = hooks::after(engine, &plan, result.as_ref().err()).await;
        result = result.and(after);
    }
    if engine.unprepared.is_some() {
        return result;
    }
    let recorded = records::finish(engine, result.as_ref().err()).await;
    records::fold(job, &mut **engine.session, engine.journal).await;
    // An error of a migration matters more than one of its record.
    result.and(recorded)
}

/// Changes the history if the operator requested that, runs every step, and runs the health checks.
async fn work(engine: &mut Engine<'_>, plan: &Plan<'_>, before: &Before) -> Result<(), Error> {
    let started = Instant::now();
    if let Some(repair) = engine.job.repair() {
        let changed = repair::change(engine, repair).await;
        if changed.is_err() || plan.steps.is_empty() {
            let (ledger, job) = (engine.ledger, engine.job);
            let reread = read_history(&mut **engine.session, ledger, job.options, job.set, Depth::Plan).await;
            reread.into_iter().for_each(|history| _ = engine.state.begin(engine.job.set, history));
            return changed;
        }
    }
    engine.journal_read = started;
    let result = engine.take_all(&plan.steps).await;
    engine.state.stages.apply = started.elapsed();
    result?;
    check_health(engine, before).await
}

/// Runs the health checks before the run reports its result, while the lock keeps other runs from changing anything.
async fn check_health(engine: &mut Engine<'_>, before: &Before) -> Result<(), Error> {
    let job = engine.job;
    let home = engine.session.sql().home().map(str::to_owned);
    let health = health::after_run(job.checks(home.as_deref(), before), engine.observer).await;
    engine.state.stages.health = health.as_ref().map(|health| health.elapsed).unwrap_or_default();
    if let Some(sql) = health.as_ref().and_then(|report| engine.journal.checks(engine.session.sql(), report)) {
        // The results are reported by this process in any case.
        let _ = engine.session.query(Query::Own(&sql)).await;
    }
    let verdict = health::verdict(health.as_ref());
    let interrupted = health.is_some() && job.stop.is_requested();
    engine.state.health = health;
    verdict?;
    // Checks that were interrupted do not show that the database is healthy.
    if interrupted { Err(Error::Interrupted { failure: None }) } else { Ok(()) }
}

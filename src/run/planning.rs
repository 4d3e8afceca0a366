//! The plan of a run: made before the lock, to see whether the lock is needed, and again under it.

use std::time::Instant;

use super::current::CurrentRun;
use super::engine::Engine;
use super::history::read_history;
use super::job::Job;
use super::repair;
use super::rules::rules;
use crate::error::Error;
use crate::event::{Command, Event};
use crate::history::History;
use crate::ledger::Depth;
use crate::migration::MigrationSet;
use crate::plan::{self, Objection, Plan, Rules};

/// The plan for a command.
///
/// # Errors
/// [`Error::Refused`] with every objection, or [`Error::Layout`] if files cannot be split into statements.
pub(crate) fn plan<'a>(
    command: Command,
    set: &'a MigrationSet,
    history: &History,
    rules: &Rules,
) -> Result<Plan<'a>, Error> {
    let plan = match command {
        Command::Down => plan::down(set, history, rules),
        // The other commands check or change a schema that should be up to date.
        Command::Up | Command::Exec | Command::Wait | Command::Health | Command::Repair | Command::Baseline => {
            plan::up(set, history, rules)
        }
    };
    plan.map_err(Error::refused)
}

/// Splits every file if the database does not exist yet, so that none is created for files that cannot be split.
///
/// # Errors
/// [`Error::Layout`] with every problem.
pub(super) fn readable(job: &Job<'_>) -> Result<(), Error> {
    match job.connector.is_absent() {
        true => plan::readable(job.set).map_err(Error::refused),
        false => Ok(()),
    }
}

/// The result of a run that needs no lock, because nothing is pending and nothing is wrong or a pending file cannot be split; `None` for any other.
pub(super) fn at_once(
    run: &mut CurrentRun<'_>,
    history: &History,
    rules: &Rules,
    started: Instant,
) -> Option<Result<(), Error>> {
    let job = run.job;
    let plan = match job.repair() {
        None => plan(job.command(), job.set, history, rules),
        Some(_) => return None,
    };
    let is_answer = match &plan {
        Ok(plan) => plan.steps.is_empty(),
        Err(error) => matches!(error, Error::Layout(_)),
    };
    if !is_answer {
        return None;
    }
    run.observer.observe(&Event::PlanStarted);
    let (schema, elapsed) = (plan::survey(job.set, history), started.elapsed());
    run.state.stages.plan = elapsed;
    run.observer.observe(&Event::PlanFinished { result: plan.as_ref(), elapsed, schema: &schema });
    Some(plan.map(drop))
}

/// The plan to execute, made from the history as it is under the lock.
pub(super) async fn under_lock<'r>(engine: &mut Engine<'r>) -> Result<Plan<'r>, Error> {
    let job = engine.job;
    let started = Instant::now();
    engine.observer.observe(&Event::PlanStarted);
    let rules = rules(job.command(), job.options, engine.session.capabilities());
    let read = read_history(&mut **engine.session, engine.ledger, job.options, job.set, Depth::Plan).await;
    let (result, schema) = match read {
        Ok(history) => {
            let result = match job.repair() {
                None => plan(job.command(), job.set, &history, &rules).and_then(|plan| confirmed(job, plan)),
                Some(repair) => repair::plan(engine, repair, &history).await,
            };
            (result, engine.state.begin(job.set, history))
        }
        Err(error) => (Err(error), plan::Schema::default()),
    };
    let elapsed = started.elapsed();
    engine.state.stages.plan = elapsed;
    engine.observer.observe(&Event::PlanFinished { result: result.as_ref(), elapsed, schema: &schema });
    result
}

/// Refuses a plan of `down` that has become longer since the user confirmed it.
fn confirmed<'a>(job: &Job<'_>, plan: Plan<'a>) -> Result<Plan<'a>, Error> {
    match job.options.at_most_down {
        Some(most) if job.command() == Command::Down && plan.steps.len() > most => {
            Err(Error::Refused(vec![Objection::Unconfirmed { steps: plan.steps.len(), confirmed: most }]))
        }
        _ => Ok(plan),
    }
}

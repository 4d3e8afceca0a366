//! The plan of a run: looked at before the lock, made under it.

use std::time::Instant;

use super::history::read_history;
use super::tally::Tally;
use super::{Job, mend, rules};
use crate::database::Session;
use crate::error::Error;
use crate::event::{Command, Event, Observer};
use crate::history::History;
use crate::ledger::{Depth, Ledger};
use crate::migration::MigrationSet;
use crate::plan::{self, Objection, Plan, Rules};

/// The plan for a command, or every objection.
pub(crate) fn plan<'a>(
    command: Command,
    set: &'a MigrationSet,
    history: &History,
    rules: &Rules,
) -> Result<Plan<'a>, Error> {
    let plan = match command {
        // What health would be asked of is a schema that is up to date.
        Command::Up | Command::Exec | Command::Wait | Command::Health | Command::Repair | Command::Baseline => {
            plan::up(set, history, rules)
        }
        Command::Down => plan::down(set, history, rules),
    };
    plan.map_err(Error::refused)
}

/// Where it is known that nothing is applied, files that cannot be split are found before a database is made for them.
pub(super) fn readable(job: &Job<'_>) -> Result<(), Error> {
    match job.connector.is_absent() {
        true => plan::readable(job.set).map_err(Error::refused),
        false => Ok(()),
    }
}

/// The answer that needs no lock: nothing is pending and nothing is wrong, or a pending file cannot be split.
pub(super) fn at_once(
    job: &Job<'_>,
    history: &History,
    rules: &Rules,
    (started, observer, tally): (Instant, &mut dyn Observer, &mut Tally),
) -> Option<Result<(), Error>> {
    let plan = match job.repair() {
        None => plan(job.context.command, job.set, history, rules),
        Some(_) => return None,
    };
    let is_answer = match &plan {
        Ok(plan) => plan.steps.is_empty(),
        Err(error) => matches!(error, Error::Layout(_)),
    };
    if !is_answer {
        return None;
    }
    observer.observe(&Event::PlanStarted);
    let schema = plan::survey(job.set, history);
    tally.stages.plan = started.elapsed();
    observer.observe(&Event::PlanFinished { result: plan.as_ref(), elapsed: tally.stages.plan, schema: &schema });
    Some(plan.map(drop))
}

/// The plan that is carried out, from the history as it is under the lock.
pub(super) async fn under_lock<'a>(
    job: &Job<'a>,
    session: &mut Box<dyn Session>,
    ledger: &dyn Ledger,
    observer: &mut dyn Observer,
    tally: &mut Tally,
) -> Result<Plan<'a>, Error> {
    let started = Instant::now();
    observer.observe(&Event::PlanStarted);
    let rules = rules(job.context.command, job.options, session.abilities());
    let read = read_history(&mut **session, ledger, job.options, Depth::Plan).await;
    let (result, schema) = match read {
        Ok(history) => {
            let schema = plan::survey(job.set, &history);
            let result = match job.repair() {
                None => plan(job.context.command, job.set, &history, &rules).and_then(|plan| confirmed(job, plan)),
                Some(repair) => mend::plan(job, repair, &mut **session, &history, observer).await,
            };
            tally.begin(history);
            (result, schema)
        }
        Err(error) => (Err(error), plan::Schema::default()),
    };
    tally.stages.plan = started.elapsed();
    observer.observe(&Event::PlanFinished { result: result.as_ref(), elapsed: tally.stages.plan, schema: &schema });
    result
}

/// A way down that has become longer since it was confirmed is not taken.
fn confirmed<'a>(job: &Job<'a>, plan: Plan<'a>) -> Result<Plan<'a>, Error> {
    match job.options.at_most_down {
        Some(most) if job.context.command == Command::Down && plan.steps.len() > most => {
            Err(Error::Refused(vec![Objection::Unconfirmed { steps: plan.steps.len(), confirmed: most }]))
        }
        _ => Ok(plan),
    }
}

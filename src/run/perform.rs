//! A run from its first event to its last.

use std::time::{Duration, Instant};

use super::connect::connect;
use super::current::CurrentRun;
use super::engine::{CurrentStatement, Engine};
use super::history::read_history;
use super::job::Job;
use super::monitor::Monitor;
use super::rules::rules;
use super::state::RunState;
use super::task::Task;
use super::{inspect, lock, locked, planning, records, running, wait};
use crate::database::{Access, Session};
use crate::error::{Error, RunError};
use crate::event::{Event, Observer};
use crate::health::{self, Before};
use crate::journal::Journal;
use crate::ledger::Depth;
use crate::policy::{Decision, Policy};
use crate::report::{Outcome, Report};

/// How long a run that was asked to stop may take to shut down cleanly. Longer than a hook needs to end after SIGTERM, and shorter than the
/// grace period of common supervisors. A server that answers needs a fraction of it.
const ABANDON_AFTER: Duration = Duration::from_secs(9);

/// Performs a run. Its last event is emitted on every path.
///
/// # Errors
/// [`RunError`], with the report of what was done and the cause.
pub(crate) async fn run(job: &Job<'_>, observer: &mut dyn Observer) -> Result<Report, RunError> {
    if matches!(job.task, Task::Health) {
        return health::alone(job.checks(None, &Before::default()), observer).await;
    }
    let started = Instant::now();
    let expected = job.connector.expected();
    let (command, target) = (job.command(), job.context.target(&expected));
    observer.observe(&Event::RunStarted { command, run: job.context, expected: &expected, target });
    let mut run = CurrentRun { job, observer, state: RunState::new(started) };
    let done = tokio::select! {
        biased;
        result = do_task(&mut run) => Some(result),
        () = job.stop.overdue(ABANDON_AFTER) => None,
    };
    // The connections have just been dropped: the server ends their statements when it detects that.
    let result = done.unwrap_or_else(|| Err(Error::Abandoned { migration: run.state.at.take() }));
    let CurrentRun { observer, state, .. } = run;
    let error = result.err();
    let schema = state.schema().cloned();
    let outcome = error.as_ref().map_or(Outcome::Success, Error::outcome);
    let report = state.into_report(job, outcome, started.elapsed());
    observer.observe(&Event::RunFinished { report: &report, error: error.as_ref(), schema: schema.as_ref() });
    match error {
        None => Ok(report),
        Some(cause) => Err(RunError { report: Box::new(report), cause }),
    }
}

async fn do_task(run: &mut CurrentRun<'_>) -> Result<(), Error> {
    match run.job.task {
        Task::Exec(policy) => exec(run, policy).await,
        Task::Wait(condition) => wait::reach(run, condition).await,
        Task::Up | Task::Down | Task::Health | Task::Repair(_) => with_connection(run).await,
    }
}

async fn exec(run: &mut CurrentRun<'_>, policy: &Policy) -> Result<(), Error> {
    let decided = run.state.decide(policy);
    run.observer.observe(&Event::PolicyDecided { decided });
    match decided.decision {
        Decision::Migrate => with_connection(run).await,
        Decision::Look => inspect::alone(run).await,
        Decision::Leave => Ok(()),
    }
}

async fn with_connection(run: &mut CurrentRun<'_>) -> Result<(), Error> {
    planning::readable(run.job)?;
    let mut session = connect(run, Access::Write, None).await?;
    let result = with_session(run, &mut session).await;
    records::conclude(run, &mut *session, result.as_ref().err()).await;
    session.close().await;
    result
}

/// Reads the history first: if nothing is pending and nothing is wrong, the run needs neither the lock nor a second connection.
async fn with_session(run: &mut CurrentRun<'_>, session: &mut Box<dyn Session>) -> Result<(), Error> {
    let job = run.job;
    let ledger = job.options.ledger_of(job.set);
    let rules = rules(job.command(), job.options, session.capabilities());
    let started = Instant::now();
    let history = read_history(&mut **session, &*ledger, job.options, job.set, Depth::Plan).await?;
    if let Some(answer) = planning::at_once(run, &history, &rules, started) {
        run.state.begin(job.set, history);
        return answer;
    }
    // The schema is known even to a run that does not get the lock: what another run is executing does not count as half-way.
    let seen = match history.unsettled.is_empty() {
        true => history,
        false => running::read(job.connector, &mut **session, job.options, job.set, Depth::Plan).await?,
    };
    run.state.begin(job.set, seen);
    if let Some(reason) = session.server_info().read_only {
        return Err(Error::ReadOnly { reason });
    }
    let lock = lock::acquire(run, &mut **session, &*ledger).await?;
    let since = Instant::now();
    let mut monitor = Monitor::new(lock, job.connector.monitors());
    let mut engine = Engine {
        job,
        session,
        monitor: &mut monitor,
        ledger: &*ledger,
        journal: &Journal::new(&job.options.journal_table, job.context, job.command()),
        observer: &mut *run.observer,
        state: &mut run.state,
        unprepared: None,
        statement: CurrentStatement::default(),
        journal_read: since,
    };
    let result = locked::under_lock(&mut engine).await;
    let released = monitor.unlock().await;
    run.observer.observe(&Event::LockReleased { held: since.elapsed(), error: released.as_ref().err() });
    result
}

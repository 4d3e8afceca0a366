//! The engine: lock, plan, execute, record, tell, unlock.

mod chronicle;
mod fit;
mod goal;
mod history;
mod hooks;
mod living;
mod lock;
mod look;
mod mend;
mod monitor;
mod options;
mod place;
mod planning;
mod prepare;
mod step;
mod stop;
mod tally;
mod watch;

use std::time::{Duration, Instant};

pub(crate) use self::chronicle::totals;
pub use self::goal::Goal;
use self::history::read_history;
use self::hooks::Bystanders;
pub use self::hooks::Hooks;
pub(crate) use self::look::look;
pub use self::mend::Repair;
use self::monitor::Monitor;
pub(crate) use self::options::rules;
pub use self::options::{HistoryFormat, LockTimeout, Options};
pub(crate) use self::planning::plan;
use self::prepare::Preparation;
pub use self::stop::Stop;
use self::tally::Tally;
use crate::database::{Access, Connector, DatabaseError, ErrorKind, Session};
use crate::error::{Error, RunError};
use crate::event::{Command, Event, Hook, Observer, RunContext};
use crate::health::{self, Before, Patient};
use crate::journal::Journal;
use crate::ledger::{Depth, Ledger};
use crate::migration::MigrationSet;
use crate::policy::{Decision, Policy};
use crate::report::{Outcome, Report};

/// How long a run that was asked to stop may take to end in good order: longer than a hook that does not want to end, and shorter
/// than whoever asked has patience for. A server that answers has ended everything in a fraction of it.
const ABANDON_AFTER: Duration = Duration::from_secs(9);

/// Whether to wait for the lock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wait {
    /// Try once.
    No,
    /// Try for so long.
    For(Duration),
}

/// Whether the journal's totals are wanted: they cost a few queries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Figures {
    /// Nobody asks for them.
    Leave,
    /// They are read and told as [`Event::JournalRead`].
    Read,
}

/// One run: what is done, where, and how.
pub(crate) struct Job<'a> {
    pub(crate) connector: &'a dyn Connector,
    pub(crate) set: &'a MigrationSet,
    pub(crate) options: &'a Options,
    pub(crate) context: &'a RunContext,
    pub(crate) stop: &'a Stop,
    pub(crate) task: &'a Task,
}

/// What a run is about, beside its command.
#[derive(Debug)]
pub(crate) enum Task {
    /// [`Command::Up`], [`Command::Down`] and [`Command::Health`] say enough.
    Plain,
    /// [`Command::Repair`] and [`Command::Baseline`].
    Repair(Repair),
    /// [`Command::Exec`].
    Exec(Policy),
    /// [`Command::Wait`].
    Wait(Goal),
}

impl<'a> Job<'a> {
    fn repair(&self) -> Option<&'a Repair> {
        match self.task {
            Task::Repair(repair) => Some(repair),
            Task::Plain | Task::Exec(_) | Task::Wait(_) => None,
        }
    }

    /// `home` is where our tables are in this run.
    fn patient<'p>(&self, home: Option<&'p str>, before: &'p Before) -> Patient<'p>
    where
        'a: 'p,
    {
        Patient {
            connector: self.connector,
            options: self.options,
            context: self.context,
            stop: self.stop,
            home,
            before,
        }
    }
}

/// Carries out a job and tells about it; the end is told on every path.
pub(crate) async fn run(job: &Job<'_>, observer: &mut dyn Observer) -> Result<Report, RunError> {
    if job.context.command == Command::Health {
        return health::alone(job.patient(None, &Before::default()), observer).await;
    }
    let started = Instant::now();
    observer.observe(&Event::RunStarted { run: job.context, expected: &job.connector.expected() });
    let mut tally = Tally::new(started);
    let done = tokio::select! {
        biased;
        result = do_task(job, observer, &mut tally) => Some(result),
        () = job.stop.overdue(ABANDON_AFTER) => None,
    };
    // With the connections that were dropped just now the server ends what it was doing, when it comes to itself.
    let result = done.unwrap_or_else(|| Err(Error::Abandoned { migration: tally.at.take() }));
    let error = result.err();
    let schema = tally.schema(job.set);
    let outcome = error.as_ref().map_or(Outcome::Success, Error::outcome);
    let report = tally.into_report(job.context, outcome, schema.as_ref(), started.elapsed());
    observer.observe(&Event::RunFinished { report: &report, error: error.as_ref(), schema: schema.as_ref() });
    match error {
        None => Ok(report),
        Some(cause) => Err(RunError { report: Box::new(report), cause }),
    }
}

async fn do_task(job: &Job<'_>, observer: &mut dyn Observer, tally: &mut Tally) -> Result<(), Error> {
    match job.task {
        Task::Plain | Task::Repair(_) => with_connection(job, observer, tally).await,
        Task::Wait(goal) => goal::reach(job, goal, observer, tally).await,
        Task::Exec(policy) => {
            let decided = tally.decide(policy);
            observer.observe(&Event::PolicyDecided { decided });
            match decided.decision {
                Decision::Migrate => with_connection(job, observer, tally).await,
                Decision::Look => look::alone(job, observer, tally).await,
                Decision::Leave => Ok(()),
            }
        }
    }
}

async fn with_connection(job: &Job<'_>, observer: &mut dyn Observer, tally: &mut Tally) -> Result<(), Error> {
    planning::readable(job)?;
    let mut session = connect(job, Access::Write, observer, tally).await?;
    let result = with_session(job, &mut session, observer, tally).await;
    chronicle::conclude(job, &mut *session, result.as_ref().err(), observer, tally).await;
    session.close().await;
    result
}

async fn connect(
    job: &Job<'_>,
    access: Access,
    observer: &mut dyn Observer,
    tally: &mut Tally,
) -> Result<Box<dyn Session>, Error> {
    let started = Instant::now();
    observer.observe(&Event::ConnectStarted);
    let result = tokio::select! {
        result = job.connector.session(access) => result,
        () = job.stop.requested() => Err(DatabaseError::new(ErrorKind::Cancelled, "interrupted while connecting")),
    };
    let told = result.as_ref().map(|session| session.identity());
    tally.stages.connect = started.elapsed();
    observer.observe(&Event::ConnectFinished { result: told, elapsed: tally.stages.connect });
    result.map_err(|source| match source.kind {
        ErrorKind::Cancelled if job.stop.is_requested() => Error::Interrupted { failure: None },
        _ => cannot_connect(job.connector, source),
    })
}

/// Looks first: when nothing is pending and nothing is wrong, that is the answer, without lock or second connection.
async fn with_session(
    job: &Job<'_>,
    session: &mut Box<dyn Session>,
    observer: &mut dyn Observer,
    tally: &mut Tally,
) -> Result<(), Error> {
    let ledger = job.options.ledger();
    let rules = rules(job.context.command, job.options, session.abilities());
    let started = Instant::now();
    let history = read_history(&mut **session, &*ledger, job.options, Depth::Plan).await?;
    if let Some(answer) = planning::at_once(job, &history, &rules, (started, &mut *observer, &mut *tally)) {
        tally.begin(history);
        return answer;
    }
    // Also where the lock is not obtained it is known how the schema stands: what another run is at now is not half-way.
    let seen = match history.unsettled.is_empty() {
        true => history,
        false => living::read(job.connector, &mut **session, job.options, Depth::Plan).await?,
    };
    tally.begin(seen);
    if let Some(reason) = session.identity().read_only {
        return Err(Error::ReadOnly { reason });
    }
    let (keeper, since) = lock::acquire(job, &mut **session, &*ledger, observer, tally).await?;
    let mut monitor = Monitor::new(keeper);
    let result = under_lock(job, session, &mut monitor, &*ledger, observer, tally).await;
    let released = monitor.unlock().await;
    observer.observe(&Event::LockReleased { held: since.elapsed(), error: released.as_ref().err() });
    result
}

/// Everything between lock and unlock; whatever it returns, the caller unlocks.
async fn under_lock(
    job: &Job<'_>,
    session: &mut Box<dyn Session>,
    monitor: &mut Monitor,
    ledger: &dyn Ledger,
    observer: &mut dyn Observer,
    tally: &mut Tally,
) -> Result<(), Error> {
    let journal = Journal::new(&job.options.journal_table, job.context);
    let settled = chronicle::settle(job, &mut **session, &journal).await;
    let plan = planning::under_lock(job, session, ledger, observer, tally).await?;
    if plan.steps.is_empty() && job.repair().is_none() {
        return Ok(());
    }
    let objections = fit::objections(&plan, job.options, session.abilities());
    if !objections.is_empty() {
        return Err(Error::Refused(objections));
    }
    if !session.abilities().own_session
        && let Some(why) = hooks::sets_for_session(job, &plan)
    {
        return Err(Error::Pooled { why });
    }
    let with = Bystanders { session: &mut **session, monitor: &mut *monitor, observer: &mut *observer };
    hooks::before(Hook::Backup, job, &plan, tally, with).await?;
    let form = tally.history().and_then(|history| history.journal_form);
    let preparation =
        Preparation { job, ledger, journal: &journal, plan: &plan, started: tally.started, form, settled };
    tally.journaled = preparation.begin(&mut **session).await?;
    chronicle::tell(job, &mut **session, chronicle::Lock::Ours, observer).await;
    let before = health::before_run(job.patient(session.home(), &Before::default()), observer).await;
    let with = Bystanders { session: &mut **session, monitor: &mut *monitor, observer: &mut *observer };
    let mut result = hooks::before(Hook::Before, job, &plan, tally, with).await;
    if result.is_ok() {
        result = work((session, monitor), preparation, &before, observer, tally).await;
        let with = Bystanders { session: &mut **session, monitor: &mut *monitor, observer: &mut *observer };
        // What went wrong with the run matters more than what goes wrong after it.
        let after = hooks::after(job, &plan, tally, result.as_ref().err(), with).await;
        result = result.and(after);
    }
    if !tally.journaled {
        return result;
    }
    let noted = chronicle::finish(job, session, &journal, result.as_ref().err(), tally).await;
    chronicle::fold(job, &mut **session, &journal).await;
    // What went wrong with a migration matters more than what goes wrong with its record.
    result.and(noted)
}

/// History is changed as a person has asked for, then every step is taken, then health examined.
async fn work(
    (session, monitor): (&mut Box<dyn Session>, &mut Monitor),
    preparation: Preparation<'_>,
    before: &Before,
    observer: &mut dyn Observer,
    tally: &mut Tally,
) -> Result<(), Error> {
    let started = Instant::now();
    let Preparation { job, ledger, journal, plan, .. } = preparation;
    if let Some(repair) = job.repair() {
        let history = tally.history().cloned().unwrap_or_default();
        let changed = mend::carry_out(job, repair, &mut **session, (ledger, journal), &history, observer).await;
        if changed.is_err() || plan.steps.is_empty() {
            let reread = read_history(&mut **session, ledger, job.options, Depth::Plan).await;
            reread.into_iter().for_each(|history| tally.begin(history));
            return changed;
        }
    }
    let mut engine = step::Engine {
        job,
        session,
        monitor,
        ledger,
        journal,
        unprepared: (!tally.journaled).then_some(preparation),
        observer,
        sent: false,
        wrote: None,
        left: false,
        blocker: None,
        journal_read: started,
    };
    let result = engine.take_all(&plan.steps, tally).await;
    tally.journaled = engine.unprepared.is_none();
    tally.stages.apply = started.elapsed();
    result?;
    examine(job, &mut **session, (journal, before), observer, tally).await
}

/// Examines what the migrations have left, before the run says how it went and before anybody else changes something.
async fn examine(
    job: &Job<'_>,
    session: &mut dyn Session,
    (journal, before): (&Journal<'_>, &Before),
    observer: &mut dyn Observer,
    tally: &mut Tally,
) -> Result<(), Error> {
    tally.health = health::after_run(job.patient(session.home(), before), observer).await;
    tally.stages.health = tally.health.as_ref().map(|health| health.elapsed).unwrap_or_default();
    if let Some(sql) = tally.health.as_ref().and_then(|report| journal.checks(session, report)) {
        // Figures may do without them; what the checks found is told all the same.
        let _ = session.query(&sql).await;
    }
    health::verdict(tally.health.as_ref())?;
    // What was not looked at to the end is not known to be well.
    if tally.health.is_some() && job.stop.is_requested() { Err(Error::Interrupted { failure: None }) } else { Ok(()) }
}

fn cannot_connect(connector: &dyn Connector, source: DatabaseError) -> Error {
    if source.kind == ErrorKind::Pooled {
        return Error::Pooled { why: source.message };
    }
    Error::Connect { expected: Box::new(connector.expected()), source: Box::new(source) }
}

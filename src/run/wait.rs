//! Waits until another run has migrated the schema to the required version. It changes nothing and takes no lock.

use std::time::{Duration, Instant};

use super::connect::{cannot_connect, connect};
use super::current::CurrentRun;
use super::history::read_history;
use super::job::Job;
use super::rules::rules;
use super::running::{self, Worker};
use super::task::WaitCondition;
use crate::database::{Access, DatabaseError, ErrorKind, Session};
use crate::error::Error;
use crate::event::Event;
use crate::history::History;
use crate::journal;
use crate::ledger::Depth;
use crate::plan::{self, Objection};

/// The first pause between two checks. Each pause is 1.5 times as long as the one before, up to [`LONGEST_PAUSE`].
const FIRST_PAUSE: Duration = Duration::from_millis(250);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);
/// How long one check may take, so that a server that stops answering does not block the wait.
const CHECK_TIMEOUT: Duration = Duration::from_secs(10);
/// How long the first check may take even if the timeout of the wait is shorter, so that a slow server can still report what is pending.
const FIRST_CHECK_TIMEOUT: Duration = Duration::from_secs(25);

/// The connection of the checks.
#[derive(Default)]
struct Watcher {
    session: Option<Box<dyn Session>>,
    /// The schema of the runner's own tables at the first check: the awaited run may change the default schema of new sessions.
    home: Option<String>,
}

/// The result of a check.
enum Found {
    Reached,
    NotYet,
    /// The timeout of the wait ended it.
    TimedOut,
    /// No run is executing, and the next one would be refused or fail as before.
    Unreachable(Vec<Objection>),
}

/// Checks the schema repeatedly.
///
/// # Errors
/// [`Error::Awaited`] on timeout, or the error of the last check; [`Error::Refused`] immediately if no run can reach the required version.
pub(super) async fn reach(run: &mut CurrentRun<'_>, condition: &WaitCondition) -> Result<(), Error> {
    let job = run.job;
    let mut watcher = Watcher::default();
    let mut pause = FIRST_PAUSE;
    let (mut first, mut seen) = (true, false);
    loop {
        let left = condition.timeout.saturating_sub(run.state.started.elapsed());
        let limit =
            if std::mem::take(&mut first) { FIRST_CHECK_TIMEOUT } else { CHECK_TIMEOUT.min(left.max(FIRST_PAUSE)) };
        let found = tokio::select! {
            found = check(run, condition, &mut watcher) => found,
            () = tokio::time::sleep(limit) => match seen {
                // The wait is over, and an earlier check has seen the schema.
                true if limit < CHECK_TIMEOUT => Ok(Found::TimedOut),
                _ => Err(no_answer(job)),
            },
            () = job.stop.requested() => Err(Error::Interrupted { failure: None }),
        };
        let failed = match found {
            Ok(Found::Reached) => break,
            Ok(Found::Unreachable(objections)) => return Err(Error::refused(objections)),
            Err(error @ (Error::Interrupted { .. } | Error::Refused(_))) => return Err(error),
            Ok(Found::NotYet) => {
                seen = true;
                None
            }
            Ok(Found::TimedOut) => {
                watcher.session = None;
                None
            }
            Err(error) => {
                // The next check makes a new connection.
                watcher.session = None;
                Some(error)
            }
        };
        let waited = run.state.started.elapsed();
        let schema = run.state.schema();
        if waited >= condition.timeout {
            let pending = schema.map_or(0, |schema| schema.pending);
            let version = condition.version.as_ref().map(ToString::to_string);
            return Err(failed.unwrap_or(Error::Awaited { waited, version, pending }));
        }
        run.observer.observe(&Event::SchemaAwaited { schema, error: failed.as_ref(), waited });
        tokio::select! {
            () = tokio::time::sleep(pause.min(condition.timeout - waited)) => {}
            () = job.stop.requested() => return Err(Error::Interrupted { failure: None }),
        }
        pause = (pause * 3 / 2).min(LONGEST_PAUSE);
    }
    if let Some(session) = watcher.session {
        session.close().await;
    }
    Ok(())
}

async fn check(run: &mut CurrentRun<'_>, condition: &WaitCondition, watcher: &mut Watcher) -> Result<Found, Error> {
    let job = run.job;
    let session = match &mut watcher.session {
        Some(session) => session,
        None => {
            let session = connect(run, Access::Watch, watcher.home.as_deref()).await?;
            watcher.home = session.sql().home().map(str::to_owned);
            watcher.session.insert(session)
        }
    };
    let session = &mut **session;
    let history = read(run, session).await?;
    if is_reached(job, condition, &history) {
        return Ok(Found::Reached);
    }
    if obstacles(job, condition, session, &history).await?.is_empty() {
        return Ok(Found::NotYet);
    }
    let ledger = job.options.ledger().table(session.sql());
    if !matches!(
        Worker::of(job.connector, session.server_info(), &ledger).await.map_err(running::unreadable)?,
        Worker::None
    ) {
        return Ok(Found::NotYet);
    }
    // A run that has ended meanwhile has changed the history.
    let history = read(run, session).await?;
    let obstacles = obstacles(job, condition, session, &history).await?;
    match (is_reached(job, condition, &history), obstacles.is_empty()) {
        (true, _) => Ok(Found::Reached),
        (false, true) => Ok(Found::NotYet),
        (false, false) => Ok(Found::Unreachable(obstacles)),
    }
}

async fn read(run: &mut CurrentRun<'_>, session: &mut dyn Session) -> Result<History, Error> {
    let started = Instant::now();
    let (options, set) = (run.job.options, run.job.set);
    let history = read_history(session, &*options.ledger_of(set), options, set, Depth::Plan).await?;
    run.state.stages.plan = started.elapsed();
    run.state.begin(run.job.set, history.clone());
    Ok(history)
}

fn is_reached(job: &Job<'_>, condition: &WaitCondition, history: &History) -> bool {
    match &condition.version {
        Some(version) => {
            let applied = history.entry(&version.clone().into()).is_some();
            let version = version.ordered(job.set.order());
            applied && history.unsettled.iter().all(|attempt| attempt.key != *version)
        }
        None => history.unsettled.is_empty() && plan::survey(job.set, history).pending == 0,
    }
}

/// Why no run can reach the required version, unless one is executing now.
async fn obstacles(
    job: &Job<'_>,
    condition: &WaitCondition,
    session: &mut dyn Session,
    history: &History,
) -> Result<Vec<Objection>, Error> {
    if !history.unsettled.is_empty() {
        return Ok(plan::unsettled(job.set, history));
    }
    if condition.version.is_none()
        && let Err(objections) = plan::up(job.set, history, &rules(job.command(), job.options, session.capabilities()))
    {
        return Ok(objections);
    }
    let Some(next) = job.set.iter().find(|migration| plan::is_pending(migration, history)) else {
        return Ok(Vec::new());
    };
    let failure = journal::failure(session, &job.options.journal_table, next).await.map_err(running::unreadable)?;
    Ok(failure.into_iter().collect())
}

fn no_answer(job: &Job<'_>) -> Error {
    cannot_connect(job.connector, DatabaseError::new(ErrorKind::Connect, "no answer in time"))
}

//! Waiting until somebody else has brought the schema to where it is wanted. Nothing is changed, and no lock is taken.

use std::time::{Duration, Instant};

use super::living::Worker;
use super::tally::Tally;
use super::{Job, connect, read_history, rules};
use crate::database::{Access, DatabaseError, ErrorKind, Session};
use crate::error::Error;
use crate::event::{Event, Observer};
use crate::history::History;
use crate::journal;
use crate::ledger::Depth;
use crate::migration::Version;
use crate::plan::{self, Objection};

/// The first pause between two looks; each is half as long again, up to [`LONGEST_PAUSE`].
const FIRST_PAUSE: Duration = Duration::from_millis(250);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);
/// What a look may take: a server that is gone without a word must not hold up the next one.
const LOOK: Duration = Duration::from_secs(10);
/// What the first look may take, however short the patience: a slow server says what is pending, too.
const FIRST_LOOK: Duration = Duration::from_secs(25);

/// What [`crate::Migrator::wait`] waits for.
///
/// ```no_run
/// # async fn example(migrator: migrascope::Migrator) -> Result<(), Box<dyn std::error::Error>> {
/// use std::time::Duration;
///
/// use migrascope::Error;
/// use migrascope::run::Goal;
///
/// // A Job of its own migrates, and this instance of the application has to wait for it.
/// let goal = Goal { version: None, patience: Duration::from_secs(600) };
/// match migrator.wait(goal).await.map_err(|error| error.cause) {
///     Ok(_) => {}
///     Err(Error::Awaited { pending, .. }) => eprintln!("{pending} migrations are still pending"),
///     // Half-way, failed, or refused: waiting on would be in vain.
///     Err(other) => return Err(other.into()),
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Goal {
    /// This version is applied; `None` stands for: nothing is pending.
    pub version: Option<Version>,
    /// For so long at most; with `Duration::ZERO` one look is all.
    pub patience: Duration,
}

impl Goal {
    fn is_reached(&self, job: &Job<'_>, history: &History) -> bool {
        match &self.version {
            Some(version) => {
                history.entry(version).is_some() && history.unsettled.iter().all(|attempt| attempt.version != *version)
            }
            None => history.unsettled.is_empty() && plan::survey(job.set, history).pending == 0,
        }
    }
}

/// Looks again and again.
///
/// # Errors
/// [`Error::Awaited`] when it took too long, or the last look's own error; [`Error::Refused`] at once when no run will get there.
pub(super) async fn reach(
    job: &Job<'_>,
    goal: &Goal,
    observer: &mut dyn Observer,
    tally: &mut Tally,
) -> Result<(), Error> {
    let (mut session, mut home) = (None, None);
    let mut pause = FIRST_PAUSE;
    let (mut first, mut seen) = (true, false);
    loop {
        let left = goal.patience.saturating_sub(tally.started.elapsed());
        let limit = if std::mem::take(&mut first) { FIRST_LOOK } else { LOOK.min(left.max(FIRST_PAUSE)) };
        let looked = tokio::select! {
            looked = look(job, goal, (&mut session, &mut home), observer, tally) => looked,
            () = tokio::time::sleep(limit) => match seen {
                // It is our time that is over, and an earlier look has shown how the schema stands.
                true if limit < LOOK => Ok(Sight::Cut),
                _ => Err(mute(job)),
            },
            () = job.stop.requested() => Err(Error::Interrupted { failure: None }),
        };
        let failed = match looked {
            Ok(Sight::Reached) => break,
            Ok(Sight::Hopeless(objections)) => return Err(Error::refused(objections)),
            Err(error @ (Error::Interrupted { .. } | Error::Refused(_))) => return Err(error),
            Ok(Sight::NotYet) => {
                seen = true;
                None
            }
            Ok(Sight::Cut) => {
                session = None;
                None
            }
            Err(error) => {
                // Whatever it was, the next look has a connection of its own.
                session = None;
                Some(error)
            }
        };
        let waited = tally.started.elapsed();
        if waited >= goal.patience {
            let pending = tally.schema(job.set).map_or(0, |schema| schema.pending);
            let version = goal.version.as_ref().map(ToString::to_string);
            return Err(failed.unwrap_or(Error::Awaited { waited, version, pending }));
        }
        let schema = tally.schema(job.set);
        observer.observe(&Event::SchemaAwaited { schema: schema.as_ref(), error: failed.as_ref(), waited });
        tokio::select! {
            () = tokio::time::sleep(pause.min(goal.patience - waited)) => {}
            () = job.stop.requested() => return Err(Error::Interrupted { failure: None }),
        }
        pause = (pause * 3 / 2).min(LONGEST_PAUSE);
    }
    if let Some(session) = session {
        session.close().await;
    }
    Ok(())
}

/// What one look has shown.
enum Sight {
    Reached,
    NotYet,
    /// There was no time for it.
    Cut,
    /// Nobody is at work, and whoever tries is refused or fails as before.
    Hopeless(Vec<Objection>),
}

async fn look(
    job: &Job<'_>,
    goal: &Goal,
    (session, home): (&mut Option<Box<dyn Session>>, &mut Option<String>),
    observer: &mut dyn Observer,
    tally: &mut Tally,
) -> Result<Sight, Error> {
    let session = match session {
        Some(session) => session,
        None => session.insert(connect(job, Access::Watch, observer, tally).await?),
    };
    let session = &mut **session;
    // Every look is at the same history, whatever the run that is waited for sets for new sessions.
    match home {
        Some(home) => session.keep_home(home),
        None => *home = session.home().map(str::to_owned),
    }
    let history = read(job, session, tally).await?;
    if goal.is_reached(job, &history) {
        return Ok(Sight::Reached);
    }
    if obstacles(job, goal, session, &history).await?.is_empty() {
        return Ok(Sight::NotYet);
    }
    let ledger = job.options.ledger().table(session);
    if !matches!(Worker::of(job.connector, session, &ledger).await.map_err(unreadable)?, Worker::Nobody) {
        return Ok(Sight::NotYet);
    }
    // A run that has ended between the two looks has changed what there is to see.
    let history = read(job, session, tally).await?;
    let obstacles = obstacles(job, goal, session, &history).await?;
    match (goal.is_reached(job, &history), obstacles.is_empty()) {
        (true, _) => Ok(Sight::Reached),
        (false, true) => Ok(Sight::NotYet),
        (false, false) => Ok(Sight::Hopeless(obstacles)),
    }
}

async fn read(job: &Job<'_>, session: &mut dyn Session, tally: &mut Tally) -> Result<History, Error> {
    let started = Instant::now();
    let ledger = job.options.ledger();
    let history = read_history(session, &*ledger, job.options, Depth::Plan).await?;
    tally.stages.plan = started.elapsed();
    tally.begin(history.clone());
    Ok(history)
}

/// Why no run will get there, unless one is at it now.
async fn obstacles(
    job: &Job<'_>,
    goal: &Goal,
    session: &mut dyn Session,
    history: &History,
) -> Result<Vec<Objection>, Error> {
    if !history.unsettled.is_empty() {
        return Ok(plan::unsettled(job.set, history));
    }
    if goal.version.is_none()
        && let Err(objections) =
            plan::up(job.set, history, &rules(job.context.command, job.options, session.abilities()))
    {
        return Ok(objections);
    }
    let Some(next) = job.set.iter().find(|migration| history.entry(&migration.version).is_none()) else {
        return Ok(Vec::new());
    };
    let failure = journal::failure(session, &job.options.journal_table, next).await.map_err(unreadable)?;
    Ok(failure.into_iter().collect())
}

fn unreadable(source: DatabaseError) -> Error {
    Error::Own { what: "cannot read the history of migrations", source: Box::new(source) }
}

fn mute(job: &Job<'_>) -> Error {
    super::cannot_connect(job.connector, DatabaseError::new(ErrorKind::Connect, "no answer in time"))
}

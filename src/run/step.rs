//! Taking one step: begin, statements, record, commit; or statement by statement with a journal of how far it came.

mod alone;
mod atomic;
mod beside;
mod course;
mod effect;
mod fate;
mod foreign_keys;
mod index;
mod nature;
mod notes;
mod own_transaction;
mod remains;
mod restore;
mod retry;
mod statement;
mod stepwise;
mod timeout;
mod trace;

pub(super) use self::effect::is_doubtful;
pub(super) use self::fate::replace;
pub(super) use self::retry::pauses;

use std::time::{Duration, Instant};

use self::retry::Tries;
use super::monitor::Monitor;
use super::prepare::Preparation;
use super::tally::Tally;
use super::{Job, chronicle, place};
use crate::database::{DatabaseError, ErrorKind, Holder, Limits, Session};
use crate::error::Error;
use crate::event::{Event, Hook, Observer};
use crate::journal::Journal;
use crate::ledger::Ledger;
use crate::migration::StatementKind;
use crate::plan::Step;
use crate::report::{Failure, Outcome, Remains, Stage, StatementReport, StepReport};

/// How often the connection that holds the lock is looked at, between statements and while one runs.
const LOOK_AT_LOCK_EVERY: Duration = Duration::from_secs(1);

/// How often the journal's totals are read while a run works, for who watches it.
const READ_JOURNAL_EVERY: Duration = Duration::from_secs(8);

/// Everything a step needs.
pub(super) struct Engine<'r> {
    pub(super) job: &'r Job<'r>,
    pub(super) session: &'r mut Box<dyn Session>,
    pub(super) monitor: &'r mut Monitor,
    pub(super) ledger: &'r dyn Ledger,
    pub(super) journal: &'r Journal<'r>,
    /// What was in another's way at the beginning, and is tried again before the first statement; `None` where all is prepared.
    pub(super) unprepared: Option<Preparation<'r>>,
    pub(super) observer: &'r mut dyn Observer,
    /// Whether the statement that the step has come to was sent; not so where the run stopped before it.
    pub(super) sent: bool,
    /// Whether the statement that ran last has written anything, where the server was asked.
    pub(super) wrote: Option<bool>,
    /// Whether a rollback has left something of the statement that the step has come to.
    pub(super) left: bool,
    /// Who was last seen in the way of the statement that ran last.
    pub(super) blocker: Option<Holder>,
    /// When the journal's totals were last told.
    pub(super) journal_read: Instant,
}

/// Why a step ended before its time.
struct Broken {
    /// Which statement, from 0.
    index: usize,
    error: DatabaseError,
    remains: Remains,
    /// What a failed concurrent build has left, in quotes.
    invalid_index: Option<String>,
}

impl Broken {
    fn new(index: usize, error: DatabaseError, remains: Remains) -> Self {
        Self { index, error, remains, invalid_index: None }
    }
}

impl Engine<'_> {
    /// Takes the steps in order, up to the first that does not succeed.
    pub(super) async fn take_all(&mut self, steps: &[Step<'_>], tally: &mut Tally) -> Result<(), Error> {
        for (index, step) in steps.iter().enumerate() {
            if self.job.stop.is_requested() {
                return Err(Error::Interrupted { failure: None });
            }
            self.each(Hook::BeforeEach, step).await?;
            self.observer.observe(&Event::MigrationStarted { step, index: index + 1, of: steps.len() });
            tally.at = Some(step.migration.to_string());
            let (report, taken) = self.take(step).await;
            tally.at = None;
            self.observer.observe(&Event::MigrationFinished { step: taken.as_ref().unwrap_or(step), report: &report });
            if self.journal_read.elapsed() >= READ_JOURNAL_EVERY {
                chronicle::tell(self.job, &mut **self.session, chronicle::Lock::Ours, self.observer).await;
                self.journal_read = Instant::now();
            }
            let failure = report.failure.clone();
            let outcome = report.outcome;
            tally.add(step, report);
            if let Some(failure) = failure {
                return Err(self.error(step, failure, outcome));
            }
            if step.changes_session() && !self.renews_for_records(step) {
                // What this script has set must reach neither the next nor our own statements.
                let clean = self.session.renew().await;
                clean.map_err(|source| Error::Own { what: "cannot clean the session", source: Box::new(source) })?;
            }
            self.each(Hook::AfterEach, step).await?;
        }
        Ok(())
    }

    /// With the report comes the step as it was taken, where that was not as it was planned.
    async fn take<'s>(&mut self, step: &Step<'s>) -> (StepReport, Option<Step<'s>>) {
        let mut tries = Tries::new(self.job.options.retries);
        let mut statements = Vec::with_capacity(step.statements().len());
        let atomic = match step.atomic.is_yes() {
            true => Some(self.atomic(step, &mut tries, &mut statements).await),
            false => None,
        };
        let (result, taken) = match atomic {
            None => (self.stepwise(step, &mut tries, &mut statements).await, None),
            Some(Ok(Some(taken))) => (self.stepwise(&taken, &mut tries, &mut statements).await, Some(taken)),
            Some(result) => (result.map(drop), None),
        };
        let (outcome, failure) = match result {
            Ok(()) => (Outcome::Success, None),
            Err((failure, outcome)) => (outcome, Some(failure)),
        };
        let report = StepReport {
            version: step.migration.version.to_string(),
            name: step.migration.name.clone(),
            direction: step.direction,
            atomic: step.atomic.is_yes() && taken.is_none(),
            outcome,
            statements,
            total: u32::try_from(step.statements().len()).unwrap_or(u32::MAX),
            retries: tries.retries,
            elapsed: tries.started.elapsed(),
            failure,
        };
        (report, taken)
    }

    fn error(&self, step: &Step<'_>, failure: Failure, outcome: Outcome) -> Error {
        match outcome {
            Outcome::Cancellation => Error::Interrupted { failure: Some(Box::new(failure)) },
            _ => Error::Migration {
                version: step.migration.version.to_string(),
                name: step.migration.name.clone(),
                failure: Box::new(failure),
            },
        }
    }

    /// The limits for a step: its own, else the run's. A concurrent index build waits as long as it must: it blocks nobody.
    fn limits(&self, step: &Step<'_>) -> Limits {
        let concurrent = step.statements().iter().any(|s| s.kind == StatementKind::ConcurrentIndex);
        let directives = step.directives();
        let usual = self.job.options.lock_timeout.limit().filter(|_| !concurrent);
        Limits {
            lock_timeout: Limits::given(directives.lock_timeout.or(usual)),
            statement_timeout: Limits::given(directives.statement_timeout.or(self.job.options.statement_timeout)),
        }
    }

    /// The failure with its place, and whether it is one or only what we were asked for.
    fn describe(&self, step: &Step<'_>, broken: &Broken) -> (Failure, Outcome) {
        let stop = self.job.stop;
        let interrupted = stop.has_given_up() || stop.is_requested() && broken.error.kind == ErrorKind::Cancelled;
        let outcome = if interrupted { Outcome::Cancellation } else { Outcome::Failure };
        let failure = place::failure(step, broken.index, &broken.error, broken.remains);
        let blocker = self.blocker.clone().filter(|_| broken.error.retry_reason().is_some());
        (Failure { invalid_index: broken.invalid_index.clone(), blocker, ..failure }, outcome)
    }

    /// Writes down a failure, on a new connection when the old one is gone. The failure itself matters more than its record.
    async fn note(&mut self, step: &Step<'_>, broken: &Broken, tries: &Tries, sql: &str) {
        if self.unprepared.is_some() {
            return;
        }
        // Where the connection broke, looking for what became of the attempt has made a new one, if there was one to be had.
        let stepwise_locks = !step.atomic.is_yes() && self.session.abilities().session_locks;
        if (step.changes_session() || stepwise_locks) && broken.error.kind != ErrorKind::Lost {
            // A role that the script has taken may not write our journal, and what it has locked keeps it from being written.
            let _ = self.session.renew().await;
        }
        let _ = chronicle::record(&mut **self.session, sql).await;
        let nothing_left = broken.remains == Remains::Nothing;
        if let Some(abandon) = self.ledger.abandon(&**self.session, step).filter(|_| nothing_left) {
            let _ = chronicle::record(&mut **self.session, &abandon).await;
        }
        if let Some(retries) = self.journal.retries(&**self.session, step, &tries.unwritten) {
            let _ = chronicle::record(&mut **self.session, &retries).await;
        }
    }

    /// Prepares what could not be prepared before, within the limits of this step.
    async fn make_ready(&mut self, step: &Step<'_>) -> Result<(), DatabaseError> {
        let Some(preparation) = self.unprepared else { return Ok(()) };
        let limits = self.limits(step);
        preparation.again(&mut **self.session, &limits).await?;
        self.unprepared = None;
        Ok(())
    }

    /// Whether the run may go on: nobody asked it to stop, and the lock is still ours.
    pub(super) async fn may_go_on(&mut self) -> Result<(), DatabaseError> {
        self.sent = false;
        if self.job.stop.is_requested() {
            let stopped = DatabaseError::new(ErrorKind::Cancelled, "interrupted before this statement");
            return Err(stopped.at(Stage::Before));
        }
        if self.monitor.lock_seen.is_none_or(|seen| seen.elapsed() >= LOOK_AT_LOCK_EVERY) {
            self.monitor.look_at_lock().await.map_err(|error| error.at(Stage::Before))?;
        }
        self.sent = true;
        Ok(())
    }

    fn recorded(&mut self, step: &Step<'_>, elapsed: Duration, error: Option<&DatabaseError>) {
        self.observer.observe(&Event::Recorded { step, elapsed, error });
    }
}

fn report(step: &Step<'_>, index: usize, elapsed: Duration, rows: u64) -> StatementReport {
    let statement = &step.statements()[index];
    StatementReport { summary: statement.summary.clone(), line: statement.line, elapsed, rows }
}

//! Runs one statement: reports that it is running, watches for blockers, and cancels it on the server when the run is asked to stop.

use std::future::Future;
use std::time::{Duration, Instant};

use super::journal_reader::JournalReader;
use super::state::StepState;
use super::timeout;
use crate::database::{DatabaseError, Done, ErrorKind, Execute, Holder, give_up, silent};
use crate::event::{Event, Observer};
use crate::plan::Step;
use crate::report::{Stage, StatementReport};
use crate::run::engine::Engine;
use crate::run::failure::without_values;
use crate::run::monitor::Monitor;
use crate::run::watch::{News, Watch};
use crate::stop::Stop;

/// How often a running statement is reported.
const REPORT_EVERY: Duration = Duration::from_secs(1);

/// How long the server may take to answer a cancellation. Everything that follows has to finish before the run is abandoned.
const GIVE_UP_AFTER: Duration = Duration::from_secs(7);

/// When to look for a blocking session for the first time: most statements have finished by then.
const FIRST_BLOCKER_CHECK: Duration = Duration::from_millis(200);

impl Engine<'_> {
    /// Runs statement `index`, counted from 0.
    pub(super) async fn statement(
        &mut self,
        step: &Step<'_>,
        index: usize,
        state: &mut StepState,
    ) -> Result<(), DatabaseError> {
        let text = step.text(index);
        let process = self.session.server_info().process;
        let started = Instant::now();
        self.observer.observe(&Event::StatementStarted { step, index });
        let (stop, limit) = (self.job.stop, self.own_limit(step));
        let journal = JournalReader::of(self.job, self.session.sql(), &mut self.journal_read);
        let running =
            Running { step, index, started, stop, limit, blocker: None, journal, observer: &mut *self.observer };
        let (result, blocker) =
            running.watch(self.session.execute(Execute::OfScript(text)), self.monitor, process).await;
        let elapsed = started.elapsed();
        self.statement.blocker = blocker;
        self.leave_behind(result.as_ref().err());
        let rows = result.as_ref().map(|done| done.rows);
        self.observer.observe(&Event::StatementFinished { step, index, elapsed, result: rows });
        self.statement.wrote = result.as_ref().ok().and_then(|done| done.wrote);
        state.statements.push(report(step, index, elapsed, result?.rows));
        Ok(())
    }

    /// Runs the last statement together with the records and the commit.
    pub(super) async fn last_statement(
        &mut self,
        step: &Step<'_>,
        records: &[String],
        state: &mut StepState,
    ) -> Result<(), DatabaseError> {
        let Some(index) = step.statements().len().checked_sub(1) else {
            return self.conclude(step, records).await;
        };
        let before = state.statements.len();
        let (result, rest) = self.statement_with(step, index, records, state).await;
        if state.statements.len() > before {
            self.observer.observe(&Event::RecordStarted { step });
            self.recorded(step, rest, result.as_ref().err());
        }
        result
    }

    /// Runs the statement at `index` together with records and a commit, in one message. Also returns how long everything but the statement
    /// took. The statement has run if `state.statements` has one more.
    pub(super) async fn statement_with(
        &mut self,
        step: &Step<'_>,
        index: usize,
        records: &[String],
        state: &mut StepState,
    ) -> (Result<(), DatabaseError>, Duration) {
        let process = self.session.server_info().process;
        let started = Instant::now();
        self.observer.observe(&Event::StatementStarted { step, index });
        let (stop, limit) = (self.job.stop, self.own_limit(step));
        let journal = JournalReader::of(self.job, self.session.sql(), &mut self.journal_read);
        let running =
            Running { step, index, started, stop, limit, blocker: None, journal, observer: &mut *self.observer };
        let conclusion = self.session.conclude(Some(step.text(index)), records);
        let (result, blocker) = running.watch(conclusion, self.monitor, process).await;
        let whole = started.elapsed();
        self.statement.blocker = blocker;
        self.leave_behind(result.as_ref().err());
        // If the connection was lost without an error from the server, the transaction may have been committed.
        let result = result.map_err(|error| match (error.kind, &error.code) {
            (ErrorKind::Lost, None) => error.at(Stage::Commit),
            _ => error,
        });
        self.statement.wrote = result.as_ref().ok().and_then(|done| done.wrote);
        let elapsed = result.as_ref().ok().and_then(|done| done.elapsed).map_or(whole, |own| own.min(whole));
        // If the connection was lost without an error from the server, it is unknown whether even the statement took effect.
        let broken = result.as_ref().err();
        let rows = match broken.filter(|error| error.stage == Stage::Statement || error.kind == ErrorKind::Lost) {
            Some(error) => Err(error),
            None => Ok(result.as_ref().map_or(0, |done| done.rows)),
        };
        self.observer.observe(&Event::StatementFinished { step, index, elapsed, result: rows });
        if rows.is_ok() {
            state.statements.push(report(step, index, elapsed, rows.unwrap_or_default()));
        }
        (result.map(drop), whole.saturating_sub(elapsed))
    }

    pub(super) fn recorded(&mut self, step: &Step<'_>, elapsed: Duration, error: Option<&DatabaseError>) {
        self.observer.observe(&Event::RecordFinished { step, elapsed, error });
    }

    /// Stops using the connection if it is lost.
    pub(super) fn leave_behind(&mut self, error: Option<&DatabaseError>) {
        if error.is_some_and(|error| error.kind == ErrorKind::Lost) {
            give_up(self.session);
        }
    }

    /// Writes the records and commits.
    pub(super) async fn conclude(&mut self, step: &Step<'_>, records: &[String]) -> Result<(), DatabaseError> {
        let started = Instant::now();
        self.observer.observe(&Event::RecordStarted { step });
        let result = self.session.conclude(None, records).await;
        self.recorded(step, started.elapsed(), result.as_ref().err());
        result.map(drop)
    }
}

fn report(step: &Step<'_>, index: usize, elapsed: Duration, rows: u64) -> StatementReport {
    let statement = &step.statements()[index];
    StatementReport { summary: statement.summary.clone(), line: statement.line, elapsed, rows }
}

/// A statement while it runs.
pub(super) struct Running<'w> {
    pub(super) step: &'w Step<'w>,
    pub(super) index: usize,
    pub(super) started: Instant,
    pub(super) stop: &'w Stop,
    /// The time limit, if the server does not enforce it.
    pub(super) limit: Option<Duration>,
    /// The session that was last seen to block the statement.
    pub(super) blocker: Option<Holder>,
    /// Reads the journal's counters meanwhile.
    pub(super) journal: JournalReader<'w>,
    pub(super) observer: &'w mut dyn Observer,
}

impl Running<'_> {
    /// Waits for the statement as long as the server executes it. A request to stop cancels it on the server, which still answers.
    /// Meanwhile the server and the lock are polled. Returns the result, and the session that was last seen to block the statement.
    ///
    /// The error is [`ErrorKind::Lost`] if the server reports the session as idle, if no connection gets an answer for a long time, or if
    /// the server does not answer a request to stop.
    pub(super) async fn watch(
        mut self,
        statement: impl Future<Output = Result<Done, DatabaseError>>,
        monitor: &mut Monitor,
        process: Option<u64>,
    ) -> (Result<Done, DatabaseError>, Option<Holder>) {
        let now = tokio::time::Instant::now();
        let mut ticks = tokio::time::interval_at(now + REPORT_EVERY, REPORT_EVERY);
        let mut blocker_checks = tokio::time::interval_at(now + FIRST_BLOCKER_CHECK, REPORT_EVERY);
        let (mut cancelled, mut timed_out) = (false, false);
        let limit = self.limit;
        let deadline = timeout::reached(limit);
        let mut watch = Watch::over(monitor, process);
        let overdue = self.stop.overdue(GIVE_UP_AFTER);
        tokio::pin!(statement, deadline, overdue);
        loop {
            tokio::select! {
                biased;
                result = &mut statement => {
                    let result = timeout::named(result, limit.filter(|_| timed_out));
                    return (result.map_err(|error| without_values(self.step.script, error)), self.blocker);
                }
                () = &mut overdue => {
                    self.stop.give_up();
                    return (Err(silent()), self.blocker);
                }
                () = &mut deadline, if !cancelled => {
                    (cancelled, timed_out) = (true, true);
                    watch.cancel();
                }
                () = self.stop.requested(), if !cancelled => {
                    cancelled = true;
                    watch.cancel();
                }
                _ = ticks.tick() => {
                    let elapsed = self.started.elapsed();
                    self.observer.observe(&Event::StatementRunning { step: self.step, index: self.index, elapsed });
                    watch.check();
                    self.journal.begin_if_due();
                    if cancelled {
                        // The first cancellation may have arrived before the server started the statement.
                        watch.cancel();
                    }
                }
                totals = self.journal.next() => self.observer.observe(&Event::JournalRead { counters: &totals }),
                _ = blocker_checks.tick(), if !cancelled => watch.find_blocker(),
                news = watch.next() => match news {
                    News::None => {}
                    News::Blocker(blocker) => self.blocked_by(blocker),
                    News::Lost(error) => return (Err(error), self.blocker),
                },
            }
        }
    }

    fn blocked_by(&mut self, blocker: Holder) {
        if self.blocker.as_ref().is_none_or(|known| known.process != blocker.process) {
            let (step, index, elapsed) = (self.step, self.index, self.started.elapsed());
            self.observer.observe(&Event::StatementBlocked { step, index, blocker: &blocker, elapsed });
        }
        self.blocker = Some(blocker);
    }
}

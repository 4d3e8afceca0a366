//! A run that holds the lock, with everything that its steps and hooks need.

use std::time::{Duration, Instant};

use super::job::Job;
use super::monitor::Monitor;
use super::preparation::Preparation;
use super::state::RunState;
use crate::database::{DatabaseError, ErrorKind, Holder, Limits, Session};
use crate::event::Observer;
use crate::journal::Journal;
use crate::ledger::Ledger;
use crate::migration::StatementKind;
use crate::plan::Step;
use crate::report::Stage;

/// How often the lock is checked, between statements and while one runs.
pub(super) const CHECK_LOCK_EVERY: Duration = Duration::from_secs(1);

/// How often the journal's counters are read and reported while a run works.
pub(super) const READ_JOURNAL_EVERY: Duration = Duration::from_secs(8);

/// A run that holds the lock. The functions that execute it take this value, and what is specific to their task.
pub(super) struct Engine<'r> {
    pub(super) job: &'r Job<'r>,
    pub(super) session: &'r mut Box<dyn Session>,
    pub(super) monitor: &'r mut Monitor,
    pub(super) ledger: &'r dyn Ledger,
    pub(super) journal: &'r Journal<'r>,
    pub(super) observer: &'r mut dyn Observer,
    pub(super) state: &'r mut RunState,
    /// What could not be prepared because another session was writing, and is retried before the first statement; `None` if everything is
    /// prepared.
    pub(super) unprepared: Option<Preparation>,
    pub(super) statement: CurrentStatement,
    /// When the journal's counters were last reported.
    pub(super) journal_read: Instant,
}

/// The state of the statement that the current step has reached.
#[derive(Debug, Default)]
pub(super) struct CurrentStatement {
    /// Whether it was sent; false if the run stopped before it.
    pub(super) sent: bool,
    /// Whether the last statement has written anything, if the server was queried.
    pub(super) wrote: Option<bool>,
    /// Whether a rollback could not undo all of its effects.
    pub(super) left: bool,
    /// The session that was last seen to block it.
    pub(super) blocker: Option<Holder>,
}

impl Engine<'_> {
    /// Checks that the run may continue: it was not asked to stop, and it still holds the lock.
    ///
    /// # Errors
    /// [`ErrorKind::Cancelled`] or [`ErrorKind::LockLost`], at [`Stage::Before`].
    pub(super) async fn may_go_on(&mut self) -> Result<(), DatabaseError> {
        self.statement.sent = false;
        if self.job.stop.is_requested() {
            let stopped = DatabaseError::new(ErrorKind::Cancelled, "interrupted before this statement");
            return Err(stopped.at(Stage::Before));
        }
        if self.monitor.lock_seen.is_none_or(|seen| seen.elapsed() >= CHECK_LOCK_EVERY) {
            self.monitor.check_lock().await.map_err(|error| error.at(Stage::Before))?;
        }
        self.statement.sent = true;
        Ok(())
    }

    /// The limits of a step: its own, or otherwise those of the run. A concurrent index build waits without limit, because it blocks no
    /// other session.
    pub(super) fn limits(&self, step: &Step<'_>) -> Limits {
        let concurrent = step.statements().iter().any(|s| s.kind == StatementKind::ConcurrentIndex);
        let directives = step.directives();
        let usual = self.job.options.lock_timeout.limit().filter(|_| !concurrent);
        Limits {
            lock_timeout: Limits::given(directives.lock_timeout.or(usual)),
            statement_timeout: Limits::given(directives.statement_timeout.or(self.job.options.statement_timeout)),
        }
    }
}

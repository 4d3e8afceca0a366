//! Passing obstacles: a lock that somebody holds, a deadlock, a conflict of serializable transactions. What met one has left
//! nothing behind, and is tried again after a pause.

use std::time::{Duration, Instant};

use backon::{BackoffBuilder, ExponentialBackoff, ExponentialBuilder};

use super::Engine;
use crate::database::{DatabaseError, ErrorKind};
use crate::event::Event;
use crate::journal::Retried;
use crate::plan::Step;
use crate::report::Stage;
use crate::run::chronicle;

/// The first pause. Each is twice as long as the one before, up to [`LONGEST_PAUSE`], and by chance up to twice that, so that
/// whoever waits for the same lock does not come back at the same moment.
const FIRST_PAUSE: Duration = Duration::from_millis(250);
const LONGEST_PAUSE: Duration = Duration::from_secs(10);

/// The attempts at one step, or at each statement of a step that is not atomic.
pub(super) struct Tries {
    /// When the step began.
    pub(super) started: Instant,
    /// When the present attempt began.
    began: Instant,
    limit: u32,
    pauses: ExponentialBackoff,
    /// The present attempt, counted from 1.
    attempt: u32,
    /// Attempts of the step that were followed by another one.
    pub(super) retries: u32,
    /// Those of them that the journal does not know yet.
    pub(super) unwritten: Vec<Retried>,
}

impl Tries {
    /// The first attempt, which begins now.
    pub(super) fn new(limit: u32) -> Self {
        let started = Instant::now();
        let unwritten = Vec::new();
        Self { started, began: started, limit, pauses: pauses(limit), attempt: 1, retries: 0, unwritten }
    }

    /// Something else is tried now, and may be as often.
    pub(super) fn begin_anew(&mut self) {
        if self.attempt > 1 {
            self.pauses = pauses(self.limit);
            self.attempt = 1;
        }
        self.began = Instant::now();
    }

    /// What earlier attempts and their pauses took.
    pub(super) fn before(&self) -> Duration {
        self.began - self.started
    }
}

/// The pauses between so many retries.
pub(in crate::run) fn pauses(limit: u32) -> ExponentialBackoff {
    let limit = limit.try_into().unwrap_or(usize::MAX);
    let builder = ExponentialBuilder::default().with_min_delay(FIRST_PAUSE).with_max_delay(LONGEST_PAUSE);
    builder.with_factor(2.0).with_jitter().with_max_times(limit).build()
}

impl Engine<'_> {
    /// Waits until what met `error` at statement `index` may be tried again.
    ///
    /// # Errors
    /// `error` itself, where it does not pass or was met too often; and when the run is asked to stop meanwhile.
    pub(super) async fn again(
        &mut self,
        step: &Step<'_>,
        index: usize,
        error: DatabaseError,
        tries: &mut Tries,
    ) -> Result<(), DatabaseError> {
        let Some(reason) = error.retry_reason() else { return Err(error) };
        let Some(pause) = tries.pauses.next() else { return Err(error) };
        tries.unwritten.push(Retried::new(reason, index, &error, tries.began.elapsed()));
        tries.retries += 1;
        let (attempt, of) = (tries.attempt, tries.limit.saturating_add(1));
        let blocker = self.blocker.as_ref();
        let over = tokio::time::Instant::now() + pause;
        self.observer.observe(&Event::Retrying { step, index, reason, error: &error, attempt, of, pause, blocker });
        self.note_retries(step, tries).await;
        tokio::select! {
            biased;
            () = self.job.stop.requested() => {
                let stopped = DatabaseError::new(ErrorKind::Cancelled, "interrupted before the next attempt");
                return Err(stopped.at(Stage::Before));
            }
            () = tokio::time::sleep_until(over) => {}
        }
        tries.attempt += 1;
        tries.began = Instant::now();
        self.observer.observe(&Event::AttemptStarted { step, attempt: tries.attempt });
        Ok(())
    }

    /// Writes down what is tried again while it is, and reports what the journal counts now. What the database does not take at once is
    /// written with what comes next.
    async fn note_retries(&mut self, step: &Step<'_>, tries: &mut Tries) {
        if self.unprepared.is_some() {
            return;
        }
        let Some(rows) = self.journal.retries(&**self.session, step, &tries.unwritten) else { return };
        let mut records = if step.changes_session() { self.session.ourselves() } else { Vec::new() };
        records.push(rows);
        if self.session.note_at_once(&records).await.is_ok() {
            tries.unwritten.clear();
            chronicle::tell(self.job, &mut **self.session, chronicle::Lock::Ours, self.observer).await;
            self.journal_read = Instant::now();
        }
    }
}

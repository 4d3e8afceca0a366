//! Reads the journal's counters on a separate connection while a statement runs. Other runs may end meanwhile and are counted there; the
//! metrics of this run must never be lower than those that they have reported.

use std::future::pending;
use std::pin::Pin;
use std::time::Instant;

use crate::database::Sql;
use crate::journal::{Counters, JournalCounters};
use crate::run::counters;
use crate::run::engine::READ_JOURNAL_EVERY;
use crate::run::job::Job;

/// Reads the counters at intervals.
pub(super) struct JournalReader<'r> {
    /// `None` if no exporter needs the counters, or if reading would block the writer.
    job: Option<&'r Job<'r>>,
    home: Option<String>,
    last: &'r mut Instant,
    reading: Option<Pin<Box<dyn Future<Output = Option<Counters>> + Send + 'r>>>,
}

impl<'r> JournalReader<'r> {
    /// A reader for the journal that the run writes to; `last` is the time of the last read.
    pub(super) fn of(job: &'r Job<'r>, sql: &dyn Sql, last: &'r mut Instant) -> Self {
        let wanted = job.options.journal_counters == JournalCounters::Read && !sql.capabilities().whole_file_lock;
        Self { job: wanted.then_some(job), home: sql.home().map(str::to_owned), last, reading: None }
    }

    /// Starts to read if it is time to.
    pub(super) fn begin_if_due(&mut self) {
        let Some(job) = self.job.filter(|_| self.reading.is_none() && self.last.elapsed() >= READ_JOURNAL_EVERY) else {
            return;
        };
        self.reading = Some(Box::pin(counters::beside(job, self.home.clone())));
    }

    /// The counters that were read; never returns if no read is in progress or it fails. Cancelling the wait loses nothing.
    pub(super) async fn next(&mut self) -> Counters {
        let Some(reading) = &mut self.reading else { return pending().await };
        let read = reading.as_mut().await;
        self.reading = None;
        // A read that failed is not repeated sooner than one that succeeded.
        *self.last = Instant::now();
        match read {
            Some(totals) => totals,
            None => pending().await,
        }
    }
}

//! The journal's totals, read on a connection of its own while a statement is at work: other runs end meanwhile and are counted there, and
//! the metrics of this one must not say less than theirs have said.

use std::future::pending;
use std::pin::Pin;
use std::time::Instant;

use crate::database::Sql;
use crate::journal::{Counters, JournalCounters};
use crate::run::counters;
use crate::run::engine::READ_JOURNAL_EVERY;
use crate::run::job::Job;

/// Reads them now and then.
pub(super) struct JournalReader<'r> {
    /// `None` where no exporter asks for them, or where a reader would be in the writer's way.
    job: Option<&'r Job<'r>>,
    home: Option<String>,
    last: &'r mut Instant,
    reading: Option<Pin<Box<dyn Future<Output = Option<Counters>> + Send + 'r>>>,
}

impl<'r> JournalReader<'r> {
    /// Of the journal that `session` writes to; `last` is when it was last read.
    pub(super) fn of(job: &'r Job<'r>, sql: &dyn Sql, last: &'r mut Instant) -> Self {
        let wanted = job.options.journal_counters == JournalCounters::Read && !sql.capabilities().whole_file_lock;
        Self { job: wanted.then_some(job), home: sql.home().map(str::to_owned), last, reading: None }
    }

    /// Begins to read where it is time to.
    pub(super) fn begin_if_due(&mut self) {
        let Some(job) = self.job.filter(|_| self.reading.is_none() && self.last.elapsed() >= READ_JOURNAL_EVERY) else {
            return;
        };
        self.reading = Some(Box::pin(counters::beside(job, self.home.clone())));
    }

    /// What was read; waits for ever where nothing is, or could be. A wait that is given up loses nothing.
    pub(super) async fn next(&mut self) -> Counters {
        let Some(reading) = &mut self.reading else { return pending().await };
        let read = reading.as_mut().await;
        self.reading = None;
        // What did not come in time is asked for again as late as what did.
        *self.last = Instant::now();
        match read {
            Some(totals) => totals,
            None => pending().await,
        }
    }
}

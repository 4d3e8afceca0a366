//! Our own tables, and the row of the run, before the first migration.

use std::time::{Duration, Instant};

use super::{Job, chronicle, step};
use crate::database::{DatabaseError, ErrorKind, Limits, Session};
use crate::error::Error;
use crate::history::Direction;
use crate::journal::{self, Journal};
use crate::ledger::{self, Creation, Ledger};
use crate::plan::{Objection, Plan};
use crate::report::Stage;
use crate::script::Thing;

/// What the first try waits for another writer where that keeps everything from being written.
const AT_ONCE: Duration = Duration::from_millis(100);

/// What has to be in the database before the first step of a run.
#[derive(Clone, Copy)]
pub(super) struct Preparation<'p> {
    pub(super) job: &'p Job<'p>,
    pub(super) ledger: &'p dyn Ledger,
    pub(super) journal: &'p Journal<'p>,
    pub(super) plan: &'p Plan<'p>,
    /// When the run began.
    pub(super) started: Instant,
    /// The form that the journal had then.
    pub(super) form: Option<u32>,
    /// Whether the rows of runs that are over have been completed.
    pub(super) settled: bool,
}

impl Preparation<'_> {
    /// Tries once; `false` where another session was in the way for a moment: the first step tries again then, as often as a statement of
    /// its own. A run without a step, or one that changes the history before its first, tries as often by itself.
    ///
    /// # Errors
    /// When anything else is in the way, or it was tried often enough.
    pub(super) async fn begin(&self, session: &mut dyn Session) -> Result<bool, Error> {
        let a_step_tries_again = self.job.repair().is_none() && !self.plan.steps.is_empty();
        let mut pauses = step::pauses(self.job.options.retries);
        loop {
            let (what, source) = match self.at_once(session).await {
                Ok(()) => return Ok(true),
                Err(Unprepared::Server(what, source)) => (what, source),
                Err(Unprepared::Untrusted(objection)) => return Err(Error::Refused(vec![objection])),
            };
            let passes = source.retry_reason().is_some();
            if passes && a_step_tries_again {
                return Ok(false);
            }
            let Some(pause) = pauses.next().filter(|_| passes) else {
                return Err(ledger::denied(session, self.names().into(), (what, ledger::WRITE), source).await);
            };
            tokio::select! {
                () = self.job.stop.requested() => return Err(Error::Interrupted { failure: None }),
                () = tokio::time::sleep(pause) => {}
            }
        }
    }

    async fn at_once(&self, session: &mut dyn Session) -> Result<(), Unprepared> {
        if !session.abilities().whole_file_lock {
            return self.tables(session).await;
        }
        let limits = |lock_timeout| Limits { lock_timeout, statement_timeout: None };
        let limit = |source| Unprepared::Server("cannot limit a wait", source);
        session.limit(&limits(Some(AT_ONCE))).await.map_err(limit)?;
        let made = self.tables(session).await;
        session.limit(&limits(Limits::given(self.job.options.lock_timeout.limit()))).await.map_err(limit)?;
        made
    }

    /// Tries once more, within these limits of a step.
    ///
    /// # Errors
    /// What was in the way, before any statement of the step was sent.
    pub(super) async fn again(&self, session: &mut dyn Session, limits: &Limits) -> Result<(), DatabaseError> {
        if session.abilities().whole_file_lock {
            session.limit(limits).await.map_err(|error| error.at(Stage::Before))?;
        }
        match self.tables(session).await {
            Ok(()) => Ok(()),
            Err(Unprepared::Server(_, source)) => Err(source.at(Stage::Before)),
            Err(Unprepared::Untrusted(objection)) => {
                Err(DatabaseError::new(ErrorKind::Other, objection.to_string()).at(Stage::Before))
            }
        }
    }

    /// Makes our tables where they are missing, and the row of this run.
    async fn tables(&self, session: &mut dyn Session) -> Result<(), Unprepared> {
        let Self { job, ledger, journal, plan, .. } = self;
        if !self.settled {
            chronicle::settle(job, session, journal).await;
        }
        let mut fresh = false;
        for creation in ledger.create(session) {
            fresh |= made(session, creation).await?;
        }
        let table = journal.create(session);
        made(session, table).await?;
        // Another role could have made one of them since the history was read, or changed what was just made.
        let untrusted = ledger::untrusted(session, self.names()).await;
        if let Some(objection) = untrusted.map_err(|source| Unprepared::Server(ledger::UNSEEN, source))? {
            return Err(Unprepared::Untrusted(objection));
        }
        if self.form < Some(journal::PRESENT_FORM) {
            self.bring_up(session).await?;
        }
        let sql = journal.run_started(session, plan.steps.len(), self.started.elapsed());
        session.query(&sql).await.map_err(unwritten)?;
        if fresh {
            return Ok(());
        }
        // A migration that cannot be recorded must not begin: not every database could take it back.
        for direction in [Direction::Up, Direction::Down] {
            if plan.steps.iter().any(|step| step.direction == direction) {
                let sql = ledger.rehearse(session, direction);
                let rehearsed = session.query(&sql).await;
                rehearsed.map_err(|source| Unprepared::Server("cannot write the history of migrations", source))?;
            }
        }
        Ok(())
    }

    /// Brings a journal of an earlier form, or one that was made just now, to the present one. One that this user may not change stays as it is, and is
    /// slower with many rows.
    async fn bring_up(&self, session: &mut dyn Session) -> Result<(), Unprepared> {
        let has_column = self.journal.has_folded(session);
        let absent = session.query(&has_column).await.is_err_and(|error| error.kind == ErrorKind::Invalid);
        if absent {
            let add = self.journal.add_folded(session);
            match session.query_in_path(&add).await {
                Ok(_) => {}
                Err(error) if error.kind == ErrorKind::Permission => return Ok(()),
                Err(error) => return Err(Unprepared::Server("cannot bring the journal to its present form", error)),
            }
        }
        for creation in self.journal.indexes(session) {
            made(session, creation).await?;
        }
        for sql in self.journal.form_row(session) {
            session.query(&sql).await.map_err(unwritten)?;
        }
        Ok(())
    }

    fn names(&self) -> (&str, &str) {
        (self.job.options.ledger_table.as_str(), self.job.options.journal_table.as_str())
    }
}

/// Why our tables cannot be used.
enum Unprepared {
    /// What was wanted, and the server's refusal.
    Server(&'static str, DatabaseError),
    /// They are not ours alone.
    Untrusted(Objection),
}

fn unwritten(source: DatabaseError) -> Unprepared {
    Unprepared::Server("cannot write the journal", source)
}

/// Makes a table or an index where it is missing; whether it was. `IF NOT EXISTS` alone would need rights that a run with nothing to
/// create does not.
async fn made(session: &mut dyn Session, creation: Creation) -> Result<bool, Unprepared> {
    const WHAT: &str = "cannot create the history tables";
    let sql = session.existence(&creation.thing);
    if !session.query_in_path(&sql).await.map_err(|source| Unprepared::Server(WHAT, source))?.is_empty() {
        return Ok(false);
    }
    // All names are in full; event triggers of the database find the path that they are used to.
    match session.query_in_path(&creation.sql).await {
        Ok(_) => Ok(true),
        // An index makes us quicker, and nothing else.
        Err(source) if source.kind == ErrorKind::Permission && matches!(creation.thing, Thing::Index { .. }) => {
            Ok(false)
        }
        Err(source) => Err(Unprepared::Server(WHAT, source)),
    }
}

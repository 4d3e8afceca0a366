//! Prepares the runner's own tables and the row of the run, before the first migration.

use std::time::Duration;

use super::engine::Engine;
use super::pauses::pauses;
use super::preparation::Preparation;
use super::records;
use crate::database::{DatabaseError, ErrorKind, Limits, Query, Session};
use crate::error::Error;
use crate::journal;
use crate::ledger::{self, Creation, Denied};
use crate::plan::{Objection, Step};
use crate::report::Stage;
use crate::script::SchemaObject;

/// How long the first attempt waits for another writer, in a database where one writer blocks all others.
const FIRST_ATTEMPT: Duration = Duration::from_millis(100);

/// Why the runner's own tables cannot be used.
enum Unprepared {
    /// What failed, and the server's error.
    Server(&'static str, DatabaseError),
    /// Another role controls them.
    Untrusted(Objection),
}

impl Engine<'_> {
    /// Prepares the runner's own tables before the first step. If another session blocks that temporarily, the first step retries it, as
    /// often as one of its statements. A run without a step, or one that changes the history before it, retries here.
    ///
    /// # Errors
    /// Any other error, or the last one when no retry is left.
    pub(super) async fn prepare_first(&mut self) -> Result<(), Error> {
        let Some(preparation) = self.unprepared.clone() else { return Ok(()) };
        let a_step_retries = self.job.repair().is_none() && preparation.steps > 0;
        let mut pauses = pauses(self.job.options.retries);
        loop {
            let (what, source) = match self.first_attempt(&preparation).await {
                Ok(()) => {
                    self.is_prepared();
                    return Ok(());
                }
                Err(Unprepared::Server(what, source)) => (what, source),
                Err(Unprepared::Untrusted(objection)) => return Err(Error::Refused(vec![objection])),
            };
            let passes = source.retry_reason().is_some();
            if passes && a_step_retries {
                return Ok(());
            }
            let Some(pause) = pauses.next().filter(|_| passes) else {
                let denied = Denied { what, rights: ledger::WRITE, source };
                return Err(denied.explained(&mut **self.session, self.job.options.tables()).await);
            };
            tokio::select! {
                () = self.job.stop.requested() => return Err(Error::Interrupted { failure: None }),
                () = tokio::time::sleep(pause) => {}
            }
        }
    }

    async fn first_attempt(&mut self, preparation: &Preparation) -> Result<(), Unprepared> {
        if !self.session.capabilities().whole_file_lock {
            return self.prepare_tables(preparation).await;
        }
        let limits = |lock_timeout| Limits { lock_timeout, statement_timeout: None };
        let limit = |source| Unprepared::Server("cannot set the lock timeout", source);
        self.session.limit(&limits(Some(FIRST_ATTEMPT))).await.map_err(limit)?;
        let prepared = self.prepare_tables(preparation).await;
        let usual = Limits::given(self.job.options.lock_timeout.limit());
        self.session.limit(&limits(usual)).await.map_err(limit)?;
        prepared
    }

    /// Prepares what could not be prepared before, within the limits of this step.
    ///
    /// # Errors
    /// The error, at [`Stage::Before`].
    pub(super) async fn prepare_again(&mut self, step: &Step<'_>) -> Result<(), DatabaseError> {
        let Some(preparation) = self.unprepared.clone() else { return Ok(()) };
        let limits = self.limits(step);
        if self.session.capabilities().whole_file_lock {
            self.session.limit(&limits).await.map_err(|error| error.at(Stage::Before))?;
        }
        match self.prepare_tables(&preparation).await {
            Ok(()) => {
                self.is_prepared();
                Ok(())
            }
            Err(Unprepared::Server(_, source)) => Err(source.at(Stage::Before)),
            Err(Unprepared::Untrusted(objection)) => {
                Err(DatabaseError::new(ErrorKind::Other, objection.to_string()).at(Stage::Before))
            }
        }
    }

    fn is_prepared(&mut self) {
        self.unprepared = None;
        self.state.journaled = true;
    }

    /// Creates the runner's own tables if they are missing, and the row of this run.
    async fn prepare_tables(&mut self, preparation: &Preparation) -> Result<(), Unprepared> {
        if !preparation.settled {
            records::settle(self).await;
        }
        let session = &mut **self.session;
        let mut fresh = false;
        for creation in self.ledger.create(session.sql()) {
            fresh |= create(session, creation).await?;
        }
        let table = self.journal.create(session.sql());
        create(session, table).await?;
        // Another role could have created one of them since the history was read, or changed what has just been created.
        let untrusted = ledger::untrusted(session, self.job.options.tables()).await;
        if let Some(objection) = untrusted.map_err(|source| Unprepared::Server(ledger::UNSEEN, source))? {
            return Err(Unprepared::Untrusted(objection));
        }
        if self.state.history().and_then(|history| history.journal_form) < Some(journal::PRESENT_FORM) {
            self.upgrade_journal().await?;
        }
        let session = &mut **self.session;
        let sql = self.journal.run_started(session.sql(), preparation.steps, self.state.started.elapsed());
        session.query(Query::Own(&sql)).await.map_err(unwritten)?;
        if fresh {
            return Ok(());
        }
        // A migration that cannot be recorded must not start: not every database could roll it back.
        let rehearsals = preparation.directions.iter().map(|direction| self.ledger.rehearse(session.sql(), *direction));
        for sql in rehearsals.collect::<Vec<_>>().concat() {
            let rehearsed = session.query(Query::Own(&sql)).await;
            rehearsed.map_err(|source| Unprepared::Server("cannot write the history of migrations", source))?;
        }
        Ok(())
    }

    /// Upgrades an older or a new journal to the current form. If this user may not alter the table, it stays as it is: correct, but slower
    /// with many rows.
    async fn upgrade_journal(&mut self) -> Result<(), Unprepared> {
        let session = &mut **self.session;
        let has_column = self.journal.has_folded(session.sql());
        let absent = session.query(Query::Own(&has_column)).await.is_err_and(|error| error.kind == ErrorKind::Invalid);
        if absent {
            let add = self.journal.add_folded(session.sql());
            match session.query(Query::InPath(&add)).await {
                Ok(_) => {}
                Err(error) if error.kind == ErrorKind::Permission => return Ok(()),
                Err(error) => return Err(Unprepared::Server("cannot upgrade the journal", error)),
            }
        }
        for creation in self.journal.indexes(session.sql()) {
            create(session, creation).await?;
        }
        for sql in self.journal.form_row(session.sql()) {
            session.query(Query::Own(&sql)).await.map_err(unwritten)?;
        }
        Ok(())
    }
}

fn unwritten(source: DatabaseError) -> Unprepared {
    Unprepared::Server("cannot write the journal", source)
}

/// Creates a table or an index if it is missing, and returns whether it was. `IF NOT EXISTS` alone would require privileges even if there
/// is nothing to create.
async fn create(session: &mut dyn Session, creation: Creation) -> Result<bool, Unprepared> {
    const WHAT: &str = "cannot create the history tables";
    let sql = session.sql().existence(&creation.thing);
    if !session.query(Query::InPath(&sql)).await.map_err(|source| Unprepared::Server(WHAT, source))?.is_empty() {
        return Ok(false);
    }
    // Names of the runner's own objects are qualified, but event triggers of the database may depend on the usual search path.
    match session.query(Query::InPath(&creation.sql)).await {
        Ok(_) => Ok(true),
        // Without an index, the runner's queries are slower but still correct.
        Err(source) if source.kind == ErrorKind::Permission && matches!(creation.thing, SchemaObject::Index { .. }) => {
            Ok(false)
        }
        Err(source) => Err(Unprepared::Server(WHAT, source)),
    }
}

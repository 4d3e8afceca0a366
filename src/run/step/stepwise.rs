//! Statement by statement: the journal says first that it begins, then after each statement how far it came.

use super::effect::{ends_transaction, may_leave_something, sets_autocommit};
use super::retry::Tries;
use super::{Broken, Engine};
use crate::database::{DatabaseError, ErrorKind, Limits};
use crate::ledger::Elapsed;
use crate::migration::StatementKind;
use crate::plan::Step;
use crate::report::{Failure, Outcome, Remains, Stage, StatementReport};

impl Engine<'_> {
    pub(super) async fn stepwise(
        &mut self,
        step: &Step<'_>,
        tries: &mut Tries,
        done: &mut Vec<StatementReport>,
    ) -> Result<(), (Failure, Outcome)> {
        let (id, start) = self.journal.attempt_started(&**self.session, step);
        while let Err(error) = self.prepare(step, &start).await {
            if let Err(error) = self.again(step, 0, error.at(Stage::Record), tries).await {
                return Err(self.describe(step, &Broken { index: 0, error, remains: Remains::Nothing }));
            }
        }
        let Err(broken) = self.run_all(step, &id, tries, done).await else {
            return Ok(());
        };
        let (failure, outcome) = self.describe(step, &broken);
        let effective = match broken.remains {
            Remains::HalfWay { done, .. } => done as usize,
            Remains::Unknown => step.statements().len(),
            Remains::Nothing => 0,
        };
        let told = Some((&failure, outcome));
        let sql = self.journal.attempt_finished(&**self.session, &id, effective, tries.started.elapsed(), told);
        self.note(step, &broken, tries, &sql).await;
        Err((failure, outcome))
    }

    /// The limits first: were they to fail, the journal must not say that anything has begun.
    async fn prepare(&mut self, step: &Step<'_>, start: &str) -> Result<(), DatabaseError> {
        let limits = self.limits(step);
        self.session.limit(&limits).await?;
        self.session.query(start).await.map(drop)
    }

    async fn run_all(
        &mut self,
        step: &Step<'_>,
        id: &str,
        tries: &mut Tries,
        done: &mut Vec<StatementReport>,
    ) -> Result<(), Broken> {
        // Where a transaction of the script's own is open: it takes with it what it did since.
        let mut opened: Option<usize> = None;
        let transactional_ddl = self.session.abilities().transactional_ddl;
        for (index, statement) in step.statements().iter().enumerate() {
            tries.begin_anew();
            if let Err(error) = self.persistently(step, index, opened, tries, done).await {
                return Err(self.broken(step, index, opened, error).await);
            }
            match statement.kind {
                StatementKind::Begin { .. } => opened = Some(index),
                StatementKind::Commit | StatementKind::Rollback => opened = None,
                _ if !transactional_ddl && ends_transaction(step.text(index)) => opened = None,
                StatementKind::Ordinary | StatementKind::ConcurrentIndex | StatementKind::NoTransaction { .. } => {}
            }
            self.advance(step, id, index + 1, opened, tries).await?;
        }
        let records = self.final_records(step, id, tries);
        let concluded = match self.session.begin(&Limits::default()).await {
            Ok(()) => self.conclude(step, &records).await,
            Err(error) => Err(error.at(Stage::Record)),
        };
        match concluded {
            Ok(()) => Ok(()),
            Err(error) => Err(self.broken(step, step.statements().len(), opened, error).await),
        }
    }

    /// Runs a statement, again and again where it has met a passing obstacle and stands alone: in a transaction of the script's
    /// own, statements before it would have to be tried again, too.
    async fn persistently(
        &mut self,
        step: &Step<'_>,
        index: usize,
        opened: Option<usize>,
        tries: &mut Tries,
        done: &mut Vec<StatementReport>,
    ) -> Result<(), DatabaseError> {
        loop {
            self.may_go_on().await?;
            let Err(error) = self.statement(step, index, done).await else { return Ok(()) };
            let (kind, abilities) = (step.statements()[index].kind, self.session.abilities());
            let alone = opened.is_none() && !sets_autocommit(step);
            if !alone || may_leave_something(kind, step.text(index), &error, abilities) {
                return Err(error);
            }
            self.again(step, index, error, tries).await?;
        }
    }

    /// Says in the journal how far the attempt has come; not inside a transaction of the script's own, which may yet be undone.
    async fn advance(
        &mut self,
        step: &Step<'_>,
        id: &str,
        count: usize,
        opened: Option<usize>,
        tries: &mut Tries,
    ) -> Result<(), Broken> {
        if opened.is_some() {
            return Ok(());
        }
        let retries = self.journal.retries(&**self.session, step, &std::mem::take(&mut tries.unwritten));
        for mut sql in [retries, Some(self.journal.attempt_advanced(&**self.session, id, count))].into_iter().flatten()
        {
            if step.changes_session() {
                sql = self.session.as_ourselves(&sql);
            }
            if let Err(error) = self.session.query(&sql).await {
                return Err(self.broken(step, count, opened, error.at(Stage::Record)).await);
            }
        }
        Ok(())
    }

    fn final_records(&self, step: &Step<'_>, id: &str, tries: &Tries) -> Vec<String> {
        let session = &**self.session;
        let elapsed = tries.started.elapsed();
        let mut records = if step.changes_session() { session.regain() } else { Vec::new() };
        records.extend(self.ledger.record(session, step, Elapsed::Measured(elapsed), &self.job.context.run_id));
        records.push(self.journal.attempt_finished(session, id, step.statements().len(), elapsed, None));
        records
    }

    /// Rolls back what can be rolled back and says what remains.
    async fn broken(&mut self, step: &Step<'_>, index: usize, opened: Option<usize>, error: DatabaseError) -> Broken {
        if opened.is_some() || error.stage != Stage::Statement {
            // A rollback that fails hides nothing: the server rolls back when the session ends.
            let _ = self.session.rollback().await;
        }
        let abilities = self.session.abilities();
        // Where DDL commits by itself, it commits what was open before it runs, and so before it fails.
        let committed = !abilities.transactional_ddl
            && error.stage == Stage::Statement
            && error.kind != ErrorKind::Syntax
            && ends_transaction(step.text(index));
        let opened = opened.filter(|_| !committed);
        let effective = opened.unwrap_or(index);
        let running = step.statements().get(index).filter(|_| error.stage == Stage::Statement && opened.is_none());
        let next_unknown =
            running.is_some_and(|statement| may_leave_something(statement.kind, step.text(index), &error, abilities));
        let remains = match (effective, next_unknown) {
            _ if error.stage == Stage::Commit && error.kind == ErrorKind::Lost => Remains::Unknown,
            (0, false) => Remains::Nothing,
            (done, next_unknown) => Remains::HalfWay { done: u32::try_from(done).unwrap_or(u32::MAX), next_unknown },
        };
        Broken { index: index.min(step.statements().len().saturating_sub(1)), error, remains }
    }
}

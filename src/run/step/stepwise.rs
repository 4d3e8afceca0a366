//! Statement by statement: the journal says first that it begins, then after each statement how far it came.

use std::time::Instant;

use super::effect::{ends_transaction, may_leave_something};
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
        started: Instant,
        done: &mut Vec<StatementReport>,
    ) -> Result<(), (Failure, Outcome)> {
        let (id, start) = self.journal.attempt_started(&**self.session, step);
        if let Err(error) = self.prepare(step, &start).await {
            let broken = Broken { index: 0, error: error.at(Stage::Record), remains: Remains::Nothing };
            return Err(self.describe(step, &broken));
        }
        let Err(broken) = self.run_all(step, &id, started, done).await else {
            return Ok(());
        };
        let (failure, outcome) = self.describe(step, &broken);
        let effective = match broken.remains {
            Remains::HalfWay { done, .. } => done as usize,
            Remains::Unknown => step.statements().len(),
            Remains::Nothing => 0,
        };
        let told = Some((&failure, outcome));
        let sql = self.journal.attempt_finished(&**self.session, &id, effective, started.elapsed(), told);
        self.note(step, &broken, &sql).await;
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
        started: Instant,
        done: &mut Vec<StatementReport>,
    ) -> Result<(), Broken> {
        // Where a transaction of the script's own is open: it takes with it what it did since.
        let mut opened: Option<usize> = None;
        let transactional_ddl = self.session.abilities().transactional_ddl;
        for (index, statement) in step.statements().iter().enumerate() {
            let result = match self.may_go_on().await {
                Ok(()) => self.statement(step, index, done).await,
                Err(error) => Err(error),
            };
            if let Err(error) = result {
                return Err(self.broken(step, index, opened, error).await);
            }
            match statement.kind {
                StatementKind::Begin { .. } => opened = Some(index),
                StatementKind::Commit | StatementKind::Rollback => opened = None,
                _ if !transactional_ddl && ends_transaction(step.text(index)) => opened = None,
                StatementKind::Ordinary | StatementKind::ConcurrentIndex | StatementKind::NoTransaction { .. } => {}
            }
            self.advance(step, id, index + 1, opened).await?;
        }
        let records = self.final_records(step, id, started);
        let concluded = match self.session.begin(&Limits::default()).await {
            Ok(()) => self.conclude(step, &records).await,
            Err(error) => Err(error.at(Stage::Record)),
        };
        match concluded {
            Ok(()) => Ok(()),
            Err(error) => Err(self.broken(step, step.statements().len(), opened, error).await),
        }
    }

    /// Says in the journal how far the attempt has come; not inside a transaction of the script's own, which may yet be undone.
    async fn advance(&mut self, step: &Step<'_>, id: &str, count: usize, opened: Option<usize>) -> Result<(), Broken> {
        if opened.is_some() {
            return Ok(());
        }
        let mut sql = self.journal.attempt_advanced(&**self.session, id, count);
        if step.changes_session() {
            sql = self.session.as_ourselves(&sql);
        }
        match self.session.query(&sql).await {
            Ok(_) => Ok(()),
            Err(error) => Err(self.broken(step, count, opened, error.at(Stage::Record)).await),
        }
    }

    fn final_records(&self, step: &Step<'_>, id: &str, started: Instant) -> Vec<String> {
        let session = &**self.session;
        let elapsed = started.elapsed();
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

//! Statement by statement: the journal says first that it begins, then after each statement how far it came.

use std::time::Instant;

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
            self.renew(step).await;
            return Ok(());
        };
        let (failure, outcome) = self.describe(step, &broken);
        let effective = match broken.remains {
            Remains::HalfWay { done, .. } => done as usize,
            Remains::Nothing | Remains::Unknown => 0,
        };
        let told = Some((&failure, outcome));
        let sql = self.journal.attempt_finished(&**self.session, &id, effective, started.elapsed(), told);
        self.note(&broken, &sql).await;
        Err((failure, outcome))
    }

    async fn prepare(&mut self, step: &Step<'_>, start: &str) -> Result<(), DatabaseError> {
        let limits = self.limits(step);
        self.session.query(start).await?;
        self.session.limit(&limits).await
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
        for (index, statement) in step.statements().iter().enumerate() {
            let result = match self.uninterrupted() {
                Ok(()) => self.statement(step, index, done).await,
                Err(error) => Err(error),
            };
            if let Err(error) = result {
                return Err(self.broken(step, index, opened, error).await);
            }
            match statement.kind {
                StatementKind::Begin { .. } => opened = Some(index),
                StatementKind::Commit | StatementKind::Rollback => opened = None,
                StatementKind::Ordinary | StatementKind::ConcurrentIndex | StatementKind::NoTransaction { .. } => {}
            }
            let advance = self.journal.attempt_advanced(&**self.session, id, index + 1);
            if let Err(error) = self.session.query(&advance).await {
                return Err(self.broken(step, index + 1, opened, error.at(Stage::Record)).await);
            }
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
        let effective = opened.unwrap_or(index);
        let running = step.statements().get(index).filter(|_| error.stage == Stage::Statement);
        let next_unknown = opened.is_none()
            && running.is_some_and(|statement| {
                let leaves_an_index = statement.kind == StatementKind::ConcurrentIndex && !error.had_no_effect();
                leaves_an_index || error.kind == ErrorKind::Lost
            });
        let remains = match (effective, next_unknown) {
            (0, false) => Remains::Nothing,
            (done, next_unknown) => Remains::HalfWay { done: u32::try_from(done).unwrap_or(u32::MAX), next_unknown },
        };
        Broken { index: index.min(step.statements().len().saturating_sub(1)), error, remains }
    }
}

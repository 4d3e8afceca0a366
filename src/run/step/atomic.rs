//! One transaction: applied and recorded, or neither.

use std::time::Instant;

use super::{Broken, Engine};
use crate::database::{DatabaseError, ErrorKind};
use crate::ledger::Elapsed;
use crate::plan::Step;
use crate::report::{Failure, Outcome, Remains, Stage, StatementReport};

impl Engine<'_> {
    pub(super) async fn atomic(
        &mut self,
        step: &Step<'_>,
        started: Instant,
        done: &mut Vec<StatementReport>,
    ) -> Result<(), (Failure, Outcome)> {
        let Err(error) = self.transaction(step, started, done).await else {
            return Ok(());
        };
        let lost_at_commit = error.stage == Stage::Commit && error.kind == ErrorKind::Lost;
        let remains = if lost_at_commit { Remains::Unknown } else { Remains::Nothing };
        let index = done.len().min(step.statements().len().saturating_sub(1));
        let broken = Broken { index, error, remains };
        // A rollback that fails hides nothing: the server rolls back when the session ends.
        let _ = self.session.rollback().await;
        let (failure, outcome) = self.describe(step, &broken);
        let elapsed = Elapsed::Measured(started.elapsed());
        let sql = self.journal.attempt(&**self.session, step, elapsed, Some((&failure, outcome)));
        self.note(step, &broken, &sql).await;
        Err((failure, outcome))
    }

    async fn transaction(
        &mut self,
        step: &Step<'_>,
        started: Instant,
        done: &mut Vec<StatementReport>,
    ) -> Result<(), DatabaseError> {
        let limits = self.limits(step);
        self.session.begin(&limits).await?;
        let pipelined = self.session.abilities().pipelined_commit;
        let count = step.statements().len();
        let alone = if pipelined { count.saturating_sub(1) } else { count };
        for index in 0..alone {
            self.may_go_on().await?;
            self.statement(step, index, done).await?;
        }
        self.may_go_on().await?;
        if pipelined {
            let records = self.records(step, Elapsed::SinceBegin);
            self.last_statement(step, &records, done).await
        } else {
            let records = self.records(step, Elapsed::Measured(started.elapsed()));
            self.conclude(step, &records).await
        }
    }

    fn records(&self, step: &Step<'_>, elapsed: Elapsed) -> Vec<String> {
        let session = &**self.session;
        let mut records = if step.changes_session() { session.regain() } else { Vec::new() };
        records.extend(self.ledger.record(session, step, elapsed, &self.job.context.run_id));
        records.push(self.journal.attempt(session, step, elapsed, None));
        records
    }
}

//! One transaction: applied and recorded, or neither.

use super::retry::Tries;
use super::{Broken, Engine};
use crate::database::{DatabaseError, ErrorKind};
use crate::ledger::Elapsed;
use crate::plan::Step;
use crate::report::{Failure, Outcome, Remains, Stage, StatementReport};

impl Engine<'_> {
    pub(super) async fn atomic(
        &mut self,
        step: &Step<'_>,
        tries: &mut Tries,
        done: &mut Vec<StatementReport>,
    ) -> Result<(), (Failure, Outcome)> {
        let last = step.statements().len().saturating_sub(1);
        let error = loop {
            done.clear();
            let Err(error) = self.transaction(step, tries, done).await else {
                return Ok(());
            };
            // A rollback that fails hides nothing: the server rolls back when the session ends.
            let _ = self.session.rollback().await;
            if let Err(error) = self.again(step, done.len().min(last), error, tries).await {
                break error;
            }
        };
        let lost_at_commit = error.stage == Stage::Commit && error.kind == ErrorKind::Lost;
        let remains = if lost_at_commit { Remains::Unknown } else { Remains::Nothing };
        let broken = Broken { index: done.len().min(last), error, remains };
        let (failure, outcome) = self.describe(step, &broken);
        let elapsed = Elapsed::Measured(tries.started.elapsed());
        let sql = self.journal.attempt(&**self.session, step, elapsed, Some((&failure, outcome)));
        self.note(step, &broken, tries, &sql).await;
        Err((failure, outcome))
    }

    async fn transaction(
        &mut self,
        step: &Step<'_>,
        tries: &Tries,
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
            let records = self.records(step, Elapsed::SinceBegin { before: tries.before() }, tries);
            self.last_statement(step, &records, done).await
        } else {
            let records = self.records(step, Elapsed::Measured(tries.started.elapsed()), tries);
            self.conclude(step, &records).await
        }
    }

    fn records(&self, step: &Step<'_>, elapsed: Elapsed, tries: &Tries) -> Vec<String> {
        let session = &**self.session;
        let mut records = if step.changes_session() { session.regain() } else { Vec::new() };
        records.extend(self.ledger.record(session, step, elapsed, &self.job.context.run_id));
        records.extend(self.journal.retries(session, step, &tries.unwritten));
        records.push(self.journal.attempt(session, step, elapsed, None));
        records
    }
}

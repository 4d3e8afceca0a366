//! One transaction: applied and recorded, or neither.

use super::fate::Fate;
use super::retry::Tries;
use super::{Broken, Engine};
use crate::database::{DatabaseError, ErrorKind};
use crate::journal::Journal;
use crate::ledger::Elapsed;
use crate::plan::Step;
use crate::report::{Failure, Outcome, Remains, Stage, StatementReport};

impl Engine<'_> {
    /// Returns the step as it has to be taken instead, where the server has refused one of its statements inside a transaction.
    pub(super) async fn atomic<'s>(
        &mut self,
        step: &Step<'s>,
        tries: &mut Tries,
        done: &mut Vec<StatementReport>,
    ) -> Result<Option<Step<'s>>, (Failure, Outcome)> {
        let last = step.statements().len().saturating_sub(1);
        let mut remains = Remains::Nothing;
        let error = loop {
            done.clear();
            let id = Journal::new_id();
            let Err(error) = self.transaction(step, &id, tries, done).await else {
                return Ok(None);
            };
            if error.kind == ErrorKind::Lost {
                match self.look_up(&id).await {
                    Some(Fate::Success) => return Ok(None),
                    None if error.stage == Stage::Commit => remains = Remains::Unknown,
                    Some(Fate::Unfinished(_) | Fate::Unknown) | None => {}
                }
                break error;
            }
            // A rollback that fails hides nothing: the server rolls back when the session ends.
            let _ = self.session.rollback().await;
            if let Some(step) = self.without_transaction(step, done.len(), &error).await {
                done.clear();
                return Ok(Some(step));
            }
            if let Err(error) = self.again(step, done.len().min(last), error, tries).await {
                break error;
            }
        };
        let broken = Broken::new(done.len().min(last), error, remains);
        let (failure, outcome) = self.describe(step, &broken);
        let elapsed = Elapsed::Measured(tries.started.elapsed());
        let told = Some((&failure, outcome));
        let sql = self.journal.attempt(&**self.session, &Journal::new_id(), step, elapsed, told);
        self.note(step, &broken, tries, &sql).await;
        Err((failure, outcome))
    }

    /// The transaction, and around it the switch of foreign keys that its script asks for.
    async fn transaction(
        &mut self,
        step: &Step<'_>,
        id: &str,
        tries: &Tries,
        done: &mut Vec<StatementReport>,
    ) -> Result<(), DatabaseError> {
        self.make_ready(step).await?;
        let (usual, wanted) = (self.session.abilities().foreign_keys, step.foreign_keys);
        if let Some(on) = wanted {
            self.session.enforce_foreign_keys(on).await.map_err(|error| error.at(Stage::Before))?;
        }
        let result = self.inside(step, id, tries, done).await;
        if let (Some(on), Some(_)) = (usual, wanted) {
            if result.is_err() {
                // A rollback that fails hides nothing: the server rolls back when the session ends.
                let _ = self.session.rollback().await;
            }
            // What the script has set ends with its session in any case.
            let _ = self.session.enforce_foreign_keys(on).await;
        }
        result
    }

    async fn inside(
        &mut self,
        step: &Step<'_>,
        id: &str,
        tries: &Tries,
        done: &mut Vec<StatementReport>,
    ) -> Result<(), DatabaseError> {
        let limits = self.limits(step);
        self.session.begin(Some(&limits)).await.map_err(|error| error.at(Stage::Before))?;
        let orphans = self.orphans_before(step).await.map_err(|error| error.at(Stage::Before))?;
        let pipelined = self.session.abilities().pipelined_commit;
        let count = step.statements().len();
        let alone = if pipelined { count.saturating_sub(1) } else { count };
        for index in 0..alone {
            self.may_go_on().await?;
            self.statement(step, index, done).await?;
        }
        self.may_go_on().await?;
        self.check_foreign_keys(step, &orphans).await?;
        if pipelined {
            let records = self.records(step, id, Elapsed::SinceBegin { before: tries.before() }, tries);
            self.last_statement(step, &records, done).await
        } else {
            let records = self.records(step, id, Elapsed::Measured(tries.started.elapsed()), tries);
            self.conclude(step, &records).await
        }
    }

    fn records(&self, step: &Step<'_>, id: &str, elapsed: Elapsed, tries: &Tries) -> Vec<String> {
        let session = &**self.session;
        let mut records = if step.changes_session() { session.regain() } else { Vec::new() };
        records.push(self.ledger.record(session, step, elapsed, &self.job.context.run_id));
        records.extend(self.journal.retries(session, step, &tries.unwritten));
        records.push(self.journal.attempt(session, id, step, elapsed, None));
        records
    }
}

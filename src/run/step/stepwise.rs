//! Statement by statement: the journal says first that it begins, then how far it came. What can be rolled back is committed
//! together with the journal's note that it has run, so that a crash leaves no doubt of it.

use std::time::Instant;

use super::effect::{ends_transaction, goes_with_its_note, locks_tables, may_leave_something, sets_autocommit};
use super::fate::Fate;
use super::retry::Tries;
use super::{Broken, Engine};
use crate::database::{DatabaseError, ErrorKind, Limits};
use crate::ledger::Elapsed;
use crate::migration::{Progress, StatementKind};
use crate::plan::Step;
use crate::report::{Failure, Outcome, Remains, Stage, StatementReport};

/// How far an attempt has come.
pub(super) struct Course {
    /// The journal's key of it.
    id: String,
    /// Where a transaction of the script's own is open: it takes with it what it did since.
    opened: Option<usize>,
    /// Of the statements that have run.
    progress: Progress,
}

impl Course {
    /// Of the statements that have run, and the one at `index`.
    fn after(&self, step: &Step<'_>, index: usize) -> Progress {
        let mut progress = self.progress.clone();
        progress.add(step.text(index));
        progress
    }
}

impl Engine<'_> {
    pub(super) async fn stepwise(
        &mut self,
        step: &Step<'_>,
        tries: &mut Tries,
        done: &mut Vec<StatementReport>,
    ) -> Result<(), (Failure, Outcome)> {
        let (id, start) = self.journal.attempt_started(&**self.session, step);
        while let Err(error) = self.prepare(step, &start).await {
            if let Err(error) = self.again(step, step.done, error.at(Stage::Record), tries).await {
                return Err(self.describe(step, &Broken::new(step.done, error, Remains::Nothing)));
            }
        }
        let mut course = Course { id, opened: None, progress: step.progress(step.done) };
        let Err(mut broken) = self.run_all(step, &mut course, tries, done).await else {
            return Ok(());
        };
        if broken.error.kind == ErrorKind::Lost {
            match self.look_up(&course.id).await {
                Some(Fate::Success) => return Ok(()),
                Some(Fate::Unfinished(effective)) => broken.remains = self.certain(step, effective, &broken),
                Some(Fate::Unknown) | None => {}
            }
        }
        let (failure, outcome) = self.describe(step, &broken);
        let effective = match broken.remains {
            Remains::HalfWay { done, .. } => done as usize,
            Remains::Unknown => step.statements().len(),
            Remains::Nothing => 0,
        };
        let told = Some((&failure, outcome));
        let elapsed = tries.started.elapsed();
        let sql = self.journal.attempt_finished(&**self.session, &course.id, (step, effective), elapsed, told);
        self.note(step, &broken, tries, &sql).await;
        Err((failure, outcome))
    }

    /// The limits first: were they to fail, the journal must not say that anything has begun.
    async fn prepare(&mut self, step: &Step<'_>, start: &str) -> Result<(), DatabaseError> {
        let limits = self.limits(step);
        self.session.limit(&limits).await?;
        let Some(settle) = self.journal.settle(&**self.session, &step.settles) else {
            return self.session.query(start).await.map(drop);
        };
        self.session.begin(None).await?;
        let begun = self.session.conclude(None, &[start.to_owned(), settle]).await;
        if begun.is_err() {
            let _ = self.session.rollback().await;
        }
        begun.map(drop)
    }

    async fn run_all(
        &mut self,
        step: &Step<'_>,
        course: &mut Course,
        tries: &mut Tries,
        done: &mut Vec<StatementReport>,
    ) -> Result<(), Broken> {
        self.restore(step).await?;
        let abilities = self.session.abilities();
        for (index, statement) in step.statements().iter().enumerate().skip(step.done) {
            tries.begin_anew();
            if let Err(error) = self.persistently(step, index, course, tries, done).await {
                return Err(self.broken(step, index, course, error).await);
            }
            course.progress.add(step.text(index));
            let was_open = course.opened.is_some();
            match statement.kind {
                StatementKind::Begin { .. } => course.opened = Some(index),
                StatementKind::Commit | StatementKind::Rollback => course.opened = None,
                _ if !abilities.transactional_ddl && ends_transaction(step.text(index)) => course.opened = None,
                _ => {}
            }
            let noted = !was_open && goes_with_its_note(step, index, abilities);
            if noted && index + 1 == step.statements().len() {
                // The ledger's row went with it.
                return Ok(());
            }
            if course.opened.is_none() && !noted && !locks_tables(step.text(index)) {
                self.advance(step, index, course, tries).await?;
            }
        }
        let records = self.final_records(step, &course.id, tries);
        let concluded = match self.session.begin(Some(&Limits::default())).await {
            Ok(()) => self.conclude(step, &records).await,
            Err(error) => Err(error.at(Stage::Record)),
        };
        match concluded {
            Ok(()) => Ok(()),
            Err(error) => Err(self.broken(step, step.statements().len(), course, error).await),
        }
    }

    /// Runs a statement, again and again where it has met a passing obstacle and stands alone: in a transaction of the script's
    /// own, statements before it would have to be tried again, too.
    async fn persistently(
        &mut self,
        step: &Step<'_>,
        index: usize,
        course: &Course,
        tries: &mut Tries,
        done: &mut Vec<StatementReport>,
    ) -> Result<(), DatabaseError> {
        loop {
            self.may_go_on().await?;
            let before = done.len();
            let Err(error) = self.once(step, index, course, tries, done).await else { return Ok(()) };
            done.truncate(before);
            let alone = course.opened.is_none() && !sets_autocommit(step);
            if !alone || self.may_leave_something(step, index, &error) && !self.can_be_cleared(step, index, &error) {
                return Err(error);
            }
            self.again(step, index, error, tries).await?;
        }
    }

    async fn once(
        &mut self,
        step: &Step<'_>,
        index: usize,
        course: &Course,
        tries: &mut Tries,
        done: &mut Vec<StatementReport>,
    ) -> Result<(), DatabaseError> {
        let kind = step.statements()[index].kind;
        if course.opened.is_none() && goes_with_its_note(step, index, self.session.abilities()) {
            let result = self.together(step, index, course, tries, done).await;
            if result.is_err() {
                // A rollback that fails hides nothing: the server rolls back when the session ends.
                let _ = self.session.rollback().await;
            }
            return result;
        }
        match kind {
            StatementKind::ConcurrentIndex => self.clear_the_way(step, index).await?,
            StatementKind::Commit if course.opened.is_some() => {
                // Inside the transaction, so that there is no moment in which it is committed and not noted.
                let mut note = self.session.ourselves();
                note.push(self.advanced(step, index, course));
                self.session.query(&note.join(";")).await.map_err(|error| error.at(Stage::Record))?;
            }
            _ => {}
        }
        self.statement(step, index, done).await
    }

    /// A statement and the note that it has run, or the records of the whole step where it is the last, in one transaction.
    async fn together(
        &mut self,
        step: &Step<'_>,
        index: usize,
        course: &Course,
        tries: &mut Tries,
        done: &mut Vec<StatementReport>,
    ) -> Result<(), DatabaseError> {
        let is_last = index + 1 == step.statements().len();
        let retries = self.journal.retries(&**self.session, step, &tries.unwritten);
        let records = match (is_last, step.changes_session()) {
            (true, _) => self.final_records(step, &course.id, tries),
            (false, true) => [self.session.ourselves(), vec![self.advanced(step, index, course)]].concat(),
            (false, false) => vec![self.advanced(step, index, course)],
        };
        let records: Vec<String> = records.into_iter().chain(retries).collect();
        self.session.begin(None).await?;
        let before = done.len();
        let (result, rest) = if self.session.abilities().pipelined_commit {
            self.statement_with(step, index, &records, done).await
        } else {
            self.statement(step, index, done).await?;
            let started = Instant::now();
            let result = self.session.conclude(None, &records).await;
            (result.map(drop), started.elapsed())
        };
        if is_last && done.len() > before {
            self.recorded(step, rest, result.as_ref().err());
        }
        result?;
        tries.unwritten.clear();
        Ok(())
    }

    fn advanced(&self, step: &Step<'_>, index: usize, course: &Course) -> String {
        let progress = course.after(step, index).checksum();
        self.journal.attempt_advanced(&**self.session, &course.id, index + 1, &progress)
    }

    /// Says in the journal that the statement at `index` has run, where that could not be said together with it.
    async fn advance(
        &mut self,
        step: &Step<'_>,
        index: usize,
        course: &Course,
        tries: &mut Tries,
    ) -> Result<(), Broken> {
        let retries = self.journal.retries(&**self.session, step, &std::mem::take(&mut tries.unwritten));
        let progress = course.progress.checksum();
        let advanced = self.journal.attempt_advanced(&**self.session, &course.id, index + 1, &progress);
        tries.begin_anew();
        for note in retries.into_iter().chain([advanced]) {
            // Two statements in one message are a transaction, and what is local to it ends with it.
            let mut message = if step.changes_session() { self.session.ourselves() } else { Vec::new() };
            message.push(note);
            let message = message.join(";");
            while let Err(error) = self.session.query(&message).await {
                if let Err(error) = self.again(step, index, error.at(Stage::Record), tries).await {
                    return Err(self.broken(step, index + 1, course, error).await);
                }
            }
        }
        Ok(())
    }

    fn final_records(&self, step: &Step<'_>, id: &str, tries: &Tries) -> Vec<String> {
        let session = &**self.session;
        let elapsed = tries.started.elapsed();
        let mut records = if step.changes_session() { session.regain() } else { Vec::new() };
        records.push(self.ledger.record(session, step, Elapsed::Measured(elapsed), &self.job.context.run_id));
        records.push(self.journal.attempt_finished(session, id, (step, step.statements().len()), elapsed, None));
        records
    }

    fn may_leave_something(&self, step: &Step<'_>, index: usize, error: &DatabaseError) -> bool {
        let abilities = self.session.abilities();
        let kind = step.statements()[index].kind;
        match goes_with_its_note(step, index, abilities) {
            // It is undone with its transaction, unless nobody has heard how that ended.
            true => error.kind == ErrorKind::Lost,
            false => may_leave_something(kind, step.text(index), error, abilities),
        }
    }

    /// Rolls back what can be rolled back and says what remains.
    async fn broken(&mut self, step: &Step<'_>, index: usize, course: &Course, error: DatabaseError) -> Broken {
        let opened = course.opened;
        if opened.is_some() || error.stage != Stage::Statement {
            // A rollback that fails hides nothing: the server rolls back when the session ends.
            let _ = self.session.rollback().await;
        }
        let abilities = self.session.abilities();
        let sent = self.sent && error.stage == Stage::Statement;
        // Where DDL commits by itself, it commits what was open before it runs, and so before it fails.
        let ordinary = step.statements().get(index).is_some_and(|statement| statement.kind == StatementKind::Ordinary);
        let committed = sent
            && ordinary
            && !abilities.transactional_ddl
            && error.kind != ErrorKind::Syntax
            && ends_transaction(step.text(index));
        let opened = opened.filter(|_| !committed);
        let effective = opened.unwrap_or(index);
        let running = sent && index < step.statements().len() && opened.is_none();
        let invalid_index = if running { self.invalid_index(step, index, &error).await } else { None };
        let left = invalid_index.as_ref().map(Option::is_some);
        let next_unknown = running && left.unwrap_or_else(|| self.may_leave_something(step, index, &error));
        let remains = match (effective, next_unknown) {
            _ if error.stage == Stage::Commit && error.kind == ErrorKind::Lost => Remains::Unknown,
            (0, false) => Remains::Nothing,
            (done, next_unknown) => Remains::HalfWay { done: u32::try_from(done).unwrap_or(u32::MAX), next_unknown },
        };
        let index = index.min(step.statements().len().saturating_sub(1));
        Broken { index, error, remains, invalid_index: invalid_index.flatten() }
    }

    /// What remains of an attempt of which the journal says that so many statements have taken effect.
    fn certain(&self, step: &Step<'_>, effective: usize, broken: &Broken) -> Remains {
        let noted = goes_with_its_note(step, effective, self.session.abilities());
        let next_unknown = !noted && broken.index == effective && broken.error.stage == Stage::Statement;
        match (effective, next_unknown) {
            (0, false) => Remains::Nothing,
            (done, next_unknown) => Remains::HalfWay { done: u32::try_from(done).unwrap_or(u32::MAX), next_unknown },
        }
    }
}

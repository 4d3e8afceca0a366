//! Invalid indexes. A failed concurrent index build leaves one behind: queries do not use it, every write maintains it, and `IF NOT EXISTS`
//! accepts it in place of the intended one.

use std::time::Instant;

use super::journal_reader::JournalReader;
use super::statement::Running;
use crate::database::{DatabaseError, ErrorKind, Execute, Query};
use crate::event::Event;
use crate::migration::StatementKind;
use crate::plan::Step;
use crate::run::engine::Engine;
use crate::script::{self, Effect, QualifiedName, SchemaObject};

impl Engine<'_> {
    /// Drops the invalid index that an earlier attempt at this concurrent build left.
    pub(super) async fn clear_the_way(&mut self, step: &Step<'_>, index: usize) -> Result<(), DatabaseError> {
        let Some(name) = self.find_invalid(step, index).await? else { return Ok(()) };
        let sql = self.session.sql().drop_index(&name);
        let process = self.session.server_info().process;
        let (started, stop) = (Instant::now(), self.job.stop);
        let journal = JournalReader::of(self.job, self.session.sql(), &mut self.journal_read);
        let running =
            Running { step, index, started, stop, limit: None, blocker: None, journal, observer: &mut *self.observer };
        let (result, blocker) =
            running.watch(self.session.execute(Execute::OfScript(&sql)), self.monitor, process).await;
        self.statement.blocker = blocker;
        self.leave_behind(result.as_ref().err());
        result?;
        self.observer.observe(&Event::InvalidIndexDropped { step, index, name: &name });
        Ok(())
    }

    /// Whether the possible remains of this failed statement are removed before it is retried.
    pub(super) fn can_be_cleared(&self, step: &Step<'_>, index: usize, error: &DatabaseError) -> bool {
        let built = self.built(step, index);
        error.kind != ErrorKind::Lost && built.is_some_and(|name| self.session.sql().invalid_index(&name).is_some())
    }

    /// After a concurrent build that failed with this error: the invalid index that it left, if any. `None` if the statement is no such
    /// build, or if the catalog cannot be queried.
    pub(super) async fn invalid_index(
        &mut self,
        step: &Step<'_>,
        index: usize,
        error: &DatabaseError,
    ) -> Option<Option<String>> {
        if !self.can_be_cleared(step, index, error) {
            return None;
        }
        self.find_invalid(step, index).await.ok()
    }

    async fn find_invalid(&mut self, step: &Step<'_>, index: usize) -> Result<Option<String>, DatabaseError> {
        let Some(sql) = self.built(step, index).and_then(|name| self.session.sql().invalid_index(&name)) else {
            return Ok(None);
        };
        let rows = self.session.query(Query::InPath(&sql)).await?;
        Ok(rows.into_iter().next().and_then(|row| row.into_iter().next().flatten()))
    }

    /// The index that a statement builds concurrently.
    fn built(&self, step: &Step<'_>, index: usize) -> Option<QualifiedName> {
        let statement = step.statements().get(index)?;
        if statement.kind != StatementKind::ConcurrentIndex {
            return None;
        }
        match script::effect(step.text(index), self.session.server_info().dialect())? {
            Effect::Makes(SchemaObject::Index { name, .. }) => Some(name),
            _ => None,
        }
    }
}

//! Restores the session settings of a migration that resumes: completed statements that changed a setting run again before the first
//! pending one.

use crate::database::Execute;
use std::time::Instant;

use super::broken::Broken;
use super::journal_reader::JournalReader;
use super::statement::Running;
use crate::event::Event;
use crate::plan::Step;
use crate::report::PartialEffect;
use crate::run::engine::Engine;

impl Engine<'_> {
    /// Runs these statements again, in order. They are not counted a second time.
    pub(super) async fn restore(&mut self, step: &Step<'_>) -> Result<(), Broken> {
        let done = u32::try_from(step.done).unwrap_or(u32::MAX);
        for &index in &step.set_again {
            let set = match self.may_go_on().await {
                Ok(()) => self.restore_setting(step, index).await,
                Err(error) => Err(error),
            };
            set.map_err(|error| Broken::new(index, error, PartialEffect::HalfWay { done, next_unknown: false }))?;
        }
        Ok(())
    }

    async fn restore_setting(&mut self, step: &Step<'_>, index: usize) -> Result<(), crate::database::DatabaseError> {
        let process = self.session.server_info().process;
        let (started, stop, limit) = (Instant::now(), self.job.stop, self.own_limit(step));
        let journal = JournalReader::of(self.job, self.session.sql(), &mut self.journal_read);
        let running =
            Running { step, index, started, stop, limit, blocker: None, journal, observer: &mut *self.observer };
        let (result, blocker) =
            running.watch(self.session.execute(Execute::OfScript(step.text(index))), self.monitor, process).await;
        self.statement.blocker = blocker;
        self.leave_behind(result.as_ref().err());
        result?;
        self.observer.observe(&Event::SettingRestored { step, index });
        Ok(())
    }
}

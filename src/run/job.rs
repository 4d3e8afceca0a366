//! A run before it begins: what it does, where, and how.

use super::options::Options;
use super::task::{Repair, Task};
use crate::database::Connector;
use crate::event::{Command, RunContext};
use crate::health::{Before, CheckContext};
use crate::migration::MigrationSet;
use crate::stop::Stop;

/// What a run does, where, and how.
#[derive(Clone, Copy)]
pub(crate) struct Job<'a> {
    pub(crate) connector: &'a dyn Connector,
    pub(crate) set: &'a MigrationSet,
    pub(crate) options: &'a Options,
    pub(crate) context: &'a RunContext,
    pub(crate) stop: &'a Stop,
    pub(crate) task: &'a Task,
}

impl<'a> Job<'a> {
    pub(super) fn command(&self) -> Command {
        self.task.command()
    }

    pub(super) fn repair(&self) -> Option<&'a Repair> {
        match self.task {
            Task::Repair(repair) => Some(repair),
            _ => None,
        }
    }

    /// The context of the health checks; `home` is the schema of the runner's own tables in this run.
    pub(super) fn checks<'c>(&self, home: Option<&'c str>, before: &'c Before) -> CheckContext<'c>
    where
        'a: 'c,
    {
        CheckContext {
            connector: self.connector,
            health: &self.options.health,
            tables: self.options.tables(),
            journal_counters: self.options.journal_counters,
            command: self.command(),
            run: self.context,
            stop: self.stop,
            home,
            before,
        }
    }
}

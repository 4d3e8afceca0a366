//! What the checks need from a run.

use super::options::Health;
use super::prior::Before;
use crate::database::Connector;
use crate::event::{Command, RunContext};
use crate::journal::JournalCounters;
use crate::ledger::OwnTables;
use crate::stop::Stop;

/// The database to check, and the run that the checks belong to.
#[derive(Clone, Copy)]
pub(crate) struct CheckContext<'a> {
    pub(crate) connector: &'a dyn Connector,
    pub(crate) health: &'a Health,
    pub(crate) tables: OwnTables<'a>,
    /// Whether the journal's counters are read and reported.
    pub(crate) journal_counters: JournalCounters,
    pub(crate) command: Command,
    pub(crate) run: &'a RunContext,
    pub(crate) stop: &'a Stop,
    /// The schema or database of our tables, where a run has worked in it; otherwise the connection's own.
    pub(crate) home: Option<&'a str>,
    /// The state before the run.
    pub(crate) before: &'a Before,
}

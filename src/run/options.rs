//! How migrations are applied.

use std::time::Duration;

use super::hook_options::Hooks;
use super::timeouts::{LockTimeout, LockWait};
use crate::health::Health;
use crate::journal::{JournalCounters, UnrecordedEnd};
use crate::ledger::{HistoryFormat, Ledger, OwnTables};
use crate::migration::MigrationSet;
use crate::plan::{Order, Target};

/// How migrations are applied.
///
/// Fields will be added. End with `..Options::default()` to stay compatible; the struct is not `#[non_exhaustive]`, because that would
/// forbid this syntax.
///
/// ```
/// use std::time::Duration;
///
/// use migrascope::Options;
/// use migrascope::plan::Order;
///
/// let options = Options {
///     order: Some(Order::Allow),
///     statement_timeout: Some(Duration::from_secs(600)),
///     ledger_table: "app._migrascope_migrations".to_owned(),
///     ..Options::default()
/// };
/// assert_eq!(options.retries, 10);
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Options {
    /// How far to migrate.
    pub target: Target,
    /// The maximum number of migrations that a run may revert; a plan with more of them is refused. `None` sets no limit.
    pub at_most_down: Option<usize>,
    /// What to do with pending versions below the highest applied one; `None` does what the tool of the history format does.
    pub order: Option<Order>,
    /// Whether an applied migration may have no file; `None` does what the tool of the history format does.
    pub allow_missing: Option<bool>,
    /// Whether the statements of an applied migration may have changed; `None` does what the tool of the history format does.
    pub allow_changed: Option<bool>,
    /// Whether to refuse, where these three are `None`, what the native format refuses.
    pub strict: bool,
    /// Whether migrations may start in a database that has tables but no history.
    pub allow_nonempty: bool,
    /// How long to wait for the migration lock.
    pub wait: LockWait,
    /// How long a statement may wait for a database lock, unless its file sets another limit.
    pub lock_timeout: LockTimeout,
    /// How long a statement may run, unless its file sets another limit.
    pub statement_timeout: Option<Duration>,
    /// How often a migration is retried after a lock timeout, a deadlock or a serialization failure.
    pub retries: u32,
    /// The format of the history table.
    pub history_format: &'static HistoryFormat,
    /// The name of the ledger's table, with or without a schema.
    pub ledger_table: String,
    /// The name of the journal's table, with or without a schema.
    pub journal_table: String,
    /// How long completed rows of the journal are kept; `None` keeps them for ever. Their counts are never removed.
    pub journal_retention: Option<Duration>,
    /// Whether the journal's counters are read and reported.
    pub journal_counters: JournalCounters,
    /// Whether health checks run after a run that has changed something.
    pub health: Health,
    /// The hooks that run around the migrations.
    pub hooks: Hooks,
    /// How earlier runs ended whose end could not be recorded, if that is known. The run that acquires the lock records it. Ends of runs on
    /// other databases are ignored.
    pub unrecorded: Vec<UnrecordedEnd>,
}

impl Options {
    /// The history table. This is the only place that selects its format.
    pub(crate) fn ledger(&self) -> Box<dyn Ledger> {
        self.history_format.ledger(&self.ledger_table)
    }

    /// The history table for these migrations.
    pub(crate) fn ledger_of(&self, set: &MigrationSet) -> Box<dyn Ledger> {
        let mut ledger = self.ledger();
        ledger.set_files(set);
        ledger
    }

    pub(crate) fn tables(&self) -> OwnTables<'_> {
        OwnTables { ledger: &self.ledger_table, journal: &self.journal_table }
    }
}

impl Default for Options {
    fn default() -> Self {
        Self {
            target: Target::Latest,
            at_most_down: None,
            order: None,
            allow_missing: None,
            allow_changed: None,
            strict: false,
            allow_nonempty: false,
            wait: LockWait::For(Duration::from_secs(60)),
            lock_timeout: LockTimeout::Usual,
            statement_timeout: None,
            retries: 10,
            history_format: HistoryFormat::native(),
            ledger_table: HistoryFormat::native().table().to_owned(),
            journal_table: "_migrascope_journal".to_owned(),
            journal_retention: Some(Duration::from_secs(400 * 24 * 60 * 60)),
            journal_counters: JournalCounters::Skip,
            health: Health::Skip,
            hooks: Hooks::default(),
            unrecorded: Vec::new(),
        }
    }
}

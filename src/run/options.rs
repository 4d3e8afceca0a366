//! How migrations are applied.

use std::time::Duration;

use super::hook_options::Hooks;
use super::timeouts::{LockTimeout, LockWait};
use crate::health::Health;
use crate::journal::{JournalCounters, UnrecordedEnd};
use crate::ledger::{HistoryFormat, Ledger, OwnTables};
use crate::plan::{Order, Target};

/// How migrations are applied.
///
/// There will be more of them. Whoever ends with `..Options::default()` is not disturbed by that; it is not `#[non_exhaustive]`, because that
/// would forbid just this.
///
/// ```
/// use std::time::Duration;
///
/// use migrascope::Options;
/// use migrascope::plan::Order;
///
/// let options = Options {
///     order: Order::Allow,
///     statement_timeout: Some(Duration::from_secs(600)),
///     ledger_table: "app._migrascope_migrations".to_owned(),
///     ..Options::default()
/// };
/// assert_eq!(options.retries, 10);
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Options {
    /// How far to go.
    pub target: Target,
    /// How many migrations a run down may revert: one whose plan has more of them is refused. No limit for `None`.
    pub at_most_down: Option<usize>,
    /// What to do with a pending version below the highest applied one.
    pub order: Order,
    /// Whether an applied migration may be missing on disk.
    pub allow_missing: bool,
    /// Whether migrations may begin in a database that has tables and no history.
    pub allow_nonempty: bool,
    /// How long to wait for the lock.
    pub wait: LockWait,
    /// How long a statement may wait for a lock of the database, unless its file says otherwise.
    pub lock_timeout: LockTimeout,
    /// How long a statement may run, unless its file says otherwise.
    pub statement_timeout: Option<Duration>,
    /// How often a migration is tried again that met a lock held for too long, a deadlock or a conflict of transactions.
    pub retries: u32,
    /// The format of the history table.
    pub history_format: &'static HistoryFormat,
    /// The ledger's table, with or without a schema in front.
    pub ledger_table: String,
    /// The journal's table.
    pub journal_table: String,
    /// How long rows of the journal are kept when they are over; `None` keeps them for ever. Their counts stay.
    pub journal_retention: Option<Duration>,
    /// Whether the journal's totals are read and told.
    pub journal_counters: JournalCounters,
    /// Whether the database is examined when the run has done something.
    pub health: Health,
    /// What is run around the migrations.
    pub hooks: Hooks,
    /// How earlier runs ended whose end could not be recorded, as far as it is known: the holder of the lock records it. Those of other
    /// databases do no harm.
    pub unrecorded: Vec<UnrecordedEnd>,
}

impl Options {
    /// The history table: the only place that chooses its format.
    pub(crate) fn ledger(&self) -> Box<dyn Ledger> {
        self.history_format.ledger(&self.ledger_table)
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
            order: Order::Strict,
            allow_missing: false,
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

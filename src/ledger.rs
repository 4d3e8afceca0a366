//! The history table: which migrations are applied. One file a format; writes SQL through [`Session`], never knows a driver.

mod access;
mod location;
mod native;
mod trust;

use std::fmt;
use std::time::Duration;

use async_trait::async_trait;

pub(crate) use self::access::{READ, WRITE, denied};
pub(crate) use self::location::{Found, astray};
pub(crate) use self::trust::{UNSEEN, untrusted};
use crate::database::{DatabaseError, Identity, Session, ToolLock};
use crate::history::{Attempt, Direction, Entry};
use crate::migration::{Migration, Version};
use crate::plan::Step;
use crate::script::{Name, Thing};

/// How long a migration took, as its row will say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Elapsed {
    /// Measured by us.
    Measured(Duration),
    /// To be measured by the server when the row is written, since the transaction began; earlier attempts took `before`.
    SinceBegin {
        /// Since the first of them began.
        before: Duration,
    },
}

/// How much of the history is wanted: times are a good part of the work for the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Depth {
    /// What a plan is made from.
    Plan,
    /// With [`crate::history::Particulars`].
    Particulars,
}

/// Every format of a history table; a new one is a line here, and a file.
const FORMATS: &[&HistoryFormat] = &[&native::FORMAT];

/// The format of a history table: which columns it has, and how its rows are compared with files.
pub struct HistoryFormat {
    /// Its name, as an option gives it.
    word: &'static str,
    /// What the table is called where no name is given.
    table: &'static str,
    /// The ledger in a table of this name, with or without a schema in front.
    ledger: fn(&str) -> Box<dyn Ledger>,
}

impl HistoryFormat {
    /// Our own.
    #[must_use]
    pub fn native() -> &'static Self {
        &native::FORMAT
    }

    /// The format of this name.
    #[must_use]
    pub fn named(word: &str) -> Option<&'static Self> {
        FORMATS.iter().copied().find(|format| format.word == word)
    }

    /// The names of all of them.
    pub fn words() -> impl Iterator<Item = &'static str> {
        FORMATS.iter().map(|format| format.word)
    }

    /// What the table is called where no name is given.
    #[must_use]
    pub fn table(&self) -> &'static str {
        self.table
    }

    /// The ledger in a table of this name.
    pub(crate) fn ledger(&self, table: &str) -> Box<dyn Ledger> {
        (self.ledger)(table)
    }
}

impl fmt::Debug for HistoryFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("HistoryFormat").field(&self.word).finish()
    }
}

impl PartialEq for HistoryFormat {
    fn eq(&self, other: &Self) -> bool {
        self.word == other.word
    }
}

impl Eq for HistoryFormat {}

/// What a history table says.
pub(crate) struct Remembered {
    /// Applied migrations, in any order.
    pub(crate) applied: Vec<Entry>,
    /// Attempts that the table itself shows as begun and not ended, or failed; our own has none, because the journal has them.
    pub(crate) unfinished: Vec<Attempt>,
}

/// A history table in some tool's format.
#[async_trait]
pub(crate) trait Ledger: Send + Sync {
    /// The table's name as it was given, with or without a schema in front.
    fn name(&self) -> &str;

    /// The table's name in quotes, with its schema: what the lock guards.
    fn table(&self, session: &dyn Session) -> String {
        qualified(session, self.name())
    }

    /// The locks by which the format's own tool keeps a second run of it away, in the order in which they are to be taken, behind ours.
    fn tool_locks(&self, _server: &Identity) -> Vec<ToolLock> {
        Vec::new()
    }

    /// What makes the table where it does not exist.
    fn create(&self, session: &dyn Session) -> Vec<Creation>;

    /// SQL that needs the rights for a step in this direction, and changes nothing.
    fn rehearse(&self, session: &dyn Session, direction: Direction) -> String;

    /// What the table says; `None` when there is none.
    async fn read(&self, session: &mut dyn Session, depth: Depth) -> Result<Option<Remembered>, DatabaseError>;

    /// SQL for a row that says that a step begins which is not atomic; `None` where the format has no such row.
    fn begin(&self, _session: &dyn Session, _step: &Step<'_>) -> Option<String> {
        None
    }

    /// SQL that removes that row, where the step has failed and left nothing.
    fn abandon(&self, _session: &dyn Session, _step: &Step<'_>) -> Option<String> {
        None
    }

    /// SQL for the row of a migration that is applied now.
    fn add(&self, session: &dyn Session, migration: &Migration, elapsed: Elapsed, run_id: &str) -> String;

    /// SQL that removes the row of a version.
    fn remove(&self, session: &dyn Session, version: &Version) -> String;

    /// SQL that gives the row of an applied migration the name and the checksums of its present file.
    fn accept(&self, session: &dyn Session, migration: &Migration) -> String;

    /// SQL that records a step once it is taken.
    fn record(&self, session: &dyn Session, step: &Step<'_>, elapsed: Elapsed, run_id: &str) -> String {
        match step.direction {
            Direction::Up => self.add(session, step.migration, elapsed, run_id),
            Direction::Down => self.remove(session, &step.migration.version),
        }
    }
}

/// A table or an index of ours.
pub(crate) struct Creation {
    /// What it is.
    pub(crate) thing: Thing,
    /// SQL that makes it.
    pub(crate) sql: String,
}

impl Creation {
    /// A table of this name.
    pub(crate) fn table(session: &dyn Session, name: &str, sql: String) -> Self {
        let (schema, table) = schema_and_table(session, name);
        Self { thing: Thing::Relation(Name { schema: schema.map(str::to_owned), name: table.to_owned() }), sql }
    }
}

/// A table's name in quotes: in the schema it names, or in the one the session creates its tables in.
pub(crate) fn qualified(session: &dyn Session, name: &str) -> String {
    match schema_and_table(session, name) {
        (Some(schema), table) => format!("{}.{}", session.quote(schema), session.quote(table)),
        (None, table) => session.quote(table),
    }
}

/// The same in its parts.
pub(crate) fn schema_and_table<'n>(session: &'n dyn Session, name: &'n str) -> (Option<&'n str>, &'n str) {
    match name.split_once('.') {
        Some((schema, table)) => (Some(schema), table),
        None => (session.home(), name),
    }
}

/// A table's name without its schema.
pub(crate) fn bare_name(name: &str) -> &str {
    name.split_once('.').map_or(name, |(_, table)| table)
}

/// Reads the rows of a query of this table of ours, in quotes; `None` when it does not exist.
pub(crate) async fn rows_if_table(
    session: &mut dyn Session,
    table: &str,
    sql: &str,
) -> Result<Option<Vec<crate::database::Row>>, DatabaseError> {
    match session.query_table(table, sql).await {
        Ok(rows) => Ok(Some(rows)),
        Err(error) if error.kind == crate::database::ErrorKind::NoTable => Ok(None),
        Err(error) => Err(error),
    }
}

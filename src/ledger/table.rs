//! The interface of every history table, whatever its format.

use std::time::Duration;

use async_trait::async_trait;

use super::name::{qualified, schema_and_table};
use crate::database::{DatabaseError, Session, Sql, ToolLock, Value};
use crate::history::{Attempt, Direction, Entry};
use crate::migration::{Key, Migration, MigrationSet, Version};
use crate::plan::Step;
use crate::script::{QualifiedName, SchemaObject};

/// How long a migration took, as its row records it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Elapsed {
    /// Measured by the runner.
    Measured(Duration),
    /// Measured by the server when the row is written: the time since the transaction began, plus `before`.
    SinceBegin {
        /// The time that earlier attempts took.
        before: Duration,
    },
}

impl Elapsed {
    /// The time as a value in milliseconds.
    pub(crate) fn milliseconds(self) -> Value {
        match self {
            Self::Measured(duration) => Value::Milliseconds(duration),
            Self::SinceBegin { before } => Value::MillisecondsSinceBegin(before),
        }
    }
}

/// How much of the history to read: formatting timestamps is a good part of the server's work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Depth {
    /// What a plan requires.
    Plan,
    /// Also [`crate::history::Details`].
    Details,
}

/// The contents of a history table.
#[derive(Default)]
pub(crate) struct Remembered {
    /// The applied migrations, in any order.
    pub(crate) applied: Vec<Entry>,
    /// For a table that holds one version only: every file up to it counts as applied.
    pub(crate) up_to: Option<Version>,
    /// For such a table: its mark of an attempt that has not succeeded, in place of `up_to`.
    pub(crate) attempted: Option<Attempted>,
    /// The version at which the history begins: every file up to it counts as applied, and none has to exist.
    pub(crate) baseline: Option<Version>,
    /// Applied migrations in a programming language. Only one that also has a file counts, and no other is missing.
    pub(crate) in_code: Vec<Entry>,
    /// Rows of unfinished attempts. The native table has none, because the journal records them.
    pub(crate) unfinished: Vec<Begun>,
}

/// The mark of an attempt in a table that holds one version only. It names the version that the attempt was to reach: its own one, or
/// the one below the migration that it was to revert.
pub(crate) struct Attempted {
    /// The version; `None` if no migration was to be left applied.
    pub(crate) to: Option<Version>,
}

impl Remembered {
    /// Whether no migration is recorded, applied or attempted.
    pub(crate) fn is_empty(&self) -> bool {
        let none_applied = self.applied.is_empty() && self.in_code.is_empty();
        none_applied && self.up_to.is_none() && self.attempted.is_none() && self.baseline.is_none()
    }
}

/// The row of an attempt that has not succeeded.
pub(crate) struct Begun {
    /// The row as that of an applied migration, which it is while the migration is being reverted.
    pub(crate) entry: Entry,
    /// The attempt, for when the journal does not record it.
    pub(crate) attempt: Attempt,
}

impl Begun {
    /// The row of a migration that a tool has marked as not applied; what has taken effect is unknown.
    pub(crate) fn marked(tool: &str, entry: Entry) -> Self {
        let attempt = Attempt::marked(format!("{tool} {}", entry.key), &entry);
        Self { entry, attempt }
    }
}

/// A history table in the format of a tool.
#[async_trait]
pub(crate) trait Ledger: Send + Sync {
    /// The configured name of the table, with or without a schema.
    fn name(&self) -> &str;

    /// The quoted name of the table with its schema, which also identifies the lock.
    fn table(&self, sql: &dyn Sql) -> String {
        qualified(sql, self.name())
    }

    /// Sets the migrations on disk, before the ledger is used: in some formats a row depends on more than its own migration.
    fn set_files(&mut self, _set: &MigrationSet) {}

    /// The locks by which the tool that owns the format excludes its own runs, in the order in which to acquire them, after the runner's
    /// lock.
    fn tool_locks(&self, _sql: &dyn Sql) -> Vec<ToolLock> {
        Vec::new()
    }

    /// SQL that creates the table, if it does not exist.
    fn create(&self, sql: &dyn Sql) -> Vec<Creation>;

    /// SQL that requires the same privileges as a step in this direction, and changes nothing.
    fn rehearse(&self, sql: &dyn Sql, direction: Direction) -> Vec<String>;

    /// Reads the table; `None` if it does not exist.
    async fn read(&self, session: &mut dyn Session, depth: Depth) -> Result<Option<Remembered>, DatabaseError>;

    /// SQL that records the start of a non-atomic step; none if the format has no such row.
    fn begin(&self, _sql: &dyn Sql, _step: &Step<'_>) -> Vec<String> {
        Vec::new()
    }

    /// SQL that undoes this, after an attempt in this direction has left nothing behind or was settled; `None` if the format has no such row.
    fn abandon(&self, _sql: &dyn Sql, _key: &Key, _direction: Direction) -> Option<String> {
        None
    }

    /// Why the table cannot record a change by which these versions, in order, would be the applied ones; `None` if it can.
    fn unrecordable(&self, _applied: &[&Key]) -> Option<String> {
        None
    }

    /// SQL that adds the row of a migration that was applied.
    fn add(&self, sql: &dyn Sql, migration: &Migration, elapsed: Elapsed, run_id: &str) -> Vec<String>;

    /// SQL that removes the row of a migration.
    fn remove(&self, sql: &dyn Sql, key: &Key) -> String;

    /// SQL that sets name and checksums in the row of an applied migration to those of its current file.
    fn accept(&self, sql: &dyn Sql, migration: &Migration) -> String;

    /// SQL that records a step that has succeeded. A repeatable migration that was applied before replaces its row.
    fn record(&self, sql: &dyn Sql, step: &Step<'_>, elapsed: Elapsed, run_id: &str) -> Vec<String> {
        match step.direction {
            Direction::Up if step.migration.key.is_repeatable() => {
                let add = self.add(sql, step.migration, elapsed, run_id);
                [vec![self.remove(sql, &step.migration.key)], add].concat()
            }
            Direction::Up => self.add(sql, step.migration, elapsed, run_id),
            Direction::Down => vec![self.remove(sql, &step.migration.key)],
        }
    }
}

/// A table or an index of the runner.
pub(crate) struct Creation {
    /// What it is.
    pub(crate) thing: SchemaObject,
    /// SQL that creates it.
    pub(crate) sql: String,
}

impl Creation {
    /// A table with this name.
    pub(crate) fn table(dialect: &dyn Sql, name: &str, sql: String) -> Self {
        let (schema, table) = schema_and_table(dialect, name);
        Self {
            thing: SchemaObject::Relation(QualifiedName { schema: schema.map(str::to_owned), name: table.to_owned() }),
            sql,
        }
    }
}

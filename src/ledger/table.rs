//! What every history table can be asked for, whatever its format.

use std::time::Duration;

use async_trait::async_trait;

use super::name::{qualified, schema_and_table};
use crate::database::{DatabaseError, ServerInfo, Session, Sql, ToolLock};
use crate::history::{Attempt, Direction, Entry};
use crate::migration::{Key, Migration};
use crate::plan::Step;
use crate::script::{QualifiedName, SchemaObject};

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
    /// With [`crate::history::Details`].
    Details,
}

/// What a history table says.
pub(crate) struct Remembered {
    /// Applied migrations, in any order.
    pub(crate) applied: Vec<Entry>,
    /// Rows of attempts that have begun and not succeeded; the native format has none, because the journal has them.
    pub(crate) unfinished: Vec<Begun>,
}

/// A row that says that an attempt has begun, and not that it has succeeded.
pub(crate) struct Begun {
    /// The row as that of an applied migration: what it is while the migration is being reverted.
    pub(crate) entry: Entry,
    /// The attempt, if the journal does not know it.
    pub(crate) attempt: Attempt,
}

/// A history table in some tool's format.
#[async_trait]
pub(crate) trait Ledger: Send + Sync {
    /// The table's name as it was given, with or without a schema in front.
    fn name(&self) -> &str;

    /// The table's name in quotes, with its schema: what the lock guards.
    fn table(&self, sql: &dyn Sql) -> String {
        qualified(sql, self.name())
    }

    /// The locks by which the format's own tool keeps a second run of it away, in the order in which they are to be taken, behind ours.
    fn tool_locks(&self, _server: &ServerInfo) -> Vec<ToolLock> {
        Vec::new()
    }

    /// What makes the table where it does not exist.
    fn create(&self, sql: &dyn Sql) -> Vec<Creation>;

    /// SQL that needs the rights for a step in this direction, and changes nothing.
    fn rehearse(&self, sql: &dyn Sql, direction: Direction) -> String;

    /// What the table says; `None` when there is none.
    async fn read(&self, session: &mut dyn Session, depth: Depth) -> Result<Option<Remembered>, DatabaseError>;

    /// SQL for a row that says that a step begins which is not atomic; empty where the format has no such row.
    fn begin(&self, _sql: &dyn Sql, _step: &Step<'_>) -> Vec<String> {
        Vec::new()
    }

    /// SQL that undoes that, where an attempt in this direction has left nothing or no longer counts as half-way; `None` where the format has no such row.
    fn abandon(&self, _sql: &dyn Sql, _key: &Key, _direction: Direction) -> Option<String> {
        None
    }

    /// SQL for the row of a migration that is applied now.
    fn add(&self, sql: &dyn Sql, migration: &Migration, elapsed: Elapsed, run_id: &str) -> Vec<String>;

    /// SQL that removes the row of a migration.
    fn remove(&self, sql: &dyn Sql, key: &Key) -> String;

    /// SQL that gives the row of an applied migration the name and the checksums of its present file.
    fn accept(&self, sql: &dyn Sql, migration: &Migration) -> String;

    /// SQL that records a step that has been taken. A repeatable migration that was applied before takes the place of its row.
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

/// A table or an index of ours.
pub(crate) struct Creation {
    /// What it is.
    pub(crate) thing: SchemaObject,
    /// SQL that makes it.
    pub(crate) sql: String,
}

impl Creation {
    /// A table of this name.
    pub(crate) fn table(dialect: &dyn Sql, name: &str, sql: String) -> Self {
        let (schema, table) = schema_and_table(dialect, name);
        Self {
            thing: SchemaObject::Relation(QualifiedName { schema: schema.map(str::to_owned), name: table.to_owned() }),
            sql,
        }
    }
}

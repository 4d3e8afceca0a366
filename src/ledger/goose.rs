//! The history table of goose 3. Each row is an event: of several rows of a version, the newest counts.

use std::collections::BTreeSet;

use async_trait::async_trait;

use super::{Begun, Creation, Depth, Elapsed, HistoryFormat, Ledger, Remembered, rows_if_table};
use crate::database::{AdvisoryLocks, ColumnType, DatabaseError, Row, Session, Sql, ToolLock, Value};
use crate::history::{Details, Direction, Entry};
use crate::migration::{Key, Migration};
use crate::plan::{Changed, Habits, Missing, Order};

pub(super) const FORMAT: HistoryFormat = HistoryFormat {
    word: "goose",
    table: "goose_db_version",
    habits: Habits { order: Order::Strict, missing: Missing::Allow, changed: Changed::Allow },
    ledger: |table| Box::new(GooseLedger { name: table.to_owned() }),
};

/// The lock of the library: the CRC-32 of `goose`. Its command line takes none.
const LOCK: i64 = 4_097_083_626;

/// The version of the row that goose writes when it creates the table. Without any row, goose refuses the table.
const FIRST_ROW: i64 = 0;

const COLUMNS: &str = "version_id, is_applied";

/// `goose_db_version`, or the name that the settings give.
struct GooseLedger {
    name: String,
}

#[async_trait]
impl Ledger for GooseLedger {
    fn name(&self) -> &str {
        &self.name
    }

    fn tool_locks(&self, sql: &dyn Sql) -> Vec<ToolLock> {
        match sql.capabilities().advisory_locks {
            AdvisoryLocks::Keys => vec![ToolLock::Key(LOCK)],
            AdvisoryLocks::Names { .. } | AdvisoryLocks::None => Vec::new(),
        }
    }

    /// The table, and its first row in the same message.
    fn create(&self, sql: &dyn Sql) -> Vec<Creation> {
        let table = format!(
            "CREATE TABLE IF NOT EXISTS {table} (\n    \
               id {key},\n    \
               version_id {integer} NOT NULL,\n    \
               is_applied {flag} NOT NULL,\n    \
               tstamp {written_at}\n);\n\
             INSERT INTO {table} ({COLUMNS}) SELECT {FIRST_ROW}, {applied} FROM (SELECT count(*) AS n FROM {table}) AS counted WHERE n = 0",
            table = self.table(sql),
            key = sql.column_type(ColumnType::CountedKey),
            integer = sql.column_type(ColumnType::Integer),
            flag = sql.column_type(ColumnType::Flag),
            written_at = sql.column_type(ColumnType::WrittenAt),
            applied = sql.literal(&Value::Bool(true)),
        );
        vec![Creation::table(sql, &self.name, table)]
    }

    fn rehearse(&self, sql: &dyn Sql, direction: Direction) -> Vec<String> {
        let table = self.table(sql);
        vec![match direction {
            Direction::Up => format!("INSERT INTO {table} ({COLUMNS}) SELECT {COLUMNS} FROM {table} WHERE 1 = 0"),
            Direction::Down => format!("DELETE FROM {table} WHERE 1 = 0"),
        }]
    }

    /// Early releases wrote a row without `is_applied` when they reverted a migration. goose's `version` takes it as pending and its `up` as
    /// applied, so it is one to settle.
    async fn read(&self, session: &mut dyn Session, depth: Depth) -> Result<Option<Remembered>, DatabaseError> {
        let sql = session.sql();
        let table = self.table(sql);
        let details = match depth {
            Depth::Plan => String::new(),
            Depth::Details => format!(", {}", sql.local_timestamp_text("tstamp")),
        };
        let sql = format!(
            "SELECT version_id, CASE WHEN is_applied THEN 1 ELSE 0 END{details} FROM {table} WHERE version_id <> {FIRST_ROW} ORDER BY id DESC"
        );
        let rows = rows_if_table(session, &table, &sql).await?;
        Ok(rows.map(|rows| {
            let mut remembered = Remembered::default();
            let mut seen = BTreeSet::new();
            for row in rows.into_iter().map(recorded) {
                match (seen.insert(row.entry.key.clone()), row.applied) {
                    (false, _) => {}
                    (true, true) => remembered.applied.push(row.entry),
                    (true, false) => remembered.unfinished.push(Begun::marked(FORMAT.word, row.entry)),
                }
            }
            remembered
        }))
    }

    /// Removes the rows up to the newest that says that the migration is not applied. A row of another session that has applied it meanwhile
    /// stays.
    fn abandon(&self, sql: &dyn Sql, key: &Key, direction: Direction) -> Option<String> {
        let (table, version, not_applied) = (self.table(sql), number(sql, key), sql.literal(&Value::Bool(false)));
        // A subquery of the table that a statement deletes from must be a derived table on MySQL.
        (direction == Direction::Up).then(|| {
            format!(
                "DELETE FROM {table} WHERE version_id = {version} AND id <= (SELECT newest FROM \
                 (SELECT max(id) AS newest FROM {table} WHERE version_id = {version} AND is_applied = {not_applied}) AS marked)"
            )
        })
    }

    fn add(&self, sql: &dyn Sql, migration: &Migration, _elapsed: Elapsed, _run_id: &str) -> Vec<String> {
        let (table, version) = (self.table(sql), number(sql, &migration.key));
        vec![format!("INSERT INTO {table} ({COLUMNS}) VALUES ({version}, {})", sql.literal(&Value::Bool(true)))]
    }

    fn remove(&self, sql: &dyn Sql, key: &Key) -> String {
        format!("DELETE FROM {} WHERE version_id = {}", self.table(sql), number(sql, key))
    }

    /// The table has neither names nor checksums: there is nothing to set.
    fn accept(&self, sql: &dyn Sql, migration: &Migration) -> String {
        let (table, version) = (self.table(sql), number(sql, &migration.key));
        format!("UPDATE {table} SET is_applied = is_applied WHERE version_id = {version}")
    }
}

/// The version as SQL. What is not a number of 64 bits is a text, which cannot be cast to the column's type.
fn number(sql: &dyn Sql, key: &Key) -> String {
    let version = key.canonical();
    match version.parse() {
        Ok(number) => sql.literal(&Value::Int(number)),
        Err(_) => sql.literal(&Value::Text(version.into_owned())),
    }
}

/// A row, and whether it says that the migration is applied.
struct Recorded {
    entry: Entry,
    applied: bool,
}

fn recorded(row: Row) -> Recorded {
    let mut columns = row.into_iter();
    let mut next = || columns.next().map(Option::unwrap_or_default);
    let mut entry = Entry::new(Key::from_history(&next().unwrap_or_default()), "");
    let applied = next().as_deref() == Some("1");
    entry.details = next().map(|applied_at| Details { applied_at, elapsed: None, run_id: None });
    Recorded { entry, applied }
}

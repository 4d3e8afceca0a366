//! The native ledger: one row for each applied version, readable with plain SQL.

use std::time::Duration;

use async_trait::async_trait;

use super::{Creation, Depth, Elapsed, HistoryFormat, Ledger, Remembered, rows_if_table};
use crate::database::{ColumnType, DatabaseError, Row, Session, Sql, Value};
use crate::history::{Details, Direction, Entry, RecordedChecksum};
use crate::migration::{Checksum, Key, Migration};
use crate::plan::Habits;

pub(super) const FORMAT: HistoryFormat = HistoryFormat {
    word: "native",
    table: "_migrascope_migrations",
    habits: Habits::STRICT,
    ledger: |table| Box::new(NativeLedger { name: table.to_owned() }),
};

/// `_migrascope_migrations`, or the configured name.
struct NativeLedger {
    name: String,
}

#[async_trait]
impl Ledger for NativeLedger {
    fn name(&self) -> &str {
        &self.name
    }

    fn create(&self, sql: &dyn Sql) -> Vec<Creation> {
        let table = format!(
            "CREATE TABLE IF NOT EXISTS {table} (\n  \
               version VARCHAR(255) NOT NULL PRIMARY KEY,\n  \
               name VARCHAR(255) NOT NULL,\n  \
               checksum VARCHAR(64) NOT NULL,\n  \
               token_checksum VARCHAR(64) NOT NULL,\n  \
               applied_at {timestamp} NOT NULL,\n  \
               elapsed_ms BIGINT NOT NULL,\n  \
               run_id VARCHAR(36) NOT NULL\n){suffix}",
            table = self.table(sql),
            timestamp = sql.column_type(ColumnType::Timestamp),
            suffix = sql.capabilities().table_suffix,
        );
        vec![Creation::table(sql, &self.name, table)]
    }

    fn rehearse(&self, sql: &dyn Sql, direction: Direction) -> Vec<String> {
        let table = self.table(sql);
        let columns = "version, name, checksum, token_checksum, applied_at, elapsed_ms, run_id";
        vec![match direction {
            Direction::Up => format!("INSERT INTO {table} ({columns}) SELECT {columns} FROM {table} WHERE 1 = 0"),
            Direction::Down => format!("DELETE FROM {table} WHERE 1 = 0"),
        }]
    }

    async fn read(&self, session: &mut dyn Session, depth: Depth) -> Result<Option<Remembered>, DatabaseError> {
        let details = match depth {
            Depth::Plan => String::new(),
            Depth::Details => format!(", {}, elapsed_ms, run_id", session.sql().timestamp_text("applied_at")),
        };
        let table = self.table(session.sql());
        let sql = format!("SELECT version, name, checksum, token_checksum{details} FROM {table}");
        let rows = rows_if_table(session, &table, &sql).await?;
        Ok(rows.map(|rows| Remembered { applied: rows.into_iter().map(entry).collect(), ..Remembered::default() }))
    }

    fn add(&self, sql: &dyn Sql, migration: &Migration, elapsed: Elapsed, run_id: &str) -> Vec<String> {
        let text = |text: &str| sql.literal(&Value::Text(text.to_owned()));
        let milliseconds = match elapsed {
            Elapsed::Measured(duration) => Value::Int(duration.as_millis().try_into().unwrap_or(i64::MAX)),
            Elapsed::SinceBegin { before } => Value::MillisecondsSinceBegin(before),
        };
        vec![format!(
            "INSERT INTO {table} (version, name, checksum, token_checksum, applied_at, elapsed_ms, run_id) \
             VALUES ({version}, {name}, {checksum}, {tokens}, {now}, {milliseconds}, {run})",
            table = self.table(sql),
            version = text(&migration.key.canonical()),
            name = text(&migration.name),
            checksum = text(migration.up.checksum().as_str()),
            tokens = text(migration.up.token_checksum().as_str()),
            now = sql.literal(&Value::Now),
            milliseconds = sql.literal(&milliseconds),
            run = text(run_id),
        )]
    }

    fn remove(&self, sql: &dyn Sql, key: &Key) -> String {
        let version = sql.literal(&Value::Text(key.canonical().into_owned()));
        format!("DELETE FROM {} WHERE version = {version}", self.table(sql))
    }

    fn accept(&self, sql: &dyn Sql, migration: &Migration) -> String {
        let text = |text: &str| sql.literal(&Value::Text(text.to_owned()));
        format!(
            "UPDATE {table} SET name = {name}, checksum = {checksum}, token_checksum = {tokens} WHERE version = {version}",
            table = self.table(sql),
            name = text(&migration.name),
            checksum = text(migration.up.checksum().as_str()),
            tokens = text(migration.up.token_checksum().as_str()),
            version = text(&migration.key.canonical()),
        )
    }
}

fn entry(row: Row) -> Entry {
    let mut columns = row.into_iter();
    let mut next = || columns.next().map(Option::unwrap_or_default);
    let mut entry = Entry::new(Key::from_history(&next().unwrap_or_default()), next().unwrap_or_default());
    entry.checksum = next().map(RecordedChecksum::of_text);
    entry.token_checksum = next().map(Checksum::from_history);
    entry.details = next().map(|applied_at| Details {
        applied_at,
        elapsed: next().and_then(|text| text.parse().ok()).map(Duration::from_millis),
        run_id: next(),
    });
    entry
}

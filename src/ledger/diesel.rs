//! The history table of diesel, as version 2 writes it: one row for each applied version.

use async_trait::async_trait;

use super::{Creation, Depth, Elapsed, HistoryFormat, Ledger, Remembered, rows_if_table};
use crate::database::{DatabaseError, Row, Session, Sql, Value};
use crate::history::{Details, Direction, Entry};
use crate::migration::{Key, Migration, Version, VersionOrder};
use crate::plan::{Changed, Habits, Missing, Order};

pub(super) const FORMAT: HistoryFormat = HistoryFormat {
    word: "diesel",
    table: "__diesel_schema_migrations",
    habits: Habits { order: Order::Allow, missing: Missing::Allow, changed: Changed::Allow },
    ledger: |table| Box::new(DieselLedger { name: table.to_owned() }),
};

/// `__diesel_schema_migrations`, or the name that the settings give.
struct DieselLedger {
    name: String,
}

#[async_trait]
impl Ledger for DieselLedger {
    fn name(&self) -> &str {
        &self.name
    }

    fn create(&self, sql: &dyn Sql) -> Vec<Creation> {
        let table = format!(
            "CREATE TABLE IF NOT EXISTS {table} (\n       \
               version VARCHAR(50) PRIMARY KEY NOT NULL,\n       \
               run_on TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP\n)",
            table = self.table(sql),
        );
        vec![Creation::table(sql, &self.name, table)]
    }

    fn rehearse(&self, sql: &dyn Sql, direction: Direction) -> Vec<String> {
        let table = self.table(sql);
        vec![match direction {
            Direction::Up => {
                format!("INSERT INTO {table} (version, run_on) SELECT version, run_on FROM {table} WHERE 1 = 0")
            }
            Direction::Down => format!("DELETE FROM {table} WHERE 1 = 0"),
        }]
    }

    async fn read(&self, session: &mut dyn Session, depth: Depth) -> Result<Option<Remembered>, DatabaseError> {
        let sql = session.sql();
        let details = match depth {
            Depth::Plan => String::new(),
            Depth::Details => format!(", {}", sql.plain_timestamp_text("run_on")),
        };
        let table = self.table(sql);
        let rows = rows_if_table(session, &table, &format!("SELECT version{details} FROM {table}")).await?;
        Ok(rows.map(|rows| Remembered { applied: rows.into_iter().map(entry).collect(), ..Remembered::default() }))
    }

    /// The time is in UTC, as in the sessions of diesel, whatever the time zone of this one is.
    fn add(&self, sql: &dyn Sql, migration: &Migration, _elapsed: Elapsed, _run_id: &str) -> Vec<String> {
        let (table, now) = (self.table(sql), sql.literal(&Value::UtcNow));
        vec![format!("INSERT INTO {table} (version, run_on) VALUES ({}, {now})", version(sql, &migration.key))]
    }

    fn remove(&self, sql: &dyn Sql, key: &Key) -> String {
        format!("DELETE FROM {} WHERE version = {}", self.table(sql), version(sql, key))
    }

    /// The table has neither names nor checksums.
    fn accept(&self, sql: &dyn Sql, _migration: &Migration) -> String {
        format!("DELETE FROM {} WHERE 1 = 0", self.table(sql))
    }
}

fn version(sql: &dyn Sql, key: &Key) -> String {
    sql.literal(&Value::Text(key.as_str().to_owned()))
}

fn entry(row: Row) -> Entry {
    let mut columns = row.into_iter().map(Option::unwrap_or_default);
    let version = Version::new(&columns.next().unwrap_or_default(), VersionOrder::Bytes);
    let mut entry = Entry::new(version, "");
    entry.details = columns.next().map(|applied_at| Details { applied_at, elapsed: None, run_id: None });
    entry
}

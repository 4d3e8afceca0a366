//! The history table of sqlx, as version 0.9 writes it; earlier versions since 0.5.6 have the same columns.

use std::time::Duration;

use async_trait::async_trait;
use crc::{CRC_32_ISO_HDLC, Crc};
use sha2::{Digest, Sha384};

use super::{Begun, Creation, Depth, Elapsed, HistoryFormat, Ledger, Remembered, rows_if_table};
use crate::database::{AdvisoryLocks, ColumnType, DatabaseError, Row, Session, Sql, ToolLock, Value};
use crate::history::{Details, Direction, Entry, RecordedChecksum};
use crate::migration::{Key, Migration, Script};
use crate::plan::{Habits, Order, Step};
use crate::sql::{PerDialect, hexadecimal};

pub(super) const FORMAT: HistoryFormat = HistoryFormat {
    word: "sqlx",
    table: "_sqlx_migrations",
    habits: Habits { order: Order::Allow, ..Habits::STRICT },
    ledger: |table| Box::new(SqlxLedger { name: table.to_owned() }),
};

/// The factor from which sqlx makes the key of its lock (`generate_lock_id`).
const LOCK_FACTOR: i64 = 0x3d32_ad9e;

/// The time of a migration that has not been measured.
const UNKNOWN: i64 = -1;

/// The default of the column with the time.
const NOW: PerDialect<&str> = PerDialect { postgres: "now()", mysql: "CURRENT_TIMESTAMP", sqlite: "CURRENT_TIMESTAMP" };

const COLUMNS: &str = "version, description, success, checksum, execution_time";

/// `_sqlx_migrations`, or the name that the settings give.
struct SqlxLedger {
    name: String,
}

impl SqlxLedger {
    /// SQL for a row.
    fn row(&self, sql: &dyn Sql, migration: &Migration, success: bool, nanoseconds: &str) -> String {
        format!(
            "INSERT INTO {table} ({COLUMNS}) VALUES ({version}, {description}, {success}, {checksum}, {nanoseconds})",
            table = self.table(sql),
            version = number(sql, &migration.key),
            description = sql.literal(&Value::Text(migration.name.clone())),
            success = sql.literal(&Value::Bool(success)),
            checksum = sql.literal(&Value::Bytes(checksum(&migration.up))),
        )
    }

    /// SQL that removes the row of an attempt that has not succeeded.
    fn discard(&self, sql: &dyn Sql, key: &Key) -> String {
        let failed = sql.literal(&Value::Bool(false));
        format!("{} AND success = {failed}", self.remove(sql, key))
    }

    fn set_success(&self, sql: &dyn Sql, key: &Key, success: bool) -> String {
        let (table, success) = (self.table(sql), sql.literal(&Value::Bool(success)));
        format!("UPDATE {table} SET success = {success} WHERE version = {}", number(sql, key))
    }
}

#[async_trait]
impl Ledger for SqlxLedger {
    fn name(&self) -> &str {
        &self.name
    }

    /// The lock of the library, for a database of this name. Its command line takes none, and on MariaDB neither takes any: the server rejects
    /// the timeout that sqlx asks for.
    fn tool_locks(&self, sql: &dyn Sql) -> Vec<ToolLock> {
        let database = sql.server_info().database.as_bytes();
        let key = LOCK_FACTOR * i64::from(Crc::<u32>::new(&CRC_32_ISO_HDLC).checksum(database));
        match sql.capabilities().advisory_locks {
            AdvisoryLocks::Keys => vec![ToolLock::Key(key)],
            AdvisoryLocks::Names { endless: true } => vec![ToolLock::Name(format!("{key:x}"))],
            AdvisoryLocks::Names { endless: false } | AdvisoryLocks::None => Vec::new(),
        }
    }

    fn create(&self, sql: &dyn Sql) -> Vec<Creation> {
        let table = format!(
            "CREATE TABLE IF NOT EXISTS {table} (\n    \
               version BIGINT PRIMARY KEY,\n    \
               description {text} NOT NULL,\n    \
               installed_on {timestamp} NOT NULL DEFAULT {now},\n    \
               success BOOLEAN NOT NULL,\n    \
               checksum {bytes} NOT NULL,\n    \
               execution_time BIGINT NOT NULL\n){suffix}",
            table = self.table(sql),
            text = sql.column_type(ColumnType::Text),
            timestamp = sql.column_type(ColumnType::ZonedTimestamp),
            now = NOW.of(sql.capabilities().dialect),
            bytes = sql.column_type(ColumnType::Bytes),
            suffix = sql.capabilities().table_suffix,
        );
        vec![Creation::table(sql, &self.name, table)]
    }

    fn rehearse(&self, sql: &dyn Sql, direction: Direction) -> Vec<String> {
        let table = self.table(sql);
        let insert = format!("INSERT INTO {table} ({COLUMNS}) SELECT {COLUMNS} FROM {table} WHERE 1 = 0");
        let delete = format!("DELETE FROM {table} WHERE 1 = 0");
        let mark = format!("UPDATE {table} SET success = success WHERE 1 = 0");
        match (direction, marks_attempts(sql)) {
            (Direction::Up, false) => vec![insert],
            (Direction::Up, true) => vec![insert, delete],
            (Direction::Down, false) => vec![delete],
            (Direction::Down, true) => vec![delete, mark],
        }
    }

    async fn read(&self, session: &mut dyn Session, depth: Depth) -> Result<Option<Remembered>, DatabaseError> {
        let sql = session.sql();
        let (table, checksum) = (self.table(sql), sql.hexadecimal("checksum"));
        let details = match depth {
            Depth::Plan => String::new(),
            Depth::Details => format!(", {}, execution_time", sql.zoned_timestamp_text("installed_on")),
        };
        let sql = format!(
            "SELECT version, description, {checksum}, CASE WHEN success THEN 1 ELSE 0 END{details} FROM {table}"
        );
        let rows = rows_if_table(session, &table, &sql).await?;
        Ok(rows.map(|rows| {
            let (applied, unfinished): (Vec<_>, Vec<_>) = rows.into_iter().map(entry).partition(|row| row.succeeded);
            Remembered {
                applied: applied.into_iter().map(|row| row.entry).collect(),
                unfinished: unfinished.into_iter().map(|row| Begun::marked(FORMAT.word, row.entry)).collect(),
                ..Remembered::default()
            }
        }))
    }

    fn begin(&self, sql: &dyn Sql, step: &Step<'_>) -> Vec<String> {
        let key = &step.migration.key;
        match (step.direction, marks_attempts(sql)) {
            (Direction::Up, true) => {
                vec![self.discard(sql, key), self.row(sql, step.migration, false, &UNKNOWN.to_string())]
            }
            (Direction::Down, true) => vec![self.set_success(sql, key, false)],
            (Direction::Up, false) if !step.settles.is_empty() => vec![self.discard(sql, key)],
            (_, false) => Vec::new(),
        }
    }

    fn abandon(&self, sql: &dyn Sql, key: &Key, direction: Direction) -> Option<String> {
        Some(match direction {
            Direction::Up => self.discard(sql, key),
            Direction::Down => self.set_success(sql, key, true),
        })
    }

    fn add(&self, sql: &dyn Sql, migration: &Migration, elapsed: Elapsed, _run_id: &str) -> Vec<String> {
        let nanoseconds = match elapsed {
            Elapsed::Measured(duration) => i64::try_from(duration.as_nanos()).unwrap_or(i64::MAX).to_string(),
            Elapsed::SinceBegin { before } => {
                format!("({}) * 1000000", sql.literal(&Value::MillisecondsSinceBegin(before)))
            }
        };
        let begun = marks_attempts(sql).then(|| self.discard(sql, &migration.key));
        begun.into_iter().chain([self.row(sql, migration, true, &nanoseconds)]).collect()
    }

    fn remove(&self, sql: &dyn Sql, key: &Key) -> String {
        format!("DELETE FROM {} WHERE version = {}", self.table(sql), number(sql, key))
    }

    fn accept(&self, sql: &dyn Sql, migration: &Migration) -> String {
        format!(
            "UPDATE {table} SET description = {description}, checksum = {checksum} WHERE version = {version}",
            table = self.table(sql),
            description = sql.literal(&Value::Text(migration.name.clone())),
            checksum = sql.literal(&Value::Bytes(checksum(&migration.up))),
            version = number(sql, &migration.key),
        )
    }
}

/// Whether sqlx marks the row of an attempt before it runs: where a failure may leave something.
fn marks_attempts(sql: &dyn Sql) -> bool {
    !sql.capabilities().transactional_ddl
}

/// The version as SQL. What is not a number of 64 bits is a text, which cannot be cast to the column's type.
fn number(sql: &dyn Sql, key: &Key) -> String {
    let version = key.canonical();
    match version.parse() {
        Ok(number) => sql.literal(&Value::Int(number)),
        Err(_) => sql.literal(&Value::Text(version.into_owned())),
    }
}

/// SHA-384 of the file's bytes.
fn checksum(script: &Script) -> Vec<u8> {
    let mut hash = Sha384::new();
    script.bytes().for_each(|piece| hash.update(piece));
    hash.finalize().to_vec()
}

/// A row, and whether it says that the migration succeeded.
struct RecordedRow {
    entry: Entry,
    succeeded: bool,
}

fn entry(row: Row) -> RecordedRow {
    let mut columns = row.into_iter();
    let mut next = || columns.next().map(Option::unwrap_or_default);
    let mut entry = Entry::new(Key::from_history(&next().unwrap_or_default()), next().unwrap_or_default());
    entry.checksum =
        next().map(|text| RecordedChecksum::new(text, |recorded, script| recorded == hexadecimal(&checksum(script))));
    let succeeded = next().as_deref() == Some("1");
    entry.details = next().map(|applied_at| {
        let elapsed = next().and_then(|text| text.parse().ok()).map(Duration::from_nanos);
        Details { applied_at, elapsed, run_id: None }
    });
    RecordedRow { entry, succeeded }
}

//! The history table of Prisma Migrate up to version 7: a row for each attempt, which has not succeeded while `finished_at` is NULL, and
//! does not count any more once `rolled_back_at` is set.

use std::time::Duration;

use async_trait::async_trait;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::{Begun, Creation, Depth, Elapsed, HistoryFormat, Ledger, Remembered, rows_if_table};
use crate::database::{AdvisoryLocks, DatabaseError, Row, Session, Sql, ToolLock, Value};
use crate::history::{Details, Direction, Entry, RecordedChecksum};
use crate::migration::{Key, Migration, Script, Version, VersionOrder};
use crate::plan::{Changed, Habits, Missing, Order, Step};
use crate::sql::{PerDialect, hexadecimal};

pub(super) const FORMAT: HistoryFormat = HistoryFormat {
    word: "prisma",
    table: "_prisma_migrations",
    habits: Habits { order: Order::Allow, missing: Missing::Allow, changed: Changed::Allow },
    ledger: |table| Box::new(PrismaLedger { name: table.to_owned() }),
};

/// The key of the advisory lock, a constant of Prisma's source.
const LOCK_KEY: i64 = 72_707_369;
/// The same lock on MySQL.
const LOCK_NAME: &str = "prisma_migrate";

/// The columns of the table, as Prisma creates it.
const COLUMNS: PerDialect<&str> = PerDialect {
    postgres: "id VARCHAR(36) PRIMARY KEY NOT NULL,
    checksum VARCHAR(64) NOT NULL,
    finished_at TIMESTAMPTZ,
    migration_name VARCHAR(255) NOT NULL,
    logs TEXT,
    rolled_back_at TIMESTAMPTZ,
    started_at TIMESTAMPTZ NOT NULL DEFAULT now(),
    applied_steps_count INTEGER NOT NULL DEFAULT 0
)",
    mysql: "id VARCHAR(36) PRIMARY KEY NOT NULL,
    checksum VARCHAR(64) NOT NULL,
    finished_at DATETIME(3),
    migration_name VARCHAR(255) NOT NULL,
    logs TEXT,
    rolled_back_at DATETIME(3),
    started_at DATETIME(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3),
    applied_steps_count INTEGER UNSIGNED NOT NULL DEFAULT 0
) DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci",
    sqlite: "\"id\" TEXT PRIMARY KEY NOT NULL,
    \"checksum\" TEXT NOT NULL,
    \"finished_at\" DATETIME,
    \"migration_name\" TEXT NOT NULL,
    \"logs\" TEXT,
    \"rolled_back_at\" DATETIME,
    \"started_at\" DATETIME NOT NULL DEFAULT current_timestamp,
    \"applied_steps_count\" INTEGER UNSIGNED NOT NULL DEFAULT 0
)",
};

/// The present time. On SQLite, Prisma stores milliseconds since 1970.
const NOW: PerDialect<&str> = PerDialect {
    postgres: "clock_timestamp()",
    mysql: "UTC_TIMESTAMP(3)",
    sqlite: "CAST(ROUND((julianday('now') - 2440587.5) * 86400000) AS INTEGER)",
};

/// When an attempt finished, or else began, as RFC 3339, and how many milliseconds it took. A driver adapter of Prisma's stores text on SQLite.
const TIMES: PerDialect<&str> = PerDialect {
    postgres: "to_char(COALESCE(finished_at, started_at) AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"'), \
        CAST(EXTRACT(EPOCH FROM finished_at - started_at) * 1000 AS BIGINT)",
    mysql: "DATE_FORMAT(COALESCE(finished_at, started_at), '%Y-%m-%dT%H:%i:%s.%fZ'), TIMESTAMPDIFF(MICROSECOND, started_at, finished_at) DIV 1000",
    sqlite: "CASE typeof(COALESCE(finished_at, started_at)) \
        WHEN 'text' THEN strftime('%Y-%m-%dT%H:%M:%fZ', COALESCE(finished_at, started_at)) \
        ELSE strftime('%Y-%m-%dT%H:%M:%fZ', COALESCE(finished_at, started_at) / 1000.0, 'unixepoch') END, \
        CASE WHEN typeof(finished_at) = 'integer' AND typeof(started_at) = 'integer' THEN finished_at - started_at \
        ELSE CAST((julianday(finished_at) - julianday(started_at)) * 86400000 AS INTEGER) END",
};

/// `_prisma_migrations`, or the name that the settings give.
struct PrismaLedger {
    name: String,
}

/// How a migration came to be applied.
#[derive(Clone, Copy)]
enum How {
    Ran,
    Marked,
}

impl PrismaLedger {
    /// SQL for the row of a migration that has succeeded. Its logs and its number of steps tell what ran from what was only marked.
    fn row(&self, sql: &dyn Sql, migration: &Migration, elapsed: Elapsed, how: How) -> String {
        let (steps, logs) = match how {
            How::Ran => (1, Value::Null),
            How::Marked => (0, Value::Text(String::new())),
        };
        format!(
            "INSERT INTO {table} (id, checksum, started_at, migration_name, finished_at, applied_steps_count, logs) \
             VALUES ({id}, {checksum}, {started}, {name}, {now}, {steps}, {logs})",
            table = self.table(sql),
            id = new_id(sql),
            checksum = text(sql, &checksum(&migration.up)),
            started = started(sql, elapsed),
            name = text(sql, migration.key.as_str()),
            now = now(sql),
            logs = sql.literal(&logs),
        )
    }

    /// SQL that changes the rows of a migration that count.
    fn update(&self, sql: &dyn Sql, key: &Key, change: &str) -> String {
        let (table, name) = (self.table(sql), text(sql, key.as_str()));
        format!("UPDATE {table} SET {change} WHERE migration_name = {name} AND rolled_back_at IS NULL")
    }

    /// SQL after which an attempt that has not succeeded does not count any more.
    fn roll_back(&self, sql: &dyn Sql, key: &Key) -> String {
        format!("{} AND finished_at IS NULL", self.update(sql, key, &format!("rolled_back_at = {}", now(sql))))
    }
}

#[async_trait]
impl Ledger for PrismaLedger {
    fn name(&self) -> &str {
        &self.name
    }

    fn tool_locks(&self, sql: &dyn Sql) -> Vec<ToolLock> {
        match sql.capabilities().advisory_locks {
            AdvisoryLocks::Keys => vec![ToolLock::Key(LOCK_KEY)],
            AdvisoryLocks::Names { .. } => vec![ToolLock::Name(LOCK_NAME.to_owned())],
            AdvisoryLocks::None => Vec::new(),
        }
    }

    fn create(&self, sql: &dyn Sql) -> Vec<Creation> {
        let columns = COLUMNS.of(sql.capabilities().dialect);
        let table = format!("CREATE TABLE IF NOT EXISTS {} (\n    {columns}", self.table(sql));
        vec![Creation::table(sql, &self.name, table)]
    }

    fn rehearse(&self, sql: &dyn Sql, direction: Direction) -> Vec<String> {
        let (table, columns) = (self.table(sql), "id, checksum, migration_name");
        let insert = format!("INSERT INTO {table} ({columns}) SELECT {columns} FROM {table} WHERE 1 = 0");
        let update = format!("UPDATE {table} SET rolled_back_at = rolled_back_at WHERE 1 = 0");
        match direction {
            Direction::Up => vec![insert, update],
            Direction::Down => vec![update],
        }
    }

    async fn read(&self, session: &mut dyn Session, depth: Depth) -> Result<Option<Remembered>, DatabaseError> {
        let sql = session.sql();
        let table = self.table(sql);
        let details = match depth {
            Depth::Plan => String::new(),
            Depth::Details => format!(", {}", TIMES.of(sql.capabilities().dialect)),
        };
        let query = format!(
            "SELECT migration_name, checksum, CASE WHEN finished_at IS NULL THEN 0 ELSE 1 END{details} FROM {table} \
             WHERE rolled_back_at IS NULL ORDER BY started_at"
        );
        let rows = rows_if_table(session, &table, &query).await?;
        Ok(rows.map(|rows| {
            let mut remembered = Remembered::default();
            for RecordedRow { entry, finished } in rows.into_iter().map(recorded) {
                match finished {
                    true => remembered.applied.push(entry),
                    false => remembered.unfinished.push(Begun::marked("prisma", entry)),
                }
            }
            remembered
        }))
    }

    /// Prisma commits the row before the script runs.
    fn begin(&self, sql: &dyn Sql, step: &Step<'_>) -> Vec<String> {
        let (table, key) = (self.table(sql), &step.migration.key);
        if step.direction == Direction::Down {
            return vec![self.update(sql, key, "finished_at = NULL")];
        }
        let insert = format!(
            "INSERT INTO {table} (id, checksum, started_at, migration_name) VALUES ({id}, {checksum}, {now}, {name})",
            id = new_id(sql),
            checksum = text(sql, &checksum(&step.migration.up)),
            now = now(sql),
            name = text(sql, key.as_str()),
        );
        vec![self.roll_back(sql, key), insert]
    }

    fn abandon(&self, sql: &dyn Sql, key: &Key, direction: Direction) -> Option<String> {
        Some(match direction {
            Direction::Up => self.roll_back(sql, key),
            // When it was applied is lost; that it is applied is not.
            Direction::Down => format!("{} AND finished_at IS NULL", self.update(sql, key, "finished_at = started_at")),
        })
    }

    /// As `prisma migrate resolve --applied` does.
    fn add(&self, sql: &dyn Sql, migration: &Migration, _elapsed: Elapsed, _run_id: &str) -> Vec<String> {
        let at_once = Elapsed::Measured(Duration::ZERO);
        let row = self.row(sql, migration, at_once, How::Marked);
        vec![self.roll_back(sql, &migration.key), row]
    }

    fn remove(&self, sql: &dyn Sql, key: &Key) -> String {
        self.update(sql, key, &format!("rolled_back_at = {}", now(sql)))
    }

    fn accept(&self, sql: &dyn Sql, migration: &Migration) -> String {
        let checksum = text(sql, &checksum(&migration.up));
        self.update(sql, &migration.key, &format!("checksum = {checksum}"))
    }

    fn record(&self, sql: &dyn Sql, step: &Step<'_>, elapsed: Elapsed, _run_id: &str) -> Vec<String> {
        match step.direction {
            Direction::Down => vec![self.remove(sql, &step.migration.key)],
            Direction::Up if step.atomic.is_yes() => vec![self.row(sql, step.migration, elapsed, How::Ran)],
            // The row of the attempt is there since it began.
            Direction::Up => {
                let finished = format!("finished_at = {}, applied_steps_count = applied_steps_count + 1", now(sql));
                vec![format!("{} AND finished_at IS NULL", self.update(sql, &step.migration.key, &finished))]
            }
        }
    }
}

fn text(sql: &dyn Sql, text: &str) -> String {
    sql.literal(&Value::Text(text.to_owned()))
}

fn new_id(sql: &dyn Sql) -> String {
    text(sql, &Uuid::new_v4().to_string())
}

fn now(sql: &dyn Sql) -> &'static str {
    NOW.of(sql.capabilities().dialect)
}

/// When a migration began that ends now.
fn started(sql: &dyn Sql, elapsed: Elapsed) -> String {
    let ago = |duration: Duration| sql.literal(&Value::Ago(duration));
    match elapsed {
        Elapsed::SinceBegin { before } => sql.literal(&Value::BeforeBegin(before)),
        Elapsed::Measured(duration) => {
            let ago: PerDialect<&dyn Fn(Duration) -> String> = PerDialect {
                postgres: &ago,
                mysql: &ago,
                sqlite: &|duration| format!("{} - {}", now(sql), duration.as_millis()),
            };
            ago.of(sql.capabilities().dialect)(duration)
        }
    }
}

/// SHA-256 of the file's bytes.
fn checksum(script: &Script) -> String {
    let mut hash = Sha256::new();
    script.bytes().for_each(|piece| hash.update(piece));
    hexadecimal(&hash.finalize())
}

/// Whether a recorded checksum is that of a script, with any line endings, or in the form of early versions, which wrote bytes below 16 with
/// one digit.
fn is_of(recorded: &str, script: &Script) -> bool {
    let file: Vec<u8> = script.bytes().collect::<Vec<_>>().concat();
    let file = String::from_utf8_lossy(&file);
    let with_lf = file.replace("\r\n", "\n");
    let variants = [file.into_owned(), with_lf.replace('\n', "\r\n"), with_lf];
    variants.iter().map(|text| Sha256::digest(text.as_bytes())).any(|digest| {
        let unpadded = || digest.iter().map(|byte| format!("{byte:x}")).collect::<String>();
        recorded == hexadecimal(&digest) || recorded.len() != 64 && recorded == unpadded()
    })
}

/// A row, and whether the migration succeeded.
struct RecordedRow {
    entry: Entry,
    finished: bool,
}

fn recorded(row: Row) -> RecordedRow {
    let mut columns = row.into_iter();
    let mut next = || columns.next().map(Option::unwrap_or_default);
    let name = next().unwrap_or_default();
    let mut entry = Entry::new(Version::new(&name, VersionOrder::Collation), name);
    entry.checksum = next().map(|text| RecordedChecksum::new(text, is_of));
    let finished = next().as_deref() == Some("1");
    entry.details = next().map(|applied_at| {
        let elapsed = next().and_then(|text| text.parse().ok()).map(Duration::from_millis);
        Details { applied_at, elapsed, run_id: None }
    });
    RecordedRow { entry, finished }
}

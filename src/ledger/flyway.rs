//! The history table of Flyway, as version 13.12 writes it; earlier versions since 4.0 have the same columns.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use crc::{CRC_32_ISO_HDLC, Crc};

use super::{Begun, Creation, Depth, Elapsed, HistoryFormat, Ledger, Remembered, bare_name, rows_if_table};
use crate::database::{AdvisoryLocks, ColumnType, DatabaseError, ErrorKind, Row, Session, Sql, ToolLock, Value};
use crate::history::{Attempt, AttemptState, Details, Direction, Entry, Reached, RecordedChecksum};
use crate::migration::{Key, Migration, Script, Version};
use crate::plan::{Habits, Missing, Step};
use crate::script::{QualifiedName, SchemaObject};
use crate::sql::PerDialect;

pub(super) const FORMAT: HistoryFormat = HistoryFormat {
    word: "flyway",
    table: "flyway_schema_history",
    habits: Habits { missing: Missing::AllowNewer, ..Habits::STRICT },
    ledger: |table| Box::new(FlywayLedger { name: table.to_owned(), spellings: Mutex::default() }),
};

/// The number to which Flyway adds the hash of the table's name: the letters `Flyway`.
const LOCK_BASE: i64 = 0x466C_7977_6179;

/// The length of the longest path that the table can hold.
const LONGEST_SCRIPT: usize = 1000;

/// Whether the primary key has no name and is declared with its column.
const INLINE_KEY: PerDialect<bool> = PerDialect { postgres: false, mysql: false, sqlite: true };

/// The types of rows at which a history begins. They are never removed: all versions below would become pending.
const BASELINES: [&str; 4] = ["BASELINE", "SQL_BASELINE", "JDBC_BASELINE", "SCRIPT_BASELINE"];

/// The columns that are written. Flyway leaves `installed_on` to its default, too.
const COLUMNS: &str =
    "installed_rank, version, description, type, script, checksum, installed_by, execution_time, success";

/// `flyway_schema_history`, or the name that the settings give.
struct FlywayLedger {
    name: String,
    /// The versions of the rows that were read, as written there: `1.0` and `01` are the same version.
    spellings: Mutex<BTreeMap<Version, String>>,
}

impl FlywayLedger {
    /// SQL for a row, with the next rank.
    fn row(&self, sql: &dyn Sql, migration: &Migration, success: bool, milliseconds: &Value) -> String {
        let text = |text: &str| sql.literal(&Value::Text(text.to_owned()));
        format!(
            "INSERT INTO {table} ({COLUMNS}) SELECT COALESCE(MAX(installed_rank), 0) + 1, {version}, {description}, 'SQL', \
             {script}, {checksum}, {user}, {milliseconds}, {success} FROM {table}",
            table = self.table(sql),
            version = sql.literal(&Value::text_or_null(migration.key.version().map(Version::as_str))),
            description = text(&migration.name),
            script = text(&path_below(&migration.up)),
            checksum = checksum(&migration.up),
            user = sql.literal(&Value::User),
            milliseconds = sql.literal(milliseconds),
            success = sql.literal(&Value::Bool(success)),
        )
    }

    /// SQL that is true for the rows of a migration.
    fn is_of(&self, sql: &dyn Sql, key: &Key) -> String {
        let text = |text: &str| sql.literal(&Value::Text(text.to_owned()));
        match key {
            Key::Version(version) => {
                let spellings = self.spellings.lock().unwrap_or_else(PoisonError::into_inner);
                let recorded = spellings.get(version).map_or(version.as_str(), String::as_str);
                let baselines = BASELINES.map(text).join(", ");
                format!("version IN ({}, {}) AND type NOT IN ({baselines})", text(version.as_str()), text(recorded))
            }
            Key::Repeatable(name) => format!("version IS NULL AND description = {}", text(name)),
        }
    }

    /// SQL that removes the row of an attempt that has not succeeded.
    fn discard(&self, sql: &dyn Sql, key: &Key) -> String {
        let failed = sql.literal(&Value::Bool(false));
        format!("{} AND success = {failed}", self.remove(sql, key))
    }
}

#[async_trait]
impl Ledger for FlywayLedger {
    fn name(&self) -> &str {
        &self.name
    }

    /// Flyway names its lock by the quoted name of the table with its schema.
    fn tool_locks(&self, sql: &dyn Sql) -> Vec<ToolLock> {
        let hash = java_hash(&self.table(sql));
        match sql.capabilities().advisory_locks {
            AdvisoryLocks::Keys => vec![ToolLock::Key(LOCK_BASE + i64::from(hash))],
            AdvisoryLocks::Names { .. } => vec![ToolLock::Name(format!("Flyway-{hash}"))],
            AdvisoryLocks::None => Vec::new(),
        }
    }

    fn create(&self, sql: &dyn Sql) -> Vec<Creation> {
        let (table, name) = (self.table(sql), bare_name(&self.name));
        let inline = *INLINE_KEY.of(sql.capabilities().dialect);
        let key = format!(",\n    CONSTRAINT {} PRIMARY KEY (installed_rank)", sql.quote(&format!("{name}_pk")));
        let created = format!(
            "CREATE TABLE IF NOT EXISTS {table} (\n    \
               installed_rank INT NOT NULL{at_column},\n    \
               version VARCHAR(50),\n    \
               description VARCHAR(200) NOT NULL,\n    \
               type VARCHAR(20) NOT NULL,\n    \
               script VARCHAR(1000) NOT NULL,\n    \
               checksum INT,\n    \
               installed_by VARCHAR(100) NOT NULL,\n    \
               installed_on {timestamp} NOT NULL DEFAULT {now},\n    \
               execution_time INT NOT NULL,\n    \
               success BOOLEAN NOT NULL{at_end}\n){suffix}",
            timestamp = sql.column_type(ColumnType::LocalTimestamp),
            now = sql.local_now(),
            at_column = if inline { " PRIMARY KEY" } else { "" },
            at_end = if inline { "" } else { &key },
            suffix = sql.capabilities().table_suffix,
        );
        let table = Creation::table(sql, &self.name, created);
        let index = self.index(sql, &table);
        [Some(table), index].into_iter().flatten().collect()
    }

    fn rehearse(&self, sql: &dyn Sql, direction: Direction) -> Vec<String> {
        let table = self.table(sql);
        let insert = format!("INSERT INTO {table} ({COLUMNS}) SELECT {COLUMNS} FROM {table} WHERE 1 = 0");
        let delete = format!("DELETE FROM {table} WHERE 1 = 0");
        match direction {
            // A step that is not atomic replaces the row with which it begins.
            Direction::Up => vec![insert, delete],
            Direction::Down => vec![delete],
        }
    }

    async fn read(&self, session: &mut dyn Session, depth: Depth) -> Result<Option<Remembered>, DatabaseError> {
        let sql = session.sql();
        let table = self.table(sql);
        let details = match depth {
            Depth::Plan => String::new(),
            Depth::Details => format!(", {}, execution_time", sql.local_timestamp_text("installed_on")),
        };
        let sql = format!(
            "SELECT CASE WHEN success THEN 1 ELSE 0 END, type, version, description, checksum{details} FROM {table} \
             ORDER BY installed_rank"
        );
        let Some(rows) = rows_if_table(session, &table, &sql).await? else { return Ok(None) };
        let rows: Vec<RecordedRow> = rows.into_iter().map(RecordedRow::of).collect::<Result<_, _>>()?;
        let versions = rows.iter().filter_map(|row| row.entry.key.version());
        let spellings = versions.map(|version| (version.clone(), version.as_str().to_owned())).collect();
        *self.spellings.lock().unwrap_or_else(PoisonError::into_inner) = spellings;
        Ok(Some(remembered(rows)))
    }

    fn begin(&self, sql: &dyn Sql, step: &Step<'_>) -> Vec<String> {
        match step.direction {
            Direction::Up => {
                let row = self.row(sql, step.migration, false, &Value::Int(0));
                vec![self.discard(sql, &step.migration.key), row]
            }
            Direction::Down => Vec::new(),
        }
    }

    fn abandon(&self, sql: &dyn Sql, key: &Key, _direction: Direction) -> Option<String> {
        Some(self.discard(sql, key))
    }

    fn add(&self, sql: &dyn Sql, migration: &Migration, elapsed: Elapsed, _run_id: &str) -> Vec<String> {
        let milliseconds = match elapsed {
            Elapsed::Measured(duration) => Value::Int(duration.as_millis().try_into().unwrap_or(i32::MAX).into()),
            Elapsed::SinceBegin { before } => Value::MillisecondsSinceBegin(before),
        };
        vec![self.row(sql, migration, true, &milliseconds)]
    }

    fn remove(&self, sql: &dyn Sql, key: &Key) -> String {
        format!("DELETE FROM {} WHERE {}", self.table(sql), self.is_of(sql, key))
    }

    /// Only the newest row counts: a repeatable migration has one for each time it was applied.
    fn accept(&self, sql: &dyn Sql, migration: &Migration) -> String {
        let (table, is_of) = (self.table(sql), self.is_of(sql, &migration.key));
        // MySQL allows no subquery of the table itself, unless it is one of a table in between.
        format!(
            "UPDATE {table} SET description = {description}, type = 'SQL', checksum = {checksum} WHERE installed_rank = \
             (SELECT newest FROM (SELECT MAX(installed_rank) AS newest FROM {table} WHERE {is_of}) AS of_migration)",
            description = sql.literal(&Value::Text(migration.name.clone())),
            checksum = checksum(&migration.up),
        )
    }

    /// A repeatable migration has one more row for each time it is applied.
    fn record(&self, sql: &dyn Sql, step: &Step<'_>, elapsed: Elapsed, run_id: &str) -> Vec<String> {
        let key = &step.migration.key;
        match step.direction {
            Direction::Up => {
                let begun = (!step.atomic.is_yes()).then(|| self.discard(sql, key));
                begun.into_iter().chain(self.add(sql, step.migration, elapsed, run_id)).collect()
            }
            Direction::Down => vec![self.remove(sql, key)],
        }
    }
}

impl FlywayLedger {
    /// The index on `success`, which Flyway makes as well.
    fn index(&self, sql: &dyn Sql, table: &Creation) -> Option<Creation> {
        let SchemaObject::Relation(table) = &table.thing else { return None };
        let name = format!("{}_s_idx", table.name);
        let on_table = sql.index_on_table(&name, table.schema.as_deref(), &table.name);
        Some(Creation {
            thing: SchemaObject::Index {
                name: QualifiedName { schema: table.schema.clone(), name },
                table: Some(table.clone()),
            },
            sql: format!("CREATE INDEX {on_table} (success)"),
        })
    }
}

/// What a row records.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// A migration.
    Applied,
    /// One in a programming language.
    InCode,
    /// The version at which the history begins.
    Baseline,
    /// That a migration counts as not applied any more.
    Withdrawn,
    /// That Flyway has created the schema.
    Schema,
}

/// A row of the table.
struct RecordedRow {
    kind: Kind,
    succeeded: bool,
    entry: Entry,
}

impl RecordedRow {
    /// # Errors
    /// When its type is unknown: Flyway refuses it as well.
    fn of(row: Row) -> Result<Self, DatabaseError> {
        let mut columns = row.into_iter();
        let mut next = || columns.next().flatten();
        let succeeded = next().as_deref() == Some("1");
        let word = next().unwrap_or_default();
        let kind = kind(&word).ok_or_else(|| unknown(&word))?;
        let (version, description) = (next(), next().unwrap_or_default());
        let key = match version {
            Some(version) => Key::Version(Version::from_history(&version)),
            None => Key::Repeatable(description.clone()),
        };
        let mut entry = Entry::new(key, description);
        entry.checksum =
            next().map(|text| RecordedChecksum::new(text, |recorded, script| recorded.parse() == Ok(checksum(script))));
        entry.details = next().map(|applied_at| {
            let elapsed = next().and_then(|text| text.parse().ok()).map(Duration::from_millis);
            Details { applied_at, elapsed, run_id: None }
        });
        Ok(Self { kind, succeeded, entry })
    }
}

/// The meaning of a type, also of those that only paid editions write.
fn kind(word: &str) -> Option<Kind> {
    Some(match word {
        "SQL" => Kind::Applied,
        "JDBC" | "SPRING_JDBC" | "SCRIPT" | "CUSTOM" => Kind::InCode,
        "SCHEMA" => Kind::Schema,
        "DELETE" | "UNDO_SQL" | "UNDO_JDBC" | "UNDO_SCRIPT" | "UNDO_CUSTOM" => Kind::Withdrawn,
        baseline if BASELINES.contains(&baseline) => Kind::Baseline,
        _ => return None,
    })
}

fn unknown(word: &str) -> DatabaseError {
    DatabaseError::new(ErrorKind::Unsupported, format!("a row of Flyway's history has the unknown type {word:?}"))
}

/// What the rows say together; they are in the order in which they were written.
fn remembered(rows: Vec<RecordedRow>) -> Remembered {
    let mut newest: BTreeMap<Key, RecordedRow> = BTreeMap::new();
    let mut found = Remembered::default();
    for row in rows {
        let key = row.entry.key.clone();
        match (row.kind, row.succeeded) {
            (Kind::Schema, _) => {}
            (Kind::Withdrawn, true) => drop(newest.remove(&key)),
            (Kind::Withdrawn, false) => found.unfinished.push(begun(row.entry, Direction::Down)),
            (Kind::Applied | Kind::InCode, true) => drop(newest.insert(key, row)),
            (Kind::Baseline, true) => found.baseline = found.baseline.max(key.version().cloned()),
            (Kind::Applied | Kind::InCode | Kind::Baseline, false) => {
                newest.remove(&key);
                found.unfinished.push(begun(row.entry, Direction::Up));
            }
        }
    }
    for row in newest.into_values() {
        let place = if row.kind == Kind::InCode { &mut found.in_code } else { &mut found.applied };
        place.push(row.entry);
    }
    found
}

/// The attempt that a row without success stands for.
fn begun(entry: Entry, direction: Direction) -> Begun {
    let attempt = Attempt {
        id: format!("flyway {}", entry.key),
        run_id: String::new(),
        key: entry.key.clone(),
        name: entry.name.clone(),
        direction,
        state: AttemptState::Marked,
        done: 0,
        last: 0,
        reached: Reached::Unrecorded,
        done_checksum: None,
        total: 0,
        error_code: None,
        error_text: None,
        started_at: entry.details.as_ref().map(|details| details.applied_at.clone()).unwrap_or_default(),
    };
    Begun { entry, attempt }
}

/// CRC-32 of the lines without their ends, as a signed number. Blank lines and joined ones make no difference.
fn checksum(script: &Script) -> i32 {
    let crc = Crc::<u32>::new(&CRC_32_ISO_HDLC);
    let mut digest = crc.digest();
    script.text().split(['\r', '\n']).for_each(|line| digest.update(line.as_bytes()));
    i32::from_ne_bytes(digest.finalize().to_ne_bytes())
}

/// The path below the directory, cut where Flyway cuts it.
fn path_below(script: &Script) -> String {
    let parts: Vec<_> = script.path_inside().components().map(|part| part.as_os_str().to_string_lossy()).collect();
    let path = parts.join("/");
    let units: Vec<u16> = path.encode_utf16().collect();
    match units.get(3..LONGEST_SCRIPT).filter(|_| units.len() > LONGEST_SCRIPT) {
        Some(kept) => format!("...{}", String::from_utf16_lossy(kept)),
        None => path,
    }
}

/// Java's `String.hashCode`.
fn java_hash(text: &str) -> i32 {
    text.encode_utf16().fold(0, |hash: i32, unit| hash.wrapping_mul(31).wrapping_add(unit.into()))
}

//! The history table of golang-migrate, as version 4 writes it: one row, with the version and whether reaching it has not succeeded.

use async_trait::async_trait;
use crc::{CRC_32_ISO_HDLC, Crc};

use super::{
    Attempted, Creation, Depth, Elapsed, HistoryFormat, Ledger, Remembered, bare_name, rows_if_table, schema_and_table,
};
use crate::database::{AdvisoryLocks, DatabaseError, ErrorKind, Row, Session, Sql, ToolLock, Value};
use crate::history::Direction;
use crate::migration::{Key, Migration, MigrationSet, Version};
use crate::plan::{Changed, Habits, Missing, Order, Step};
use crate::script::{QualifiedName, SchemaObject};
use crate::sql::PerDialect;

pub(super) const FORMAT: HistoryFormat = HistoryFormat {
    word: "golang-migrate",
    table: "schema_migrations",
    habits: Habits { order: Order::Skip, missing: Missing::Allow, changed: Changed::Allow },
    ledger: |table| Box::new(GolangMigrateLedger { name: table.to_owned(), keys: Vec::new() }),
};

/// The columns of the table, as golang-migrate creates it. Without a key, the table has a unique index.
const COLUMNS: PerDialect<&str> = PerDialect {
    postgres: "version bigint not null primary key, dirty boolean not null",
    mysql: "version bigint not null primary key, dirty boolean not null",
    sqlite: "version uint64,dirty bool",
};

/// The factor from which golang-migrate makes the key of its lock.
const LOCK_FACTOR: u32 = 1_486_364_155;

/// The version of the mark that a failed reversion of the first migration leaves.
const BEFORE_ALL: i64 = -1;

/// `schema_migrations`, or the name that the settings give.
struct GolangMigrateLedger {
    name: String,
    /// The versions on disk, in order.
    keys: Vec<Key>,
}

impl GolangMigrateLedger {
    /// The version below, by the files: what golang-migrate records when it reverts this one.
    fn below(&self, key: &Key) -> Option<&Key> {
        self.keys.iter().take_while(|other| **other < *key).last()
    }

    /// SQL that makes this the only row; no row for `None`, unless it is a mark.
    fn set(&self, sql: &dyn Sql, version: Option<&Key>, dirty: bool) -> Vec<String> {
        let table = self.table(sql);
        let row = (version.is_some() || dirty).then(|| {
            let (version, dirty) = (number(sql, version), sql.literal(&Value::Bool(dirty)));
            format!("INSERT INTO {table} (version, dirty) VALUES ({version}, {dirty})")
        });
        [format!("DELETE FROM {table}")].into_iter().chain(row).collect()
    }

    /// SQL that changes the row to a version without a mark, or removes it, where it is as `condition` says.
    fn change(&self, sql: &dyn Sql, to: Option<&Key>, condition: &str) -> String {
        let table = self.table(sql);
        let clean = sql.literal(&Value::Bool(false));
        match to {
            Some(_) => {
                let version = number(sql, to);
                format!("UPDATE {table} SET version = {version}, dirty = {clean} WHERE {condition}")
            }
            None => format!("DELETE FROM {table} WHERE {condition}"),
        }
    }

    /// The version that a step leaves.
    fn target<'k>(&'k self, step: &'k Step<'_>) -> Option<&'k Key> {
        match step.direction {
            Direction::Up => Some(&step.migration.key),
            Direction::Down => self.below(&step.migration.key),
        }
    }

    /// The key of the lock for a database of this name, which the program takes from the URL's path with its slash.
    fn lock_key(&self, sql: &dyn Sql, database: &str) -> i64 {
        let (schema, table) = schema_and_table(sql, &self.name);
        i64::from(lock_number(&format!("{}\0{table}\0{database}", schema.unwrap_or_default())))
    }
}

#[async_trait]
impl Ledger for GolangMigrateLedger {
    fn name(&self) -> &str {
        &self.name
    }

    fn set_files(&mut self, set: &MigrationSet) {
        self.keys = set.iter().map(|migration| migration.key.clone()).collect();
    }

    /// Both locks of PostgreSQL: the program and programs that embed the library do not exclude each other.
    fn tool_locks(&self, sql: &dyn Sql) -> Vec<ToolLock> {
        let database = &sql.server_info().database;
        match sql.capabilities().advisory_locks {
            AdvisoryLocks::Keys => [format!("/{database}"), database.clone()]
                .iter()
                .map(|name| self.lock_key(sql, name))
                .map(ToolLock::Key)
                .collect(),
            AdvisoryLocks::Names { .. } => {
                vec![ToolLock::Name(lock_number(&format!("{database}:{}", bare_name(&self.name))).to_string())]
            }
            AdvisoryLocks::None => Vec::new(),
        }
    }

    fn create(&self, sql: &dyn Sql) -> Vec<Creation> {
        let (table, dialect) = (self.table(sql), sql.capabilities().dialect);
        let columns = COLUMNS.of(dialect);
        let created = Creation::table(sql, &self.name, format!("CREATE TABLE IF NOT EXISTS {table} ({columns})"));
        let has_key = columns.contains("primary key");
        let index = (!has_key).then(|| {
            let (schema, bare) = schema_and_table(sql, &self.name);
            let index = sql.index_on_table("version_unique", schema, bare);
            let named = |name: &str| QualifiedName { schema: schema.map(str::to_owned), name: name.to_owned() };
            Creation {
                thing: SchemaObject::Index { name: named("version_unique"), table: Some(named(bare)) },
                sql: format!("CREATE UNIQUE INDEX IF NOT EXISTS {index} (version)"),
            }
        });
        [created].into_iter().chain(index).collect()
    }

    fn rehearse(&self, sql: &dyn Sql, _direction: Direction) -> Vec<String> {
        let table = self.table(sql);
        vec![
            format!("DELETE FROM {table} WHERE 1 = 0"),
            format!("INSERT INTO {table} (version, dirty) SELECT version, dirty FROM {table} WHERE 1 = 0"),
            format!("UPDATE {table} SET dirty = dirty WHERE 1 = 0"),
        ]
    }

    async fn read(&self, session: &mut dyn Session, _depth: Depth) -> Result<Option<Remembered>, DatabaseError> {
        let table = self.table(session.sql());
        let sql = format!("SELECT version, CASE WHEN dirty THEN 1 ELSE 0 END FROM {table}");
        let rows = match rows_if_table(session, &table, &sql).await {
            Ok(rows) => rows,
            Err(error) if error.kind == ErrorKind::Invalid => return Err(foreign(&table, &error)),
            Err(error) => return Err(error),
        };
        rows.map(|rows| remembered(&table, rows)).transpose()
    }

    /// The mark of golang-migrate: the version that the step is to leave, as not reached.
    fn begin(&self, sql: &dyn Sql, step: &Step<'_>) -> Vec<String> {
        self.set(sql, self.target(step), true)
    }

    /// Puts the version back that the attempt has found, if its mark is still there.
    fn abandon(&self, sql: &dyn Sql, key: &Key, direction: Direction) -> Option<String> {
        let (marked, before) = match direction {
            Direction::Up => (Some(key), self.below(key)),
            Direction::Down => (self.below(key), Some(key)),
        };
        Some(self.change(sql, before, &format!("dirty AND version = {}", number(sql, marked))))
    }

    /// The table has one version, up to which every file is applied.
    fn unrecordable(&self, applied: &[&Key]) -> Option<String> {
        let highest = *applied.last()?;
        let gap = self.keys.iter().take_while(|key| *key < highest).find(|key| !applied.contains(key))?;
        Some(format!("the table has one version, up to which all are applied: {gap} would not be, but {highest} would"))
    }

    fn add(&self, sql: &dyn Sql, migration: &Migration, _elapsed: Elapsed, _run_id: &str) -> Vec<String> {
        self.set(sql, Some(&migration.key), false)
    }

    /// Changes nothing unless this is the version in the table.
    fn remove(&self, sql: &dyn Sql, key: &Key) -> String {
        self.change(sql, self.below(key), &format!("version = {}", number(sql, Some(key))))
    }

    /// The table has neither names nor checksums.
    fn accept(&self, sql: &dyn Sql, _migration: &Migration) -> String {
        format!("DELETE FROM {} WHERE 1 = 0", self.table(sql))
    }

    fn record(&self, sql: &dyn Sql, step: &Step<'_>, _elapsed: Elapsed, _run_id: &str) -> Vec<String> {
        self.set(sql, self.target(step), false)
    }
}

/// The number from which a lock's name is made.
fn lock_number(name: &str) -> u32 {
    Crc::<u32>::new(&CRC_32_ISO_HDLC).checksum(name.as_bytes()).wrapping_mul(LOCK_FACTOR)
}

/// The version as SQL. What is not a number of 64 bits is a text, which cannot be cast to the column's type.
fn number(sql: &dyn Sql, key: Option<&Key>) -> String {
    let Some(version) = key.map(Key::canonical) else { return BEFORE_ALL.to_string() };
    match version.parse() {
        Ok(number) => sql.literal(&Value::Int(number)),
        Err(_) => sql.literal(&Value::Text(version.into_owned())),
    }
}

/// The contents of the one row.
///
/// # Errors
/// If there are more rows, or the version is not a number: then it is another tool's table.
fn remembered(table: &str, rows: Vec<Row>) -> Result<Remembered, DatabaseError> {
    let count = rows.len();
    let Some(row) = rows.into_iter().next() else { return Ok(Remembered::default()) };
    let mut columns = row.into_iter().map(Option::unwrap_or_default);
    let (version, dirty) = (columns.next().unwrap_or_default(), columns.next().as_deref() == Some("1"));
    let number = version.parse::<i64>().ok().filter(|_| count == 1);
    let number =
        number.ok_or_else(|| other(format!("the table {table} has {count} rows: golang-migrate keeps one")))?;
    let version = Version::from_digits(&number.to_string());
    Ok(match dirty {
        true => Remembered { attempted: Some(Attempted { to: version }), ..Remembered::default() },
        false => Remembered { up_to: version, ..Remembered::default() },
    })
}

/// The error for a table of this name that has other columns.
fn foreign(table: &str, error: &DatabaseError) -> DatabaseError {
    let cause = &error.message;
    other(format!("the table {table} is not golang-migrate's, but perhaps one of dbmate or Rails: {cause}"))
}

fn other(message: String) -> DatabaseError {
    DatabaseError::new(ErrorKind::Other, message)
}

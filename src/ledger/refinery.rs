//! The history table of refinery, as version 0.9 writes it: versions of 32 bits, or of 64 with the feature `int8-versions`.

use std::hash::Hasher as _;
use std::sync::atomic::{AtomicBool, Ordering};

use async_trait::async_trait;
use siphasher::sip::SipHasher13;

use super::{Creation, Depth, Elapsed, HistoryFormat, Ledger, Remembered, rows_if_table, schema_and_table};
use crate::database::{DatabaseError, ErrorKind, Query, Row, Session, Sql, Value};
use crate::history::{Details, Direction, Entry, RecordedChecksum};
use crate::migration::{Key, Migration, MigrationSet, Script};
use crate::plan::Habits;

pub(super) const FORMAT: HistoryFormat = HistoryFormat {
    word: "refinery",
    table: "refinery_schema_history",
    habits: Habits::STRICT,
    ledger: |table| Box::new(RefineryLedger { name: table.to_owned(), needed: false, wide: AtomicBool::new(false) }),
};

const COLUMNS: &str = "version, name, applied_on, checksum";

/// `refinery_schema_history`, or the name that the settings give.
struct RefineryLedger {
    name: String,
    /// Whether a version on disk needs 64 bits.
    needed: bool,
    /// Whether the table has versions of 64 bits, which are part of its checksums; if there is no table, whether it is to have them.
    wide: AtomicBool,
}

impl RefineryLedger {
    fn is_wide(&self) -> bool {
        self.wide.load(Ordering::Relaxed)
    }

    /// Reads from the type of its column whether the table has versions of 64 bits.
    ///
    /// # Errors
    /// Those of the query, and one if a version on disk does not fit.
    async fn read_width(&self, session: &mut dyn Session) -> Result<(), DatabaseError> {
        let (schema, table) = schema_and_table(session.sql(), &self.name);
        let Some(sql) = session.sql().declared_type(schema, table, "version") else { return Ok(()) };
        let rows = session.query(Query::Own(&sql)).await?;
        let declared = rows.into_iter().flatten().flatten().next().unwrap_or_default();
        let wide = ["bigint", "int8"].iter().any(|name| declared.starts_with(name));
        self.wide.store(wide, Ordering::Relaxed);
        match self.needed && !wide {
            true => Err(DatabaseError::new(
                ErrorKind::Other,
                format!(
                    "a version on disk has more than 32 bits, but the table {} has versions of type {declared}",
                    self.name
                ),
            )),
            false => Ok(()),
        }
    }

    fn checksum(&self, migration: &Migration) -> String {
        let version = migration.key.canonical().parse().unwrap_or_default();
        Hashed { name: &migration.name, version, wide: self.is_wide() }.checksum(&migration.up)
    }
}

#[async_trait]
impl Ledger for RefineryLedger {
    fn name(&self) -> &str {
        &self.name
    }

    fn set_files(&mut self, set: &MigrationSet) {
        self.needed = set.iter().any(|migration| migration.key.canonical().parse::<i32>().is_err());
        self.wide.store(self.needed, Ordering::Relaxed);
    }

    fn create(&self, sql: &dyn Sql) -> Vec<Creation> {
        let margin = " ".repeat(13);
        let table = format!(
            "CREATE TABLE IF NOT EXISTS {table}(\n\
             {margin}version {version} PRIMARY KEY,\n\
             {margin}name VARCHAR(255),\n\
             {margin}applied_on VARCHAR(255),\n\
             {margin}checksum VARCHAR(255))",
            table = self.table(sql),
            version = if self.is_wide() { "int8" } else { "int4" },
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

    async fn read(&self, session: &mut dyn Session, _depth: Depth) -> Result<Option<Remembered>, DatabaseError> {
        let table = self.table(session.sql());
        let sql = format!("SELECT version, name, checksum, applied_on FROM {table}");
        let Some(rows) = rows_if_table(session, &table, &sql).await? else { return Ok(None) };
        self.read_width(session).await?;
        let is_of = if self.is_wide() { is_of_wide } else { is_of_narrow };
        let applied = rows.into_iter().map(|row| entry(row, is_of)).collect();
        Ok(Some(Remembered { applied, ..Remembered::default() }))
    }

    /// refinery parses the time, which must be RFC 3339 in UTC.
    fn add(&self, sql: &dyn Sql, migration: &Migration, _elapsed: Elapsed, _run_id: &str) -> Vec<String> {
        vec![format!(
            "INSERT INTO {table} ({COLUMNS}) VALUES ({version}, {name}, {now}, {checksum})",
            table = self.table(sql),
            version = number(sql, &migration.key),
            name = sql.literal(&Value::Text(migration.name.clone())),
            now = sql.timestamp_text(&sql.literal(&Value::Now)),
            checksum = sql.literal(&Value::Text(self.checksum(migration))),
        )]
    }

    fn remove(&self, sql: &dyn Sql, key: &Key) -> String {
        format!("DELETE FROM {} WHERE version = {}", self.table(sql), number(sql, key))
    }

    fn accept(&self, sql: &dyn Sql, migration: &Migration) -> String {
        format!(
            "UPDATE {table} SET name = {name}, checksum = {checksum} WHERE version = {version}",
            table = self.table(sql),
            name = sql.literal(&Value::Text(migration.name.clone())),
            checksum = sql.literal(&Value::Text(self.checksum(migration))),
            version = number(sql, &migration.key),
        )
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

/// What a checksum is made from, besides the text.
struct Hashed<'n> {
    name: &'n str,
    version: i64,
    wide: bool,
}

impl Hashed<'_> {
    /// SipHash-1-3 over name, version and the file's bytes, as Rust hashes texts and numbers: a text ends with the byte 255.
    fn checksum(&self, script: &Script) -> String {
        let mut hasher = SipHasher13::new();
        hasher.write(self.name.as_bytes());
        hasher.write_u8(u8::MAX);
        match (self.wide, i32::try_from(self.version)) {
            (false, Ok(version)) => hasher.write(&version.to_ne_bytes()),
            _ => hasher.write(&self.version.to_ne_bytes()),
        }
        script.bytes().for_each(|piece| hasher.write(piece));
        hasher.write_u8(u8::MAX);
        hasher.finish().to_string()
    }
}

fn is_of_narrow(recorded: &str, script: &Script) -> bool {
    is_of_file(recorded, script, false)
}

fn is_of_wide(recorded: &str, script: &Script) -> bool {
    is_of_file(recorded, script, true)
}

/// Compares a checksum with a file. Its name is hashed, too, so that a renamed file has changed.
fn is_of_file(recorded: &str, script: &Script, wide: bool) -> bool {
    let stem = script.path().file_stem().map(|stem| stem.to_string_lossy()).unwrap_or_default();
    let Some((number, name)) = stem.split_once("__").or_else(|| stem.split_once('_')) else { return false };
    let version = number.trim_start_matches(['V', 'U']).parse();
    version.is_ok_and(|version| Hashed { name, version, wide }.checksum(script) == recorded)
}

fn entry(row: Row, is_of: fn(&str, &Script) -> bool) -> Entry {
    let mut columns = row.into_iter().map(Option::unwrap_or_default);
    let mut next = || columns.next().unwrap_or_default();
    let mut entry = Entry::new(Key::from_history(&next()), next());
    entry.checksum = Some(RecordedChecksum::new(next(), is_of));
    entry.details = Some(Details { applied_at: next(), elapsed: None, run_id: None });
    entry
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::migration::Dialect;

    fn narrow(path: &str, text: &str, recorded: &str) -> bool {
        is_of_narrow(recorded, &Script::new(path, text, Dialect::ALL[0]))
    }

    #[test]
    fn checksums_are_those_of_refinery() {
        const LINES: &str = "CREATE TABLE t (id int);\nINSERT INTO t VALUES (1);\n";
        let windows = LINES.replace('\n', "\r\n");
        for (text, of_32, of_64) in [
            (LINES, "17803258290779964859", "11886549478539311332"),
            (&windows, "3309766850150533316", "3264000419367221196"),
        ] {
            let script = Script::new("sub/V001__init.sql", text, Dialect::ALL[0]);
            assert!(is_of_narrow(of_32, &script) && is_of_wide(of_64, &script), "{text:?}");
            assert!(!is_of_narrow(of_64, &script) && !is_of_wide(of_32, &script), "{text:?}");
        }
        assert!(narrow("U1__init.sql", LINES, "17803258290779964859"), "V or U makes no difference");
        assert!(!narrow("V1__begin.sql", LINES, "17803258290779964859"), "a rename is a change");
        assert!(!narrow("V2__init.sql", LINES, "17803258290779964859"));
    }
}

//! The history table of Drizzle. Up to version 0.45, a row has the time at which its migration was generated, and no name. From version 1.0,
//! it has the name of the migration's folder as well, and a table without names gets them.

mod folders;

use std::collections::BTreeSet;

use async_trait::async_trait;
use sha2::{Digest, Sha256};

use self::folders::Folder;
use super::{
    Creation, Depth, Elapsed, HistoryFormat, Ledger, Remembered, columns_if_table, rows_if_table, schema_and_table,
};
use crate::database::{DatabaseError, ErrorKind, Row, Session, Sql, Value};
use crate::history::{Details, Direction, Entry, RecordedChecksum};
use crate::migration::{Key, Migration, MigrationSet, Script, Version, VersionOrder};
use crate::plan::{Changed, Habits, Missing, Order};
use crate::script::{QualifiedName, SchemaObject};
use crate::sql::{PerDialect, hexadecimal};

/// That of version 0.45, which passes over a migration below the highest row.
pub(super) const FORMAT: HistoryFormat = HistoryFormat {
    word: "drizzle",
    table: "drizzle.__drizzle_migrations",
    habits: Habits { order: Order::Skip, missing: Missing::Allow, changed: Changed::Allow },
    ledger: |table| Box::new(DrizzleLedger { name: table.to_owned(), by: By::Time, folders: Vec::new() }),
};

/// That of version 1.0, which applies every migration whose name has no row.
pub(super) const BY_NAME: HistoryFormat = HistoryFormat {
    habits: Habits { order: Order::Allow, missing: Missing::Allow, changed: Changed::Allow },
    ledger: |table| Box::new(DrizzleLedger { name: table.to_owned(), by: By::Name, folders: Vec::new() }),
    ..FORMAT
};

/// The columns of the table, as version 0.45 creates it.
const COLUMNS: PerDialect<&str> = PerDialect {
    postgres: "id SERIAL PRIMARY KEY,
    hash text NOT NULL,
    created_at bigint",
    mysql: "id serial primary key,
    hash text not null,
    created_at bigint",
    sqlite: "id SERIAL PRIMARY KEY,
    hash text NOT NULL,
    created_at numeric",
};

/// The columns of the table, as version 1.0 creates it.
const NAMED_COLUMNS: PerDialect<&str> = PerDialect {
    postgres: "id SERIAL PRIMARY KEY,
    hash text NOT NULL,
    created_at bigint,
    name text,
    applied_at timestamp with time zone DEFAULT now()",
    mysql: "id SERIAL PRIMARY KEY,
    hash TEXT NOT NULL,
    created_at BIGINT,
    name TEXT,
    applied_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP",
    sqlite: "id INTEGER PRIMARY KEY,
    hash text NOT NULL,
    created_at numeric,
    name text,
    applied_at TEXT",
};

/// How version 1.0 adds its columns to an earlier table.
const ADDED_COLUMNS: PerDialect<&str> = PerDialect {
    postgres: "ADD COLUMN name text, ADD COLUMN applied_at timestamp with time zone DEFAULT now()",
    mysql: "ADD name text, ADD applied_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP",
    sqlite: "ADD COLUMN name text",
};

/// The same, where a statement adds one column only.
const ADDED_APART: PerDialect<Option<&str>> =
    PerDialect { postgres: None, mysql: None, sqlite: Some("ADD COLUMN applied_at TEXT") };

/// The present time, where `applied_at` has no default.
const APPLIED_NOW: PerDialect<Option<&str>> =
    PerDialect { postgres: None, mysql: None, sqlite: Some("strftime('%Y-%m-%dT%H:%M:%fZ', 'now')") };

const NAME: &str = "name";

/// The column by which a row belongs to a migration.
#[derive(Clone, Copy, PartialEq, Eq)]
enum By {
    /// `created_at`: the time in the journal.
    Time,
    /// `name`: the name of the folder.
    Name,
}

/// `__drizzle_migrations`, in the schema `drizzle` on PostgreSQL, or the name that the settings give.
struct DrizzleLedger {
    name: String,
    by: By,
    /// The folders of version 1.0.
    folders: Vec<Folder>,
}

impl DrizzleLedger {
    /// SQL for the rows of a migration.
    fn is_of(&self, sql: &dyn Sql, key: &Key) -> String {
        match self.by {
            By::Time => format!("created_at = {}", number(sql, key)),
            By::Name => format!("{NAME} = {}", text(sql, key.as_str())),
        }
    }

    /// The error about a row that belongs to no migration.
    fn unusable(&self, sql: &dyn Sql, has_names: bool) -> DatabaseError {
        let (what, hint) = match (self.by, has_names) {
            (By::Time, _) => (
                "a row without created_at",
                "set created_at to the time in the journal, or delete the row: Drizzle applies migrations again because of it",
            ),
            (By::Name, true) => (
                "a row without a name",
                "set the name to that of the migration's folder, or delete the row: Drizzle would apply the migration again",
            ),
            (By::Name, false) => (
                "a row that belongs to no folder of a migration",
                "restore the folder, or delete the row: Drizzle refuses the table, too",
            ),
        };
        let message = format!("{} has {what}", self.table(sql));
        DatabaseError { hint: Some(hint.to_owned()), ..DatabaseError::new(ErrorKind::Other, message) }
    }

    /// The rows as entries, one for each migration.
    ///
    /// # Errors
    /// A row that belongs to no migration.
    fn entries(&self, sql: &dyn Sql, rows: Vec<Row>, has_names: bool) -> Result<Vec<Entry>, DatabaseError> {
        let mut seen = BTreeSet::new();
        let mut entries = Vec::new();
        for row in rows.into_iter().map(recorded) {
            let key = match (self.by, has_names) {
                (By::Time, _) => row.created_at.as_deref().map(Version::from_history),
                (By::Name, true) => row.name.as_deref().map(by_name),
                (By::Name, false) => {
                    folders::name_of(&self.folders, row.created_at.as_deref(), row.hash.as_deref()).map(by_name)
                }
            };
            let key = key.ok_or_else(|| self.unusable(sql, has_names))?;
            let name = match self.by {
                By::Time => "",
                By::Name => folders::described(key.as_str()),
            };
            let mut entry = Entry::new(key.clone(), name);
            entry.checksum = row.hash.map(|hash| RecordedChecksum::new(hash, is_of));
            entry.details = row.applied_at.map(|applied_at| Details { applied_at, elapsed: None, run_id: None });
            if seen.insert(entry.key.clone()) {
                entries.push(entry);
            }
        }
        Ok(entries)
    }

    /// SQL that adds the columns of version 1.0, and the names of the folders.
    fn upgrade(&self, sql: &dyn Sql) -> String {
        let (table, dialect) = (self.table(sql), sql.capabilities().dialect);
        let added = std::iter::once(*ADDED_COLUMNS.of(dialect)).chain(*ADDED_APART.of(dialect));
        let added = added.map(|columns| format!("ALTER TABLE {table} {columns}"));
        let named = folders::conditions(&self.folders, sql).into_iter().map(|(name, condition)| {
            format!(
                "UPDATE {table} SET {NAME} = {}, applied_at = NULL WHERE {NAME} IS NULL AND {condition}",
                text(sql, name)
            )
        });
        added.chain(named).collect::<Vec<_>>().join(";\n")
    }
}

#[async_trait]
impl Ledger for DrizzleLedger {
    fn name(&self) -> &str {
        &self.name
    }

    fn set_files(&mut self, set: &MigrationSet) {
        if self.by == By::Name {
            self.folders = set.iter().map(|one| Folder::new(one.key.as_str(), &hash(&one.up))).collect();
        }
    }

    /// The table, with its schema in the same message; and the columns of version 1.0.
    fn create(&self, sql: &dyn Sql) -> Vec<Creation> {
        let dialect = sql.capabilities().dialect;
        let columns = match self.by {
            By::Time => COLUMNS.of(dialect),
            By::Name => NAMED_COLUMNS.of(dialect),
        };
        let table = format!("CREATE TABLE IF NOT EXISTS {} (\n    {columns}\n)", self.table(sql));
        let table = Creation::table(sql, &self.name, super::in_schema(sql, &self.name, &table));
        let (schema, name) = schema_and_table(sql, &self.name);
        let added = (self.by == By::Name).then(|| Creation {
            thing: SchemaObject::Column {
                table: QualifiedName { schema: schema.map(str::to_owned), name: name.to_owned() },
                name: NAME.to_owned(),
            },
            sql: self.upgrade(sql),
        });
        std::iter::once(table).chain(added).collect()
    }

    fn rehearse(&self, sql: &dyn Sql, direction: Direction) -> Vec<String> {
        let table = self.table(sql);
        let columns = match self.by {
            By::Time => "hash, created_at",
            By::Name => "hash, created_at, name",
        };
        vec![match direction {
            Direction::Up => format!("INSERT INTO {table} ({columns}) SELECT {columns} FROM {table} WHERE 1 = 0"),
            Direction::Down => format!("DELETE FROM {table} WHERE 1 = 0"),
        }]
    }

    /// Reads the rows.
    ///
    /// # Errors
    /// A row that belongs to no migration that could be named: Drizzle refuses it or applies migrations again.
    async fn read(&self, session: &mut dyn Session, depth: Depth) -> Result<Option<Remembered>, DatabaseError> {
        let table = self.table(session.sql());
        let Some(columns) = columns_if_table(session, &self.name).await? else { return Ok(None) };
        let has_names = self.by == By::Name && columns.iter().any(|column| column == NAME);
        let more = match (has_names, depth) {
            (false, _) => String::new(),
            (true, Depth::Plan) => format!(", {NAME}"),
            (true, Depth::Details) => format!(", {NAME}, {}", session.sql().zoned_timestamp_text("applied_at")),
        };
        let query = format!("SELECT created_at, hash{more} FROM {table} ORDER BY created_at");
        let Some(rows) = rows_if_table(session, &table, &query).await? else { return Ok(None) };
        let applied = self.entries(session.sql(), rows, has_names)?;
        Ok(Some(Remembered { applied, ..Remembered::default() }))
    }

    fn add(&self, sql: &dyn Sql, migration: &Migration, _elapsed: Elapsed, _run_id: &str) -> Vec<String> {
        let (table, hash) = (self.table(sql), text(sql, &hash(&migration.up)));
        vec![match self.by {
            By::Time => {
                format!("INSERT INTO {table} (hash, created_at) VALUES ({hash}, {})", number(sql, &migration.key))
            }
            By::Name => {
                let folder = migration.key.as_str();
                let (column, now) = match APPLIED_NOW.of(sql.capabilities().dialect) {
                    Some(now) => (", applied_at", format!(", {now}")),
                    None => ("", String::new()),
                };
                let (time, name) = (folders::milliseconds(folder).unwrap_or_default(), text(sql, folder));
                format!("INSERT INTO {table} (hash, created_at, name{column}) VALUES ({hash}, {time}, {name}{now})")
            }
        }]
    }

    fn remove(&self, sql: &dyn Sql, key: &Key) -> String {
        format!("DELETE FROM {} WHERE {}", self.table(sql), self.is_of(sql, key))
    }

    fn accept(&self, sql: &dyn Sql, migration: &Migration) -> String {
        let hash = text(sql, &hash(&migration.up));
        format!("UPDATE {} SET hash = {hash} WHERE {}", self.table(sql), self.is_of(sql, &migration.key))
    }
}

fn by_name(folder: &str) -> Version {
    Version::new(folder, VersionOrder::Collation)
}

fn text(sql: &dyn Sql, text: &str) -> String {
    sql.literal(&Value::Text(text.to_owned()))
}

/// The time as SQL. What is not a number of 64 bits is a text, which is equal to no number.
fn number(sql: &dyn Sql, key: &Key) -> String {
    let version = key.canonical();
    match version.parse() {
        Ok(number) => sql.literal(&Value::Int(number)),
        Err(_) => text(sql, &version),
    }
}

/// SHA-256 of the file's bytes.
fn hash(script: &Script) -> String {
    let mut hash = Sha256::new();
    script.bytes().for_each(|piece| hash.update(piece));
    hexadecimal(&hash.finalize())
}

/// Whether a hash is that of a script, with any line endings: a checkout may have changed them.
fn is_of(recorded: &str, script: &Script) -> bool {
    let file: Vec<u8> = script.bytes().collect::<Vec<_>>().concat();
    let file = String::from_utf8_lossy(&file);
    let with_lf = file.replace("\r\n", "\n");
    let variants = [file.into_owned(), with_lf.replace('\n', "\r\n"), with_lf];
    variants.iter().any(|text| recorded == hexadecimal(&Sha256::digest(text.as_bytes())))
}

/// A row.
struct Recorded {
    created_at: Option<String>,
    hash: Option<String>,
    name: Option<String>,
    applied_at: Option<String>,
}

fn recorded(row: Row) -> Recorded {
    let mut columns = row.into_iter().map(|column| column.filter(|text| !text.is_empty()));
    let mut next = || columns.next().flatten();
    Recorded { created_at: next(), hash: next(), name: next(), applied_at: next() }
}

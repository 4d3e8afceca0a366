//! The history table of Supabase's command line, on PostgreSQL: a version as text, the name, and the statements of the file.

mod statements;

use async_trait::async_trait;

use self::statements::statements;
use super::{
    Creation, Depth, Elapsed, HistoryFormat, Ledger, Remembered, columns_if_table, rows_if_table, schema_and_table,
};
use crate::database::{DatabaseError, ErrorKind, Row, Session, Sql, Value};
use crate::history::{Direction, Entry};
use crate::migration::{Key, Migration, Version, VersionOrder};
use crate::plan::{Changed, Habits, Missing, Order};
use crate::script::{QualifiedName, SchemaObject};
use crate::sql::PerDialect;

pub(super) const FORMAT: HistoryFormat = HistoryFormat {
    word: "supabase",
    table: "supabase_migrations.schema_migrations",
    habits: Habits { order: Order::Strict, missing: Missing::Refuse, changed: Changed::Allow },
    ledger: |table| Box::new(SupabaseLedger { name: table.to_owned() }),
};

/// Whether there is Supabase for a database.
const IS_SUPPORTED: PerDialect<bool> = PerDialect { postgres: true, mysql: false, sqlite: false };

/// The columns that early versions did not have, with their types.
const ADDED: [(&str, &str); 2] = [("statements", "text[]"), ("name", "text")];

const COLUMNS: &str = "version, name, statements";

/// `supabase_migrations.schema_migrations`, or the name that the settings give. Hosted projects have more columns.
struct SupabaseLedger {
    name: String,
}

#[async_trait]
impl Ledger for SupabaseLedger {
    fn name(&self) -> &str {
        &self.name
    }

    /// The table, with its schema in the same message; and the columns that early versions did not have.
    fn create(&self, sql: &dyn Sql) -> Vec<Creation> {
        let table = self.table(sql);
        let added = ADDED.map(|(column, kind)| format!("ALTER TABLE {table} ADD COLUMN IF NOT EXISTS {column} {kind}"));
        let created = format!("CREATE TABLE IF NOT EXISTS {table} (version text NOT NULL PRIMARY KEY)");
        let all = [&[created][..], &added].concat().join(";\n");
        let whole = Creation::table(sql, &self.name, super::in_schema(sql, &self.name, &all));
        let (schema, name) = schema_and_table(sql, &self.name);
        let columns = ADDED.iter().zip(added).map(|((column, _), sql)| Creation {
            thing: SchemaObject::Column {
                table: QualifiedName { schema: schema.map(str::to_owned), name: name.to_owned() },
                name: (*column).to_owned(),
            },
            sql,
        });
        std::iter::once(whole).chain(columns).collect()
    }

    fn rehearse(&self, sql: &dyn Sql, direction: Direction) -> Vec<String> {
        let table = self.table(sql);
        vec![match direction {
            Direction::Up => format!("INSERT INTO {table} ({COLUMNS}) SELECT {COLUMNS} FROM {table} WHERE false"),
            Direction::Down => format!("DELETE FROM {table} WHERE false"),
        }]
    }

    /// Reads the versions. The names are those of the files, as in Supabase's own list.
    ///
    /// # Errors
    /// On another database than PostgreSQL.
    async fn read(&self, session: &mut dyn Session, _depth: Depth) -> Result<Option<Remembered>, DatabaseError> {
        let capabilities = session.sql().capabilities();
        if !IS_SUPPORTED.of(capabilities.dialect) {
            let message = format!("{} has no history in the format of Supabase, only PostgreSQL", capabilities.product);
            return Err(DatabaseError::new(ErrorKind::Other, message));
        }
        let table = self.table(session.sql());
        let Some(columns) = columns_if_table(session, &self.name).await? else { return Ok(None) };
        let has_name = columns.iter().any(|column| column == "name");
        let name = if has_name { "name" } else { "''" };
        let rows = rows_if_table(session, &table, &format!("SELECT version, {name} FROM {table}")).await?;
        Ok(rows.map(|rows| Remembered { applied: rows.into_iter().map(entry).collect(), ..Remembered::default() }))
    }

    fn add(&self, sql: &dyn Sql, migration: &Migration, _elapsed: Elapsed, _run_id: &str) -> Vec<String> {
        vec![format!(
            "INSERT INTO {table} ({COLUMNS}) VALUES ({version}, {name}, {statements})",
            table = self.table(sql),
            version = text(sql, &migration.key.canonical()),
            name = text(sql, &migration.name),
            statements = array(sql, migration),
        )]
    }

    fn remove(&self, sql: &dyn Sql, key: &Key) -> String {
        format!("DELETE FROM {} WHERE version = {}", self.table(sql), text(sql, &key.canonical()))
    }

    fn accept(&self, sql: &dyn Sql, migration: &Migration) -> String {
        format!(
            "UPDATE {table} SET name = {name}, statements = {statements} WHERE version = {version}",
            table = self.table(sql),
            name = text(sql, &migration.name),
            statements = array(sql, migration),
            version = text(sql, &migration.key.canonical()),
        )
    }
}

fn text(sql: &dyn Sql, text: &str) -> String {
    sql.literal(&Value::Text(text.to_owned()))
}

/// The statements of a migration as an array.
fn array(sql: &dyn Sql, migration: &Migration) -> String {
    let statements = statements(&migration.up);
    let literals: Vec<String> = statements.iter().map(|statement| text(sql, statement)).collect();
    format!("ARRAY[{}]::text[]", literals.join(", "))
}

fn entry(row: Row) -> Entry {
    let mut columns = row.into_iter();
    let mut next = || columns.next().flatten().unwrap_or_default();
    Entry::new(Version::new(&next(), VersionOrder::Bytes), next())
}

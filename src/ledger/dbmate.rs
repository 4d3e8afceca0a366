//! The history table of dbmate: versions as text, and nothing else. Other tools have tables of the same name.

use async_trait::async_trait;

use super::{Creation, Depth, Elapsed, HistoryFormat, Ledger, Remembered, rows_if_table, schema_and_table};
use crate::database::{DatabaseError, ErrorKind, Query, Row, Session, Sql, Value};
use crate::history::{Direction, Entry};
use crate::migration::{Key, Migration};
use crate::plan::{Changed, Habits, Missing, Order};
use crate::sql::PerDialect;

pub(super) const FORMAT: HistoryFormat = HistoryFormat {
    word: "dbmate",
    table: "schema_migrations",
    habits: Habits { order: Order::Allow, missing: Missing::Allow, changed: Changed::Allow },
    ledger: |table| Box::new(DbmateLedger { name: table.to_owned() }),
};

/// The type of the one column, as dbmate creates it.
const VERSION_TYPE: PerDialect<&str> =
    PerDialect { postgres: "varchar", mysql: "varchar(128)", sqlite: "varchar(128)" };

/// The only column.
const VERSION: &str = "version";

/// `schema_migrations`, or the name that the settings give.
struct DbmateLedger {
    name: String,
}

#[async_trait]
impl Ledger for DbmateLedger {
    fn name(&self) -> &str {
        &self.name
    }

    fn create(&self, sql: &dyn Sql) -> Vec<Creation> {
        let (table, text) = (self.table(sql), VERSION_TYPE.of(sql.capabilities().dialect));
        let table = format!("CREATE TABLE IF NOT EXISTS {table} ({VERSION} {text} PRIMARY KEY)");
        vec![Creation::table(sql, &self.name, table)]
    }

    fn rehearse(&self, sql: &dyn Sql, direction: Direction) -> Vec<String> {
        let table = self.table(sql);
        vec![match direction {
            Direction::Up => format!("INSERT INTO {table} ({VERSION}) SELECT {VERSION} FROM {table} WHERE 1 = 0"),
            Direction::Down => format!("DELETE FROM {table} WHERE 1 = 0"),
        }]
    }

    /// Reads the versions.
    ///
    /// # Errors
    /// If the table has other columns: it belongs to another tool.
    async fn read(&self, session: &mut dyn Session, _depth: Depth) -> Result<Option<Remembered>, DatabaseError> {
        let table = self.table(session.sql());
        let (schema, name) = schema_and_table(session.sql(), &self.name);
        let columns = session.sql().columns(schema, name);
        let columns = session.query(Query::Own(&columns)).await?;
        if !columns.is_empty() && !is_of_dbmate(&columns) {
            return Err(of_another_tool(&table, &columns));
        }
        let rows = rows_if_table(session, &table, &format!("SELECT {VERSION} FROM {table}")).await?;
        Ok(rows.map(|rows| Remembered { applied: rows.into_iter().map(entry).collect(), ..Remembered::default() }))
    }

    fn add(&self, sql: &dyn Sql, migration: &Migration, _elapsed: Elapsed, _run_id: &str) -> Vec<String> {
        vec![format!("INSERT INTO {} ({VERSION}) VALUES ({})", self.table(sql), text(sql, &migration.key))]
    }

    fn remove(&self, sql: &dyn Sql, key: &Key) -> String {
        format!("DELETE FROM {} WHERE {VERSION} = {}", self.table(sql), text(sql, key))
    }

    /// The table has neither names nor checksums: there is nothing to set.
    fn accept(&self, sql: &dyn Sql, migration: &Migration) -> String {
        let (table, version) = (self.table(sql), text(sql, &migration.key));
        format!("UPDATE {table} SET {VERSION} = {version} WHERE {VERSION} = {version}")
    }
}

fn text(sql: &dyn Sql, key: &Key) -> String {
    sql.literal(&Value::Text(key.canonical().into_owned()))
}

fn entry(row: Row) -> Entry {
    Entry::new(Key::from_history(&row.into_iter().flatten().next().unwrap_or_default()), "")
}

fn is_of_dbmate(columns: &[Row]) -> bool {
    let word =
        |column: &Row, index: usize| column.get(index).cloned().flatten().unwrap_or_default().to_ascii_lowercase();
    let is_text = |kind: &str| ["char", "text", "clob"].iter().any(|word| kind.contains(word));
    matches!(columns, [only] if word(only, 0) == VERSION && is_text(&word(only, 1)))
}

fn of_another_tool(table: &str, columns: &[Row]) -> DatabaseError {
    let described = |column: &Row| column.iter().flatten().map(String::as_str).collect::<Vec<_>>().join(" ");
    let found = columns.iter().map(described).collect::<Vec<_>>().join(", ");
    let message = format!("{table} is not a table of dbmate, which has one column, version, with text: it has {found}");
    let hint =
        "golang-migrate and other tools have tables of this name: choose the history format of the tool that made it"
            .to_owned();
    DatabaseError { hint: Some(hint), ..DatabaseError::new(ErrorKind::Other, message) }
}

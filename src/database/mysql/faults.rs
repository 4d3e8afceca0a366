//! Finds unexpected objects attached to the history tables. Tables have no owner on MySQL, and triggers run with their definer's privileges.
//! But a view may run functions with this user's privileges, and a foreign key or a storage engine may change rows without any privilege.

use super::text::{quoted, text_literal};
use super::wire::Wire;
use crate::database::row::table_faults;
use crate::database::{DatabaseError, ErrorKind, Row};
use crate::plan::TableFault;

/// The storage engines that store a table's rows durably and locally: others discard them, or store them in another table or server.
const ENGINES: &str = "'InnoDB', 'ROCKSDB', 'TokuDB', 'ndbcluster', 'MyISAM', 'Aria'";

/// Defaults that only read the clock, as MySQL and MariaDB show them. Other tools' tables have them.
const CLOCK: &str = "'CURRENT_TIMESTAMP', 'current_timestamp()'";

/// How often to repeat the queries when a table appears in the meantime.
const LOOKS: usize = 3;

/// The faults of these tables, and the quoted names of those that do not exist.
pub(super) async fn look(
    wire: &mut Wire,
    tables: &[(Option<String>, String)],
    system: &str,
) -> Result<(Vec<TableFault>, Vec<String>), DatabaseError> {
    let mut sql: Vec<String> = tables.iter().map(sql).collect();
    // Since MySQL 9.6, a cascade fires the other table's triggers in this session. MariaDB never does that, and the query would make it open every
    // table of the server.
    if system == "mysql" {
        sql.extend(tables.iter().map(referring));
    }
    let (mut faults, mut absent) = (Vec::new(), Vec::new());
    for _ in 0..LOOKS {
        let (there, wrong): (Vec<Row>, Vec<Row>) =
            wire.query(&sql.join(" UNION ALL ")).await?.into_iter().partition(|row| column(row, 2) == "there");
        faults = table_faults(wrong);
        absent.clear();
        let mut appeared = false;
        for (schema, table) in tables {
            if there.iter().any(|row| column(row, 1).eq_ignore_ascii_case(table)) {
                continue;
            }
            // The catalog hides tables on which this user has no privileges, so ask the server about the table itself.
            let name = in_full(schema.as_deref(), table);
            match wire.query(&format!("SHOW COLUMNS FROM {name}")).await {
                Ok(_) => appeared = true,
                Err(error) if error.kind == ErrorKind::NoTable => absent.push(name),
                Err(error) if error.kind == ErrorKind::Lost => return Err(error),
                Err(_) => {}
            }
        }
        if !appeared {
            break;
        }
    }
    Ok((faults, absent))
}

fn column(row: &Row, index: usize) -> &str {
    row.get(index).and_then(Option::as_deref).unwrap_or_default()
}

fn in_full(schema: Option<&str>, table: &str) -> String {
    schema.map_or_else(|| quoted(table), |schema| format!("{}.{}", quoted(schema), quoted(table)))
}

/// SQL for foreign keys that refer to this table, with the same columns. Those of a table without privileges are not shown.
fn referring((schema, table): &(Option<String>, String)) -> String {
    let (schema, table) = (text_literal(schema.as_deref().unwrap_or_default()), text_literal(table));
    format!(
        "SELECT CAST(UNIQUE_CONSTRAINT_SCHEMA AS CHAR), CAST(REFERENCED_TABLE_NAME AS CHAR), 'foreign key', CAST(CONSTRAINT_NAME AS CHAR) \
         FROM information_schema.REFERENTIAL_CONSTRAINTS WHERE UNIQUE_CONSTRAINT_SCHEMA = {schema} AND REFERENCED_TABLE_NAME = {table}"
    )
}

/// SQL for whether this table exists and its faults: schema, table, word and name. Triggers are shown only to users with the TRIGGER privilege.
fn sql((schema, table): &(Option<String>, String)) -> String {
    let (schema, table) = (text_literal(schema.as_deref().unwrap_or_default()), text_literal(table));
    let of_table = format!("TABLE_SCHEMA = {schema} AND TABLE_NAME = {table}");
    let name = "CAST(TABLE_SCHEMA AS CHAR), CAST(TABLE_NAME AS CHAR)";
    format!(
        "SELECT {name}, 'there', '' FROM information_schema.TABLES WHERE {of_table} \
         UNION ALL SELECT {name}, 'kind', '' FROM information_schema.TABLES \
           WHERE {of_table} AND (TABLE_TYPE NOT IN ('BASE TABLE', 'SYSTEM VERSIONED') OR ENGINE NOT IN ({ENGINES})) \
         UNION ALL SELECT CAST(EVENT_OBJECT_SCHEMA AS CHAR), CAST(EVENT_OBJECT_TABLE AS CHAR), 'trigger', CAST(TRIGGER_NAME AS CHAR) \
           FROM information_schema.TRIGGERS WHERE EVENT_OBJECT_SCHEMA = {schema} AND EVENT_OBJECT_TABLE = {table} \
         UNION ALL SELECT {name}, IF(CONSTRAINT_TYPE = 'CHECK', 'check', 'foreign key'), CAST(CONSTRAINT_NAME AS CHAR) \
           FROM information_schema.TABLE_CONSTRAINTS WHERE {of_table} AND CONSTRAINT_TYPE IN ('CHECK', 'FOREIGN KEY') \
         UNION ALL SELECT {name}, 'column', CAST(COLUMN_NAME AS CHAR) FROM information_schema.COLUMNS \
           WHERE {of_table} AND (EXTRA NOT IN ('', 'DEFAULT_GENERATED', 'auto_increment') OR COALESCE(COLUMN_DEFAULT, 'NULL') NOT IN ('NULL', {CLOCK}))"
    )
}

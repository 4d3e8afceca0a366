//! What hangs on our tables. Tables have no owner here, and triggers run with the rights of their definer; a view may run functions with ours.

use super::text::text_literal;

/// SQL for what is wrong with this table: schema, table, word and name. Its triggers are shown to those who may make some.
pub(super) fn sql((schema, table): &(Option<String>, String)) -> String {
    let (schema, table) = (text_literal(schema.as_deref().unwrap_or_default()), text_literal(table));
    format!(
        "SELECT CAST(TABLE_SCHEMA AS CHAR), CAST(TABLE_NAME AS CHAR), 'kind', '' FROM information_schema.TABLES \
           WHERE TABLE_SCHEMA = {schema} AND TABLE_NAME = {table} AND TABLE_TYPE NOT IN ('BASE TABLE', 'SYSTEM VERSIONED') \
         UNION ALL SELECT CAST(EVENT_OBJECT_SCHEMA AS CHAR), CAST(EVENT_OBJECT_TABLE AS CHAR), 'trigger', CAST(TRIGGER_NAME AS CHAR) \
           FROM information_schema.TRIGGERS WHERE EVENT_OBJECT_SCHEMA = {schema} AND EVENT_OBJECT_TABLE = {table} \
         UNION ALL SELECT CAST(TABLE_SCHEMA AS CHAR), CAST(TABLE_NAME AS CHAR), 'column', CAST(COLUMN_NAME AS CHAR) \
           FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = {schema} AND TABLE_NAME = {table} AND COALESCE(GENERATION_EXPRESSION, '') <> ''"
    )
}

//! Catalog queries about the schema of the history and about other schemas.

use super::text::{quoted, text_literal};
use crate::database::{Reach, Row};

/// The search path and its source: `client` and `session` are settings of the connection. Any other source is the role, the database or
/// the server, whose settings may change without the knowledge of the user who runs migrations.
pub(super) const SEARCH_PATH: &str =
    "SELECT setting, source FROM pg_catalog.pg_settings WHERE name OPERATOR(pg_catalog.=) 'search_path'";

/// SQL for the schemas other than `home` that contain a table with this name. The catalog shows them to every user.
pub(super) fn others_with(table: &str, home: Option<&str>) -> String {
    format!(
        "SELECT n.nspname FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
         WHERE c.relname = {table} AND c.relkind IN ('r', 'p') AND c.relpersistence <> 't' \
         AND n.nspname <> {home} ORDER BY n.nspname",
        table = text_literal(table),
        home = text_literal(home.unwrap_or_default()),
    )
}

/// SQL that returns a row if row-level security on this table applies to the current user.
pub(super) fn filtered(schema: Option<&str>, table: &str) -> String {
    format!(
        "SELECT 'yes' FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
         WHERE c.relname = {} AND n.nspname = {} AND pg_catalog.row_security_active(c.oid)",
        text_literal(table),
        text_literal(schema.unwrap_or_default()),
    )
}

/// Creates a schema, given as a literal and quoted. `IF NOT EXISTS` alone would require the privilege even where the schema exists.
pub(super) fn create(literal: &str, quoted: &str) -> String {
    format!(
        "DO $migrascope$ BEGIN IF NOT EXISTS (SELECT FROM pg_catalog.pg_namespace WHERE nspname = {literal}) THEN \
         CREATE SCHEMA IF NOT EXISTS {quoted}; END IF; END $migrascope$"
    )
}

/// SQL for name and type of each column of a table.
pub(super) fn columns(schema: Option<&str>, table: &str) -> String {
    format!(
        "SELECT a.attname, pg_catalog.format_type(a.atttypid, a.atttypmod) FROM pg_catalog.pg_attribute a \
         JOIN pg_catalog.pg_class c ON c.oid = a.attrelid JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
         WHERE c.relname = {} AND n.nspname = {} AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum",
        text_literal(table),
        text_literal(schema.unwrap_or_default()),
    )
}

/// SQL that grants a user privileges on tables, whose names are quoted.
pub(super) fn grant(rights: &str, schema: Option<&str>, tables: &[String], user: &str) -> String {
    let user = quoted(user);
    let schema = schema.map(|schema| format!("GRANT USAGE ON SCHEMA {} TO {user}; ", quoted(schema)));
    format!("{}GRANT {rights} ON {} TO {user}", schema.unwrap_or_default(), tables.join(", "))
}

/// SQL for the tables that users have created: not ours, not the server's, not an extension's.
pub(super) fn unmanaged(ours: &[&str], home: Option<&str>, reach: Reach) -> String {
    let ours: Vec<String> = ours.iter().map(|name| text_literal(name)).collect();
    let elsewhere = match reach {
        Reach::Home => "",
        Reach::Database => " OR pg_catalog.pg_has_role(c.relowner, 'MEMBER')",
    };
    format!(
        "SELECT CASE WHEN n.nspname = {home} THEN c.relname ELSE pg_catalog.concat(n.nspname, '.', c.relname) END \
         FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
         WHERE c.relkind IN ('r', 'p', 'm', 'f') AND NOT c.relispartition AND c.relpersistence <> 't' \
         AND c.relname NOT IN ({ours}) AND n.nspname <> 'information_schema' AND pg_catalog.left(n.nspname, 3) <> 'pg_' \
         AND (n.nspname = {home}{elsewhere}) AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend d \
           WHERE d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.objid = c.oid AND d.deptype = 'e') \
         ORDER BY n.nspname <> {home}, 1",
        home = text_literal(home.unwrap_or_default()),
        ours = ours.join(", "),
    )
}

/// Whether the result of [`SEARCH_PATH`] shows that the connection's own settings select the schema `home`.
pub(super) fn is_chosen(answer: &[Row], home: Option<&str>) -> bool {
    let [row] = answer else { return false };
    let column = |index: usize| row.get(index).cloned().flatten().unwrap_or_default();
    matches!(column(1).as_str(), "client" | "session") && home.is_some() && first(&column(0)).as_deref() == home
}

/// The first schema of a search path.
pub(super) fn first(path: &str) -> Option<String> {
    let path = path.trim_start();
    let Some(quoted) = path.strip_prefix('"') else {
        let name = path.split(',').next()?.trim();
        return (!name.is_empty()).then(|| name.to_lowercase());
    };
    let mut name = String::new();
    let mut characters = quoted.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            '"' if characters.peek() == Some(&'"') => name.extend(characters.next()),
            '"' => return Some(name),
            character => name.push(character),
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::{first, is_chosen};

    #[test]
    fn the_first_schema_of_a_search_path() {
        let table = [
            ("\"$user\", public", Some("$user")),
            ("tenant_b, public", Some("tenant_b")),
            ("Tenant_B", Some("tenant_b")),
            ("\"Tenant, \"\"B\"\"\", public", Some("Tenant, \"B\"")),
            ("", None),
            ("\"unclosed", None),
        ];
        for (path, expected) in table {
            assert_eq!(first(path).as_deref(), expected, "{path}");
        }
    }

    #[test]
    fn only_the_connections_own_settings_choose_a_schema() {
        let answer = |path: &str, source: &str| [vec![Some(path.to_owned()), Some(source.to_owned())]];
        assert!(is_chosen(&answer("tenant_b, public", "client"), Some("tenant_b")));
        assert!(is_chosen(&answer("tenant_b", "session"), Some("tenant_b")));
        assert!(!is_chosen(&answer("tenant_b", "user"), Some("tenant_b")));
        assert!(!is_chosen(&answer("tenant_b, public", "client"), Some("public")), "tenant_b does not exist");
        assert!(!is_chosen(&answer("\"$user\", public", "session"), Some("m")));
        assert!(!is_chosen(&[], Some("m")));
    }
}

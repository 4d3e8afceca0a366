//! Finds unexpected owners and objects of the history tables.

use super::text::{quoted, text_literal};
use crate::database::{DatabaseError, ErrorKind};
use crate::plan::TableFault;

/// Whether the owner is checked too. Only reading a table runs none of its owner's code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Owner {
    Matters,
    DoesNot,
}

/// SQL that returns a row if these tables need the full check of [`sql`]. It is cheaper, because it runs before every reading of the
/// history.
pub(super) fn at_first_sight(tables: &[(Option<String>, String)], owner: Owner) -> String {
    let owner = match owner {
        Owner::DoesNot => "",
        Owner::Matters => " OR pg_get_userbyid(c.relowner) NOT IN (current_user, session_user)",
    };
    format!(
        "SELECT 'look' FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE {} \
           AND (c.relkind <> 'r' OR c.relhastriggers OR c.relhasrules OR c.relchecks > 0{owner} \
           OR EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0 AND (a.atthasdef OR a.atttypid >= {USERS})) \
           OR EXISTS (SELECT FROM pg_index x WHERE x.indrelid = c.oid AND (x.indexprs IS NOT NULL OR x.indpred IS NOT NULL \
             AND pg_get_expr(x.indpred, c.oid) <> 'half_way'))) \
         UNION ALL SELECT 'look' FROM pg_namespace n WHERE {} AND pg_get_userbyid(n.nspowner) NOT IN (current_user, session_user)",
        named(tables),
        users_own(tables),
    )
}

/// The first OID of objects that are not built in.
const USERS: u32 = 16384;

/// A condition for these tables.
fn named(tables: &[(Option<String>, String)]) -> String {
    let name = |(schema, table): &(Option<String>, String)| {
        format!("({}, {})", text_literal(schema.as_deref().unwrap_or_default()), text_literal(table))
    };
    format!("(n.nspname, c.relname) IN ({})", tables.iter().map(name).collect::<Vec<_>>().join(", "))
}

/// A condition for the tables' schemas that have the user's name. PostgreSQL's default search path begins with that schema, so its creator
/// decides where the tables are.
fn users_own(tables: &[(Option<String>, String)]) -> String {
    let names: Vec<String> = tables.iter().filter_map(|(schema, _)| schema.as_deref()).map(text_literal).collect();
    match names.is_empty() {
        true => "false".to_owned(),
        false => format!("n.nspname IN ({}) AND n.nspname IN (current_user, session_user)", names.join(", ")),
    }
}

/// SQL for the faults of these tables: schema, table, word and name.
///
/// The owner may be the user, a role that the user is a member of, or a superuser. A user who is not a superuser also trusts the owner of the
/// schema or of the database. For the server, a superuser is a member of every role; here only granted memberships count. Since PostgreSQL 16,
/// the creator of a role becomes its administrator, which alone does not make the role trusted.
pub(super) fn sql(tables: &[(Option<String>, String)], owner: Owner) -> String {
    let owner = match owner {
        Owner::DoesNot => "",
        Owner::Matters => {
            " UNION ALL SELECT t.nspname, t.relname, 'owner', pg_get_userbyid(t.relowner)::text FROM t \
             WHERE t.relowner NOT IN (SELECT role FROM me) \
             AND NOT EXISTS (SELECT FROM pg_roles r WHERE r.oid = t.relowner AND r.rolsuper) \
             AND (EXISTS (SELECT FROM pg_roles r WHERE r.rolname IN (current_user, session_user) AND r.rolsuper) \
               OR t.relowner <> t.nspowner AND t.relowner <> (SELECT d.datdba FROM pg_database d WHERE d.datname = current_database()))"
        }
    };
    format!(
        "WITH RECURSIVE me (role) AS (SELECT oid FROM pg_roles WHERE rolname IN (current_user, session_user) \
           UNION SELECT m.roleid FROM pg_auth_members m JOIN me ON m.member = me.role \
           WHERE 'true' IN (COALESCE(to_jsonb(m) ->> 'inherit_option', 'true'), to_jsonb(m) ->> 'set_option')), \
         t AS (SELECT c.oid, c.relname, c.relkind, c.relowner, n.nspname, n.nspowner FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace \
           WHERE {named}) \
         SELECT t.nspname, t.relname, 'kind', '' FROM t WHERE t.relkind <> 'r' \
         UNION ALL SELECT t.nspname, t.relname, 'trigger', g.tgname FROM t JOIN pg_trigger g ON g.tgrelid = t.oid WHERE NOT g.tgisinternal \
         UNION ALL SELECT t.nspname, t.relname, 'foreign key', k.conname FROM t JOIN pg_constraint k ON t.oid IN (k.conrelid, k.confrelid) AND k.contype = 'f' \
         UNION ALL SELECT n.nspname, '', 'schema', r.rolname FROM pg_namespace n JOIN pg_roles r ON r.oid = n.nspowner \
           WHERE {users_own} AND r.oid NOT IN (SELECT role FROM me) AND NOT r.rolsuper AND r.rolname <> 'pg_database_owner' \
           AND r.oid <> (SELECT d.datdba FROM pg_database d WHERE d.datname = current_database()) \
         UNION ALL SELECT t.nspname, t.relname, 'rule', w.rulename FROM t JOIN pg_rewrite w ON w.ev_class = t.oid WHERE t.relkind = 'r' \
         UNION ALL SELECT t.nspname, t.relname, 'column', a.attname FROM t JOIN pg_attribute a ON a.attrelid = t.oid \
           JOIN pg_type y ON y.oid = a.atttypid JOIN pg_namespace s ON s.oid = y.typnamespace \
           WHERE a.attnum > 0 AND NOT a.attisdropped AND (a.atthasdef AND NOT EXISTS (SELECT FROM pg_attrdef d \
             WHERE d.adrelid = t.oid AND d.adnum = a.attnum AND {runs_no_code}) OR s.nspname <> 'pg_catalog') \
         UNION ALL SELECT t.nspname, t.relname, 'check', k.conname FROM t JOIN pg_constraint k ON k.conrelid = t.oid AND k.contype = 'c' \
         UNION ALL SELECT t.nspname, t.relname, 'index', x.indexrelid::regclass::text FROM t JOIN pg_index x ON x.indrelid = t.oid \
           WHERE x.indexprs IS NOT NULL OR x.indpred IS NOT NULL AND pg_get_expr(x.indpred, t.oid) <> 'half_way'{owner} \
         ORDER BY 1, 2, 3, 4",
        named = named(tables),
        users_own = users_own(tables),
        runs_no_code = RUNS_NO_CODE,
    )
}

/// A condition for defaults that only read the clock or count up a sequence, which runs no one's code; other tools' tables have them. A function
/// of the same name in a schema of the search path would be a dependency; built-in functions are pinned, and have none.
const RUNS_NO_CODE: &str = "(pg_get_expr(d.adbin, d.adrelid) IN ('now()', 'CURRENT_TIMESTAMP') \
   OR pg_get_expr(d.adbin, d.adrelid) ~ '^nextval[(]''([^'']|'''')*''::regclass[)]$') AND NOT EXISTS (SELECT FROM pg_depend p \
   WHERE p.classid = 'pg_attrdef'::regclass AND p.objid = d.oid AND p.refclassid = 'pg_proc'::regclass)";

/// A table's quoted name, as in the runner's statements.
pub(super) fn in_full((schema, table): &(Option<String>, String)) -> String {
    match schema {
        Some(schema) => format!("{}.{}", quoted(schema), quoted(table)),
        None => quoted(table),
    }
}

/// The statements before a write to these tables, whose names are quoted. A role that may create triggers or foreign keys on them could do so
/// after the check. The lock prevents new ones, and if one exists, the message fails before anything else.
pub(super) fn guard(names: &[&str]) -> String {
    let oids: Vec<String> = names.iter().map(|name| format!("{}::regclass", text_literal(name))).collect();
    format!(
        "LOCK TABLE {} IN ROW EXCLUSIVE MODE;SELECT (CASE WHEN count(*) = 0 THEN '0' ELSE '{FOUND}' || min(tgrelid::regclass::text || CASE WHEN tgisinternal \
         THEN ' is linked to another table by a foreign key' ELSE ' has the trigger ' || tgname END) END)::int FROM pg_trigger \
         WHERE tgrelid IN ({}) AND (NOT tgisinternal OR tgconstrrelid <> 0)",
        names.join(", "),
        oids.join(", "),
    )
}

/// The statement before a write to tables that failed the check: it makes the message fail.
pub(super) fn refusal(fault: &TableFault) -> String {
    format!("SELECT {}::int", text_literal(&format!("{FOUND}cannot be trusted: {fault}")))
}

/// The statements before a read of this table, in the same transaction. Another role could replace its table by a view, or create one,
/// between the check and the read: the lock prevents that.
pub(super) fn reading_guard(name: &str) -> [String; 2] {
    [
        format!("LOCK TABLE {name} IN ACCESS SHARE MODE"),
        format!(
            "SELECT (CASE relkind WHEN 'r' THEN '0' ELSE '{FOUND}' || oid::regclass::text || ' is not an ordinary table' END)::int \
             FROM pg_class WHERE oid = {}::regclass",
            text_literal(name)
        ),
    ]
}

/// The beginning of the text that a guard casts to a number if it has found something, so that the server's error quotes it.
const FOUND: &str = "the history table ";

/// Translates the error of a message whose guard has found something.
pub(super) fn found(error: DatabaseError) -> DatabaseError {
    let said = error.message.split_once(&format!("\"{FOUND}")).and_then(|(_, rest)| rest.strip_suffix('"'));
    match said.filter(|_| error.code.as_deref() == Some("22P02")) {
        Some(said) => {
            let hint =
                "find out who created it, and drop it: it would run with all privileges of the user who migrates";
            let message = format!("{FOUND}{said}");
            DatabaseError {
                hint: Some(hint.to_owned()),
                position: None,
                stage: error.stage,
                ..DatabaseError::new(ErrorKind::Other, message)
            }
        }
        None => error,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_guard_that_has_found_something_says_what() {
        let error = |message: &str| {
            let code = Some("22P02".to_owned());
            found(DatabaseError { code, ..DatabaseError::new(ErrorKind::Other, message) }).message
        };
        let german = "ungültige Eingabesyntax für Typ integer: »x«";
        assert_eq!(error(german), german);
        assert_eq!(
            error("invalid input syntax for type integer: \"the history table a.j has the trigger t\""),
            "the history table a.j has the trigger t"
        );
    }
}

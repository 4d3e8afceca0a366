//! Whose our tables are, and what hangs on them.

use super::text::{quoted, text_literal};
use crate::database::{DatabaseError, ErrorKind};
use crate::plan::TableFault;

/// Whether the owner counts as well: who only reads a table runs nothing of its owner's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Owner {
    Matters,
    DoesNot,
}

/// SQL that returns a row where anything about these tables has to be looked at. It asks for less than [`sql`], because every reading of the history
/// asks it.
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

/// The first number of an object that is not the server's own.
const USERS: u32 = 16384;

/// A condition for these tables.
fn named(tables: &[(Option<String>, String)]) -> String {
    let name = |(schema, table): &(Option<String>, String)| {
        format!("({}, {})", text_literal(schema.as_deref().unwrap_or_default()), text_literal(table))
    };
    format!("(n.nspname, c.relname) IN ({})", tables.iter().map(name).collect::<Vec<_>>().join(", "))
}

/// A condition for those of their schemas that have the user's name: PostgreSQL's default search path begins with it, so who makes it decides where our
/// tables are.
fn users_own(tables: &[(Option<String>, String)]) -> String {
    let names: Vec<String> = tables.iter().filter_map(|(schema, _)| schema.as_deref()).map(text_literal).collect();
    match names.is_empty() {
        true => "false".to_owned(),
        false => format!("n.nspname IN ({}) AND n.nspname IN (current_user, session_user)", names.join(", ")),
    }
}

/// SQL for what is wrong with these tables: schema, table, word and name.
///
/// The owner may be the user, a role that the user is a member of, or a superuser. A user who is none may work for the owner of the schema or of the
/// database. A superuser is a member of every role to the server; here only what was granted counts. Since PostgreSQL 16 who makes a role becomes its
/// administrator: that alone is no trust in what the role makes.
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
           WHERE a.attnum > 0 AND NOT a.attisdropped AND (a.atthasdef OR s.nspname <> 'pg_catalog') \
         UNION ALL SELECT t.nspname, t.relname, 'check', k.conname FROM t JOIN pg_constraint k ON k.conrelid = t.oid AND k.contype = 'c' \
         UNION ALL SELECT t.nspname, t.relname, 'index', x.indexrelid::regclass::text FROM t JOIN pg_index x ON x.indrelid = t.oid \
           WHERE x.indexprs IS NOT NULL OR x.indpred IS NOT NULL AND pg_get_expr(x.indpred, t.oid) <> 'half_way'{owner} \
         ORDER BY 1, 2, 3, 4",
        named = named(tables),
        users_own = users_own(tables),
    )
}

/// A table's name in quotes, as our statements have it.
pub(super) fn in_full((schema, table): &(Option<String>, String)) -> String {
    match schema {
        Some(schema) => format!("{}.{}", quoted(schema), quoted(table)),
        None => quoted(table),
    }
}

/// What stands in front of a write to these tables, whose names are in quotes. Who has no more than the right to make triggers or foreign keys there could
/// make one after we have looked: the lock keeps further ones out, and where there is one the message fails before anything else.
pub(super) fn guard(names: &[&str]) -> String {
    let oids: Vec<String> = names.iter().map(|name| format!("{}::regclass", text_literal(name))).collect();
    format!(
        "LOCK TABLE {} IN ROW EXCLUSIVE MODE;SELECT (CASE WHEN count(*) = 0 THEN '0' ELSE '{FOUND}' || min(tgrelid::regclass::text || CASE WHEN tgisinternal \
         THEN ' is tied to another table by a foreign key' ELSE ' has the trigger ' || tgname END) END)::int FROM pg_trigger \
         WHERE tgrelid IN ({}) AND (NOT tgisinternal OR tgconstrrelid <> 0)",
        names.join(", "),
        oids.join(", "),
    )
}

/// What stands in front of a write to tables that were found not to be ours alone: the message fails.
pub(super) fn refusal(fault: &TableFault) -> String {
    format!("SELECT {}::int", text_literal(&format!("{FOUND}cannot be trusted: {fault}")))
}

/// What stands in front of a reading of this table, in the same transaction. Another role's table could become a view between our look and the reading, and
/// one could appear where there was none: the lock keeps the table what it is.
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

/// How the server's complaint begins where there is a trigger: as text, which is no number.
const FOUND: &str = "the history table ";

/// The error of a message whose guard has found something.
pub(super) fn found(error: DatabaseError) -> DatabaseError {
    let said = error.message.split_once(&format!("\"{FOUND}")).and_then(|(_, rest)| rest.strip_suffix('"'));
    match said.filter(|_| error.code.as_deref() == Some("22P02")) {
        Some(said) => {
            let hint = "find out who has made it, and drop it: it would run with all rights of the user who migrates";
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

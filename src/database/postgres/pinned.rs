//! Pins the search path of the runner's own statements to `pg_catalog`, whatever the role, the database or a script has set.
//!
//! Otherwise a role that may create objects in a schema of the path could have its operators and functions run with this user's privileges
//! (CVE-2018-1058): `version = 'x'` prefers an operator on exactly these types, in any schema. A script keeps its own path.

/// Saves the script's path and sets the pinned one, both until the transaction ends. The statements of one message are one transaction.
pub(super) const PIN: &str = "SELECT pg_catalog.set_config('migrascope.search_path', pg_catalog.current_setting('search_path'), true), \
     pg_catalog.set_config('search_path', 'pg_catalog, pg_temp', true)";

/// Restores the script's path, with which deferred triggers run at the commit.
pub(super) const UNPIN: &str =
    "SELECT pg_catalog.set_config('search_path', pg_catalog.current_setting('migrascope.search_path'), true)";

/// Pins the path in a transaction that contains only the runner's own statements.
pub(super) const PIN_OWN: &str = "SET LOCAL search_path = pg_catalog, pg_temp";

/// The time that the previous statement took, in microseconds, and whether a transaction is open that has written something (and so has an ID).
/// The server measures the time, because the message contains more than that statement. Pins the path like [`PIN`].
pub(super) const MEASURE_AND_PIN: &str = "SELECT (pg_catalog.date_part('epoch', pg_catalog.clock_timestamp() OPERATOR(pg_catalog.-) \
       pg_catalog.statement_timestamp()) OPERATOR(pg_catalog.*) 1000000)::bigint, pg_catalog.txid_current_if_assigned() IS NOT NULL, \
     pg_catalog.set_config('migrascope.search_path', pg_catalog.current_setting('search_path'), true), \
     pg_catalog.set_config('search_path', 'pg_catalog, pg_temp', true)";

/// A message with the runner's own SQL; its answer is the last but one.
pub(super) fn pinned(sql: &str) -> String {
    format!("{PIN};{sql}\n;{UNPIN}")
}

/// The length of the text before the statement in such a message.
pub(super) const AHEAD: usize = PIN.len() + 1;

/// Whether the runner's SQL is safe with any path: no function, operator or type in it is resolved by the path.
pub(super) fn is_in_full(sql: &str) -> bool {
    without_literals(sql).split(';').map(str::trim).all(|statement| {
        // A setting's value is not an expression.
        statement.starts_with("SET ") || no_bare_call(statement) && no_bare_operator(statement)
    })
}

/// The SQL without its string literals.
fn without_literals(sql: &str) -> String {
    sql.split('\'').step_by(2).collect::<Vec<_>>().join(" ")
}

/// Words that may precede a parenthesis that is not a function call.
const WORDS: [&str; 12] =
    ["SELECT", "IN", "EXISTS", "WHERE", "AND", "OR", "NOT", "FROM", "OPERATOR", "VALUES", "AS", "ON"];

fn no_bare_call(statement: &str) -> bool {
    statement.match_indices('(').all(|(at, _)| {
        let before = statement.get(..at).unwrap_or_default().trim_end();
        let word =
            before.rsplit(|c: char| !(c.is_ascii_alphanumeric() || c == '_' || c == '.')).next().unwrap_or_default();
        word.is_empty() || word.starts_with("pg_catalog.") || WORDS.contains(&word)
    })
}

fn no_bare_operator(statement: &str) -> bool {
    let parts: Vec<&str> = statement.split("OPERATOR(pg_catalog.").collect();
    parts.iter().enumerate().all(|(index, part)| {
        let rest = if index == 0 { part } else { part.split_once(')').map_or("", |(_, rest)| rest) };
        !rest.contains(['=', '<', '>', '+', '-', '*', '/', '~', '!', '@', '#', '%', '^', '&', '|'])
            && !["LIKE", " BETWEEN ", " IN (", "IS DISTINCT", "NULLIF"].iter().any(|word| rest.contains(word))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_goes_out_with_any_path_names_everything_in_full() {
        for sql in
            [PIN, UNPIN, PIN_OWN, MEASURE_AND_PIN, "BEGIN READ ONLY;SET LOCAL lock_timeout = 5;SELECT 1", "DISCARD ALL"]
        {
            assert!(is_in_full(sql), "{sql}");
        }
        for sql in [
            "SELECT current_schema()",
            "SELECT 1 WHERE a = b",
            "SELECT pg_catalog.now() - a",
            "SELECT a LIKE 'b'",
            "SELECT a || 'b'",
            "SELECT * FROM (VALUES (1)) v WHERE v.x IN (1)",
            "SET a = b;SELECT now()",
        ] {
            assert!(!is_in_full(sql), "{sql}");
        }
    }

    #[test]
    fn a_message_of_ours_takes_our_path_and_gives_the_scripts_back() {
        let message = pinned("SELECT 1 -- last");
        assert_eq!(message.get(AHEAD..AHEAD + 8), Some("SELECT 1"));
        assert!(message.ends_with("-- last\n;SELECT pg_catalog.set_config('search_path', pg_catalog.current_setting('migrascope.search_path'), true)"));
    }
}

//! SQL text for MySQL and MariaDB: literals, and the SQL mode of an ordinary client.

/// The query for the identity of the server and the session.
pub(super) const IDENTITY: &str = "SELECT CAST(DATABASE() AS CHAR), CAST(CURRENT_USER() AS CHAR), CAST(VERSION() AS CHAR), \
     CAST(CONNECTION_ID() AS CHAR), CAST(@@read_only AS CHAR), \
     CAST(@@version_comment AS CHAR), \
     CAST(@@max_allowed_packet AS CHAR), CAST(@@sql_mode AS CHAR), CAST(@@GLOBAL.sql_mode AS CHAR)";

/// Ends the transaction independently of a script's `completion_type`.
pub(super) const COMMIT: &str = "COMMIT AND NO CHAIN NO RELEASE";
pub(super) const ROLLBACK: &str = "ROLLBACK AND NO CHAIN NO RELEASE";

/// Removes `IGNORE_SPACE`, which only this driver sets: `CREATE TABLE count (i INT)` fails with it, and a routine would
/// store it. It stays where the server sets it globally, or sets `ANSI`, which includes it.
pub(super) const AS_ANY_CLIENT: &str = "SET SESSION sql_mode = IF(FIND_IN_SET('IGNORE_SPACE', @@GLOBAL.sql_mode), @@SESSION.sql_mode, \
     TRIM(BOTH ',' FROM REPLACE(CONCAT(',', @@SESSION.sql_mode, ','), ',IGNORE_SPACE,', ',')))";

/// An identifier in backquotes.
pub(super) fn quoted(identifier: &str) -> String {
    format!("`{}`", identifier.replace('`', "``"))
}

/// A hexadecimal literal, which does not depend on `NO_BACKSLASH_ESCAPES` or the connection's character set.
pub(super) fn text_literal(text: &str) -> String {
    use std::fmt::Write as _;
    if text.is_empty() {
        return "''".to_owned();
    }
    let plain = |c: char| c.is_ascii_alphanumeric() || " _-.:/,()".contains(c);
    if text.chars().all(plain) {
        return format!("'{text}'");
    }
    let mut literal = String::with_capacity(text.len() * 2 + 16);
    literal.push_str("CONVERT(0x");
    for byte in text.bytes() {
        let _ = write!(literal, "{byte:02x}");
    }
    literal.push_str(" USING utf8mb4)");
    literal
}

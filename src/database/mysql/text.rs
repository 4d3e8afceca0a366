//! SQL text of MySQL and MariaDB: values, and the mode of any client.

/// Who and what the server is.
pub(super) const IDENTITY: &str = "SELECT CAST(DATABASE() AS CHAR), CAST(CURRENT_USER() AS CHAR), CAST(VERSION() AS CHAR), \
     CAST(CONNECTION_ID() AS CHAR), CAST(@@read_only AS CHAR), \
     CAST(@@version_comment AS CHAR), \
     CAST(@@max_allowed_packet AS CHAR), CAST(@@sql_mode AS CHAR), CAST(@@GLOBAL.sql_mode AS CHAR)";

/// Whatever `completion_type` a script has set.
pub(super) const COMMIT: &str = "COMMIT AND NO CHAIN NO RELEASE";
pub(super) const ROLLBACK: &str = "ROLLBACK AND NO CHAIN NO RELEASE";

/// The driver asks for `IGNORE_SPACE`, which no other client does: `CREATE TABLE count (i INT)` fails with it, and a routine would
/// keep it. It stays where the server has it for everybody, or has `ANSI`, which brings it back.
pub(super) const AS_ANY_CLIENT: &str = "SET SESSION sql_mode = IF(FIND_IN_SET('IGNORE_SPACE', @@GLOBAL.sql_mode), @@SESSION.sql_mode, \
     TRIM(BOTH ',' FROM REPLACE(CONCAT(',', @@SESSION.sql_mode, ','), ',IGNORE_SPACE,', ',')))";

/// A hexadecimal literal: the same text whatever `NO_BACKSLASH_ESCAPES` and the connection's character set say.
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

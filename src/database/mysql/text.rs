//! SQL text of MySQL and MariaDB: values.

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

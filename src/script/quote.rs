//! Finds where quoted text ends. Every function takes the byte after the opening delimiter and returns the byte after the closing one.

/// How a quoted text contains its own quote character.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Escape {
    /// Written twice.
    Doubling,
    /// Written twice or after a backslash.
    Backslash,
    /// Not at all.
    Never,
}

/// The end of a text in quotes; `None` when it is never closed.
pub(super) fn end(bytes: &[u8], mut at: usize, quote: u8, escape: Escape) -> Option<usize> {
    loop {
        at += bytes.get(at..)?.iter().position(|b| *b == quote || *b == b'\\')?;
        let doubled = bytes.get(at + 1) == Some(&quote);
        match bytes[at] {
            b'\\' if escape == Escape::Backslash && quote != b'\\' => at += 2,
            b if b != quote => at += 1,
            _ if doubled && escape != Escape::Never => at += 2,
            _ => return Some(at + 1),
        }
    }
}

/// The end of an `E'…'` string of PostgreSQL; `None` when it is never closed.
///
/// Two strings with a line break between them, and otherwise only whitespace and line comments, are one string: the backslash is an escape
/// in both.
pub(super) fn escape_string_end(bytes: &[u8], at: usize) -> Option<usize> {
    let mut end = end(bytes, at, b'\'', Escape::Backslash)?;
    while let Some(next) = continuation(bytes, end) {
        end = self::end(bytes, next, b'\'', Escape::Backslash)?;
    }
    Some(end)
}

/// The tag of a dollar quote, with both dollar signs; `None` when the dollar sign does not open one.
pub(super) fn dollar_tag(text: &str, at: usize) -> Option<&str> {
    let name = text.get(at + 1..)?;
    let length = name.bytes().position(|b| !is_tag_byte(b))?;
    let starts_well = !name.starts_with(|first: char| first.is_ascii_digit());
    (starts_well && name.as_bytes()[length] == b'$').then(|| &text[at..at + length + 2])
}

/// The end of a dollar quote; `None` when it is never closed.
pub(super) fn dollar_end(text: &str, at: usize, tag: &str) -> Option<usize> {
    text.get(at..)?.find(tag).map(|length| at + length + tag.len())
}

/// The end of a block comment; `None` when it is never closed.
pub(super) fn comment_end(text: &str, at: usize) -> Option<usize> {
    text.get(at..)?.find("*/").map(|length| at + length + 2)
}

/// The end of a block comment that may contain nested ones; `None` when one of them is never closed.
pub(super) fn nested_comment_end(bytes: &[u8], mut at: usize) -> Option<usize> {
    let mut depth = 1_usize;
    while depth > 0 {
        at += bytes.get(at..)?.iter().position(|b| matches!(b, b'*' | b'/'))?;
        match (bytes[at], bytes.get(at + 1)?) {
            (b'*', b'/') => depth -= 1,
            (b'/', b'*') => depth += 1,
            _ => {
                at += 1;
                continue;
            }
        }
        at += 2;
    }
    Some(at)
}

fn continuation(bytes: &[u8], at: usize) -> Option<usize> {
    let (mut next, mut joins) = (at, false);
    loop {
        match bytes.get(next)? {
            b'\n' | b'\r' => joins = true,
            byte if byte.is_ascii_whitespace() || *byte == b'\x0b' => {}
            b'-' if bytes.get(next + 1) == Some(&b'-') => {
                // The comment's line break joins the strings.
                next += bytes[next..].iter().position(|byte| matches!(byte, b'\n' | b'\r'))?;
                continue;
            }
            byte => return (joins && *byte == b'\'').then_some(next + 1),
        }
        next += 1;
    }
}

fn is_tag_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || !byte.is_ascii()
}

//! The statements of a file as Supabase records them: with the comments before them, and without the semicolons after them.

use std::ops::Range;

use crate::migration::Script;

/// The statements of a script, with its placeholders. A comment after the last one counts as a statement.
pub(super) fn statements(script: &Script) -> Vec<String> {
    let text = script.file_text();
    let file = Script::new(script.path(), text, script.dialect());
    let Ok(parsed) = file.parsed() else { return trimmed(text).into_iter().collect() };
    let ends = parsed.statements.iter().map(|statement| statement.end);
    let starts = parsed.statements.iter().map(|statement| statement.start);
    let gaps = std::iter::once(0).chain(ends).zip(starts.chain([text.len()]));
    let cuts: Vec<usize> = gaps.flat_map(|(start, end)| semicolons(text, start..end)).collect();
    let pieces = std::iter::once(0).chain(cuts.iter().map(|cut| cut + 1)).zip(cuts.iter().copied().chain([text.len()]));
    pieces.filter_map(|(start, end)| trimmed(&text[start..end])).collect()
}

fn trimmed(text: &str) -> Option<String> {
    let text = text.trim();
    (!text.is_empty()).then(|| text.to_owned())
}

/// The semicolons between two statements, where there is nothing else but whitespace and comments.
fn semicolons(text: &str, gap: Range<usize>) -> Vec<usize> {
    let bytes = &text.as_bytes()[..gap.end];
    let mut found = Vec::new();
    let mut at = gap.start;
    while let Some(byte) = bytes.get(at) {
        at = match (byte, bytes.get(at + 1)) {
            (b'-', Some(b'-')) => at + bytes[at..].iter().position(|byte| *byte == b'\n').unwrap_or(bytes.len() - at),
            (b'/', Some(b'*')) => comment_end(bytes, at),
            (b';', _) => {
                found.push(at);
                at + 1
            }
            _ => at + 1,
        };
    }
    found
}

/// The end of a block comment, which may have others in it.
fn comment_end(bytes: &[u8], start: usize) -> usize {
    let (mut at, mut depth) = (start, 0_usize);
    while at < bytes.len() {
        match &bytes[at..] {
            [b'/', b'*', ..] => (at, depth) = (at + 2, depth + 1),
            [b'*', b'/', ..] => (at, depth) = (at + 2, depth.saturating_sub(1)),
            _ => at += 1,
        }
        if depth == 0 {
            return at;
        }
    }
    at
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::migration::Dialect;

    /// As Supabase records them.
    #[test]
    fn statements_have_the_comments_before_them() {
        for (text, expected) in [
            (
                "create table a (id int);\ninsert into a values (1);\n",
                &["create table a (id int)", "insert into a values (1)"][..],
            ),
            ("-- c\r\ncreate table b (id int);", &["-- c\r\ncreate table b (id int)"]),
            ("", &[]),
            ("select 1;\n-- end; of it\n", &["select 1", "-- end; of it"]),
            (
                "select 1 -- ; no\n;;\n/* ; /* ; */ ; */ select ';' ;",
                &["select 1 -- ; no", "/* ; /* ; */ ; */ select ';'"],
            ),
            ("select $$a;b$$; select 2", &["select $$a;b$$", "select 2"]),
            ("select 'a", &["select 'a"]),
        ] {
            let script = Script::new("1_a.sql", text, Dialect::ALL[0]);
            assert_eq!(statements(&script), expected, "{text}");
        }
    }
}

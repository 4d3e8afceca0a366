//! Escapes text for terminals, logs, pages and other systems: characters that move the cursor, end the line or change the direction of the
//! text are shown instead of sent. All output passes through here.

use std::borrow::Cow;
use std::fmt::Write as _;

/// The characters of a foreign text that are shown.
const LONGEST: usize = 2000;
/// The characters of a line on a terminal, colours included.
const LONGEST_LINE: usize = 20_000;

/// How a control character is written.
#[derive(Debug, Clone, Copy)]
enum Form {
    /// For people: `␛`, `\u{9b}`; a tab becomes four spaces, a line end becomes one.
    Text,
    /// In JSON, as an escape with the same value; line ends between values are kept.
    Json,
    /// In a label of Prometheus text, where a backslash is doubled; line ends between series are kept.
    Label,
}

/// Control characters (C0, DEL, C1), line and paragraph separators, and characters that set the direction of text.
fn is_control(character: char) -> bool {
    matches!(character,
        '\0'..='\u{1f}' | '\u{7f}'..='\u{9f}' | '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}'
        | '\u{2066}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}')
}

fn escaped(text: &str, form: Form) -> Cow<'_, str> {
    if !text.contains(is_control) {
        return Cow::Borrowed(text);
    }
    let mut safe = String::with_capacity(text.len() + 16);
    let mut last = '\0';
    for character in text.chars() {
        match (form, character) {
            (Form::Json | Form::Label, '\n') => safe.push('\n'),
            (Form::Json, character) if is_control(character) => {
                for unit in character.encode_utf16(&mut [0; 2]) {
                    _ = write!(safe, "\\u{unit:04x}");
                }
            }
            (Form::Text, '\n') if last == '\r' => {}
            (Form::Text, '\r' | '\n') => safe.push(' '),
            (Form::Text, '\t') => safe.push_str("    "),
            (_, '\0'..='\u{1f}') => safe.push(char::from_u32(0x2400 + u32::from(character)).unwrap_or('␀')),
            (_, '\u{7f}') => safe.push('␡'),
            (Form::Label, character) if is_control(character) => {
                _ = write!(safe, "\\\\u{{{:x}}}", u32::from(character));
            }
            (Form::Text, character) if is_control(character) => _ = write!(safe, "\\u{{{:x}}}", u32::from(character)),
            (_, character) => safe.push(character),
        }
        last = character;
    }
    Cow::Owned(safe)
}

/// A foreign text as a part of one line, shortened.
pub(crate) fn one_line(text: &str) -> String {
    escaped(&shortened(text), Form::Text).into_owned()
}

/// The same with its line ends. Each line but the first begins with a bar, so that none looks like a line of ours.
pub(crate) fn lines(text: &str) -> String {
    let text = shortened(text);
    let lines: Vec<_> = text.lines().map(|line| escaped(line, Form::Text)).collect();
    lines.join("\n| ")
}

/// A line of our output.
pub(crate) fn plain(line: &str) -> String {
    escaped(&cut(line, LONGEST_LINE), Form::Text).into_owned()
}

/// The same with our own colours, and no other escape sequence.
pub(crate) fn styled(line: &str) -> String {
    let line = cut(line, LONGEST_LINE);
    let mut rest = &*line;
    let mut safe = String::with_capacity(rest.len());
    while let Some(at) = rest.find('\u{1b}') {
        let (before, sequence) = rest.split_at(at);
        safe.push_str(&escaped(before, Form::Text));
        let length = colour(sequence).unwrap_or_default();
        safe.push_str(if length == 0 { "␛" } else { &sequence[..length] });
        rest = &sequence[length.max(1)..];
    }
    safe.push_str(&escaped(rest, Form::Text));
    if matches!(line, Cow::Owned(_)) && safe.contains('\u{1b}') {
        safe.push_str("\u{1b}[0m");
    }
    safe
}

/// The length of an escape sequence at the start that sets a colour or weight that we use.
fn colour(text: &str) -> Option<usize> {
    let inside = text.strip_prefix("\u{1b}[")?;
    let end = inside.find('m')?;
    let ours = |number: &str| matches!(number.parse(), Ok(0..=4 | 31..=36 | 91..=96)) && number.len() <= 2;
    inside[..end].split(';').all(ours).then_some(end + "\u{1b}[m".len())
}

/// The same JSON value without control characters.
pub(crate) fn json(text: &str) -> Cow<'_, str> {
    escaped(text, Form::Json)
}

/// The same Prometheus text without control characters in labels.
pub(crate) fn prometheus(text: &str) -> Cow<'_, str> {
    escaped(text, Form::Label)
}

/// A shortened text, with the number of characters that are left out.
pub(crate) fn shortened(text: &str) -> Cow<'_, str> {
    cut(text, LONGEST)
}

fn cut(text: &str, longest: usize) -> Cow<'_, str> {
    // A text has no more characters than bytes.
    if text.len() <= longest {
        return Cow::Borrowed(text);
    }
    match text.char_indices().nth(longest) {
        Some((end, _)) => {
            let more = text[end..].chars().count();
            Cow::Owned(format!("{}… ({more} more characters)", &text[..end]))
        }
        None => Cow::Borrowed(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every control character, each after a letter.
    fn hostile() -> String {
        ('\0'..='\u{ffff}').filter(|character| is_control(*character)).flat_map(|character| ['a', character]).collect()
    }

    #[test]
    fn no_control_character_is_left() {
        let text = hostile();
        for safe in [one_line(&text), plain(&text), styled(&text), lines(&text).replace("\n| ", "")] {
            assert!(!safe.contains(is_control), "{safe:?}");
        }
        assert_eq!(serde_json::from_str::<String>(&json(&serde_json::json!(text).to_string())).expect("JSON"), text);
        assert!(!json(&serde_json::json!(text).to_string()).contains(is_control));
        assert_eq!(prometheus("a{b=\"\u{9b}\u{1b}\"} 1\n"), "a{b=\"\\\\u{9b}␛\"} 1\n");
    }

    #[test]
    fn a_line_stays_one() {
        assert_eq!(one_line("a\r\nb\nc\rd\te"), "a b c d    e");
        assert_eq!(lines("a\n::error::b\r\n"), "a\n| ::error::b");
        assert_eq!(one_line("\u{1b}[31mred\u{9b}2J\u{202e}"), "␛[31mred\\u{9b}2J\\u{202e}");
    }

    #[test]
    fn only_our_own_colours_are_kept() {
        let table = [
            ("\u{1b}[1m\u{1b}[91merror\u{1b}[0m", "\u{1b}[1m\u{1b}[91merror\u{1b}[0m"),
            ("\u{1b}[1;31mx", "\u{1b}[1;31mx"),
            ("\u{1b}[8mhidden", "␛[8mhidden"),
            ("\u{1b}[2Jgone", "␛[2Jgone"),
            ("\u{1b}]0;title\u{7}", "␛]0;title␇"),
            ("\u{1b}[;m\u{1b}[", "␛[;m␛["),
            ("\u{1b}[38;5;1mx", "␛[38;5;1mx"),
        ];
        for (line, expected) in table {
            assert_eq!(styled(line), expected);
        }
    }

    #[test]
    fn what_is_too_long_is_cut() {
        let long = "ä".repeat(LONGEST + 7);
        assert!(one_line(&long).ends_with("ä… (7 more characters)"));
        assert_eq!(one_line(&long[..LONGEST * 2]), long[..LONGEST * 2]);
        assert!(styled(&format!("\u{1b}[31m{}", "x".repeat(LONGEST_LINE))).ends_with("characters)\u{1b}[0m"));
    }
}

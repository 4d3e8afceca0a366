//! A second reader of SQL, written from the servers' manuals and not from the lexer, for the two to be compared.

use std::ops::Range;

use migrascope::migration::Dialect;

/// Where a comment would begin.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Spot {
    /// Between two statements.
    Gap,
    /// In a statement.
    Statement,
}

/// Which quotes are meant.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Quotes {
    /// Those that only strings have.
    Strings,
    /// Those of SQLite too that have a name in them or a string.
    All,
}

/// The comments and the literals of one statement.
#[derive(Default)]
pub(crate) struct Pieces {
    /// Without hints and executable comments.
    pub(crate) comments: Vec<Range<usize>>,
    /// What stands between the quotes of each.
    literals: Vec<(Range<usize>, Quotes)>,
}

impl Pieces {
    pub(crate) fn of(text: &str, dialect: Dialect) -> Self {
        let at = if text.starts_with('\u{feff}') { 3 } else { 0 };
        let mut reader = Reader { text, dialect, at, spot: Spot::Gap, executable: false, found: Self::default() };
        while reader.at < text.len() {
            reader.step();
        }
        reader.found
    }

    /// The text with a secret at the beginning and at the end of each literal.
    pub(crate) fn plant(&self, text: &str, secret: &str, quotes: Quotes) -> String {
        let mut planted = String::with_capacity(text.len() + self.literals.len() * 2 * secret.len());
        let mut end = 0;
        for (inside, _) in self.literals.iter().filter(|(_, of)| quotes == Quotes::All || *of == Quotes::Strings) {
            planted.push_str(&text[end..inside.start]);
            planted.push_str(secret);
            planted.push_str(&text[inside.clone()]);
            planted.push_str(secret);
            end = inside.end;
        }
        planted.push_str(&text[end..]);
        planted
    }
}

struct Reader<'a> {
    text: &'a str,
    dialect: Dialect,
    at: usize,
    spot: Spot,
    /// Whether an executable comment is open.
    executable: bool,
    found: Pieces,
}

impl Reader<'_> {
    fn step(&mut self) {
        let rest = &self.text[self.at..];
        let bytes = rest.as_bytes();
        if is_blank(bytes[0]) {
            self.at += 1;
            return;
        }
        if let Some(length) = self.hint(rest) {
            self.at += length;
        } else if let Some(length) = comment(rest, self.dialect, self.spot) {
            self.found.comments.push(self.at..self.at + length);
            self.at += length;
            return;
        } else {
            self.token(bytes);
        }
        self.spot = Spot::Statement;
    }

    /// The length of an optimizer hint or of the mark that opens or closes an executable comment.
    fn hint(&mut self, rest: &str) -> Option<usize> {
        if self.dialect != Dialect::Mysql {
            return None;
        }
        if rest.starts_with("/*+") {
            return Some(rest.find("*/").map_or(rest.len(), |end| end + 2));
        }
        if self.executable {
            self.executable = !rest.starts_with("*/");
            return (!self.executable).then_some(2);
        }
        let mark = ["/*!", "/*M!"].into_iter().find(|mark| rest.starts_with(mark))?.len();
        self.executable = true;
        Some(mark + rest[mark..].bytes().take(6).take_while(u8::is_ascii_digit).count())
    }

    fn token(&mut self, bytes: &[u8]) {
        match (bytes[0], self.dialect) {
            (b'e' | b'E', Dialect::Postgres) if bytes.get(1) == Some(&b'\'') => {
                self.at += 1;
                self.escape_string();
            }
            (b'\'', Dialect::Mysql) | (b'"', Dialect::Mysql) => self.literal(bytes[0], true, Quotes::Strings),
            (b'\'', _) => self.literal(b'\'', false, Quotes::Strings),
            (b'"', Dialect::Sqlite) => self.literal(b'"', false, Quotes::All),
            (b'"', Dialect::Postgres) | (b'`', Dialect::Mysql | Dialect::Sqlite) => {
                self.at = self.quoted(bytes[0], false).end + 1;
            }
            (b'[', Dialect::Sqlite) => {
                self.skip(bytes.iter().position(|b| *b == b']').map_or(bytes.len(), |at| at + 1))
            }
            (b'$', Dialect::Postgres) => self.dollar(),
            (b'$', Dialect::Sqlite) => self.skip(1),
            (b'0'..=b'9', _) => self.run(|b| is_word_byte(b) && b != b'$' || b == b'.'),
            (b, _) if is_word_byte(b) => self.run(is_word_byte),
            _ => self.skip(1),
        }
        self.at = self.at.min(self.text.len());
    }

    fn skip(&mut self, bytes: usize) {
        self.at += bytes;
    }

    fn run(&mut self, belongs: fn(u8) -> bool) {
        let rest = &self.text.as_bytes()[self.at..];
        self.at += rest.iter().position(|b| !belongs(*b)).unwrap_or(rest.len());
    }

    fn literal(&mut self, quote: u8, backslash: bool, quotes: Quotes) {
        let inside = self.quoted(quote, backslash);
        self.at = inside.end + 1;
        self.found.literals.push((inside, quotes));
    }

    /// What stands in the quotes that open here, to the end of the text where nothing closes them.
    fn quoted(&self, quote: u8, backslash: bool) -> Range<usize> {
        let bytes = self.text.as_bytes();
        let start = self.at + 1;
        let mut end = start;
        while let Some(byte) = bytes.get(end) {
            let escapes = *byte == quote && bytes.get(end + 1) == Some(&quote) || backslash && *byte == b'\\';
            match escapes {
                true => end += 2,
                false if *byte == quote => break,
                false => end += 1,
            }
        }
        // A backslash may be the last byte, and half of a character may stand behind it.
        let mut end = end.min(bytes.len());
        while !self.text.is_char_boundary(end) {
            end += 1;
        }
        start..end
    }

    /// Strings with a line end between them are one, and the backslash keeps its meaning.
    fn escape_string(&mut self) {
        self.literal(b'\'', true, Quotes::Strings);
        while let Some(next) = self.continuation() {
            self.at = next;
            self.literal(b'\'', true, Quotes::Strings);
        }
    }

    /// Line comments may stand between the two, and count as a part of the string.
    fn continuation(&self) -> Option<usize> {
        let mut at = self.at;
        loop {
            let rest = self.text.get(at..)?;
            if is_blank(*rest.as_bytes().first()?) {
                at += 1;
            } else if rest.starts_with("--") {
                at += comment(rest, self.dialect, Spot::Statement)?;
            } else {
                let joins = self.text[self.at..at].contains(['\n', '\r']);
                return (joins && rest.starts_with('\'')).then_some(at);
            }
        }
    }

    fn dollar(&mut self) {
        let rest = &self.text[self.at..];
        let name = rest[1..].bytes().take_while(|b| is_word_byte(*b) && *b != b'$').count();
        let tag = rest.get(..name + 2).filter(|tag| tag.ends_with('$') && !tag.as_bytes()[1].is_ascii_digit());
        let Some(tag) = tag else {
            return self.skip(1 + rest[1..].bytes().take_while(u8::is_ascii_digit).count());
        };
        let start = self.at + tag.len();
        let end = self.text[start..].find(tag).map_or(self.text.len(), |length| start + length);
        self.found.literals.push((start..end, Quotes::Strings));
        self.at = end + tag.len();
    }
}

/// The length of the comment at the start of a text.
pub(crate) fn comment(text: &str, dialect: Dialect, spot: Spot) -> Option<usize> {
    let line = match dialect {
        Dialect::Mysql => text.starts_with('#') || text.starts_with("--") && (spot == Spot::Gap || blank_behind(text)),
        Dialect::Postgres | Dialect::Sqlite => text.starts_with("--"),
    };
    if line {
        let ends: &[char] = if dialect == Dialect::Postgres { &['\n', '\r'] } else { &['\n'] };
        return Some(text.find(ends).unwrap_or(text.len()));
    }
    text.starts_with("/*").then(|| match dialect {
        Dialect::Postgres => nested_comment(text.as_bytes()),
        Dialect::Mysql | Dialect::Sqlite => text[2..].find("*/").map_or(text.len(), |end| end + 4),
    })
}

/// MySQL wants a blank or a control character behind the two dashes.
fn blank_behind(text: &str) -> bool {
    text.as_bytes().get(2).is_none_or(|b| *b <= b' ' || *b == 0x7f)
}

fn nested_comment(bytes: &[u8]) -> usize {
    let (mut at, mut depth) = (2, 1);
    while depth > 0 {
        match bytes.get(at..at + 2) {
            Some(b"/*") => depth += 1,
            Some(b"*/") => depth -= 1,
            Some(_) => {
                at += 1;
                continue;
            }
            None => return bytes.len(),
        }
        at += 2;
    }
    at
}

/// What PostgreSQL, MySQL and SQLite take for a blank.
pub(crate) fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t'..=b'\r')
}

/// What a word may hold.
pub(crate) fn is_word_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'$') || !byte.is_ascii()
}

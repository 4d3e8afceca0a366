//! What a person wrote: versions, scripts, statements and the sorted set of migrations.

mod dialect;
mod statement;

use std::cmp::Ordering;
use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use sha2::{Digest, Sha256};

pub use self::dialect::Dialect;
pub use self::statement::{SessionLock, Statement, StatementKind};

/// A migration's version, ordered as a number however many digits it has.
///
/// Parts separated by dots are compared one by one; leading zeros and trailing zero parts do not count,
/// so `007` equals `7` and `1.0` equals `1`.
#[derive(Debug, Clone)]
pub struct Version {
    text: String,
    /// Where its digits begin to count, when it is one number: such a one compares by length and bytes.
    number: Option<usize>,
}

impl Version {
    /// Reads decimal digits; `None` for anything else.
    #[must_use]
    pub fn from_digits(text: &str) -> Option<Self> {
        (!text.is_empty() && text.bytes().all(|b| b.is_ascii_digit())).then(|| Self::from_history(text))
    }

    /// Takes a version as a history table stores it.
    #[must_use]
    pub fn from_history(text: &str) -> Self {
        let zeros = text.bytes().take_while(|byte| *byte == b'0').count();
        Self { text: text.to_owned(), number: (!text.contains('.')).then_some(zeros) }
    }

    /// The version as it was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The version without leading zeros and trailing zero parts: what a history table stores.
    #[must_use]
    pub fn canonical(&self) -> String {
        let parts: Vec<&str> = self.parts().collect();
        parts.join(".")
    }

    /// The version as an integer when it is one that a double holds exactly (at most 2^53).
    #[must_use]
    pub fn as_exact_integer(&self) -> Option<u64> {
        self.canonical().parse().ok().filter(|n| *n <= 1 << 53)
    }

    fn parts(&self) -> impl Iterator<Item = &str> {
        let end = self.text.trim_end_matches(['0', '.']).len();
        let kept = self.text[end..].find('.').map_or(self.text.len(), |dot| end + dot);
        self.text[..kept].split('.').map(|part| {
            let digits = part.trim_start_matches('0');
            if digits.is_empty() { &part[part.len().saturating_sub(1)..] } else { digits }
        })
    }
}

impl Ord for Version {
    fn cmp(&self, other: &Self) -> Ordering {
        if let (Some(a), Some(b)) = (self.number, other.number) {
            let (a, b) = (&self.text[a..], &other.text[b..]);
            return a.len().cmp(&b.len()).then_with(|| a.cmp(b));
        }
        let mut left = self.parts();
        let mut right = other.parts();
        loop {
            match (left.next(), right.next()) {
                (None, None) => return Ordering::Equal,
                (None, Some(_)) => return Ordering::Less,
                (Some(_), None) => return Ordering::Greater,
                (Some(a), Some(b)) => match a.len().cmp(&b.len()).then_with(|| a.cmp(b)) {
                    Ordering::Equal => {}
                    unequal => return unequal,
                },
            }
        }
    }
}

impl PartialOrd for Version {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Version {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Version {}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.text)
    }
}

/// A SHA-256 in lower-case hexadecimal.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Checksum(String);

impl Checksum {
    /// The checksum of a script's text: without a byte order mark and with LF line ends, so that line ends never matter.
    #[must_use]
    pub fn of_text(text: &str) -> Self {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let mut hash = Sha256::new();
        update_with_lf(&mut hash, text);
        Self::from_digest(&hash.finalize())
    }

    /// The checksum of a sequence of tokens, each ended by a zero byte; comments and blanks are not among them.
    pub fn of_tokens<'a>(tokens: impl Iterator<Item = &'a str>) -> Self {
        let mut hash = Sha256::new();
        for token in tokens {
            hash.update(token.as_bytes());
            hash.update([0]);
        }
        Self::from_digest(&hash.finalize())
    }

    /// Takes a checksum as a history table stores it.
    #[must_use]
    pub fn from_history(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// Lower-case hexadecimal.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    fn from_digest(digest: &[u8]) -> Self {
        const DIGITS: &[u8; 16] = b"0123456789abcdef";
        let halves = digest.iter().flat_map(|byte| [byte >> 4, byte & 0xf]);
        Self(halves.map(|half| char::from(DIGITS[usize::from(half)])).collect())
    }
}

impl fmt::Display for Checksum {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

fn update_with_lf(hash: &mut Sha256, text: &str) {
    for (index, line) in text.split("\r\n").enumerate() {
        if index > 0 {
            hash.update(b"\n");
        }
        hash.update(line.as_bytes());
    }
}

/// The checksum of the statements that have taken effect, kept up with each: with LF line ends, a zero byte behind each.
#[derive(Debug, Clone, Default)]
pub(crate) struct Progress(Sha256);

impl Progress {
    /// Of these statements.
    pub(crate) fn of<'a>(statements: impl Iterator<Item = &'a str>) -> Self {
        let mut progress = Self::default();
        statements.for_each(|statement| progress.add(statement));
        progress
    }

    /// One more has taken effect.
    pub(crate) fn add(&mut self, statement: &str) {
        update_with_lf(&mut self.0, statement);
        self.0.update([0]);
    }

    /// Of all of them.
    pub(crate) fn checksum(&self) -> Checksum {
        Checksum::from_digest(&self.0.clone().finalize())
    }
}

/// A place in a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Place {
    /// Bytes before it.
    pub byte: usize,
    /// Line, counted from 1.
    pub line: u32,
    /// Column in characters, counted from 1.
    pub column: u32,
}

impl Place {
    /// The place `byte` bytes into `text`; a byte inside a character counts as that character's first.
    #[must_use]
    pub fn at(text: &str, byte: usize) -> Self {
        let byte = text.floor_char_boundary(byte);
        let before = &text[..byte];
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        let line = before.bytes().filter(|b| *b == b'\n').count() + 1;
        let column = before[line_start..].chars().count() + 1;
        Self { byte, line: clamp(line), column: clamp(column) }
    }
}

fn clamp(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

/// What `-- migrascope: …` comments of a script ask for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Directives {
    /// `no-transaction`: run statement by statement, each committed by itself.
    pub no_transaction: bool,
    /// `lock-timeout=5s`.
    pub lock_timeout: Option<Duration>,
    /// `statement-timeout=30min`.
    pub statement_timeout: Option<Duration>,
    /// `allow=<hazard>`, any number of times.
    pub allow: Vec<String>,
}

/// One SQL file, read and split.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Script {
    /// The file, as the user named its directory.
    pub path: PathBuf,
    /// The text without byte order mark.
    pub text: String,
    /// The statements in order; their ranges point into `text`.
    pub statements: Vec<Statement>,
    /// What its comments ask for.
    pub directives: Directives,
    /// Of the text.
    pub checksum: Checksum,
    /// Of the tokens: equal when only comments and blanks differ.
    pub token_checksum: Checksum,
}

/// One migration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Migration {
    /// Its version, unique in a set.
    pub version: Version,
    /// Its name, as the file has it.
    pub name: String,
    /// The way forward.
    pub up: Script,
    /// The way back, where there is one.
    pub down: Option<Script>,
}

impl fmt::Display for Migration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.version, self.name)
    }
}

/// All migrations of a directory, sorted by version, no version twice.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MigrationSet(Vec<Migration>);

impl MigrationSet {
    /// Sorts by version; the two migrations that share one version when there are such.
    ///
    /// # Errors
    /// The first pair with the same version, in the order of the versions.
    pub fn new(mut migrations: Vec<Migration>) -> Result<Self, Box<(Migration, Migration)>> {
        migrations.sort_by(|a, b| a.version.cmp(&b.version));
        if let Some(twice) = migrations.windows(2).position(|pair| pair[0].version == pair[1].version) {
            let second = migrations.swap_remove(twice + 1);
            let first = migrations.swap_remove(twice);
            return Err(Box::new((first, second)));
        }
        Ok(Self(migrations))
    }

    /// The migrations in order.
    pub fn iter(&self) -> std::slice::Iter<'_, Migration> {
        self.0.iter()
    }

    /// The migration with this version.
    #[must_use]
    pub fn get(&self, version: &Version) -> Option<&Migration> {
        self.0.binary_search_by(|m| m.version.cmp(version)).ok().map(|index| &self.0[index])
    }

    /// How many.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl<'a> IntoIterator for &'a MigrationSet {
    type Item = &'a Migration;
    type IntoIter = std::slice::Iter<'a, Migration>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.iter()
    }
}

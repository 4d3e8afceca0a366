//! Checksums of texts and of statements that have taken effect.

use std::fmt;

use sha2::{Digest, Sha256};

/// A SHA-256 in lower-case hexadecimal.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Checksum(String);

impl Checksum {
    /// The checksum of a script's text, without a byte order mark and with LF line endings, so that line endings never matter.
    #[must_use]
    pub fn of_text(text: &str) -> Self {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let mut hash = Sha256::new();
        update_with_lf(&mut hash, text);
        Self::from_digest(&hash.finalize())
    }

    /// The checksum of a sequence of tokens, each terminated by a zero byte, without comments and whitespace.
    pub fn of_tokens<'a>(tokens: impl Iterator<Item = &'a str>) -> Self {
        let mut hash = Sha256::new();
        for token in tokens {
            hash.update(token.as_bytes());
            hash.update([0]);
        }
        Self::from_digest(&hash.finalize())
    }

    /// A checksum read from a history table.
    #[must_use]
    pub fn from_history(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The checksum in lower-case hexadecimal.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    fn from_digest(digest: &[u8]) -> Self {
        Self(hexadecimal(digest))
    }
}

/// Bytes in lower-case hexadecimal.
pub(crate) fn hexadecimal(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let halves = bytes.iter().flat_map(|byte| [byte >> 4, byte & 0xf]);
    halves.map(|half| char::from(DIGITS[usize::from(half)])).collect()
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

/// The running checksum of the statements that have taken effect, with LF line endings and a zero byte after each statement.
#[derive(Debug, Clone, Default)]
pub(crate) struct Progress(Sha256);

impl Progress {
    /// The checksum of these statements.
    pub(crate) fn of<'a>(statements: impl Iterator<Item = &'a str>) -> Self {
        let mut progress = Self::default();
        statements.for_each(|statement| progress.add(statement));
        progress
    }

    /// Adds a statement that has taken effect.
    pub(crate) fn add(&mut self, statement: &str) {
        update_with_lf(&mut self.0, statement);
        self.0.update([0]);
    }

    /// The checksum of all statements so far.
    pub(crate) fn checksum(&self) -> Checksum {
        Checksum::from_digest(&self.0.clone().finalize())
    }
}

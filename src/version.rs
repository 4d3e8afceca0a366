//! The version that identifies and orders a migration, and the direction of a migration.

use std::cmp::Ordering;
use std::fmt;
use std::str::FromStr;

use serde::Serialize;

/// A migration's version, ordered as a number with any number of digits.
///
/// Parts separated by dots are compared one by one; leading zeros and trailing zero parts are ignored,
/// so `007` equals `7` and `1.0` equals `1`.
#[derive(Debug, Clone)]
pub struct Version {
    text: String,
    /// The offset of the first significant digit, when it is a single number; such versions compare by length, then bytes.
    number: Option<usize>,
}

impl Version {
    /// Parses decimal digits; `None` for anything else.
    #[must_use]
    pub fn from_digits(text: &str) -> Option<Self> {
        (!text.is_empty() && text.bytes().all(|b| b.is_ascii_digit())).then(|| Self::from_history(text))
    }

    /// A version read from a history table.
    #[must_use]
    pub fn from_history(text: &str) -> Self {
        let zeros = text.bytes().take_while(|byte| *byte == b'0').count();
        Self { text: text.to_owned(), number: (!text.contains('.')).then_some(zeros) }
    }

    /// The version as written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The version without leading zeros and trailing zero parts, as a history table stores it.
    #[must_use]
    pub fn canonical(&self) -> String {
        let parts: Vec<&str> = self.parts().collect();
        parts.join(".")
    }

    /// The version as an integer, when a double can represent it exactly (at most 2^53).
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

/// A text that is not a version.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is not a version: it is made of digits, in parts separated by dots")]
pub struct InvalidVersion {
    text: String,
}

/// Reads decimal digits, in parts separated by dots.
///
/// ```
/// use migrascope::migration::Version;
///
/// let version: Version = "1.10".parse()?;
/// assert!(version > "1.9".parse()?);
/// assert_eq!("1.x".parse::<Version>().unwrap_err().to_string(), r#""1.x" is not a version: it is made of digits, in parts separated by dots"#);
/// # Ok::<(), migrascope::migration::InvalidVersion>(())
/// ```
impl FromStr for Version {
    type Err = InvalidVersion;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let is_part = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
        match text.split('.').all(is_part) {
            true => Ok(Self::from_history(text)),
            false => Err(InvalidVersion { text: text.to_owned() }),
        }
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

/// The direction of a migration.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Direction {
    /// Apply it.
    Up,
    /// Revert it.
    Down,
}

impl Direction {
    /// `up` or `down`.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Up => "up",
            Self::Down => "down",
        }
    }

    /// The direction of a command or of a journal row, from its word: `down` is down, and everything else (`up`, `exec`,
    /// `repair`, `baseline`) is up.
    #[must_use]
    pub fn of(word: &str) -> Self {
        if word == Self::Down.word() { Self::Down } else { Self::Up }
    }
}

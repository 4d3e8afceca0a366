//! The version that identifies and orders a migration, and the direction of a migration.

mod collation;

use std::borrow::Cow;
use std::cmp::Ordering;
use std::fmt;
use std::str::FromStr;

use serde::Serialize;

/// How a layout compares its versions. Two versions of different orders are never equal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum VersionOrder {
    /// As numbers, or as parts that are numbers. Leading zeros and trailing zero parts are ignored; any other text comes after numbers.
    #[default]
    Numbers,
    /// As texts, by bytes: `10` comes before `9`, and `007` is not `7`.
    Bytes,
    /// As texts in the root collation of Unicode, as JavaScript's `localeCompare` does.
    Collation,
}

/// A migration's version, ordered as a number with any number of digits, unless its layout has another [`VersionOrder`].
///
/// Parts separated by dots are compared one by one; leading zeros and trailing zero parts are ignored,
/// so `007` equals `7` and `1.0` equals `1`. Any other text is a name: names are compared by bytes, and come after numbers.
#[derive(Debug, Clone)]
pub struct Version {
    text: String,
    order: Order,
}

/// What a version is ordered as. Numbers come before names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Order {
    /// A single number with this many leading zeros: compared by length, then by bytes.
    Number(usize),
    /// Numbers separated by dots: compared one by one.
    Parts,
    /// A name: compared by bytes.
    Name,
    /// In an order for which digits have no meaning.
    Text(VersionOrder),
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
        let is_part = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
        let order = match text.split('.').all(is_part) {
            true if text.contains('.') => Order::Parts,
            true => Order::Number(text.bytes().take_while(|byte| *byte == b'0').count()),
            false => Order::Name,
        };
        Self { text: text.to_owned(), order }
    }

    /// A version in the order of a layout.
    #[must_use]
    pub fn new(text: &str, order: VersionOrder) -> Self {
        match order {
            VersionOrder::Numbers => Self::from_history(text),
            text_order => Self { text: text.to_owned(), order: Order::Text(text_order) },
        }
    }

    /// The same version in the order of a layout.
    #[must_use]
    pub fn ordered(&self, order: VersionOrder) -> Cow<'_, Self> {
        match self.order() == order {
            true => Cow::Borrowed(self),
            false => Cow::Owned(Self::new(&self.text, order)),
        }
    }

    fn order(&self) -> VersionOrder {
        match self.order {
            Order::Text(order) => order,
            Order::Number(_) | Order::Parts | Order::Name => VersionOrder::Numbers,
        }
    }

    /// The version as written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The version as a history table stores it: without leading zeros and trailing zero parts where they have no meaning.
    #[must_use]
    pub fn canonical(&self) -> String {
        match self.order {
            Order::Name | Order::Text(_) => self.text.clone(),
            Order::Number(_) | Order::Parts => self.parts().collect::<Vec<_>>().join("."),
        }
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
        match Self::from_history(text) {
            Self { order: Order::Name, .. } => Err(InvalidVersion { text: text.to_owned() }),
            version => Ok(version),
        }
    }
}

impl Ord for Version {
    fn cmp(&self, other: &Self) -> Ordering {
        match (self.order, other.order) {
            (Order::Number(a), Order::Number(b)) => {
                let (a, b) = (&self.text[a..], &other.text[b..]);
                return a.len().cmp(&b.len()).then_with(|| a.cmp(b));
            }
            (Order::Text(a), Order::Text(b)) if a != b => return a.cmp(&b),
            (Order::Text(VersionOrder::Collation), Order::Text(_)) => {
                return collation::compare(&self.text, &other.text);
            }
            (Order::Name, Order::Name) | (Order::Text(_), Order::Text(_)) => return self.text.cmp(&other.text),
            (Order::Text(_), _) => return Ordering::Greater,
            (_, Order::Text(_)) => return Ordering::Less,
            (Order::Name, _) => return Ordering::Greater,
            (_, Order::Name) => return Ordering::Less,
            _ => {}
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

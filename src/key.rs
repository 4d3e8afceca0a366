//! What a migration is known by.

use std::borrow::Cow;
use std::fmt;

use crate::version::{Version, VersionOrder};

/// How a repeatable migration's key begins where it is stored as text beside versions.
const REPEATABLE: &str = "repeatable:";

/// What a migration is known by: its version, or the name of a repeatable one. Repeatable migrations come after all versions, ordered by name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Key {
    /// The version of a migration that is applied once.
    Version(Version),
    /// The name of a migration that is applied again whenever its file has changed.
    Repeatable(String),
}

impl Key {
    /// A key as our tables store it.
    #[must_use]
    pub fn from_history(text: &str) -> Self {
        match text.strip_prefix(REPEATABLE) {
            Some(name) => Self::Repeatable(name.to_owned()),
            None => Self::Version(Version::from_history(text)),
        }
    }

    /// The key as our tables store it.
    #[must_use]
    pub fn canonical(&self) -> Cow<'_, str> {
        match self {
            Self::Version(version) => Cow::Owned(version.canonical()),
            Self::Repeatable(name) => Cow::Owned(format!("{REPEATABLE}{name}")),
        }
    }

    /// The same key in the order of a layout.
    #[must_use]
    pub fn ordered(&self, order: VersionOrder) -> Cow<'_, Self> {
        match self.version().map(|version| version.ordered(order)) {
            Some(Cow::Owned(version)) => Cow::Owned(Self::Version(version)),
            Some(Cow::Borrowed(_)) | None => Cow::Borrowed(self),
        }
    }

    /// The version as it was written, or the name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::Version(version) => version.as_str(),
            Self::Repeatable(name) => name,
        }
    }

    /// The version; `None` for a repeatable migration.
    #[must_use]
    pub fn version(&self) -> Option<&Version> {
        match self {
            Self::Version(version) => Some(version),
            Self::Repeatable(_) => None,
        }
    }

    /// Whether it is the key of a repeatable migration.
    #[must_use]
    pub fn is_repeatable(&self) -> bool {
        matches!(self, Self::Repeatable(_))
    }
}

impl From<Version> for Key {
    fn from(version: Version) -> Self {
        Self::Version(version)
    }
}

impl PartialEq<Version> for Key {
    fn eq(&self, version: &Version) -> bool {
        self.version() == Some(version)
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

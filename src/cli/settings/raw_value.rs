//! A value before it is parsed, and where it comes from.

use std::fmt;

use crate::cli::explain::{Diagnosis, Excerpt};
use crate::cli::option::mask;

/// The text of a value and its origin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct RawValue {
    pub(super) text: String,
    pub(super) origin: Origin,
}

/// A value as its text, or as the path of a file that holds it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Choice {
    Text(RawValue),
    File(RawValue),
}

impl Choice {
    /// The text, or the path.
    pub(super) fn raw(&self) -> &RawValue {
        let (Self::Text(raw) | Self::File(raw)) = self;
        raw
    }
}

/// Where a value was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Origin {
    /// On the command line.
    Flag(&'static str),
    /// In an environment variable.
    Variable(String),
    /// In a `.env` file.
    DotEnv(String),
    /// In the settings file.
    Key(&'static str, Excerpt),
}

impl Origin {
    /// The line of the settings file.
    pub(super) fn excerpt(&self) -> Option<Excerpt> {
        match self {
            Self::Key(_, excerpt) => Some(excerpt.clone()),
            Self::Flag(_) | Self::Variable(_) | Self::DotEnv(_) => None,
        }
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Flag(name) => write!(f, "--{name}"),
            Self::Variable(name) => f.write_str(name),
            Self::DotEnv(name) => write!(f, "{name} from .env"),
            Self::Key(name, _) => write!(f, "the key {name}"),
        }
    }
}

/// The diagnosis of a value that cannot be parsed.
pub(super) fn invalid(raw: &RawValue, reason: &str) -> Diagnosis {
    let RawValue { text, origin } = raw;
    Diagnosis::error(format!("invalid value {:?} for {origin}: {reason}", mask::value(text))).at(origin.excerpt())
}

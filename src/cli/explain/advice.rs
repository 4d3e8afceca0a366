//! What follows a message: notes, and what to do next. Foreign text in them cannot look like a line of ours.

use std::fmt;

use serde::Serialize;

use crate::cli::escape;

/// A detail of a problem, in the database's words or ours; it may have several lines.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub(crate) struct Note(String);

impl<T: AsRef<str>> From<T> for Note {
    fn from(text: T) -> Self {
        Self(escape::shortened(text.as_ref()).into_owned())
    }
}

impl Note {
    /// The lines for people.
    pub(super) fn lines(&self) -> String {
        escape::lines(&self.0)
    }
}

/// What to do next, in one line, or in two where the second one is a command. Foreign text in it has no line end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub(crate) struct Advice(String);

impl Advice {
    /// Advice with a command on a line of its own.
    pub(super) fn then(text: &str, command: &str) -> Self {
        Self(format!("{}\n{}", escape::one_line(text), escape::one_line(command)))
    }
}

impl<T: AsRef<str>> From<T> for Advice {
    fn from(text: T) -> Self {
        Self(escape::one_line(text.as_ref()))
    }
}

impl fmt::Display for Advice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

//! What stands below a message: notes, and what to do next. No line of another's text can be taken for one of ours.

use std::fmt;

use serde::Serialize;

use crate::cli::escape;

/// More about a problem, in the words of a database or of ours; it may have several lines.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub(crate) struct Note(String);

impl<T: AsRef<str>> From<T> for Note {
    fn from(text: T) -> Self {
        Self(escape::shortened(text.as_ref()).into_owned())
    }
}

impl Note {
    /// For people.
    pub(super) fn lines(&self) -> String {
        escape::lines(&self.0)
    }
}

/// A piece of advice, in one line, or in two where the second is a command. What others have worded in it has no line end, so one that stands in it is ours.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub(crate) struct Advice(String);

impl Advice {
    /// With what to type in a line of its own.
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

//! Lines of a TOML file for a message, without the values in them.

use std::ops::Range;

use super::option_keys::keys;
use crate::cli::explain::{Diagnosis, Excerpt};
use crate::cli::option::mask;

/// The diagnosis of a text that is not TOML; `what` names it, with its path.
///
/// Where a value ends in such a text is not known, so its line is shown only up to the name of a known key.
pub(crate) fn syntax(what: &str, path: &str, text: &str, error: &toml::de::Error) -> Diagnosis {
    let known = |name: &str| keys().iter().any(|(key, _)| key == name);
    let place =
        error.span().map(|span| Excerpt::span(path, text, span, error.message()).showing(|line| shown(line, known)));
    let diagnosis = Diagnosis::error(format!("{what} is not TOML"));
    match place {
        Some(place) => diagnosis.at(place),
        None => diagnosis.note(error.message()),
    }
}

/// The place in a file. Its line is shown up to the value, which may contain a password.
pub(crate) fn excerpt(path: &str, text: &str, span: Range<usize>, label: &str) -> Excerpt {
    Excerpt::span(path, text, span, label).showing(|line| shown(line, |name| mask::key(name) == name))
}

/// The bytes of a line that are shown: a table's name, or a key and everything before its value.
fn shown(line: &str, may_be_shown: impl Fn(&str) -> bool) -> Option<usize> {
    let trimmed = line.trim();
    if let Some(name) = trimmed.strip_prefix('[').and_then(|name| name.strip_suffix(']')) {
        return may_be_shown(name).then_some(line.len());
    }
    let (key, value) = line.split_once('=')?;
    let value = value.trim_start().len();
    may_be_shown(key.trim().trim_matches(['"', '\''])).then_some(line.len() - value)
}

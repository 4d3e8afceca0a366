//! Lines of a TOML file for a message, without the values in them.

use std::ops::Range;

use super::option_keys::keys;
use crate::cli::explain::{Diagnosis, Excerpt};
use crate::cli::option::mask;

/// What is wrong with a text that is not TOML; `what` it should be, a fragment with its path.
///
/// Nothing says where in such a text a value ends, so its line is shown only up to the name of a key that there is.
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

/// The place in the file; its line is shown up to the value, because there may be a password in it.
pub(crate) fn excerpt(path: &str, text: &str, span: Range<usize>, label: &str) -> Excerpt {
    Excerpt::span(path, text, span, label).showing(|line| shown(line, |name| mask::key(name) == name))
}

/// How many bytes of a line are shown: all of a table's name, and a key with everything in front of its value.
fn shown(line: &str, may_be_shown: impl Fn(&str) -> bool) -> Option<usize> {
    let trimmed = line.trim();
    if let Some(name) = trimmed.strip_prefix('[').and_then(|name| name.strip_suffix(']')) {
        return may_be_shown(name).then_some(line.len());
    }
    let (key, value) = line.split_once('=')?;
    let value = value.trim_start().len();
    may_be_shown(key.trim().trim_matches(['"', '\''])).then_some(line.len() - value)
}

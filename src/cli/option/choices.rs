//! Closed sets of words, durations, and suggestions for typos.

use std::time::Duration;

pub(crate) use migrascope::policy::truth;

/// The words of `--order`.
pub(crate) const ORDER: [&str; 3] = ["strict", "allow", "skip"];
/// The words of `--format`.
pub(crate) const FORMAT: [&str; 2] = ["text", "json"];
/// The words of `--log-format`.
pub(crate) const LOG_FORMAT: [&str; 3] = ["off", "text", "json"];
/// The words of `--telemetry`.
pub(crate) const TELEMETRY: [&str; 3] = ["off", "auto", "required"];
/// The words of `--trace-sql`.
pub(crate) const TRACE_SQL: [&str; 4] = ["off", "summary", "sanitized", "full"];
/// The words of `--trace-sampling`.
pub(crate) const TRACE_SAMPLING: [&str; 2] = ["parent", "always"];
/// The words of `--notify`.
pub(crate) const NOTIFY: [&str; 3] = ["always", "failure", "changes"];
/// The words of `--health`.
pub(crate) const SWITCH: [&str; 2] = ["on", "off"];
/// The words for truth values.
pub(crate) const BOOL: [&str; 2] = ["true", "false"];

/// The value with the position of the word.
pub(crate) fn choose<T: Copy, const N: usize>(text: &str, words: [&str; N], values: [T; N]) -> Result<T, String> {
    let found = words.iter().zip(values).find(|(word, _)| **word == text).map(|(_, value)| value);
    found.ok_or_else(|| expected_one_of(text, words.to_vec()))
}

/// The error of a text that is none of these words.
pub(crate) fn expected_one_of(text: &str, words: Vec<&str>) -> String {
    format!("expected one of {}{}", words.join(", "), suggestion(text, words))
}

/// A duration such as `500ms`, `5s`, `10min`.
pub(crate) fn duration(text: &str) -> Result<Duration, String> {
    humantime::parse_duration(text).map_err(|error| format!("{error}; expected a duration such as 500ms, 5s or 10min"))
}

/// A duration as a limit; 0 means no limit.
pub(crate) fn limit(text: &str) -> Result<Option<Duration>, String> {
    duration(text).map(|limit| Some(limit).filter(|limit| !limit.is_zero()))
}

/// `; did you mean WORD?` with the most similar word, or nothing where none is similar.
pub(crate) fn suggestion<'w>(text: &str, words: impl IntoIterator<Item = &'w str>) -> String {
    let near = |word: &&str| strsim::jaro_winkler(word, text);
    let best = words.into_iter().max_by(|a, b| near(a).total_cmp(&near(b))).filter(|best| near(best) > 0.8);
    best.map(|word| format!("; did you mean {word}?")).unwrap_or_default()
}

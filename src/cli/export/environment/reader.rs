//! Reads variables and collects what is wrong with them.

use super::lookup::{Lookup, get};
use super::signal::Signal;

/// A reader of `OTEL_*` variables.
pub(super) struct Reader<'e> {
    variables: Lookup<'e>,
    /// What keeps a signal from being exported, or has no effect.
    pub(super) problems: Vec<String>,
    /// What works otherwise than the user may expect.
    pub(super) notes: Vec<String>,
}

impl<'e> Reader<'e> {
    /// A reader that has read nothing yet.
    pub(super) fn new(variables: Lookup<'e>) -> Self {
        Self { variables, problems: Vec::new(), notes: Vec::new() }
    }

    /// A variable's value; `None` where it is unset or empty.
    pub(super) fn get(&self, name: &str) -> Option<String> {
        get(self.variables, name)
    }

    /// The signal's own variable, or else the one for all signals, with its name.
    pub(super) fn of(&self, signal: Signal, what: &str) -> Option<(String, String)> {
        let names = [signal.variable(what), format!("OTEL_EXPORTER_OTLP_{what}")];
        names.into_iter().find_map(|name| self.get(&name).map(|value| (name, value)))
    }

    /// A variable's value as a number; a value that is no number is a problem, and the variable counts as unset.
    pub(super) fn number(&mut self, name: &str, value: &str) -> Option<u64> {
        let number = value.parse().ok();
        if number.is_none() {
            self.problems.push(format!("{name} is not a number: {value:?}"));
        }
        number
    }

    /// The value of a result; an error is a problem.
    pub(super) fn collect<T>(&mut self, result: Result<T, String>) -> Option<T> {
        result.map_err(|problem| self.problems.push(problem)).ok()
    }

    /// Adds a note where a variable has another value than these.
    pub(super) fn note_unless(&mut self, name: &str, usual: &[&str], note: impl Fn(&str) -> String) {
        let value = self.get(name).filter(|value| !usual.contains(&value.to_ascii_lowercase().as_str()));
        self.notes.extend(value.map(|value| note(&value)));
    }
}

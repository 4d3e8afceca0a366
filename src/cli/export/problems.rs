//! Mistakes in settings, collected so that all of them are reported at once.

/// The mistakes that were found so far, each with its variable or option.
#[derive(Debug, Default)]
pub(super) struct Problems(Vec<String>);

impl Problems {
    /// Adds one more.
    pub(super) fn push(&mut self, problem: impl Into<String>) {
        self.0.push(problem.into());
    }

    /// Adds several.
    pub(super) fn extend(&mut self, problems: Vec<String>) {
        self.0.extend(problems);
    }

    /// The value of a result; an error is collected.
    pub(super) fn collect<T>(&mut self, result: Result<T, String>) -> Option<T> {
        result.map_err(|problem| self.0.push(problem)).ok()
    }

    /// Whether there are none.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// All of them, in the order in which they were found.
    pub(super) fn into_vec(self) -> Vec<String> {
        self.0
    }
}

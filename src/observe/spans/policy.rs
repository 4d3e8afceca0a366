//! What the spans of a run contain.

use std::time::Duration;

/// The detail of spans.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SpanPolicy {
    /// In a run with more planned migrations than this, the statements of fast migrations are events on the migration's
    /// span. The ten slowest migrations and every failure keep their spans.
    pub detail_limit: usize,
    /// A migration that takes less than this is fast.
    pub fast: Duration,
    /// How much SQL spans contain.
    pub sql: SqlText,
    /// Whether the run is recorded.
    pub sampling: Sampling,
}

impl Default for SpanPolicy {
    fn default() -> Self {
        Self {
            detail_limit: 200,
            fast: Duration::from_millis(100),
            sql: SqlText::default(),
            sampling: Sampling::default(),
        }
    }
}

/// How much of a statement its span contains.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum SqlText {
    /// A hash only; the span's name is the database system.
    Off,
    /// `CREATE TABLE users`.
    #[default]
    Summary,
    /// The summary, and the text with `?` for every literal.
    Sanitized,
    /// The summary, and the text of the file, including values and passwords.
    Full,
}

/// Whether a run is recorded when the parent span is not sampled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Sampling {
    /// Record every run, with a link to a parent that is not sampled.
    #[default]
    Always,
    /// Record only when the parent span is sampled, or there is none.
    Parent,
}

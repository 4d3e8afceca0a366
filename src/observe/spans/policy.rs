//! How much of a run its spans tell.

use std::time::Duration;

/// What the caller decides about spans.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Policy {
    /// In a run with more planned migrations than this, the statements of fast migrations are events on the migration's
    /// span. The ten slowest migrations and every failure keep their spans.
    pub detail_limit: usize,
    /// A migration that takes less than this is fast.
    pub fast: Duration,
    /// How much SQL is told.
    pub sql: SqlText,
    /// Whose word decides whether the run is recorded.
    pub sampling: Sampling,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            detail_limit: 200,
            fast: Duration::from_millis(100),
            sql: SqlText::default(),
            sampling: Sampling::default(),
        }
    }
}

/// How much of a statement its span tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum SqlText {
    /// Nothing but a hash; the span is named by the database's kind.
    Off,
    /// `CREATE TABLE users`.
    #[default]
    Summary,
    /// The summary, and the text with `?` for every literal.
    Sanitized,
    /// The summary, and the text as the file has it, values and passwords included.
    Full,
}

/// Whether a caller that does not record its trace keeps us from recording ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Sampling {
    /// Every run is recorded; an unrecorded caller is linked to.
    #[default]
    Always,
    /// The caller decides; without a caller the run is recorded.
    Parent,
}

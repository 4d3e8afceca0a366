//! Whether a run reads the journal's counters.

/// Whether the journal's totals are read: that costs a few queries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Figures {
    /// They are not read.
    Leave,
    /// They are read and emitted as [`Event::JournalRead`](crate::Event::JournalRead).
    Read,
}

//! Whether a run reads the journal's counters.

/// Whether the journal's counters are read, which costs a few queries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JournalCounters {
    /// They are not read.
    Skip,
    /// They are read and emitted as [`Event::JournalRead`](crate::Event::JournalRead).
    Read,
}

//! Whether a run reads the counters of the journal.

/// Whether the journal's totals are read: that costs a few queries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JournalCounters {
    /// They are not read.
    Skip,
    /// They are read and emitted as [`Event::JournalRead`](crate::Event::JournalRead).
    Read,
}

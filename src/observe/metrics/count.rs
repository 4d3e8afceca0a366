//! Who counts.

/// Who counts.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Count {
    /// We do, from the events that we see.
    Events,
    /// The journal does; counters and histograms are what it says, and absent before it was read.
    Journal,
}

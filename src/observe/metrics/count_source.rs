//! What counters and histograms count.

/// The source of counts.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum CountSource {
    /// The events of this process.
    Events,
    /// The journal; counters and histograms are absent before it is read.
    Journal,
}

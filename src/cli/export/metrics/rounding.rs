//! Sums of seconds without the error of adding them up.

/// Rounds to microseconds. Without it, two processes could report sums that differ in the last digit, and the smaller one would look like
/// a counter reset.
pub(in crate::cli::export) fn whole_microseconds(sum: f64) -> f64 {
    (sum * 1e6).round() / 1e6
}

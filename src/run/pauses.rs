//! The pauses between retries.

use std::time::Duration;

use backon::{BackoffBuilder, ExponentialBackoff, ExponentialBuilder};

/// The first pause. Each is twice as long as the one before, up to [`LONGEST_PAUSE`], plus a random part of up to the same length, so that
/// several runners that wait for one lock do not return at the same moment.
const FIRST_PAUSE: Duration = Duration::from_millis(250);
const LONGEST_PAUSE: Duration = Duration::from_secs(10);

/// The pauses between this many retries.
pub(super) fn pauses(limit: u32) -> ExponentialBackoff {
    let limit = limit.try_into().unwrap_or(usize::MAX);
    let builder = ExponentialBuilder::default().with_min_delay(FIRST_PAUSE).with_max_delay(LONGEST_PAUSE);
    builder.with_factor(2.0).with_jitter().with_max_times(limit).build()
}

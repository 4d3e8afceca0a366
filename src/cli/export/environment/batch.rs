//! `OTEL_BSP_*`, `OTEL_BLRP_*` and `OTEL_METRIC_EXPORT_*`: how much is sent at once, and how often.

use std::time::Duration;

use super::{Reader, Signal};

/// When a signal is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::cli::export) struct Pace {
    /// Between two requests.
    pub(in crate::cli::export) interval: Duration,
    /// For one request, where the variables of batching say so.
    pub(super) limit: Option<Duration>,
    /// What a request is made of; of no meaning for metrics.
    pub(in crate::cli::export) batches: Batches,
}

/// How much waits, and how much goes at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::cli::export) struct Batches {
    /// Items that may wait to be sent; more are dropped.
    pub(in crate::cli::export) queue: usize,
    /// Items of one request.
    pub(in crate::cli::export) size: usize,
}

/// The names and defaults of one signal.
struct Names {
    interval: &'static str,
    default_interval: Duration,
    limit: &'static str,
    queue: &'static str,
    default_queue: usize,
    size: &'static str,
}

const SPANS: Names = Names {
    interval: "OTEL_BSP_SCHEDULE_DELAY",
    default_interval: Duration::from_secs(5),
    limit: "OTEL_BSP_EXPORT_TIMEOUT",
    queue: "OTEL_BSP_MAX_QUEUE_SIZE",
    // A run of a thousand migrations makes spans faster than they are sent.
    default_queue: 8192,
    size: "OTEL_BSP_MAX_EXPORT_BATCH_SIZE",
};

const RECORDS: Names = Names {
    interval: "OTEL_BLRP_SCHEDULE_DELAY",
    default_interval: Duration::from_secs(1),
    limit: "OTEL_BLRP_EXPORT_TIMEOUT",
    queue: "OTEL_BLRP_MAX_QUEUE_SIZE",
    default_queue: 8192,
    size: "OTEL_BLRP_MAX_EXPORT_BATCH_SIZE",
};

/// Metrics are not queued: each request has the whole state.
const FIGURES: Names = Names {
    interval: "OTEL_METRIC_EXPORT_INTERVAL",
    default_interval: Duration::from_secs(10),
    limit: "OTEL_METRIC_EXPORT_TIMEOUT",
    queue: "",
    default_queue: 0,
    size: "",
};

const DEFAULT_SIZE: usize = 512;

impl Reader<'_> {
    pub(super) fn pace(&mut self, signal: Signal) -> Pace {
        let names = match signal {
            Signal::Traces => SPANS,
            Signal::Metrics => FIGURES,
            Signal::Logs => RECORDS,
        };
        let queue = self.positive(names.queue).and_then(|size| usize::try_from(size).ok());
        let queue = queue.unwrap_or(names.default_queue);
        let size = self.positive(names.size).and_then(|size| usize::try_from(size).ok());
        Pace {
            interval: self.positive(names.interval).map_or(names.default_interval, Duration::from_millis),
            limit: self.positive(names.limit).map(Duration::from_millis),
            batches: Batches { queue, size: size.unwrap_or(DEFAULT_SIZE).min(queue) },
        }
    }

    /// A number above 0; 0 counts as unset.
    fn positive(&mut self, name: &str) -> Option<u64> {
        let value = self.get(name)?;
        self.number(name, &value).filter(|number| *number > 0)
    }
}

//! `OTEL_BSP_*`, `OTEL_BLRP_*` and `OTEL_METRIC_EXPORT_*`: the interval and the size of requests.

use std::time::Duration;

use super::reader::Reader;
use super::signal::Signal;

/// When a signal is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::cli::export) struct Schedule {
    /// The pause between two requests.
    pub(in crate::cli::export) interval: Duration,
    /// The limit of a request; `None` for that of the endpoint.
    pub(super) limit: Option<Duration>,
    /// The queue and the batches; not used for metrics.
    pub(in crate::cli::export) batches: Batches,
}

/// The size of the queue and of a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::cli::export) struct Batches {
    /// Items that may be queued; more are dropped.
    pub(in crate::cli::export) queue: usize,
    /// Items in one request.
    pub(in crate::cli::export) size: usize,
}

/// The variables of one signal and their defaults.
struct Variables {
    interval: &'static str,
    default_interval: Duration,
    limit: &'static str,
    queue: &'static str,
    default_queue: usize,
    size: &'static str,
}

const SPANS: Variables = Variables {
    interval: "OTEL_BSP_SCHEDULE_DELAY",
    default_interval: Duration::from_secs(5),
    limit: "OTEL_BSP_EXPORT_TIMEOUT",
    queue: "OTEL_BSP_MAX_QUEUE_SIZE",
    // A run of a thousand migrations creates spans faster than they are sent.
    default_queue: 8192,
    size: "OTEL_BSP_MAX_EXPORT_BATCH_SIZE",
};

const RECORDS: Variables = Variables {
    interval: "OTEL_BLRP_SCHEDULE_DELAY",
    default_interval: Duration::from_secs(1),
    limit: "OTEL_BLRP_EXPORT_TIMEOUT",
    queue: "OTEL_BLRP_MAX_QUEUE_SIZE",
    default_queue: 8192,
    size: "OTEL_BLRP_MAX_EXPORT_BATCH_SIZE",
};

/// Metrics are not queued: each request contains the whole state.
const METRICS: Variables = Variables {
    interval: "OTEL_METRIC_EXPORT_INTERVAL",
    default_interval: Duration::from_secs(10),
    limit: "OTEL_METRIC_EXPORT_TIMEOUT",
    queue: "",
    default_queue: 0,
    size: "",
};

const DEFAULT_SIZE: usize = 512;

impl Reader<'_> {
    pub(super) fn schedule(&mut self, signal: Signal) -> Schedule {
        let names = match signal {
            Signal::Traces => SPANS,
            Signal::Metrics => METRICS,
            Signal::Logs => RECORDS,
        };
        let queue = self.positive(names.queue).and_then(|size| usize::try_from(size).ok());
        let queue = queue.unwrap_or(names.default_queue);
        let size = self.positive(names.size).and_then(|size| usize::try_from(size).ok());
        Schedule {
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

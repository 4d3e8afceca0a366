//! The metrics of a process or of several databases, ready to be exported.

mod instruments;
mod process_metrics;
mod rounding;
mod scrape;
mod series;
mod start_time;

pub(super) use self::process_metrics::OtlpReader;
pub(crate) use self::process_metrics::{Page, ProcessMetrics};
pub(super) use self::rounding::whole_microseconds;
pub(crate) use self::scrape::Scrape;
pub(crate) use self::series::{Series, text};
pub(super) use self::start_time::StartTime;

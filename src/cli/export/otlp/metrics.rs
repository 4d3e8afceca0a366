//! Metrics: a reader for whatever provider there is, and an exporter that knows since when the totals count.
//!
//! The SDK dates a total from the moment its instrument was made. Ours count on from run to run, and a backend that sees
//! a new beginning with the old total takes all of history for one jump: so the beginning is set to that of the history.

use std::sync::{Arc, OnceLock};
use std::time::{SystemTime, UNIX_EPOCH};

use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::metrics::v1::Metric;
use opentelemetry_proto::tonic::metrics::v1::metric::Data;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::metrics::data::ResourceMetrics;
use opentelemetry_sdk::metrics::exporter::PushMetricExporter;
use opentelemetry_sdk::metrics::{PeriodicReader, SdkMeterProvider, Temporality};

use super::carrier::Carriers;
use super::message::Message;
use super::sender::Sender;
use crate::cli::export::delivery::Delivery;
use crate::cli::export::environment::{Endpoint, Pace};
use crate::cli::export::flush::Task;

/// Since when totals count. No total is sent before it is set; it is set once.
#[derive(Debug, Clone, Default)]
pub(in crate::cli::export) struct Start(Arc<OnceLock<SystemTime>>);

impl Start {
    /// The first time counts: totals do not begin anew while a process lives.
    pub(in crate::cli::export) fn set(&self, start: SystemTime) {
        let _ = self.0.set(start);
    }

    fn nanoseconds(&self) -> Option<u64> {
        let since = self.0.get()?.duration_since(UNIX_EPOCH).unwrap_or_default();
        Some(u64::try_from(since.as_nanos()).unwrap_or(u64::MAX))
    }
}

/// The export of metrics, under way.
pub(in crate::cli::export) struct Metrics {
    delivery: Arc<Delivery>,
}

/// A reader that sends what its provider has, at the endpoint's pace and whenever the provider is flushed.
///
/// # Errors
/// When there is no client to be had for the endpoint.
pub(in crate::cli::export) fn reader(
    carriers: &mut Carriers,
    (endpoint, pace): &(Endpoint, Pace),
    start: Start,
) -> Result<(PeriodicReader<Exporter>, Metrics), String> {
    let (sender, delivery) = Sender::new(carriers, endpoint)?;
    let reader = PeriodicReader::builder(Exporter { sender, start }).with_interval(pace.interval).build();
    Ok((reader, Metrics { delivery }))
}

impl Metrics {
    /// The last collection and its export; `provider` is the one that has the reader.
    pub(in crate::cli::export) fn into_task(self, provider: SdkMeterProvider) -> Task {
        Task::new(self.delivery, move || {
            // What became of it is in the tally.
            let _ = provider.force_flush();
            // Dropped, the last handle would collect and send everything once more; the process is about to end.
            std::mem::forget(provider);
        })
    }
}

/// Sends metrics with their true beginning.
#[derive(Debug)]
pub(in crate::cli::export) struct Exporter {
    sender: Sender,
    start: Start,
}

impl PushMetricExporter for Exporter {
    async fn export(&self, metrics: &ResourceMetrics) -> OTelSdkResult {
        let start = self.start.nanoseconds();
        let mut request = ExportMetricsServiceRequest::from(metrics);
        let mut points = 0;
        for scope in request.resource_metrics.iter_mut().flat_map(|resource| &mut resource.scope_metrics) {
            scope.metrics.retain_mut(|metric| {
                let dated = date(metric, start);
                points += dated.unwrap_or_default();
                dated.is_some()
            });
        }
        if points == 0 { Ok(()) } else { self.sender.send(&Message::Metrics(request), points) }
    }

    fn force_flush(&self) -> OTelSdkResult {
        Ok(())
    }

    fn shutdown_with_timeout(&self, _timeout: std::time::Duration) -> OTelSdkResult {
        Ok(())
    }

    fn temporality(&self) -> Temporality {
        Temporality::Cumulative
    }
}

/// Sets since when the metric counts, where it counts anything, and says how many data points it has; `None` for a total
/// of which that is not known.
fn date(metric: &mut Metric, start: Option<u64>) -> Option<usize> {
    match &mut metric.data {
        Some(Data::Sum(sum)) => {
            let start = start?;
            sum.data_points.iter_mut().for_each(|point| point.start_time_unix_nano = start);
            Some(sum.data_points.len())
        }
        Some(Data::Histogram(histogram)) => {
            let start = start?;
            histogram.data_points.iter_mut().for_each(|point| point.start_time_unix_nano = start);
            Some(histogram.data_points.len())
        }
        Some(Data::Gauge(gauge)) => Some(gauge.data_points.len()),
        _ => None,
    }
}

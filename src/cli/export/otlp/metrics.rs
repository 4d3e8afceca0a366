//! Metrics: a periodic reader, and an exporter that sets the start time of counters.
//!
//! The SDK starts a counter when its instrument is created. Ours continue from run to run, and a backend that sees a new start time with
//! the old value would take the whole history for one increase. So the start time is set to that of the journal.

use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use flate2::write::GzEncoder;
use migrascope::observe::names;
use opentelemetry_http::{Bytes, Request};
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::metrics::v1::Metric;
use opentelemetry_proto::tonic::metrics::v1::metric::Data;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::metrics::data::ResourceMetrics;
use opentelemetry_sdk::metrics::exporter::PushMetricExporter;
use opentelemetry_sdk::metrics::{PeriodicReader, SdkMeterProvider, Temporality};
use prost::Message;
use reqwest::header::{CONTENT_ENCODING, CONTENT_TYPE};

use super::http_client::HttpClient;
use super::response;
use super::transport::{Transport, Transports};
use crate::cli::export::delivery::Delivery;
use crate::cli::export::environment::{Compression, Destination, Endpoint, Signal};
use crate::cli::export::flush::FlushTask;
use crate::cli::export::metrics::{StartTime, whole_microseconds};

/// The export of metrics.
pub(in crate::cli::export) struct Metrics {
    delivery: Arc<Delivery>,
    complete: Arc<AtomicBool>,
}

/// A reader that exports on schedule, and whenever its provider is flushed.
///
/// # Errors
/// When no client can be made for the endpoint.
pub(in crate::cli::export) fn reader(
    transports: &mut Transports,
    destination: &Destination,
    start: StartTime,
) -> Result<(PeriodicReader<MetricExporter>, Metrics), String> {
    let Destination { endpoint, schedule } = destination;
    let metrics = Metrics { delivery: Arc::new(Delivery::to(endpoint)), complete: Arc::new(AtomicBool::new(false)) };
    let exporter = MetricExporter {
        transport: transports.transport(endpoint)?,
        endpoint: endpoint.clone(),
        delivery: Arc::clone(&metrics.delivery),
        start,
        complete: Arc::clone(&metrics.complete),
    };
    let reader = PeriodicReader::builder(exporter).with_interval(schedule.interval).build();
    Ok((reader, metrics))
}

impl Metrics {
    /// The counts of what was sent.
    pub(in crate::cli::export) fn delivery(&self) -> Arc<Delivery> {
        Arc::clone(&self.delivery)
    }

    /// Exports everything at once, right after the journal was read, on a thread of its own.
    pub(in crate::cli::export) fn export_now(&self, provider: SdkMeterProvider) {
        self.complete.store(true, Ordering::SeqCst);
        // Where the thread cannot be started, the next scheduled export sends everything.
        let _ = thread::Builder::new().name("metrics".to_owned()).spawn(move || {
            // The delivery counts the result.
            let _ = provider.force_flush();
            std::mem::forget(provider);
        });
    }

    /// The last export; `provider` has the reader.
    pub(in crate::cli::export) fn flush_task(&self, provider: SdkMeterProvider) -> FlushTask {
        self.complete.store(true, Ordering::SeqCst);
        FlushTask::new(Arc::clone(&self.delivery), move || {
            // The delivery counts the result.
            let _ = provider.force_flush();
            // Dropping the last handle would export everything once more; the process is about to end.
            std::mem::forget(provider);
        })
    }
}

/// Exports metrics with the start time of the journal.
#[derive(Debug)]
pub(in crate::cli::export) struct MetricExporter {
    transport: Transport,
    endpoint: Endpoint,
    delivery: Arc<Delivery>,
    start: StartTime,
    /// Whether the next request contains what the journal counts, because it was just read.
    complete: Arc<AtomicBool>,
}

impl MetricExporter {
    /// Sends; returns the number of points that the receiver rejected.
    fn send(&self, metrics: ExportMetricsServiceRequest) -> Result<usize, String> {
        match &self.transport {
            Transport::Http(client) => self.post(client, &metrics),
            Transport::Grpc(client) => client.send(metrics).map(|response| response::rejected_points(&response)),
        }
    }

    fn post(&self, client: &HttpClient, metrics: &ExportMetricsServiceRequest) -> Result<usize, String> {
        let request = Request::post(self.endpoint.url.as_str()).header(CONTENT_TYPE, "application/x-protobuf");
        let plain = metrics.encode_to_vec();
        let request = match self.endpoint.compression {
            Compression::None => request.body(Bytes::from(plain)),
            Compression::Gzip => {
                let body = compressed(&plain).map_err(|error| error.to_string())?;
                request.header(CONTENT_ENCODING, "gzip").body(Bytes::from(body))
            }
        };
        // The client keeps the result, in the same words as for the other signals.
        let _ = client.send(request.map_err(|error| error.to_string())?);
        let body = client.take_last().unwrap_or_else(|| Err("nothing was sent".to_owned()))?;
        Ok(response::rejected(Signal::Metrics, body))
    }
}

impl PushMetricExporter for MetricExporter {
    async fn export(&self, metrics: &ResourceMetrics) -> OTelSdkResult {
        let start = self.start.nanoseconds();
        let complete = self.complete.swap(false, Ordering::SeqCst);
        let mut request = ExportMetricsServiceRequest::from(metrics);
        let mut points = 0;
        for scope in request.resource_metrics.iter_mut().flat_map(|resource| &mut resource.scope_metrics) {
            scope.metrics.retain_mut(|metric| {
                if !complete && !is_of_this_run(metric) {
                    return false;
                }
                let count = set_start(metric, start);
                points += count.unwrap_or_default();
                count.is_some()
            });
        }
        if points == 0 {
            return Ok(());
        }
        let sent = self.delivery.record(points, self.send(request));
        if complete && sent.is_err() {
            self.complete.store(true, Ordering::SeqCst);
        }
        sent
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

fn compressed(plain: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(plain)?;
    encoder.finish()
}

/// Metrics that this process counts: their start time is that of the SDK.
const OF_THE_PROCESS: [&str; 2] = [names::CLIENT_OPERATION_DURATION.name, names::EXPORT_FAILURES.name];

/// Whether only this run reports the metric, so that it is current without reading the journal.
fn is_of_this_run(metric: &Metric) -> bool {
    let name = metric.name.as_str();
    OF_THE_PROCESS.contains(&name) || names::METRICS.iter().any(|known| known.of_present_run && known.name == name)
}

/// Sets the start time of a counter or histogram and returns the number of data points; `None` where the start time is not known.
fn set_start(metric: &mut Metric, start: Option<u64>) -> Option<usize> {
    let of_the_process = OF_THE_PROCESS.contains(&metric.name.as_str());
    let started = |sdk: u64| if of_the_process { Some(sdk) } else { start };
    match &mut metric.data {
        Some(Data::Sum(sum)) => {
            for point in &mut sum.data_points {
                point.start_time_unix_nano = started(point.start_time_unix_nano)?;
            }
            Some(sum.data_points.len())
        }
        Some(Data::Histogram(histogram)) => {
            for point in &mut histogram.data_points {
                point.sum = point.sum.map(whole_microseconds);
                point.start_time_unix_nano = started(point.start_time_unix_nano)?;
            }
            Some(histogram.data_points.len())
        }
        Some(Data::Gauge(gauge)) => Some(gauge.data_points.len()),
        _ => None,
    }
}

//! Metrics: a reader for whatever provider there is, and an exporter that knows since when the totals count.
//!
//! The SDK dates a total from the moment its instrument was made. Ours count on from run to run, and a backend that sees
//! a new beginning with the old total takes all of history for one jump: so the beginning is set to that of the history.

use std::io::Write;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::thread;
use std::time::{SystemTime, UNIX_EPOCH};

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

use super::answer;
use super::carrier::{Carriers, Way};
use super::http::Post;
use crate::cli::export::delivery::Delivery;
use crate::cli::export::environment::{Compression, Endpoint, Pace, Signal};
use crate::cli::export::flush::Task;
use crate::cli::export::scrape::whole_microseconds;

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
    whole: Arc<AtomicBool>,
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
    let delivery = Arc::new(Delivery::to(endpoint));
    let way = carriers.way(endpoint)?;
    let whole = Arc::new(AtomicBool::new(false));
    let (counted, asked) = (Arc::clone(&delivery), Arc::clone(&whole));
    let exporter = Exporter { way, endpoint: endpoint.clone(), delivery: counted, start, whole: asked };
    let reader = PeriodicReader::builder(exporter).with_interval(pace.interval).build();
    Ok((reader, Metrics { delivery, whole }))
}

impl Metrics {
    /// What becomes of what is sent.
    pub(in crate::cli::export) fn delivery(&self) -> Arc<Delivery> {
        Arc::clone(&self.delivery)
    }

    /// The journal was read: what it says is sent at once, on a thread of its own.
    pub(in crate::cli::export) fn begin(&self, provider: SdkMeterProvider) {
        self.whole.store(true, Ordering::SeqCst);
        // Where the system has no thread for it, the next regular export sends it.
        let _ = thread::Builder::new().name("metrics".to_owned()).spawn(move || {
            // What became of it is in the tally.
            let _ = provider.force_flush();
            std::mem::forget(provider);
        });
    }

    /// The last collection and its export; `provider` is the one that has the reader.
    pub(in crate::cli::export) fn task(&self, provider: SdkMeterProvider) -> Task {
        self.whole.store(true, Ordering::SeqCst);
        Task::new(Arc::clone(&self.delivery), move || {
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
    way: Way,
    endpoint: Endpoint,
    delivery: Arc<Delivery>,
    start: Start,
    /// Whether the next request has what the journal counts, as it was read just now.
    whole: Arc<AtomicBool>,
}

impl Exporter {
    /// Sends and says how many points the receiver did not want.
    fn send(&self, metrics: ExportMetricsServiceRequest) -> Result<usize, String> {
        match &self.way {
            Way::Http(post) => self.post(post, &metrics),
            Way::Grpc(line) => line.send(metrics).map(|answer| answer::rejected_points(&answer)),
        }
    }

    fn post(&self, post: &Post, metrics: &ExportMetricsServiceRequest) -> Result<usize, String> {
        let request = Request::post(self.endpoint.url.as_str()).header(CONTENT_TYPE, "application/x-protobuf");
        let plain = metrics.encode_to_vec();
        let request = match self.endpoint.compression {
            Compression::None => request.body(Bytes::from(plain)),
            Compression::Gzip => {
                let body = compressed(&plain).map_err(|error| error.to_string())?;
                request.header(CONTENT_ENCODING, "gzip").body(Bytes::from(body))
            }
        };
        // What became of it is what the client remembers, in the same words as for the other signals.
        let _ = post.send(request.map_err(|error| error.to_string())?);
        let body = post.take_last().unwrap_or_else(|| Err("nothing was sent".to_owned()))?;
        Ok(answer::rejected(Signal::Metrics, body))
    }
}

impl PushMetricExporter for Exporter {
    async fn export(&self, metrics: &ResourceMetrics) -> OTelSdkResult {
        let start = self.start.nanoseconds();
        let whole = self.whole.swap(false, Ordering::SeqCst);
        let mut request = ExportMetricsServiceRequest::from(metrics);
        let mut points = 0;
        for scope in request.resource_metrics.iter_mut().flat_map(|resource| &mut resource.scope_metrics) {
            scope.metrics.retain_mut(|metric| {
                if !whole && !is_of_this_run(metric) {
                    return false;
                }
                let dated = date(metric, start);
                points += dated.unwrap_or_default();
                dated.is_some()
            });
        }
        if points == 0 {
            return Ok(());
        }
        let sent = self.delivery.settle(points, self.send(request));
        if whole && sent.is_err() {
            self.whole.store(true, Ordering::SeqCst);
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

/// Counted by this process, since it began: their start is what the SDK says.
const OF_THE_PROCESS: [&str; 2] = [names::CLIENT_OPERATION_DURATION.name, names::EXPORT_FAILURES.name];

/// Whether no other run can have reported more of it since the journal was read.
fn is_of_this_run(metric: &Metric) -> bool {
    let name = metric.name.as_str();
    OF_THE_PROCESS.contains(&name) || names::METRICS.iter().any(|known| known.of_present_run && known.name == name)
}

/// Sets since when the metric counts, where it counts anything, and says how many data points it has; `None` for a total
/// of which that is not known.
fn date(metric: &mut Metric, start: Option<u64>) -> Option<usize> {
    let of_the_process = OF_THE_PROCESS.contains(&metric.name.as_str());
    let begun = |told: u64| if of_the_process { Some(told) } else { start };
    match &mut metric.data {
        Some(Data::Sum(sum)) => {
            for point in &mut sum.data_points {
                point.start_time_unix_nano = begun(point.start_time_unix_nano)?;
            }
            Some(sum.data_points.len())
        }
        Some(Data::Histogram(histogram)) => {
            for point in &mut histogram.data_points {
                point.sum = point.sum.map(whole_microseconds);
                point.start_time_unix_nano = begun(point.start_time_unix_nano)?;
            }
            Some(histogram.data_points.len())
        }
        Some(Data::Gauge(gauge)) => Some(gauge.data_points.len()),
        _ => None,
    }
}

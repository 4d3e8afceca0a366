//! The figures of one process or of several databases as a page of Prometheus text, for whoever comes to fetch it.

use std::collections::BTreeMap;

use migrascope::observe::metrics::{HistogramSeries, Metrics};
use migrascope::observe::names::{self, Kind};
use opentelemetry::KeyValue;
use opentelemetry::metrics::MeterProvider;
use opentelemetry_prometheus::PrometheusExporter;
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::metrics::SdkMeterProvider;
use prometheus::proto::MetricType::HISTOGRAM;
use prometheus::proto::{Bucket, Histogram, LabelPair, Metric, MetricFamily};
use prometheus::{Registry, TextEncoder};

use super::figures::{self, RunInfo};
use crate::cli::escape;

/// A set of figures of its own. Its series are gone with it: instruments cannot be taken out of a set.
pub(crate) struct Scrape {
    registry: Registry,
    provider: SdkMeterProvider,
}

/// The figures as they were at one moment.
#[derive(Clone, Default)]
pub(crate) struct Series(Vec<MetricFamily>);

impl Scrape {
    /// An empty set.
    ///
    /// # Errors
    /// When its instruments cannot be registered.
    pub(crate) fn new() -> Result<Self, String> {
        let registry = Registry::new();
        let provider = SdkMeterProvider::builder()
            .with_reader(reader(&registry)?)
            .with_resource(Resource::builder_empty().build())
            .build();
        Ok(Self { registry, provider })
    }

    /// Who fills it; the journal counts.
    pub(crate) fn metrics(&self, info: RunInfo) -> Metrics {
        figures::journaled(&self.provider.meter(names::SCOPE), info)
    }

    /// The figures as they are now.
    pub(crate) fn series(&self) -> Series {
        series(&self.registry)
    }
}

/// Reads figures whenever the registry is asked for its families, without what only OpenTelemetry calls by a name.
///
/// # Errors
/// When the registry refuses it.
pub(super) fn reader(registry: &Registry) -> Result<PrometheusExporter, String> {
    opentelemetry_prometheus::exporter()
        .with_registry(registry.clone())
        .without_target_info()
        .scope_info_enabled(false)
        .build()
        .map_err(|error| format!("metrics cannot be kept: {error}"))
}

/// The families of a registry.
pub(super) fn series(registry: &Registry) -> Series {
    Series(registry.gather())
}

impl Series {
    /// These, and histograms as they are counted.
    pub(super) fn and(mut self, histograms: &[HistogramSeries]) -> Self {
        self.0.extend(histograms.iter().map(family));
        self
    }

    /// Those alone of which a run that goes on knows the newest.
    pub(super) fn of_present_run(mut self) -> Self {
        let known: Vec<String> =
            names::METRICS.iter().filter(|metric| metric.of_present_run).map(names::Metric::prometheus_name).collect();
        self.0.retain(|family| known.iter().any(|name| name == family.name()));
        self
    }
}

/// A family with one series.
fn family(series: &HistogramSeries) -> MetricFamily {
    let label = |label: &KeyValue| {
        let mut pair = LabelPair::default();
        pair.set_name(names::prometheus_label(label.key.as_str()));
        pair.set_value(label.value.as_str().into_owned());
        pair
    };
    let mut labels: Vec<LabelPair> = series.labels.iter().map(label).collect();
    labels.sort_by(|a, b| a.name().cmp(b.name()));
    let bounds = if let Kind::Histogram(bounds) = series.metric.kind { bounds } else { &[] };
    let mut below = 0;
    let mut bucket = |(bound, count): (&f64, &u64)| {
        below += count;
        let mut bucket = Bucket::default();
        bucket.set_upper_bound(*bound);
        bucket.set_cumulative_count(below);
        bucket
    };
    let mut histogram = Histogram::default();
    histogram.set_bucket(bounds.iter().zip(&series.counts).map(&mut bucket).collect());
    histogram.set_sample_count(series.counts.iter().sum());
    histogram.set_sample_sum(series.sum);
    let mut metric = Metric::from_label(labels);
    metric.set_histogram(histogram);
    let mut family = MetricFamily::default();
    family.set_name(series.metric.prometheus_name());
    family.set_help(series.metric.description.to_owned());
    family.set_field_type(HISTOGRAM);
    family.set_metric(vec![metric]);
    family
}

/// A sum of seconds without what adding it up has blurred: one that is less by its last digit than another process has told is
/// a counter that began anew.
pub(super) fn whole_microseconds(sum: f64) -> f64 {
    (sum * 1e6).round() / 1e6
}

/// Several sets as one text, in which each name stands once; whose figures they are is told by their labels.
pub(crate) fn text(sets: impl IntoIterator<Item = Series>) -> String {
    let mut families: BTreeMap<String, MetricFamily> = BTreeMap::new();
    for mut family in sets.into_iter().flat_map(|series| series.0) {
        match families.get_mut(family.name()) {
            Some(known) => known.mut_metric().extend(family.take_metric()),
            None => _ = families.insert(family.name().to_owned(), family),
        }
    }
    let mut families: Vec<MetricFamily> = families.into_values().collect();
    for metric in
        families.iter_mut().filter(|family| family.get_field_type() == HISTOGRAM).flat_map(MetricFamily::mut_metric)
    {
        let mut histogram = metric.get_histogram().clone();
        histogram.set_sample_sum(whole_microseconds(histogram.get_sample_sum()));
        metric.set_histogram(histogram);
    }
    // What cannot be written as text is a fault of ours, and no reason to end a process that serves others.
    escape::prometheus(&TextEncoder::new().encode_to_string(&families).unwrap_or_default()).into_owned()
}

//! Metric families as Prometheus text.

use std::collections::BTreeMap;

use migrascope::observe::metrics::HistogramSeries;
use migrascope::observe::names::{self, Kind};
use opentelemetry::KeyValue;
use opentelemetry_prometheus::PrometheusExporter;
use prometheus::proto::MetricType::HISTOGRAM;
use prometheus::proto::{Bucket, Histogram, LabelPair, Metric, MetricFamily};
use prometheus::{Registry, TextEncoder};

use super::rounding::whole_microseconds;
use crate::cli::escape;

/// The metrics of a registry at one moment.
#[derive(Clone, Default)]
pub(crate) struct Series(Vec<MetricFamily>);

/// A reader that fills the registry when it is gathered, without labels and metrics that only OpenTelemetry uses.
///
/// # Errors
/// When the registry refuses it.
pub(super) fn reader(registry: &Registry) -> Result<PrometheusExporter, String> {
    opentelemetry_prometheus::exporter()
        .with_registry(registry.clone())
        .without_target_info()
        .scope_info_enabled(false)
        .build()
        .map_err(|error| format!("cannot register metrics: {error}"))
}

impl Series {
    /// The families of a registry.
    pub(super) fn of(registry: &Registry) -> Self {
        Self(registry.gather())
    }

    /// Adds histograms as the journal counts them.
    pub(super) fn and(mut self, histograms: &[HistogramSeries]) -> Self {
        self.0.extend(histograms.iter().map(family));
        self
    }

    /// Keeps the metrics that a present run changes.
    pub(super) fn of_present_run(mut self) -> Self {
        let known: Vec<String> =
            names::METRICS.iter().filter(|metric| metric.of_present_run).map(names::Metric::prometheus_name).collect();
        self.0.retain(|family| known.iter().any(|name| name == family.name()));
        self
    }
}

/// Several sets as one text in which each family occurs once; their labels tell the sets apart.
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
    // A family that cannot be encoded is our defect, and must not end a process that serves other pages.
    escape::prometheus(&TextEncoder::new().encode_to_string(&families).unwrap_or_default()).into_owned()
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
    let mut cumulative = 0;
    let mut bucket = |(bound, count): (&f64, &u64)| {
        cumulative += count;
        let mut bucket = Bucket::default();
        bucket.set_upper_bound(*bound);
        bucket.set_cumulative_count(cumulative);
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

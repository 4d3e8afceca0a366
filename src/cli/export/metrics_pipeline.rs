//! The metrics of a process and every sink that they are exported to.

use std::sync::Arc;

use migrascope::observe::names;
use migrascope::{Event, Observer};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::metrics::ManualReader;

use super::delivery::Delivery;
use super::environment::Destination;
use super::flush::FlushTask;
use super::metrics::{OtlpReader, ProcessMetrics, StartTime};
use super::otlp::{self, Transports};
use super::problems::Problems;
use super::pusher::{Pusher, Sink};
use super::pushgateway::Pushgateway;
use super::textfile::TextFile;
use crate::cli::telemetry::TelemetrySettings;

/// Metrics with at least one sink, or a listener.
pub(super) struct MetricsPipeline {
    metrics: ProcessMetrics,
    pushers: Vec<Pusher>,
    otlp: Option<otlp::Metrics>,
    sinks: Vec<String>,
    /// Whether a migration is running.
    migrating: bool,
    /// Whether the journal was read since the last export.
    unsent: bool,
}

/// Where metrics are sent by OTLP, and as which resource.
pub(super) struct OtlpTarget {
    pub(super) destination: Destination,
    pub(super) resource: Resource,
}

impl MetricsPipeline {
    /// Opens every sink that is configured; `None` where there is none, and no listener. A sink that cannot be opened leaves the others.
    /// Failures of `others`, which export no metrics, are counted as well.
    pub(super) fn start(
        settings: &TelemetrySettings,
        transports: &mut Transports,
        otlp: Option<OtlpTarget>,
        others: Vec<Arc<Delivery>>,
        problems: &mut Problems,
    ) -> Option<Self> {
        if !settings.counted {
            return None;
        }
        let file = settings.metrics_file.clone().and_then(|path| problems.collect(TextFile::open(path)));
        let push = &settings.push;
        let gateway = push.url.as_ref().and_then(|url| problems.collect(Pushgateway::open(url, push)));
        let start = StartTime::default();
        let mut sinks: Vec<String> = otlp.iter().map(|target| target.destination.endpoint.shown()).collect();
        let opened = otlp.and_then(|OtlpTarget { destination, resource }| {
            let (reader, metrics) = problems.collect(otlp::reader(transports, &destination, start.clone()))?;
            Some((OtlpReader { reader, resource }, metrics))
        });
        if file.is_none() && gateway.is_none() && opened.is_none() && settings.listen.is_none() {
            return None;
        }
        let (reader, otlp) = opened.unzip();
        let metrics = problems.collect(ProcessMetrics::new(settings.run_info, reader, start))?;
        let mut pushers = Vec::new();
        if let Some(file) = file {
            let shown = file.shown();
            sinks.push(shown.clone());
            pushers.extend(problems.collect(pusher(file, &metrics, names::EXPORTER_TEXTFILE, shown)));
        }
        if let Some(gateway) = gateway {
            let shown = gateway.shown();
            sinks.push(shown.clone());
            pushers.extend(problems.collect(pusher(gateway, &metrics, names::EXPORTER_PUSHGATEWAY, shown)));
        }
        let own = pushers.iter().map(Pusher::delivery).chain(otlp.iter().map(otlp::Metrics::delivery));
        metrics.count_failures(own.chain(others).collect());
        Some(Self { metrics, pushers, otlp, sinks, migrating: false, unsent: false })
    }

    /// Metrics for the listener alone; `None` where there is no listener.
    pub(super) fn for_listener(settings: &TelemetrySettings, problems: &mut Problems) -> Option<Self> {
        settings.listen.as_ref().filter(|_| settings.counted)?;
        let none: Option<OtlpReader<ManualReader>> = None;
        let metrics = problems.collect(ProcessMetrics::new(settings.run_info, none, StartTime::default()))?;
        let (pushers, sinks) = (Vec::new(), Vec::new());
        Some(Self { metrics, pushers, otlp: None, sinks, migrating: false, unsent: false })
    }

    /// The metrics themselves.
    pub(super) fn metrics(&self) -> &ProcessMetrics {
        &self.metrics
    }

    /// The sinks, by name.
    pub(super) fn sinks(&self) -> &[String] {
        &self.sinks
    }

    /// The last export to every sink.
    pub(super) fn flush_tasks(&self) -> impl Iterator<Item = FlushTask> {
        let otlp = self.otlp.as_ref().zip(self.metrics.otlp_provider());
        let otlp = otlp.map(|(metrics, provider)| metrics.flush_task(provider));
        self.pushers.iter().map(Pusher::flush_task).chain(otlp)
    }

    /// The last page once more, with the failures since, to every sink that has taken it.
    pub(super) fn push_again(&self) -> impl Iterator<Item = FlushTask> {
        self.pushers.iter().filter(|pusher| pusher.delivery().failure().is_none()).map(Pusher::flush_task)
    }

    /// Exports at once what was read from the journal: later it could be less than another run has reported.
    fn export_now(&mut self) {
        self.unsent = false;
        self.pushers.iter().for_each(Pusher::push_now);
        self.otlp.iter().zip(self.metrics.otlp_provider()).for_each(|(metrics, provider)| metrics.export_now(provider));
    }
}

impl Observer for MetricsPipeline {
    fn observe(&mut self, event: &Event<'_>) {
        self.metrics.observe(event);
        match event {
            Event::MigrationStarted { index, .. } => {
                self.migrating = true;
                if *index == 1 || self.unsent {
                    self.export_now();
                }
            }
            Event::MigrationFinished { .. } => self.migrating = false,
            // A hook may take long.
            Event::HookStarted { .. } if self.unsent => self.export_now(),
            // Before the first migration and at the end of a run, the next export follows at once.
            Event::JournalRead { .. } if !self.migrating => self.unsent = true,
            Event::JournalRead { .. } => self.export_now(),
            _ => {}
        }
    }
}

fn pusher(sink: impl Sink, metrics: &ProcessMetrics, exporter: &'static str, shown: String) -> Result<Pusher, String> {
    Pusher::start(sink, metrics.clone(), Delivery::of_text(exporter, shown))
}

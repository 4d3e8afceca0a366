//! All `OTEL_*` variables together.

use super::endpoint::Endpoint;
use super::lookup::{Lookup, get};
use super::reader::Reader;
use super::schedule::Schedule;
use super::signal::Signal;

/// Where one signal is exported, and when.
#[derive(Debug)]
pub(in crate::cli::export) struct Destination {
    pub(in crate::cli::export) endpoint: Endpoint,
    pub(in crate::cli::export) schedule: Schedule,
}

/// What the variables configure.
#[derive(Debug, Default)]
pub(in crate::cli::export) struct OtelConfig {
    /// The signals that are exported.
    pub(in crate::cli::export) destinations: Vec<Destination>,
    /// What keeps a signal from being exported, or has no effect; each names its variable.
    pub(in crate::cli::export) problems: Vec<String>,
    /// What works otherwise than the user may expect.
    pub(in crate::cli::export) notes: Vec<String>,
}

impl OtelConfig {
    /// Reads the variables, and the files that they name.
    pub(in crate::cli::export) fn read(variables: Lookup<'_>) -> Self {
        let mut reader = Reader::new(variables);
        let destinations = if is_disabled(variables) { Vec::new() } else { reader.destinations() };
        // A variable for all signals is read once for each of them.
        let (problems, notes) = (without_repeats(reader.problems), without_repeats(reader.notes));
        Self { destinations, problems, notes }
    }

    /// Removes the destination of one signal and returns it.
    pub(in crate::cli::export) fn take(&mut self, signal: Signal) -> Option<Destination> {
        let at = self.destinations.iter().position(|destination| destination.endpoint.signal == signal)?;
        Some(self.destinations.swap_remove(at))
    }
}

/// Only `true` disables telemetry, as the specification demands.
fn is_disabled(variables: Lookup<'_>) -> bool {
    get(variables, "OTEL_SDK_DISABLED").is_some_and(|value| value.eq_ignore_ascii_case("true"))
}

fn without_repeats(texts: Vec<String>) -> Vec<String> {
    let mut unique: Vec<String> = Vec::with_capacity(texts.len());
    for text in texts {
        if !unique.contains(&text) {
            unique.push(text);
        }
    }
    unique
}

impl Reader<'_> {
    fn destinations(&mut self) -> Vec<Destination> {
        if self.get("OTEL_CONFIG_FILE").is_some() {
            self.problems.push("OTEL_CONFIG_FILE is not supported and is ignored".to_owned());
        }
        Signal::ALL.into_iter().filter_map(|signal| self.destination(signal)).collect()
    }

    fn destination(&mut self, signal: Signal) -> Option<Destination> {
        let request = self.export_request(signal);
        let endpoint = self.endpoint(signal, request)?;
        self.note_ignored(signal);
        let schedule = self.schedule(signal);
        Some(Destination { endpoint: endpoint.with_limit(schedule.limit), schedule })
    }

    /// Notes variables that other programs follow and this one does not.
    fn note_ignored(&mut self, signal: Signal) {
        match signal {
            Signal::Traces => {
                self.note_unless("OTEL_TRACES_SAMPLER", &["always_on", "parentbased_always_on"], |value| {
                    format!("OTEL_TRACES_SAMPLER: {value} is ignored, every run is recorded")
                });
            }
            Signal::Metrics => {
                let name = "OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE";
                self.note_unless(name, &["cumulative"], |value| {
                    format!("{name}: {value} is ignored, metrics are totals of the journal and are sent as cumulative")
                });
                let name = "OTEL_EXPORTER_OTLP_METRICS_DEFAULT_HISTOGRAM_AGGREGATION";
                self.note_unless(name, &["explicit_bucket_histogram"], |value| {
                    format!("{name}: {value} is ignored, histograms are sent with their documented buckets")
                });
            }
            Signal::Logs => {}
        }
    }
}

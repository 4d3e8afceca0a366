//! The figures by OTLP: the same instruments as those of the textfile, with a provider whose reader sends.

use std::time::SystemTime;

use migrascope::observe::metrics::{Metrics, Totals};
use migrascope::observe::names;
use migrascope::{Event, Observer};
use opentelemetry::InstrumentationScope;
use opentelemetry::metrics::MeterProvider;
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::metrics::SdkMeterProvider;

use super::environment::{Endpoint, Pace};
use super::flush::Task;
use super::otlp::{self, Carriers, Start};

/// Figures that are sent as the run goes on and at its end.
pub(super) struct Pushed {
    figures: Metrics,
    provider: SdkMeterProvider,
    export: otlp::Metrics,
    start: Start,
}

impl Pushed {
    /// # Errors
    /// When there is no client to be had for the endpoint.
    pub(super) fn start(
        carriers: &mut Carriers,
        destination: &(Endpoint, Pace),
        resource: Resource,
        version: &'static str,
    ) -> Result<Self, String> {
        let start = Start::default();
        let (reader, export) = otlp::reader(carriers, destination, start.clone())?;
        let provider = SdkMeterProvider::builder().with_reader(reader).with_resource(resource).build();
        let scope = InstrumentationScope::builder(names::SCOPE).with_version(version).build();
        let figures = Metrics::new(&provider.meter_with_scope(scope), Totals::default());
        Ok(Self { figures, provider, export, start })
    }

    /// What is left to be done when the run has ended.
    pub(super) fn into_task(self) -> Task {
        self.export.into_task(self.provider)
    }
}

impl Observer for Pushed {
    fn observe(&mut self, event: &Event<'_>) {
        self.figures.observe(event);
        if matches!(event, Event::RunStarted { .. }) {
            // The figures are those of this process alone, and so they count since now.
            self.start.set(SystemTime::now());
        }
    }
}

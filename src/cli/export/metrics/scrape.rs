//! Metrics in a registry of their own, to be read as Prometheus text.

use migrascope::observe::metrics::Metrics;
use migrascope::observe::names;
use opentelemetry::metrics::MeterProvider;
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::metrics::SdkMeterProvider;
use prometheus::Registry;

use super::instruments::journaled;
use super::series::{Series, reader};
use crate::cli::telemetry::RunInfo;

/// A registry and its provider. Its series end with it: instruments cannot be taken out of a registry.
pub(crate) struct Scrape {
    registry: Registry,
    provider: SdkMeterProvider,
}

impl Scrape {
    /// An empty registry.
    ///
    /// # Errors
    /// When the reader cannot be registered.
    pub(crate) fn new() -> Result<Self, String> {
        let registry = Registry::new();
        let provider = SdkMeterProvider::builder()
            .with_reader(reader(&registry)?)
            .with_resource(Resource::builder_empty().build())
            .build();
        Ok(Self { registry, provider })
    }

    /// Registers the instruments, which the caller fills.
    pub(crate) fn metrics(&self, info: RunInfo) -> Metrics {
        journaled(&self.provider.meter(names::SCOPE), info)
    }

    /// The metrics as they are now.
    pub(crate) fn series(&self) -> Series {
        Series::of(&self.registry)
    }
}

//! The figures as Prometheus text, for node_exporter's textfile collector: replaced as a whole, never half-written.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use migrascope::observe::names;
use opentelemetry::metrics::{Meter, MeterProvider};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::metrics::SdkMeterProvider;
use prometheus::{Encoder, Registry, TextEncoder};

/// One file and the figures in it.
pub(super) struct TextFile {
    path: PathBuf,
    registry: Registry,
    provider: SdkMeterProvider,
}

impl TextFile {
    /// Makes sure that the file can be written; leaves what is in it.
    ///
    /// # Errors
    /// With the option, the file and the system's words.
    pub(super) fn open(path: PathBuf) -> Result<Self, String> {
        let registry = Registry::new();
        let reader = opentelemetry_prometheus::exporter()
            .with_registry(registry.clone())
            .without_target_info()
            .scope_info_enabled(false)
            .build()
            .map_err(|error| format!("--metrics-file: {error}"))?;
        let provider =
            SdkMeterProvider::builder().with_reader(reader).with_resource(Resource::builder_empty().build()).build();
        let file = Self { path, registry, provider };
        file.try_directory().map_err(|error| file.complaint(&error))?;
        Ok(file)
    }

    /// The meter whose figures are written.
    pub(super) fn meter(&self) -> Meter {
        self.provider.meter(names::SCOPE)
    }

    /// Replaces the file; leaves it alone while there are no figures.
    ///
    /// # Errors
    /// With the option, the file and the system's words.
    pub(super) fn write(&self) -> Result<(), String> {
        let mut text = Vec::new();
        TextEncoder::new()
            .encode(&self.registry.gather(), &mut text)
            .map_err(|error| format!("--metrics-file {}: {error}", self.path.display()))?;
        if text.is_empty() {
            return Ok(());
        }
        replace(&self.path, &text).map_err(|error| self.complaint(&error))
    }

    fn try_directory(&self) -> io::Result<()> {
        if self.path.is_dir() {
            return Err(io::ErrorKind::IsADirectory.into());
        }
        let probe = neighbour(&self.path);
        fs::write(&probe, "")?;
        fs::remove_file(&probe)
    }

    fn complaint(&self, error: &io::Error) -> String {
        format!("--metrics-file: {} cannot be written: {error}", self.path.display())
    }
}

/// Writes beside the file and renames, so that a reader sees the old text or the new one.
fn replace(path: &Path, text: &[u8]) -> io::Result<()> {
    let beside = neighbour(path);
    fs::write(&beside, text).and_then(|()| fs::rename(&beside, path)).inspect_err(|_| {
        // The first error is the one to tell.
        let _ = fs::remove_file(&beside);
    })
}

/// A name in the same directory that ends otherwise than in `.prom`, or it would be collected half-written.
fn neighbour(path: &Path) -> PathBuf {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    path.with_file_name(format!(".{name}.{}.tmp", std::process::id()))
}

//! `push`: what the journal says of a database, put and sent once by every way that is configured.

use std::time::Duration;

use migrascope::Status;
use migrascope::database::Identity;
use migrascope::journal::Totals;

use super::environment::{Environment, Lookup, Signal};
use super::flush::{self, Budget};
use super::otlp::Carriers;
use super::shown::Shown;
use super::start::stated;
use super::{ExportError, ExportSettings, TelemetryMode, resource};

/// Ways that are open.
pub(crate) struct Resend {
    shown: Shown,
    limit: Duration,
}

/// Opens every way that figures are to leave by; nothing is sent, and no database is touched.
///
/// # Errors
/// With every mistake in the settings, and where there is no way at all: nothing else is asked for here.
pub(crate) fn resend(
    settings: &ExportSettings,
    target: &Identity,
    variables: Lookup<'_>,
) -> Result<Resend, ExportError> {
    let mut environment = Environment::read(variables);
    let mut problems = std::mem::take(&mut environment.problems);
    if settings.telemetry == TelemetryMode::Off {
        problems.push("--telemetry is off".to_owned());
    }
    let stated = stated(&environment, variables, &mut problems);
    let resource = || resource::of_target(target, variables, stated);
    let destination = environment.take(Signal::Metrics);
    let shown = Shown::start(settings, &mut Carriers::default(), destination, resource, Vec::new(), &mut problems);
    if shown.is_none() && problems.is_empty() {
        problems.push("there is nowhere to push to: set --push-url, --metrics-file or an OTLP endpoint".to_owned());
    }
    match shown {
        Some(shown) if problems.is_empty() => Ok(Resend { shown, limit: settings.flush_timeout }),
        _ => Err(ExportError { problems }),
    }
}

impl Resend {
    /// How the places are called that the figures go to.
    pub(crate) fn places(&self) -> &[String] {
        self.shown.places()
    }

    /// Delivers within the flush timeout; what comes back are failures, one for each way that failed.
    pub(crate) fn deliver(self, target: Option<&str>, status: &Status, totals: &Totals) -> Vec<String> {
        self.shown.figures().looked(target, status, totals);
        let flushed = flush::within(Budget::starting_now(self.limit), self.shown.tasks().collect());
        flushed.into_iter().filter_map(|flushed| flushed.failure).collect()
    }
}

//! The figures and every way that they leave by.

use std::sync::Arc;

use migrascope::observe::names;
use migrascope::{Event, Observer};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::metrics::ManualReader;

use super::ExportSettings;
use super::courier::{Courier, Route};
use super::delivery::Delivery;
use super::environment::{Endpoint, Pace};
use super::figures::Figures;
use super::flush::Task;
use super::otlp::{self, Carriers, Start};
use super::push::Gateway;
use super::start::noting;
use super::textfile::TextFile;

/// Figures that somebody sees.
pub(super) struct Shown {
    figures: Figures,
    couriers: Vec<Courier>,
    sent: Option<otlp::Metrics>,
    places: Vec<String>,
    /// Whether a migration is at work.
    migrating: bool,
    /// Whether the journal was read, and no page was carried since.
    waiting: bool,
}

impl Shown {
    /// Opens every way that is configured; `None` where there is none, and nobody listens. What is wrong with one leaves the
    /// others. The failures of `others`, which send no figures, are shown as well.
    pub(super) fn start(
        settings: &ExportSettings,
        carriers: &mut Carriers,
        destination: Option<(Endpoint, Pace)>,
        resource: impl FnOnce() -> Resource,
        others: Vec<Arc<Delivery>>,
        problems: &mut Vec<String>,
    ) -> Option<Self> {
        if !settings.counted {
            return None;
        }
        let file = settings.metrics_file.clone().and_then(|path| noting(problems, TextFile::open(path)));
        let push = &settings.push;
        let gateway = push.url.as_ref().and_then(|url| noting(problems, Gateway::open(url, push)));
        let start = Start::default();
        let mut places: Vec<String> = destination.iter().map(|(to, _)| to.shown()).collect();
        let reader = destination.and_then(|to| noting(problems, otlp::reader(carriers, &to, start.clone())));
        if file.is_none() && gateway.is_none() && reader.is_none() && settings.listen.is_none() {
            return None;
        }
        let (reader, sent) = reader.unzip();
        let figures = noting(problems, Figures::new(settings.run_info, reader, start, resource))?;
        let mut couriers = Vec::new();
        if let Some(file) = file {
            let shown = file.shown();
            places.push(shown.clone());
            couriers.extend(noting(problems, courier(file, &figures, names::EXPORTER_TEXTFILE, shown)));
        }
        if let Some(gateway) = gateway {
            let shown = gateway.shown();
            places.push(shown.clone());
            couriers.extend(noting(problems, courier(gateway, &figures, names::EXPORTER_PUSHGATEWAY, shown)));
        }
        let own = couriers.iter().map(Courier::delivery).chain(sent.iter().map(otlp::Metrics::delivery));
        figures.count_failures(own.chain(others).collect());
        Some(Self { figures, couriers, sent, places, migrating: false, waiting: false })
    }

    /// Figures for whoever listens, and no other way.
    pub(super) fn only_listened(settings: &ExportSettings, problems: &mut Vec<String>) -> Option<Self> {
        settings.listen.as_ref().filter(|_| settings.counted)?;
        let none: Option<ManualReader> = None;
        let resource = || Resource::builder_empty().build();
        let figures = noting(problems, Figures::new(settings.run_info, none, Start::default(), resource))?;
        let (couriers, places) = (Vec::new(), Vec::new());
        Some(Self { figures, couriers, sent: None, places, migrating: false, waiting: false })
    }

    /// The figures themselves.
    pub(super) fn figures(&self) -> &Figures {
        &self.figures
    }

    /// How the places are called that the figures go to.
    pub(super) fn places(&self) -> &[String] {
        &self.places
    }

    /// The last page to every place, and the last request.
    pub(super) fn tasks(&self) -> impl Iterator<Item = Task> {
        let sent = self.sent.as_ref().zip(self.figures.sender()).map(|(sent, provider)| sent.task(provider));
        self.couriers.iter().map(Courier::task).chain(sent)
    }

    /// The last page once more, to every place that has taken it, with what has become known since.
    pub(super) fn put_again(&self) -> impl Iterator<Item = Task> {
        self.couriers.iter().filter(|courier| courier.delivery().failure().is_none()).map(Courier::task)
    }
}

impl Observer for Shown {
    fn observe(&mut self, event: &Event<'_>) {
        self.figures.observe(event);
        match event {
            Event::MigrationStarted { index, .. } => {
                self.migrating = true;
                if *index == 1 || self.waiting {
                    self.report();
                }
            }
            Event::MigrationFinished { .. } => self.migrating = false,
            // It may take long.
            Event::HookStarted { .. } if self.waiting => self.report(),
            // At the end of a run the last page comes at once.
            Event::JournalRead { .. } if !self.migrating => self.waiting = true,
            Event::JournalRead { .. } => self.report(),
            _ => {}
        }
    }
}

impl Shown {
    /// Reports at once, by every way, what was read from the journal: later it could be less than another run has reported.
    fn report(&mut self) {
        self.waiting = false;
        self.couriers.iter().for_each(Courier::begin);
        self.sent.iter().zip(self.figures.sender()).for_each(|(sent, provider)| sent.begin(provider));
    }
}

fn courier(route: impl Route, figures: &Figures, exporter: &'static str, shown: String) -> Result<Courier, String> {
    Courier::start(route, figures.clone(), Delivery::of_text(exporter, shown))
}

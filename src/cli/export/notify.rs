//! Who is told of a run when it has ended: Grafana by an annotation, and whoever listens behind a webhook. Each is told once,
//! and one that does not take it is a warning.

mod receiver;
mod secret;
mod wording;

use std::sync::Arc;
use std::time::SystemTime;

use migrascope::event::Command;
use migrascope::observe::names;
use migrascope::report::Outcome;
use migrascope::{Event, Observer, Report as Done};

use self::receiver::Receiver;
pub(crate) use self::secret::Secret;
use super::delivery::Delivery;
use super::environment::Lookup;
use super::flush::Task;
use super::resource;
use super::start::noting;
use crate::cli::json::Report;

/// The attribute of a resource that says where it runs.
const ENVIRONMENT: &str = "deployment.environment.name";

/// Of which runs is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum NotifyOn {
    /// Of all.
    Always,
    /// Of those that failed.
    Failure,
    /// Of those that failed and of those that have changed something.
    #[default]
    Changes,
}

/// What the command line says about notifications.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct NotifySettings {
    /// Grafana's URL, which may hold a password.
    pub(crate) grafana: Option<Secret>,
    /// The token for it.
    pub(crate) grafana_token: Option<Secret>,
    /// The webhook's URL.
    pub(crate) webhook: Option<Secret>,
    /// Of which runs is told.
    pub(crate) on: NotifyOn,
}

/// Those who are to be told, and what is known of the run so far.
#[derive(Default)]
pub(super) struct Notices {
    places: Vec<Place>,
    on: NotifyOn,
    run: Run,
}

/// Somebody who is told.
struct Place {
    receiver: Receiver,
    manner: Manner,
    delivery: Arc<Delivery>,
}

/// How somebody is told.
#[derive(Debug, Clone, Copy)]
enum Manner {
    Annotation,
    Webhook,
}

/// A run as far as it has come.
#[derive(Default)]
struct Run {
    /// What the database is called.
    target: String,
    /// Whether that was said by whoever started the run.
    named: bool,
    /// Where it runs, as the resource says.
    environment: Option<String>,
    began: Option<SystemTime>,
    ended: Option<SystemTime>,
    /// How history was changed as a person has asked for.
    change: Option<String>,
    done: Option<Done>,
}

impl Notices {
    /// Makes ready whom the settings name; nothing is sent.
    pub(super) fn start(settings: &NotifySettings, variables: Lookup<'_>, problems: &mut Vec<String>) -> Self {
        let mut places = Vec::new();
        if let Some(url) = &settings.grafana {
            let receiver = noting(problems, Receiver::grafana(url, settings.grafana_token.as_ref()));
            places.extend(receiver.map(|to| Place::new(to, Manner::Annotation, names::EXPORTER_GRAFANA)));
        }
        if let Some(url) = &settings.webhook {
            let receiver = noting(problems, Receiver::webhook(url));
            places.extend(receiver.map(|to| Place::new(to, Manner::Webhook, names::EXPORTER_WEBHOOK)));
        }
        // A mistake in it is told where something is sent by OTLP.
        let stated = resource::stated(variables).unwrap_or_default();
        let environment = stated.into_iter().find(|attribute| attribute.key.as_str() == ENVIRONMENT);
        let environment = environment.map(|attribute| attribute.value.to_string());
        Self { places, on: settings.on, run: Run { environment, ..Run::default() } }
    }

    /// What becomes of what is sent.
    pub(super) fn deliveries(&self) -> impl Iterator<Item = Arc<Delivery>> {
        self.places.iter().map(|place| Arc::clone(&place.delivery))
    }

    /// One notification for each place, where the run is one to be told of.
    pub(super) fn tasks(self, report: &Report<'_>) -> Vec<Task> {
        let Self { places, on, run } = self;
        if !run.matters(on, report) {
            return Vec::new();
        }
        places.into_iter().map(|place| place.task(&run, report)).collect()
    }
}

impl Place {
    fn new(receiver: Receiver, manner: Manner, exporter: &'static str) -> Self {
        let delivery = Arc::new(Delivery::of_notice(exporter, receiver.shown()));
        Self { receiver, manner, delivery }
    }

    fn task(self, run: &Run, report: &Report<'_>) -> Task {
        let body = match self.manner {
            Manner::Annotation => wording::annotation(run, report),
            Manner::Webhook => wording::message(run, report),
        };
        let Self { receiver, delivery, .. } = self;
        Task::new(Arc::clone(&delivery), move || {
            // What became of it is in the tally.
            let _ = delivery.settle(1, receiver.post(&body).map(|()| 0));
        })
    }
}

impl Run {
    /// The health checks alone change nothing, and somebody makes them every minute; whoever waits for a run has made none.
    fn matters(&self, on: NotifyOn, report: &Report<'_>) -> bool {
        let Some(done) = self.done.as_ref().filter(|done| done.command != Command::Wait.word()) else { return false };
        let failed = report.exit_code != 0;
        let changed = self.change.is_some() || done.steps.iter().any(|step| step.outcome == Outcome::Success);
        match on {
            NotifyOn::Always => failed || done.command != Command::Health.word(),
            NotifyOn::Failure => failed,
            NotifyOn::Changes => failed || changed,
        }
    }
}

impl Observer for Notices {
    fn observe(&mut self, event: &Event<'_>) {
        if self.places.is_empty() {
            return;
        }
        let known = &mut self.run;
        match event {
            Event::RunStarted { run, expected } => {
                known.began = Some(SystemTime::now());
                known.named = run.target.is_some();
                known.target = run.target.as_ref().unwrap_or(&expected.database).clone();
            }
            Event::ConnectFinished { result: Ok(identity), .. } if !known.named => {
                known.target.clone_from(&identity.database);
            }
            Event::HistoryChanged { change, .. } => {
                known.change = Some(format!("{} {}", change.word(), change.version()));
            }
            Event::RunFinished { report, .. } => {
                known.ended = Some(SystemTime::now());
                known.done = Some((*report).clone());
            }
            _ => {}
        }
    }
}

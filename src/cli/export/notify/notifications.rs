//! All notifications of one run.

use std::sync::Arc;

use migrascope::observe::names;
use migrascope::{Event, Observer};

use super::client::NotificationClient;
use super::recipient::{NotificationFormat, Recipient};
use super::run_summary::RunSummary;
use crate::cli::export::delivery::Delivery;
use crate::cli::export::environment::Lookup;
use crate::cli::export::flush::FlushTask;
use crate::cli::export::problems::Problems;
use crate::cli::export::resource;
use crate::cli::outcome::CommandReport;
use crate::cli::telemetry::{NotifyOn, NotifySettings};

/// The resource attribute of the deployment environment.
const ENVIRONMENT: &str = "deployment.environment.name";

/// The recipients, and the run so far.
#[derive(Default)]
pub(in crate::cli::export) struct Notifications {
    recipients: Vec<Recipient>,
    on: NotifyOn,
    run: RunSummary,
}

impl Notifications {
    /// Sets up the recipients that the settings name; nothing is sent.
    pub(in crate::cli::export) fn start(
        settings: &NotifySettings,
        variables: Lookup<'_>,
        problems: &mut Problems,
    ) -> Self {
        let mut recipients = Vec::new();
        if let Some(url) = &settings.grafana {
            let client = problems.collect(NotificationClient::grafana(url, settings.grafana_token.as_ref()));
            let annotation = |client| Recipient::new(client, NotificationFormat::Annotation, names::EXPORTER_GRAFANA);
            recipients.extend(client.map(annotation));
        }
        if let Some(url) = &settings.webhook {
            let client = problems.collect(NotificationClient::webhook(url));
            let webhook = |client| Recipient::new(client, NotificationFormat::Webhook, names::EXPORTER_WEBHOOK);
            recipients.extend(client.map(webhook));
        }
        // A mistake in the attributes is reported where they are sent by OTLP.
        let declared = resource::declared(variables).unwrap_or_default();
        let environment = declared.into_iter().find(|attribute| attribute.key.as_str() == ENVIRONMENT);
        let environment = environment.map(|attribute| attribute.value.to_string());
        Self { recipients, on: settings.on, run: RunSummary::new(environment) }
    }

    /// The results of all notifications.
    pub(in crate::cli::export) fn deliveries(&self) -> impl Iterator<Item = Arc<Delivery>> {
        self.recipients.iter().map(Recipient::delivery)
    }

    /// One notification for each recipient; none where the settings exclude the run.
    pub(in crate::cli::export) fn flush_tasks(self, report: &CommandReport<'_>) -> Vec<FlushTask> {
        let Self { recipients, on, run } = self;
        if !run.is_notified(on, report) {
            return Vec::new();
        }
        recipients.into_iter().map(|recipient| recipient.flush_task(&run, report)).collect()
    }
}

impl Observer for Notifications {
    fn observe(&mut self, event: &Event<'_>) {
        if !self.recipients.is_empty() {
            self.run.follow(event);
        }
    }
}

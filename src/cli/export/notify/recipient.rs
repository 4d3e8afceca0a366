//! A recipient of notifications.

use std::sync::Arc;

use super::client::NotificationClient;
use super::message;
use super::run_summary::RunSummary;
use crate::cli::export::delivery::Delivery;
use crate::cli::export::flush::FlushTask;
use crate::cli::outcome::CommandReport;

/// One recipient, with its client and its format.
pub(super) struct Recipient {
    client: NotificationClient,
    format: NotificationFormat,
    delivery: Arc<Delivery>,
}

/// The body of a notification.
#[derive(Debug, Clone, Copy)]
pub(super) enum NotificationFormat {
    /// Grafana's annotation.
    Annotation,
    /// Slack's text, with the report beside it.
    Webhook,
}

impl Recipient {
    /// `exporter` is its kind, as a label of metrics.
    pub(super) fn new(client: NotificationClient, format: NotificationFormat, exporter: &'static str) -> Self {
        let delivery = Arc::new(Delivery::of_notification(exporter, client.shown()));
        Self { client, format, delivery }
    }

    /// The results of its notifications.
    pub(super) fn delivery(&self) -> Arc<Delivery> {
        Arc::clone(&self.delivery)
    }

    /// Sends one notification.
    pub(super) fn flush_task(self, run: &RunSummary, report: &CommandReport<'_>) -> FlushTask {
        let body = match self.format {
            NotificationFormat::Annotation => message::annotation(run, report),
            NotificationFormat::Webhook => message::webhook(run, report),
        };
        let Self { client, delivery, .. } = self;
        FlushTask::new(Arc::clone(&delivery), move || {
            // The delivery keeps the result.
            let _ = delivery.record(1, client.post(&body).map(|()| 0));
        })
    }
}

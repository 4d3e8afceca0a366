//! What was delivered and what was lost: the SDK drops the results of all requests but the last.

use std::sync::{Mutex, MutexGuard, PoisonError};

use migrascope::observe::names;
use opentelemetry_sdk::error::{OTelSdkError, OTelSdkResult};

use super::environment::{Endpoint, Signal};

/// What is delivered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Telemetry.
    Signal(Signal),
    /// Notifications about the end of a run.
    Notifications,
}

impl Kind {
    /// Its name in messages and metrics.
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Signal(signal) => signal.word(),
            Self::Notifications => "notifications",
        }
    }

    /// What a request consists of.
    fn items(self) -> &'static str {
        match self {
            Self::Signal(signal) => signal.items(),
            Self::Notifications => "notifications",
        }
    }
}

/// Counts the items of one exporter that were delivered and lost.
#[derive(Debug)]
pub(super) struct Delivery {
    kind: Kind,
    exporter: &'static str,
    receiver: String,
    counts: Mutex<Counts>,
}

#[derive(Debug, Default)]
struct Counts {
    queued: usize,
    sent: usize,
    lost: usize,
    failures: u64,
    reason: Option<String>,
}

impl Delivery {
    /// To an OTLP endpoint.
    pub(super) fn to(endpoint: &Endpoint) -> Self {
        Self {
            kind: Kind::Signal(endpoint.signal),
            exporter: names::EXPORTER_OTLP,
            receiver: endpoint.shown(),
            counts: Mutex::default(),
        }
    }

    /// Of metrics as text; `receiver` names the sink in messages.
    pub(super) fn of_text(exporter: &'static str, receiver: String) -> Self {
        Self { kind: Kind::Signal(Signal::Metrics), exporter, receiver, counts: Mutex::default() }
    }

    /// Of a notification; `receiver` names the recipient in messages.
    pub(super) fn of_notification(exporter: &'static str, receiver: String) -> Self {
        Self { kind: Kind::Notifications, exporter, receiver, counts: Mutex::default() }
    }

    pub(super) fn kind(&self) -> Kind {
        self.kind
    }

    /// The kind of exporter, as a label of metrics.
    pub(super) fn exporter(&self) -> &'static str {
        self.exporter
    }

    /// The number of exports that have failed.
    pub(super) fn failures(&self) -> u64 {
        self.counts().failures
    }

    /// Counts an item that was queued.
    pub(super) fn queued(&self) {
        self.counts().queued += 1;
    }

    /// Counts the result of a request of so many items: how many of them the receiver rejected, or why the request failed. Returns what
    /// the SDK expects of an exporter.
    pub(super) fn record(&self, items: usize, result: Result<usize, String>) -> OTelSdkResult {
        match result {
            Ok(rejected) => {
                let rejected = rejected.min(items);
                self.sent(items - rejected);
                if rejected > 0 {
                    self.lost(rejected, "the receiver rejected them");
                }
                Ok(())
            }
            Err(reason) => {
                self.counts().failures += 1;
                self.lost(items, reason.as_str());
                Err(OTelSdkError::InternalFailure(reason))
            }
        }
    }

    fn sent(&self, items: usize) {
        let mut counts = self.counts();
        counts.sent += items;
        if self.kind == Kind::Signal(Signal::Metrics) {
            // The last request has the whole state: losses before it do not matter any more.
            (counts.lost, counts.reason) = (0, None);
        }
    }

    fn lost(&self, items: usize, reason: impl Into<String>) {
        let mut counts = self.counts();
        counts.lost += items;
        counts.reason = Some(reason.into());
    }

    /// The number of items that are lost.
    pub(super) fn losses(&self) -> usize {
        self.counts().lost
    }

    /// The beginning of a message about a failure: what was not delivered, and to whom.
    pub(super) fn not_delivered(&self) -> String {
        format!("{} were not delivered to {}", self.kind.word(), self.receiver)
    }

    /// What was lost, where to and why, in one line; `None` when everything was delivered. Valid when nothing is queued.
    pub(super) fn failure(&self) -> Option<String> {
        let mut counts = self.counts();
        // Items that were neither sent nor lost were dropped by the SDK's full queue.
        let dropped = counts.queued.saturating_sub(counts.sent + counts.lost);
        if dropped > 0 {
            counts.lost += dropped;
            counts.reason.get_or_insert_with(|| "the queue was full".to_owned());
        }
        let reason = counts.reason.as_ref()?;
        let (sent, lost) = (counts.sent, counts.lost);
        let items = self.kind.items();
        Some(match self.kind {
            _ if sent == 0 => format!("{}: {reason}", self.not_delivered()),
            Kind::Signal(Signal::Metrics) => {
                format!("the last metrics were not delivered to {}: {reason}", self.receiver)
            }
            _ => format!("{lost} of {} {items} were not delivered to {}: {reason}", sent + lost, self.receiver),
        })
    }

    fn counts(&self) -> MutexGuard<'_, Counts> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

//! What became of what was sent: the SDK drops the results of all requests but the last.

use std::sync::{Mutex, MutexGuard, PoisonError};

use migrascope::observe::names;
use opentelemetry_sdk::error::{OTelSdkError, OTelSdkResult};

use super::environment::{Endpoint, Signal};

/// What is delivered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Telemetry.
    Signal(Signal),
    /// What is told of a run when it has ended.
    Notifications,
}

impl Kind {
    /// What it is called in messages and metrics.
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Signal(signal) => signal.word(),
            Self::Notifications => "notifications",
        }
    }

    /// What a request is made of.
    fn items(self) -> &'static str {
        match self {
            Self::Signal(signal) => signal.items(),
            Self::Notifications => "notifications",
        }
    }
}

/// The count of what was sent and lost so far, of one kind.
#[derive(Debug)]
pub(super) struct Delivery {
    kind: Kind,
    exporter: &'static str,
    receiver: String,
    tally: Mutex<Tally>,
}

#[derive(Debug, Default)]
struct Tally {
    made: usize,
    sent: usize,
    lost: usize,
    failures: u64,
    reason: Option<String>,
}

impl Delivery {
    pub(super) fn to(endpoint: &Endpoint) -> Self {
        Self {
            kind: Kind::Signal(endpoint.signal),
            exporter: names::EXPORTER_OTLP,
            receiver: endpoint.shown(),
            tally: Mutex::default(),
        }
    }

    /// Of the figures as text; `receiver` is how the place is called that they are put.
    pub(super) fn of_text(exporter: &'static str, receiver: String) -> Self {
        Self { kind: Kind::Signal(Signal::Metrics), exporter, receiver, tally: Mutex::default() }
    }

    /// Of notifications; `receiver` is how it is called who is told.
    pub(super) fn of_notice(exporter: &'static str, receiver: String) -> Self {
        Self { kind: Kind::Notifications, exporter, receiver, tally: Mutex::default() }
    }

    pub(super) fn kind(&self) -> Kind {
        self.kind
    }

    /// Which kind of exporter it is, as metrics call it.
    pub(super) fn exporter(&self) -> &'static str {
        self.exporter
    }

    /// How many exports have failed so far.
    pub(super) fn failures(&self) -> u64 {
        self.tally().failures
    }

    /// One more item waits to be sent.
    pub(super) fn made(&self) {
        self.tally().made += 1;
    }

    /// What became of a request of so many items: how many of them the receiver did not want, or why none arrived. What
    /// comes back is what the SDK is told.
    pub(super) fn settle(&self, items: usize, outcome: Result<usize, String>) -> OTelSdkResult {
        match outcome {
            Ok(unwanted) => {
                let unwanted = unwanted.min(items);
                self.sent(items - unwanted);
                if unwanted > 0 {
                    self.lost(unwanted, "the receiver did not want them");
                }
                Ok(())
            }
            Err(reason) => {
                self.tally().failures += 1;
                self.lost(items, reason.as_str());
                Err(OTelSdkError::InternalFailure(reason))
            }
        }
    }

    /// So many items arrived.
    fn sent(&self, items: usize) {
        let mut tally = self.tally();
        tally.sent += items;
        if self.kind == Kind::Signal(Signal::Metrics) {
            // The last request has the whole state: what came before does not matter any more.
            (tally.lost, tally.reason) = (0, None);
        }
    }

    /// So many items did not arrive.
    fn lost(&self, items: usize, reason: impl Into<String>) {
        let mut tally = self.tally();
        tally.lost += items;
        tally.reason = Some(reason.into());
    }

    /// How many items have not arrived and will not.
    pub(super) fn losses(&self) -> usize {
        self.tally().lost
    }

    /// The beginning of a failure's line, for when nobody knows more.
    pub(super) fn nothing_arrived(&self) -> String {
        format!("{} were not delivered to {}", self.kind.word(), self.receiver)
    }

    /// What was lost, where to and why, in a line; `None` when everything arrived. To be asked when nothing waits.
    pub(super) fn failure(&self) -> Option<String> {
        let mut tally = self.tally();
        // What neither arrived nor was refused was never sent: there was no room for it.
        let dropped = tally.made.saturating_sub(tally.sent + tally.lost);
        if dropped > 0 {
            tally.lost += dropped;
            tally.reason.get_or_insert_with(|| "the queue was full".to_owned());
        }
        let reason = tally.reason.as_ref()?;
        let (sent, lost) = (tally.sent, tally.lost);
        let items = self.kind.items();
        Some(match self.kind {
            _ if sent == 0 => format!("{}: {reason}", self.nothing_arrived()),
            Kind::Signal(Signal::Metrics) => {
                format!("the last metrics were not delivered to {}: {reason}", self.receiver)
            }
            _ => format!("{lost} of {} {items} were not delivered to {}: {reason}", sent + lost, self.receiver),
        })
    }

    fn tally(&self) -> MutexGuard<'_, Tally> {
        self.tally.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

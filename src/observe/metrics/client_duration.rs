//! The duration of our own statements: OpenTelemetry's metric of database clients.

use std::time::Duration;

use opentelemetry::KeyValue;
use opentelemetry::metrics::{Histogram, Meter};

use super::instruments;
use crate::database::DatabaseError;
use crate::history::Direction;
use crate::observe::names;

/// The instrument, and the table of the statements.
pub(super) struct ClientDuration {
    duration: Histogram<f64>,
    ledger: String,
}

impl ClientDuration {
    pub(super) fn new(meter: &Meter) -> Self {
        let duration = instruments::histogram(meter, &names::CLIENT_OPERATION_DURATION);
        Self { duration, ledger: String::new() }
    }

    /// Sets the ledger's table, quoted as in statements.
    pub(super) fn set_ledger(&mut self, ledger: &str) {
        self.ledger = names::collection(ledger);
    }

    /// Records the duration of writing or removing a ledger row, failures included.
    pub(super) fn recorded(
        &self,
        direction: Direction,
        elapsed: Duration,
        error: Option<&DatabaseError>,
        common: Vec<KeyValue>,
    ) {
        let operation = match direction {
            Direction::Up => names::OPERATION_INSERT,
            Direction::Down => names::OPERATION_DELETE,
        };
        let mut labels = common;
        labels.push(KeyValue::new(names::DB_OPERATION_NAME, operation));
        labels.push(KeyValue::new(names::DB_COLLECTION_NAME, self.ledger.clone()));
        labels.extend(error.map(|error| KeyValue::new(names::ERROR_TYPE, error.error_type().to_owned())));
        self.duration.record(elapsed.as_secs_f64(), &labels);
    }
}

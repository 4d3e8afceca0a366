//! An exporter's way out: sends, and keeps count.

use std::sync::Arc;

use opentelemetry_sdk::error::{OTelSdkError, OTelSdkResult};

use super::carrier::{Carrier, Carriers};
use super::message::Message;
use crate::cli::export::delivery::Delivery;
use crate::cli::export::environment::Endpoint;

/// The way out of one signal.
#[derive(Debug)]
pub(super) struct Sender {
    carrier: Carrier,
    delivery: Arc<Delivery>,
}

impl Sender {
    /// # Errors
    /// When there is no client to be had for the endpoint.
    pub(super) fn new(carriers: &mut Carriers, endpoint: &Endpoint) -> Result<(Self, Arc<Delivery>), String> {
        let delivery = Arc::new(Delivery::to(endpoint));
        let carrier = carriers.carrier(endpoint)?;
        Ok((Self { carrier, delivery: Arc::clone(&delivery) }, delivery))
    }

    /// Sends a message of so many items; blocks until it is answered or given up.
    pub(super) fn send(&self, message: &Message, items: usize) -> OTelSdkResult {
        match self.carrier.send(message) {
            Ok(rejected) => {
                let lost = rejected.items.min(items);
                self.delivery.sent(items - lost);
                if lost > 0 {
                    self.delivery.lost(lost, "the receiver did not want them");
                }
                Ok(())
            }
            Err(reason) => {
                self.delivery.lost(items, reason.as_str());
                Err(OTelSdkError::InternalFailure(reason))
            }
        }
    }
}

//! Events → log events of `tracing`, each inside the span that it belongs to, so that a subscriber that maps both to
//! OpenTelemetry gives every record its trace and span.
//!
//! [`Logs`] holds the run's [`super::spans::Spans`] and passes every event on to them: records of a start are emitted after the span has
//! opened, records of an end before it closes. Records contain no SQL: no statement, no value, no password.

mod hook_record;
mod observer;
mod record;
mod remarks;
mod run_attributes;

pub use self::observer::Logs;
pub use self::remarks::Remarks;

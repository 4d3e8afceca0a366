//! Notifications about the end of a run: an annotation in Grafana, a message to a webhook. Each is sent once, and a failure is a warning.

mod client;
mod message;
mod notifications;
mod recipient;
mod run_summary;

pub(super) use self::notifications::Notifications;

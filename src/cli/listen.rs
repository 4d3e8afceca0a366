//! Metrics and probes over HTTP, read-only: a few pages, served on a thread of their own so that no migration can starve them.

mod connection_limiter;
mod host_check;
mod listener;
mod pages;
mod respond;
mod run_pages;
mod run_progress;

pub(crate) use self::listener::{ADDRESS, Listener, announce};
pub(crate) use self::pages::Pages;
pub(crate) use self::run_pages::{Listening, during};

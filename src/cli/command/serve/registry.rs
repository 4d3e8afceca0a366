//! The databases that are watched, as the pages of the listener.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use serde_json::{Value, json};

use super::poll::POLL_TIMEOUT;
use super::target::Target;
use super::watcher::Watcher;
use crate::cli::export;
use crate::cli::listen::Pages;
use crate::cli::output::complain;
use crate::cli::presentation::Detail;
use crate::cli::settings::Settings;
use crate::cli::words;

/// A watcher for each target.
pub(super) struct Registry {
    base: Settings,
    interval: Duration,
    watchers: Mutex<Vec<Watcher>>,
    /// What is wrong with the file of targets.
    file_error: Mutex<Option<String>>,
}

impl Registry {
    /// A registry without any target.
    pub(super) fn new(base: &Settings, interval: Duration) -> Self {
        Self { base: base.clone(), interval, watchers: Mutex::default(), file_error: Mutex::default() }
    }

    /// Watches these targets and no others. Targets that did not change keep their watchers.
    pub(super) fn replace(&self, targets: Vec<Target>) {
        let mut watchers = self.watchers();
        let mut before = std::mem::take(&mut *watchers);
        for target in targets {
            let known = before.iter().position(|watcher| watcher.target == target);
            let watcher = match known {
                Some(index) => Ok(before.swap_remove(index)),
                None => Watcher::start(target, &self.base, self.interval),
            };
            match watcher {
                Ok(watcher) => watchers.push(watcher),
                // It is started again when the file is next read.
                Err(error) => complain(format_args!("warning: cannot watch a database: {error}")),
            }
        }
    }

    /// Sets what is wrong with the file of targets; returns whether that has changed.
    pub(super) fn set_file_error(&self, error: Option<String>) -> bool {
        let mut known = self.file_error.lock().unwrap_or_else(PoisonError::into_inner);
        let changed = *known != error;
        *known = error;
        changed
    }

    fn watchers(&self) -> MutexGuard<'_, Vec<Watcher>> {
        self.watchers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn file_error(&self) -> Option<String> {
        self.file_error.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Pages for Registry {
    fn metrics(&self) -> String {
        export::text(self.watchers().iter().map(|watcher| watcher.state().series()))
    }

    fn live(&self) -> String {
        let databases = words::counted(self.watchers().len(), "database");
        format!("alive: {databases}, every {}", words::duration(self.interval))
    }

    fn ready(&self) -> Result<String, String> {
        let (now, watchers) = (SystemTime::now(), self.watchers());
        // A poll that takes all of its time is not late yet.
        let within = self.interval * 2 + POLL_TIMEOUT * 2;
        let reasons: Vec<String> =
            watchers.iter().filter_map(|watcher| watcher.state().not_ready_reason(now, within)).collect();
        if reasons.is_empty() && !watchers.is_empty() {
            Ok(format!("ready: {}", words::counted(watchers.len(), "database")))
        } else {
            Err(format!("not ready: {}", reasons.join("; ")))
        }
    }

    fn status(&self) -> Value {
        json!({
            "schema": 1,
            "tool_version": env!("CARGO_PKG_VERSION"),
            "interval_seconds": self.interval.as_secs_f64(),
            // The messages name the file, which is a detail.
            "targets_error": self.file_error().map(|error| match self.base.detail {
                Detail::Full => error,
                Detail::Codes => "targets".to_owned(),
            }),
            "targets": self.watchers().iter().map(|watcher| watcher.state().status(self.base.detail)).collect::<Vec<_>>(),
        })
    }
}

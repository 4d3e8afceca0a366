//! Everything that is watched, as pages.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use serde_json::{Value, json};

use super::look::PATIENCE;
use super::target::Target;
use super::watch::Watch;
use crate::cli::export;
use crate::cli::listen::Pages;
use crate::cli::output::complain;
use crate::cli::settings::{Detail, Settings};
use crate::cli::words;

/// The databases and how they stand.
pub(super) struct Board {
    base: Settings,
    interval: Duration,
    watches: Mutex<Vec<Watch>>,
    /// What is wrong with the file of targets.
    problem: Mutex<Option<String>>,
}

impl Board {
    /// Without any database yet.
    pub(super) fn new(base: &Settings, interval: Duration) -> Self {
        Self { base: base.clone(), interval, watches: Mutex::default(), problem: Mutex::default() }
    }

    /// Watches these from now on and no others; those that were there before go on as they are.
    pub(super) fn put(&self, targets: Vec<Target>) {
        let mut watches = self.watches();
        let mut before = std::mem::take(&mut *watches);
        for target in targets {
            let known = before.iter().position(|watch| watch.target == target);
            let watch = match known {
                Some(index) => Ok(before.swap_remove(index)),
                None => Watch::start(target, &self.base, self.interval),
            };
            match watch {
                Ok(watch) => watches.push(watch),
                // It is tried again when the file is read the next time.
                Err(error) => complain(format_args!("warning: a database cannot be watched: {error}")),
            }
        }
    }

    /// Keeps what is wrong with the file of targets; whether that is something new.
    pub(super) fn complain_of_file(&self, problem: Option<String>) -> bool {
        let mut known = self.problem.lock().unwrap_or_else(PoisonError::into_inner);
        let new = *known != problem;
        *known = problem;
        new
    }

    fn watches(&self) -> MutexGuard<'_, Vec<Watch>> {
        self.watches.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn problem(&self) -> Option<String> {
        self.problem.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Pages for Board {
    fn metrics(&self) -> String {
        export::text(self.watches().iter().map(|watch| watch.standing().series()))
    }

    fn live(&self) -> String {
        let databases = words::counted(self.watches().len(), "database");
        format!("alive: {databases}, every {}", words::duration(self.interval))
    }

    fn ready(&self) -> Result<String, String> {
        let (now, watches) = (SystemTime::now(), self.watches());
        // A look that takes all its time is not late yet.
        let within = self.interval * 2 + PATIENCE * 2;
        let objections: Vec<String> =
            watches.iter().filter_map(|watch| watch.standing().objection(now, within)).collect();
        if objections.is_empty() && !watches.is_empty() {
            Ok(format!("ready: {}", words::counted(watches.len(), "database")))
        } else {
            Err(format!("not ready: {}", objections.join("; ")))
        }
    }

    fn status(&self) -> Value {
        json!({
            "schema": 1,
            "tool_version": env!("CARGO_PKG_VERSION"),
            "interval_seconds": self.interval.as_secs_f64(),
            // What is wrong names the file.
            "targets_error": self.problem().map(|problem| match self.base.detail {
                Detail::Full => problem,
                Detail::Codes => "targets".to_owned(),
            }),
            "targets": self.watches().iter().map(|watch| watch.standing().status(self.base.detail)).collect::<Vec<_>>(),
        })
    }
}

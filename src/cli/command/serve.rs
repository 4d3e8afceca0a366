//! `serve`: polls databases and serves their metrics and probes until the process is stopped.

mod poll;
mod poll_state;
mod registry;
mod run;
mod snapshot;
mod target;
mod target_state;
mod targets;
mod watcher;

pub(super) use self::run::run;

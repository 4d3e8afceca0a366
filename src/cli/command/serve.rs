//! `serve`: databases as they are seen from outside, for probes and Prometheus, for as long as the process lives.

mod board;
mod look;
mod standing;
mod target;
mod targets;
mod watch;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use migrascope::run::Stop;

use self::board::Board;
use self::target::Target;
use super::ready::{self, Stopped};
use super::{block_on, fail, finish, warn};
use crate::cli::exit::Exit;
use crate::cli::explain::{Diagnosis, Severity};
use crate::cli::json::{Problem, Report};
use crate::cli::listen::{self, Listener};
use crate::cli::output;
use crate::cli::settings::{Database, Settings, exposed};
use crate::cli::signal::Signals;

pub(super) fn carry_out(settings: &Settings, interval: Duration, file: Option<&Path>) -> Exit {
    match serve(settings, interval, file) {
        Ok(()) => {
            finish(settings, &Report::new("serve", Exit::Done));
            Exit::Done
        }
        Err(Stopped { exit, problem }) => fail(settings, "serve", exit, problem),
    }
}

/// Serves until a signal comes. The threads that look at databases end with the process: they have nothing to finish.
fn serve(settings: &Settings, interval: Duration, file: Option<&Path>) -> Result<(), Stopped> {
    let targets = match file {
        Some(file) => targets::read(file, settings).map_err(unusable)?,
        None => vec![only(settings)?],
    };
    let files = targets.iter().filter_map(|target| Some(("database-url-file", target.database.file()?)));
    let holds_secrets = targets.iter().any(|target| matches!(target.database, Database::Url(_)));
    let itself = file.filter(|_| holds_secrets).map(|file| ("--targets", file));
    let files = files.filter(|_| file.is_some()).chain(itself);
    warn(settings, &files.filter_map(|(option, path)| exposed(option, path)).collect::<Vec<_>>());
    let board = Arc::new(Board::new(settings, interval));
    let address = settings.export.listen.as_deref().unwrap_or(listen::ADDRESS);
    let names = &settings.export.listen_names;
    let listener = Listener::start(address, names, Arc::clone(&board) as _).map_err(Stopped::for_want_of_address)?;
    let signals = Signals::watch(|_| {});
    signals.run_is_over();
    listen::announce(settings, listener.address());
    board.put(targets);
    let file = file.map(Path::to_owned);
    Ok(block_on(follow(&board, settings, file, interval, &signals.stop))?)
}

/// The one database of the usual options. Its URL and files must be usable now; it may be down.
fn only(settings: &Settings) -> Result<Target, Stopped> {
    ready::migrator(settings, migrascope::plan::Target::Latest, ready::reader())?;
    Ok(Target::of(settings))
}

fn unusable(problems: Vec<Diagnosis>) -> Stopped {
    Stopped { exit: Exit::Usage, problem: Problem::of_kind("targets", problems) }
}

/// Reads the file of targets at every interval, until it is asked to stop; one that is broken changes nothing.
async fn follow(board: &Board, settings: &Settings, file: Option<PathBuf>, interval: Duration, stop: &Stop) {
    let Some(file) = file else { return stop.requested().await };
    while tokio::time::timeout(interval, stop.requested()).await.is_err() {
        match targets::read(&file, settings) {
            Ok(targets) => {
                board.complain_of_file(None);
                board.put(targets);
            }
            Err(problems) => {
                let told = problems.iter().map(|problem| problem.message.clone()).collect::<Vec<_>>().join("; ");
                if board.complain_of_file(Some(told)) {
                    let problems: Vec<_> = problems.into_iter().map(as_warning).collect();
                    settings.warnings.record(&problems);
                    output::explain(&problems);
                }
            }
        }
    }
}

fn as_warning(problem: Diagnosis) -> Diagnosis {
    Diagnosis { severity: Severity::Warning, ..problem }
        .help("the targets that were read before stay until it is right")
}

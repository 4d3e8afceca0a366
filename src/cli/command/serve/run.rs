//! Starts the listener and the watchers, and follows the file of targets.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use migrascope::run::Stop;

use super::registry::Registry;
use super::target::Target;
use super::targets;
use crate::cli::command::end::{fail, finish, warn};
use crate::cli::command::prepare;
use crate::cli::command::runtime::block_on;
use crate::cli::command::stopped::Stopped;
use crate::cli::exit::Exit;
use crate::cli::explain::{self, Diagnosis};
use crate::cli::listen::{self, Listener};
use crate::cli::outcome::CommandReport;
use crate::cli::output;
use crate::cli::settings::{Database, Settings, exposed};
use crate::cli::signal::Signals;

pub(in crate::cli::command) fn run(settings: &Settings, interval: Duration, file: Option<&Path>) -> Exit {
    match serve(settings, interval, file) {
        Ok(()) => {
            finish(settings, &CommandReport::new("serve", Exit::Done));
            Exit::Done
        }
        Err(Stopped { exit, error }) => fail(settings, "serve", exit, error),
    }
}

/// Serves until a signal comes. The watchers' threads end with the process: they have nothing to finish.
fn serve(settings: &Settings, interval: Duration, file: Option<&Path>) -> Result<(), Stopped> {
    let targets = match file {
        Some(file) => targets::read(file, settings).map_err(|problems| Stopped::by_usage("targets", problems))?,
        None => vec![single_target(settings)?],
    };
    warn_of_exposed_files(settings, &targets, file);
    let registry = Arc::new(Registry::new(settings, interval));
    let address = settings.telemetry.listen.as_deref().unwrap_or(listen::ADDRESS);
    let names = &settings.telemetry.listen_names;
    let listener = Listener::start(address, names, Arc::clone(&registry) as _).map_err(Stopped::by_address)?;
    let signals = Signals::watch(|_| {});
    signals.run_is_over();
    listen::announce(settings, listener.address());
    registry.replace(targets);
    let file = file.map(Path::to_owned);
    Ok(block_on(follow(&registry, settings, file, interval, &signals.stop))?)
}

/// The database of the options. Its URL and files must be usable now; the server may be down.
fn single_target(settings: &Settings) -> Result<Target, Stopped> {
    prepare::migrator(settings, migrascope::plan::Target::Latest, prepare::application())?;
    Ok(Target::of(settings))
}

fn warn_of_exposed_files(settings: &Settings, targets: &[Target], file: Option<&Path>) {
    let url_files = targets.iter().filter_map(|target| Some(("database-url-file", target.database.file()?)));
    let holds_secrets = targets.iter().any(|target| matches!(target.database, Database::Url(_)));
    let itself = file.filter(|_| holds_secrets).map(|file| ("--targets", file));
    // Without a file of targets, the files are those of the settings, which are checked already.
    let files = url_files.filter(|_| file.is_some()).chain(itself);
    warn(settings, &files.filter_map(|(option, path)| exposed(option, path)).collect::<Vec<_>>());
}

/// Reads the file of targets at every interval until `stop`; a file with mistakes changes nothing.
async fn follow(registry: &Registry, settings: &Settings, file: Option<PathBuf>, interval: Duration, stop: &Stop) {
    let Some(file) = file else { return stop.requested().await };
    while tokio::time::timeout(interval, stop.requested()).await.is_err() {
        match targets::read(&file, settings) {
            Ok(targets) => {
                registry.set_file_error(None);
                registry.replace(targets);
            }
            Err(problems) => {
                let messages = problems.iter().map(|problem| problem.message.clone()).collect::<Vec<_>>().join("; ");
                if registry.set_file_error(Some(messages)) {
                    let problems: Vec<_> = problems.into_iter().map(as_warning).collect();
                    settings.warnings.record(&problems);
                    output::explain(&problems);
                }
            }
        }
    }
}

fn as_warning(problem: Diagnosis) -> Diagnosis {
    explain::warning(problem).help("the previous targets stay in use until the file is fixed")
}

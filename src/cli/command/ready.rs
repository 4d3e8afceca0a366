//! Database and files made ready; nothing is touched yet.

use migrascope::database::{self, ConnectOptions, Connector, Identity};
use migrascope::event::Command;
use migrascope::health::{Health, OwnCheck};
use migrascope::history::Direction;
use migrascope::layout::Reader;
use migrascope::migration::{Dialect, MigrationSet};
use migrascope::plan::Target;
use migrascope::report::BuiltIn;
use migrascope::run::Hooks;
use migrascope::{Error, Migrator, Options, Report};

use crate::cli::exit::Exit;
use crate::cli::explain::{self, Diagnosis, Surroundings};
use crate::cli::json::Problem;
use crate::cli::settings::choices::suggestion;
use crate::cli::settings::{AfterRun, Settings};
use crate::cli::unrecorded;

/// Why a command stops, and with which code.
pub(super) struct Stopped {
    pub(super) exit: Exit,
    pub(super) problem: Problem,
}

impl Stopped {
    /// By an error of the library; `report` has what was done before.
    pub(super) fn by(error: &Error, direction: Direction, report: Option<&Report>) -> Self {
        let around = Surroundings { report, direction };
        Self { exit: Exit::of(error, None), problem: Problem::new(error, explain::error(error, around)) }
    }
}

impl Stopped {
    /// By an address that cannot be listened on.
    pub(super) fn for_want_of_address(message: String) -> Self {
        let help = "name an address of this machine and a port that is free; port 0 is any free one";
        let diagnosis = Diagnosis::error(message).help(help);
        Self { exit: Exit::Usage, problem: Problem::of_kind("listen", vec![diagnosis]) }
    }
}

impl From<Problem> for Stopped {
    fn from(problem: Problem) -> Self {
        Self { exit: Exit::Unexpected, problem }
    }
}

/// Reads every file and prepares to connect; `application` is our name for the server.
pub(super) fn migrator(settings: &Settings, target: Target, application: String) -> Result<Migrator, Stopped> {
    let connector = connector(settings, application)?;
    let set = migrations(settings, connector.dialect())?;
    let options = Options { target, unrecorded: unrecorded::known(), ..settings.policy.clone() };
    Ok(Migrator::new(connector, set, options))
}

/// The same with the health checks that the command makes; without migrations where it makes nothing else.
pub(super) fn runner(
    settings: &Settings,
    command: Command,
    target: Target,
    application: String,
) -> Result<Migrator, Stopped> {
    let connector = connector(settings, application)?;
    let (set, after_run) = match command {
        Command::Health => (MigrationSet::default(), AfterRun::Examine),
        Command::Baseline | Command::Wait => (migrations(settings, connector.dialect())?, AfterRun::Skip),
        _ => (migrations(settings, connector.dialect())?, settings.health.after_run),
    };
    let health = match after_run {
        AfterRun::Examine => checked(settings, connector.dialect())?,
        AfterRun::Skip => Health::Skip,
    };
    let hooks = match command {
        Command::Health | Command::Baseline | Command::Wait => Hooks::default(),
        _ => hooks(settings, connector.dialect())?,
    };
    let options = Options { target, health, hooks, unrecorded: unrecorded::known(), ..settings.policy.clone() };
    Ok(Migrator::new(connector, set, options))
}

/// What is run around migrations: commands and files.
pub(super) fn hooks(settings: &Settings, dialect: Dialect) -> Result<Hooks, Stopped> {
    let each = reader_of(settings, dialect).hooks();
    let each = each.map_err(|error| Stopped::by(&error.into(), Direction::Up, None))?;
    Ok(Hooks { each, ..settings.policy.hooks.clone() })
}

/// What is known of the database before it answers.
pub(super) fn expected(settings: &Settings) -> Result<Identity, Stopped> {
    connector(settings, reader()).map(|connector| connector.expected())
}

fn connector(settings: &Settings, application: String) -> Result<Box<dyn Connector>, Stopped> {
    let url = settings
        .database
        .url()
        .map_err(|diagnosis| Stopped { exit: Exit::Usage, problem: Problem::of_kind("url", vec![*diagnosis]) })?;
    let options = ConnectOptions { application, init: settings.connection_init.clone() };
    database::open(&url, options).map_err(|error| Stopped::by(&error.into(), Direction::Up, None))
}

fn reader_of(settings: &Settings, dialect: Dialect) -> Reader<'static> {
    Reader::directory(&settings.directory, dialect).layout(settings.layout).links(settings.links)
}

/// Whether every script can be split, applied or not.
pub(super) fn readable(settings: &Settings, dialect: Dialect) -> Result<(), Stopped> {
    let split = reader_of(settings, dialect).split_migrations();
    split.map(drop).map_err(|error| Stopped::by(&error.into(), Direction::Up, None))
}

fn migrations(settings: &Settings, dialect: Dialect) -> Result<MigrationSet, Stopped> {
    reader_of(settings, dialect).migrations().map_err(|error| Stopped::by(&error.into(), Direction::Up, None))
}

/// The checks and their thresholds; each threshold is of a check that there is, on this database or on another.
fn checked(settings: &Settings, dialect: Dialect) -> Result<Health, Stopped> {
    let (own, thresholds) = (own_checks(settings, dialect)?, settings.health.thresholds.clone());
    let names: Vec<&str> =
        BuiltIn::ALL.iter().map(|check| check.name()).chain(own.iter().map(|check| check.name.as_str())).collect();
    let unknown = thresholds.names().filter(|name| !names.contains(name)).map(|name| {
        let suggestion = suggestion(name, names.iter().copied());
        Diagnosis::error(format!("there is no health check {name:?} to have a threshold{suggestion}"))
            .help("--health-warn and --health-fail take the names of docs/health.md and those of your own checks")
    });
    let unknown: Vec<Diagnosis> = unknown.collect();
    match unknown.is_empty() {
        true => Ok(Health::Check { own, thresholds }),
        false => Err(Stopped { exit: Exit::Usage, problem: Problem::of_kind("settings", unknown) }),
    }
}

fn own_checks(settings: &Settings, dialect: Dialect) -> Result<Vec<OwnCheck>, Stopped> {
    let Some(directory) = settings.health.checks.directory() else {
        return Ok(Vec::new());
    };
    Reader::directory(directory, dialect)
        .checks()
        .map_err(|error| Stopped { exit: Exit::Usage, problem: Problem::of_kind("checks", explain::checks(&error)) })
}

/// Our name for the server of a command that only reads.
pub(super) fn reader() -> String {
    concat!("migrascope/", env!("CARGO_PKG_VERSION")).to_owned()
}

//! Builds the migrator of a command from settings and files; nothing is connected yet.

use migrascope::database::{self, ConnectOptions, Connector, ServerInfo};
use migrascope::event::Command;
use migrascope::health::{CustomCheck, Health};
use migrascope::history::Direction;
use migrascope::layout::Reader;
use migrascope::migration::{Dialect, MigrationSet};
use migrascope::plan::Target;
use migrascope::report::BuiltIn;
use migrascope::run::Hooks;
use migrascope::{Migrator, Options};

use super::stopped::Stopped;
use crate::cli::explain::{self, Diagnosis};
use crate::cli::option::choices::suggestion;
use crate::cli::settings::{AfterRun, Settings};
use crate::cli::unrecorded;

/// The migrator of a command that only reads; `application` is the name that the server sees.
///
/// # Errors
/// When the URL or a file cannot be used.
pub(super) fn migrator(settings: &Settings, target: Target, application: String) -> Result<Migrator, Stopped> {
    let connector = connector(settings, application)?;
    let set = migrations(settings, connector.dialect())?;
    let options = Options { target, unrecorded: unrecorded::known(), ..settings.run.clone() };
    Ok(Migrator::new(connector, set, options))
}

/// The migrator of a run, with its hooks and health checks; `health` alone has no migrations.
///
/// # Errors
/// When the URL, a file or a setting cannot be used.
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
        AfterRun::Examine => health_checks(settings, connector.dialect())?,
        AfterRun::Skip => Health::Skip,
    };
    let hooks = match command {
        Command::Health | Command::Baseline | Command::Wait => Hooks::default(),
        _ => hooks(settings, connector.dialect())?,
    };
    let options = Options { target, health, hooks, unrecorded: unrecorded::known(), ..settings.run.clone() };
    Ok(Migrator::new(connector, set, options))
}

/// The hooks: commands of the settings and SQL files of the directory.
pub(super) fn hooks(settings: &Settings, dialect: Dialect) -> Result<Hooks, Stopped> {
    let each = reader_of(settings, dialect).hooks();
    let each = each.map_err(|error| Stopped::by(&error.into(), Direction::Up, None))?;
    Ok(Hooks { each, ..settings.run.hooks.clone() })
}

/// The database as its URL describes it, before it is connected.
pub(super) fn expected(settings: &Settings) -> Result<ServerInfo, Stopped> {
    connector(settings, application()).map(|connector| connector.expected())
}

pub(super) fn connector(settings: &Settings, application: String) -> Result<Box<dyn Connector>, Stopped> {
    let url = settings.database.url().map_err(|diagnosis| Stopped::by_usage("url", vec![*diagnosis]))?;
    let options = ConnectOptions { application, init: settings.connection_init.clone() };
    database::open(&url, options).map_err(|error| Stopped::by(&error.into(), Direction::Up, None))
}

fn reader_of(settings: &Settings, dialect: Dialect) -> Reader<'static> {
    Reader::directory(&settings.directory, dialect)
        .layout(settings.layout)
        .links(settings.links)
        .placeholders(settings.placeholders.clone())
}

/// Splits every script, applied or not.
///
/// # Errors
/// When a script cannot be split.
pub(super) fn readable(settings: &Settings, dialect: Dialect) -> Result<(), Stopped> {
    let split = reader_of(settings, dialect).split_migrations();
    split.map(drop).map_err(|error| Stopped::by(&error.into(), Direction::Up, None))
}

fn migrations(settings: &Settings, dialect: Dialect) -> Result<MigrationSet, Stopped> {
    reader_of(settings, dialect).migrations().map_err(|error| Stopped::by(&error.into(), Direction::Up, None))
}

/// The health checks and their thresholds. A threshold must name a check of any database.
fn health_checks(settings: &Settings, dialect: Dialect) -> Result<Health, Stopped> {
    let (own, thresholds) = (own_checks(settings, dialect)?, settings.health.thresholds.clone());
    let names: Vec<&str> =
        BuiltIn::ALL.iter().map(|check| check.name()).chain(own.iter().map(|check| check.name.as_str())).collect();
    let unknown = thresholds.names().filter(|name| !names.contains(name)).map(|name| {
        let suggestion = suggestion(name, names.iter().copied());
        Diagnosis::error(format!("unknown health check {name:?} in a threshold{suggestion}"))
            .help("--health-warn and --health-fail take the names in docs/health.md and those of your own checks")
    });
    let unknown: Vec<Diagnosis> = unknown.collect();
    match unknown.is_empty() {
        true => Ok(Health::Check { custom: own, thresholds }),
        false => Err(Stopped::by_usage("settings", unknown)),
    }
}

fn own_checks(settings: &Settings, dialect: Dialect) -> Result<Vec<CustomCheck>, Stopped> {
    let Some(directory) = settings.health.checks.directory() else {
        return Ok(Vec::new());
    };
    Reader::directory(directory, dialect).checks().map_err(|error| Stopped::by_usage("checks", explain::checks(&error)))
}

/// The application name that the server sees of a command that only reads.
pub(super) fn application() -> String {
    concat!("migrascope/", env!("CARGO_PKG_VERSION")).to_owned()
}

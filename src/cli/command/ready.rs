//! Database and files made ready; nothing is touched yet.

use migrascope::database::{self, ConnectOptions};
use migrascope::history::Direction;
use migrascope::plan::Target;
use migrascope::{Error, Migrator, Options, Report, layout};

use crate::cli::exit::Exit;
use crate::cli::explain::{self, Surroundings};
use crate::cli::json::Problem;
use crate::cli::settings::Settings;

/// Why a command stops, and with which code.
pub(super) struct Stopped {
    pub(super) exit: Exit,
    pub(super) problem: Problem,
}

impl Stopped {
    /// By an error of the library; `report` has what was done before.
    pub(super) fn by(error: &Error, settings: &Settings, direction: Direction, report: Option<&Report>) -> Self {
        let around = Surroundings { report, journal: &settings.policy.journal_table, direction };
        Self { exit: Exit::of(error, None), problem: Problem::new(error, explain::error(error, around)) }
    }
}

impl From<Problem> for Stopped {
    fn from(problem: Problem) -> Self {
        Self { exit: Exit::Unexpected, problem }
    }
}

/// Reads every file and prepares to connect; `application` is our name for the server.
pub(super) fn migrator(settings: &Settings, target: Target, application: String) -> Result<Migrator, Stopped> {
    let url = settings
        .database
        .url()
        .map_err(|diagnosis| Stopped { exit: Exit::Usage, problem: Problem::of_kind("url", vec![*diagnosis]) })?;
    let stopped = |error: Error| Stopped::by(&error, settings, Direction::Up, None);
    let options = ConnectOptions { application, init: settings.connection_init.clone() };
    let connector = database::open(&url, options).map_err(|error| stopped(error.into()))?;
    let set = layout::read(&settings.directory, connector.dialect()).map_err(|error| stopped(error.into()))?;
    Ok(Migrator::new(connector, set, Options { target, ..settings.policy.clone() }))
}

/// Our name for the server of a command that only reads.
pub(super) fn reader() -> String {
    concat!("migrascope/", env!("CARGO_PKG_VERSION")).to_owned()
}

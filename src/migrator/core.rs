//! The migrator, and the queries that need no run.

use super::status::{self, Status};
#[cfg(feature = "observe")]
use super::telemetry::Telemetry;
use crate::database::{Access, Connector, DatabaseError, ServerInfo, Session};
use crate::error::Error;
use crate::event::Command;
use crate::history::{Direction, History};
use crate::journal::{self, Counters, JournalCounters};
use crate::ledger::Depth;
use crate::migration::{Dialect, MigrationSet};
use crate::plan::{self, Plan};
use crate::run::{self as engine, Options};

/// Runs a set of migrations against a database, any number of times; [`Migrator::builder`] builds one.
///
/// It holds no connection: each run and each query opens its own and closes it. Concurrent runs, in one process or in several, wait for
/// each other's lock.
///
/// Each kind of run has its own method with the arguments that apply to it, so that a meaningless combination does not compile:
///
/// ```
/// # use std::time::Duration;
/// # fn example(migrator: &migrascope::Migrator) {
/// let run = migrator.wait(migrascope::run::WaitCondition { version: None, timeout: Duration::ZERO });
/// # }
/// ```
///
/// ```compile_fail,E0599
/// # fn example(migrator: &migrascope::Migrator) {
/// let run = migrator.health().to(migrascope::plan::Target::Latest); // only runs up and down have a target
/// # }
/// ```
pub struct Migrator {
    pub(super) connector: Box<dyn Connector>,
    pub(super) set: MigrationSet,
    pub(super) options: Options,
    /// The observer that all runs share.
    #[cfg(feature = "observe")]
    pub(super) telemetry: Option<Telemetry>,
}

impl Migrator {
    #[cfg(feature = "observe")]
    pub(super) fn with_telemetry(mut self, telemetry: Telemetry) -> Self {
        self.options.journal_counters = telemetry.wanted(self.options.journal_counters);
        self.telemetry = Some(telemetry);
        self
    }

    /// A migrator that does not connect yet. Its runs emit events only to their own observers, and no spans to the current subscriber.
    #[must_use]
    pub fn new(connector: Box<dyn Connector>, set: MigrationSet, mut options: Options) -> Self {
        options.lock_timeout = options.lock_timeout.beside(connector.lock_timeout());
        options.history_format = options.history_format.for_files(&set);
        options.ledger_table = options.history_format.table_in(connector.dialect(), &options.ledger_table);
        Self {
            connector,
            set,
            options,
            #[cfg(feature = "observe")]
            telemetry: None,
        }
    }

    /// Sets whether the journal's counters are read and emitted to observers.
    #[must_use]
    pub fn with_journal_counters(mut self, journal_counters: JournalCounters) -> Self {
        self.options.journal_counters = journal_counters;
        self
    }

    /// The dialect of the database's scripts.
    #[must_use]
    pub fn dialect(&self) -> Dialect {
        self.connector.dialect()
    }

    /// What is known about the database before the first connection.
    #[must_use]
    pub fn expected(&self) -> ServerInfo {
        self.connector.expected()
    }

    /// Makes the plan that a run in this direction would execute now: read-only and without the lock.
    ///
    /// ```no_run
    /// # async fn example(migrator: migrascope::Migrator) -> Result<(), migrascope::Error> {
    /// use migrascope::history::Direction;
    ///
    /// let (database, plan) = migrator.plan(Direction::Up).await?;
    /// println!("{} migrations to be applied to {}", plan.steps.len(), database.database);
    /// for step in &plan.steps {
    ///     println!("{}: {} statements, atomic: {}", step.migration, step.statements().len(), step.atomic.is_yes());
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// If the connection fails, the history cannot be read, or the plan is refused.
    pub async fn plan(&self, direction: Direction) -> Result<(ServerInfo, Plan<'_>), Error> {
        let command = match direction {
            Direction::Up => Command::Up,
            Direction::Down => Command::Down,
        };
        let (session, history) =
            engine::look(&*self.connector, Access::Read, &self.options, &self.set, Depth::Plan).await?;
        let rules = engine::rules(command, &self.options, session.capabilities());
        let plan = engine::plan(command, &self.set, &history, &rules)?;
        let identity = session.server_info().clone();
        session.close().await;
        Ok((identity, plan))
    }

    /// Reads the state of every migration: read-only and without the lock.
    ///
    /// ```no_run
    /// # async fn example(migrator: migrascope::Migrator) -> Result<(), migrascope::Error> {
    /// use migrascope::State;
    ///
    /// let status = migrator.status().await?;
    /// for row in status.rows.iter().filter(|row| row.state != State::Applied) {
    ///     println!("{} {}: {}", row.version, row.name, row.state.words());
    /// }
    /// println!("{} applied, {} pending", status.schema.applied, status.schema.pending);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// If the connection fails or the history cannot be read.
    pub async fn status(&self) -> Result<Status, Error> {
        let (mut session, history) =
            engine::look(&*self.connector, Access::Read, &self.options, &self.set, Depth::Details).await?;
        let status = self.status_of(&mut *session, &history).await?;
        session.close().await;
        Ok(status)
    }

    /// The same together with the journal's counters, as an exporter of metrics needs them. Requires only SELECT.
    ///
    /// A run whose process is dead counts as [`crate::report::Outcome::Vanished`], even if no later run has detected it yet; a run that is
    /// executing is in [`Counters::running`].
    ///
    /// # Errors
    /// If the connection fails, a SQLite file does not exist, or history or journal cannot be read.
    pub async fn look(&self) -> Result<(Status, Counters), Error> {
        let (mut session, history) =
            engine::look(&*self.connector, Access::Watch, &self.options, &self.set, Depth::Details).await?;
        let totals = engine::totals(&*self.connector, &self.options, &mut *session).await;
        let status = self.status_of(&mut *session, &history).await;
        session.close().await;
        Ok((status?, totals.map_err(unreadable)?))
    }

    async fn status_of(&self, session: &mut dyn Session, history: &History) -> Result<Status, Error> {
        let rules = engine::rules(Command::Up, &self.options, session.capabilities());
        let (objections, notes) = plan::verify(&self.set, history, &rules);
        let objections = match Error::refused(objections) {
            Error::Refused(objections) => objections,
            files => return Err(files),
        };
        let schema = plan::survey(&self.set, history);
        let mut failures = match schema.pending {
            0 => Vec::new(),
            _ => journal::last_failures(session, &self.options.journal_table).await.map_err(unreadable)?,
        };
        failures.iter_mut().for_each(|failure| failure.key = failure.key.ordered(self.set.order()).into_owned());
        let rows = status::rows(&self.set, history, &failures);
        let running = history.running.clone();
        Ok(Status { identity: session.server_info().clone(), rows, schema, running, objections, notes })
    }
}

fn unreadable(source: DatabaseError) -> Error {
    Error::Own { what: "cannot read the journal", source: Box::new(source) }
}

//! The migrator, and what it reads without a run.

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

/// Runs a set of migrations against a database, any number of times; [`Migrator::builder`] makes one.
///
/// It holds no connection: each run and each query makes its own and closes it. Concurrent runs, of one migrator or of several processes, wait
/// for each other's lock.
///
/// Each kind of run has a method of its own that takes what this kind needs, so that a run which means nothing does not compile:
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

    /// Connects to nothing yet. Its runs emit events to their own observers only, and no spans to the current subscriber.
    #[must_use]
    pub fn new(connector: Box<dyn Connector>, set: MigrationSet, mut options: Options) -> Self {
        options.lock_timeout = options.lock_timeout.beside(connector.lock_timeout());
        Self {
            connector,
            set,
            options,
            #[cfg(feature = "observe")]
            telemetry: None,
        }
    }

    /// The same, with the journal's totals emitted to observers or not.
    #[must_use]
    pub fn with_journal_counters(mut self, journal_counters: JournalCounters) -> Self {
        self.options.journal_counters = journal_counters;
        self
    }

    /// The dialect that scripts for the database are read in.
    #[must_use]
    pub fn dialect(&self) -> Dialect {
        self.connector.dialect()
    }

    /// What is known of the database before it is connected to.
    #[must_use]
    pub fn expected(&self) -> ServerInfo {
        self.connector.expected()
    }

    /// What a run in this direction would do now: read-only and without the lock.
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
    /// When there is no connection, history cannot be read, or the plan is refused.
    pub async fn plan(&self, direction: Direction) -> Result<(ServerInfo, Plan<'_>), Error> {
        let command = match direction {
            Direction::Up => Command::Up,
            Direction::Down => Command::Down,
        };
        let (session, history) = engine::look(&*self.connector, Access::Read, &self.options, Depth::Plan).await?;
        let rules = engine::rules(command, &self.options, session.capabilities());
        let plan = engine::plan(command, &self.set, &history, &rules)?;
        let identity = session.server_info().clone();
        session.close().await;
        Ok((identity, plan))
    }

    /// How every migration stands: read-only and without the lock.
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
    /// When there is no connection or history cannot be read.
    pub async fn status(&self) -> Result<Status, Error> {
        let (mut session, history) =
            engine::look(&*self.connector, Access::Read, &self.options, Depth::Details).await?;
        let status = self.status_of(&mut *session, &history).await?;
        session.close().await;
        Ok(status)
    }

    /// The same, with everything that the journal has counted: what an exporter of figures shows. Needs SELECT alone.
    ///
    /// A run whose process is gone is counted as [`crate::report::Outcome::Vanished`], whether or not a later run has
    /// noticed it; a run that is going on is in [`Counters::running`].
    ///
    /// # Errors
    /// When there is no connection, a SQLite file does not exist, or history or journal cannot be read.
    pub async fn look(&self) -> Result<(Status, Counters), Error> {
        let (mut session, history) =
            engine::look(&*self.connector, Access::Watch, &self.options, Depth::Details).await?;
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
        let failures = match schema.pending {
            0 => Vec::new(),
            _ => journal::last_failures(session, &self.options.journal_table).await.map_err(unreadable)?,
        };
        let rows = status::rows(&self.set, history, &failures);
        let running = history.running.clone();
        Ok(Status { identity: session.server_info().clone(), rows, schema, running, objections, notes })
    }
}

fn unreadable(source: DatabaseError) -> Error {
    Error::Own { what: "cannot read the journal", source: Box::new(source) }
}

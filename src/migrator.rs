//! The front door: one database, one set of migrations, one set of options.

mod builder;
mod run;
mod status;
#[cfg(feature = "observe")]
mod telemetry;

pub use self::builder::Builder;
pub use self::run::Run;
pub use self::status::{Failed, Progress, State, Status, StatusRow};
#[cfg(feature = "observe")]
use self::telemetry::Telemetry;
use crate::database::{Access, Connector, DatabaseError, Identity, Session};
use crate::error::Error;
use crate::event::Command;
use crate::history::{Direction, History};
use crate::journal::{self, Totals};
use crate::ledger::Depth;
use crate::migration::{Dialect, MigrationSet};
use crate::plan::{self, Plan};
use crate::policy::Policy;
use crate::run::{self as engine, Figures, Goal, Options, Repair};

/// Runs a set of migrations against a database, as often as one likes; [`Migrator::builder`] makes one.
///
/// It holds no connection: each run, and each look, makes its own and ends it. Runs of one migrator at once, or of several processes,
/// wait for each other by the lock.
///
/// There is no run of a [`Command`] that is given by name: what waits, repairs or decides needs to be given what for, and cannot be made to
/// apply migrations instead.
///
/// ```
/// # use std::time::Duration;
/// # fn example(migrator: &migrascope::Migrator) {
/// let run = migrator.wait(migrascope::run::Goal { version: None, patience: Duration::ZERO });
/// # }
/// ```
///
/// ```compile_fail,E0599
/// # fn example(migrator: &migrascope::Migrator) {
/// let run = migrator.run(migrascope::event::Command::Wait);
/// # }
/// ```
pub struct Migrator {
    connector: Box<dyn Connector>,
    set: MigrationSet,
    options: Options,
    /// Whom runs are shown to beside their own observers.
    #[cfg(feature = "observe")]
    telemetry: Option<Telemetry>,
}

impl Migrator {
    /// Begins to put one together.
    ///
    /// ```no_run
    /// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
    /// use migrascope::Migrator;
    ///
    /// let migrator = Migrator::builder().url("postgres://app@localhost/app").directory("migrations").build()?;
    /// let report = migrator.up().await?;
    /// println!("{} migrations applied, {} in all", report.steps.len(), report.applied);
    /// # Ok(())
    /// # }
    /// ```
    pub fn builder() -> Builder {
        Builder::new()
    }

    /// Applies what is pending.
    ///
    /// Where that does not succeed, the result is a [`RunError`](crate::RunError): what was done all the same, and why it stopped. Its cause is
    /// [`Error::Migration`] where SQL failed, with place, message and what remains; [`Error::Refused`] where files and history do
    /// not fit, with every objection; [`Error::Lock`] where another runner was not done in time.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use migrascope::{Error, Migrator};
    ///
    /// let files = vec![("1_good.sql", "CREATE TABLE t (i INTEGER);"), ("2_bad.sql", "SELECT 1;\nSELECT nonsense;")];
    /// let migrator = Migrator::builder().url("sqlite::memory:").embedded(files).build()?;
    /// let error = migrator.up().await.unwrap_err();
    /// assert_eq!(error.report.applied, 1);
    /// match error.cause {
    ///     Error::Migration { version, failure, .. } => {
    ///         assert_eq!((version.as_str(), failure.line, failure.column), ("2", 2, 8));
    ///         assert_eq!(failure.message, "no such column: nonsense");
    ///     }
    ///     other => return Err(other.into()),
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn up(&self) -> Run<'_> {
        Run::plain(self, Command::Up)
    }

    /// Reverts: the last migration, or as far as [`Run::to`] says.
    pub fn down(&self) -> Run<'_> {
        Run::plain(self, Command::Down)
    }

    /// Makes the health checks alone; a failing one is [`Error::Unhealthy`].
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use migrascope::Migrator;
    /// use migrascope::report::CheckStatus;
    ///
    /// let files = vec![
    ///     ("1_users.sql", "CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT);"),
    ///     ("checks/named.sql", "SELECT id FROM users WHERE name IS NULL;"), // a row is a fault
    /// ];
    /// # let file = std::env::temp_dir().join(format!("migrascope-health-{}.db", std::process::id()));
    /// # let url = format!("sqlite://{}", file.display());
    /// let migrator = Migrator::builder().url(url).embedded(files).health_checks().build()?;
    /// migrator.up().await?;
    /// let health = migrator.health().await?.health.ok_or("no health")?;
    /// for check in &health.checks {
    ///     println!("{:12} {:?} in {:.1} ms: {}", check.name, check.status, check.elapsed.as_secs_f64() * 1e3, check.message);
    /// }
    /// assert!(health.checks.iter().any(|check| check.name == "named" && check.status == CheckStatus::Ok));
    /// # std::fs::remove_file(file)?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn health(&self) -> Run<'_> {
        Run::plain(self, Command::Health)
    }

    /// Applies what is pending at the start of an application, or only looks what that is, or does nothing, as a policy says.
    ///
    /// [`Report::policy`](crate::Report::policy) has the decision. Where nothing is applied, a plan that would be refused is no error.
    ///
    /// ```no_run
    /// # async fn example(migrator: migrascope::Migrator) -> Result<(), Box<dyn std::error::Error>> {
    /// use migrascope::policy::Policy;
    ///
    /// // APP_ENV or NODE_ENV, and AUTO_MIGRATE.
    /// let report = migrator.auto(Policy::from_environment()?).await?;
    /// if report.pending > 0 {
    ///     eprintln!("{} migrations are pending", report.pending);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn auto(&self, policy: Policy) -> Run<'_> {
        Run::exec(self, policy)
    }

    /// Waits until somebody else has brought the schema to a goal. Needs SELECT alone.
    ///
    /// The result is [`Error::Awaited`] when that took too long, or why the schema could not be seen; [`Error::Refused`] at once
    /// when a migration is half-way, has failed, or would be refused, and nobody is at work on it.
    pub fn wait(&self, goal: Goal) -> Run<'_> {
        Run::wait(self, goal)
    }

    /// Changes history as a person asks for, or goes on with a migration that was left half-way; [`Error::Refused`] has every
    /// reason why that may not be done.
    pub fn repair(&self, repair: Repair) -> Run<'_> {
        Run::repair(self, repair.command(), repair)
    }

    #[cfg(feature = "observe")]
    fn with_telemetry(mut self, telemetry: Telemetry) -> Self {
        self.options.figures = telemetry.wanted(self.options.figures);
        self.telemetry = Some(telemetry);
        self
    }

    /// Touches nothing yet. Runs are shown to their own observers and nobody else, not to the current subscriber either.
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

    /// The same, with the journal's totals told to observers or not.
    #[must_use]
    pub fn with_figures(mut self, figures: Figures) -> Self {
        self.options.figures = figures;
        self
    }

    /// The dialect that scripts for the database are read in.
    #[must_use]
    pub fn dialect(&self) -> Dialect {
        self.connector.dialect()
    }

    /// What is known of the database before it is connected to.
    #[must_use]
    pub fn expected(&self) -> Identity {
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
    pub async fn plan(&self, direction: Direction) -> Result<(Identity, Plan<'_>), Error> {
        let command = match direction {
            Direction::Up => Command::Up,
            Direction::Down => Command::Down,
        };
        let (session, history) = engine::look(&*self.connector, Access::Read, &self.options, Depth::Plan).await?;
        let rules = engine::rules(command, &self.options, session.abilities());
        let plan = engine::plan(command, &self.set, &history, &rules)?;
        let identity = session.identity().clone();
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
            engine::look(&*self.connector, Access::Read, &self.options, Depth::Particulars).await?;
        let status = self.status_of(&mut *session, &history).await?;
        session.close().await;
        Ok(status)
    }

    /// The same, with everything that the journal has counted: what an exporter of figures shows. Needs SELECT alone.
    ///
    /// A run whose process is gone is counted as [`crate::report::Outcome::Vanished`], whether or not a later run has
    /// noticed it; a run that is going on is in [`Totals::running`].
    ///
    /// # Errors
    /// When there is no connection, a SQLite file does not exist, or history or journal cannot be read.
    pub async fn look(&self) -> Result<(Status, Totals), Error> {
        let (mut session, history) =
            engine::look(&*self.connector, Access::Watch, &self.options, Depth::Particulars).await?;
        let totals = engine::totals(&*self.connector, &self.options, &mut *session).await;
        let status = self.status_of(&mut *session, &history).await;
        session.close().await;
        Ok((status?, totals.map_err(unreadable)?))
    }

    async fn status_of(&self, session: &mut dyn Session, history: &History) -> Result<Status, Error> {
        let rules = engine::rules(Command::Up, &self.options, session.abilities());
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
        Ok(Status { identity: session.identity().clone(), rows, schema, running, objections, notes })
    }
}

fn unreadable(source: DatabaseError) -> Error {
    Error::Own { what: "cannot read the journal", source: Box::new(source) }
}

//! The front door: one database, one set of migrations, one set of options.

mod status;

use serde::Serialize;

use crate::database::{Access, Connector, Identity, Session};
use crate::error::{Error, RunError};
use crate::event::{Command, Observer, RunContext};
use crate::history::History;
use crate::journal::Totals;
use crate::ledger::Depth;
use crate::migration::{Dialect, MigrationSet};
use crate::plan::{self, Objection, Plan, Schema};
use crate::policy::Policy;
use crate::report::Report;
use crate::run::{self, Figures, Goal, Job, Options, Repair, Stop};

/// How one migration stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// Applied, and the file is as it was.
    Applied,
    /// Not applied.
    Pending,
    /// Not applied, and older than the newest applied one.
    OutOfOrder,
    /// Failed half-way.
    Failed,
    /// Begun and never finished.
    Unfinished,
    /// Applied, and the file's statements have changed since.
    Changed,
    /// Applied, and comments or blanks of the file have changed since.
    Edited,
    /// Applied, and there is no file.
    Missing,
}

impl State {
    /// The words for people.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::Applied => "applied",
            Self::Pending => "pending",
            Self::OutOfOrder => "out of order",
            Self::Failed => "failed",
            Self::Unfinished => "unfinished",
            Self::Changed => "changed",
            Self::Edited => "edited (comments only)",
            Self::Missing => "missing",
        }
    }
}

/// One line of the status.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct StatusRow {
    /// The version as it is written on disk, or in the ledger where there is no file.
    pub version: String,
    /// The name.
    pub name: String,
    /// How it stands.
    pub state: State,
    /// When it was applied, in UTC as RFC 3339.
    pub applied_at: Option<String>,
    /// How long that took, in milliseconds.
    pub elapsed_ms: Option<u64>,
    /// The run that applied it.
    pub run_id: Option<String>,
}

/// Files against history, without changing anything.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Status {
    /// Who answered.
    pub identity: Identity,
    /// One row a migration, in the order of the versions.
    pub rows: Vec<StatusRow>,
    /// The figures.
    pub schema: Schema,
    /// What `up` would refuse.
    pub objections: Vec<Objection>,
    /// What is worth a word.
    pub notes: Vec<plan::Note>,
}

/// Runs a set of migrations against a database.
pub struct Migrator {
    connector: Box<dyn Connector>,
    set: MigrationSet,
    options: Options,
}

impl Migrator {
    /// Touches nothing yet.
    #[must_use]
    pub fn new(connector: Box<dyn Connector>, set: MigrationSet, options: Options) -> Self {
        Self { connector, set, options }
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

    /// Applies, reverts or examines, as `context.command` says, and tells `observer` about it.
    ///
    /// # Errors
    /// With what was done and why it stopped; `Error::outcome` gives the kind.
    pub async fn run(
        &self,
        context: &RunContext,
        observer: &mut dyn Observer,
        stop: &Stop,
    ) -> Result<Report, RunError> {
        run::run(&self.job(context, stop, None), observer).await
    }

    /// Changes history as a person asks for, or goes on with a migration that was left half-way; `context.command` is
    /// [`Command::Repair`] or [`Command::Baseline`].
    ///
    /// # Errors
    /// As [`Migrator::run`]; [`Error::Refused`] with every reason why it may not be done.
    pub async fn repair(
        &self,
        context: &RunContext,
        repair: &Repair,
        observer: &mut dyn Observer,
        stop: &Stop,
    ) -> Result<Report, RunError> {
        run::run(&self.job(context, stop, Some(repair)), observer).await
    }

    /// Applies what is pending at the start of an application, or only says what that is, or nothing, as a policy says;
    /// `context.command` is [`Command::Exec`].
    ///
    /// `Report::policy` says what was decided. Where nothing is applied, a plan that would be refused is no error, only told.
    ///
    /// # Errors
    /// As [`Migrator::run`]; also where nothing is applied, when there is no connection or history cannot be read.
    pub async fn exec(
        &self,
        context: &RunContext,
        policy: &Policy,
        observer: &mut dyn Observer,
        stop: &Stop,
    ) -> Result<Report, RunError> {
        run::run(&Job { policy: Some(policy), ..self.job(context, stop, None) }, observer).await
    }

    /// Waits until somebody else has brought the schema to a goal; `context.command` is [`Command::Wait`]. Needs SELECT alone.
    ///
    /// # Errors
    /// [`Error::Awaited`] when that took too long, or why the schema could not be seen; [`Error::Refused`] at once when a migration
    /// is half-way, has failed, or would be refused, and nobody is at work on it.
    pub async fn wait(
        &self,
        context: &RunContext,
        goal: &Goal,
        observer: &mut dyn Observer,
        stop: &Stop,
    ) -> Result<Report, RunError> {
        run::run(&Job { goal: Some(goal), ..self.job(context, stop, None) }, observer).await
    }

    fn job<'a>(&'a self, context: &'a RunContext, stop: &'a Stop, repair: Option<&'a Repair>) -> Job<'a> {
        let (connector, set, options) = (&*self.connector, &self.set, &self.options);
        Job { connector, set, options, context, stop, repair, policy: None, goal: None }
    }

    /// What [`Migrator::run`] would do now: read-only and without the lock.
    ///
    /// # Errors
    /// When there is no connection, history cannot be read, or the plan is refused.
    pub async fn plan(&self, command: Command) -> Result<(Identity, Plan<'_>), Error> {
        let (session, history) = run::look(&*self.connector, Access::Read, &self.options, Depth::Plan).await?;
        let rules = run::rules(&self.options, session.abilities());
        let plan = run::plan(command, &self.set, &history, &rules)?;
        let identity = session.identity().clone();
        session.close().await;
        Ok((identity, plan))
    }

    /// How every migration stands: read-only and without the lock.
    ///
    /// # Errors
    /// When there is no connection or history cannot be read.
    pub async fn status(&self) -> Result<Status, Error> {
        let (session, history) = run::look(&*self.connector, Access::Read, &self.options, Depth::Particulars).await?;
        let status = self.status_of(&*session, &history);
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
            run::look(&*self.connector, Access::Watch, &self.options, Depth::Particulars).await?;
        let totals = run::totals(&*self.connector, &self.options, &mut *session).await;
        let status = self.status_of(&*session, &history);
        session.close().await;
        let totals =
            totals.map_err(|source| Error::Own { what: "cannot read the journal", source: Box::new(source) })?;
        Ok((status, totals))
    }

    fn status_of(&self, session: &dyn Session, history: &History) -> Status {
        let rules = run::rules(&self.options, session.abilities());
        let (objections, notes) = plan::verify(&self.set, history, &rules);
        Status {
            identity: session.identity().clone(),
            rows: status::rows(&self.set, history),
            schema: plan::survey(&self.set, history),
            objections,
            notes,
        }
    }
}

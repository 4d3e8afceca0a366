//! Runs of a migrator, which start when they are awaited.

use std::pin::Pin;

use super::core::Migrator;
use crate::error::RunError;
use crate::event::{Observer, Observers, RemoteParent, RunContext, TraceIdentity};
use crate::plan::Target;
use crate::policy::Policy;
use crate::report::Report;
use crate::run::{self, Job, Options, Repair, Stop, Task, WaitCondition};

/// A run, which starts when it is awaited. It uses the migrator's options, and emits spans and metrics to the subscriber and the meter of
/// the migrator.
///
/// The result is a [`Report`], or a [`RunError`] with the report and the cause. Dropping a run early has the same effect as killing the
/// process: its connections close, and the lock is released with them. [`Run::stop`] and [`Run::stop_when`] shut it down cleanly.
///
/// ```no_run
/// # async fn example(migrator: migrascope::Migrator) -> Result<(), Box<dyn std::error::Error>> {
/// use std::time::Duration;
///
/// // At most ten minutes, and then it ends in good order.
/// let result = migrator.up().target_name("orders").stop_when(tokio::time::sleep(Duration::from_secs(600))).await;
/// match result {
///     Ok(report) => println!("{} applied in {:.1} s", report.steps.len(), report.elapsed.as_secs_f64()),
///     Err(error) => {
///         // What was applied before is applied and recorded.
///         eprintln!("{error}; {} migrations came before that", error.report.steps.len());
///         return Err(error.into());
///     }
/// }
/// # Ok(())
/// # }
/// ```
#[must_use = "a run does nothing until it is awaited"]
pub struct Run<'r> {
    migrator: &'r Migrator,
    task: Task,
    options: Options,
    context: RunContext,
    observer: Option<&'r mut dyn Observer>,
    stop: Stop,
    asked: Option<Pin<Box<dyn Future<Output = ()> + Send + 'r>>>,
}

impl Migrator {
    /// Applies pending migrations.
    ///
    /// A failure is a [`RunError`](crate::RunError): what was done, and why the run stopped. Its cause is [`crate::Error::Migration`] if
    /// SQL failed, with position, message and what remains of it; [`crate::Error::Refused`] if files and history contradict each other,
    /// with every objection; [`crate::Error::Lock`] if waiting for another runner's lock timed out.
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
        Run::new(self, Task::Up)
    }

    /// Applies pending migrations up to this target, instead of that of the options.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use migrascope::Migrator;
    /// use migrascope::plan::Target;
    ///
    /// let files = vec![("1_a.sql", "CREATE TABLE a (i INTEGER);"), ("2_b.sql", "CREATE TABLE b (i INTEGER);")];
    /// let migrator = Migrator::builder().url("sqlite::memory:").embedded(files).build()?;
    /// let report = migrator.up_to(Target::Version("1".parse()?)).await?;
    /// assert_eq!((report.applied, report.pending), (1, 1));
    /// # Ok(())
    /// # }
    /// ```
    pub fn up_to(&self, target: Target) -> Run<'_> {
        Run { options: Options { target, ..self.options.clone() }, ..self.up() }
    }

    /// Reverts the last migration, or as many as the target of the options requires.
    pub fn down(&self) -> Run<'_> {
        Run::new(self, Task::Down)
    }

    /// Reverts down to this target, instead of that of the options.
    pub fn down_to(&self, target: Target) -> Run<'_> {
        Run { options: Options { target, ..self.options.clone() }, ..self.down() }
    }

    /// Runs only the health checks; a failed check is [`crate::Error::Unhealthy`].
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
        Run::new(self, Task::Health)
    }

    /// Applies pending migrations when an application starts, or only reports them, or does nothing, depending on the policy.
    ///
    /// [`Report::policy`](crate::Report::policy) contains the decision. If nothing is to be applied, a plan that would be refused is not an
    /// error.
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
        Run::new(self, Task::Exec(policy))
    }

    /// Waits until another run has migrated the schema to the required version. Requires no privilege but SELECT.
    ///
    /// Fails with [`crate::Error::Awaited`] on timeout, or with the reason why the schema could not be read. Fails immediately with
    /// [`crate::Error::Refused`] if a migration is half-way, has failed or would be refused, and no run is executing it.
    pub fn wait(&self, condition: WaitCondition) -> Run<'_> {
        Run::new(self, Task::Wait(condition))
    }

    /// Changes the history, or resumes a half-way migration; [`crate::Error::Refused`] contains every reason why that is not possible.
    pub fn repair(&self, repair: Repair) -> Run<'_> {
        Run::new(self, Task::Repair(repair))
    }
}

impl<'r> Run<'r> {
    fn new(migrator: &'r Migrator, task: Task) -> Self {
        Self {
            migrator,
            options: migrator.options.clone(),
            context: RunContext::new(),
            task,
            observer: None,
            stop: Stop::default(),
            asked: None,
        }
    }

    /// Emits the run's events to this observer; combine several with [`Observers`].
    pub fn observe(mut self, observer: &'r mut dyn Observer) -> Self {
        self.observer = Some(observer);
        self
    }

    /// Shuts the run down cleanly when `stop` is requested, from any thread: the running statement is cancelled on the server, the
    /// transaction is rolled back, the lock is released, and the result is [`crate::Error::Interrupted`].
    pub fn stop(mut self, stop: &Stop) -> Self {
        self.stop = stop.clone();
        self
    }

    /// The same when this future completes, such as `ctrl_c()` or the `cancelled_owned()` of a cancellation token.
    pub fn stop_when(mut self, asked: impl Future<Output = ()> + Send + 'r) -> Self {
        self.asked = Some(Box::pin(asked));
        self
    }

    /// Sets the logical name of the database in metrics and telemetry; the database's own name by default.
    pub fn target_name(mut self, name: impl Into<String>) -> Self {
        self.context.target = Some(name.into());
        self
    }

    /// Makes the run part of this trace. By default, the root span is a child of the span that is current when the run is awaited.
    pub fn child_of(mut self, parent: RemoteParent) -> Self {
        self.context.trace = Some(TraceIdentity { trace_id: parent.trace_id, parent: Some(parent) });
        self
    }

    /// Sets the identity of the run.
    pub fn context(mut self, context: RunContext) -> Self {
        self.context = context;
        self
    }

    async fn make(self) -> Result<Report, RunError> {
        let Self { migrator, task, options, context, observer, stop, asked } = self;
        #[cfg(feature = "observe")]
        let mut context = context;
        #[cfg(feature = "observe")]
        let mut shown = migrator.telemetry.as_ref().map(|telemetry| telemetry.begin(task.command(), &mut context));
        let mut observers = Observers::default();
        #[cfg(feature = "observe")]
        if let Some(shown) = &mut shown {
            observers.add(shown);
        }
        if let Some(observer) = observer {
            observers.add(observer);
        }
        let (connector, set) = (&*migrator.connector, &migrator.set);
        let (options, context) = (&options, &context);
        let job = Job { connector, set, options, context, stop: &stop, task: &task };
        let run = run::run(&job, &mut observers);
        let Some(asked) = asked else { return run.await };
        tokio::pin!(run);
        tokio::select! {
            result = &mut run => return result,
            () = asked => stop.request(),
        }
        run.await
    }
}

impl<'r> IntoFuture for Run<'r> {
    type Output = Result<Report, RunError>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send + 'r>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.make())
    }
}

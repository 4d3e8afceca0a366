//! A run that is described first and begins when it is awaited.

use std::pin::Pin;

use super::Migrator;
use crate::error::RunError;
use crate::event::{Command, Observer, Observers, RemoteParent, RunContext, TraceIdentity};
use crate::plan::Target;
use crate::policy::Policy;
use crate::report::Report;
use crate::run::{self, Goal, Job, Options, Repair, Stop, Task};

/// A run that begins when it is awaited; without more it is made with the migrator's own options and seen by nobody but the
/// subscriber and the meter that the migrator was built with.
///
/// Awaited, it is a [`Report`], or a [`RunError`] that has both the report and the cause. Dropped before its end, it leaves what a killed
/// process leaves: its connections end, and its lock with them. [`Run::stop`] and [`Run::stop_when`] end it in good order.
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

impl<'r> Run<'r> {
    pub(super) fn plain(migrator: &'r Migrator, command: Command) -> Self {
        Self::new(migrator, command, Task::Plain)
    }

    pub(super) fn repair(migrator: &'r Migrator, command: Command, repair: Repair) -> Self {
        Self::new(migrator, command, Task::Repair(repair))
    }

    pub(super) fn exec(migrator: &'r Migrator, policy: Policy) -> Self {
        Self::new(migrator, Command::Exec, Task::Exec(policy))
    }

    pub(super) fn wait(migrator: &'r Migrator, goal: Goal) -> Self {
        Self::new(migrator, Command::Wait, Task::Wait(goal))
    }

    fn new(migrator: &'r Migrator, command: Command, task: Task) -> Self {
        Self {
            migrator,
            task,
            options: migrator.options.clone(),
            context: RunContext::new(command),
            observer: None,
            stop: Stop::default(),
            asked: None,
        }
    }

    /// So far, instead of as far as the migrator's options say.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use migrascope::Migrator;
    /// use migrascope::migration::Version;
    /// use migrascope::plan::Target;
    ///
    /// let files = vec![("1_a.sql", "CREATE TABLE a (i INTEGER);"), ("2_b.sql", "CREATE TABLE b (i INTEGER);")];
    /// let migrator = Migrator::builder().url("sqlite::memory:").embedded(files).build()?;
    /// let report = migrator.up().to(Target::Version(Version::from_history("1"))).await?;
    /// assert_eq!((report.applied, report.pending), (1, 1));
    /// # Ok(())
    /// # }
    /// ```
    pub fn to(mut self, target: Target) -> Self {
        self.options.target = target;
        self
    }

    /// Tells this observer what happens; several of them are [`Observers`].
    pub fn observe(mut self, observer: &'r mut dyn Observer) -> Self {
        self.observer = Some(observer);
        self
    }

    /// Ends in good order when this is requested, from any thread: the running statement is cancelled on the server, what
    /// can be rolled back is, the lock is given back, and the result is [`crate::Error::Interrupted`].
    pub fn stop(mut self, stop: &Stop) -> Self {
        self.stop = stop.clone();
        self
    }

    /// The same when this future is ready, such as `ctrl_c()` or the `cancelled_owned()` of a cancellation token.
    pub fn stop_when(mut self, asked: impl Future<Output = ()> + Send + 'r) -> Self {
        self.asked = Some(Box::pin(asked));
        self
    }

    /// The logical name of the database in metrics and telemetry; its own name otherwise.
    pub fn target_name(mut self, name: impl Into<String>) -> Self {
        self.context.target = Some(name.into());
        self
    }

    /// Part of this trace; without it the root span is a child of the span that is current when the run is awaited.
    pub fn child_of(mut self, parent: RemoteParent) -> Self {
        self.context.trace = Some(TraceIdentity { trace_id: parent.trace_id, parent: Some(parent) });
        self
    }

    /// With this identity, whose command is that of the run in any case.
    pub fn context(mut self, context: RunContext) -> Self {
        self.context = RunContext { command: self.context.command, ..context };
        self
    }

    async fn make(self) -> Result<Report, RunError> {
        let Self { migrator, task, options, context, observer, stop, asked } = self;
        #[cfg(feature = "observe")]
        let mut context = context;
        #[cfg(feature = "observe")]
        let mut shown = migrator.telemetry.as_ref().map(|telemetry| telemetry.begin(&mut context));
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

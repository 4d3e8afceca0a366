//! Putting a [`Migrator`] together: a database, migrations, and what differs from the defaults.

use std::path::PathBuf;

use super::core::Migrator;
#[cfg(feature = "observe")]
use super::telemetry::Telemetry;
use crate::database::{self, ConnectOptions, Connector, Pool, SecretUrl};
use crate::error::Error;
use crate::health::{Health, Thresholds};
use crate::layout::{EmbeddedFiles, Layout, Reader};
use crate::migration::{Dialect, MigrationSet};
use crate::run::Options;

/// What a [`Migrator`] is made from; [`Migrator::builder`] begins one.
///
/// It needs a database ([`url`](Self::url), [`pool`](Self::pool) or [`connector`](Self::connector)) and migrations
/// ([`directory`](Self::directory), [`embedded`](Self::embedded) or [`migrations`](Self::migrations)); of each kind, what was said last counts.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use std::time::Duration;
///
/// use migrascope::run::LockWait;
/// use migrascope::{Migrator, Options};
///
/// let files = vec![
///     ("1_users.sql", "CREATE TABLE users (id INTEGER PRIMARY KEY);"), // include_str!("../migrations/1_users.sql")
///     ("2_names.sql", "ALTER TABLE users ADD COLUMN name TEXT;"),
/// ];
/// let migrator = Migrator::builder()
///     .url("sqlite::memory:")
///     .embedded(files)
///     .options(Options { wait: LockWait::For(Duration::from_secs(300)), ..Options::default() })
///     .health_checks()
///     .build()?;
/// let report = migrator.up().await?;
/// assert_eq!((report.steps.len(), report.to.as_deref()), (2, Some("2")));
/// # Ok(())
/// # }
/// ```
#[must_use = "nothing is made before `build`"]
pub struct Builder {
    database: Option<Database>,
    files: Option<Files>,
    layout: &'static Layout,
    checks: Checks,
    options: Options,
    connect: ConnectOptions,
    #[cfg(feature = "observe")]
    telemetry: Telemetry,
}

enum Database {
    Url(SecretUrl),
    Made(Box<dyn FnOnce(ConnectOptions) -> Box<dyn Connector>>),
}

enum Files {
    Directory(PathBuf),
    Embedded(EmbeddedFiles),
    Set(MigrationSet),
}

/// Which health checks are made after a run that has done something.
enum Checks {
    /// Those of the options.
    AsOptions,
    /// Ours, and those in the folder `checks` of embedded files.
    Ours,
    /// Ours and those of a directory.
    Directory(PathBuf),
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
}

impl Builder {
    fn new() -> Self {
        Self {
            database: None,
            files: None,
            layout: Layout::native(),
            checks: Checks::AsOptions,
            options: Options::default(),
            connect: ConnectOptions { application: "migrascope".to_owned(), init: Vec::new() },
            #[cfg(feature = "observe")]
            telemetry: Telemetry::default(),
        }
    }

    /// The database that this URL names: `postgres://`, `mysql://`, `mariadb://` or `sqlite://`.
    pub fn url(mut self, url: impl Into<String>) -> Self {
        self.database = Some(Database::Url(SecretUrl::new(url)));
        self
    }

    /// The database of an application's own pool: connections are made with its settings, and none is taken from it.
    pub fn pool(mut self, pool: &(impl Pool + Clone + 'static)) -> Self {
        let pool = pool.clone();
        self.database = Some(Database::Made(Box::new(move |options| pool.connector(options))));
        self
    }

    /// A database of which the caller makes the connections.
    pub fn connector(mut self, connector: Box<dyn Connector>) -> Self {
        self.database = Some(Database::Made(Box::new(|_| connector)));
        self
    }

    /// The migrations in a directory, and the SQL in its folder `hooks`, read when the migrator is built.
    pub fn directory(mut self, directory: impl Into<PathBuf>) -> Self {
        self.files = Some(Files::Directory(directory.into()));
        self
    }

    /// The layout of the directory, or of the files that were built in; our own unless it is said. The format of the history table is chosen by
    /// [`Options::history_format`].
    pub fn layout(mut self, layout: &'static Layout) -> Self {
        self.layout = layout;
        self
    }

    /// The migrations that were built into the program.
    ///
    /// Whatever has embedded them, the files are pairs of a path and a content; of `include_dir!` that is
    /// `MIGRATIONS.files().map(|file| (file.path(), file.contents()))`. Paths are relative to the directory of the migrations.
    /// A file in the folder `checks` is a health check of one's own; `hooks/before_each.sql` and `hooks/after_each.sql` are run
    /// around each migration.
    pub fn embedded(mut self, files: impl Into<EmbeddedFiles>) -> Self {
        self.files = Some(Files::Embedded(files.into()));
        self
    }

    /// Migrations that were read before; in the dialect of the database.
    pub fn migrations(mut self, set: MigrationSet) -> Self {
        self.files = Some(Files::Set(set));
        self
    }

    /// How migrations are applied. Where files are read by the builder, the SQL around each migration ([`crate::run::Hooks::each`]) is theirs.
    pub fn options(mut self, options: Options) -> Self {
        self.options = options;
        self
    }

    /// Makes the health checks after a run that has done something; a failing one is [`Error::Unhealthy`].
    pub fn health_checks(mut self) -> Self {
        self.checks = Checks::Ours;
        self
    }

    /// The same, and those of a directory of one's own: SQL files that return no row in a healthy database.
    pub fn own_health_checks(mut self, directory: impl Into<PathBuf>) -> Self {
        self.checks = Checks::Directory(directory.into());
        self
    }

    /// SQL for every connection that migrates or looks at the history.
    pub fn connection_init(mut self, sql: impl Into<String>) -> Self {
        self.connect.init.push(sql.into());
        self
    }

    /// What the server shows as our name, where it shows one; `migrascope` otherwise.
    pub fn application(mut self, name: impl Into<String>) -> Self {
        self.connect.application = name.into();
        self
    }

    /// How much spans tell of SQL and of runs with many migrations. Spans and log events go to the `tracing` subscriber that
    /// is there when a run begins; without one they cost next to nothing.
    #[cfg(feature = "observe")]
    pub fn spans(mut self, policy: crate::observe::spans::SpanPolicy) -> Self {
        self.telemetry.spans = policy;
        self
    }

    /// Shows the figures through this meter, for as long as the migrator lives; counters go on where the journal has them.
    #[cfg(feature = "observe")]
    pub fn meter(mut self, meter: &crate::observe::metrics::Meter) -> Self {
        self.telemetry.show(meter);
        self
    }

    /// Reads the migrations and prepares to connect; touches no database.
    ///
    /// # Errors
    /// [`Error::Incomplete`] without a database or without migrations, [`Error::Url`] and [`Error::Layout`] where they cannot be
    /// used, with every problem of every file at once.
    pub fn build(mut self) -> Result<Migrator, Error> {
        let connector = match self.database.take() {
            Some(Database::Url(url)) => database::open(&url, self.connect.clone())?,
            Some(Database::Made(make)) => make(self.connect.clone()),
            None => return Err(Error::Incomplete { missing: "a database: url, pool or connector" }),
        };
        let dialect = connector.dialect();
        let health = self.health(dialect)?;
        let mut options = self.options;
        if !cfg!(feature = "commands")
            && options.hooks.given().iter().any(|hook| options.hooks.command(*hook).is_some())
        {
            return Err(Error::Incomplete {
                missing: "cargo's feature \"commands\", because some of its hooks are commands",
            });
        }
        let set = match self.files {
            Some(Files::Directory(directory)) => {
                let reader = Reader::directory(directory, dialect).layout(self.layout);
                options.hooks.each = reader.hooks()?;
                reader.migrations()?
            }
            Some(Files::Embedded(files)) => {
                let reader = Reader::embedded(&files, dialect).layout(self.layout);
                options.hooks.each = reader.hooks()?;
                reader.migrations()?
            }
            Some(Files::Set(set)) => set,
            None => return Err(Error::Incomplete { missing: "migrations: directory, embedded or migrations" }),
        };
        options.health = health.unwrap_or(options.health);
        let migrator = Migrator::new(connector, set, options);
        #[cfg(feature = "observe")]
        let migrator = migrator.with_telemetry(self.telemetry);
        Ok(migrator)
    }

    fn health(&self, dialect: Dialect) -> Result<Option<Health>, Error> {
        let own = match (&self.checks, &self.files) {
            (Checks::AsOptions, _) => return Ok(None),
            (Checks::Directory(directory), _) => Reader::directory(directory, dialect).checks()?,
            (Checks::Ours, Some(Files::Embedded(files))) => Reader::embedded(files, dialect).checks()?,
            (Checks::Ours, _) => Vec::new(),
        };
        Ok(Some(Health::Check { custom: own, thresholds: Thresholds::default() }))
    }
}

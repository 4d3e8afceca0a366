//! Builds a [`Migrator`] from a database, migrations and options.

use std::path::PathBuf;

use super::core::Migrator;
#[cfg(feature = "observe")]
use super::telemetry::Telemetry;
use crate::database::{self, ConnectOptions, Connector, Pool, SecretUrl};
use crate::error::Error;
use crate::health::{Health, Thresholds};
use crate::layout::{EmbeddedFiles, Layout, Reader};
use crate::migration::{Dialect, MigrationSet, Placeholders};
use crate::run::Options;

/// Builds a [`Migrator`]; start with [`Migrator::builder`].
///
/// It needs a database ([`url`](Self::url), [`pool`](Self::pool) or [`connector`](Self::connector)) and migrations
/// ([`directory`](Self::directory), [`embedded`](Self::embedded) or [`migrations`](Self::migrations)). If one of these is set several
/// times, the last call counts.
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
    placeholders: Placeholders,
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

/// Which health checks run after a run that has changed something.
enum Checks {
    /// Those in the options.
    FromOptions,
    /// The built-in checks, and those in the directory `checks` of embedded files.
    BuiltIn,
    /// The built-in checks, and those in this directory.
    Directory(PathBuf),
}

impl Migrator {
    /// Starts to build a migrator.
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
            placeholders: Placeholders::default(),
            checks: Checks::FromOptions,
            options: Options::default(),
            connect: ConnectOptions { application: "migrascope".to_owned(), init: Vec::new() },
            #[cfg(feature = "observe")]
            telemetry: Telemetry::default(),
        }
    }

    /// Sets the database by its URL: `postgres://`, `mysql://`, `mariadb://` or `sqlite://`.
    pub fn url(mut self, url: impl Into<String>) -> Self {
        self.database = Some(Database::Url(SecretUrl::new(url)));
        self
    }

    /// Sets the database of an application's own pool. The migrator opens connections with the pool's settings, and takes none from the
    /// pool.
    pub fn pool(mut self, pool: &(impl Pool + Clone + 'static)) -> Self {
        let pool = pool.clone();
        self.database = Some(Database::Made(Box::new(move |options| pool.connector(options))));
        self
    }

    /// Sets a connector of the caller, which opens the connections.
    pub fn connector(mut self, connector: Box<dyn Connector>) -> Self {
        self.database = Some(Database::Made(Box::new(|_| connector)));
        self
    }

    /// Sets the directory of the migrations, and of the SQL in its subdirectory `hooks`. [`build`](Self::build) reads them.
    pub fn directory(mut self, directory: impl Into<PathBuf>) -> Self {
        self.files = Some(Files::Directory(directory.into()));
        self
    }

    /// Sets the layout of the directory or of the embedded files; the native one by default. The format of the history table is set by
    /// [`Options::history_format`].
    pub fn layout(mut self, layout: &'static Layout) -> Self {
        self.layout = layout;
        self
    }

    /// Sets the values of placeholders in migrations and hooks; without any, a text is left as it is. No value is in any event.
    pub fn placeholders(mut self, placeholders: Placeholders) -> Self {
        self.placeholders = placeholders;
        self
    }

    /// Sets migrations that are compiled into the program.
    ///
    /// The files are pairs of a path and a content, with any macro that embeds files; with `include_dir!`, they are
    /// `MIGRATIONS.files().map(|file| (file.path(), file.contents()))`. Paths are relative to the directory of the migrations. Files in the
    /// subdirectory `checks` are custom health checks; `hooks/before_each.sql` and `hooks/after_each.sql` run before and after each
    /// migration.
    pub fn embedded(mut self, files: impl Into<EmbeddedFiles>) -> Self {
        self.files = Some(Files::Embedded(files.into()));
        self
    }

    /// Sets migrations that have been read already, in the dialect of the database.
    pub fn migrations(mut self, set: MigrationSet) -> Self {
        self.files = Some(Files::Set(set));
        self
    }

    /// Sets how migrations are applied. If the builder reads the files, [`crate::run::Hooks::each`] is set from them.
    pub fn options(mut self, options: Options) -> Self {
        self.options = options;
        self
    }

    /// Runs the health checks after a run that has changed something; a failed check is [`Error::Unhealthy`].
    pub fn health_checks(mut self) -> Self {
        self.checks = Checks::BuiltIn;
        self
    }

    /// The same with custom checks from a directory: SQL files that return no row in a healthy database.
    pub fn own_health_checks(mut self, directory: impl Into<PathBuf>) -> Self {
        self.checks = Checks::Directory(directory.into());
        self
    }

    /// Sets SQL that runs on every connection that migrates or reads the history.
    pub fn connection_init(mut self, sql: impl Into<String>) -> Self {
        self.connect.init.push(sql.into());
        self
    }

    /// Sets the application name that the server shows for the connections, if it supports one; `migrascope` by default.
    pub fn application(mut self, name: impl Into<String>) -> Self {
        self.connect.application = name.into();
        self
    }

    /// Sets how much SQL the spans contain, and how runs with many migrations are traced. Spans and log events go to the `tracing`
    /// subscriber that is current when a run starts; without one they cost next to nothing.
    #[cfg(feature = "observe")]
    pub fn spans(mut self, policy: crate::observe::spans::SpanPolicy) -> Self {
        self.telemetry.spans = policy;
        self
    }

    /// Records metrics with this meter as long as the migrator exists. Counters continue from the values in the journal.
    #[cfg(feature = "observe")]
    pub fn meter(mut self, meter: &crate::observe::metrics::Meter) -> Self {
        self.telemetry.show(meter);
        self
    }

    /// Reads the migrations and prepares to connect, without connecting yet.
    ///
    /// # Errors
    /// [`Error::Incomplete`] without a database or without migrations. [`Error::Url`] if the URL cannot be used. [`Error::Layout`] with
    /// every problem of every file.
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
            return Err(Error::Incomplete { missing: "the cargo feature \"commands\", which its hooks require" });
        }
        let set = match self.files {
            Some(Files::Directory(directory)) => {
                let reader = Reader::directory(directory, dialect).layout(self.layout).placeholders(self.placeholders);
                options.hooks.each = reader.hooks()?;
                reader.migrations()?
            }
            Some(Files::Embedded(files)) => {
                let reader = Reader::embedded(&files, dialect).layout(self.layout).placeholders(self.placeholders);
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
            (Checks::FromOptions, _) => return Ok(None),
            (Checks::Directory(directory), _) => Reader::directory(directory, dialect).checks()?,
            (Checks::BuiltIn, Some(Files::Embedded(files))) => Reader::embedded(files, dialect).checks()?,
            (Checks::BuiltIn, _) => Vec::new(),
        };
        Ok(Some(Health::Check { custom: own, thresholds: Thresholds::default() }))
    }
}

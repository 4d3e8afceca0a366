//! What all tests share: test databases, directories of migrations, and runs.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, OnceLock};
use std::time::{Duration, Instant};

use migrascope::database::{self, Access, ConnectOptions, Connector, Query, Row, SecretUrl};
use migrascope::event::{Command, Event, Observer};
use migrascope::plan::Change;
use migrascope::run::Repair;
use migrascope::{Migrator, Options, Report, RunError, layout};
use tempfile::TempDir;

/// The databases of the contract.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Backend {
    Sqlite,
    Postgres,
    Mysql,
}

impl Backend {
    const ALL: [Self; 3] = [Self::Sqlite, Self::Postgres, Self::Mysql];

    /// Its name in `TEST_DATABASES`.
    fn name(self) -> &'static str {
        match self {
            Self::Sqlite => "sqlite",
            Self::Postgres => "postgres",
            Self::Mysql => "mysql",
        }
    }

    /// Whether `TEST_DATABASES` names it; all databases are tested if the variable is not set.
    fn is_wanted(self) -> bool {
        let Some(names) = std::env::var("TEST_DATABASES").ok().filter(|names| !names.is_empty()) else { return true };
        let names: Vec<&str> = names.split_whitespace().collect();
        for name in &names {
            assert!(
                Self::ALL.iter().any(|known| known.name() == *name),
                "TEST_DATABASES: no database is called {name}"
            );
        }
        names.contains(&self.name())
    }
}

/// Runs a test on every available database; prints those that are skipped.
pub fn on_each(promise: impl Fn(&TestDatabase)) {
    for backend in Backend::ALL {
        on(backend, &promise);
    }
}

/// Runs a test on one database, or prints that it is skipped.
pub fn on(backend: Backend, promise: impl Fn(&TestDatabase)) {
    if !backend.is_wanted() {
        eprintln!("skipped: TEST_DATABASES leaves {} out", backend.name());
    } else if let Some(database) = TestDatabase::fresh(backend) {
        // scripts/try-versions counts these.
        eprintln!("on {}", backend.name());
        promise(&database);
    }
}

/// The value of a variable that names a service. Without one, prints that the test is skipped, or fails under `REQUIRE_SERVICES=1`.
pub fn service(variable: &str) -> Option<String> {
    let value = std::env::var(variable).ok().filter(|value| !value.is_empty());
    if value.is_none() {
        assert!(
            std::env::var("REQUIRE_SERVICES").as_deref() != Ok("1"),
            "REQUIRE_SERVICES=1, but {variable} is not set"
        );
        eprintln!("skipped: {variable} is not set");
    }
    value
}

/// An empty database with a unique name, dropped at the end.
pub struct TestDatabase {
    pub backend: Backend,
    pub url: String,
    folder: TempDir,
    server: Option<(String, String)>,
}

impl TestDatabase {
    pub fn fresh(backend: Backend) -> Option<Self> {
        let folder = TempDir::new().unwrap();
        let variable = match backend {
            Backend::Sqlite => {
                let url = format!("sqlite://{}", folder.path().join("test.db").display());
                return Some(Self { backend, url, folder, server: None });
            }
            Backend::Postgres => "TEST_POSTGRES_URL",
            Backend::Mysql => "TEST_MYSQL_URL",
        };
        let server = service(variable)?;
        let name = format!("t{}", uuid::Uuid::now_v7().simple());
        query(&server, &format!("CREATE DATABASE {name}"));
        let base = server.rsplit_once('/').unwrap().0;
        Some(Self { backend, url: format!("{base}/{name}"), folder, server: Some((server, name)) })
    }

    /// Runs SQL of a test.
    pub fn query(&self, sql: &str) -> Vec<Row> {
        query(&self.url, sql)
    }

    /// The first column of the first row.
    pub fn value(&self, sql: &str) -> String {
        self.query(sql).first().and_then(|row| row.first().cloned().flatten()).unwrap_or_default()
    }

    /// An empty directory for migrations.
    pub fn directory(&self, name: &str) -> PathBuf {
        let directory = self.folder.path().join(name);
        std::fs::create_dir_all(&directory).unwrap();
        directory
    }

    /// A directory with these migrations, given as file name and text.
    pub fn migrations(&self, files: &[(&str, &str)]) -> PathBuf {
        let directory = self.directory(&format!("m{}", uuid::Uuid::now_v7().simple()));
        for (name, text) in files {
            let file = directory.join(name);
            std::fs::create_dir_all(file.parent().unwrap()).unwrap();
            std::fs::write(file, text).unwrap();
        }
        directory
    }

    pub fn connector(&self) -> Box<dyn Connector> {
        connector(&self.url)
    }

    pub fn migrator(&self, directory: &Path, options: Options) -> Migrator {
        let connector = self.connector();
        let set = layout::Reader::directory(directory, connector.dialect()).migrations().unwrap();
        Migrator::new(connector, set, options)
    }

    pub fn up(&self, directory: &Path) -> Result<Report, RunError> {
        self.run(Command::Up, directory, Options::default()).0
    }

    pub fn down(&self, directory: &Path, options: Options) -> Result<Report, RunError> {
        self.run(Command::Down, directory, options).0
    }

    /// Runs and also returns the emitted events. Tables that a test has created before are no reason to refuse.
    pub fn run(&self, command: Command, directory: &Path, options: Options) -> (Result<Report, RunError>, Vec<String>) {
        let mut log = Log::default();
        let migrator = self.migrator(directory, Options { allow_nonempty: true, ..options });
        let run = match command {
            Command::Up => migrator.up(),
            Command::Down => migrator.down(),
            Command::Health => migrator.health(),
            other => panic!("{other:?} has a method of its own"),
        };
        let result = block_on(run.observe(&mut log));
        (result, log.0)
    }

    /// Changes the history, and also returns the emitted events.
    pub fn repair(&self, directory: &Path, change: Change) -> (Result<Report, RunError>, Vec<String>) {
        let mut log = Log::default();
        let repair = Repair { change, reason: Some("a test".to_owned()) };
        let migrator = self.migrator(directory, Options::default());
        let result = block_on(migrator.repair(repair).observe(&mut log));
        (result, log.0)
    }

    /// The versions in the ledger, in order.
    pub fn applied(&self) -> Vec<String> {
        let mut versions: Vec<u64> = self
            .query("SELECT version FROM _migrascope_migrations")
            .into_iter()
            .map(|row| row[0].as_ref().unwrap().parse().unwrap())
            .collect();
        versions.sort_unstable();
        versions.iter().map(ToString::to_string).collect()
    }

    /// The built binary with this database.
    pub fn binary(&self, directory: &Path) -> std::process::Command {
        let mut command = binary();
        command.env("MIGRASCOPE_DATABASE_URL", &self.url).env("MIGRASCOPE_DIR", directory);
        command.env("MIGRASCOPE_ALLOW_NONEMPTY", "true");
        command
    }

    /// SQL that takes a long time, well over any time that a test waits.
    pub fn slow(&self) -> &'static str {
        match self.backend {
            Backend::Sqlite => {
                "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 4000000000) SELECT max(i) FROM n"
            }
            Backend::Postgres => "SELECT pg_sleep(120)",
            Backend::Mysql => "SELECT SLEEP(120)",
        }
    }

    pub fn transactional_ddl(&self) -> bool {
        self.backend != Backend::Mysql
    }
}

impl Drop for TestDatabase {
    fn drop(&mut self) {
        if let Some((server, name)) = &self.server {
            let force = if self.backend == Backend::Postgres { " WITH (FORCE)" } else { "" };
            query(server, &format!("DROP DATABASE IF EXISTS {name}{force}"));
        }
    }
}

/// The built binary without any environment variables.
pub fn binary() -> std::process::Command {
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_migrascope"));
    for (name, _) in std::env::vars_os() {
        let name = name.to_string_lossy();
        if ["MIGRASCOPE_", "OTEL_", "PG", "TRACE", "DATABASE_URL"].iter().any(|prefix| name.starts_with(prefix)) {
            command.env_remove(name.as_ref());
        }
    }
    command.stdin(std::process::Stdio::null());
    command
}

pub fn connector(url: &str) -> Box<dyn Connector> {
    database::open(&SecretUrl::new(url), ConnectOptions { application: "migrascope/test".into(), init: Vec::new() })
        .unwrap()
}

pub fn query(url: &str, sql: &str) -> Vec<Row> {
    let connector = connector(url);
    block_on(async {
        let mut session = connector.session(Access::Write, None).await.unwrap();
        let rows = session.query(Query::InPath(sql)).await.unwrap_or_else(|error| panic!("{sql}: {error}"));
        session.close().await;
        rows
    })
}

/// Keeps a subscriber that is interested in every span and event from the start. If a thread without a subscriber reaches a callsite at the
/// same moment as another thread gets one, the callsite could be disabled permanently.
pub fn listen() {
    static FIRST: std::sync::Once = std::sync::Once::new();
    FIRST.call_once(|| tracing::subscriber::set_global_default(tracing_subscriber::registry()).unwrap());
}

pub fn block_on<T>(future: impl IntoFuture<Output = T>) -> T {
    listen();
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future.into_future())
}

/// Polls until the condition is true; panics if that takes longer than any machine needs.
pub fn eventually<T>(what: &str, mut condition: impl FnMut() -> Option<T>) -> T {
    let started = Instant::now();
    loop {
        if let Some(value) = condition() {
            return value;
        }
        assert!(started.elapsed() < Duration::from_secs(60), "never happened: {what}");
        std::thread::park_timeout(Duration::from_millis(20));
    }
}

/// The repository's own sample migrations.
pub fn sample() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations")
}

/// The names of the events, with their distinguishing details.
#[derive(Default)]
pub struct Log(pub Vec<String>);

impl Observer for Log {
    fn observe(&mut self, event: &Event<'_>) {
        let mut text = String::new();
        match event {
            Event::RunStarted { .. } => text.push_str("run started"),
            Event::ConnectStarted => text.push_str("connect started"),
            Event::ConnectFinished { result, .. } => _ = write!(text, "connect finished {}", word(result.is_ok())),
            Event::LockStarted { .. } => text.push_str("lock started"),
            Event::LockWaited { .. } => text.push_str("lock waited"),
            Event::LockFinished { acquired, .. } => _ = write!(text, "lock finished {}", word(*acquired)),
            Event::PlanStarted => text.push_str("plan started"),
            Event::PlanFinished { result, .. } => {
                let steps = result.as_ref().map_or("refused".to_owned(), |plan| plan.steps.len().to_string());
                _ = write!(text, "plan finished {steps}");
            }
            Event::MigrationStarted { step, index, of } => {
                _ = write!(text, "migration started {} {index}/{of}", step.migration.key);
            }
            Event::StatementStarted { index, .. } => _ = write!(text, "statement started {index}"),
            Event::StatementRunning { index, .. } => _ = write!(text, "statement running {index}"),
            Event::StatementFinished { index, result, .. } => match result {
                Ok(rows) => _ = write!(text, "statement finished {index} rows {rows}"),
                Err(error) => _ = write!(text, "statement finished {index} {:?}", error.kind),
            },
            Event::RecordStarted { .. } => text.push_str("record started"),
            Event::RecordFinished { error, .. } => _ = write!(text, "recorded {}", word(error.is_none())),
            Event::MigrationFinished { report, .. } => {
                _ = write!(text, "migration finished {} {}", report.version, report.outcome.word());
            }
            Event::LockReleased { error, .. } => _ = write!(text, "lock released {}", word(error.is_none())),
            Event::StateStarted => text.push_str("state started"),
            Event::StateFinished { .. } => text.push_str("state finished"),
            Event::HealthStarted => text.push_str("health started"),
            Event::CheckStarted { name } => _ = write!(text, "check started {name}"),
            Event::CheckFinished { check } => _ = write!(text, "check {} {}", check.name, check.status.word()),
            Event::HealthFinished { report } => _ = write!(text, "health finished {}", word(report.is_healthy())),
            Event::RunFinished { report, .. } => _ = write!(text, "run finished {}", report.outcome.word()),
            other => _ = write!(text, "{other:?}"),
        }
        self.0.push(text);
    }
}

fn word(ok: bool) -> &'static str {
    if ok { "ok" } else { "failed" }
}

/// Prevents tests that start many processes from running at the same time.
pub fn crowd() -> std::sync::MutexGuard<'static, ()> {
    static CROWD: OnceLock<Mutex<()>> = OnceLock::new();
    CROWD.get_or_init(Mutex::default).lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

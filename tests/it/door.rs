//! The door tests: the built binary from outside, on SQLite, each in a separate directory.

mod bad_input;
mod confirm;
mod daily;
mod database;
mod empty;
mod exec;
mod failures;
mod files;
mod health;
mod health_recorded;
mod help;
mod hooks;
pub mod hostile;
mod irregular;
mod json;
mod layouts;
mod malformed;
mod outside;
mod planted;
mod plugins;
mod poolers;
mod secrets;
mod settings;
mod signals;
mod status;
mod streams;
mod trust;
mod unmanaged;
mod unrecorded;
mod wait;
mod wishes;

use std::fmt;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use tempfile::TempDir;

/// A directory to run the binary in.
pub struct Door(TempDir);

/// The output.
#[derive(Debug)]
pub struct Seen {
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

impl Door {
    /// An empty directory.
    pub fn empty() -> Self {
        let directory = TempDir::new().unwrap();
        // Only this user can write to it: secret files in it cause no warning.
        std::fs::set_permissions(directory.path(), std::fs::Permissions::from_mode(0o700)).unwrap();
        Self(directory)
    }

    /// A directory with these files in `migrations`.
    pub fn with(files: &[(&str, &str)]) -> Self {
        let door = Self::empty();
        for (name, text) in files {
            door.write(&format!("migrations/{name}"), text);
        }
        door
    }

    /// Three valid migrations, the first of them with a down script.
    pub fn shop() -> Self {
        Self::with(&[
            ("1_users.sql", "CREATE TABLE users (id INTEGER PRIMARY KEY);\nINSERT INTO users VALUES (1), (2);\n"),
            ("1_users.down.sql", "DROP TABLE users;\n"),
            ("2_orders.sql", "CREATE TABLE orders (id INTEGER PRIMARY KEY);\n"),
            ("2_orders.down.sql", "DROP TABLE orders;\n"),
            ("3_tidy.sql", "VACUUM;\n"),
        ])
    }

    pub fn path(&self) -> &Path {
        self.0.path()
    }

    pub fn write(&self, name: &str, text: impl AsRef<[u8]>) {
        let path = self.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    pub fn remove(&self, name: &str) {
        std::fs::remove_file(self.path().join(name)).unwrap();
    }

    /// The binary with these arguments, only a database in its environment, and no input.
    pub fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_migrascope"));
        command
            .args(words)
            .env_clear()
            .env("DATABASE_URL", "sqlite://migrascope.db")
            .current_dir(self.path())
            .stdin(Stdio::null());
        command
    }

    /// Runs the binary to its end.
    pub fn run(&self, words: &[&str]) -> Seen {
        Seen::of(self.command(words).output().unwrap())
    }

    /// The same with these environment variables.
    pub fn run_with(&self, variables: &[(&str, &str)], words: &[&str]) -> Seen {
        Seen::of(self.command(words).envs(variables.iter().copied()).output().unwrap())
    }

    /// Runs SQL in the default database; the first column of the first row.
    pub fn sql(&self, sql: &str) -> Option<String> {
        let rows = crate::support::query(&format!("sqlite://{}", self.path().join("migrascope.db").display()), sql);
        rows.into_iter().next()?.into_iter().next()?
    }
}

impl Seen {
    fn of(output: Output) -> Self {
        Self {
            code: output.status.code(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }

    /// Standard output of a command that must succeed.
    #[track_caller]
    pub fn good(self) -> String {
        assert_eq!((self.code, self.stderr.as_str()), (Some(0), ""), "{}", self.stdout);
        self.stdout
    }
}

impl fmt::Display for Seen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.stdout.is_empty() {
            writeln!(f, "{}", self.stdout.trim_end())?;
        }
        if !self.stderr.is_empty() {
            writeln!(f, "--- stderr\n{}", self.stderr.trim_end())?;
        }
        write!(f, "--- exit {}", self.code.map_or("by a signal".to_owned(), |code| code.to_string()))
    }
}

/// Replaces what differs from run to run in snapshots, as long as the guard exists.
pub fn redacted() -> impl Drop {
    let mut settings = insta::Settings::clone_current();
    settings.add_filter(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}", "[id]");
    settings.add_filter(r"\d{4}-\d\d-\d\dT[\d:.]+Z", "[time]");
    settings.add_filter(r" +[\d.]+ (µs|ms|s)\b", " [t]");
    settings.add_filter(r"(sqlite|migrascope) \d+\.\d+\.\d+", "$1 [version]");
    settings.bind_to_scope()
}

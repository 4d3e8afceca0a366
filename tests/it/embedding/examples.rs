//! Runs the examples.

use std::path::PathBuf;
use std::process::{Command, Output, Stdio};
use std::sync::Once;

use tempfile::TempDir;

use crate::served::Server;
use crate::support::eventually;

static BUILD: Once = Once::new();

/// The program of an example, built like these tests.
fn example(name: &str) -> PathBuf {
    let folder = std::env::current_exe().unwrap().parent().unwrap().parent().unwrap().join("examples");
    BUILD.call_once(|| {
        let mut cargo = Command::new(env!("CARGO"));
        cargo.args(["build", "--quiet", "--examples"]).current_dir(env!("CARGO_MANIFEST_DIR"));
        // The variables that cargo has set for these tests would trigger a rebuild.
        for (name, _) in
            std::env::vars().filter(|(name, _)| name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_"))
        {
            cargo.env_remove(name);
        }
        if folder.parent().unwrap().ends_with("release") {
            cargo.arg("--release");
        }
        assert!(cargo.status().unwrap().success());
    });
    folder.join(name)
}

/// An example without any environment, in an empty directory.
fn command(name: &str, folder: &TempDir) -> Command {
    let mut command = Command::new(example(name));
    command.env_clear().current_dir(folder.path()).stdin(Stdio::null());
    command
}

fn texts(output: &Output) -> (String, String) {
    (String::from_utf8_lossy(&output.stdout).into_owned(), String::from_utf8_lossy(&output.stderr).into_owned())
}

#[test]
fn embedded_applies_what_is_in_the_program_once() {
    let folder = TempDir::new().unwrap();
    let (first, said) = texts(&command("embedded", &folder).output().unwrap());
    assert!(first.starts_with("embedded.db: 12 applied in "), "{first}{said}");
    let (second, _) = texts(&command("embedded", &folder).arg("embedded.db").output().unwrap());
    assert_eq!(second, "embedded.db: nothing to do, 12 applied\n");
}

#[test]
fn observer_tells_in_its_own_words() {
    let folder = TempDir::new().unwrap();
    std::fs::create_dir(folder.path().join("migrations")).unwrap();
    std::fs::write(folder.path().join("migrations/1_t.sql"), "CREATE TABLE t (i INTEGER);").unwrap();
    std::fs::write(folder.path().join("migrations/2_bad.sql"), "SELECT nonsense;").unwrap();
    let output = command("observer", &folder).output().unwrap();
    let (told, said) = texts(&output);
    assert!(told.starts_with("2 to do\nsuccess 1 (t)\nfailure 2 (bad)\n2 statements\n"), "{told}");
    assert_eq!((said.as_str(), output.status.code()), ("migration 2 (bad) failed and was rolled back\n", Some(1)));
}

fn service(folder: &TempDir) -> Command {
    let mut command = command("axum", folder);
    command.env("LISTEN", "127.0.0.1:0").env("AUTO_MIGRATE", "true");
    command
}

/// A process that is killed when its test ends.
struct Killed(std::process::Child);

impl Drop for Killed {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn axum_is_ready_when_its_database_is() {
    let folder = TempDir::new().unwrap();
    // Another process holds the lock of the database, and executes a statement that takes far longer than any test.
    let slow = "CREATE TABLE slow AS WITH RECURSIVE n (x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n WHERE x < 9000000000) \
                SELECT count(*) AS n FROM n;";
    std::fs::create_dir(folder.path().join("others")).unwrap();
    std::fs::write(folder.path().join("others/1_slow.sql"), slow).unwrap();
    let other = ["up", "--dir", "others", "--database-url", "sqlite://axum.db", "--health", "off"];
    let mut runner = crate::support::binary();
    let runner = runner.args(other).current_dir(folder.path()).stdout(Stdio::null()).spawn().unwrap();
    let mut runner = Killed(runner);
    eventually("the lock", || folder.path().join("axum.db-migrascope.lock").exists().then_some(()));

    let service = Server::start(&mut service(&folder));
    assert_eq!(service.get("/").code, 200);
    let before = service.get("/readyz");
    assert_eq!((before.code, before.body.as_str()), (503, "the database is being migrated\n"));
    runner.0.kill().unwrap();
    runner.0.wait().unwrap();
    eventually("it is ready", || (service.get("/readyz").code == 200).then_some(()));
    let metrics = service.get("/metrics").body;
    let applied = metrics.lines().find(|line| line.starts_with("migrascope_migrations_applied"));
    assert!(applied.is_some_and(|line| line.contains("\"axum\"") && line.ends_with(" 12")), "{metrics}");
}

#[test]
fn axum_does_not_start_with_a_migration_that_fails() {
    let folder = TempDir::new().unwrap();
    crate::support::query(
        &format!("sqlite://{}", folder.path().join("axum.db").display()),
        "CREATE VIEW users AS SELECT 1",
    );
    let (receiver, endpoint) = crate::tale::receiving();
    let output = service(&folder).env("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint).output().unwrap();
    let (_, said) = texts(&output);
    assert_eq!(output.status.code(), Some(1), "{said}");
    let reason = "the service does not start: migration 20260105090000 (create_users) failed and was rolled back: \
                  20260105090000_create_users.sqlite.sql:2:1: view users already exists (1)";
    assert!(said.contains(reason), "{said}");
    let told = receiver();
    let find = |name: &str| told.iter().find(|span| span.name == name).unwrap_or_else(|| panic!("{name}: {told:?}"));
    let (start, root, migrate) = (find("service start"), find("migrascope exec"), find("migrate"));
    assert_eq!((&root.parent, &migrate.parent), (&start.id, &root.id));
    assert_eq!(root.error.as_deref(), Some("migration 20260105090000 (create_users) failed and was rolled back"));
    assert!(migrate.error.is_some(), "{migrate:?}");
}

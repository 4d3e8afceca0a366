//! Entries that are no regular files: pipes without a writer, sockets, devices, links and directories. The command never waits for them.

use std::os::unix::fs::symlink;
use std::os::unix::net::UnixListener;
use std::process::{Command, Stdio};

use super::{Door, Seen};

/// A command that waits for ever is terminated, with a distinct exit code.
const ENDED: Option<i32> = Some(124);

impl Door {
    fn pipe(&self, name: &str) {
        let made = Command::new("mkfifo").arg(self.path().join(name)).status().unwrap();
        assert!(made.success(), "{name}");
    }

    fn link(&self, name: &str, target: &str) {
        symlink(target, self.path().join(name)).unwrap();
    }

    /// Runs the command for a limited time.
    fn run_shortly(&self, variables: &[(&str, &str)], words: &[&str]) -> Seen {
        let binary = self.command(&[]);
        let mut command = Command::new("timeout");
        command.args(["--kill-after=5", "30"]).arg(binary.get_program()).args(words);
        command.env_clear().env("DATABASE_URL", "sqlite://migrascope.db").envs(variables.iter().copied());
        command.current_dir(self.path()).stdin(Stdio::null());
        let seen = Seen::of(command.output().unwrap());
        assert_ne!(seen.code, ENDED, "{variables:?} {words:?} waited for ever: {seen}");
        seen
    }

    #[track_caller]
    fn refuses(&self, variables: &[(&str, &str)], words: &[&str], said: &str) {
        let seen = self.run_shortly(variables, words);
        assert_eq!(seen.code, Some(2), "{variables:?} {words:?}: {seen}");
        assert!(seen.stderr.contains(said), "{variables:?} {words:?}: {said}: {seen}");
    }
}

#[test]
fn sql_that_is_no_file_is_named_at_once() {
    let door = Door::shop();
    door.pipe("migrations/4_pipe.sql");
    let _socket = UnixListener::bind(door.path().join("migrations/5_socket.sql")).unwrap();
    door.link("migrations/6_device.sql", "/dev/zero");
    std::fs::create_dir(door.path().join("migrations/7_folder.sql")).unwrap();
    door.link("migrations/8_nowhere.sql", "nowhere");
    let seen = door.run_shortly(&[], &["up", "--follow-links"]);
    assert_eq!(seen.code, Some(2), "{seen}");
    for said in [
        "the file cannot be read: it is a named pipe, not a file\n--> migrations/4_pipe.sql",
        "the file cannot be read: it is a socket, not a file\n--> migrations/5_socket.sql",
        "the file cannot be read: it is a device, not a file\n--> migrations/6_device.sql",
        "it is named like an SQL file but is a folder\n--> migrations/7_folder.sql",
        "the file cannot be read: No such file or directory (os error 2)\n--> migrations/8_nowhere.sql",
    ] {
        assert!(seen.stderr.contains(said), "{said}: {seen}");
    }
    assert!(!door.path().join("migrascope.db").exists(), "nothing was changed");
}

#[test]
fn hooks_and_checks_that_are_none_are_named_at_once() {
    let door = Door::shop();
    door.link("migrations/hooks", "nowhere");
    door.refuses(&[], &["up"], "it is a symbolic link to a path that does not exist\n--> migrations/hooks");
    door.remove("migrations/hooks");
    door.write("migrations/hooks", "../hooks");
    door.refuses(&[], &["up"], "it must be a folder but is a file\n--> migrations/hooks");
    door.remove("migrations/hooks");
    std::fs::create_dir_all(door.path().join("migrations/hooks/before_each.sql")).unwrap();
    door.pipe("migrations/hooks/after_each.sql");
    let folder = "it is named like an SQL file but is a folder";
    door.refuses(&[], &["up"], &format!("{folder}\n--> migrations/hooks/before_each.sql"));
    door.refuses(&[], &["up"], "it is a named pipe, not a file\n--> migrations/hooks/after_each.sql");

    let door = Door::shop();
    door.link("checks", "nowhere");
    door.refuses(&[], &["up"], "--checks: cannot read the directory checks: No such file or directory");
    door.remove("checks");
    std::fs::create_dir_all(door.path().join("checks/a.sql")).unwrap();
    door.pipe("checks/b.sql");
    door.refuses(&[], &["up"], &format!("{folder}\n--> checks/a.sql"));
    door.refuses(&[], &["up"], "it is a named pipe, not a file\n--> checks/b.sql");
}

#[test]
fn settings_and_secrets_are_files() {
    let door = Door::shop();
    door.pipe("pipe");
    let _socket = UnixListener::bind(door.path().join("socket")).unwrap();
    let required = ("MIGRASCOPE_TELEMETRY", "required");
    let otlp = ("OTEL_EXPORTER_OTLP_ENDPOINT", "https://127.0.0.1:1");
    for (path, kind) in [("pipe", "a named pipe"), ("socket", "a socket"), ("/dev/zero", "a device")] {
        let said = format!("it is {kind}, not a file");
        let named = |option: &str| format!("{option}: {path}: {said}");
        door.refuses(&[("DATABASE_URL", "")], &["up", "--database-url-file", path], &said);
        door.refuses(&[], &["up", "--config", path], &said);
        door.refuses(&[], &["serve", "--targets", path], &said);
        for (option, url) in [("--push-token-file", "http://127.0.0.1:1"), ("--push-ca", "https://127.0.0.1:1")] {
            door.refuses(&[required], &["up", "--push-url", url, option, path], &named(option));
        }
        let grafana = ["up", "--grafana-url", "http://127.0.0.1:1", "--grafana-token-file", path];
        door.refuses(&[required], &grafana, &named("--grafana-token-file"));
        door.refuses(&[required], &["up", "--webhook-url-file", path], &named("--webhook-url-file"));
        for variable in ["CERTIFICATE", "CLIENT_KEY", "CLIENT_CERTIFICATE"] {
            let variable = format!("OTEL_EXPORTER_OTLP_{variable}");
            door.refuses(&[required, otlp, (&variable, path)], &["up"], &named(&variable));
        }
        let leads = format!("which is {kind}, not a file");
        for parameter in ["sslrootcert", "sslcert=x&sslkey", "sslkey=x&sslcert"] {
            let url = format!("postgres://u:p@127.0.0.1:1/d?{parameter}={path}");
            door.refuses(&[("DATABASE_URL", &url)], &["up"], &leads);
        }
        for parameter in ["ssl-ca", "ssl-cert=x&ssl-key", "ssl-key=x&ssl-cert"] {
            let url = format!("mysql://u:p@127.0.0.1:1/d?{parameter}={path}");
            door.refuses(&[("DATABASE_URL", &url)], &["up"], &leads);
        }
        let postgres = ("DATABASE_URL", "postgres://u@127.0.0.1:1/d");
        door.refuses(&[postgres, ("PGPASSFILE", path)], &["up"], &leads);
        let service = ("DATABASE_URL", "postgres:///?service=app");
        door.refuses(&[service, ("PGSERVICEFILE", path)], &["up"], &said);
    }
}

/// Connections that verify the server by the system's certificate authorities: arguments and a variable.
const VERIFYING: [(&[&str], (&str, &str)); 7] = [
    (&["up"], ("DATABASE_URL", "postgres://u:p@127.0.0.1:1/d?sslmode=verify-full")),
    (&["status"], ("DATABASE_URL", "mysql://u:p@127.0.0.1:1/d?ssl-mode=VERIFY_CA")),
    (&["up"], ("OTEL_EXPORTER_OTLP_ENDPOINT", "https://127.0.0.1:1")),
    (&["up", "--push-url", "https://127.0.0.1:1"], ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc")),
    (&["up"], ("MIGRASCOPE_WEBHOOK_URL", "https://127.0.0.1:1")),
    (&["up"], ("MIGRASCOPE_GRAFANA_URL", "https://127.0.0.1:1")),
    (&["push"], ("MIGRASCOPE_PUSH_URL", "https://127.0.0.1:1")),
];

#[test]
fn the_systems_authorities_are_files() {
    let door = Door::shop();
    door.pipe("pipe");
    std::fs::create_dir(door.path().join("folder")).unwrap();
    std::fs::File::create(door.path().join("folder/long")).unwrap().set_len(1 << 40).unwrap();
    let required = ("MIGRASCOPE_TELEMETRY", "required");
    for (words, variable) in VERIFYING {
        for (name, path, said) in [
            ("SSL_CERT_FILE", "pipe", "is a named pipe, not a file"),
            ("SSL_CERT_FILE", "/dev/zero", "is a device, not a file"),
            ("SSL_CERT_FILE", "folder/long", "is longer than 8 MiB"),
            ("SSL_CERT_DIR", "/nowhere:folder", "is longer than 8 MiB"),
        ] {
            let seen = door.run_shortly(&[required, variable, (name, path)], words);
            assert_eq!(seen.code, Some(2), "{variable:?} {path}: {seen}");
            assert!(seen.stderr.contains(name) && seen.stderr.contains(said), "{variable:?} {path}: {seen}");
        }
    }
    let grpc = [("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc"), ("OTEL_EXPORTER_OTLP_ENDPOINT", "https://127.0.0.1:1")];
    let said = "SSL_CERT_FILE: pipe: it is a named pipe, not a file";
    door.refuses(&[required, grpc[0], grpc[1], ("SSL_CERT_FILE", "pipe")], &["up"], said);
    // Files that are not read do not matter, and neither do pipes in a directory.
    door.remove("folder/long");
    door.pipe("folder/pipe");
    let directory = ("SSL_CERT_DIR", "folder");
    door.run_shortly(&[("SSL_CERT_FILE", "pipe"), directory], &["up"]).good();
    let url = ("DATABASE_URL", "postgres://u:p@127.0.0.1:1/d?sslmode=verify-full");
    assert_eq!(door.run_shortly(&[url, directory], &["up"]).code, Some(8));
}

#[test]
fn settings_that_are_looked_for_are_files() {
    for name in ["migrascope.toml", ".env"] {
        let door = Door::shop();
        door.pipe(name);
        door.refuses(&[], &["up"], "it is a named pipe, not a file");
        door.remove(name);
        door.link(name, "/dev/zero");
        door.refuses(&[], &["up"], "it is a device, not a file");
    }
    let door = Door::shop();
    door.link("migrascope.toml", "nowhere");
    door.refuses(&[], &["up"], "cannot read the configuration file migrascope.toml");
    for target in ["nowhere", ".env"] {
        let door = Door::shop();
        door.link(".env", target);
        door.refuses(&[], &["up"], "cannot read .env");
    }
    let door = Door::shop();
    door.pipe(".pgpass");
    let home = door.path().to_str().unwrap();
    let variables = [("DATABASE_URL", "postgres://u@127.0.0.1:1/d"), ("HOME", home)];
    door.refuses(&variables, &["up"], ".pgpass, which is a named pipe, not a file");
    // A directory of Python, and an empty file with another name.
    let door = Door::shop();
    std::fs::create_dir(door.path().join(".env")).unwrap();
    door.run(&["up", "--config", "/dev/null"]).good();
}

#[test]
fn a_database_of_sqlite_is_a_file() {
    let door = Door::shop();
    door.pipe("pipe");
    for (url, said) in [
        ("sqlite://pipe?mode=ro", "pipe is a named pipe, not a file"),
        ("sqlite://pipe", "pipe is a named pipe, not a file"),
        ("sqlite:///dev/zero", "/dev/zero is a device, not a file"),
        ("sqlite://migrations", "migrations is a directory, not a file"),
    ] {
        for command in ["up", "status", "health"] {
            door.refuses(&[("DATABASE_URL", url)], &[command], said);
        }
    }
}

#[test]
fn a_secret_without_end_is_not_read_to_its_end() {
    let door = Door::shop();
    std::fs::File::create(door.path().join("long")).unwrap().set_len(1 << 40).unwrap();
    let long = [("DATABASE_URL", "")];
    door.refuses(&long, &["up", "--database-url-file", "long"], "it is longer than 1 MiB");
    door.refuses(&[], &["up", "--config", "long"], "it is longer than 1 MiB");
    let url = "postgres://u:p@127.0.0.1:1/d?sslmode=verify-full&sslrootcert=long";
    door.refuses(&[("DATABASE_URL", url)], &["up"], "points to long, which is longer than 8 MiB");
}

//! Settings in another user's directory, and the addresses to which a secret from the environment may be sent.

#![cfg(unix)]

use std::fs;
use std::os::unix::fs::{MetadataExt as _, chown, lchown, symlink};
use std::path::Path;
use std::process::Command;

use super::{Door, Seen};

/// User ids without an account here.
const OTHER: u32 = 54_321;
const THIRD: u32 = 54_322;

/// Gives a file to another user; prints that the test is skipped if only root could do it.
fn give(path: &Path, user: u32) -> Option<()> {
    if let Err(error) = chown(path, Some(user), None) {
        eprintln!("skipped: files cannot be given to another user: {error}");
        return None;
    }
    Some(())
}

/// A directory whose settings would run a command.
fn trapped(name: &str, text: &str) -> Door {
    let door = Door::shop();
    door.write(name, text);
    door
}

const TRAP: &str = "before = \"touch trapped\"\n";

impl Door {
    fn is_trapped(&self) -> bool {
        self.path().join("trapped").exists()
    }

    /// The absolute path of the same directory.
    fn absolute(&self) -> String {
        fs::canonicalize(self.path()).unwrap().display().to_string()
    }
}

/// Refused before anything was done, with the name of the file.
#[track_caller]
fn refused(door: &Door, seen: &Seen, name: &str) {
    assert_eq!(seen.code, Some(2), "{seen}");
    assert!(seen.stderr.contains(&format!("error: {name} is not used: ")), "{seen}");
    let line = format!("export MIGRASCOPE_SAFE_DIRECTORY='{}'", door.absolute());
    assert!(seen.stderr.contains(&line), "{seen}");
    assert!(!door.is_trapped() && !door.path().join("migrascope.db").exists(), "{seen}");
}

#[test]
fn settings_of_another_user_are_refused() {
    let door = trapped("migrascope.toml", TRAP);
    let (file, directory) = (door.path().join("migrascope.toml"), door.path());
    let Some(()) = give(&file, OTHER) else { return };
    for command in ["up", "status", "plan", "verify", "health", "wait", "serve"] {
        let seen = door.run(&[command]);
        refused(&door, &seen, "migrascope.toml");
        assert!(seen.stderr.contains(&format!("it belongs to user {OTHER}, and migrascope runs as user 0")), "{seen}");
    }
    // Only the directory: its owner can replace the file.
    give(&file, 0).unwrap();
    give(directory, OTHER).unwrap();
    let seen = door.run(&["up"]);
    refused(&door, &seen, "migrascope.toml");
    assert!(seen.stderr.contains(&format!("its directory belongs to user {OTHER}")), "{seen}");
    // A link of another user, and one to another user's file.
    give(directory, 0).unwrap();
    fs::rename(&file, directory.join("real.toml")).unwrap();
    symlink("real.toml", &file).unwrap();
    lchown(&file, Some(OTHER), None).unwrap();
    refused(&door, &door.run(&["up"]), "migrascope.toml");
    lchown(&file, Some(0), None).unwrap();
    give(&directory.join("real.toml"), OTHER).unwrap();
    refused(&door, &door.run(&["up"]), "migrascope.toml");
    // The current user's own file.
    give(&directory.join("real.toml"), 0).unwrap();
    let seen = door.run(&["up"]);
    assert!(seen.code == Some(0) && door.is_trapped(), "{seen}");
}

#[test]
fn a_directory_is_trusted_that_the_user_names() {
    let door = trapped("migrascope.toml", TRAP);
    let absolute = door.absolute();
    let Some(()) = give(&door.path().join("migrascope.toml"), OTHER) else { return };
    give(door.path(), OTHER).unwrap();
    for elsewhere in ["/", "migrations", ".", "/tmp/*", ""] {
        refused(&door, &door.run_with(&[("MIGRASCOPE_SAFE_DIRECTORY", elsewhere)], &["up"]), "migrascope.toml");
    }
    refused(&door, &door.run_with(&[("SUDO_UID", &THIRD.to_string())], &["up"]), "migrascope.toml");
    // The URL does not specify it itself.
    door.write(".env", "MIGRASCOPE_SAFE_DIRECTORY=*\n");
    refused(&door, &door.run(&["up"]), "migrascope.toml");
    door.remove(".env");
    let (list, sudo) = (format!("/nowhere:{absolute}/"), OTHER.to_string());
    for (variables, words) in [
        (&[("MIGRASCOPE_SAFE_DIRECTORY", absolute.as_str())][..], &["up"][..]),
        (&[("MIGRASCOPE_SAFE_DIRECTORY", &list)], &["up"]),
        (&[("MIGRASCOPE_SAFE_DIRECTORY", "*")], &["up"]),
        (&[("MIGRASCOPE_CONFIG", "migrascope.toml")], &["up"]),
        (&[], &["up", "--config", "migrascope.toml"]),
        (&[("SUDO_UID", &sudo)], &["up"]),
    ] {
        let seen = door.run_with(variables, words);
        assert!(seen.code == Some(0) && door.is_trapped(), "{variables:?} {words:?}: {seen}");
        door.remove("trapped");
        door.remove("migrascope.db");
    }
}

/// Containers run as a user who owns nothing, with settings that root has mounted.
#[test]
fn what_root_owns_is_trusted_by_everybody() {
    use std::os::unix::fs::PermissionsExt as _;
    use std::os::unix::process::CommandExt as _;

    let door = trapped("migrascope.toml", "target = \"mounted\"\n");
    if fs::metadata(door.path()).unwrap().uid() != 0 {
        eprintln!("skipped: only root can run a program as another user");
        return;
    }
    fs::set_permissions(door.path(), fs::Permissions::from_mode(0o777)).unwrap();
    // The binary may be in a directory that other users cannot read.
    let binary = door.path().join("migrascope");
    fs::copy(env!("CARGO_BIN_EXE_migrascope"), &binary).unwrap();
    let run = |user: u32| {
        let mut command = Command::new(&binary);
        command.args(["plan", "--format", "json"]).env_clear().env("DATABASE_URL", "sqlite://db");
        command.current_dir(door.path()).uid(user).gid(user);
        loop {
            match command.output() {
                // Another test has forked while the copy was open for writing, and has not executed its program yet.
                Err(error) if error.kind() == std::io::ErrorKind::ExecutableFileBusy => {}
                output => return Seen::of(output.unwrap()),
            }
        }
    };
    assert!(run(65_532).good().contains("\"settings_file\":\"migrascope.toml\""));
    give(&door.path().join("migrascope.toml"), OTHER).unwrap();
    let seen = run(65_532);
    assert_eq!(seen.code, Some(2), "{seen}");
    assert!(seen.stderr.contains(&format!("belongs to user {OTHER}, and migrascope runs as user 65532")), "{seen}");
    assert_eq!(run(OTHER).code, Some(0));
}

#[test]
fn a_dotenv_file_of_another_user_is_refused_where_it_says_something() {
    let door = Door::shop();
    door.write(".env", "MIGRASCOPE_BEFORE='touch trapped'\nPASSWORD=x\n");
    let Some(()) = give(&door.path().join(".env"), OTHER) else { return };
    refused(&door, &door.run(&["up"]), ".env");
    // The contents of another program's file are not checked, and neither are unused ones.
    door.write(".env", "PASSWORD=x\nDATABASE_URL=sqlite://theirs.db\n");
    give(&door.path().join(".env"), OTHER).unwrap();
    door.run(&["up"]).good();
    assert!(!door.path().join("theirs.db").exists());
}

#[test]
fn the_settings_file_is_named_first() {
    let door = Door::shop();
    assert!(!door.run(&["status"]).good().contains("settings from"));
    door.write("migrascope.toml", "target = \"shop\"\n");
    door.write("other/settings.toml", "target = \"shop\"\n");
    door.write(".env", "MIGRASCOPE_DIR=migrations\n");
    for command in ["plan", "up", "status", "verify", "health"] {
        let seen = door.run(&[command]).good();
        assert!(seen.starts_with("settings from migrascope.toml, MIGRASCOPE_DIR from .env\n"), "{command}: {seen}");
        let named = ["--config", "other/settings.toml"];
        let seen = door.run(&[&named[..], &[command, "--format", "json"]].concat()).good();
        let last: serde_json::Value = serde_json::from_str(seen.lines().last().unwrap()).unwrap();
        assert_eq!(last["settings_file"], "other/settings.toml", "{command}: {seen}");
    }
}

const FOUND: &str = "the file was found by default, and not named";

#[test]
fn a_token_of_the_environment_goes_to_no_address_of_a_file_that_was_found() {
    let door = Door::shop();
    door.write("token", "s3cret");
    let grafana = [("MIGRASCOPE_GRAFANA_TOKEN", "s3cret")];
    let grafana_file = [("MIGRASCOPE_GRAFANA_TOKEN_FILE", "token")];
    let push = [("MIGRASCOPE_PUSH_TOKEN_FILE", "token")];
    let address = "http://127.0.0.1:1";
    for (key, variables, words) in [
        ("grafana-url", &grafana[..], &[][..]),
        ("grafana-url", &grafana_file, &[]),
        ("grafana-url", &[], &["--grafana-token-file", "token"]),
        ("push-url", &push, &[]),
        ("push-url", &[], &["--push-token-file", "token"]),
    ] {
        let variable = format!("MIGRASCOPE_{}", key.to_uppercase().replace('-', "_"));
        let files = [
            ("migrascope.toml", format!("{key} = \"{address}\"\n"), format!("the key {key}")),
            (".env", format!("{variable}={address}\n"), format!("{variable} from .env")),
        ];
        for (name, text, place) in files {
            door.write(name, text);
            let seen = door.run_with(variables, &[&["up"], words].concat());
            assert_eq!(seen.code, Some(2), "{name} {variables:?} {words:?}: {seen}");
            assert!(seen.stderr.contains(&format!("the address of {place}: {FOUND}")), "{seen}");
            assert!(!seen.to_string().contains("s3cret"), "{seen}");
            // The environment's own address, and that of a file which the environment names.
            let named = [(variable.as_str(), address), ("MIGRASCOPE_CONFIG", "migrascope.toml")];
            for named in &named[..if name == ".env" { 1 } else { 2 }] {
                let seen = door.run_with(&[variables, &[*named]].concat(), &[&["status"], words].concat());
                assert_eq!(seen.code, Some(0), "{name} {named:?}: {seen}");
            }
            door.remove(name);
        }
    }
    // A secret in a file is sent to the address in that file.
    door.write("migrascope.toml", format!("grafana-url = \"{address}\"\ngrafana-token-file = \"token\"\n"));
    door.run(&["status"]).good();
}

#[test]
fn a_password_of_the_environment_goes_to_no_server_of_a_file_that_was_found() {
    let door = Door::shop();
    let password = [("PGPASSWORD", "s3cret"), ("DATABASE_URL", "")];
    let service = [("PGSERVICE", "app"), ("DATABASE_URL", "")];
    let run = |variables: &[(&str, &str)], words: &[&str]| {
        let mut command = door.command(&["status", "--format", "json"]);
        Seen::of(command.args(words).env_remove("DATABASE_URL").envs(variables.iter().copied()).output().unwrap())
    };
    for url in ["postgres://u@127.0.0.1:1/d", "postgresql://u:@127.0.0.1:1/d", "postgres:///d?HOST=127.0.0.1&port=1"] {
        door.write("migrascope.toml", format!("database-url = \"{url}\"\n"));
        for variables in [&password[..1], &service[..1]] {
            let seen = run(variables, &[]);
            assert_eq!(seen.code, Some(2), "{url}: {seen}");
            assert!(seen.stderr.contains(&format!("the address of the key database-url: {FOUND}")), "{seen}");
        }
        door.remove("migrascope.toml");
        door.write("url", url);
        for (name, text) in
            [("migrascope.toml", "database-url-file = \"url\"\n".to_owned()), (".env", format!("DATABASE_URL={url}\n"))]
        {
            door.write(name, text);
            let seen = run(&password[..1], &[]);
            assert!(seen.code == Some(2) && seen.stderr.contains(FOUND), "{name} {url}: {seen}");
            door.remove(name);
        }
    }
    // No server is running, but a connection was attempted: to an address from the user, with a password in the URL, or from the
    // environment.
    door.write("migrascope.toml", "database-url = \"postgres://u@127.0.0.1:1/d\"\n");
    for (variables, words) in [
        (&[password[0], ("MIGRASCOPE_CONFIG", "migrascope.toml")][..], &[][..]),
        (&[password[0], ("MIGRASCOPE_DATABASE_URL", "postgres://u@127.0.0.1:1/d")], &[]),
        (&password[..1], &["--config", "migrascope.toml"]),
        (&[], &[]),
    ] {
        assert_eq!(run(variables, words).code, Some(8), "{variables:?} {words:?}");
    }
    for (url, place) in [("postgres://u:p@127.0.0.1:1/d", ""), ("postgres:///d?user=u", "127.0.0.1")] {
        door.write("migrascope.toml", format!("database-url = \"{url}\"\n"));
        assert_eq!(run(&[password[0], ("PGHOST", place), ("PGPORT", "1")], &[]).code, Some(8), "{url}");
    }
}

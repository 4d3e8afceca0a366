//! Secrets are never shown: passwords in URLs, however they are written, and values in settings files.

use std::os::unix::fs::PermissionsExt as _;

use super::Door;

/// Passwords with each character at which a URL could be split, twice.
fn passwords() -> Vec<String> {
    (' '..='~').map(|mark| format!("hun{mark}ter2=x{mark}sesame")).chain(["hun\nter2\nsesame".to_owned()]).collect()
}

/// Fails if the text contains a part of the password.
#[track_caller]
fn kept(text: &str, url: &str) {
    for piece in ["hun", "ter2", "sesame"] {
        assert!(!text.contains(piece), "{url}\n{text}");
    }
}

#[test]
fn no_password_is_shown_however_it_is_written() {
    let door = Door::shop();
    let forms = [
        "postgres://u:{}@127.0.0.1:1/d",
        "mysql://u:{}@127.0.0.1:1/d?ssl-mode=disabled",
        "sqlite://u:{}@127.0.0.1:1/d",
        "postgres://127.0.0.1:1/d?user=u&password={}&sslmode=disable",
        "mysql://u@127.0.0.1:1/d?password={}",
        "u:{}@127.0.0.1/d",
    ];
    for password in passwords() {
        for form in forms {
            let url = form.replace("{}", &password);
            let seen = door.run_with(&[("DATABASE_URL", &url)], &["status"]);
            assert_ne!(seen.code, Some(0), "{url}");
            kept(&seen.to_string(), &url);
        }
        let seen = door.run(&["status", &format!("postgres://u:{password}@127.0.0.1/d")]);
        kept(&seen.to_string(), &password);
    }
}

#[test]
fn an_at_sign_behind_the_host_is_wrong_usage() {
    let door = Door::shop();
    for url in ["postgres://h/a@b", "mysql://h/a@b", "postgres://u:p@h/d?user=x@y", "mysql://h/d?user=x@y"] {
        let seen = door.run_with(&[("DATABASE_URL", url)], &["status"]);
        assert!(seen.code == Some(2) && seen.stderr.contains("it has an @ after the host"), "{url}: {seen}");
    }
}

#[test]
fn no_value_of_a_settings_file_that_may_be_secret_is_shown() {
    let door = Door::shop();
    let secret = "hunter2";
    for line in [
        "database-url = \"postgres://u:hunter2@h/d\" x",
        "database-url = \"\"\"\npostgres://u:hunter2@h/d\n\"\"\" x",
        "database-url = \"\"\"\nhunter2\n",
        "database-url = 'postgres://u:hunter2@h/d",
        "database-url = [\"hunter2\"]",
        "database-url = {u = \"hunter2\"}",
        "databse-url = \"hunter2\"",
        "\"database-url\" = \"hunter2\" x",
        "\"database-url\" = [\"hunter2\"]",
        "database-url=hunter2",
        "database-url: hunter2",
        "grafana-token = \"hunter2\"",
        "password = \"hunter2\"",
        "webhook-url = \"https://hooks/hunter2\" \"",
        "push-url = { password = \"hunter2\" }",
        "connection-init = \"ALTER ROLE u PASSWORD 'hunter2'\" x",
        "connection-init = [\"SET x = 'hunter2'\", {}]",
        "connection-init = [\n  \"SET x = 'hunter2'\",\n  1.5\n]\n",
        "before = \"curl -u u:hunter2 h\" x",
        "lock-wait = \"5s\"\nhunter2",
        "lock-wait = \"5s\" hunter2",
        "[databases]\nurl = \"hunter2\"",
        "\"postgres://u:hunter2@h/d\" = 1",
        "database-url = \"hunter2\"\ndatabase-url = \"hunter2\"",
        "lock-wait = \"postgres://u:hunter2@h/d\"",
        "database-url = \"\\hunter2\"",
        "database-url = hunter2.5",
        "database-url = 12hunter2",
        "database-url = \"postgres://u:\u{1}hunter2@h/d\"",
    ] {
        door.write("migrascope.toml", line);
        let seen = door.run(&["status"]);
        assert!(seen.code == Some(2) && !seen.to_string().contains(secret), "{line}\n{seen}");
        let json = door.run(&["status", "--format", "json"]);
        assert!(!json.to_string().contains(secret), "{line}\n{json}");
        door.remove("migrascope.toml");
        door.write("targets.toml", format!("[shop]\n{line}"));
        let seen = door.run(&["serve", "--targets", "targets.toml", "--listen", "127.0.0.1:0"]);
        assert!(seen.code == Some(2) && !seen.to_string().contains(secret), "{line}\n{seen}");
    }
}

#[test]
fn a_secret_file_that_everybody_may_read_or_write_is_a_warning() {
    let door = Door::shop();
    let allow = |path: &str, mode: u32| {
        std::fs::set_permissions(door.path().join(path), std::fs::Permissions::from_mode(mode)).unwrap();
    };
    door.write("url", "sqlite://migrascope.db");
    door.write("token", "t");
    let run = || {
        door.run(&[
            "status",
            "--database-url-file",
            "url",
            "--grafana-token-file",
            "token",
            "--push-token-file",
            "token",
        ])
        .stderr
    };
    allow(".", 0o755);
    for (mode, may) in [(0o604, "read"), (0o602, "written"), (0o666, "read and written")] {
        allow("url", mode);
        allow("token", 0o600);
        let stderr = run();
        assert!(stderr.starts_with("warning: --database-url-file: the secret file "), "{stderr}");
        assert!(
            stderr.contains(&format!("url can be {may} by every user")) && stderr.matches("warning").count() == 1,
            "{stderr}"
        );
        allow("url", 0o640);
        allow("token", mode);
        let stderr = run();
        assert!(stderr.contains("--grafana-token-file: ") && stderr.contains("--push-token-file: "), "{stderr}");
    }
    assert_eq!(door.run(&["status", "--quiet", "--database-url-file", "url", "--push-token-file", "token"]).stderr, "");
    // Other users cannot access it.
    allow(".", 0o700);
    assert_eq!(run(), "");
}

/// The warnings in the text output, and those in the last line of JSON.
fn warned(seen: &super::Seen) -> (Vec<String>, Vec<String>) {
    let read = seen.stderr.lines().filter_map(|line| line.strip_prefix("warning: ")).map(str::to_owned).collect();
    let mut reports =
        seen.stdout.lines().chain(seen.stderr.lines()).filter(|line| line.contains("\"event\":\"report\""));
    let report: serde_json::Value = serde_json::from_str(reports.next_back().expect("a report")).expect("JSON");
    let listed =
        report["warnings"].as_array().into_iter().flatten().map(|text| text.as_str().expect("a text").to_owned());
    (read, listed.collect())
}

#[test]
fn whatever_is_warned_of_is_in_the_report_of_every_command() {
    let door = Door::shop();
    std::fs::set_permissions(door.path(), std::fs::Permissions::from_mode(0o755)).unwrap();
    door.write("url", "sqlite://migrascope.db");
    door.write("targets.toml", "[shop]\ndatabase-url = \"sqlite://migrascope.db\"\n");
    for name in ["url", "targets.toml"] {
        std::fs::set_permissions(door.path().join(name), std::fs::Permissions::from_mode(0o644)).unwrap();
    }
    for (words, expected) in [
        (&["status"][..], 1),
        (&["plan"], 1),
        (&["verify"], 1),
        // An invalid trace parent is detected before a run, an unwritable file after it.
        (&["up", "--steps", "1", "--metrics-file", "none/m.prom"], 3),
        (&["down", "--steps", "1"], 2),
        (&["up", "--dry-run"], 1),
        (&["repair", "--mark-applied", "1", "--reason", "x"], 2),
        (&["baseline", "9", "--reason", "x"], 2),
        (&["exec", "--", "false"], 2),
        (&["wait", "--timeout", "1ms"], 2),
        (&["health"], 2),
        (&["push", "--metrics-file", "m.prom"], 1),
        // Also if a command stops early.
        (&["up", "--listen", "nonsense"], 2),
        (&["up", "--dir", "none"], 1),
        (&["serve", "--listen", "nonsense"], 1),
        (&["serve", "--listen", "nonsense", "--targets", "targets.toml"], 2),
    ] {
        let run = |more: &[&str]| {
            let more = [&["--format", "json", "--database-url-file", "url"], more, words].concat();
            let seen = door.run_with(&[("TRACEPARENT", "nonsense"), ("DATABASE_URL", "")], &more);
            (warned(&seen), seen)
        };
        let ((read, listed), seen) = run(&[]);
        assert_eq!((read.len(), &listed), (expected, &read), "{words:?}\n{seen}");
        assert!(listed[0].starts_with("--database-url-file: the secret file "), "{words:?}\n{seen}");
        let ((read, listed), seen) = run(&["--quiet"]);
        assert!(read.is_empty() && listed.len() == expected, "{words:?}\n{seen}");
    }
    // A command without a database reads no secret.
    let seen = door.run(&["new", "x", "--format", "json", "--database-url-file", "url"]);
    assert_eq!(warned(&seen), (vec![], vec![]), "{seen}");
}

//! Names, messages and settings that would forge lines, move the cursor or change the text direction: none of that reaches a terminal or a
//! log.

use std::fmt::Write as _;

use serde_json::Value;

use super::{Door, Seen};
use crate::support::{Backend, TestDatabase, on, query};

/// Every control character that a file name can contain, characters that change the text direction, and markup of other formats.
pub fn hostile() -> String {
    let controls: String = ('\u{1}'..='\u{1f}').chain('\u{7f}'..='\u{9f}').collect();
    let bidi = "\u{202a}\u{202b}\u{202c}\u{202d}\u{202e}\u{2066}\u{2067}\u{2068}\u{2069}\u{200e}\u{200f}\u{61c}\u{2028}\u{2029}";
    format!("a\n::error::b\r\u{1b}[31mred\u{1b}]0;t\u{7}{controls}{bidi}\"'<b>&")
}

/// Fails for every control character except line ends and the program's own colours, and for a line that starts like the hostile one.
#[track_caller]
pub fn clean(text: &str) {
    let mut parts = text.split('\u{1b}');
    let mut shown = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (colour, rest) = part.strip_prefix('[').and_then(|part| part.split_once('m')).unwrap_or(("", part));
        let ours = colour.split(';').all(|number| matches!(number.parse(), Ok(0..=4 | 31..=36 | 91..=96)));
        assert!(ours && !rest.starts_with("red"), "{text:?}");
        shown += rest;
    }
    let acts = |c: char| {
        c != '\n' && (c.is_control() || "\u{61c}\u{200e}\u{200f}\u{2028}\u{2029}".contains(c))
            || ('\u{202a}'..='\u{202e}').contains(&c)
            || ('\u{2066}'..='\u{2069}').contains(&c)
    };
    assert!(!shown.contains(acts), "{:?} in {shown:?}", shown.matches(acts).next());
    assert!(!shown.lines().any(|line| line.trim_start().starts_with("::")), "{shown}");
}

/// Runs the command with colours, as text with both kinds of log lines, and as JSON. All output must be clean; returns the last one.
#[track_caller]
fn swept(door: &Door, variables: &[(&str, &str)], words: &[&str]) -> Seen {
    let sweep = |more: &[&str]| {
        let variables: Vec<_> = variables.iter().copied().chain([("CLICOLOR_FORCE", "1")]).collect();
        let seen = door.run_with(&variables, &[words, more].concat());
        assert_ne!(seen.code, Some(101), "{words:?}: {seen}");
        clean(&seen.stdout);
        clean(&seen.stderr);
        seen
    };
    let seen = sweep(&["-v", "--log-format", "text"]);
    for line in sweep(&["--format", "json", "--log-format", "json"]).stdout.lines() {
        assert!(serde_json::from_str::<Value>(line).is_ok(), "{line}");
    }
    seen
}

/// A database with this name in the directory.
pub fn sqlite(door: &Door, name: &str) -> String {
    let path = door.path().join(name);
    let mut url = "sqlite://".to_owned();
    path.to_str().unwrap().bytes().for_each(|byte| _ = write!(url, "%{byte:02X}"));
    url
}

/// SQL that fails with the hostile text, in SQLite.
fn raising() -> String {
    let message = hostile().replace('\'', "''");
    format!(
        "CREATE TABLE t (a);\nCREATE TRIGGER r BEFORE INSERT ON t BEGIN SELECT RAISE(ABORT, '{message}'); END;\nINSERT INTO t VALUES (1);\n"
    )
}

#[test]
fn names_of_files_are_shown_and_not_sent() {
    let (door, name) = (Door::empty(), hostile());
    door.write(&format!("migrations/1_{name}.sql"), "CREATE TABLE a (b);");
    door.write(&format!("migrations/1_{name}.down.sql"), "DROP TABLE a;");
    door.write(&format!("migrations/2_{name}.sql"), "VACUUM;");
    door.write(&format!("migrations/2_{name}.down.sql"), "VACUUM;");
    door.write(&format!("checks/{name}.sql"), "SELECT 1;");
    door.write(&format!("{name}.txt"), "");
    for words in [
        &["plan"][..],
        &["up"],
        &["status"],
        &["verify"],
        &["health"],
        &["plan"],
        &["down", "--steps", "2"],
        &["down", "--steps", "2", "--yes"],
        &["repair", "--mark-reverted", "1", "--reason", &name],
        &["new", &name],
        &["new", "x", "--dir", &name],
    ] {
        swept(&door, &[], words);
    }
    door.write(&format!("migrations/3_{name}.mysq.sql"), "SELECT 1");
    door.write(&format!("migrations/4_{name}.sql"), format!("SELECT 1;\n-- migrascope: {name}\nSELECT '{name}"));
    for words in [&["up"][..], &["verify"]] {
        assert_eq!(swept(&door, &[], words).code, Some(2));
    }
}

#[test]
fn what_a_database_says_is_shown_and_not_sent() {
    let (door, name) = (Door::with(&[("1_a.sql", &raising())]), hostile());
    assert_eq!(swept(&door, &[], &["up"]).code, Some(5));
    swept(&door, &[], &["status"]);
    swept(&door, &[], &["plan"]);
    // History rows as another program may have written them.
    let text = name.replace('\'', "''");
    let door = Door::with(&[("1_a.sql", "CREATE TABLE a (b);"), ("3_c.sql", "SELECT nothing;")]);
    assert_eq!(door.run(&["up"]).code, Some(5));
    door.sql(&format!(
        "INSERT INTO _migrascope_migrations SELECT 2, '{text}', '{text}', token_checksum, applied_at, elapsed_ms, run_id \
         FROM _migrascope_migrations LIMIT 1"
    ));
    door.sql(&format!("UPDATE _migrascope_journal SET error_text = '{text}', error_code = '{text}', run_id = '{text}', operator = '{text}'"));
    for words in [&["status"][..], &["up"], &["verify"], &["plan"], &["push", "--metrics-file", "m.prom"]] {
        swept(&door, &[], words);
    }
    clean(&std::fs::read_to_string(door.path().join("m.prom")).unwrap());
}

#[test]
fn settings_are_shown_and_not_sent() {
    let (door, name) = (Door::shop(), hostile());
    door.write("migrascope.toml", format!("\"{}\" = 1\n", name.escape_unicode()));
    swept(&door, &[], &["up"]);
    door.write("migrascope.toml", format!("lock-wait = \"{}\"\nx\u{1b}[2J\u{9b}\u{202e}y", name.escape_unicode()));
    swept(&door, &[], &["up"]);
    door.remove("migrascope.toml");
    for option in [
        "--lock-wait",
        "--order",
        "--layout",
        "--dir",
        "--checks",
        "--env",
        "--config",
        "--database-url",
        "--database-url-file",
        "--ledger-table",
        "--journal-table",
        "--connection-init",
        "--listen",
        "--push-url",
        "--push-token-file",
        "--metrics-file",
        "--webhook-url",
        "--grafana-url",
        "--grafana-token-file",
        "--health-warn",
        "--before",
        "--target",
        "--trace-sql",
    ] {
        swept(&door, &[], &["up", option, &name]);
    }
    swept(&door, &[], &["up", &name]);
    swept(&door, &[], &[&name]);
    for variable in [
        "MIGRASCOPE_LOCK_WAIT",
        "OTEL_EXPORTER_OTLP_ENDPOINT",
        "OTEL_TRACES_SAMPLER",
        "APP_ENV",
        "TRACEPARENT",
        "OTEL_RESOURCE_ATTRIBUTES",
    ] {
        swept(&door, &[(variable, &name)], &["up"]);
    }
    swept(&door, &[], &["exec", "--", &name]);
    swept(&door, &[], &["probe", "--listen", &name]);
    swept(&door, &[], &["serve", "--targets", &name]);
}

#[test]
fn metrics_with_hostile_labels_stay_prometheus_text() {
    let door = Door::shop();
    let path = door.path().join("m.prom");
    let url = sqlite(&door, "a\u{9b}\u{202e}b\\\"<c>");
    door.run(&["up", "--database-url", &url, "--metrics-file", "m.prom"]).good();
    let text = std::fs::read_to_string(&path).unwrap();
    clean(&text);
    assert!(text.contains(r#"migrascope_target="a\\u{9b}\\u{202e}b\\\"<c>""#), "{text}");
}

/// Runs SQL when it is dropped.
struct Dropped<'d> {
    url: &'d str,
    sql: String,
}

impl Drop for Dropped<'_> {
    fn drop(&mut self) {
        query(self.url, &self.sql);
    }
}

/// A database, a user, a table and an error with such names, on a server.
fn on_a_server(database: &TestDatabase, quote: char, failing: &str) {
    let mut name = hostile();
    name.retain(|c| c != quote);
    // Names have up to 64 characters on MySQL, and up to 63 bytes on PostgreSQL.
    let own = uuid::Uuid::now_v7().simple().to_string();
    let name: String = name.chars().take(28).chain(own[20..].chars()).collect();
    let base = database.url.rsplit_once('/').unwrap().0;
    query(&database.url, &format!("CREATE DATABASE {quote}{name}{quote}"));
    let _dropped = Dropped { url: &database.url, sql: format!("DROP DATABASE {quote}{name}{quote}") };
    let mut encoded = String::new();
    name.bytes().for_each(|byte| _ = write!(encoded, "%{byte:02X}"));
    let url = format!("{base}/{encoded}");
    let door =
        Door::with(&[("1_a.sql", &format!("CREATE TABLE {quote}{name}{quote} (a INT);\n")), ("2_b.sql", failing)]);
    for words in [&["plan"][..], &["up"], &["status"], &["verify"], &["health"]] {
        swept(&door, &[("DATABASE_URL", &url)], words);
    }
    // A user who cannot log in.
    let (scheme, rest) = base.split_once("://").unwrap();
    let host = rest.rsplit_once('@').map_or(rest, |(_, host)| host);
    swept(&door, &[("DATABASE_URL", &format!("{scheme}://{encoded}:x@{host}/{encoded}"))], &["up"]);
}

#[test]
fn names_on_postgres_are_shown_and_not_sent() {
    on(Backend::Postgres, |database| {
        let text = hostile().replace('\'', "''");
        let failing = format!(
            "DO $$BEGIN RAISE EXCEPTION USING MESSAGE = '{text}', DETAIL = '{text}', HINT = '{text}'; END$$;\n"
        );
        on_a_server(database, '"', &failing);
    });
}

#[test]
fn names_on_mysql_are_shown_and_not_sent() {
    on(Backend::Mysql, |database| {
        let text: String = hostile().replace('\'', "''").chars().take(120).collect();
        on_a_server(database, '`', &format!("SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = '{text}';\n"));
    });
}

#[test]
fn what_is_huge_is_shortened() {
    let door = Door::with(&[("1_a.sql", &format!("-- migrascope: {}\nSELECT 1;\n", "x".repeat(5_000_000)))]);
    let seen = swept(&door, &[], &["up"]);
    assert!(seen.code == Some(2) && seen.stderr.len() < 20_000, "{} bytes", seen.stderr.len());
    let json = door.run(&["up", "--format", "json"]);
    assert!(json.stdout.len() < 20_000, "{} bytes", json.stdout.len());
    door.write("migrations/1_a.sql", format!("SELECT '{}' FROM nothing WHERE;\n", "x".repeat(5_000_000)));
    let seen = swept(&door, &[], &["up"]);
    assert!(seen.code == Some(5) && seen.stderr.len() < 20_000, "{} bytes", seen.stderr.len());
    door.write("migrascope.toml", format!("order = \"{}\"\n", "x".repeat(5_000_000)));
    let seen = swept(&door, &[], &["up"]);
    assert!(seen.code == Some(2) && seen.stderr.len() < 20_000, "{} bytes", seen.stderr.len());
}

#[test]
fn a_name_that_is_not_utf8_is_refused_with_its_bytes() {
    use std::os::unix::ffi::OsStrExt as _;
    let door = Door::shop();
    for (folder, bytes) in [
        ("migrations", &b"4_\xff\x1b[2Jx.sql"[..]),
        ("migrations/hooks", b"before_each\xff.sql"),
        ("checks", b"\xc3.sql"),
    ] {
        let path = door.path().join(folder);
        std::fs::create_dir_all(&path).unwrap();
        let path = path.join(std::ffi::OsStr::from_bytes(bytes));
        std::fs::write(&path, "SELECT 1;").unwrap();
        let command = if folder == "checks" { "health" } else { "plan" };
        let seen = swept(&door, &[], &[command]);
        assert_eq!(seen.code, Some(2), "{seen}");
        let shown = bytes.escape_ascii().to_string().replace("\\x1b", "␛");
        assert!(seen.stderr.contains(&format!("the file name is not UTF-8: {shown}")), "{shown}: {seen}");
        std::fs::remove_file(path).unwrap();
    }
    std::fs::write(door.path().join("migrations").join(std::ffi::OsStr::from_bytes(b"\xff.md")), "").unwrap();
    door.run(&["plan", "--format", "json"]).good();
}

#[test]
fn a_target_that_is_no_name_is_refused() {
    let door = Door::shop();
    for name in [".", "..", "../..", " ", "a\nb", "a\u{9b}"] {
        let seen = swept(&door, &[], &["status", "--target", name]);
        assert!(seen.code == Some(2) && seen.stderr.contains("for --target: a name needs"), "{name:?}: {seen}");
    }
    door.write("t.toml", "[\"..\"]\ndatabase-url = \"sqlite://a.db\"\n");
    let seen = door.run(&["serve", "--targets", "t.toml", "--listen", "127.0.0.1:0"]);
    assert!(seen.code == Some(2) && seen.stderr.contains("a name needs"), "{seen}");
}

//! Notifications at the end of a run: Grafana annotations and a webhook.

use std::io::{BufRead, BufReader, Read};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};

use super::exporting::PARENT;
use super::receiver::{Manner, Receiver, attribute};
use crate::door::{Door, Seen};

/// A secret that must never be shown.
const SECRET: &str = "s3cret";

/// Takes far longer than any test waits.
const SLOW: &str = "CREATE TABLE slow AS WITH RECURSIVE n (x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n WHERE x < 9000000000) \
                    SELECT count(*) AS n FROM n;\n";

/// A variable and its value.
type Variable<'v> = (&'v str, &'v str);

fn shop() -> Door {
    Door::with(&[
        ("1_users.sql", "CREATE TABLE users (id int);\n"),
        ("1_users.down.sql", "DROP TABLE users;\n"),
        ("2_orders.sql", "CREATE TABLE orders (id int);\n"),
        ("2_orders.down.sql", "DROP TABLE orders;\n"),
    ])
}

fn webhook(receiver: &Receiver) -> String {
    format!("{}/services/{SECRET}", receiver.url)
}

/// The last line of `--format json`.
fn report(seen: &Seen) -> Value {
    serde_json::from_str(seen.stdout.lines().last().expect("a report")).expect("JSON")
}

fn milliseconds() -> u128 {
    SystemTime::now().duration_since(UNIX_EPOCH).expect("a time after 1970").as_millis()
}

/// A text with the run's id and its duration replaced.
fn redacted(text: &Value, run: &str) -> String {
    let text = text.as_str().expect("a text").replace(run, "RUN");
    let (before, after) = text.split_once(" after ").expect("a duration");
    let end = after.find([',', '.']).unwrap_or(after.len());
    // 1.2 s contains a dot.
    let end = end + after[end..].find(" s").filter(|at| *at < 4).map_or(0, |at| at + 2);
    format!("{before} after TIME{}", &after[end..])
}

/// Warnings about notifications, without their common part.
fn warnings(seen: &Seen) -> Vec<&str> {
    seen.stderr.lines().filter(|line| line.contains("telemetry: ")).collect()
}

#[test]
fn a_run_is_told_to_both_in_full() {
    let (door, grafana, hook) = (shop(), Receiver::start(Manner::Polite), Receiver::start(Manner::Polite));
    let otlp = Receiver::start(Manner::Polite);
    let begun = milliseconds();
    let variables = [
        ("MIGRASCOPE_GRAFANA_URL", &*format!("{}/grafana/", grafana.url)),
        ("MIGRASCOPE_GRAFANA_TOKEN", SECRET),
        ("MIGRASCOPE_WEBHOOK_URL", &webhook(&hook)),
        ("OTEL_RESOURCE_ATTRIBUTES", "team=a,deployment.environment.name=pre%20live"),
        ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", &otlp.url),
        ("TRACEPARENT", PARENT),
    ];
    let seen = door.run_with(&variables, &["up", "--target", "orders", "--format", "json"]);
    assert_eq!((seen.code, seen.stderr.as_str()), (Some(0), ""), "{seen}");
    let mut printed = report(&seen);
    let run = printed["run"]["run_id"].as_str().expect("an id").to_owned();

    let [head] = &grafana.heads()[..] else { panic!("{:?}", grafana.heads()) };
    assert!(head.starts_with("POST /grafana/api/annotations HTTP/1.1\r\n"), "{head}");
    for field in ["content-type: application/json", &format!("authorization: Bearer {SECRET}")] {
        assert!(head.contains(&format!("\r\n{field}\r\n")), "{field}: {head}");
    }
    let text = format!(
        "migrascope up of orders in pre live succeeded after TIME, version none → 2. Applied 1 users, 2 orders. \
         Run RUN, trace {}.",
        &PARENT[3..35]
    );
    let mut annotation = grafana.json().remove(0);
    assert_eq!(redacted(&annotation["text"], &run), text);
    let time = |key: &str| u128::from(annotation[key].as_u64().expect("a number"));
    assert!(begun <= time("time") && time("time") <= time("timeEnd") && time("timeEnd") <= milliseconds());
    for key in ["time", "timeEnd", "text"] {
        annotation[key] = Value::Null;
    }
    let tags = ["migrascope", "orders", "up", "success", "pre live"];
    assert_eq!(annotation, json!({ "time": null, "timeEnd": null, "text": null, "tags": tags }));

    let [head] = &hook.heads()[..] else { panic!("{:?}", hook.heads()) };
    assert!(head.starts_with(&format!("POST /services/{SECRET} HTTP/1.1\r\n")), "{head}");
    assert!(head.contains("\r\ncontent-type: application/json\r\n") && !head.contains("authorization"), "{head}");
    let mut message = hook.json().remove(0);
    assert_eq!(redacted(&message["text"], &run), text);
    for report in [&mut message["report"], &mut printed] {
        report["time"] = Value::Null;
    }
    assert_eq!(message["report"], printed);
    assert_eq!(message.as_object().map(serde_json::Map::len), Some(2), "{message}");
}

#[test]
fn it_is_told_of_the_runs_that_are_asked_for() {
    let (door, hook) = (shop(), Receiver::start(Manner::Polite));
    let repair = ["repair", "--mark-reverted", "2", "--reason", "undone by hand"];
    // In order: each starts with the database as the previous one has left it.
    let table: [(&[&str], i32, [bool; 3]); 9] = [
        (&["up"], 0, [true, false, true]),
        (&["up"], 0, [true, false, false]),
        (&["status"], 0, [false; 3]),
        (&["health"], 0, [false; 3]),
        (&["health", "--database-url", "sqlite://no/such.db"], 8, [true; 3]),
        (&["up", "--database-url", "sqlite://no/such.db"], 8, [true; 3]),
        (&["baseline", "2"], 4, [true; 3]),
        (&["down"], 0, [true, false, true]),
        (&["down", "--to", "0"], 0, [true, false, true]),
    ];
    for (which, mode) in ["always", "failure", "changes"].iter().enumerate() {
        for (words, code, told) in table {
            let before = hook.heads().len();
            let seen =
                door.run_with(&[("MIGRASCOPE_WEBHOOK_URL", &webhook(&hook))], &[words, &["--notify", mode]].concat());
            assert_eq!(seen.code, Some(code), "{words:?}: {seen}");
            assert_eq!(hook.heads().len() - before, usize::from(told[which]), "{mode}: {words:?}");
        }
    }
    let before = hook.json().len();
    let hook_url = webhook(&hook);
    let environment = [("MIGRASCOPE_WEBHOOK_URL", hook_url.as_str())];
    for words in [&["up"][..], &repair, &["up", "--order", "allow"]] {
        door.run_with(&environment, words);
    }
    let told = hook.json().split_off(before);
    let [_, repaired, failed] = &told[..] else { panic!("{told:?}") };
    let text = repaired["text"].as_str().expect("a text");
    assert!(text.contains(" repair of migrascope.db succeeded ") && text.contains("mark-reverted 2."), "{text}");
    let text = failed["text"].as_str().expect("a text");
    assert!(text.contains("Error: migration 2 (orders) failed and was rolled back: table orders already"), "{text}");
}

#[test]
fn refusal_lock_and_signal_are_told() {
    let (door, hook) = (Door::with(&[("1_slow.sql", SLOW)]), Receiver::start(Manner::Polite));
    let url = webhook(&hook);
    let mut command = door.command(&["up", "--format", "json"]);
    command.env("MIGRASCOPE_WEBHOOK_URL", &url).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = command.spawn().expect("the program");
    let mut lines = BufReader::new(child.stdout.take().expect("its output"));
    let mut line = String::new();
    while !line.contains("statement_started") {
        line.clear();
        assert!(lines.read_line(&mut line).expect("a line") > 0, "it ended before its statement began");
    }
    let environment = [("MIGRASCOPE_WEBHOOK_URL", url.as_str())];
    assert_eq!(door.run_with(&environment, &["up", "--lock-wait", "0"]).code, Some(7));
    let sent = Command::new("kill").args(["-TERM", &child.id().to_string()]).status().expect("kill");
    assert!(sent.success());
    lines.read_to_string(&mut line).expect("the rest");
    assert_eq!(child.wait().expect("its end").code(), Some(143));
    door.write("migrations/1_slow.sql", "CREATE TABLE slow (id int);\n");
    assert_eq!(door.run(&["up"]).code, Some(0));
    door.write("migrations/1_slow.sql", "CREATE TABLE fast (id int);\n");
    assert_eq!(door.run_with(&environment, &["up"]).code, Some(4));

    let told = hook.json();
    let codes: Vec<_> = told.iter().map(|message| message["report"]["exit_code"].as_u64()).collect();
    assert_eq!(codes, [Some(7), Some(143), Some(4)]);
    let parts = ["gave up waiting with exit code 7", "was interrupted with exit code 143", "failed with exit code 4"];
    for (message, part) in told.iter().zip(parts) {
        let text = message["text"].as_str().expect("a text");
        assert!(text.contains(part) && text.contains(". Error: ") && text.contains(" Run "), "{text}");
    }
}

#[test]
fn marks_are_escaped_and_lists_are_cut() {
    let hook = Receiver::start(Manner::Polite);
    let files: Vec<(String, String)> =
        (1..=12).map(|at| (format!("{at}_a{}.sql", "x".repeat(80)), format!("CREATE TABLE t{at} (id int);"))).collect();
    let files: Vec<(&str, &str)> = files.iter().map(|(name, sql)| (name.as_str(), sql.as_str())).collect();
    let door = Door::with(&files);
    door.write("migrations/13_fail.sql", "SELECT * FROM \"<!channel> &\n *now* [a](http://b) `c`\";\n");
    let seen = door.run_with(&[("MIGRASCOPE_WEBHOOK_URL", &webhook(&hook))], &["up", "--target", "<@U1>"]);
    assert_eq!(seen.code, Some(5), "{seen}");
    let message = hook.json().remove(0);
    let text = message["text"].as_str().expect("a text");
    assert!(text.contains("up of &lt;@\u{2060}U1&gt; failed with exit code 5"), "{text}");
    assert!(text.contains("no such table: &lt;!channel&gt; &amp; ∗now∗ ［a］(http:\u{2060}//b) ‘c‘"), "{text}");
    assert!(text.contains("Applied 12 migrations (the first: 1 axx") && text.contains("xx…, 2 axx"), "{text}");
    assert!(!text.contains("11 axx") && !text.contains('\n') && !text.contains(['<', '>']), "{text}");
}

#[test]
fn a_receiver_that_never_answers_costs_the_budget_and_a_warning() {
    let mute = Receiver::start(Manner::Mute);
    let door = Door::with(&[("1_fail.sql", "SELECT nothing;\n")]);
    let hook = webhook(&mute);
    let places = [("MIGRASCOPE_GRAFANA_URL", mute.url.as_str()), ("MIGRASCOPE_WEBHOOK_URL", &hook)];
    for (budget, reason, at_least, at_most) in
        [("500ms", "not finished within 500ms", 500, 1900), ("5s", "no answer within 2s", 2000, 4500)]
    {
        let begun = Instant::now();
        let seen = door.run_with(&places, &["up", "--telemetry-flush-timeout", budget]);
        let took = begun.elapsed();
        assert_eq!(seen.code, Some(5), "{seen}");
        assert!((Duration::from_millis(at_least)..Duration::from_millis(at_most)).contains(&took), "{took:?}");
        let said =
            |option| format!("warning: telemetry: notifications were not delivered to {option} {}: {reason}", mute.url);
        assert_eq!(warnings(&seen), [said("--grafana-url"), said("--webhook-url")]);
    }
    let begun = Instant::now();
    let seen = door.run_with(&places, &["up", "--telemetry-flush-timeout", "0s"]);
    assert_eq!((seen.code, warnings(&seen)), (Some(5), vec![]));
    assert!(begun.elapsed() < Duration::from_millis(1900), "{:?}", begun.elapsed());
}

#[test]
fn it_is_told_once_more_only_where_nobody_has_heard_it() {
    let table = [
        (Manner::BusyAtFirst, 2, None),
        (Manner::Busy, 1, Some("HTTP status 503")),
        (Manner::Moved, 1, Some("HTTP status 307")),
    ];
    for (manner, times, reason) in table {
        let hook = Receiver::start(manner);
        let seen = shop().run_with(&[("MIGRASCOPE_WEBHOOK_URL", &webhook(&hook))], &["up"]);
        assert_eq!(seen.code, Some(0), "{seen}");
        assert_eq!(hook.heads().len(), times, "{reason:?}: {:?}", hook.heads());
        let expected = reason.map(|why| {
            format!("warning: telemetry: notifications were not delivered to --webhook-url {}: {why}", hook.url)
        });
        assert_eq!(warnings(&seen), expected.iter().collect::<Vec<_>>());
    }
}

#[test]
fn no_secret_is_shown_anywhere() {
    let door = Door::with(&[("1_users.sql", "CREATE TABLE users (id int);\n")]);
    let hook = format!("http://127.0.0.1:1/services/{SECRET}");
    door.write("hook", &hook);
    door.write("token", format!("{SECRET}\n"));
    door.write("bad-hook", SECRET);
    let grafana = ["--grafana-url", "http://127.0.0.1:1/x"];
    let table: [(&[Variable<'_>], &[&str]); 8] = [
        (&[("MIGRASCOPE_GRAFANA_TOKEN", SECRET), ("MIGRASCOPE_WEBHOOK_URL", &hook)], &grafana),
        (&[], &["--grafana-url", "http://127.0.0.1:1", "--grafana-token-file", "token", "--webhook-url-file", "hook"]),
        (&[], &["--webhook-url-file", "bad-hook", "--grafana-url", "http://me:s3cret@127.0.0.1:1"]),
        (&[("MIGRASCOPE_GRAFANA_TOKEN", "s3cret\u{7f}")], &grafana),
        (&[("MIGRASCOPE_WEBHOOK_URL", SECRET)], &["--telemetry", "required"]),
        (&[("MIGRASCOPE_WEBHOOK_URL", &hook), ("MIGRASCOPE_WEBHOOK_URL_FILE", "hook")], &[]),
        (&[("MIGRASCOPE_GRAFANA_TOKEN", SECRET), ("MIGRASCOPE_GRAFANA_TOKEN_FILE", "token")], &grafana),
        (&[], &[&hook]),
    ];
    for (environment, words) in table {
        for format in ["text", "json"] {
            let more =
                ["--notify", "always", "-v", "--format", format, "--log-format", format, "--metrics-file", "m.prom"];
            let seen = door.run_with(environment, &[&["up"], words, &more].concat());
            let texts =
                [&seen.stdout, &seen.stderr, &std::fs::read_to_string(door.path().join("m.prom")).unwrap_or_default()];
            assert!(
                texts.iter().all(|text| !text.contains(SECRET) && !text.contains("/services")),
                "{words:?}: {seen}"
            );
            assert!(seen.stderr.contains("warning: telemetry: ") || seen.code == Some(2), "{words:?}: {seen}");
        }
    }
}

#[test]
fn nobody_is_told_unless_that_is_asked_for() {
    let (door, receiver) = (shop(), Receiver::start(Manner::Polite));
    let hook = webhook(&receiver);
    let off = [("MIGRASCOPE_WEBHOOK_URL", hook.as_str()), ("MIGRASCOPE_GRAFANA_URL", &receiver.url)];
    let token = [("MIGRASCOPE_GRAFANA_TOKEN", SECRET)];
    for (environment, words) in [
        (&[][..], &["up", "--notify", "always"][..]),
        (&token, &["up", "--notify", "always"]),
        (&off, &["up", "--notify", "always", "--telemetry", "off"]),
        (&off, &["plan"]),
    ] {
        let seen = door.run_with(environment, words);
        assert_eq!((seen.code, warnings(&seen)), (Some(0), vec![]), "{seen}");
    }
    assert_eq!(receiver.heads(), Vec::<String>::new());
}

#[test]
fn a_mistake_is_named_and_stops_a_run_that_requires_telemetry() {
    let door = shop();
    door.write("empty", "\n");
    let table: [(&[&str], &str); 7] = [
        (&["--grafana-url", "grafana:3000"], "--grafana-url must begin with http:// or https://"),
        (&["--grafana-url", "http://grafana?orgId=1"], "--grafana-url must not have a query"),
        (&["--grafana-url", "http://g", "--grafana-token-file", "no"], "--grafana-token-file: no: No such file"),
        (&["--grafana-url", "http://g", "--grafana-token-file", "empty"], "--grafana-token-file: empty: it is empty"),
        (&["--grafana-url", "http://u:p@g", "--grafana-token-file", "migrascope.toml"], "use one of them"),
        (&["--webhook-url", "ht tp://hook"], "--webhook-url is not a valid URL"),
        (&["--webhook-url-file", "empty"], "--webhook-url-file: empty: it is empty"),
    ];
    door.write("migrascope.toml", "notify = \"failure\"\n");
    for (words, complaint) in table {
        let seen = door.run(&[&["up", "--telemetry", "required"], words].concat());
        assert_eq!(seen.code, Some(2), "{words:?}: {seen}");
        assert!(seen.stderr.contains(complaint), "{words:?}: {seen}");
        assert!(!door.path().join("migrascope.db").exists(), "{words:?}: the database was touched");
    }
    let seen = door.run(&["up", "--webhook-url", "hook"]);
    assert_eq!(seen.code, Some(0), "{seen}");
    assert!(matches!(&warnings(&seen)[..], [line] if line.contains("--webhook-url is not a valid URL")), "{seen}");
}

#[test]
fn what_was_not_taken_is_a_record_and_a_figure() {
    let (door, otlp) = (shop(), Receiver::start(Manner::Polite));
    let logs = format!("{}/v1/logs", otlp.url);
    let environment = [
        ("OTEL_EXPORTER_OTLP_LOGS_ENDPOINT", logs.as_str()),
        ("MIGRASCOPE_WEBHOOK_URL", "http://127.0.0.1:1/x"),
        ("MIGRASCOPE_GRAFANA_URL", &otlp.url),
    ];
    let seen = door.run_with(&environment, &["up", "--metrics-file", "m.prom"]);
    assert_eq!(seen.code, Some(0), "{seen}");
    let records: Vec<_> =
        otlp.records().into_iter().filter(|record| record.event_name == "migrascope.telemetry.degraded").collect();
    let [record] = &records[..] else { panic!("{records:?}") };
    assert_eq!(attribute(&record.attributes, "migrascope.telemetry.signal").as_deref(), Some("notifications"));
    let text = std::fs::read_to_string(door.path().join("m.prom")).expect("the file");
    let failures = |exporter: &str| {
        let label = format!("exporter=\"{exporter}\",migrascope_telemetry_signal=\"notifications\"}}");
        text.lines().find(|line| line.contains(&label)).and_then(|line| line.rsplit(' ').next())
    };
    assert_eq!((failures("webhook"), failures("grafana")), (Some("1"), Some("0")), "{text}");
}

//! Metrics as text: pushed to a gateway, written to a file, sent again by `push`.

use std::fs;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::Output;

use super::exporting::{PARENT, Project};
use super::receiver::{Manner, Receiver};
use crate::support::service;

/// An address where no server is listening: the port was free a moment ago.
fn nobody() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    format!("http://{}", listener.local_addr().expect("an address"))
}

/// The value of the first sample whose line starts with this name and contains all of these labels.
fn sample(text: &str, name: &str, parts: &[&str]) -> Option<f64> {
    let is_it = |line: &&str| line.starts_with(&format!("{name}{{")) && parts.iter().all(|part| line.contains(part));
    text.lines().find(is_it)?.rsplit(' ').next()?.parse().ok()
}

fn runs(text: &str, outcome: &str) -> Option<f64> {
    sample(text, "migrascope_runs_total", &[&format!("migrascope_outcome=\"{outcome}\"")])
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn health_alone_is_pushed_under_the_name_of_the_database() {
    let (project, gateway) = (Project::new(), Receiver::start(Manner::Polite));
    let named = |command| project.run(command, &[("MIGRASCOPE_PUSH_URL", &gateway.url)], &[]);
    assert_eq!(named("up").status.code(), Some(0));
    assert_eq!(named("health").status.code(), Some(0));
    let heads = gateway.heads();
    let pushes = heads.iter().filter(|head| !head.starts_with("GET "));
    let groups: Vec<&str> = pushes.filter_map(|head| head.split(' ').nth(1)).collect();
    assert!(groups.len() >= 3 && groups.iter().all(|group| *group == groups[0]), "{groups:?}");
    assert!(groups[0].starts_with("/metrics/job/migrascope/migrascope_target/"), "{groups:?}");
}

/// Whether this is the only message about telemetry.
fn only_warning(output: &Output, part: &str) {
    let said = stderr(output);
    assert_eq!(said.matches("telemetry: ").count(), 1, "{said}");
    assert!(said.contains(part), "{said}");
}

#[test]
fn the_whole_state_is_put_at_the_beginning_and_at_the_end() {
    let (project, gateway) = (Project::new(), Receiver::start(Manner::Polite));
    let output = project.up(&[("MIGRASCOPE_PUSH_URL", &gateway.url)], &["--target", "orders"]);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    assert!(!stderr(&output).contains("telemetry"), "{output:?}");
    let heads = gateway.heads();
    assert_eq!(heads.len(), 2, "{heads:?}");
    for head in heads {
        assert!(head.starts_with("PUT /metrics/job/migrascope/migrascope_target/orders HTTP/1.1"), "{head}");
        assert!(head.to_ascii_lowercase().contains("content-type: text/plain; version=0.0.4"), "{head}");
    }
    let both = String::from_utf8(gateway.bytes()).expect("text");
    let second = both
        .rfind("# HELP db_client_operation_duration")
        .or(both.rfind("# HELP migrascope_build_info"))
        .expect("a second page");
    let (first, last) = both.split_at(second);
    assert_eq!(sample(first, "migrascope_run_in_progress", &[]), Some(1.0));
    assert_eq!(runs(first, "success"), Some(0.0));
    assert_eq!(sample(last, "migrascope_run_in_progress", &[]), Some(0.0));
    assert_eq!(runs(last, "success"), Some(1.0));
    assert_eq!(sample(last, "migrascope_health_check_success", &["migrascope_check=\"connect\""]), Some(1.0));
    assert!(last.ends_with('\n'));
}

#[test]
fn without_the_journal_what_was_known_stays() {
    let (project, gateway) = (Project::new(), Receiver::start(Manner::Polite));
    let arguments = ["--target", "a/b", "--database-url", "sqlite://no/such/folder/x.db", "--metrics-file", "m.prom"];
    let kept = "# HELP migrascope_runs_total Runs\n# TYPE migrascope_runs_total counter\nmigrascope_runs_total{} 7\n";
    fs::write(project.path("m.prom"), kept).expect("a file");
    let output = project.with_database(&[("MIGRASCOPE_PUSH_URL", &gateway.url)], &arguments);
    assert_eq!(output.status.code(), Some(8), "{output:?}");
    let heads = gateway.heads();
    assert!(heads[0].starts_with("GET /metrics "), "{heads:?}");
    assert!(heads[1].starts_with("POST /metrics/job/migrascope/migrascope_target@base64/YS9i "), "{heads:?}");
    let text = String::from_utf8(gateway.bytes()).expect("text");
    assert_eq!(runs(&text, "success"), None);
    assert_eq!(sample(&text, "migrascope_last_success_timestamp_seconds", &["\"a/b\""]), Some(0.0));
    assert!(sample(&text, "migrascope_last_failure_timestamp_seconds", &[]).expect("a failure") > 1.7e9);
    let file = fs::read_to_string(project.path("m.prom")).expect("the file");
    assert!(file.starts_with(kept), "{file}");
    assert!(sample(&file, "migrascope_last_failure_timestamp_seconds", &[]).expect("a failure") > 1.7e9);
}

#[test]
fn credentials_go_to_the_gateway_and_nowhere_else() {
    let (project, gateway) = (Project::new(), Receiver::start(Manner::Polite));
    let url = gateway.url.replace("://", "://user:pa%20ss@");
    let output = project.up(&[("MIGRASCOPE_PUSH_URL", &url)], &[]);
    let shown = format!("{output:?}");
    assert!(gateway.heads()[0].contains("authorization: Basic dXNlcjpwYSBzcw=="), "{:?}", gateway.heads());
    assert!(!shown.contains("pa%20ss") && !shown.contains("pa ss"), "{shown}");

    let gateway = Receiver::start(Manner::Polite);
    fs::write(project.path("token"), "t0ken\n").expect("a file");
    project.up(&[("MIGRASCOPE_PUSH_URL", &gateway.url), ("MIGRASCOPE_PUSH_TOKEN_FILE", "token")], &[]);
    assert!(gateway.heads()[0].contains("authorization: Bearer t0ken"), "{:?}", gateway.heads());
}

#[test]
fn bad_settings_are_named_and_stop_a_run_that_requires_telemetry() {
    let project = Project::new();
    fs::write(project.path("empty"), "\n").expect("a file");
    let table: [(&[&str], &str); 8] = [
        (&["--push-url", "gateway:9091"], "--push-url must begin with http:// or https://"),
        (&["--push-url", "ht tp://gateway"], "--push-url is not a valid URL"),
        (&["--push-url", "http://gateway?a=b"], "--push-url must not have a query or a fragment"),
        (&["--push-url", "http://gateway", "--push-token-file", "missing"], "--push-token-file: missing: No such file"),
        (&["--push-url", "http://gateway", "--push-token-file", "empty"], "--push-token-file: empty: it is empty"),
        (&["--push-url", "http://u:p@gateway", "--push-token-file", "empty"], "use one of them"),
        (&["--push-url", "https://gateway", "--push-ca", "empty"], "--push-ca: empty: there is no certificate in it"),
        (&["--metrics-file", "no/such/folder/m.prom"], "--metrics-file: no/such/folder/m.prom cannot be written"),
    ];
    for (arguments, complaint) in table {
        let output = project.up(&[("MIGRASCOPE_TELEMETRY", "required")], arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {output:?}");
        assert!(stderr(&output).contains(complaint), "{arguments:?}: {}", stderr(&output));
        assert!(!project.path("test.db").exists(), "{arguments:?}: the database was touched");
    }
    let output = project.up(&[], &["--push-url", "gateway:9091"]);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    only_warning(&output, "--push-url must begin with http:// or https://");
}

#[test]
fn a_gateway_that_does_not_take_it_is_a_warning_and_no_more() {
    let refusing = nobody();
    let (mute, busy) = (Receiver::start(Manner::Mute), Receiver::start(Manner::Busy));
    let picky = refuses_with_words();
    let table = [
        (&refusing, "connection refused"),
        (&mute.url, "no answer within 2s"),
        (&busy.url, "HTTP status 503"),
        (&picky, "HTTP status 400: pushed metrics are invalid"),
    ];
    for (url, reason) in table {
        let project = Project::new();
        project.write("3_fail.sql", "SELECT nothing;");
        let output = project.up(&[("MIGRASCOPE_PUSH_URL", url)], &[]);
        assert_eq!(output.status.code(), Some(5), "{output:?}");
        only_warning(&output, &format!("not delivered to --push-url {url}: {reason}"));
    }
}

/// A gateway that reports what it rejects.
fn refuses_with_words() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    std::thread::spawn(move || listener.incoming().flatten().for_each(refuse));
    url
}

fn refuse(mut stream: TcpStream) {
    let mut request = Vec::new();
    let mut chunk = [0; 4096];
    // The last metric family of a page is that of the schema's version.
    while !String::from_utf8_lossy(&request).contains("\nmigrascope_schema_version{") {
        match stream.read(&mut chunk) {
            Ok(read) if read > 0 => request.extend_from_slice(&chunk[..read]),
            _ => return,
        }
    }
    let words = "pushed metrics are invalid\nsecond line";
    let _ = write!(
        stream,
        "HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: {}\r\n\r\n{words}",
        words.len()
    );
    let _ = stream.read(&mut chunk);
}

#[test]
fn a_real_gateway_keeps_what_fresh_processes_count() {
    let Some(url) = service("TEST_PUSHGATEWAY_URL") else { return };
    let project = Project::new();
    let target = format!("shop/{}", uuid::Uuid::now_v7());
    let up = || project.up(&[("MIGRASCOPE_PUSH_URL", &url)], &["--target", &target]);
    // The error means that a provider is installed already, which is sufficient.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let page = || {
        let text = reqwest::blocking::get(format!("{url}/metrics")).and_then(|answer| answer.text()).expect("a page");
        text.lines().filter(|line| line.contains(&target)).map(|line| format!("{line}\n")).collect::<String>()
    };
    assert_eq!(up().status.code(), Some(0));
    assert_eq!((runs(&page(), "success"), runs(&page(), "failure")), (Some(1.0), Some(0.0)));
    project.write("3_fail.sql", "SELECT nothing;");
    for failures in [1.0, 2.0] {
        let output = up();
        assert_eq!(output.status.code(), Some(5), "{output:?}");
        assert!(!stderr(&output).contains("telemetry"), "{output:?}");
        assert_eq!((runs(&page(), "success"), runs(&page(), "failure")), (Some(1.0), Some(failures)));
    }
    // The checks of the last run that made any are still visible, and push sends them again.
    let check = sample(&page(), "migrascope_health_check_success", &["migrascope_check=\"connect\""]);
    assert_eq!(check, Some(1.0));
    let before: Vec<String> = page().lines().filter(|line| line.contains("_total{")).map(str::to_owned).collect();
    let output = project.run("push", &[("MIGRASCOPE_PUSH_URL", &url)], &["--target", &target]);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let after: Vec<String> = page().lines().filter(|line| line.contains("_total{")).map(str::to_owned).collect();
    assert_eq!(after, before);
}

#[test]
fn push_tells_what_the_journal_says_and_says_when_it_cannot() {
    let (project, gateway) = (Project::new(), Receiver::start(Manner::Polite));
    project.up(&[], &[]);
    let output = project.run("push", &[], &["--push-url", &gateway.url, "--metrics-file", "m.prom"]);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let pushed = String::from_utf8(gateway.bytes()).expect("text");
    assert_eq!(runs(&pushed, "success"), Some(1.0));
    assert_eq!(sample(&pushed, "migrascope_migration_duration_seconds_count", &["success"]), Some(2.0));
    assert_eq!(fs::read_to_string(project.path("m.prom")).expect("the file"), pushed);
    assert_eq!(gateway.heads().len(), 1, "{:?}", gateway.heads());

    let output = project.run("push", &[], &[]);
    assert_eq!(output.status.code(), Some(2), "{output:?}");
    assert!(stderr(&output).contains("there is nowhere to push to"), "{output:?}");
    let output = project.run("push", &[], &["--push-url", &nobody()]);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    assert!(stderr(&output).contains("connection refused"), "{output:?}");
    let database = ["--database-url", "sqlite://no/such.db", "--push-url", &gateway.url];
    let output = project.with_database(&[], &database);
    assert_eq!(output.status.code(), Some(8), "{output:?}");
}

#[test]
fn what_failed_elsewhere_is_seen_in_the_metrics() {
    let (project, gateway) = (Project::new(), Receiver::start(Manner::Polite));
    let environment = [("MIGRASCOPE_PUSH_URL", gateway.url.as_str()), ("OTEL_EXPORTER_OTLP_ENDPOINT", &nobody())];
    let output = project.up(&environment, &["--metrics-file", "m.prom"]);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let file = fs::read_to_string(project.path("m.prom")).expect("the file");
    let pushed = String::from_utf8(gateway.bytes()).expect("text");
    let last = pushed.rfind("# HELP db_client_operation").expect("a page");
    for text in [file.as_str(), &pushed[last..]] {
        let failures = |signal: &str, exporter: &str| {
            let labels = [format!("signal=\"{signal}\""), format!("exporter=\"{exporter}\"")];
            sample(text, "migrascope_telemetry_export_failures_total", &[&labels[0], &labels[1]])
        };
        for signal in ["traces", "metrics", "logs"] {
            assert!(failures(signal, "otlp") >= Some(1.0), "{signal}: {text}");
        }
        assert_eq!((failures("metrics", "pushgateway"), failures("metrics", "textfile")), (Some(0.0), Some(0.0)));
    }
}

#[test]
fn a_run_is_named_in_metrics_on_demand() {
    let project = Project::new();
    let name = "migrascope_last_run_info";
    project.up(&[], &["--metrics-file", "m.prom"]);
    let text = fs::read_to_string(project.path("m.prom")).expect("the file");
    assert_eq!(sample(&text, name, &[]), None);
    for _ in 0..2 {
        let output = project.up(&[("TRACEPARENT", PARENT)], &["--metrics-file", "m.prom", "--metrics-run-info", "on"]);
        let text = fs::read_to_string(project.path("m.prom")).expect("the file");
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        let run = said.lines().next().and_then(|line| line.split("run ").nth(1)?.split(' ').next()).expect("a run");
        let labels = [format!("migrascope_run_id=\"{run}\""), format!("trace_id=\"{}\"", &PARENT[3..35])];
        assert_eq!(sample(&text, name, &[&labels[0], &labels[1]]), Some(1.0), "{said} {text}");
        assert_eq!(text.matches(&format!("\n{name}{{")).count(), 1, "{text}");
    }
}

#[test]
fn no_sql_and_no_secret_is_in_the_metrics() {
    let (project, gateway) = (Project::new(), Receiver::start(Manner::Polite));
    project.write("3_fail.sql", "INSERT INTO users (id, secret) VALUES (7, 'top secret value'), ('broken';");
    project.up(&[("MIGRASCOPE_PUSH_URL", &gateway.url)], &["--metrics-file", "m.prom"]);
    let texts = [gateway.bytes(), fs::read(project.path("m.prom")).expect("the file")];
    for text in texts.map(|bytes| String::from_utf8(bytes).expect("text")) {
        assert!(text.contains("migrascope_runs_total"), "{text}");
        for secret in ["hunter2", "top secret", "CREATE TABLE", "INSERT INTO", "4711", "broken"] {
            assert!(!text.contains(secret), "{secret}: {text}");
        }
    }
}

//! What the built binary sends: span tree, parent, resource, credentials.

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Output};

use opentelemetry_proto::tonic::trace::v1::Span;
use opentelemetry_proto::tonic::trace::v1::span::SpanKind;
use tempfile::TempDir;

use super::receiver::{Manner, Receiver, attribute};

pub(super) const PARENT: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

/// A directory with two migrations for SQLite, and the path of a database.
pub(super) struct Project {
    folder: TempDir,
}

impl Project {
    pub(super) fn new() -> Self {
        let folder = TempDir::new().expect("a folder");
        let project = Self { folder };
        fs::create_dir(project.path("migrations")).expect("a folder");
        project.write("1_create_users.sql", "CREATE TABLE users (id int, secret text DEFAULT 'hunter2');\n");
        project.write("2_add_orders.sql", "CREATE TABLE orders (id int);\nINSERT INTO orders VALUES (4711);\n");
        project
    }

    pub(super) fn write(&self, name: &str, sql: &str) {
        fs::write(self.path("migrations").join(name), sql).expect("a file");
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// `migrascope up` with only these environment variables.
    pub(super) fn up(&self, environment: &[(&str, &str)], arguments: &[&str]) -> Output {
        self.run("up", environment, arguments)
    }

    /// The same, not started yet; another database in the arguments takes precedence.
    pub(super) fn up_command(&self, environment: &[(&str, &str)], arguments: &[&str]) -> Command {
        let database: &[&str] =
            if arguments.contains(&"--database-url") { &[] } else { &["--database-url", "sqlite://test.db"] };
        self.command(environment, &[&["up", "--dir", "migrations"], database, arguments].concat())
    }

    /// The same with another command.
    pub(super) fn run(&self, command: &str, environment: &[(&str, &str)], arguments: &[&str]) -> Output {
        self.program(environment, &[&[command, "--database-url", "sqlite://test.db"], arguments].concat())
    }

    /// `migrascope up` with the database among the arguments.
    pub(super) fn with_database(&self, environment: &[(&str, &str)], arguments: &[&str]) -> Output {
        self.program(environment, &[&["up"], arguments].concat())
    }

    /// `migrascope exec` with the application at the end of the arguments.
    fn exec(&self, environment: &[(&str, &str)], application: &[&str]) -> Output {
        let options = ["exec", "--database-url", "sqlite://test.db", "--dir", "migrations"];
        self.command(environment, &[&options, application].concat()).output().expect("the program")
    }

    fn program(&self, environment: &[(&str, &str)], arguments: &[&str]) -> Output {
        let arguments = [arguments, &["--dir", "migrations"]].concat();
        self.command(environment, &arguments).output().expect("the program")
    }

    /// The program with only these environment variables.
    pub(super) fn command(&self, environment: &[(&str, &str)], arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_migrascope"));
        command.env_clear().envs(environment.iter().copied()).current_dir(self.folder.path()).args(arguments);
        command
    }
}

/// The lines about telemetry on stderr.
pub(super) fn warnings(output: &Output) -> Vec<String> {
    let text = String::from_utf8_lossy(&output.stderr);
    text.lines().filter(|line| line.contains("telemetry: ")).map(str::to_owned).collect()
}

fn find<'s>(spans: &'s [Span], name: &str) -> &'s Span {
    let names: Vec<_> = spans.iter().map(|span| &span.name).collect();
    spans.iter().find(|span| span.name == name).unwrap_or_else(|| panic!("no span {name} among {names:?}"))
}

#[test]
fn the_tree_arrives_as_a_child_of_the_caller() {
    let (project, receiver) = (Project::new(), Receiver::start(Manner::Polite));
    let output = project.up(&[("OTEL_EXPORTER_OTLP_ENDPOINT", &receiver.url), ("TRACEPARENT", PARENT)], &[]);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let spans = receiver.spans();
    let root = find(&spans, "migrascope up");
    assert_eq!(root.kind, i32::from(SpanKind::Internal));
    assert_eq!(root.parent_span_id, 0x00f0_67aa_0ba9_02b7_u64.to_be_bytes());
    assert_eq!(attribute(&root.attributes, "process.exit.code").as_deref(), Some("0"));
    assert_eq!(attribute(&root.attributes, "migrascope.migrations.applied").as_deref(), Some("2"));
    for span in &spans {
        assert_eq!(span.trace_id, 0x4bf9_2f35_77b3_4da6_a3ce_929d_0e0e_4736_u128.to_be_bytes(), "{}", span.name);
    }
    for name in ["connect", "acquire lock", "plan", "migrate", "release lock"] {
        assert_eq!(find(&spans, name).parent_span_id, root.span_id, "{name}");
    }
    let migrations: Vec<_> = spans.iter().filter(|span| span.name == "migrate").map(|span| &span.span_id).collect();
    for name in ["CREATE TABLE users", "CREATE TABLE orders", "INSERT INTO orders", "record ledger"] {
        assert!(migrations.contains(&&find(&spans, name).parent_span_id), "{name}");
        assert_eq!(find(&spans, name).kind, i32::from(SpanKind::Client), "{name}");
    }
}

#[test]
fn an_application_is_a_child_of_the_run_before_it() {
    let (project, receiver) = (Project::new(), Receiver::start(Manner::Polite));
    let told = ["--", "sh", "-c", "echo \"$TRACEPARENT|$TRACESTATE|$BAGGAGE\""];
    let environment = [
        ("OTEL_EXPORTER_OTLP_ENDPOINT", receiver.url.as_str()),
        ("TRACEPARENT", PARENT),
        ("TRACESTATE", "vendor=1"),
        ("BAGGAGE", "team=a"),
        ("AUTO_MIGRATE", "true"),
    ];
    let output = project.exec(&environment, &told);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let spans = receiver.spans();
    let root = find(&spans, "migrascope exec");
    let id = u64::from_be_bytes(root.span_id.as_slice().try_into().expect("8 bytes"));
    let expected = format!("00-4bf92f3577b34da6a3ce929d0e0e4736-{id:016x}-01|vendor=1|team=a\n");
    assert_eq!(String::from_utf8_lossy(&output.stdout), expected);
    assert_eq!(attribute(&root.attributes, "migrascope.migrations.applied").as_deref(), Some("2"));
    let why = "no environment is set, which counts as production, and AUTO_MIGRATE is true";
    let policy = [("environment", "production"), ("decision", "migrate"), ("reason", why)];
    for (key, value) in policy {
        let key = format!("migrascope.policy.{key}");
        assert_eq!(attribute(&root.attributes, &key).as_deref(), Some(value), "{key}");
    }
}

#[test]
fn who_waits_or_only_looks_has_a_span_and_no_metrics() {
    let (project, receiver) = (Project::new(), Receiver::start(Manner::Polite));
    let environment = [("OTEL_EXPORTER_OTLP_ENDPOINT", receiver.url.as_str()), ("TRACEPARENT", PARENT)];
    let figures = ["--metrics-file", "figures.prom"];
    let waited = project.run("wait", &environment, &[&figures[..], &["--timeout", "300ms"]].concat());
    assert_eq!(waited.status.code(), Some(8), "{waited:?}");
    let looked = project.exec(&environment, &["--metrics-file", "figures.prom", "--", "true"]);
    assert_eq!(looked.status.code(), Some(0), "{looked:?}");
    let spans = receiver.spans();
    let wait = find(&spans, "migrascope wait");
    assert_eq!(wait.parent_span_id, 0x00f0_67aa_0ba9_02b7_u64.to_be_bytes());
    assert_eq!(attribute(&wait.attributes, "process.exit.code").as_deref(), Some("8"));
    let look = find(&spans, "migrascope exec");
    assert_eq!(attribute(&look.attributes, "migrascope.policy.decision").as_deref(), Some("look"));
    assert_eq!(attribute(&look.attributes, "migrascope.outcome").as_deref(), Some("success"));
    // They would replace what the last run has left there.
    assert!(receiver.metrics().is_empty() && !project.path("figures.prom").exists());
}

#[test]
fn the_sender_says_who_it_is() {
    let (project, receiver) = (Project::new(), Receiver::start(Manner::Polite));
    let environment = [
        ("OTEL_EXPORTER_OTLP_ENDPOINT", receiver.url.as_str()),
        ("OTEL_RESOURCE_ATTRIBUTES", "deployment.environment.name=staging,team=a%2Cb"),
        ("KUBERNETES_SERVICE_HOST", "10.0.0.1"),
        ("POD_NAME", "orders-migrate-x7k"),
    ];
    project.up(&environment, &[]);
    let resource = receiver.request().resource_spans[0].resource.clone().expect("a resource").attributes;
    let table = [
        ("service.name", "migrascope"),
        ("service.version", env!("CARGO_PKG_VERSION")),
        ("deployment.environment.name", "staging"),
        ("team", "a,b"),
        ("k8s.pod.name", "orders-migrate-x7k"),
        ("process.executable.name", "migrascope"),
        ("telemetry.sdk.language", "rust"),
    ];
    for (key, value) in table {
        assert_eq!(attribute(&resource, key).as_deref(), Some(value), "{key}");
    }
    let spans = receiver.spans();
    let run = attribute(&find(&spans, "migrascope up").attributes, "migrascope.run.id");
    assert_eq!(attribute(&resource, "service.instance.id"), run, "one instance is one run");
}

#[test]
fn no_sql_and_no_value_is_sent() {
    let (project, receiver) = (Project::new(), Receiver::start(Manner::Polite));
    project.write("3_broken.sql", "SELEC 'hunter2' FROM users;\n");
    let output = project.up(&[("OTEL_EXPORTER_OTLP_ENDPOINT", &receiver.url)], &[]);
    assert_eq!(output.status.code(), Some(5), "{output:?}");
    let bytes = receiver.bytes();
    assert!(!receiver.spans().is_empty() && !receiver.metrics().is_empty() && !receiver.records().is_empty());
    for secret in ["hunter2", "4711", "DEFAULT", "SELEC '"] {
        assert!(!bytes.windows(secret.len()).any(|window| window == secret.as_bytes()), "{secret} was sent");
    }
    assert!(receiver.spans().iter().any(|span| span.status.as_ref().is_some_and(|status| status.code == 2)));
}

#[test]
fn without_endpoint_nothing_is_sent() {
    let (project, receiver) = (Project::new(), Receiver::start(Manner::Polite));
    let disabled = [("OTEL_EXPORTER_OTLP_ENDPOINT", receiver.url.as_str()), ("OTEL_SDK_DISABLED", "TRUE")];
    let none = [
        ("OTEL_EXPORTER_OTLP_ENDPOINT", receiver.url.as_str()),
        ("OTEL_TRACES_EXPORTER", "none"),
        ("OTEL_METRICS_EXPORTER", "none"),
        ("OTEL_LOGS_EXPORTER", "none"),
    ];
    for environment in [&[][..], &disabled, &none] {
        let output = project.up(environment, &[]);
        assert_eq!((output.status.code(), warnings(&output)), (Some(0), vec![]));
    }
    assert!(receiver.bytes().is_empty(), "nobody was asked to");
}

#[test]
fn a_failed_run_keeps_its_exit_code_whatever_becomes_of_its_trace() {
    let project = Project::new();
    project.write("3_broken.sql", "SELEC 1;\n");
    let output = project.up(&[("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:1")], &[]);
    assert_eq!(output.status.code(), Some(5), "{output:?}");
}

#[test]
fn credentials_are_sent_and_never_shown() {
    let (project, receiver) = (Project::new(), Receiver::start(Manner::Polite));
    let headers = ("OTEL_EXPORTER_OTLP_HEADERS", "authorization=Bearer%20s3cret");
    project.up(&[("OTEL_EXPORTER_OTLP_ENDPOINT", &receiver.url), headers], &[]);
    let heads = receiver.heads();
    for signal in ["traces", "metrics", "logs"] {
        let path = format!("POST /v1/{signal} ");
        let head = heads.iter().find(|head| head.starts_with(&path)).unwrap_or_else(|| panic!("no {path}: {heads:?}"));
        // The exporters read the variables too: the headers must not be sent twice.
        assert_eq!(head.matches("authorization: Bearer s3cret").count(), 1, "{head}");
        assert_eq!(head.matches("user-agent: migrascope/").count(), 1, "{head}");
        assert_eq!(head.to_ascii_lowercase().matches("user-agent:").count(), 1, "{head}");
    }
    let refusing = ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://user:s3cret@127.0.0.1:1");
    let output = project.up(&[refusing, headers], &[]);
    assert_eq!(warnings(&output).len(), 3, "{output:?}");
    assert!(!format!("{output:?}").contains("s3cret"), "{output:?}");
}

#[test]
fn a_malformed_parent_is_ignored_aloud() {
    let (project, receiver) = (Project::new(), Receiver::start(Manner::Polite));
    let output = project.up(&[("OTEL_EXPORTER_OTLP_ENDPOINT", &receiver.url), ("TRACEPARENT", "00-1-2-3")], &[]);
    assert!(matches!(warnings(&output).as_slice(), [line] if line.contains("TRACEPARENT is ignored")), "{output:?}");
    assert_eq!(find(&receiver.spans(), "migrascope up").parent_span_id, b"");
}

#[test]
fn the_metrics_file_is_whole() {
    let project = Project::new();
    let output = project.up(&[], &["--metrics-file", "metrics.prom"]);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let text = fs::read_to_string(project.path("metrics.prom")).expect("the file");
    assert!(text.contains("migrascope_last_run_success{") && text.ends_with('\n'), "{text}");
    assert!(text.contains("db_system_name=\"sqlite\""), "{text}");
    let left: Vec<_> = fs::read_dir(project.path(".")).expect("the folder").flatten().collect();
    assert!(left.iter().all(|entry| !entry.file_name().to_string_lossy().ends_with(".tmp")), "{left:?}");
}

#[test]
fn a_metrics_file_that_cannot_be_written_is_a_warning() {
    let project = Project::new();
    let output = project.up(&[], &["--metrics-file", "no/such/folder/metrics.prom"]);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    assert!(matches!(warnings(&output).as_slice(), [line] if line.contains("--metrics-file")), "{output:?}");
}

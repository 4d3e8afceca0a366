//! Which source wins, and the errors of values that cannot be used.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::time::Duration;

use clap::Parser as _;
use migrascope::database::SecretUrl;
use migrascope::migration::Placeholders;
use migrascope::observe::spans::{Sampling, SpanPolicy, SqlText};
use migrascope::plan::Order;
use migrascope::run::{LockTimeout, LockWait};

use super::config_file::ConfigFile;
use super::sources::Sources;
use super::*;
use crate::cli::args::{Args, GlobalArgs};
use crate::cli::presentation::Verbosity;
use crate::cli::telemetry::{NotifyOn, Secret};

/// Settings from a command line, an environment and a directory with a configuration file.
fn settings(args: &[&str], environment: &[(&str, &str)], toml: &str) -> Result<Settings, Vec<String>> {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let config = directory.path().join("migrascope.toml");
    std::fs::write(&config, toml).expect("a file in it");
    let variables: BTreeMap<&str, OsString> = environment.iter().map(|(name, value)| (*name, value.into())).collect();
    let words = ["migrascope", "up"].into_iter().chain(args.iter().copied());
    let mut args = Args::try_parse_from(words).expect("valid arguments").global;
    args.config = Some(config.display().to_string());
    let placeholders: Vec<String> =
        variables.keys().filter(|name| name.starts_with(placeholders::PREFIX)).map(|name| (*name).to_owned()).collect();
    Settings::resolve(&args, &|name| variables.get(name).cloned(), &placeholders)
        .map_err(|invalid| invalid.problems.into_iter().map(|problem| problem.message).collect())
}

fn url(settings: Result<Settings, Vec<String>>) -> Database {
    settings.expect("usable settings").database
}

fn named(text: &str) -> Database {
    Database::Url(SecretUrl::new(text))
}

#[test]
fn flag_beats_environment_beats_file_beats_default() {
    let toml = "dir = \"from-file\"";
    let environment = [("MIGRASCOPE_DIR", "from-environment")];
    let dir = |settings: Result<Settings, _>| settings.expect("usable settings").directory.display().to_string();
    assert_eq!(dir(settings(&["--dir", "from-flag"], &environment, toml)), "from-flag");
    assert_eq!(dir(settings(&[], &environment, toml)), "from-environment");
    assert_eq!(dir(settings(&[], &[], toml)), "from-file");
    assert_eq!(dir(settings(&[], &[], "")), "migrations");
}

#[test]
fn an_empty_variable_is_unset() {
    let environment = [("MIGRASCOPE_LOCK_WAIT", ""), ("DATABASE_URL", "")];
    let settings = settings(&[], &environment, "lock-wait = \"1s\"").expect("usable settings");
    assert_eq!(settings.run.wait, LockWait::For(Duration::from_secs(1)));
    assert_eq!(settings.database, Database::Missing);
}

#[test]
fn the_database_is_looked_for_in_five_places() {
    let toml = "database-url = \"sqlite://file.db\"";
    let both = [("MIGRASCOPE_DATABASE_URL", "sqlite://ours.db"), ("DATABASE_URL", "sqlite://theirs.db")];
    assert_eq!(url(settings(&["--database-url", "sqlite://flag.db"], &both, toml)), named("sqlite://flag.db"));
    assert_eq!(url(settings(&["--database-url-file", "f"], &both, toml)), Database::File("f".into()));
    assert_eq!(url(settings(&[], &both, toml)), named("sqlite://ours.db"));
    assert_eq!(url(settings(&[], &both[1..], toml)), named("sqlite://theirs.db"));
    assert_eq!(url(settings(&[], &[("MIGRASCOPE_DATABASE_URL_FILE", "f"), both[1]], "")), Database::File("f".into()));
    assert_eq!(url(settings(&[], &[], toml)), named("sqlite://file.db"));
}

#[test]
fn one_place_cannot_name_the_database_twice() {
    let environment = [("MIGRASCOPE_DATABASE_URL", "sqlite://a.db"), ("MIGRASCOPE_DATABASE_URL_FILE", "f")];
    let problems = settings(&[], &environment, "").expect_err("a conflict");
    assert_eq!(
        problems,
        [
            "MIGRASCOPE_DATABASE_URL and MIGRASCOPE_DATABASE_URL_FILE are both set: only one of them can name the database"
        ]
    );
}

#[test]
fn values_are_understood() {
    let toml = "order = \"skip\"\nallow-missing = true\nlock-timeout = 0\nstatement-timeout = \"10min\"\nquiet = true\n\
        connection-init = [\"SET a = 1\", \"SET b = 2\"]";
    let found = settings(&[], &[], toml).expect("usable settings");
    assert_eq!(found.run.order, Some(Order::Skip));
    assert_eq!(found.run.allow_missing, Some(true));
    assert_eq!(found.run.lock_timeout, LockTimeout::Server);
    assert_eq!(found.run.statement_timeout, Some(Duration::from_secs(600)));
    assert_eq!(found.verbosity, Verbosity::Quiet);
    assert_eq!(found.connection_init, ["SET a = 1", "SET b = 2"]);
    let typed = settings(&["-v", "--allow-missing=false", "--lock-wait", "0"], &[], toml).expect("usable settings");
    assert_eq!(typed.verbosity, Verbosity::Verbose);
    assert_eq!(typed.run.allow_missing, Some(false));
    assert_eq!(typed.run.wait, LockWait::No);
}

#[test]
fn every_bad_value_names_its_source() {
    let environment = [("MIGRASCOPE_FORMAT", "jsn"), ("MIGRASCOPE_ALLOW_MISSING", "maybe")];
    let words = std::iter::once("auto").chain(migrascope::layout::Layout::words());
    let layouts = words.collect::<Vec<_>>().join(", ");
    let problems = settings(&["--lock-wait", "fast"], &environment, "order = \"strikt\"\nlayout = \"rails\"");
    assert_eq!(
        problems.expect_err("five problems"),
        [
            &*format!("invalid value \"rails\" for the key layout: expected one of {layouts}"),
            "invalid value \"strikt\" for the key order: expected one of strict, allow, skip; did you mean strict?",
            "invalid value \"maybe\" for MIGRASCOPE_ALLOW_MISSING: expected true or false",
            "invalid value \"fast\" for --lock-wait: expected number at 0; expected a duration such as 500ms, 5s or 10min",
            "invalid value \"jsn\" for MIGRASCOPE_FORMAT: expected one of text, json; did you mean json?",
        ]
    );
}

#[test]
fn unknown_keys_are_errors_with_a_suggestion() {
    let problems = settings(&[], &[], "lock_wait = \"5s\"\n[postgres]\nuser = \"x\"").expect_err("unknown keys");
    assert_eq!(problems, ["unknown key lock_wait; did you mean lock-wait?", "unknown key postgres"]);
}

#[test]
fn a_password_in_the_file_is_never_shown() {
    let broken = [
        "databse-url = \"postgres://u:secret@h/d\"",
        "database-url = \"postgres://u:secret@h/d",
        "database-url = \"\"\"\npostgres://u:secret@h/d?a=b",
        "database-url = [\"postgres://u:secret@h/d\"]",
        "database-url = \"postgres://u:secret@h/d\"\ndatabase-url-file = \"f\"",
    ];
    for toml in broken {
        let (file, mut problems) = ConfigFile::parse("migrascope.toml", toml);
        let mut sources = Sources::new(&|_| None);
        sources.file = file;
        database::resolve(&mut sources, &GlobalArgs::default());
        problems.append(&mut sources.problems);
        assert!(!problems.is_empty(), "{toml}");
        for problem in problems {
            assert!(!problem.render().contains("secret"), "{}", problem.render());
        }
    }
}

#[test]
fn traces_tell_what_is_asked_for() {
    let toml = "trace-detail-limit = 7\ntrace-sql = \"off\"";
    let environment = [("MIGRASCOPE_TRACE_SQL", "full")];
    let policy =
        settings(&["--trace-sampling", "parent"], &environment, toml).expect("usable settings").telemetry.spans;
    let expected =
        SpanPolicy { detail_limit: 7, sql: SqlText::Full, sampling: Sampling::Parent, ..SpanPolicy::default() };
    assert_eq!(policy, expected);
    let wrong = settings(&["--trace-detail-limit", "many"], &[], "").expect_err("no number");
    assert_eq!(wrong, ["invalid value \"many\" for --trace-detail-limit: expected a number of migrations"]);
}

#[test]
fn the_nearest_place_names_the_webhook_and_the_token() {
    let notify = |args: &[&str], environment: &[(&str, &str)], toml: &str| {
        settings(args, environment, toml).map(|settings| settings.telemetry.notify)
    };
    let text = |text: &str| Some(Secret::Text(text.to_owned()));
    let toml = "webhook-url = \"http://file\"\ngrafana-token-file = \"key\"\nnotify = \"always\"";
    let variables = [("MIGRASCOPE_WEBHOOK_URL_FILE", "variable"), ("MIGRASCOPE_GRAFANA_TOKEN", "token")];
    let found = notify(&[], &[], toml).expect("usable settings");
    assert_eq!((found.webhook, found.on), (text("http://file"), NotifyOn::Always));
    assert_eq!(found.grafana_token, Some(Secret::File("key".into())));
    let found = notify(&["--notify", "failure"], &variables, toml).expect("usable settings");
    assert_eq!((found.webhook, found.on), (Some(Secret::File("variable".into())), NotifyOn::Failure));
    assert_eq!(found.grafana_token, text("token"));
    let typed = ["--webhook-url", "http://flag", "--grafana-token-file", "flag"];
    let found = notify(&typed, &variables, toml).expect("usable settings");
    assert_eq!((found.webhook, found.grafana_token), (text("http://flag"), Some(Secret::File("flag".into()))));
    let both = [variables[1], ("MIGRASCOPE_GRAFANA_TOKEN_FILE", "f")];
    assert_eq!(
        notify(&[], &both, "").expect_err("a conflict"),
        ["MIGRASCOPE_GRAFANA_TOKEN and MIGRASCOPE_GRAFANA_TOKEN_FILE are both set: use one of them"]
    );
    assert_eq!(notify(&[], &[], "grafana-token = \"x\"").expect_err("no such key").len(), 1);
}

#[test]
fn a_variable_overrides_a_placeholder_of_the_file() {
    let toml = "[placeholders]\nschema = \"app\"\n\"table.space\" = \"fast\"\nlimit = 5\nnone = \"\"";
    let environment = [("MIGRASCOPE_PLACEHOLDER_TABLE_SPACE", "slow"), ("MIGRASCOPE_PLACEHOLDER_OWNER", "me")];
    let values = settings(&[], &environment, toml).expect("usable settings").placeholders;
    let expected = [("schema", "app"), ("table.space", "slow"), ("limit", "5"), ("none", ""), ("owner", "me")];
    assert_eq!(values, Placeholders::from_iter(expected));
    assert!(!format!("{values:?}").contains("slow"), "a value is not shown");
    let problems = settings(&[], &[], "[placeholders]\nlist = [1]").expect_err("a list");
    assert_eq!(problems, ["the placeholder list cannot be of type array"]);
}

//! What was meant: a flag beats the environment, which beats `migrascope.toml`, which beats the default.

pub(crate) mod choices;
mod database;
mod dotenv;
mod exposure;
mod file;
mod health;
mod hooks;
mod notify;
mod secret;
mod source;
#[cfg(test)]
mod tests;
mod trace;
mod trust;

use std::path::{Path, PathBuf};
use std::time::Duration;

use migrascope::Options as Policy;
use migrascope::layout::{Layout, Links};
use migrascope::plan::Order;
use migrascope::policy::Environment as AppEnvironment;
use migrascope::run::{HistoryFormat, LockTimeout, Wait};

use self::choices::{FORMAT, LOG_FORMAT, ORDER, SWITCH, TELEMETRY, choose, duration, expected_one_of, limit, truth};
pub(crate) use self::database::Database;
pub(crate) use self::dotenv::DotEnv;
pub(crate) use self::exposure::exposed;
use self::file::{ConfigFile, Presence};
pub(crate) use self::file::{excerpt as place, syntax};
pub(crate) use self::health::{AfterRun, HealthSettings};
pub(crate) use self::secret::{key, masked, may_be_secret};
pub(crate) use self::source::{Environment, variable};
use self::source::{Given, Sources};
use super::args::Options;
use super::explain::Diagnosis;
use super::export::{ExportSettings, LogFormat, PushSettings, RunInfo, TelemetryMode};
use super::listen::Name;
use super::warnings::Warnings;

/// Everything that holds for all commands.
#[derive(Debug, Clone)]
pub(crate) struct Settings {
    /// The settings file that is used.
    pub(crate) file: Option<PathBuf>,
    /// What a `.env` file has said.
    pub(crate) dotenv: DotEnv,
    /// Where the database's URL comes from.
    pub(crate) database: Database,
    /// SQL for every connection that migrates or looks at the history.
    pub(crate) connection_init: Vec<String>,
    /// The directory of the migrations.
    pub(crate) directory: PathBuf,
    /// How it is laid out.
    pub(crate) layout: &'static Layout,
    /// Where links in it may lead.
    pub(crate) links: Links,
    /// The database's name in metrics.
    pub(crate) target: Option<String>,
    /// What the library needs to know; its target is for the commands to set.
    pub(crate) policy: Policy,
    /// The environment that an application starts in, and what says so.
    pub(crate) environment: Option<(AppEnvironment, String)>,
    /// What is checked after a run.
    pub(crate) health: HealthSettings,
    /// For whom the output is.
    pub(crate) format: Format,
    /// How much of it.
    pub(crate) verbosity: Verbosity,
    /// Where telemetry goes.
    pub(crate) export: ExportSettings,
    /// How much `/status` shows.
    pub(crate) detail: Detail,
    /// What the process has warned of so far.
    pub(crate) warnings: Warnings,
}

/// How much a page shows to every client that reaches it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Detail {
    /// States, versions and codes.
    #[default]
    Codes,
    /// Messages, paths, hosts and users as well.
    Full,
}

/// For whom the output is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Format {
    /// People.
    #[default]
    Text,
    /// Programs.
    Json,
}

/// How much is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Verbosity {
    /// Errors only.
    Quiet,
    /// One line a migration.
    #[default]
    Normal,
    /// Every statement.
    Verbose,
}

/// Settings that cannot be used, and how to say so.
#[derive(Debug)]
pub(crate) struct Unusable {
    /// Everything that is wrong.
    pub(crate) problems: Vec<Diagnosis>,
    /// The format, as far as it could be found out.
    pub(crate) format: Format,
}

impl Settings {
    /// Puts the sources together.
    ///
    /// # Errors
    /// With everything that is wrong in any of them.
    pub(crate) fn resolve(typed: &Options, environment: &Environment<'_>) -> Result<Self, Unusable> {
        let mut sources = Sources::new(environment);
        let file = open_files(&mut sources, typed);
        let chosen_layout = sources.value("layout", typed.layout.as_deref(), layout).unwrap_or(Layout::native());
        let mut settings = Self {
            file,
            dotenv: DotEnv::default(),
            database: database::resolve(&mut sources, typed),
            connection_init: texts(sources.every("connection-init", &typed.connection_init)),
            directory: path(&mut sources, "dir", typed.dir.as_deref()).unwrap_or_else(|| PathBuf::from("migrations")),
            layout: chosen_layout,
            links: links(&mut sources, typed),
            target: sources.value("target", typed.target.as_deref(), target),
            policy: policy(&mut sources, typed, chosen_layout),
            environment: app_environment(&mut sources, typed),
            health: health::resolve(&mut sources, typed),
            format: format(&mut sources, typed),
            verbosity: verbosity(&mut sources, typed),
            export: export(&mut sources, typed),
            detail: detail(&mut sources, typed),
            warnings: Warnings::default(),
        };
        if let Some(Err(problem)) = sources.dotenv.file().map(|path| trust::check(path, environment)) {
            sources.problems.push(*problem);
        }
        settings.dotenv = sources.dotenv;
        match sources.problems {
            none if none.is_empty() => Ok(settings),
            problems => Err(Unusable { problems, format: settings.format }),
        }
    }
}

/// Opens the settings file, named or found, and a `.env` file; the path of the former, where there is one.
fn open_files(sources: &mut Sources<'_>, typed: &Options) -> Option<PathBuf> {
    let named = sources.typed("config", typed.config.as_deref()).or_else(|| sources.in_environment("config"));
    let (path, presence) = match &named {
        Some(given) => (given.text.as_str(), Presence::Required),
        None => ("migrascope.toml", Presence::Optional),
    };
    let path = Path::new(path);
    sources.file_is_named = presence == Presence::Required;
    let trusted = if sources.file_is_named { Ok(()) } else { trust::check(path, sources.environment) };
    match trusted {
        Ok(()) => {
            let (file, problems) = ConfigFile::read(path, presence);
            sources.file = file;
            sources.problems.extend(problems);
        }
        Err(problem) => sources.problems.push(*problem),
    }
    let beside = path.parent().unwrap_or(Path::new(""));
    match DotEnv::read(&[beside, Path::new("")]) {
        Ok(dotenv) => sources.dotenv = dotenv,
        Err(problem) => sources.problems.push(*problem),
    }
    path.exists().then(|| path.to_owned())
}

fn links(sources: &mut Sources<'_>, typed: &Options) -> Links {
    let follow = sources.value("follow-links", typed.follow_links.as_deref(), truth);
    if follow.unwrap_or(false) { Links::Anywhere } else { Links::Inside }
}

fn policy(sources: &mut Sources<'_>, typed: &Options, layout: &Layout) -> Policy {
    let default = Policy::default();
    let history_format = sources.value("history", typed.history.as_deref(), history).unwrap_or(history_of(layout));
    let order = |text: &str| choose(text, ORDER, [Order::Strict, Order::Allow, Order::Skip]);
    Policy {
        order: sources.value("order", typed.order.as_deref(), order).unwrap_or(default.order),
        allow_missing: sources
            .value("allow-missing", typed.allow_missing.as_deref(), truth)
            .unwrap_or(default.allow_missing),
        allow_nonempty: sources
            .value("allow-nonempty", typed.allow_nonempty.as_deref(), truth)
            .unwrap_or(default.allow_nonempty),
        wait: sources.value("lock-wait", typed.lock_wait.as_deref(), wait).unwrap_or(default.wait),
        lock_timeout: sources
            .value("lock-timeout", typed.lock_timeout.as_deref(), lock_timeout)
            .unwrap_or(default.lock_timeout),
        statement_timeout: sources
            .value("statement-timeout", typed.statement_timeout.as_deref(), limit)
            .unwrap_or(default.statement_timeout),
        retries: sources.value("retries", typed.retries.as_deref(), retries).unwrap_or(default.retries),
        ledger_table: sources
            .value("ledger-table", typed.ledger_table.as_deref(), table)
            .unwrap_or_else(|| history_format.table().to_owned()),
        journal_table: sources
            .value("journal-table", typed.journal_table.as_deref(), table)
            .unwrap_or(default.journal_table),
        journal_retention: sources
            .value("journal-retention", typed.journal_retention.as_deref(), limit)
            .unwrap_or(default.journal_retention),
        history_format,
        hooks: hooks::resolve(sources, typed),
        ..default
    }
}

fn app_environment(sources: &mut Sources<'_>, typed: &Options) -> Option<(AppEnvironment, String)> {
    let named_by = sources.first("env", typed.env.as_deref()).map(|given| given.origin.to_string())?;
    let environment = sources.value("env", typed.env.as_deref(), AppEnvironment::parse)?;
    Some((environment, named_by))
}

fn format(sources: &mut Sources<'_>, typed: &Options) -> Format {
    let read = |text: &str| choose(text, FORMAT, [Format::Text, Format::Json]);
    sources.value("format", typed.format.as_deref(), read).unwrap_or_default()
}

/// A flag decides, whatever the other sources say; among these, silence wins.
fn verbosity(sources: &mut Sources<'_>, typed: &Options) -> Verbosity {
    let verbose = sources.value("verbose", None, truth).unwrap_or(false);
    let quiet = sources.value("quiet", None, truth).unwrap_or(false);
    let typed_any = typed.verbose || typed.quiet;
    let (verbose, quiet) = if typed_any { (typed.verbose, typed.quiet) } else { (verbose, quiet) };
    match (quiet, verbose) {
        (true, _) => Verbosity::Quiet,
        (false, true) => Verbosity::Verbose,
        (false, false) => Verbosity::Normal,
    }
}

fn detail(sources: &mut Sources<'_>, typed: &Options) -> Detail {
    let full = sources.value("status-detail", typed.status_detail.as_deref(), truth);
    if full.unwrap_or(false) { Detail::Full } else { Detail::Codes }
}

fn export(sources: &mut Sources<'_>, typed: &Options) -> ExportSettings {
    let modes = [TelemetryMode::Off, TelemetryMode::Auto, TelemetryMode::Required];
    let info = |text: &str| choose(text, SWITCH, [RunInfo::On, RunInfo::Off]);
    let mode = |text: &str| choose(text, TELEMETRY, modes);
    let lines = |text: &str| choose(text, LOG_FORMAT, [LogFormat::Off, LogFormat::Text, LogFormat::Json]);
    let push = sources.first("push-url", typed.push_url.as_deref());
    let token = sources.first("push-token-file", typed.push_token_file.as_deref());
    sources.keep(token.as_ref(), push.as_ref());
    ExportSettings {
        metrics_file: path(sources, "metrics-file", typed.metrics_file.as_deref()),
        listen: sources.first("listen", typed.listen.as_deref()).map(|given| given.text),
        listen_names: sources.values("listen-name", &typed.listen_name, Name::parse),
        push: PushSettings {
            url: push.map(|given| given.text),
            token_file: token.map(|given| PathBuf::from(given.text)),
            ca: path(sources, "push-ca", typed.push_ca.as_deref()),
        },
        run_info: sources.value("metrics-run-info", typed.metrics_run_info.as_deref(), info).unwrap_or_default(),
        log_format: sources.value("log-format", typed.log_format.as_deref(), lines).unwrap_or_default(),
        telemetry: sources.value("telemetry", typed.telemetry.as_deref(), mode).unwrap_or(TelemetryMode::Auto),
        flush_timeout: sources
            .value("telemetry-flush-timeout", typed.telemetry_flush_timeout.as_deref(), duration)
            .unwrap_or(Duration::from_secs(5)),
        spans: trace::resolve(sources, typed),
        counted: true,
        notify: notify::resolve(sources, &typed.notify),
    }
}

fn texts(given: Vec<Given>) -> Vec<String> {
    given.into_iter().map(|given| given.text).collect()
}

fn path(sources: &mut Sources<'_>, name: &'static str, typed: Option<&str>) -> Option<PathBuf> {
    sources.first(name, typed).map(|given| PathBuf::from(given.text))
}

fn wait(text: &str) -> Result<Wait, String> {
    limit(text).map(|limit| limit.map_or(Wait::No, Wait::For))
}

fn lock_timeout(text: &str) -> Result<LockTimeout, String> {
    limit(text).map(|limit| limit.map_or(LockTimeout::Server, LockTimeout::For))
}

fn retries(text: &str) -> Result<u32, String> {
    text.parse().map_err(|_| "expected a number from 0 on".to_owned())
}

/// The name of a database in metrics, which is a label there and a part of a path at a Pushgateway.
pub(crate) fn target(text: &str) -> Result<String, String> {
    let is_name = text.chars().any(char::is_alphanumeric) && !text.contains(char::is_control);
    if is_name {
        Ok(text.to_owned())
    } else {
        Err("a name needs a letter or a digit, and no control character".to_owned())
    }
}

/// The layout of this name.
pub(crate) fn layout(text: &str) -> Result<&'static Layout, String> {
    Layout::named(text).ok_or_else(|| expected_one_of(text, Layout::words().collect()))
}

/// The format of a history table of this name.
pub(crate) fn history(text: &str) -> Result<&'static HistoryFormat, String> {
    HistoryFormat::named(text).ok_or_else(|| expected_one_of(text, HistoryFormat::words().collect()))
}

/// The format that the layout's own tool has.
pub(crate) fn history_of(layout: &Layout) -> &'static HistoryFormat {
    HistoryFormat::named(layout.history()).unwrap_or(HistoryFormat::native())
}

/// The name of a table, as it is written.
pub(crate) fn table(text: &str) -> Result<String, String> {
    let parts: Vec<&str> = text.split('.').collect();
    let usable = parts.len() <= 2 && parts.iter().all(|part| !part.is_empty() && !part.contains(char::is_control));
    if usable { Ok(text.to_owned()) } else { Err("expected TABLE or SCHEMA.TABLE".to_owned()) }
}

//! Resolves the settings from all sources.

use std::path::{Path, PathBuf};

use migrascope::Options as RunOptions;
use migrascope::layout::{Layout, Links};
use migrascope::migration::Placeholders;
use migrascope::plan::Order;
use migrascope::policy::Environment as AppEnvironment;
use migrascope::run::{HistoryFormat, LockTimeout, LockWait};

use super::config_file::{ConfigFile, Presence};
use super::database::{self, Database};
use super::dotenv::DotEnv;
use super::health::{self, HealthSettings};
use super::names::{default_history, history_or_auto, layout_or_auto, table, target};
use super::raw_value::RawValue;
use super::sources::{Environment, Sources};
use super::{app_environment, hooks, placeholders as placeholder_values, telemetry, trust};
use crate::cli::args::GlobalArgs;
use crate::cli::explain::Diagnosis;
use crate::cli::option::choices::{FORMAT, ORDER, choose, limit, truth};
use crate::cli::presentation::{Detail, OutputFormat, Verbosity};
use crate::cli::telemetry::TelemetrySettings;
use crate::cli::warnings::Warnings;

/// The settings that all commands share.
#[derive(Debug, Clone)]
pub(crate) struct Settings {
    /// The settings file that is used.
    pub(crate) file: Option<PathBuf>,
    /// The `.env` file.
    pub(crate) dotenv: DotEnv,
    /// The database's URL, or the file of it.
    pub(crate) database: Database,
    /// SQL that every connection begins with.
    pub(crate) connection_init: Vec<String>,
    /// The directory of the migrations.
    pub(crate) directory: PathBuf,
    /// The layout of the directory.
    pub(crate) layout: &'static Layout,
    /// The values of placeholders in migrations and hooks.
    pub(crate) placeholders: Placeholders,
    /// What a setting names.
    pub(crate) given: Given,
    /// Where links in the directory may lead.
    pub(crate) links: Links,
    /// The database's name in metrics.
    pub(crate) target: Option<String>,
    /// The options of the library; each command sets their target.
    pub(crate) run: RunOptions,
    /// The environment that an application starts in, and the option or variable that names it.
    pub(crate) environment: Option<(AppEnvironment, String)>,
    /// The health checks.
    pub(crate) health: HealthSettings,
    /// The format of the output.
    pub(crate) format: OutputFormat,
    /// How much is shown.
    pub(crate) verbosity: Verbosity,
    /// Telemetry, notifications and the listener.
    pub(crate) telemetry: TelemetrySettings,
    /// How much `/status` shows.
    pub(crate) detail: Detail,
    /// The warnings of the process so far.
    pub(crate) warnings: Warnings,
}

/// Which of these a setting names. The others are found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Given {
    /// The directory.
    pub(crate) directory: bool,
    /// Its layout.
    pub(crate) layout: bool,
    /// The format of the history.
    pub(crate) history: bool,
    /// The table of the history.
    pub(crate) ledger_table: bool,
}

/// Settings with mistakes.
#[derive(Debug)]
pub(crate) struct InvalidSettings {
    /// All mistakes.
    pub(crate) problems: Vec<Diagnosis>,
    /// The format of the output, where it could be resolved.
    pub(crate) format: OutputFormat,
}

impl Settings {
    /// Reads every source and resolves each setting from the first source that has it. `placeholders` are the names of the environment's
    /// variables that begin with [`PREFIX`](super::placeholders::PREFIX).
    ///
    /// # Errors
    /// With all mistakes in all sources.
    pub(crate) fn resolve(
        args: &GlobalArgs,
        environment: &Environment<'_>,
        placeholders: &[String],
    ) -> Result<Self, InvalidSettings> {
        let mut sources = Sources::new(environment);
        let file = open_files(&mut sources, args);
        let chosen_layout = sources.value("layout", args.layout.as_deref(), layout_or_auto).flatten();
        let directory = sources.path("dir", args.dir.as_deref());
        let chosen_history = sources.value("history", args.history.as_deref(), history_or_auto).flatten();
        let given = Given {
            directory: directory.is_some(),
            layout: chosen_layout.is_some(),
            history: chosen_history.is_some(),
            ledger_table: sources.first("ledger-table", args.ledger_table.as_deref()).is_some(),
        };
        let chosen_layout = chosen_layout.unwrap_or(Layout::native());
        let mut settings = Self {
            file,
            dotenv: DotEnv::default(),
            database: database::resolve(&mut sources, args),
            connection_init: texts(sources.every("connection-init", &args.connection_init)),
            directory: directory.unwrap_or_else(|| PathBuf::from("migrations")),
            given,
            layout: chosen_layout,
            placeholders: placeholder_values::resolve(&mut sources, placeholders),
            links: links(&mut sources, args),
            target: sources.value("target", args.target.as_deref(), target),
            run: run(&mut sources, args, chosen_layout, chosen_history),
            environment: app_environment::resolve(&mut sources, args),
            health: health::resolve(&mut sources, args),
            format: format(&mut sources, args),
            verbosity: verbosity(&mut sources, args),
            telemetry: telemetry::resolve(&mut sources, args),
            detail: detail(&mut sources, args),
            warnings: Warnings::default(),
        };
        if let Some(Err(problem)) = sources.dotenv.file().map(|path| trust::check(path, environment)) {
            sources.problems.push(*problem);
        }
        settings.dotenv = sources.dotenv;
        match sources.problems {
            none if none.is_empty() => Ok(settings),
            problems => Err(InvalidSettings { problems, format: settings.format }),
        }
    }
}

impl Settings {
    /// Takes a layout that was found, and its history unless a setting names another one.
    pub(crate) fn use_layout(&mut self, layout: &'static Layout, history: &'static HistoryFormat) {
        self.layout = layout;
        if !self.given.history {
            self.run.history_format = history;
        }
        if !self.given.ledger_table {
            self.run.ledger_table = self.run.history_format.table().to_owned();
        }
    }
}

/// Reads the settings file, whether named or found, and a `.env` file; returns the path of the settings file.
fn open_files(sources: &mut Sources<'_>, args: &GlobalArgs) -> Option<PathBuf> {
    let named = sources.arg("config", args.config.as_deref()).or_else(|| sources.in_environment("config"));
    let (path, presence) = match &named {
        Some(raw) => (raw.text.as_str(), Presence::Required),
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

fn links(sources: &mut Sources<'_>, args: &GlobalArgs) -> Links {
    let follow = sources.value("follow-links", args.follow_links.as_deref(), truth);
    if follow.unwrap_or(false) { Links::Anywhere } else { Links::Inside }
}

fn run(
    sources: &mut Sources<'_>,
    args: &GlobalArgs,
    layout: &Layout,
    history: Option<&'static HistoryFormat>,
) -> RunOptions {
    let default = RunOptions::default();
    let history_format = history.unwrap_or(default_history(layout));
    let order = |text: &str| choose(text, ORDER, [Order::Strict, Order::Allow, Order::Skip]);
    RunOptions {
        order: sources.value("order", args.order.as_deref(), order),
        allow_changed: sources.value("allow-changed", args.allow_changed.as_deref(), truth),
        strict: sources.value("strict", args.strict.as_deref(), truth).unwrap_or(default.strict),
        allow_missing: sources.value("allow-missing", args.allow_missing.as_deref(), truth),
        allow_nonempty: sources
            .value("allow-nonempty", args.allow_nonempty.as_deref(), truth)
            .unwrap_or(default.allow_nonempty),
        wait: sources.value("lock-wait", args.lock_wait.as_deref(), wait).unwrap_or(default.wait),
        lock_timeout: sources
            .value("lock-timeout", args.lock_timeout.as_deref(), lock_timeout)
            .unwrap_or(default.lock_timeout),
        statement_timeout: sources
            .value("statement-timeout", args.statement_timeout.as_deref(), limit)
            .unwrap_or(default.statement_timeout),
        retries: sources.value("retries", args.retries.as_deref(), retries).unwrap_or(default.retries),
        ledger_table: sources
            .value("ledger-table", args.ledger_table.as_deref(), table)
            .unwrap_or_else(|| history_format.table().to_owned()),
        journal_table: sources
            .value("journal-table", args.journal_table.as_deref(), table)
            .unwrap_or(default.journal_table),
        journal_retention: sources
            .value("journal-retention", args.journal_retention.as_deref(), limit)
            .unwrap_or(default.journal_retention),
        history_format,
        hooks: hooks::resolve(sources, args),
        ..default
    }
}

fn format(sources: &mut Sources<'_>, args: &GlobalArgs) -> OutputFormat {
    let read = |text: &str| choose(text, FORMAT, [OutputFormat::Text, OutputFormat::Json]);
    sources.value("format", args.format.as_deref(), read).unwrap_or_default()
}

/// A flag overrides all other sources; among those, `quiet` wins.
fn verbosity(sources: &mut Sources<'_>, args: &GlobalArgs) -> Verbosity {
    let verbose = sources.value("verbose", None, truth).unwrap_or(false);
    let quiet = sources.value("quiet", None, truth).unwrap_or(false);
    let has_flag = args.verbose || args.quiet;
    let (verbose, quiet) = if has_flag { (args.verbose, args.quiet) } else { (verbose, quiet) };
    match (quiet, verbose) {
        (true, _) => Verbosity::Quiet,
        (false, true) => Verbosity::Verbose,
        (false, false) => Verbosity::Normal,
    }
}

fn detail(sources: &mut Sources<'_>, args: &GlobalArgs) -> Detail {
    let full = sources.value("status-detail", args.status_detail.as_deref(), truth);
    if full.unwrap_or(false) { Detail::Full } else { Detail::Codes }
}

fn texts(raw: Vec<RawValue>) -> Vec<String> {
    raw.into_iter().map(|raw| raw.text).collect()
}

fn wait(text: &str) -> Result<LockWait, String> {
    limit(text).map(|limit| limit.map_or(LockWait::No, LockWait::For))
}

fn lock_timeout(text: &str) -> Result<LockTimeout, String> {
    limit(text).map(|limit| limit.map_or(LockTimeout::Server, LockTimeout::For))
}

fn retries(text: &str) -> Result<u32, String> {
    text.parse().map_err(|_| "expected a number, 0 or above".to_owned())
}

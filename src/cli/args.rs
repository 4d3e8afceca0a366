//! What was typed. What was meant, with environment and file, is decided in [`super::settings`].

use std::path::PathBuf;
use std::time::Duration;

use clap::{ArgAction, Args as Group, CommandFactory, FromArgMatches, Parser, Subcommand};
use clap_complete::Shell;
use migrascope::migration::Version;
use migrascope::plan::{Change, Doubt};

use super::exit::Exit;
use super::help;
use super::output::complain;
use super::settings::choices;

/// More often nobody looks at a database.
const SHORTEST: Duration = Duration::from_millis(100);

/// The whole command line.
#[derive(Debug, Parser)]
#[command(name = "migrascope", version, about = help::ABOUT, after_help = help::MORE)]
#[command(propagate_version = true, max_term_width = 100, subcommand_value_name = "COMMAND")]
pub(crate) struct Args {
    #[command(flatten)]
    pub(crate) options: Options,
    #[command(subcommand)]
    pub(crate) command: Command,
}

impl Args {
    /// Reads the process's arguments; prints help or a usage error and exits where there is nothing to be carried out.
    pub(crate) fn typed() -> Self {
        let matches = command().try_get_matches().unwrap_or_else(|error| refuse(&error));
        Self::from_arg_matches(&matches).unwrap_or_else(|error| refuse(&error))
    }
}

/// Says what is wrong and exits; a URL that stands where none belongs does not show its password.
fn refuse(error: &clap::Error) -> ! {
    let told = error.render().to_string();
    let safe = without_passwords(&told);
    if safe == told || !error.use_stderr() {
        error.exit();
    }
    complain(safe.trim_end());
    std::process::exit(error.exit_code());
}

/// The text with everything left out that stands between a `://` and the `@` behind it.
fn without_passwords(text: &str) -> String {
    let mut parts = text.split("://");
    let mut safe = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let word = part.find(char::is_whitespace).map_or(part, |end| &part[..end]);
        let kept = word.rfind('@').map_or(part, |at| &part[at..]);
        safe.push_str(if kept.len() < part.len() { "://…" } else { "://" });
        safe.push_str(kept);
    }
    safe
}

/// The command line as clap sees it: each global option names its environment variable.
pub(crate) fn command() -> clap::Command {
    let exit_codes = Exit::ALL.map(|exit| format!("  {:>3}  {}", exit.code(), exit.meaning())).join("\n");
    Args::command().after_long_help(format!("{}\n\nExit codes:\n{exit_codes}", help::EXAMPLES)).mut_args(|arg| {
        let Some(variable) = arg.get_long().map(super::settings::variable) else {
            return arg;
        };
        let text = arg.get_help().map(ToString::to_string).unwrap_or_default();
        arg.help(format!("{text} [env: {variable}]"))
    })
}

/// Options that every command takes, before or after its name; each is text until [`super::settings`] reads it.
#[derive(Debug, Clone, Default, Group)]
pub(crate) struct Options {
    /// The database, also from DATABASE_URL: postgres://, mysql://, mariadb:// or sqlite:// [default: sqlite://migrascope.db]
    #[arg(long, global = true, value_name = "URL", help_heading = "Database", conflicts_with = "database_url_file")]
    pub(crate) database_url: Option<String>,
    /// A file that holds the database URL
    #[arg(long, global = true, value_name = "FILE", help_heading = "Database")]
    pub(crate) database_url_file: Option<String>,
    /// The database's name in metrics [default: its own name]
    #[arg(long, global = true, value_name = "NAME", help_heading = "Database")]
    pub(crate) target: Option<String>,
    /// SQL for every connection that migrates or looks at the history; can be repeated
    #[arg(long, global = true, value_name = "SQL", help_heading = "Database")]
    pub(crate) connection_init: Vec<String>,
    /// The table that records what is applied [default: _migrascope_migrations]
    #[arg(long, global = true, value_name = "TABLE", help_heading = "Database")]
    pub(crate) ledger_table: Option<String>,
    /// The table that records every attempt [default: _migrascope_journal]
    #[arg(long, global = true, value_name = "TABLE", help_heading = "Database")]
    pub(crate) journal_table: Option<String>,

    /// The directory of the migrations [default: migrations]
    #[arg(long, global = true, value_name = "DIR", help_heading = "Files")]
    pub(crate) dir: Option<String>,
    /// How the directory is laid out: native [default: native]
    #[arg(long, global = true, value_name = "NAME", help_heading = "Files")]
    pub(crate) layout: Option<String>,
    /// Settings from this file [default: migrascope.toml, where there is one]
    #[arg(long, global = true, value_name = "FILE", help_heading = "Files")]
    pub(crate) config: Option<String>,

    /// How long to wait for another runner to finish; 0 does not wait [default: 60s]
    #[arg(long, global = true, value_name = "DURATION", help_heading = "Policy")]
    pub(crate) lock_wait: Option<String>,
    /// How long a statement may wait for a lock of the database; 0 leaves it to the server [default: 5s]
    #[arg(long, global = true, value_name = "DURATION", help_heading = "Policy")]
    pub(crate) lock_timeout: Option<String>,
    /// How long a statement may run; 0 leaves it to the server [default: 0]
    #[arg(long, global = true, value_name = "DURATION", help_heading = "Policy")]
    pub(crate) statement_timeout: Option<String>,
    /// How often to try again what met a lock, a deadlock or a conflict of transactions [default: 10]
    #[arg(long, global = true, value_name = "NUMBER", help_heading = "Policy")]
    pub(crate) retries: Option<String>,
    /// Migrations may be links to files outside of their directory
    #[arg(long, global = true, value_name = "BOOL", help_heading = "Policy", value_parser = choices::BOOL)]
    #[arg(num_args = 0..=1, require_equals = true, default_missing_value = "true", hide_possible_values = true)]
    pub(crate) follow_links: Option<String>,
    /// A pending migration older than the newest applied one: refuse, apply or skip it [default: strict]
    #[arg(long, global = true, value_name = "HOW", help_heading = "Policy", value_parser = choices::ORDER)]
    pub(crate) order: Option<String>,
    /// Let applied migrations have no file
    #[arg(long, global = true, value_name = "BOOL", help_heading = "Policy", value_parser = choices::BOOL)]
    #[arg(num_args = 0..=1, require_equals = true, default_missing_value = "true", hide_possible_values = true)]
    pub(crate) allow_missing: Option<String>,

    /// A command that makes a backup before the first pending migration; where it fails, nothing is changed
    #[arg(long, global = true, value_name = "COMMAND", help_heading = "Hooks")]
    pub(crate) backup_command: Option<String>,
    /// A command before the first pending migration; where it fails, nothing is migrated
    #[arg(long, global = true, value_name = "COMMAND", help_heading = "Hooks")]
    pub(crate) before: Option<String>,
    /// A command at the end of a run that has come to its migrations, however it ends
    #[arg(long, global = true, value_name = "COMMAND", help_heading = "Hooks")]
    pub(crate) after: Option<String>,
    /// How long each hook may take [default: 10min]
    #[arg(long, global = true, value_name = "DURATION", help_heading = "Hooks")]
    pub(crate) hook_timeout: Option<String>,

    /// Check the database's health after a run that has done something [default: on]
    #[arg(long, global = true, value_name = "SWITCH", help_heading = "Policy", value_parser = choices::SWITCH)]
    pub(crate) health: Option<String>,
    /// A directory of SQL files that must return no row in a healthy database [default: checks, where there is one]
    #[arg(long, global = true, value_name = "DIR", help_heading = "Files")]
    pub(crate) checks: Option<String>,

    /// For people or for programs: one JSON object a line [default: text]
    #[arg(long, global = true, value_name = "FORMAT", help_heading = "Output", value_parser = choices::FORMAT)]
    pub(crate) format: Option<String>,
    /// Tell every statement
    #[arg(short, long, global = true, help_heading = "Output", action = ArgAction::SetTrue, overrides_with = "quiet")]
    pub(crate) verbose: bool,
    /// Tell errors only
    #[arg(short, long, global = true, help_heading = "Output", action = ArgAction::SetTrue)]
    pub(crate) quiet: bool,
    /// Write log records to standard error, one a line [default: off]
    #[arg(long, global = true, value_name = "FORMAT", help_heading = "Output", value_parser = choices::LOG_FORMAT)]
    pub(crate) log_format: Option<String>,

    /// Write metrics for Prometheus's textfile collector here
    #[arg(long, global = true, value_name = "FILE", help_heading = "Telemetry")]
    pub(crate) metrics_file: Option<String>,
    /// Name the last run and its trace in metrics: a new series with each run [default: off]
    #[arg(long, global = true, value_name = "SWITCH", help_heading = "Telemetry", value_parser = choices::SWITCH)]
    pub(crate) metrics_run_info: Option<String>,
    /// Push metrics to this Pushgateway, at the beginning, every 10 seconds and at the end
    #[arg(long, global = true, value_name = "URL", help_heading = "Telemetry")]
    pub(crate) push_url: Option<String>,
    /// A file that holds the bearer token for the Pushgateway
    #[arg(long, global = true, value_name = "FILE", help_heading = "Telemetry")]
    pub(crate) push_token_file: Option<String>,
    /// A file of certificates in PEM that the Pushgateway's is checked with, instead of the system's
    #[arg(long, global = true, value_name = "FILE", help_heading = "Telemetry")]
    pub(crate) push_ca: Option<String>,
    /// Listen here for probes and Prometheus: with up and down during the run, with serve always [default: of serve, 127.0.0.1:9564]
    #[arg(long, global = true, value_name = "HOST:PORT", help_heading = "Telemetry")]
    pub(crate) listen: Option<String>,
    /// Send traces, metrics and logs: never, where an endpoint is set, or fail where its settings are wrong [default: auto]
    #[arg(long, global = true, value_name = "MODE", help_heading = "Telemetry", value_parser = choices::TELEMETRY)]
    pub(crate) telemetry: Option<String>,
    /// How long the end of a run may wait for collectors [default: 5s]
    #[arg(long, global = true, value_name = "DURATION", help_heading = "Telemetry")]
    pub(crate) telemetry_flush_timeout: Option<String>,
    /// With more planned migrations, statements of fast ones are events on the migration's span [default: 200]
    #[arg(long, global = true, value_name = "N", help_heading = "Telemetry")]
    pub(crate) trace_detail_limit: Option<String>,
    /// What traces tell of SQL: a hash, its summary, its text without literals, or its text [default: summary]
    #[arg(long, global = true, value_name = "HOW", help_heading = "Telemetry", value_parser = choices::TRACE_SQL)]
    pub(crate) trace_sql: Option<String>,
    /// Whether a caller that does not record its trace keeps us from recording ours [default: always]
    #[arg(long, global = true, value_name = "WHO", help_heading = "Telemetry", value_parser = choices::TRACE_SAMPLING)]
    pub(crate) trace_sampling: Option<String>,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Apply what is pending
    #[command(visible_alias = "deploy", after_long_help = help::UP)]
    Up {
        #[command(flatten)]
        reach: Reach,
        /// Show what would be done and do nothing, as plan does
        #[arg(long)]
        dry_run: bool,
    },
    /// Revert the last migration, or several
    #[command(after_long_help = help::DOWN)]
    Down {
        #[command(flatten)]
        reach: Reach,
        /// Show what would be done and do nothing
        #[arg(long)]
        dry_run: bool,
    },
    /// Tell what is applied, pending, changed, missing or half-way
    #[command(after_long_help = help::STATUS)]
    Status {
        /// Exit with 3 when something is pending
        #[arg(long)]
        check: bool,
    },
    /// Show what up would do: each statement, and whether it would be atomic
    #[command(after_long_help = help::PLAN)]
    Plan {
        #[command(flatten)]
        reach: Reach,
    },
    /// Compare files with history and apply nothing; exits with 4 when they do not fit
    #[command(after_long_help = help::VERIFY)]
    Verify,
    /// Settle a half-way migration, or correct the history; each change is written into the journal
    #[command(after_long_help = help::REPAIR)]
    Repair {
        #[command(flatten)]
        what: What,
        /// Of --resume, where it cannot be seen whether the interrupted statement took effect: ran or did-not-run
        #[arg(long, value_name = "WHAT", value_parser = doubt, conflicts_with_all = ["mark_applied", "mark_reverted", "accept_changes"])]
        in_doubt: Option<Doubt>,
        /// Why, for whoever reads the journal
        #[arg(long, value_name = "TEXT", value_parser = reason)]
        reason: String,
    },
    /// Record everything up to a version as applied, without running it, in a database that has no history
    #[command(after_long_help = help::BASELINE)]
    Baseline {
        /// The newest migration whose effects the database has
        #[arg(value_name = "VERSION", value_parser = version)]
        up_to: Version,
        /// Why, for whoever reads the journal
        #[arg(long, value_name = "TEXT", value_parser = reason)]
        reason: Option<String>,
    },
    /// Check the database's health and do nothing else; exits with 9 when a check fails
    #[command(after_long_help = help::HEALTH)]
    Health,
    /// Send the metrics of the database as it stands, without any run
    #[command(after_long_help = help::PUSH)]
    Push,
    /// Serve metrics and probes by HTTP, re-reading history and journal; changes nothing, ends with SIGTERM
    #[command(after_long_help = help::SERVE)]
    Serve {
        /// How long to wait between two looks at a database
        #[arg(long, value_name = "DURATION", value_parser = interval, default_value = "15s")]
        interval: Duration,
        /// Several databases: a TOML file with a table for each, read again at each interval
        #[arg(long, value_name = "FILE")]
        targets: Option<PathBuf>,
    },
    /// Ask a migrascope that listens on this machine whether it works; exits with 1 where it does not
    #[command(after_long_help = help::PROBE)]
    Probe {
        /// Ask whether everything is as it should be, as /readyz tells
        #[arg(long)]
        ready: bool,
    },
    /// Make the file of a new migration
    #[command(after_long_help = help::NEW)]
    New {
        /// What it does, in a few words
        name: String,
        /// Make a down file as well
        #[arg(long)]
        reversible: bool,
    },
    /// Print completions for a shell
    #[command(after_long_help = help::COMPLETIONS)]
    Completions {
        /// The shell
        shell: Shell,
    },
    /// Print the man page
    #[command(hide = true)]
    Man,
}

/// How far to go.
#[derive(Debug, Clone, Default, Group)]
pub(crate) struct Reach {
    /// Go to this version: up applies it, down leaves it applied; 0 is the empty schema
    #[arg(long, value_name = "VERSION", value_parser = version, conflicts_with = "steps")]
    pub(crate) to: Option<Version>,
    /// Go so many migrations
    #[arg(long, value_name = "N", value_parser = steps)]
    pub(crate) steps: Option<usize>,
}

/// What to repair.
#[derive(Debug, Clone, Default, Group)]
#[group(required = true, multiple = false)]
pub(crate) struct What {
    /// Go on with a half-way migration at its first statement without effect
    #[arg(long, value_name = "VERSION", value_parser = version)]
    resume: Option<Version>,
    /// It counts as applied: what was missing was done by hand
    #[arg(long, value_name = "VERSION", value_parser = version)]
    mark_applied: Option<Version>,
    /// It counts as not applied: what it had done was undone by hand
    #[arg(long, value_name = "VERSION", value_parser = version)]
    mark_reverted: Option<Version>,
    /// The file of an applied migration is right as it is now
    #[arg(long, value_name = "VERSION", value_parser = version)]
    accept_changes: Option<Version>,
}

impl What {
    /// The change of history that is asked for.
    pub(crate) fn change(&self, doubt: Option<Doubt>) -> Option<Change> {
        let resume = self.resume.clone().map(|version| Change::Resume { version, doubt });
        resume
            .or_else(|| self.mark_applied.clone().map(Change::MarkApplied))
            .or_else(|| self.mark_reverted.clone().map(Change::MarkReverted))
            .or_else(|| self.accept_changes.clone().map(Change::AcceptChanges))
    }
}

fn doubt(text: &str) -> Result<Doubt, &'static str> {
    match text {
        "ran" => Ok(Doubt::Ran),
        "did-not-run" => Ok(Doubt::DidNotRun),
        _ => Err("expected ran or did-not-run"),
    }
}

fn reason(text: &str) -> Result<String, &'static str> {
    if text.trim().is_empty() { Err("a few words are needed") } else { Ok(text.trim().to_owned()) }
}

fn version(text: &str) -> Result<Version, &'static str> {
    Version::from_digits(text).ok_or("a version is decimal digits")
}

fn interval(text: &str) -> Result<Duration, String> {
    let interval = choices::duration(text)?;
    if interval < SHORTEST { Err("an interval from 100ms on is needed".to_owned()) } else { Ok(interval) }
}

fn steps(text: &str) -> Result<usize, &'static str> {
    text.parse().ok().filter(|steps| *steps > 0).ok_or("a number from 1 on is needed")
}

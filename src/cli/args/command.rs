//! The commands and their arguments.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Subcommand};
use clap_complete::Shell;
use migrascope::migration::{Key, Version};
use migrascope::plan::{Change, Doubt};

use crate::cli::help;
use crate::cli::option::choices;

/// The shortest interval of `serve`.
const SHORTEST: Duration = Duration::from_millis(100);

/// The command to run.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Apply pending migrations
    #[command(visible_alias = "deploy", after_long_help = help::UP)]
    Up {
        #[command(flatten)]
        reach: Reach,
        /// Show the plan and change nothing
        #[arg(long)]
        dry_run: bool,
    },
    /// Revert the last migration, or several
    #[command(after_long_help = help::DOWN)]
    Down {
        #[command(flatten)]
        reach: Reach,
        /// Show the plan and change nothing
        #[arg(long)]
        dry_run: bool,
        /// Revert more than one migration without confirmation; required without a terminal
        #[arg(long)]
        yes: bool,
    },
    /// Show which migrations are applied, pending, changed, missing or half-way
    #[command(after_long_help = help::STATUS)]
    Status {
        /// Exit with 3 if migrations are pending
        #[arg(long)]
        check: bool,
    },
    /// Show what up would do: each statement, and whether its migration is atomic
    #[command(after_long_help = help::PLAN)]
    Plan {
        #[command(flatten)]
        reach: Reach,
    },
    /// Compare files with the history and apply nothing; exit with 4 if they differ
    #[command(after_long_help = help::VERIFY)]
    Verify,
    /// Settle a half-way migration, or correct the history; each change is recorded in the journal
    #[command(after_long_help = help::REPAIR)]
    Repair {
        #[command(flatten)]
        what: What,
        /// State whether the interrupted statement took effect, if the database cannot show it: ran or did-not-run
        #[arg(long, value_name = "WHAT", value_parser = doubt, conflicts_with_all = ["mark_applied", "mark_reverted", "accept_changes"])]
        in_doubt: Option<Doubt>,
        /// Record this reason in the journal
        #[arg(long, value_name = "TEXT", value_parser = reason)]
        reason: String,
    },
    /// Record migrations up to a version as applied without running them, in a database that has no history
    #[command(after_long_help = help::BASELINE)]
    Baseline {
        /// Record migrations up to this version
        #[arg(value_name = "VERSION", value_parser = version)]
        up_to: Version,
        /// Record this reason in the journal
        #[arg(long, value_name = "TEXT", value_parser = reason)]
        reason: Option<String>,
    },
    /// Check the database's health; exit with 9 if a check fails
    #[command(after_long_help = help::HEALTH)]
    Health,
    /// Export the current metrics of the database, without a run
    #[command(after_long_help = help::PUSH)]
    Push,
    /// Serve metrics and probes over HTTP and poll history and journal until SIGTERM; change nothing
    #[command(after_long_help = help::SERVE)]
    Serve {
        /// Poll each database at this interval
        #[arg(long, value_name = "DURATION", value_parser = interval, default_value = "15s")]
        interval: Duration,
        /// Serve the databases of this TOML file, one table each; read again at each interval
        #[arg(long, value_name = "FILE")]
        targets: Option<PathBuf>,
    },
    /// Query the listener of a migrascope process on this machine; exit with 1 if it does not answer
    #[command(after_long_help = help::PROBE)]
    Probe {
        /// Query /readyz instead of /livez
        #[arg(long)]
        ready: bool,
    },
    /// Wait until another process has applied the pending migrations
    #[command(after_long_help = help::WAIT)]
    Wait {
        /// Wait until this version is applied [default: until nothing is pending]
        #[arg(long = "for", value_name = "VERSION", value_parser = version)]
        wanted: Option<Version>,
        /// Give up after this time
        #[arg(long, value_name = "DURATION", value_parser = choices::duration, default_value = "10min")]
        timeout: Duration,
    },
    /// Apply pending migrations if the environment's policy says so, then run an application in place of this process
    #[command(after_long_help = help::EXEC)]
    Exec {
        /// Run this application, with its arguments, after --
        #[arg(last = true, required = true, value_name = "CMD")]
        program: Vec<OsString>,
    },
    /// Create the file of a new migration
    #[command(after_long_help = help::NEW)]
    New {
        /// Describe the migration in a few words
        name: String,
        /// Create a down file as well
        #[arg(long)]
        reversible: bool,
    },
    /// Print completions for a shell
    #[command(after_long_help = help::COMPLETIONS)]
    Completions {
        /// Print completions for this shell
        shell: Shell,
    },
    /// Print the man page
    #[command(hide = true)]
    Man,
}

impl Command {
    /// Whether it connects to a database.
    pub(crate) fn needs_database(&self) -> bool {
        !matches!(self, Self::Probe { .. } | Self::New { .. } | Self::Completions { .. } | Self::Man)
    }

    /// Whether it reads or creates files of migrations.
    pub(crate) fn reads_migrations(&self) -> bool {
        !matches!(self, Self::Health | Self::Probe { .. } | Self::Completions { .. } | Self::Man)
    }

    /// Its name on the command line.
    pub(crate) fn word(&self) -> &'static str {
        match self {
            Self::Up { .. } => "up",
            Self::Down { .. } => "down",
            Self::Status { .. } => "status",
            Self::Plan { .. } => "plan",
            Self::Verify => "verify",
            Self::Repair { .. } => "repair",
            Self::Baseline { .. } => "baseline",
            Self::Health => "health",
            Self::Push => "push",
            Self::Serve { .. } => "serve",
            Self::Probe { .. } => "probe",
            Self::Wait { .. } => "wait",
            Self::Exec { .. } => "exec",
            Self::New { .. } => "new",
            Self::Completions { .. } => "completions",
            Self::Man => "man",
        }
    }
}

/// How many migrations to apply or revert.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct Reach {
    /// Migrate to this version: up applies it, down keeps it applied; 0 is the empty schema
    #[arg(long, value_name = "VERSION", value_parser = version, conflicts_with = "steps")]
    pub(crate) to: Option<Version>,
    /// Apply or revert at most N migrations
    #[arg(long, value_name = "N", value_parser = steps)]
    pub(crate) steps: Option<usize>,
}

/// The repair.
#[derive(Debug, Clone, Default, Args)]
#[group(required = true, multiple = false)]
pub(crate) struct What {
    /// Resume a half-way migration at its first statement without effect
    #[arg(long, value_name = "VERSION", value_parser = key)]
    resume: Option<Key>,
    /// Record a migration as applied: the rest was done by hand
    #[arg(long, value_name = "VERSION", value_parser = key)]
    mark_applied: Option<Key>,
    /// Record a migration as not applied: its effects were undone by hand
    #[arg(long, value_name = "VERSION", value_parser = key)]
    mark_reverted: Option<Key>,
    /// Accept the file of an applied migration as it is now
    #[arg(long, value_name = "VERSION", value_parser = key)]
    accept_changes: Option<Key>,
}

impl What {
    /// The change of history; `None` where no repair is named.
    pub(crate) fn change(&self, doubt: Option<Doubt>) -> Option<Change> {
        let resume = self.resume.clone().map(|key| Change::Resume { key, doubt });
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
    if text.trim().is_empty() { Err("it must not be empty") } else { Ok(text.trim().to_owned()) }
}

/// A version is whatever its layout calls one.
fn version(text: &str) -> Result<Version, &'static str> {
    if text.trim().is_empty() { Err("expected a version") } else { Ok(Version::from_history(text)) }
}

fn key(text: &str) -> Result<Key, &'static str> {
    if text.trim().is_empty() { Err("expected a version") } else { Ok(Key::from_history(text)) }
}

fn interval(text: &str) -> Result<Duration, String> {
    let interval = choices::duration(text)?;
    if interval < SHORTEST { Err("expected 100ms or more".to_owned()) } else { Ok(interval) }
}

fn steps(text: &str) -> Result<usize, &'static str> {
    text.parse().ok().filter(|steps| *steps > 0).ok_or("expected a number, 1 or above")
}

//! The commands and what each of them takes.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Subcommand};
use clap_complete::Shell;
use migrascope::migration::Version;
use migrascope::plan::{Change, Doubt};

use crate::cli::help;
use crate::cli::option::choices;

/// More often nobody looks at a database.
const SHORTEST: Duration = Duration::from_millis(100);

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
        /// Revert more than one migration without a question; needed where there is no terminal
        #[arg(long)]
        yes: bool,
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
    /// Wait until somebody else has applied what is pending
    #[command(after_long_help = help::WAIT)]
    Wait {
        /// Until this version is applied [default: until nothing is pending]
        #[arg(long = "for", value_name = "VERSION", value_parser = version)]
        wanted: Option<Version>,
        /// How long
        #[arg(long, value_name = "DURATION", value_parser = choices::duration, default_value = "10min")]
        timeout: Duration,
    },
    /// Apply what is pending, as a policy says, and then become an application
    #[command(after_long_help = help::EXEC)]
    Exec {
        /// The application and its arguments, after --
        #[arg(last = true, required = true, value_name = "CMD")]
        program: Vec<OsString>,
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

impl Command {
    /// Whether it connects to a database.
    pub(crate) fn needs_database(&self) -> bool {
        !matches!(self, Self::Probe { .. } | Self::New { .. } | Self::Completions { .. } | Self::Man)
    }

    /// Its name.
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

/// How far to go.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct Reach {
    /// Go to this version: up applies it, down leaves it applied; 0 is the empty schema
    #[arg(long, value_name = "VERSION", value_parser = version, conflicts_with = "steps")]
    pub(crate) to: Option<Version>,
    /// Go so many migrations
    #[arg(long, value_name = "N", value_parser = steps)]
    pub(crate) steps: Option<usize>,
}

/// What to repair.
#[derive(Debug, Clone, Default, Args)]
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
    if text.trim().is_empty() { Err("it must not be empty") } else { Ok(text.trim().to_owned()) }
}

fn version(text: &str) -> Result<Version, &'static str> {
    Version::from_digits(text).ok_or("expected decimal digits")
}

fn interval(text: &str) -> Result<Duration, String> {
    let interval = choices::duration(text)?;
    if interval < SHORTEST { Err("expected 100ms or more".to_owned()) } else { Ok(interval) }
}

fn steps(text: &str) -> Result<usize, &'static str> {
    text.parse().ok().filter(|steps| *steps > 0).ok_or("expected a number, 1 or above")
}

//! What the database remembers: applied migrations and attempts that nobody has settled yet.

use std::fmt;
use std::time::Duration;

use crate::migration::Script;
use crate::sql::Checksum;
pub use crate::version::Direction;
use crate::version::Version;

/// One applied migration, as the ledger has it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Entry {
    /// Its version.
    pub version: Version,
    /// Its name when it was applied.
    pub name: String,
    /// Of the text that was applied; `None` where the ledger's format has none.
    pub checksum: Option<RecordedChecksum>,
    /// Of the tokens that were applied; `None` where the ledger's format has none.
    pub token_checksum: Option<Checksum>,
    /// When and how; only where it was asked for.
    pub particulars: Option<Particulars>,
}

impl Entry {
    /// One of which no more is known.
    #[must_use]
    pub fn new(version: Version, name: impl Into<String>) -> Self {
        Self { version, name: name.into(), checksum: None, token_checksum: None, particulars: None }
    }

    /// One that is applied now, as our own ledger has it.
    #[must_use]
    pub fn of(version: Version, name: impl Into<String>, script: &Script) -> Self {
        let token_checksum = Some(script.token_checksum().clone());
        let checksum = Some(RecordedChecksum::of_text(script.checksum().as_str()));
        Self { checksum, token_checksum, ..Self::new(version, name) }
    }
}

/// A checksum as a history table has it, and how the table's format compares it with a file.
#[derive(Clone)]
pub struct RecordedChecksum {
    text: String,
    is_of: fn(&str, &Script) -> bool,
}

impl RecordedChecksum {
    /// One of our own, of the text with LF line ends.
    #[must_use]
    pub fn of_text(text: impl Into<String>) -> Self {
        Self::new(text, |text, script| text == script.checksum().as_str())
    }

    /// One in a format that compares by `is_of`: what is recorded, with a file.
    #[must_use]
    pub fn new(text: impl Into<String>, is_of: fn(&str, &Script) -> bool) -> Self {
        Self { text: text.into(), is_of }
    }

    /// Whether it is that of a script.
    #[must_use]
    pub fn is_of(&self, script: &Script) -> bool {
        (self.is_of)(&self.text, script)
    }
}

impl fmt::Display for RecordedChecksum {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Debug for RecordedChecksum {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("RecordedChecksum").field(&self.text).finish()
    }
}

/// How it is compared belongs to the table's format, and is the same for all of its rows.
impl PartialEq for RecordedChecksum {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Eq for RecordedChecksum {}

/// What a status tells of an applied migration and no plan needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Particulars {
    /// When it was applied, in UTC as RFC 3339.
    pub applied_at: String,
    /// How long that took.
    pub elapsed: Duration,
    /// The run that applied it.
    pub run_id: String,
}

/// How far an attempt came that was neither completed nor undone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// A statement failed after others had taken effect.
    Failed {
        /// The failed statement, counted from 1.
        statement: u32,
    },
    /// The process or its connection ended in the middle; the statement after the last finished one may have run or not.
    Unfinished,
}

/// What the journal says of the statement that a failed attempt had come to.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Reached {
    /// Nothing: the attempt has no end, or an earlier release wrote it.
    #[default]
    Unrecorded,
    /// It had no effect. What stands at its place in the file now has never run.
    WithoutEffect,
    /// It may have taken effect.
    InDoubt {
        /// The checksum of its text.
        checksum: Checksum,
        /// What it does.
        summary: String,
    },
}

/// An attempt that may have left a migration half-way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attempt {
    /// The journal's key of it.
    pub id: String,
    /// The run that made it.
    pub run_id: String,
    /// What it tried.
    pub version: Version,
    /// The migration's name then.
    pub name: String,
    /// Which way.
    pub direction: Direction,
    /// How it ended.
    pub state: State,
    /// Statements that have taken effect for certain.
    pub done: u32,
    /// The last statement that may have run, counted from 1: while a script has tables locked nothing is noted.
    pub last: u32,
    /// What is known of the one behind them.
    pub reached: Reached,
    /// The checksum of these statements; `None` where the journal has none.
    pub done_checksum: Option<Checksum>,
    /// Statements it had.
    pub total: u32,
    /// The database's code for the error, where one was seen.
    pub error_code: Option<String>,
    /// The database's words.
    pub error_text: Option<String>,
    /// When it began, in UTC as RFC 3339.
    pub started_at: String,
}

impl Attempt {
    /// The statement that it has sent alone, counted from 0, because the server has refused it inside a transaction.
    #[must_use]
    pub fn alone(&self) -> Option<usize> {
        let next = self.done as usize;
        (self.error_text.as_deref() == Some(went_alone(next).as_str())).then_some(next)
    }
}

/// What the journal says of an attempt whose statement with this index was refused inside a transaction.
pub(crate) fn went_alone(index: usize) -> String {
    format!("statement {} was refused in a transaction, and went out alone", index + 1)
}

/// A run of another process that has begun and not ended.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Running {
    /// The run.
    pub run_id: String,
    /// Its command: `up`, `down`, `exec`, `repair` or `baseline`.
    pub command: String,
    /// Which way.
    pub direction: Direction,
    /// When it began, in UTC as RFC 3339.
    pub began: String,
    /// How long ago that was by the database's clock, when the journal was read.
    pub elapsed: Duration,
    /// Migrations that it is to take.
    pub migrations: u32,
    /// Migrations of these that have succeeded.
    pub migrations_done: u32,
    /// The migration that it is at, where the journal follows that statement by statement.
    pub attempt: Option<RunningAttempt>,
    /// Who started it.
    pub operator: Option<String>,
    /// On which machine.
    pub host: Option<String>,
    /// In which pod.
    pub pod: Option<String>,
    /// Whether it is known to be alive: its process holds the lock. Otherwise its process may have ended, but the server still
    /// works for it, or cannot be asked about the lock.
    pub certain: bool,
}

/// A migration that a run is at now, statement by statement.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct RunningAttempt {
    /// The migration.
    pub version: Version,
    /// Its name.
    pub name: String,
    /// Which way.
    pub direction: Direction,
    /// Statements that have taken effect.
    pub done: u32,
    /// Statements it has.
    pub total: u32,
    /// When the attempt began, in UTC as RFC 3339.
    pub began: String,
    /// How long ago that was by the database's clock, when the journal was read.
    pub elapsed: Duration,
}

impl RunningAttempt {
    /// The statement that runs now, counted from 1.
    #[must_use]
    pub fn statement(&self) -> u32 {
        (self.done + 1).min(self.total)
    }
}

impl fmt::Display for Running {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { run_id, command, elapsed, migrations, migrations_done, .. } = self;
        let state = if self.certain { "is running" } else { "may still be running" };
        write!(f, "run {run_id} {state}: {command} for {} s", elapsed.as_secs())?;
        match &self.attempt {
            Some(attempt) => {
                let RunningAttempt { version, name, total, .. } = attempt;
                write!(f, ", statement {} of {total} of migration {version} ({name})", attempt.statement())?;
            }
            None if *migrations > 0 => write!(f, ", {migrations_done} of {migrations} migrations done")?,
            None => {}
        }
        let origin = [("host", &self.host), ("pod", &self.pod), ("user", &self.operator)];
        origin.into_iter().try_for_each(|(what, value)| match value {
            Some(value) => write!(f, ", {what} {value}"),
            None => Ok(()),
        })
    }
}

/// Everything the plan needs to know of the past.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct History {
    /// In the order of their versions, no version twice.
    applied: Vec<Entry>,
    /// Attempts that left something behind and were not settled since.
    pub unsettled: Vec<Attempt>,
    /// The run of another process that is going on; looked for only by what reads without the lock.
    pub running: Option<Running>,
    /// Whether the ledger table exists.
    pub recorded: bool,
    /// The form of the journal; `None` where there is none.
    pub journal_form: Option<u32>,
    /// Tables that are there though nothing was ever applied here; looked up only while the ledger is empty.
    pub unmanaged_tables: Vec<String>,
}

impl History {
    /// One in which these migrations are applied, in whatever order they come; of two with one version the last one counts.
    #[must_use]
    pub fn of(applied: impl IntoIterator<Item = Entry>) -> Self {
        let mut history = Self { recorded: true, ..Self::default() };
        history.applied.extend(applied);
        history.applied.reverse();
        history.applied.sort_by(|a, b| a.version.cmp(&b.version));
        history.applied.dedup_by(|later, first| later.version == first.version);
        history
    }

    /// Applied migrations in the order of their versions.
    #[must_use]
    pub fn applied(&self) -> &[Entry] {
        &self.applied
    }

    /// The entry of a version.
    #[must_use]
    pub fn entry(&self, version: &Version) -> Option<&Entry> {
        self.place(version).ok().map(|at| &self.applied[at])
    }

    /// The highest applied version.
    #[must_use]
    pub fn highest(&self) -> Option<&Version> {
        self.applied.last().map(|entry| &entry.version)
    }

    /// One more is applied.
    pub(crate) fn apply(&mut self, entry: Entry) {
        match self.place(&entry.version) {
            Ok(at) => self.applied[at] = entry,
            Err(at) => self.applied.insert(at, entry),
        }
    }

    /// One is not applied any more.
    pub(crate) fn revert(&mut self, version: &Version) {
        if let Ok(at) = self.place(version) {
            self.applied.remove(at);
        }
    }

    fn place(&self, version: &Version) -> Result<usize, usize> {
        self.applied.binary_search_by(|entry| entry.version.cmp(version))
    }
}

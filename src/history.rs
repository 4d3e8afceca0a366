//! The history in the database: applied migrations, and attempts that were left half-way.

use std::borrow::Cow;
use std::fmt;
use std::time::Duration;

use crate::key::Key;
use crate::migration::Script;
use crate::sql::Checksum;
pub use crate::version::Direction;
use crate::version::{Version, VersionOrder};

/// One applied migration, as recorded in the ledger.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Entry {
    /// Its key.
    pub key: Key,
    /// Its name when it was applied.
    pub name: String,
    /// The checksum of the applied text; `None` where the ledger's format has none.
    pub checksum: Option<RecordedChecksum>,
    /// The checksum of the applied tokens; `None` where the ledger's format has none.
    pub token_checksum: Option<Checksum>,
    /// When and how it was applied; only where requested.
    pub details: Option<Details>,
}

impl Entry {
    /// An entry of which no more is known.
    #[must_use]
    pub fn new(key: impl Into<Key>, name: impl Into<String>) -> Self {
        Self { key: key.into(), name: name.into(), checksum: None, token_checksum: None, details: None }
    }

    /// The same entry, with its version in this order.
    fn ordered(self, order: VersionOrder) -> Self {
        match self.key.ordered(order) {
            Cow::Owned(key) => Self { key, ..self },
            Cow::Borrowed(_) => self,
        }
    }

    /// An entry for a migration that is applied now, in the native ledger format.
    #[must_use]
    pub fn of(key: impl Into<Key>, name: impl Into<String>, script: &Script) -> Self {
        let token_checksum = Some(script.token_checksum().clone());
        let checksum = Some(RecordedChecksum::of_text(script.checksum().as_str()));
        Self { checksum, token_checksum, ..Self::new(key, name) }
    }
}

/// A checksum from a history table, with the comparison that the table's format uses.
#[derive(Clone)]
pub struct RecordedChecksum {
    text: String,
    is_of: fn(&str, &Script) -> bool,
}

impl RecordedChecksum {
    /// A checksum in the native format: of the text with LF line endings.
    #[must_use]
    pub fn of_text(text: impl Into<String>) -> Self {
        Self::new(text, |text, script| text == script.checksum().as_str())
    }

    /// A checksum in a format that compares it with a file by `is_of`.
    #[must_use]
    pub fn new(text: impl Into<String>, is_of: fn(&str, &Script) -> bool) -> Self {
        Self { text: text.into(), is_of }
    }

    /// Whether it is the checksum of this script.
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

/// Ignores the comparison function, which is the same for all rows of a table.
impl PartialEq for RecordedChecksum {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Eq for RecordedChecksum {}

/// Details of an applied migration that `status` shows and a plan does not need.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Details {
    /// When it was applied, in UTC as RFC 3339.
    pub applied_at: String,
    /// How long it took to apply, where the history table says so.
    pub elapsed: Option<Duration>,
    /// The run that applied it, where the history table says so.
    pub run_id: Option<String>,
}

/// How an attempt ended that was neither completed nor rolled back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AttemptState {
    /// A statement failed after others had taken effect.
    Failed {
        /// The failed statement, counted from 1.
        statement: u32,
    },
    /// The process or its connection ended before the attempt did; the statement after the last finished one may or may not have run.
    Unfinished,
    /// The history table marks it as not successful; which of its statements have taken effect is unknown.
    Marked,
}

/// What the journal records about the statement at which a failed attempt stopped.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Reached {
    /// Nothing: the end of the attempt is not recorded, or an earlier release wrote it.
    #[default]
    Unrecorded,
    /// It had no effect, so the statement that is now at its position in the file has never run.
    WithoutEffect,
    /// It may have taken effect.
    InDoubt {
        /// The checksum of its text.
        checksum: Checksum,
        /// Its summary.
        summary: String,
    },
}

/// An attempt that may have left a migration half-way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attempt {
    /// Its key in the journal.
    pub id: String,
    /// The run that made it.
    pub run_id: String,
    /// The migration's key.
    pub key: Key,
    /// The migration's name at that time.
    pub name: String,
    /// The direction.
    pub direction: Direction,
    /// How it ended.
    pub state: AttemptState,
    /// The number of statements that are known to have taken effect.
    pub done: u32,
    /// The last statement that may have run, counted from 1: while a script holds table locks, nothing can be recorded.
    pub last: u32,
    /// What is known about the statement after those.
    pub reached: Reached,
    /// The checksum of the `done` statements; `None` where the journal has none.
    pub done_checksum: Option<Checksum>,
    /// The number of statements in the script at that time.
    pub total: u32,
    /// The database's error code, where there was one.
    pub error_code: Option<String>,
    /// The database's error message.
    pub error_text: Option<String>,
    /// When it began, in UTC as RFC 3339.
    pub started_at: String,
}

impl Attempt {
    /// An attempt of which only the mark in the history table is known.
    pub(crate) fn marked(id: String, entry: &Entry) -> Self {
        Self {
            id,
            run_id: String::new(),
            key: entry.key.clone(),
            name: entry.name.clone(),
            direction: Direction::Up,
            state: AttemptState::Marked,
            done: 0,
            last: 0,
            reached: Reached::Unrecorded,
            done_checksum: None,
            total: 0,
            error_code: None,
            error_text: None,
            started_at: entry.details.as_ref().map(|details| details.applied_at.clone()).unwrap_or_default(),
        }
    }

    /// The statement that it sent outside of a transaction, counted from 0, because the server had refused it inside one.
    #[must_use]
    pub fn alone(&self) -> Option<usize> {
        let next = self.done as usize;
        (self.error_text.as_deref() == Some(went_alone(next).as_str())).then_some(next)
    }
}

/// The journal's text for an attempt whose statement with this index was refused inside a transaction. It is read back: do not change it.
pub(crate) fn went_alone(index: usize) -> String {
    format!("statement {} was refused in a transaction, and went out alone", index + 1)
}

/// A run of another process that has started and not ended.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Running {
    /// The run's id.
    pub run_id: String,
    /// Its command: `up`, `down`, `exec`, `repair` or `baseline`.
    pub command: String,
    /// The direction.
    pub direction: Direction,
    /// When it began, in UTC as RFC 3339.
    pub began: String,
    /// The time since then by the database's clock, when the journal was read.
    pub elapsed: Duration,
    /// The number of migrations in its plan.
    pub migrations: u32,
    /// The number of these that have succeeded.
    pub migrations_done: u32,
    /// The current migration, where the journal records its statements one by one.
    pub attempt: Option<RunningAttempt>,
    /// Who started it.
    pub operator: Option<String>,
    /// The machine's host name.
    pub host: Option<String>,
    /// The Kubernetes pod.
    pub pod: Option<String>,
    /// Whether it is known to be alive, because its process holds the lock. If false, its process may have ended, but the server is still
    /// running its statement, or the lock's state is unknown.
    pub certain: bool,
}

/// The progress of the migration that a run is currently executing.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct RunningAttempt {
    /// The migration.
    pub key: Key,
    /// Its name.
    pub name: String,
    /// The direction.
    pub direction: Direction,
    /// The number of statements that have taken effect.
    pub done: u32,
    /// The number of statements in the migration.
    pub total: u32,
    /// When the attempt began, in UTC as RFC 3339.
    pub began: String,
    /// The time since then by the database's clock, when the journal was read.
    pub elapsed: Duration,
}

impl RunningAttempt {
    /// The statement that is running now, counted from 1.
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
                let RunningAttempt { key, name, total, .. } = attempt;
                write!(f, ", statement {} of {total} of migration {key} ({name})", attempt.statement())?;
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

/// The history that a plan is made from.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct History {
    /// In the order of their keys, which are unique.
    applied: Vec<Entry>,
    order: VersionOrder,
    /// Attempts that were left half-way and not resolved since.
    pub unsettled: Vec<Attempt>,
    /// The run of another process that is in progress; read only by commands that do not take the lock.
    pub running: Option<Running>,
    /// Whether the ledger table exists.
    pub recorded: bool,
    /// The format version of the journal; `None` where there is no journal.
    pub journal_form: Option<u32>,
    /// Tables that exist although no migration was ever applied; queried only while the ledger is empty.
    pub unmanaged_tables: Vec<String>,
}

impl History {
    /// A history with these applied migrations, in any order. Of two entries with the same key the last one counts.
    #[must_use]
    pub fn of(applied: impl IntoIterator<Item = Entry>) -> Self {
        Self::ordered(applied, VersionOrder::Numbers)
    }

    /// Like [`Self::of`], with versions in this order.
    #[must_use]
    pub fn ordered(applied: impl IntoIterator<Item = Entry>, order: VersionOrder) -> Self {
        let mut applied: Vec<Entry> = applied.into_iter().map(|entry| entry.ordered(order)).collect();
        applied.reverse();
        applied.sort_by(|a, b| a.key.cmp(&b.key));
        applied.dedup_by(|later, first| later.key == first.key);
        Self { applied, order, recorded: true, ..Self::default() }
    }

    /// Applied migrations in the order of their keys.
    #[must_use]
    pub fn applied(&self) -> &[Entry] {
        &self.applied
    }

    /// The entry of a key.
    #[must_use]
    pub fn entry(&self, key: &Key) -> Option<&Entry> {
        self.place(key).ok().map(|at| &self.applied[at])
    }

    /// The highest applied version.
    #[must_use]
    pub fn highest(&self) -> Option<&Version> {
        // Repeatable migrations come after all versions.
        self.applied.iter().rev().find_map(|entry| entry.key.version())
    }

    /// Adds an applied migration.
    pub(crate) fn apply(&mut self, entry: Entry) {
        let entry = entry.ordered(self.order);
        match self.place(&entry.key) {
            Ok(at) => self.applied[at] = entry,
            Err(at) => self.applied.insert(at, entry),
        }
    }

    /// Removes an applied migration.
    pub(crate) fn revert(&mut self, key: &Key) {
        if let Ok(at) = self.place(key) {
            self.applied.remove(at);
        }
    }

    fn place(&self, key: &Key) -> Result<usize, usize> {
        let key = key.ordered(self.order);
        self.applied.binary_search_by(|entry| entry.key.cmp(&key))
    }
}

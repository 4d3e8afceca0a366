//! What refuses a plan.

use std::path::PathBuf;
use std::sync::Arc;

use thiserror::Error;

use super::TableFault;
use super::said::said;
use crate::history::{Attempt, State};
use crate::migration::{Script, Version};
use crate::script::{BackslashMode, ScriptError};

/// A reason to refuse the plan.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum Objection {
    /// A statement is larger than the server takes.
    #[error(
        "migration {version} ({name}) has a statement of {bytes} bytes at line {line}, and the server takes {limit} (max_allowed_packet)"
    )]
    TooLarge {
        /// The version.
        version: Version,
        /// Its name.
        name: String,
        /// Where the statement begins.
        line: u32,
        /// How large it is.
        bytes: u64,
        /// How large it may be.
        limit: u64,
    },
    /// The journal was written by a newer version of this program.
    #[error("{table} has the form {form}, and this version of migrascope knows the forms up to {known}")]
    NewerTables {
        /// The journal.
        table: String,
        /// Its form.
        form: u32,
        /// The newest form that is known.
        known: u32,
    },
    /// A script that is needed cannot be split.
    #[error("{}: {}", path.display(), problems.first().map_or_else(String::new, ToString::to_string))]
    Unreadable {
        /// Its file.
        path: PathBuf,
        /// Its text.
        text: Arc<str>,
        /// Every problem of it, in the order of the text.
        problems: Vec<ScriptError>,
    },
    /// The session reads backslashes in strings in another way than usual, and a file that has some does not say which is meant.
    #[error("{script} has a backslash in a string at line {line}, and the session's {mode}")]
    Backslash {
        /// The migration, the hook or the health check.
        script: String,
        /// Its file.
        path: PathBuf,
        /// Where both readings part.
        line: u32,
        /// In characters, counted from 1.
        column: u32,
        /// What the session has.
        mode: BackslashMode,
    },
    /// An applied file's statements have changed.
    #[error("migration {version} ({name}) was changed after it was applied")]
    Changed {
        /// The version.
        version: Version,
        /// Its name on disk.
        name: String,
        /// Checksum in the ledger.
        applied: String,
        /// Checksum on disk.
        found: String,
    },
    /// An applied file that had no statements has some now.
    #[error("migration {version} ({name}) was empty when it was applied, has {} now and has never run", number(*.statements))]
    WasEmpty {
        /// The version.
        version: Version,
        /// Its name on disk.
        name: String,
        /// How many statements the file has now.
        statements: usize,
        /// Whether another migration above it is applied.
        late: bool,
    },
    /// More migrations would be reverted than were confirmed.
    #[error("{steps} migrations would be reverted, and {confirmed} were confirmed: others were applied meanwhile")]
    Unconfirmed {
        /// How many the plan has.
        steps: usize,
        /// How many were confirmed.
        confirmed: usize,
    },
    /// An applied migration has no file.
    #[error("migration {version} ({name}) is applied but its file is missing")]
    Missing {
        /// The version.
        version: Version,
        /// Its name in the ledger.
        name: String,
    },
    /// A pending version lies below the highest applied one.
    #[error("migration {version} ({name}) is pending but older than {highest}, which is applied")]
    OutOfOrder {
        /// The version.
        version: Version,
        /// Its name.
        name: String,
        /// The highest applied version.
        highest: Version,
    },
    /// An attempt left a migration half-way.
    #[error("{}", unsettled(.0))]
    Unsettled(Box<Attempt>),
    /// The last attempt has failed and left nothing, and the file is still the same.
    #[error("migration {version} ({name}) has failed when it was last tried, and its file is still the same")]
    Failed {
        /// The version.
        version: Version,
        /// Its name.
        name: String,
        /// The run that tried it.
        run_id: String,
        /// When that was, in UTC as RFC 3339.
        started_at: String,
        /// The database's code for the error, where one was seen.
        error_code: Option<String>,
        /// The database's words.
        error_text: Option<String>,
    },
    /// A step cannot be reverted.
    #[error("migration {version} ({name}) has no down script")]
    NoDown {
        /// The version.
        version: Version,
        /// Its name.
        name: String,
    },
    /// What shall be marked as applied is applied.
    #[error("migration {version} ({name}) is applied already")]
    Applied {
        /// The version.
        version: Version,
        /// Its name.
        name: String,
    },
    /// What shall be marked as reverted, or accepted, is not applied.
    #[error("migration {version} is not applied")]
    NotApplied {
        /// The version.
        version: Version,
    },
    /// There is no change to accept.
    #[error("the file of migration {version} ({name}) is as it was applied")]
    Unchanged {
        /// The version.
        version: Version,
        /// Its name.
        name: String,
    },
    /// A baseline is for a database without a history.
    #[error("there is a history already: {}", migrations(*.applied))]
    NotEmpty {
        /// Migrations that are applied.
        applied: usize,
    },
    /// A migration cannot go on that was not left half-way.
    #[error("migration {version} was not left half-way")]
    NothingToResume {
        /// The version.
        version: Version,
    },
    /// Statements that have taken effect are not those of the file any more.
    #[error("migration {version} ({name}) cannot go on: {}", rewritten(*.done))]
    Rewritten {
        /// The version.
        version: Version,
        /// Its name.
        name: String,
        /// How many have taken effect.
        done: u32,
    },
    /// What a statement has left in its session is needed, and ended with that session.
    #[error("migration {version} ({name}) cannot go on: statement {statement} (line {line}, {summary}) {what}")]
    SessionLost {
        /// The version.
        version: Version,
        /// Its name.
        name: String,
        /// The statement, counted from 1.
        statement: usize,
        /// Its line in the file.
        line: u32,
        /// What it does.
        summary: String,
        /// What it did to its session, as the end of a sentence.
        what: &'static str,
    },
    /// The statement that was running when the attempt ended may have taken effect or not; several, where nothing could be noted between.
    #[error("{}", said(*.statement, *.last, .version, .name, .summary))]
    InDoubt {
        /// The version.
        version: Version,
        /// Its name.
        name: String,
        /// The statement, counted from 1.
        statement: usize,
        /// The last one.
        last: usize,
        /// What it does, or what they do.
        summary: String,
    },
    /// Tables of unknown origin, and no history: what these migrations do may be done already.
    #[error("the database has {} but no history of migrations", count(.tables))]
    Unmanaged {
        /// Their names, with a schema where it is not that of the history.
        tables: Vec<String>,
    },
    /// Row-level security hides rows of a history table, so that what is applied would look pending.
    #[error("row-level security hides rows of the history table {table} from {user}")]
    RowsHidden {
        /// The table in quotes, with its schema.
        table: String,
        /// Our user.
        user: String,
    },
    /// A history table is another role's, or has what could run another role's code with our rights.
    #[error("the history cannot be trusted: {}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
    Untrusted(Vec<TableFault>),
    /// The ledger is not where it would be made, but in another schema.
    #[error("the history of migrations is elsewhere: {}", elsewhere(ledger, home.as_deref(), schemas))]
    LedgerElsewhere {
        /// Its name, without a schema.
        ledger: String,
        /// The journal's name, without a schema.
        journal: String,
        /// The schema where it would be made, if there is one.
        home: Option<String>,
        /// The schemas that have a table of this name.
        schemas: Vec<String>,
    },
    /// The ledger has rows, and the journal is not where it would be made, but in another schema.
    #[error("the journal of migrations is elsewhere: {}", elsewhere(journal, home.as_deref(), schemas))]
    JournalElsewhere {
        /// Its name, without a schema.
        journal: String,
        /// The schema where it would be made, if there is one.
        home: Option<String>,
        /// The schemas that have a table of this name.
        schemas: Vec<String>,
    },
    /// The statement that may have taken effect is not in the file as it was tried.
    #[error(
        "statement {statement} of migration {version} ({name}) may have taken effect, and is not in the file as it was tried: {summary}"
    )]
    Replaced {
        /// The version.
        version: Version,
        /// Its name.
        name: String,
        /// The statement, counted from 1.
        statement: usize,
        /// What the one did that was tried.
        summary: String,
    },
    /// The target is neither on disk nor applied.
    #[error("there is no migration {version}")]
    UnknownTarget {
        /// The version asked for.
        version: Version,
    },
}

fn elsewhere(table: &str, home: Option<&str>, schemas: &[String]) -> String {
    let there = match schemas {
        [only] => format!("in schema {only}"),
        several => format!("in the schemas {}", first_of(several)),
    };
    match home {
        Some(home) => format!("{table} is {there}, and not in schema {home}, where it would be made"),
        None => format!("{table} is {there}, and the search path leads to no schema"),
    }
}

/// The first names of many.
fn first_of(names: &[String]) -> String {
    const SHOWN: usize = 3;
    match names.len() {
        0..=SHOWN => names.join(", "),
        many => format!("{} and {} more", names[..SHOWN].join(", "), many - SHOWN),
    }
}

fn number(count: usize) -> String {
    if count == 1 { "1 statement".to_owned() } else { format!("{count} statements") }
}

pub(super) fn count(tables: &[String]) -> String {
    match tables {
        [only] => format!("a table ({only})"),
        several => format!("{} tables ({})", several.len(), first_of(several)),
    }
}

fn migrations(applied: usize) -> String {
    match applied {
        0 => "a migration was left half-way".to_owned(),
        1 => "1 migration is applied".to_owned(),
        applied => format!("{applied} migrations are applied"),
    }
}

fn rewritten(done: u32) -> String {
    match done {
        1 => "its first statement has taken effect, and has changed since".to_owned(),
        done => format!("of its first {done} statements, which have taken effect, some have changed since"),
    }
}

fn unsettled(attempt: &Attempt) -> String {
    let Attempt { version, name, done, total, direction, .. } = attempt;
    let way = direction.word();
    match attempt.state {
        State::Failed { statement } => {
            let effect = match done {
                0 => "whether it took effect is not known".to_owned(),
                1 => "the first has taken effect".to_owned(),
                done => format!("the first {done} have taken effect"),
            };
            format!("migration {version} ({name}) failed half-way {way} at statement {statement} of {total}: {effect}")
        }
        State::Unfinished => format!(
            "migration {version} ({name}) was not finished on its way {way}: {done} of {total} statements took effect for certain"
        ),
    }
}

impl Objection {
    /// The one to a script that cannot be split; `None` where it can be.
    pub(super) fn of(script: &Script) -> Option<Self> {
        script.parsed().err().map(|problems| Self::unreadable(script, problems))
    }

    pub(super) fn unreadable(script: &Script, problems: &[ScriptError]) -> Self {
        let (path, text) = (script.path().to_owned(), Arc::clone(script.text()));
        Self::Unreadable { path, text, problems: problems.to_vec() }
    }
}

//! The reasons to refuse a plan.

use std::path::PathBuf;
use std::sync::Arc;

use thiserror::Error;

use super::TableFault;
use super::said::said;
use crate::history::{Attempt, AttemptState};
use crate::migration::{Key, Script, Version};
use crate::script::{BackslashMode, ScriptError};

/// A reason to refuse the plan.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum Objection {
    /// A statement is larger than the server accepts.
    #[error(
        "migration {key} ({name}) has a statement of {bytes} bytes at line {line}, but the server accepts {limit} at most (max_allowed_packet)"
    )]
    TooLarge {
        /// The migration's key.
        key: Key,
        /// Its name.
        name: String,
        /// Where the statement begins.
        line: u32,
        /// Its size in bytes.
        bytes: u64,
        /// The server's limit in bytes.
        limit: u64,
    },
    /// The journal was written by a newer version of this program.
    #[error("{table} has format version {form}, but this version of migrascope supports versions up to {known}")]
    NewerTables {
        /// The journal table.
        table: String,
        /// Its format version.
        form: u32,
        /// The newest format version that this program supports.
        known: u32,
    },
    /// A required script cannot be split into statements.
    #[error("{}: {}", path.display(), problems.first().map_or_else(String::new, ToString::to_string))]
    Unreadable {
        /// Its file.
        path: PathBuf,
        /// Its text.
        text: Arc<str>,
        /// Every problem in it, in the order of the text.
        problems: Vec<ScriptError>,
    },
    /// The session reads backslashes in strings in a non-default way, and the meaning of a file depends on it.
    #[error("{script} has a backslash in a string at line {line}, and the session's {mode}")]
    Backslash {
        /// The migration, the hook or the health check.
        script: String,
        /// Its file.
        path: PathBuf,
        /// Where the two readings differ.
        line: u32,
        /// The column in characters, counted from 1.
        column: u32,
        /// The session's mode.
        mode: BackslashMode,
    },
    /// An applied file's statements have changed.
    #[error("migration {key} ({name}) was changed after it was applied")]
    Changed {
        /// The migration's key.
        key: Key,
        /// Its name on disk.
        name: String,
        /// Checksum in the ledger.
        applied: String,
        /// Checksum on disk.
        found: String,
    },
    /// An applied file had no statements when it was applied and has some now.
    #[error("migration {key} ({name}) was empty when it was applied, has {} now and has never run", number(*.statements))]
    WasEmpty {
        /// The migration's key.
        key: Key,
        /// Its name on disk.
        name: String,
        /// How many statements the file has now.
        statements: usize,
        /// Whether a migration with a higher version is applied.
        late: bool,
    },
    /// More migrations would be reverted than were confirmed.
    #[error("{steps} migrations would be reverted, and {confirmed} were confirmed: others were applied meanwhile")]
    Unconfirmed {
        /// The number of steps in the plan.
        steps: usize,
        /// The number of confirmed steps.
        confirmed: usize,
    },
    /// An applied migration has no file.
    #[error("migration {key} ({name}) is applied but its file is missing")]
    Missing {
        /// The migration's key.
        key: Key,
        /// Its name in the ledger.
        name: String,
    },
    /// A pending version is lower than the highest applied one.
    #[error("migration {key} ({name}) is pending but older than {highest}, which is applied")]
    OutOfOrder {
        /// The migration's key.
        key: Key,
        /// Its name.
        name: String,
        /// The highest applied version.
        highest: Version,
    },
    /// An attempt left a migration half-way.
    #[error("{}", unsettled(.0))]
    Unsettled(Box<Attempt>),
    /// The last attempt failed and left nothing behind, and the file has not changed since.
    #[error("migration {key} ({name}) failed on its last attempt, and its file has not changed since")]
    Failed {
        /// The migration's key.
        key: Key,
        /// Its name.
        name: String,
        /// The run of that attempt.
        run_id: String,
        /// When the attempt started, in UTC as RFC 3339.
        started_at: String,
        /// The database's error code, where there was one.
        error_code: Option<String>,
        /// The database's error message.
        error_text: Option<String>,
    },
    /// A step cannot be reverted.
    #[error("migration {key} ({name}) has no down script")]
    NoDown {
        /// The migration's key.
        key: Key,
        /// Its name.
        name: String,
    },
    /// A migration to mark as applied is already applied.
    #[error("migration {key} ({name}) is already applied")]
    Applied {
        /// The migration's key.
        key: Key,
        /// Its name.
        name: String,
    },
    /// A migration to mark as reverted, or whose changes to accept, is not applied.
    #[error("migration {key} is not applied")]
    NotApplied {
        /// The migration's key.
        key: Key,
    },
    /// There is no change to accept.
    #[error("the file of migration {key} ({name}) has not changed since it was applied")]
    Unchanged {
        /// The migration's key.
        key: Key,
        /// Its name.
        name: String,
    },
    /// A baseline requires a database without a history.
    #[error("the database already has a history: {}", migrations(*.applied))]
    NotEmpty {
        /// The number of applied migrations.
        applied: usize,
    },
    /// A migration to resume was not left half-way.
    #[error("migration {key} was not left half-way")]
    NothingToResume {
        /// The migration's key.
        key: Key,
    },
    /// The file has changed in statements that have taken effect.
    #[error("migration {key} ({name}) cannot be resumed: {}", rewritten(*.done))]
    Rewritten {
        /// The migration's key.
        key: Key,
        /// Its name.
        name: String,
        /// The number of statements that have taken effect.
        done: u32,
    },
    /// The rest of the script needs session state that ended with the session of the failed attempt.
    #[error("migration {key} ({name}) cannot be resumed: statement {statement} (line {line}, {summary}) {what}")]
    SessionLost {
        /// The migration's key.
        key: Key,
        /// Its name.
        name: String,
        /// The statement, counted from 1.
        statement: usize,
        /// Its line in the file.
        line: u32,
        /// What it does.
        summary: String,
        /// What it did to its session, as a predicate.
        what: &'static str,
    },
    /// The statement that was running when the attempt ended may or may not have taken effect; several statements, where nothing could be
    /// recorded in between.
    #[error("{}", said(*.statement, *.last, .key, .name, .summary))]
    InDoubt {
        /// The migration's key.
        key: Key,
        /// Its name.
        name: String,
        /// The statement, counted from 1.
        statement: usize,
        /// The last statement in doubt, counted from 1.
        last: usize,
        /// A summary of the statement or statements.
        summary: String,
    },
    /// The database has tables but no history: these migrations may have created them already.
    #[error("the database has {} but no history of migrations", count(.tables))]
    Unmanaged {
        /// Their names, with the schema where it differs from the history's.
        tables: Vec<String>,
    },
    /// Row-level security hides rows of a history table, so that applied migrations would look pending.
    #[error("row-level security hides rows of the history table {table} from {user}")]
    RowsHidden {
        /// The quoted table name, with its schema.
        table: String,
        /// The user that the runner is connected as.
        user: String,
    },
    /// A history table belongs to another role, or has an object that could run another role's code with this user's privileges.
    #[error("the history cannot be trusted: {}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
    Untrusted(Vec<TableFault>),
    /// The ledger is not in the schema where it would be created, but in another one.
    #[error("the history table is in another schema: {}", elsewhere(ledger, home.as_deref(), schemas))]
    LedgerElsewhere {
        /// Its table name, without a schema.
        ledger: String,
        /// The journal's table name, without a schema.
        journal: String,
        /// The schema where it would be created, if there is one.
        home: Option<String>,
        /// The schemas that contain a table with this name.
        schemas: Vec<String>,
    },
    /// The ledger has rows, but the journal is not in the schema where it would be created, but in another one.
    #[error("the journal is in another schema: {}", elsewhere(journal, home.as_deref(), schemas))]
    JournalElsewhere {
        /// Its table name, without a schema.
        journal: String,
        /// The schema where it would be created, if there is one.
        home: Option<String>,
        /// The schemas that contain a table with this name.
        schemas: Vec<String>,
    },
    /// The file no longer contains the statement that may have taken effect.
    #[error(
        "statement {statement} of migration {key} ({name}) may have taken effect, but the file no longer contains it: {summary}"
    )]
    Replaced {
        /// The migration's key.
        key: Key,
        /// Its name.
        name: String,
        /// The statement, counted from 1.
        statement: usize,
        /// A summary of the statement that was attempted.
        summary: String,
    },
    /// The target is neither on disk nor applied.
    #[error("there is no migration {key}")]
    UnknownTarget {
        /// The requested key.
        key: Key,
    },
}

fn elsewhere(table: &str, home: Option<&str>, schemas: &[String]) -> String {
    let there = match schemas {
        [only] => format!("in schema {only}"),
        several => format!("in the schemas {}", first_of(several)),
    };
    match home {
        Some(home) => format!("{table} is {there}, not in schema {home}, where it would be created"),
        None => format!("{table} is {there}, and no schema in the search path exists"),
    }
}

/// The first few names, and how many more there are.
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
        done => format!("some of its first {done} statements, which have taken effect, have changed since"),
    }
}

fn unsettled(attempt: &Attempt) -> String {
    let Attempt { key, name, done, total, direction, .. } = attempt;
    let way = direction.word();
    match attempt.state {
        AttemptState::Failed { statement } => {
            let effect = match done {
                0 => "it is unknown whether it took effect".to_owned(),
                1 => "the first has taken effect".to_owned(),
                done => format!("the first {done} have taken effect"),
            };
            format!("migration {key} ({name}) failed half-way {way} at statement {statement} of {total}: {effect}")
        }
        AttemptState::Unfinished => format!(
            "migration {key} ({name}) was interrupted half-way {way}: {done} of {total} statements are known to have taken effect"
        ),
        AttemptState::Marked => format!(
            "migration {key} ({name}) is marked as not successful in the history table: it is unknown which of its statements have taken effect"
        ),
    }
}

impl Objection {
    /// The objection to a script that cannot be split; `None` where it can be.
    pub(super) fn of(script: &Script) -> Option<Self> {
        script.parsed().err().map(|problems| Self::unreadable(script, problems))
    }

    pub(super) fn unreadable(script: &Script, problems: &[ScriptError]) -> Self {
        let (path, text) = (script.path().to_owned(), Arc::clone(script.file_text()));
        Self::Unreadable { path, text, problems: problems.to_vec() }
    }
}

//! What stands between us and the database: URL, network, login, lock.

use std::time::Duration;

use migrascope::Error;
use migrascope::database::{DatabaseError, ErrorKind, Holder, Identity, UrlError};

use super::diagnosis::Diagnosis;
use crate::cli::words;

pub(super) fn url(error: &UrlError) -> Diagnosis {
    let diagnosis = Diagnosis::error(error.to_string());
    match error {
        UrlError::UnknownParameter { .. } => {
            return diagnosis
                .help("correct its name, or leave it out; --connection-init \"SET name = value\" sets what the server has a name for");
        }
        UrlError::Parameter { .. } => return diagnosis,
        _ => {}
    }
    diagnosis
        .help("a URL reads postgres://user:password@host:5432/database, mysql://… alike, or sqlite://path/to/file.db")
}

pub(super) fn refused(error: &Error, source: &DatabaseError) -> Diagnosis {
    let mut diagnosis = Diagnosis::error(error.to_string()).note(said(source));
    if let Error::Connect { expected, .. } = error {
        diagnosis.add_help(source.hint.clone().or_else(|| connect_advice(expected, source)));
    }
    diagnosis
}

fn connect_advice(expected: &Identity, source: &DatabaseError) -> Option<String> {
    let Identity { system, database, .. } = expected;
    Some(match source.kind {
        ErrorKind::Pooled => ANOTHER_POOL.to_owned(),
        ErrorKind::Authentication => "check user and password of the database URL; characters such as @ : / # in them \
             are written percent-encoded, as in p%40ss"
            .to_owned(),
        ErrorKind::NoDatabase => {
            format!("create the database {database} first, or correct its name in the database URL")
        }
        ErrorKind::Unsupported => "migrations need the locks and transactions of PostgreSQL, MySQL, MariaDB or SQLite; docs/databases.md names \
             the servers that are known not to have them"
            .to_owned(),
        ErrorKind::NoSchema => "create it with CREATE SCHEMA, grant USAGE on it, or correct its name in the database URL".to_owned(),
        ErrorKind::ReadOnly => "name the primary in the database URL".to_owned(),
        ErrorKind::Permission => {
            format!("let the user connect to {database}, or correct the database's name in the database URL")
        }
        ErrorKind::LockTimeout => "another session keeps the file locked: nothing was changed; run again when it has ended".to_owned(),
        _ if *system == "sqlite" => "check that the file's directory exists and can be written; only up makes a file that is not there"
            .to_owned(),
        // The driver passes rustls's words on as an input error.
        _ if source.message.contains("certificate") => {
            "name the CA that has signed the server's certificate with sslrootcert=FILE in the URL's query (ssl-ca for MySQL \
             and MariaDB), or install it in the system; with verify-full the host must be named in the certificate"
                .to_owned()
        }
        _ if source.message.starts_with("TLS") => {
            "the two sides do not agree on TLS: sslmode=disable, prefer, require, verify-ca or verify-full in the URL's \
             query (ssl-mode for MySQL and MariaDB) says what is wanted"
                .to_owned()
        }
        ErrorKind::Connect if source.code.is_some() => "the server answers, but has no connection for us now: see whether \
             it is still starting, close idle connections, or raise its limit or that of the user"
            .to_owned(),
        ErrorKind::Connect | ErrorKind::Lost => {
            let endpoint = words::endpoint(expected).unwrap_or_else(|| "localhost".to_owned());
            format!("check that the server runs and can be reached at {endpoint} from here")
        }
        _ => return None,
    })
}

pub(super) fn pooled(error: &Error) -> Diagnosis {
    Diagnosis::error(error.to_string()).help(format!("{ANOTHER_POOL}; nothing was changed"))
}

const ANOTHER_POOL: &str = "give migrations a URL that leads to the server itself, or to a pool in session mode";

pub(super) fn abandoned(error: &Error) -> Diagnosis {
    Diagnosis::error(error.to_string())
        .note("our connections were dropped; with them the server ends what it was doing, when it answers again")
        .help("then run migrascope status: it says what is applied, and what was left half-way; and run again")
}

pub(super) fn read_only(error: &Error) -> Diagnosis {
    Diagnosis::error(error.to_string())
        .help("migrations write: point the database URL at the primary, or at a file that this user may write")
}

pub(super) fn locked(waited: Duration, holder: Option<&Holder>) -> Diagnosis {
    let diagnosis = Diagnosis::error(match waited.as_millis() {
        0..100 => "another runner has the lock".to_owned(),
        _ => format!("the lock was not obtained within {}", words::duration(waited)),
    });
    let diagnosis = match holder {
        Some(holder) => diagnosis.note(words::holder(holder)),
        None => diagnosis.note("the server does not tell who holds it"),
    };
    diagnosis
        .help("the lock is free as soon as its holder finishes or its connection ends; --lock-wait 10min waits longer")
}

pub(super) fn own(error: &Error, source: &DatabaseError) -> Diagnosis {
    let mut diagnosis = Diagnosis::error(error.to_string()).note(said(source));
    diagnosis.add_notes(source.detail.iter().map(|detail| format!("detail: {detail}")));
    // A right that is missing is named by the statement that gives it.
    let grant = source.hint.as_ref().filter(|hint| source.kind == ErrorKind::Permission && hint.starts_with("GRANT "));
    if let Some(grant) = grant {
        return diagnosis.help(format!("let the tables' owner run {grant}"));
    }
    diagnosis.add_notes(source.hint.iter().map(|hint| format!("hint: {hint}")));
    match source.kind {
        ErrorKind::Permission => diagnosis
            .help("the user must be able to read the two history tables, and for up and down to create and write them"),
        ErrorKind::Pooled => diagnosis.help(ANOTHER_POOL),
        ErrorKind::Lost => {
            diagnosis.help("the connection ended: run again, the next run finds out how far this one came")
        }
        ErrorKind::Unsupported => {
            diagnosis.help("name the server itself, one that both connections reach; nothing was changed")
        }
        _ => diagnosis,
    }
}

/// The database's words with its code.
fn said(source: &DatabaseError) -> String {
    words::coded(&source.message, source.code.as_deref())
}

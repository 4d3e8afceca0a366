//! Problems on the way to the database: URL, network, login, lock.

use std::time::Duration;

use migrascope::Error;
use migrascope::database::{DatabaseError, ErrorKind, Holder, ServerInfo, UrlError};

use super::diagnosis::Diagnosis;
use crate::cli::words;

pub(super) fn url(error: &UrlError) -> Diagnosis {
    let diagnosis = Diagnosis::error(error.to_string());
    match error {
        UrlError::UnknownParameter { .. } => {
            return diagnosis.help(
                "correct the name, or remove it; --connection-init \"SET name = value\" sets a setting of the server",
            );
        }
        UrlError::Parameter { .. } => return diagnosis,
        _ => {}
    }
    diagnosis.help(
        "expected a URL such as postgres://user:password@host:5432/database, mysql://… or sqlite://path/to/file.db",
    )
}

pub(super) fn refused(error: &Error, source: &DatabaseError) -> Diagnosis {
    let mut diagnosis = Diagnosis::error(error.to_string()).note(message(source));
    if let Error::Connect { expected, .. } = error {
        diagnosis.add_help(source.hint.clone().or_else(|| connect_advice(expected, source)));
    }
    diagnosis
}

fn connect_advice(expected: &ServerInfo, source: &DatabaseError) -> Option<String> {
    let ServerInfo { system, database, .. } = expected;
    Some(match source.kind {
        ErrorKind::Pooled => ANOTHER_POOL.to_owned(),
        ErrorKind::Authentication => "check user and password in the database URL; characters such as @ : / # in them \
             are written percent-encoded, as in p%40ss"
            .to_owned(),
        ErrorKind::NoDatabase => {
            format!("create the database {database} first, or correct its name in the database URL")
        }
        ErrorKind::Unsupported => "migrations need the locks and transactions of PostgreSQL, MySQL, MariaDB or SQLite; docs/databases.md names \
             the servers that are known to lack them"
            .to_owned(),
        ErrorKind::NoSchema => "create it with CREATE SCHEMA, grant USAGE on it, or correct its name in the database URL".to_owned(),
        ErrorKind::ReadOnly => "name the primary in the database URL".to_owned(),
        ErrorKind::Permission => {
            format!("let the user connect to {database}, or correct the database's name in the database URL")
        }
        ErrorKind::LockTimeout => "another session keeps the file locked: nothing was changed; run again after it has ended".to_owned(),
        _ if *system == "sqlite" => "check that the file's directory exists and can be written; only up creates a missing file"
            .to_owned(),
        // The driver passes rustls's words on as an input error.
        _ if source.message.contains("certificate") => {
            "set the CA that signed the server's certificate with sslrootcert=FILE in the URL's query (ssl-ca for MySQL \
             and MariaDB), or install it in the system; with verify-full the host must be named in the certificate"
                .to_owned()
        }
        _ if source.message.starts_with("TLS") => {
            "client and server do not agree on TLS: set sslmode=disable, prefer, require, verify-ca or verify-full in the URL's \
             query (ssl-mode for MySQL and MariaDB)"
                .to_owned()
        }
        ErrorKind::Connect if source.code.is_some() => "the server refuses connections for now: check whether it is still \
             starting, close idle connections, or raise its connection limit or the user's"
            .to_owned(),
        ErrorKind::Connect | ErrorKind::Lost => {
            let endpoint = words::endpoint(expected).unwrap_or_else(|| "localhost".to_owned());
            format!("check that the server is running and can be reached at {endpoint}")
        }
        _ => return None,
    })
}

pub(super) fn pooled(error: &Error) -> Diagnosis {
    Diagnosis::error(error.to_string()).help(format!("{ANOTHER_POOL}; nothing was changed"))
}

const ANOTHER_POOL: &str = "use a URL of the server itself, or of a pool in session mode";

pub(super) fn abandoned(error: &Error) -> Diagnosis {
    Diagnosis::error(error.to_string())
        .note("the connections were dropped; the server ends their work when it responds again")
        .help("then run migrascope status to see what is applied and what was left half-way, and run again")
}

pub(super) fn read_only(error: &Error) -> Diagnosis {
    Diagnosis::error(error.to_string())
        .help("migrations write: point the database URL at the primary, or at a file that this user may write")
}

pub(super) fn locked(waited: Duration, holder: Option<&Holder>) -> Diagnosis {
    let diagnosis = Diagnosis::error(match waited.as_millis() {
        0..100 => "another runner holds the lock".to_owned(),
        _ => format!("the lock was not acquired within {}", words::duration(waited)),
    });
    let diagnosis = match holder {
        Some(holder) => diagnosis.note(words::holder(holder)),
        None => diagnosis.note("the server does not report who holds it"),
    };
    diagnosis
        .help("the lock is free as soon as its holder finishes or its connection ends; --lock-wait 10min waits longer")
}

pub(super) fn own(error: &Error, source: &DatabaseError) -> Diagnosis {
    let mut diagnosis = Diagnosis::error(error.to_string()).note(message(source));
    diagnosis.add_notes(source.detail.iter().map(|detail| format!("detail: {detail}")));
    // A missing privilege is named by the statement that grants it.
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
            diagnosis.help("the connection was lost: run again; the next run finds out how far this one got")
        }
        ErrorKind::Unsupported => diagnosis
            .help("use a URL of the server itself, so that both connections reach the same one; nothing was changed"),
        _ => diagnosis,
    }
}

/// The database's message with its code.
fn message(source: &DatabaseError) -> String {
    words::coded(&source.message, source.code.as_deref())
}

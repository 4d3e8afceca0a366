//! How a statement affects the transaction around it.

use crate::sql::{Dialect, StatementKind};

use super::head::Head;
use super::pragma;
use super::token::Token;

/// The kind of statement that these tokens form.
pub(super) fn of(dialect: Dialect, tokens: &[Token<'_>]) -> StatementKind {
    let head = Head::of(tokens);
    transaction(dialect, head.clone())
        .or_else(|| match dialect {
            Dialect::Postgres => concurrent_index(head.clone()).or_else(|| refused_by_postgres(head).map(outside)),
            Dialect::Sqlite => sqlite(head),
            Dialect::Mysql => None,
        })
        .unwrap_or(StatementKind::Ordinary)
}

fn outside(what: &'static str) -> StatementKind {
    StatementKind::NoTransaction { what }
}

fn transaction(dialect: Dialect, mut head: Head<'_, '_>) -> Option<StatementKind> {
    if head.take("BEGIN") {
        return begin(dialect, head);
    }
    if head.take_phrase(&["START", "TRANSACTION"]) {
        return Some(StatementKind::Begin { plain: head.is_empty() });
    }
    if head.take("COMMIT") || dialect != Dialect::Mysql && head.take("END") {
        return Some(if head.is("PREPARED") { outside("COMMIT PREPARED") } else { StatementKind::Commit });
    }
    if head.take("ROLLBACK") || dialect == Dialect::Postgres && head.take("ABORT") {
        return rollback(head);
    }
    None
}

fn begin(dialect: Dialect, mut head: Head<'_, '_>) -> Option<StatementKind> {
    if head.is("NOT") {
        return None;
    }
    if dialect == Dialect::Sqlite {
        head.take_any(&["DEFERRED", "IMMEDIATE", "EXCLUSIVE"]);
    }
    head.take_any(&["WORK", "TRANSACTION"]);
    Some(StatementKind::Begin { plain: head.is_empty() })
}

fn rollback(mut head: Head<'_, '_>) -> Option<StatementKind> {
    if head.is("PREPARED") {
        return Some(outside("ROLLBACK PREPARED"));
    }
    head.take_any(&["WORK", "TRANSACTION"]);
    (!head.is("TO")).then_some(StatementKind::Rollback)
}

fn concurrent_index(mut head: Head<'_, '_>) -> Option<StatementKind> {
    let concurrent = if head.take("CREATE") {
        head.take("UNIQUE");
        head.take_phrase(&["INDEX", "CONCURRENTLY"])
    } else if head.take("REINDEX") {
        reindexes_concurrently(head)
    } else {
        head.take_phrase(&["DROP", "INDEX", "CONCURRENTLY"])
    };
    concurrent.then_some(StatementKind::ConcurrentIndex)
}

fn reindexes_concurrently(mut head: Head<'_, '_>) -> bool {
    let options = head.clone();
    head.take_group();
    let listed = options.rest().len() - head.rest().len();
    let listed = options.rest()[..listed].iter().any(|token| token.is_word("CONCURRENTLY"));
    head.next();
    listed || head.is("CONCURRENTLY")
}

/// PostgreSQL commands that fail with "cannot run inside a transaction block".
fn refused_by_postgres(mut head: Head<'_, '_>) -> Option<&'static str> {
    const PHRASES: [(&[&str], &str); 13] = [
        (&["VACUUM"], "VACUUM"),
        (&["CREATE", "DATABASE"], "CREATE DATABASE"),
        (&["DROP", "DATABASE"], "DROP DATABASE"),
        (&["CREATE", "TABLESPACE"], "CREATE TABLESPACE"),
        (&["DROP", "TABLESPACE"], "DROP TABLESPACE"),
        (&["ALTER", "SYSTEM"], "ALTER SYSTEM"),
        (&["CREATE", "SUBSCRIPTION"], "CREATE SUBSCRIPTION"),
        (&["DROP", "SUBSCRIPTION"], "DROP SUBSCRIPTION"),
        (&["PREPARE", "TRANSACTION"], "PREPARE TRANSACTION"),
        (&["DISCARD", "ALL"], "DISCARD ALL"),
        (&["REINDEX", "DATABASE"], "REINDEX DATABASE"),
        (&["REINDEX", "SYSTEM"], "REINDEX SYSTEM"),
        (&["REINDEX", "SCHEMA"], "REINDEX SCHEMA"),
    ];
    PHRASES
        .iter()
        .find_map(|(phrase, what)| head.clone().take_phrase(phrase).then_some(*what))
        .or_else(|| if head.take("ALTER") { refused_alter(head) } else { refused_with_options(head) })
}

fn refused_alter(mut head: Head<'_, '_>) -> Option<&'static str> {
    if head.take("DATABASE") {
        return holds_phrase(&head, &["SET", "TABLESPACE"]).then_some("ALTER DATABASE SET TABLESPACE");
    }
    if head.take("TABLE") {
        let detaches = holds_phrase(&head, &["DETACH", "PARTITION"]) && head.holds("CONCURRENTLY");
        return detaches.then_some("ALTER TABLE DETACH PARTITION CONCURRENTLY");
    }
    (head.take("SUBSCRIPTION") && refreshes(&head)).then_some("ALTER SUBSCRIPTION REFRESH")
}

/// Changing the list of publications triggers a refresh, unless the statement turns it off.
fn refreshes(head: &Head<'_, '_>) -> bool {
    holds_phrase(head, &["REFRESH", "PUBLICATION"]) || head.holds("PUBLICATION") && !head.holds("FALSE")
}

/// `REINDEX (VERBOSE) DATABASE`, and `CLUSTER` without a table.
fn refused_with_options(mut head: Head<'_, '_>) -> Option<&'static str> {
    if head.take("CLUSTER") {
        head.take("VERBOSE");
        head.take_group();
        return head.is_empty().then_some("CLUSTER");
    }
    if !head.take("REINDEX") {
        return None;
    }
    head.take_group();
    [("DATABASE", "REINDEX DATABASE"), ("SYSTEM", "REINDEX SYSTEM"), ("SCHEMA", "REINDEX SCHEMA")]
        .into_iter()
        .find_map(|(word, what)| head.is(word).then_some(what))
}

fn holds_phrase(head: &Head<'_, '_>, words: &[&str]) -> bool {
    head.rest().windows(words.len()).any(|window| window.iter().zip(words).all(|(token, word)| token.is_word(word)))
}

/// SQLite commands that fail inside a transaction, settings that have no effect there, and savepoints.
fn sqlite(mut head: Head<'_, '_>) -> Option<StatementKind> {
    match () {
        () if head.take("VACUUM") => Some(outside("VACUUM")),
        () if head.take("SAVEPOINT") => Some(StatementKind::Savepoint),
        () if head.take("RELEASE") => Some(StatementKind::Release),
        () => pragma::kind(head),
    }
}

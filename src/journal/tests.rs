//! The SQL of the journal for each database, tested without a server.

use std::time::Duration;

use super::{Ending, Journal};
use crate::database::{ConnectOptions, SecretUrl, Sql, open};
use crate::event::{Command, RunContext};
use crate::report::{Outcome, RowsAffected, Stages};

fn sql(url: &str) -> Box<dyn Sql> {
    open(&SecretUrl::new(url), ConnectOptions::default()).expect("a URL").sql()
}

#[test]
fn a_run_begins_and_ends_in_the_words_of_each_database() {
    let context = RunContext { run_id: "run 1".to_owned(), ..RunContext::new() };
    let journal = Journal::new("history", &context, Command::Up);
    let ending = Ending {
        outcome: Outcome::Success,
        error: None,
        steps_done: 2,
        elapsed: Duration::from_millis(1500),
        stages: Stages::default(),
        lock_retries: 0,
        rows: RowsAffected::default(),
    };
    for (url, table, ago) in [
        #[cfg(feature = "postgres")]
        ("postgres://h/d", r#""history""#, "pg_catalog.clock_timestamp() - interval '1500000 microseconds'"),
        #[cfg(feature = "mysql")]
        ("mysql://h/d", "`d`.`history`", "UTC_TIMESTAMP(6) - INTERVAL 1500000 MICROSECOND"),
        #[cfg(feature = "sqlite")]
        ("sqlite://d.db", r#""main"."history""#, "'now', '-1.500 seconds')"),
    ] {
        let sql = sql(url);
        let started = journal.run_started(&*sql, 2, Duration::from_millis(1500));
        assert!(started.starts_with(&format!("INSERT INTO {table} (id, kind, run_id")), "{started}");
        assert!(started.contains(ago), "{started}");
        let finished = journal.run_finished(&*sql, &ending);
        assert!(finished.starts_with(&format!("UPDATE {table} SET outcome = ")), "{finished}");
        for part in ["statements_done = 2", "elapsed_ms = 1500.000", "lock_ms = NULL", "AND outcome = 'executing'"] {
            assert!(finished.contains(part), "{part} is missing in {finished}");
        }
    }
}

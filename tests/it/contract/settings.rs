//! A script sees the same server settings as any other client, and the server's limits for idle sessions do not end a run.

use std::time::Duration;

use migrascope::event::Command;
use migrascope::run::LockWait;
use migrascope::{Error, Options};

use super::locking::SlowRunner;
use crate::support::{Backend, TestDatabase, on};

const SEEN: &str = "CREATE TABLE seen AS SELECT current_setting('TimeZone') AS t, current_setting('DateStyle') AS d;";

fn alter(database: &TestDatabase, setting: &str) {
    database.query(&format!("ALTER DATABASE {} SET {setting}", database.value("SELECT current_database()")));
}

#[test]
fn time_zone_and_date_style_are_those_of_any_client() {
    on(Backend::Postgres, |database| {
        alter(database, "TimeZone = 'Asia/Tokyo'");
        alter(database, "DateStyle = 'ISO, DMY'");
        let convert = "CREATE TABLE stamps (at timestamp, day date);\nINSERT INTO stamps VALUES ('2020-06-01 12:00', '01/02/2020');\n\
             ALTER TABLE stamps ALTER COLUMN at TYPE timestamptz;";
        let directory = database.migrations(&[
            ("1_convert.sql", convert),
            ("2_set.sql", "SET TimeZone = 'America/New_York';\nSET DateStyle = 'ISO, YMD';"),
            ("3_seen.sql", SEEN),
        ]);
        database.up(&directory).unwrap();
        let stamp = "SELECT to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI') || ' ' || to_char(day, 'YYYY-MM-DD') FROM stamps";
        assert_eq!(database.value(stamp), "2020-06-01 03:00 2020-02-01");
        assert_eq!(
            database.value("SELECT t || ', ' || d FROM seen"),
            "Asia/Tokyo, ISO, DMY",
            "also after another script"
        );
        let times = "SELECT count(*) FROM _migrascope_journal WHERE abs(extract(epoch FROM clock_timestamp() - started_at)) < 3600";
        assert_eq!(database.value(times), "5", "our own times are the same moments");
    });
}

#[test]
fn the_servers_configuration_counts_where_nothing_else_is_set() {
    on(Backend::Postgres, |database| {
        database.up(&database.migrations(&[("1_seen.sql", SEEN)])).unwrap();
        let configured = "SELECT setting FROM pg_file_settings WHERE applied AND lower(name) = 'timezone'";
        let configured = Some(database.value(configured)).filter(|zone| !zone.is_empty());
        let expected = configured.unwrap_or_else(|| database.value("SHOW log_timezone"));
        assert_eq!(database.value("SELECT t FROM seen"), expected);
    });
}

#[test]
fn what_connection_init_sets_counts_most() {
    on(Backend::Postgres, |database| {
        alter(database, "TimeZone = 'Asia/Tokyo'");
        let directory = database.migrations(&[("1_seen.sql", SEEN)]);
        let mut command = database.binary(&directory);
        command.args(["up", "--connection-init", "SET TimeZone = 'America/New_York'"]);
        assert!(command.output().unwrap().status.success());
        assert_eq!(database.value("SELECT t FROM seen"), "America/New_York");
    });
}

/// Waits for a lock that another process holds, longer than the server keeps idle sessions.
fn outlasts_the_limit(database: &TestDatabase) {
    let runner = SlowRunner::start(database);
    let directory = database.migrations(&[("1_slow.sql", database.slow())]);
    let options = Options { wait: LockWait::For(Duration::from_secs(4)), ..Options::default() };
    let error = database.run(Command::Up, &directory, options).0.unwrap_err();
    assert!(matches!(error.cause, Error::Lock { .. }), "{error:?}");
    drop(runner);
}

#[test]
fn a_waiting_run_outlasts_the_servers_limit_for_idle_sessions() {
    on(Backend::Postgres, |database| {
        if database.value("SELECT current_setting('server_version_num')::integer < 140000") == "t" {
            return;
        }
        alter(database, "idle_session_timeout = '1s'");
        outlasts_the_limit(database);
    });
    on(Backend::Mysql, |database| {
        // init_connect may set a limit for every user's sessions; this test uses the run's connection-init.
        let directory = database.migrations(&[("1_a.sql", "CREATE TABLE seen AS SELECT @@SESSION.wait_timeout AS t;")]);
        database.up(&directory).unwrap();
        assert_eq!(database.value("SELECT CAST(t >= 86400 AS CHAR) FROM seen"), "1");
    });
}

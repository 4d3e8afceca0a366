//! `--connection-init` in read-only commands: it changes session settings, but nothing in the database.

use migrascope::database::{self, Access, ConnectOptions, SecretUrl};

use crate::support::{TestDatabase, block_on, on_each};

/// Whether a session for this access can be opened with this initial statement.
fn begins(database: &TestDatabase, access: Access, init: &str) -> Result<(), String> {
    let options = ConnectOptions { application: "migrascope/test".into(), init: vec![init.into()] };
    let connector = database::open(&SecretUrl::new(database.url.clone()), options).unwrap();
    let session = block_on(connector.session(access, None));
    session.map(drop).map_err(|error| error.message)
}

#[test]
fn a_statement_that_changes_something_is_refused_where_nothing_is_changed() {
    on_each(|database| {
        database.query("CREATE TABLE kept (i INTEGER)");
        for access in [Access::Read, Access::Watch, Access::Check] {
            for init in ["CREATE TABLE made (i INTEGER)", "INSERT INTO kept VALUES (1)", "DROP TABLE kept"] {
                let refused = begins(database, access, init).expect_err(init);
                let words = ["read-only", "readonly", "READ ONLY"];
                assert!(words.iter().any(|word| refused.contains(word)), "{access:?} {init}: {refused}");
            }
        }
        assert_eq!(database.value("SELECT count(*) FROM kept"), "0");
        begins(database, Access::Write, "CREATE TABLE made (i INTEGER)").expect("a run may change what it likes");
        assert_eq!(database.value("SELECT count(*) FROM made"), "0");
    });
}

#[test]
fn health_checks_write_their_row_behind_such_a_statement() {
    on_each(|database| {
        let directory = database.migrations(&[("1_a.sql", "CREATE TABLE a (i INTEGER)")]);
        database.up(&directory).unwrap();
        let init = "SELECT 1".to_owned();
        let migrator = migrascope::Migrator::builder()
            .url(&database.url)
            .directory(directory)
            .connection_init(init)
            .health_checks()
            .build()
            .unwrap();
        let report = block_on(migrator.health()).unwrap();
        let checks = report.health.unwrap().checks;
        let written = checks.iter().find(|check| check.name == "write_rollback").unwrap();
        assert_eq!(written.status, migrascope::report::CheckStatus::Ok, "{written:?}");
    });
}

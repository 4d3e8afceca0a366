//! Faults of PostgreSQL, each reported by its name. Faults that need a dedicated server are tested in scripts/try-health.

use migrascope::database::{Access, Query};
use migrascope::report::{CheckStatus, Unit};
use migrascope::{Error, Migrator, Options, Report, RunError, layout};

use super::{TABLE, checked, ended, health, health_at, only_failure, up};
use crate::support::{Backend, Log, TestDatabase, block_on, connector, on};

/// A role that may use the database and its schema, and how to connect as it; dropped at the end.
struct Role<'d> {
    database: &'d TestDatabase,
    name: String,
    url: String,
}

impl<'d> Role<'d> {
    fn new(database: &'d TestDatabase, how: &str) -> Self {
        let name = format!("r{}", uuid::Uuid::now_v7().simple());
        database.query(&format!("CREATE ROLE {name} LOGIN PASSWORD 'ordinary' {how}"));
        let url = database.url.replace("postgres:throwaway-s3cret@", &format!("{name}:ordinary@"));
        Self { database, name, url }
    }

    fn query(&self, sql: &str) {
        self.database.query(&sql.replace("{role}", &self.name));
    }
}

impl Drop for Role<'_> {
    fn drop(&mut self) {
        self.query("DROP OWNED BY {role} CASCADE");
        self.query("DROP ROLE {role}");
    }
}

fn run_as(role: &Role<'_>, options: Options) -> Result<Report, RunError> {
    let connector = connector(&role.url);
    let set = layout::Reader::directory(role.database.migrations(&[TABLE]), connector.dialect()).migrations().unwrap();
    let migrator = Migrator::new(connector, set, options);
    let mut log = Log::default();
    block_on(migrator.up().observe(&mut log))
}

#[test]
fn an_invalid_index_is_found() {
    on(Backend::Postgres, |database| {
        database.query("CREATE TABLE orders (number INTEGER)");
        database.query("INSERT INTO orders VALUES (1), (1)");
        let connector = database.connector();
        block_on(async {
            let mut session = connector.session(Access::Write, None).await.unwrap();
            let sql = "CREATE UNIQUE INDEX CONCURRENTLY orders_number_key ON orders (number)";
            session.query(Query::InPath(sql)).await.expect_err("there are duplicates");
        });
        let failed = only_failure(health(database, &[]));
        assert_eq!(failed.name, "invalid_indexes");
        assert_eq!(failed.message, "1 found: public.orders_number_key on public.orders");
        assert_eq!((failed.value, failed.threshold, failed.unit), (Some(1.0), Some(1.0), Some(Unit::Count)));
        assert!(failed.help.unwrap().contains("REINDEX INDEX CONCURRENTLY"));
        database.query("DROP INDEX orders_number_key");
        health(database, &[]).unwrap();
    });
}

#[test]
fn an_index_that_somebody_is_building_is_no_fault() {
    on(Backend::Postgres, |database| {
        database.query("CREATE TABLE orders (number INTEGER)");
        let connector = database.connector();
        block_on(async {
            let mut writer = connector.session(Access::Write, None).await.unwrap();
            writer.query(Query::InPath("BEGIN; INSERT INTO orders VALUES (1)")).await.unwrap();
            let mut builder = connector.session(Access::Write, None).await.unwrap();
            let building = tokio::spawn(async move {
                builder.query(Query::InPath("CREATE INDEX CONCURRENTLY orders_number ON orders (number)")).await
            });
            let mut watcher = connector.session(Access::Read, None).await.unwrap();
            let invalid =
                "SELECT 1 FROM pg_index WHERE NOT indisvalid AND indexrelid::regclass::text = 'orders_number'";
            while watcher.query(Query::InPath(invalid)).await.unwrap().is_empty() {
                tokio::task::yield_now().await;
            }
            let (url, options) = (database.url.clone(), checked(database, &[]));
            // It waits for the writer, so it cannot finish before the check.
            let report = std::thread::spawn(move || health_at(&url, options)).join().unwrap().unwrap();
            ended(&report, "invalid_indexes", CheckStatus::Ok);
            writer.query(Query::InPath("COMMIT")).await.unwrap();
            building.await.unwrap().unwrap();
        });
    });
}

#[test]
fn a_constraint_that_was_not_validated_is_found() {
    on(Backend::Postgres, |database| {
        let script = "CREATE TABLE a (i INTEGER);\nCREATE DOMAIN small AS INTEGER;\n\
             ALTER TABLE a ADD CONSTRAINT \"a Positive\" CHECK (i > 0) NOT VALID;\n\
             ALTER DOMAIN small ADD CONSTRAINT small_max CHECK (VALUE < 10) NOT VALID;";
        let report = up(database, &[("1_a.sql", script)], &[]).expect("it is left so on purpose");
        let warning = ended(&report, "unvalidated_constraints", CheckStatus::Warn);
        assert_eq!(warning.message, "2 found: \"a Positive\" on public.a; small_max on public.small");
        assert!(warning.help.unwrap().contains("VALIDATE CONSTRAINT"));
        ended(&health(database, &[]).unwrap(), "unvalidated_constraints", CheckStatus::Warn);
        database.query("ALTER TABLE a VALIDATE CONSTRAINT \"a Positive\"");
        database.query("ALTER DOMAIN small VALIDATE CONSTRAINT small_max");
        ended(&health(database, &[]).unwrap(), "unvalidated_constraints", CheckStatus::Ok);
    });
}

#[test]
fn a_database_that_has_become_read_only_is_found() {
    on(Backend::Postgres, |database| {
        let name = database.url.rsplit('/').next().unwrap();
        let script =
            format!("CREATE TABLE a (i INTEGER);\nALTER DATABASE {name} SET default_transaction_read_only = on;");
        let error = up(database, &[("1_a.sql", &script)], &[]).unwrap_err();
        let Error::Unhealthy { failed } = &error.cause else { panic!("{error:?}") };
        let names: Vec<&str> = failed.iter().map(|check| check.name.as_str()).collect();
        assert_eq!(names, ["write_rollback", "writable"], "the session that migrated still writes, a new one does not");
        assert_eq!(failed[0].message, "cannot execute INSERT in a read-only transaction (25006)");
        assert_eq!(failed[1].message, "the database is read-only: default_transaction_read_only is on");
        assert_eq!(database.value("SELECT outcome FROM _migrascope_journal WHERE kind = 'run'"), "error");
    });
}

#[test]
fn a_role_without_connections_left_is_refused_by_name() {
    on(Backend::Postgres, |database| {
        // One session migrates, one holds the lock, and no further connection is allowed.
        let role = Role::new(database, "CONNECTION LIMIT 2");
        role.query("GRANT ALL ON SCHEMA public TO {role}");
        let failed = only_failure(run_as(&role, checked(database, &[])));
        assert_eq!(failed.name, "connect");
        assert_eq!(failed.message, format!("too many connections for role \"{}\" (53300)", role.name));
        assert_eq!(database.applied(), ["1"], "and it is applied all the same");
    });
}

#[test]
fn what_a_role_may_not_see_is_skipped() {
    on(Backend::Postgres, |database| {
        up(database, &[TABLE], &[]).unwrap();
        let role = Role::new(database, "");
        let report = health_at(&role.url, checked(database, &[])).unwrap();
        for name in ["read", "write_rollback"] {
            let check = ended(&report, name, CheckStatus::Skipped);
            assert!(check.message.starts_with("not permitted: permission denied"), "{check:?}");
        }
        for name in ["writable", "invalid_indexes", "unvalidated_constraints", "connections"] {
            ended(&report, name, CheckStatus::Ok);
        }
    });
}

#[test]
fn connections_are_counted_without_those_that_are_reserved() {
    on(Backend::Postgres, |database| {
        let report = health(database, &[]).unwrap();
        let check = ended(&report, "connections", CheckStatus::Ok);
        assert!(check.message.ends_with(" of 297 used"), "three of 300 are for superusers: {check:?}");
        assert_eq!((check.threshold, check.unit), (Some(0.8), Some(Unit::Ratio)));
    });
}

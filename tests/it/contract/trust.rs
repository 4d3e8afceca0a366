//! History tables that another role has created, or has attached code to, are refused by name before anything is written or run.

use std::path::PathBuf;

use migrascope::plan::{Objection, TableFault, TableFaultKind};
use migrascope::report::CheckStatus;
use migrascope::{Error, Migrator, Options, layout};

use crate::support::{Backend, TestDatabase, block_on, connector, on, on_each, query};

const LEDGER: &str = "_migrascope_migrations";
const JOURNAL: &str = "_migrascope_journal";

/// A history of one migration, and another file.
fn begun(database: &TestDatabase) -> PathBuf {
    let directory = database.migrations(&[("1_a.sql", "CREATE TABLE a (i INTEGER)")]);
    database.up(&directory).unwrap();
    std::fs::write(directory.join("2_b.sql"), "CREATE TABLE b (i INTEGER)").unwrap();
    directory
}

fn migrator(url: &str, directory: &std::path::Path) -> Migrator {
    let connector = connector(url);
    let set = layout::Reader::directory(directory, connector.dialect()).migrations().unwrap();
    Migrator::new(connector, set, Options::default())
}

#[track_caller]
pub(super) fn faults(error: Error) -> Vec<TableFaultKind> {
    match error {
        Error::Refused(objections) => match objections.as_slice() {
            [Objection::Untrusted(faults)] => faults.iter().map(|TableFault { kind, .. }| kind.clone()).collect(),
            other => panic!("{other:?}"),
        },
        other => panic!("{other:?}"),
    }
}

/// Every command reports the same, and changes nothing.
#[track_caller]
fn refused(database: &TestDatabase, url: &str, directory: &std::path::Path, expected: &TableFaultKind) {
    let migrator = migrator(url, directory);
    let expected = vec![expected.clone()];
    assert_eq!(faults(block_on(migrator.up()).unwrap_err().cause), expected);
    assert_eq!(faults(block_on(migrator.down()).unwrap_err().cause), expected);
    let health = block_on(migrator.health()).unwrap_err().report.health.unwrap();
    let read = health.checks.iter().find(|check| check.name == "read").unwrap();
    assert!(read.status == CheckStatus::Fail && read.message.starts_with("the history cannot be trusted"), "{read:?}");
    let written = health.checks.iter().find(|check| check.name == "write_rollback").unwrap();
    assert_eq!(written.status, CheckStatus::Skipped);
    assert_eq!(database.value("SELECT count(*) FROM a"), "0");
}

#[test]
fn a_trigger_on_our_tables_is_refused_by_name() {
    on_each(|database| {
        for table in [LEDGER, JOURNAL] {
            let database = TestDatabase::fresh(database.backend).unwrap();
            let directory = begun(&database);
            match database.backend {
                Backend::Sqlite => database.query(&format!(
                    "CREATE TRIGGER planted AFTER INSERT ON {table} BEGIN INSERT INTO a VALUES (1); END"
                )),
                Backend::Mysql => database.query(&format!(
                    "CREATE TRIGGER planted AFTER INSERT ON {table} FOR EACH ROW INSERT INTO a VALUES (1)"
                )),
                Backend::Postgres => database.query(&format!(
                    "CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN INSERT INTO public.a VALUES (1); RETURN NULL; END'; \
                     CREATE TRIGGER planted AFTER INSERT ON {table} EXECUTE FUNCTION f()"
                )),
            };
            let expected = TableFaultKind::Trigger("planted".into());
            refused(&database, &database.url, &directory, &expected);
            assert_eq!(faults(block_on(migrator(&database.url, &directory).status()).unwrap_err()), [expected]);
        }
    });
}

#[test]
fn a_view_in_the_place_of_a_table_is_refused() {
    on_each(|database| {
        let directory = begun(database);
        database.query(&format!("ALTER TABLE {LEDGER} RENAME TO kept"));
        database.query(&format!("CREATE VIEW {LEDGER} AS SELECT * FROM kept"));
        refused(database, &database.url, &directory, &TableFaultKind::NoTable);
        assert_eq!(
            faults(block_on(migrator(&database.url, &directory).status()).unwrap_err()),
            [TableFaultKind::NoTable]
        );
    });
}

#[test]
fn what_else_could_run_code_is_refused_by_name_on_postgresql() {
    for (sql, expected) in [
        ("CREATE RULE r AS ON INSERT TO {} DO ALSO INSERT INTO public.a VALUES (1)", TableFaultKind::Rule("r".into())),
        ("ALTER TABLE {} ALTER name SET DEFAULT f()", TableFaultKind::Column("name".into())),
        (
            "CREATE FUNCTION now() RETURNS text LANGUAGE sql AS 'SELECT f()'; ALTER TABLE {} ALTER name SET DEFAULT public.now()",
            TableFaultKind::Column("name".into()),
        ),
        (
            "CREATE FUNCTION now() RETURNS text LANGUAGE sql AS 'SELECT f()'; SET search_path = public, pg_catalog; \
             ALTER TABLE {} ALTER name SET DEFAULT now()",
            TableFaultKind::Column("name".into()),
        ),
        (
            "ALTER TABLE {} ADD more text GENERATED ALWAYS AS (upper(name)) STORED",
            TableFaultKind::Column("more".into()),
        ),
        ("CREATE DOMAIN d AS varchar(255); ALTER TABLE {} ALTER name TYPE d", TableFaultKind::Column("name".into())),
        ("ALTER TABLE {} ADD CONSTRAINT k CHECK (f() <> name) NOT VALID", TableFaultKind::Check("k".into())),
        ("CREATE INDEX x ON {} (upper(name))", TableFaultKind::Index("public.x".into())),
    ] {
        on(Backend::Postgres, |_| {
            for table in [LEDGER, JOURNAL] {
                let database = TestDatabase::fresh(Backend::Postgres).unwrap();
                let directory = begun(&database);
                database.query("CREATE FUNCTION f() RETURNS text LANGUAGE plpgsql AS 'BEGIN INSERT INTO public.a VALUES (1); RETURN NULL; END'");
                database.query(&sql.replace("{}", table));
                refused(&database, &database.url, &directory, &expected);
            }
        });
    }
}

/// Roles of the test, dropped at the end.
struct Roles {
    names: Vec<String>,
    admin: String,
}

impl Roles {
    fn of(database: &TestDatabase, names: &[&str]) -> Self {
        let (_, of) = database.url.rsplit_once('/').unwrap();
        let names: Vec<String> = names.iter().map(|name| format!("{name}_{of}")).collect();
        for name in &names {
            database.query(&format!(
                "CREATE ROLE {name} LOGIN PASSWORD 'throwaway'; GRANT CREATE, USAGE ON SCHEMA public TO {name}"
            ));
        }
        Self { names, admin: database.url.clone() }
    }

    fn url(&self, index: usize) -> String {
        let (_, host) = self.admin.rsplit_once('@').unwrap();
        format!("postgres://{}:throwaway@{host}", self.names[index])
    }
}

impl Drop for Roles {
    fn drop(&mut self) {
        for name in &self.names {
            query(&self.admin, &format!("DROP OWNED BY {name} CASCADE"));
            query(&self.admin, &format!("DROP ROLE {name}"));
        }
    }
}

#[test]
fn tables_that_another_role_has_made_beforehand_are_refused_unless_that_role_is_trusted() {
    on(Backend::Postgres, |database| {
        let roles = Roles::of(database, &["low", "team"]);
        let [low, team] = [0, 1].map(|index| roles.names[index].clone());
        let directory = begun(database);
        database.query(&format!("GRANT ALL ON {LEDGER}, {JOURNAL} TO {low}, {team}"));
        // Tables of a superuser are accepted.
        assert_eq!(block_on(migrator(&roles.url(1), &directory).up()).unwrap().steps.len(), 1);
        for table in [LEDGER, JOURNAL] {
            database.query(&format!("ALTER TABLE {table} OWNER TO {low}"));
        }
        database.query(&format!("GRANT ALL ON {LEDGER}, {JOURNAL} TO {team}"));
        let owner = TableFaultKind::Owner(low.clone());
        for url in [roles.url(1), database.url.clone()] {
            let migrator = migrator(&url, &directory);
            let expected = [owner.clone(), owner.clone()];
            assert_eq!(faults(block_on(migrator.up()).unwrap_err().cause), expected, "{url}");
            // Reading an ordinary table runs no code of its owner.
            assert_eq!(block_on(migrator.status()).unwrap().schema.applied, 2, "{url}");
        }
        // The owner itself, a member of it, and the owner of the schema for a user who is not a superuser.
        block_on(migrator(&roles.url(0), &directory).up()).unwrap();
        database.query(&format!("GRANT {low} TO {team}"));
        block_on(migrator(&roles.url(1), &directory).up()).unwrap();
        database.query(&format!("REVOKE {low} FROM {team}"));
        faults(block_on(migrator(&roles.url(1), &directory).up()).unwrap_err().cause);
        database.query(&format!("ALTER SCHEMA public OWNER TO {low}"));
        block_on(migrator(&roles.url(1), &directory).up()).unwrap();
        faults(block_on(migrator(&database.url, &directory).up()).unwrap_err().cause);
        database.query("ALTER SCHEMA public OWNER TO CURRENT_USER");
    });
}

#[test]
fn a_trigger_that_is_made_while_a_migration_runs_does_not_run() {
    on(Backend::Postgres, |_| {
        for (script, table) in [
            ("CREATE TABLE b (i INTEGER);\n{}", JOURNAL),
            ("CREATE TABLE b (i INTEGER);\n{}", LEDGER),
            ("-- migrascope: no-transaction\n{};\nCREATE TABLE b (i INTEGER)", JOURNAL),
        ] {
            let database = TestDatabase::fresh(Backend::Postgres).unwrap();
            let directory = begun(&database);
            database.query("CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN INSERT INTO public.a VALUES (1); RETURN NULL; END'");
            // Another session could do this at the same moment; the script simulates it.
            let planted = format!("CREATE TRIGGER planted AFTER INSERT OR UPDATE ON {table} EXECUTE FUNCTION f()");
            std::fs::write(directory.join("2_b.sql"), script.replace("{}", &planted)).unwrap();
            let error = block_on(migrator(&database.url, &directory).up()).unwrap_err().cause;
            let Error::Migration { failure, .. } = &error else { panic!("{error:?}") };
            let said = format!("the history table {table} has the trigger planted");
            assert!(failure.message.replace("public.", "") == said, "{}", failure.message);
            assert_eq!(database.value("SELECT count(*) FROM a"), "0");
        }
    });
}

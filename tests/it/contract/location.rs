//! One history, whatever the search path is: a history in another schema is reported, and never started again.

use migrascope::history::Direction;
use migrascope::plan::Objection;
use migrascope::run::WaitCondition;
use migrascope::{Error, Migrator, Options, layout};
use std::path::Path;
use std::time::Duration;

use crate::support::{Backend, TestDatabase, block_on, connector, on};

/// A new role that owns the database, and a URL for it; dropped at the end.
struct Role {
    name: String,
    url: String,
    admin: String,
}

impl Role {
    fn new(database: &TestDatabase) -> Self {
        let name = format!("r{}", uuid::Uuid::now_v7().simple());
        let (server, of) = database.url.rsplit_once('/').unwrap();
        let host = server.rsplit_once('@').unwrap().1;
        database.query(&format!("CREATE ROLE {name} LOGIN PASSWORD 'throwaway'"));
        database.query(&format!("ALTER DATABASE {of} OWNER TO {name}"));
        database.query(&format!("ALTER SCHEMA public OWNER TO {name}"));
        Self { url: format!("postgres://{name}:throwaway@{host}/{of}"), name, admin: database.url.clone() }
    }

    fn migrator(&self, directory: &Path, options: Options) -> Migrator {
        at(&self.url, directory, options)
    }
}

impl Drop for Role {
    fn drop(&mut self) {
        for sql in ["REASSIGN OWNED BY {} TO CURRENT_USER", "DROP OWNED BY {}", "DROP ROLE {}"] {
            crate::support::query(&self.admin, &sql.replace("{}", &self.name));
        }
    }
}

fn at(url: &str, directory: &Path, options: Options) -> Migrator {
    let connector = connector(url);
    let set = layout::Reader::directory(directory, connector.dialect()).migrations().unwrap();
    Migrator::new(connector, set, options)
}

fn elsewhere(error: Error) -> (Option<String>, Vec<String>) {
    let Error::Refused(objections) = error else { panic!("{error:?}") };
    match objections.as_slice() {
        [Objection::LedgerElsewhere { home, schemas, .. }] => (home.clone(), schemas.clone()),
        other => panic!("{other:?}"),
    }
}

fn tables(ledger: &str, journal: &str) -> Options {
    Options { ledger_table: ledger.into(), journal_table: journal.into(), ..Options::default() }
}

#[test]
fn a_role_whose_search_path_has_moved_finds_its_history_or_is_refused() {
    on(Backend::Postgres, |database| {
        let role = Role::new(database);
        let directory = database.migrations(&[
            (
                "1_move.sql",
                "CREATE SCHEMA IF NOT EXISTS safe;\nCREATE TABLE IF NOT EXISTS safe.ledger (amount int);\n\
                 INSERT INTO safe.ledger VALUES (100);\nALTER ROLE CURRENT_USER SET search_path TO safe, public;\n",
            ),
            ("2_more.sql", "INSERT INTO safe.ledger VALUES (200)"),
        ]);
        let migrator = role.migrator(&directory, Options::default());
        let options = Options {
            health: migrascope::health::Health::Check { custom: Vec::new(), thresholds: Default::default() },
            ..Options::default()
        };
        let report = block_on(role.migrator(&directory, options).up()).unwrap();
        assert_eq!(report.steps.len(), 2);
        let read = report.health.unwrap().checks.into_iter().find(|check| check.name == "read").unwrap();
        assert_eq!(read.message, "the ledger has 2 rows", "the checks read the history of this run");

        let expected = (Some("safe".to_owned()), vec!["public".to_owned()]);
        assert_eq!(elsewhere(block_on(migrator.up()).unwrap_err().cause), expected);
        assert_eq!(elsewhere(block_on(migrator.plan(Direction::Up)).unwrap_err()), expected);
        assert_eq!(elsewhere(block_on(migrator.status()).unwrap_err()), expected);
        assert_eq!(elsewhere(block_on(migrator.look()).map(drop).unwrap_err()), expected);
        let condition = WaitCondition { version: None, timeout: Duration::from_secs(60) };
        assert_eq!(elsewhere(block_on(migrator.wait(condition)).unwrap_err().cause), expected);
        let health = block_on(migrator.health()).unwrap_err().report.health.unwrap();
        let read = health.checks.iter().find(|check| check.name == "read").unwrap();
        assert!(read.message.contains("_migrascope_migrations is in schema public"), "{}", read.message);
        assert_eq!(database.value("SELECT sum(amount) FROM safe.ledger"), "300");

        let named = tables("public._migrascope_migrations", "public._migrascope_journal");
        assert!(block_on(role.migrator(&directory, named).up()).unwrap().steps.is_empty());
        let half = tables("public._migrascope_migrations", "_migrascope_journal");
        let Error::Refused(objections) = block_on(role.migrator(&directory, half).up()).unwrap_err().cause else {
            panic!("the journal is elsewhere as well")
        };
        assert!(matches!(objections.as_slice(), [Objection::JournalElsewhere { .. }]), "{objections:?}");
    });
}

#[test]
fn a_schema_with_the_name_of_the_user_hides_no_history() {
    on(Backend::Postgres, |database| {
        let role = Role::new(database);
        let directory = database.migrations(&[("1_a.sql", "CREATE TABLE IF NOT EXISTS public.a (i INTEGER)")]);
        let migrator = role.migrator(&directory, Options::default());
        block_on(migrator.up()).unwrap();
        database.query(&format!("CREATE SCHEMA AUTHORIZATION {}", role.name));
        let (home, schemas) = elsewhere(block_on(migrator.up()).unwrap_err().cause);
        assert_eq!((home, schemas), (Some(role.name.clone()), vec!["public".to_owned()]));
        // An unreadable ledger is found as well.
        database.query("ALTER TABLE _migrascope_migrations OWNER TO postgres");
        database.query("ALTER SCHEMA public OWNER TO postgres");
        elsewhere(block_on(migrator.up()).unwrap_err().cause);
    });
}

#[test]
fn a_search_path_that_leads_nowhere_hides_no_history() {
    on(Backend::Postgres, |database| {
        let role = Role::new(database);
        let directory = database.migrations(&[("1_a.sql", "CREATE TABLE IF NOT EXISTS public.a (i INTEGER)")]);
        block_on(role.migrator(&directory, Options::default()).up()).unwrap();
        let (_, name) = database.url.rsplit_once('/').unwrap();
        database.query(&format!("ALTER DATABASE {name} SET search_path TO nowhere"));
        let (home, _) = elsewhere(block_on(role.migrator(&directory, Options::default()).up()).unwrap_err().cause);
        assert_eq!(home, None);
    });
}

#[test]
fn a_tenant_begins_beside_the_others_where_its_schema_is_chosen() {
    on(Backend::Postgres, |database| {
        let role = Role::new(database);
        let directory = database.migrations(&[("1_a.sql", "CREATE TABLE a (i INTEGER)")]);
        for schema in ["tenant_a", "tenant_b", "tenant_c", "tenant_d"] {
            database.query(&format!("CREATE SCHEMA {schema} AUTHORIZATION {}", role.name));
        }
        // The schema is chosen by the connection's own settings.
        let with_path = |schema: &str| format!("{}?options=-csearch_path%3D{schema}", role.url);
        for schema in ["tenant_a", "tenant_b"] {
            let migrator = at(&with_path(schema), &directory, Options::default());
            assert_eq!(block_on(migrator.up()).unwrap().steps.len(), 1, "{schema}");
            assert!(block_on(migrator.up()).unwrap().steps.is_empty(), "{schema}");
        }
        // The schema is chosen by the role's settings, perhaps unintentionally; then by the name of the ledger.
        database.query(&format!("ALTER ROLE {} SET search_path TO tenant_c", role.name));
        let (home, schemas) =
            elsewhere(block_on(role.migrator(&directory, Options::default()).up()).unwrap_err().cause);
        assert_eq!((home.as_deref(), schemas), (Some("tenant_c"), vec!["tenant_a".to_owned(), "tenant_b".to_owned()]));
        let named = tables("tenant_c._migrascope_migrations", "_migrascope_journal");
        let migrator = role.migrator(&directory, named);
        assert_eq!(block_on(migrator.up()).unwrap().steps.len(), 1);
        assert!(block_on(migrator.up()).unwrap().steps.is_empty());
        assert!(block_on(role.migrator(&directory, Options::default()).up()).unwrap().steps.is_empty());
        assert_eq!(database.value("SELECT count(*) FROM pg_tables WHERE tablename = 'a'"), "3");
    });
}

#[test]
fn neither_an_attached_database_nor_a_temporary_table_takes_the_place_of_the_history() {
    on(Backend::Sqlite, |database| {
        let other = TestDatabase::fresh(Backend::Sqlite).unwrap();
        let directory = other.migrations(&[("1_a.sql", "CREATE TABLE a (i INTEGER)")]);
        other.up(&directory).unwrap();
        let attach = format!("ATTACH '{}' AS other", other.url.strip_prefix("sqlite://").unwrap());
        let migrator = Migrator::builder().url(&database.url).directory(&directory).connection_init(attach).build();
        assert_eq!(block_on(migrator.unwrap().up()).unwrap().steps.len(), 1);
        assert_eq!(database.applied(), ["1"]);
        let directory = database.migrations(&[
            ("1_a.sql", "CREATE TABLE a (i INTEGER)"),
            ("2_b.sql", "CREATE TEMP TABLE _migrascope_migrations AS SELECT * FROM _migrascope_migrations;\nCREATE TABLE b (i INTEGER)"),
        ]);
        database.up(&directory).unwrap();
        assert_eq!(database.applied(), ["1", "2"]);
    });
}

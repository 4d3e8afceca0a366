//! What a role with fewer privileges could attach to the runner's tables, or create in their place. `scripts/try-roles` tests more cases,
//! on every version.

use std::path::{Path, PathBuf};

use migrascope::database::{Access, Query, Session};
use migrascope::plan::TableFaultKind;
use migrascope::{Error, Migrator, Options, layout};

use super::trust::faults;
use crate::support::{Backend, TestDatabase, block_on, connector, eventually, on, query};

const LEDGER: &str = "_migrascope_migrations";
const JOURNAL: &str = "_migrascope_journal";
/// A function that inserts a row wherever it runs.
const SPY: &str = "CREATE FUNCTION spy() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN INSERT INTO public.a VALUES (1); RETURN NULL; END'";

fn migrator(url: &str, directory: &Path) -> Migrator {
    let connector = connector(url);
    let set = layout::Reader::directory(directory, connector.dialect()).migrations().unwrap();
    Migrator::new(connector, set, Options { allow_nonempty: true, ..Options::default() })
}

/// The result of `up`.
#[track_caller]
fn refused(database: &TestDatabase, directory: &Path) -> Vec<TableFaultKind> {
    faults(block_on(migrator(&database.url, directory).up()).unwrap_err().cause)
}

/// A history of one migration, and another file.
fn begun(database: &TestDatabase) -> PathBuf {
    let directory = database.migrations(&[("1_a.sql", "CREATE TABLE a (i INTEGER)"), ("1_a.down.sql", "DROP TABLE a")]);
    database.up(&directory).unwrap();
    std::fs::write(directory.join("2_b.sql"), "CREATE TABLE b (i INTEGER)").unwrap();
    directory
}

/// A session that begins a transaction with these statements.
async fn holding(url: &str, sql: &str) -> Box<dyn Session> {
    let mut session = connector(url).session(Access::Write, None).await.unwrap();
    session.query(Query::InPath(&format!("BEGIN;{sql}"))).await.unwrap();
    session
}

fn waits(database: &TestDatabase) {
    eventually("a session waits for a lock", || {
        let waiting =
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";
        (database.value(waiting) != "0").then_some(())
    });
}

#[test]
fn a_foreign_key_to_or_from_our_tables_is_refused_by_name() {
    on(Backend::Postgres, |_| {
        for (table, key) in [(LEDGER, "version"), (JOURNAL, "id")] {
            let database = TestDatabase::fresh(Backend::Postgres).unwrap();
            let directory = begun(&database);
            // Until PostgreSQL 17, its AFTER trigger would run as the user who deletes the row.
            database.query(&format!(
                "CREATE TABLE f (v varchar(255) CONSTRAINT fk REFERENCES {table} ({key}) ON DELETE CASCADE)"
            ));
            assert_eq!(refused(&database, &directory), [TableFaultKind::ForeignKey("fk".into())]);
            database.query(&format!(
                "DROP TABLE f; CREATE TABLE f (v varchar(255) PRIMARY KEY); INSERT INTO f SELECT {key} FROM {table}; \
                ALTER TABLE {table} ADD CONSTRAINT fk FOREIGN KEY ({key}) REFERENCES f ON DELETE CASCADE"
            ));
            assert_eq!(refused(&database, &directory), [TableFaultKind::ForeignKey("fk".into())]);
            database.query("DROP TABLE f CASCADE");
            database.up(&directory).unwrap();
        }
    });
    on(Backend::Mysql, |database| {
        let directory = begun(database);
        database.query("CREATE TABLE f (v VARCHAR(255) CHARACTER SET utf8mb4 PRIMARY KEY) ENGINE=InnoDB");
        database.query("INSERT INTO f VALUES ('1')");
        database.query(&format!(
            "ALTER TABLE {LEDGER} ADD CONSTRAINT fk FOREIGN KEY (version) REFERENCES f (v) ON DELETE CASCADE"
        ));
        assert_eq!(refused(database, &directory), [TableFaultKind::ForeignKey("fk".into())]);
        database.query(&format!("ALTER TABLE {LEDGER} DROP FOREIGN KEY fk"));
        database.query(&format!(
            "CREATE TABLE g (v VARCHAR(255) CHARACTER SET utf8mb4, CONSTRAINT fk FOREIGN KEY (v) REFERENCES {LEDGER} (version) ON DELETE CASCADE)"
        ));
        if database.value("SELECT VERSION()").contains("MariaDB") {
            // Its cascades fire no trigger.
            database.up(&directory).unwrap();
        } else {
            assert_eq!(refused(database, &directory), [TableFaultKind::ForeignKey("fk".into())]);
        }
    });
}

#[test]
fn a_foreign_key_that_is_made_while_a_migration_runs_sets_nothing_off() {
    on(Backend::Postgres, |database| {
        let directory = begun(database);
        // Another session could do this at the same moment; the script simulates it.
        let planted = format!(
            "CREATE TABLE kept (i INTEGER);\n{};\nCREATE TABLE f (v varchar(255) REFERENCES {LEDGER} ON DELETE CASCADE);\n\
             INSERT INTO f VALUES ('1');\nCREATE TRIGGER t AFTER DELETE ON f FOR EACH ROW EXECUTE FUNCTION spy()",
            SPY.replace("public.a", "public.kept")
        );
        std::fs::write(directory.join("1_a.down.sql"), planted).unwrap();
        let error = block_on(migrator(&database.url, &directory).down()).unwrap_err().cause;
        let Error::Migration { failure, .. } = &error else { panic!("{error:?}") };
        let said = format!("the history table {LEDGER} is linked to another table by a foreign key");
        assert_eq!(failure.message.replace("public.", ""), said);
        assert_eq!(database.applied(), ["1"]);
    });
}

#[test]
fn tables_that_keep_no_rows_of_their_own_or_change_what_is_written_are_refused() {
    on(Backend::Mysql, |_| {
        for (sql, expected) in [
            (format!("ALTER TABLE {LEDGER} ENGINE=MEMORY"), TableFaultKind::NoTable),
            (
                format!("ALTER TABLE {LEDGER} MODIFY name VARCHAR(255) NOT NULL DEFAULT 'x'"),
                TableFaultKind::Column("name".into()),
            ),
            (
                format!("ALTER TABLE {LEDGER} MODIFY applied_at DATETIME(6) NOT NULL ON UPDATE CURRENT_TIMESTAMP(6)"),
                TableFaultKind::Column("applied_at".into()),
            ),
            (format!("ALTER TABLE {LEDGER} ADD CONSTRAINT k CHECK (name <> 'b')"), TableFaultKind::Check("k".into())),
            (
                format!("ALTER TABLE {JOURNAL} ADD CONSTRAINT k CHECK (kind <> 'retry')"),
                TableFaultKind::Check("k".into()),
            ),
        ] {
            let database = TestDatabase::fresh(Backend::Mysql).unwrap();
            let directory = begun(&database);
            database.query(&sql);
            assert_eq!(refused(&database, &directory), [expected], "{sql}");
        }
    });
}

#[test]
fn a_schema_of_the_users_name_that_another_role_has_made_is_refused() {
    on(Backend::Postgres, |database| {
        let (_, name) = database.url.rsplit_once('/').unwrap();
        let directory = begun(database);
        let low = format!("low_{name}");
        database.query(&format!("CREATE ROLE {low} LOGIN; GRANT CREATE ON DATABASE {name} TO {low}"));
        let user = database.value("SELECT current_user");
        database.query(&format!("SET ROLE {low}; CREATE SCHEMA {user}; CREATE TABLE {user}.{LEDGER} (version text)"));
        let migrator = migrator(&database.url, &directory);
        let expected = TableFaultKind::Schema(low.clone());
        let of_up = faults(block_on(migrator.up()).unwrap_err().cause);
        let of_status = faults(block_on(migrator.status()).unwrap_err());
        // It is refused as well if the role has no table there.
        query(&database.url, &format!("DROP TABLE {user}.{LEDGER}"));
        query(&database.url, &format!("DROP TABLE public.{LEDGER}, public.{JOURNAL}"));
        let alone = faults(block_on(migrator.up()).unwrap_err().cause);
        query(&database.url, &format!("ALTER SCHEMA {user} OWNER TO CURRENT_USER"));
        let own = block_on(migrator.up());
        query(&database.url, &format!("DROP OWNED BY {low} CASCADE"));
        query(&database.url, &format!("DROP ROLE {low}"));
        assert!(of_up.contains(&expected), "{of_up:?}");
        assert_eq!(of_status, std::slice::from_ref(&expected));
        assert_eq!(alone, [expected]);
        own.unwrap();
    });
}

#[test]
fn administering_a_role_is_no_trust_in_its_tables() {
    on(Backend::Postgres, |database| {
        if database.value("SHOW server_version_num").parse::<u32>().unwrap() < 160_000 {
            eprintln!("skipped: before PostgreSQL 16 every member may act as the role");
            return;
        }
        let (_, name) = database.url.rsplit_once('/').unwrap();
        let directory = begun(database);
        let [low, made] = ["low", "made"].map(|role| format!("{role}_{name}"));
        database.query(&format!("CREATE ROLE {low}; CREATE ROLE {made} LOGIN PASSWORD 'throwaway'"));
        database.query(&format!("GRANT {low} TO {made} WITH ADMIN TRUE, INHERIT FALSE, SET FALSE"));
        database.query(&format!("GRANT CREATE ON SCHEMA public TO {low}, {made}; ALTER TABLE {LEDGER} OWNER TO {low}; ALTER TABLE {JOURNAL} OWNER TO {low}"));
        database.query(&format!("GRANT ALL ON {LEDGER}, {JOURNAL} TO {made}"));
        let (_, host) = database.url.rsplit_once('@').unwrap();
        let migrator = migrator(&format!("postgres://{made}:throwaway@{host}"), &directory);
        let administered = faults(block_on(migrator.up()).unwrap_err().cause);
        database.query(&format!("GRANT {low} TO {made} WITH SET TRUE"));
        let member = block_on(migrator.up());
        query(&database.url, &format!("DROP OWNED BY {low}, {made} CASCADE"));
        query(&database.url, &format!("DROP ROLE {low}, {made}"));
        assert_eq!(administered, [TableFaultKind::Owner(low.clone()), TableFaultKind::Owner(low)]);
        member.unwrap();
    });
}

#[test]
fn a_table_that_becomes_a_view_before_it_is_read_is_not_read() {
    on(Backend::Postgres, |database| {
        let directory = begun(database);
        database.query("CREATE FUNCTION seen() RETURNS boolean LANGUAGE plpgsql AS 'BEGIN RAISE EXCEPTION ''the view was read''; END'");
        let swap = format!(
            "ALTER TABLE {LEDGER} RENAME TO kept; CREATE VIEW {LEDGER} AS SELECT k.* FROM seen() LEFT JOIN kept k ON true"
        );
        let reading = std::thread::scope(|scope| {
            block_on(async {
                // The check finds the table, and reading waits for the one that replaces it.
                let mut session = holding(&database.url, &swap).await;
                let reading = scope.spawn(|| block_on(migrator(&database.url, &directory).status()));
                scope.spawn(|| waits(database)).join().unwrap();
                session.query(Query::InPath("COMMIT")).await.unwrap();
                reading.join().unwrap()
            })
        });
        let Err(Error::Own { source, .. }) = &reading else { panic!("{:?}", reading.map(drop)) };
        assert_eq!(
            source.message.replace("public.", ""),
            format!("the history table {LEDGER} is not an ordinary table")
        );
    });
}

#[test]
fn a_table_that_appears_while_a_run_makes_its_own_is_not_written() {
    on(Backend::Postgres, |database| {
        let directory = begun(database);
        database.query(SPY);
        let plant = [LEDGER, JOURNAL].map(|table| {
            database.query(&format!("ALTER TABLE {table} RENAME TO kept{table}"));
            format!(
                "CREATE TABLE {table} (LIKE kept{table}); \
                 CREATE TRIGGER t BEFORE INSERT OR UPDATE OR DELETE ON {table} EXECUTE FUNCTION spy()"
            )
        });
        let ended = std::thread::scope(|scope| {
            block_on(async {
                let mut session = holding(&database.url, &plant.join(";")).await;
                let run = scope.spawn(|| block_on(migrator(&database.url, &directory).up()));
                scope.spawn(|| waits(database)).join().unwrap();
                session.query(Query::InPath("COMMIT")).await.unwrap();
                run.join().unwrap()
            })
        });
        ended.map(drop).unwrap_err();
        assert_eq!(database.value("SELECT count(*) FROM a"), "0");
    });
}

#[test]
fn a_trigger_that_is_made_as_soon_as_the_tables_are_there_does_not_run() {
    on(Backend::Postgres, |database| {
        let directory = database.migrations(&[("1_b.sql", "CREATE TABLE b (i INTEGER)")]);
        // Default privileges may allow this to another role; an event trigger simulates that role.
        database.query(&format!(
            "CREATE TABLE a (i INTEGER); {SPY}; CREATE FUNCTION plant() RETURNS event_trigger LANGUAGE plpgsql AS $$BEGIN \
               IF to_regclass('{JOURNAL}') IS NOT NULL AND NOT EXISTS (SELECT FROM pg_trigger WHERE tgname = 'planted') THEN \
               CREATE TRIGGER planted BEFORE INSERT OR UPDATE ON {JOURNAL} EXECUTE FUNCTION spy(); END IF; END$$; \
             CREATE EVENT TRIGGER plant ON ddl_command_end WHEN TAG IN ('CREATE TABLE') EXECUTE FUNCTION plant()"
        ));
        assert_eq!(refused(database, &directory), [TableFaultKind::Trigger("planted".into())]);
        assert_eq!(database.value("SELECT count(*) FROM a"), "0");
    });
}

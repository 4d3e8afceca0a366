//! Users with fewer privileges than the owner of the history: permitted actions work, and missing privileges are named.

use std::path::Path;

use migrascope::database::{Access, ErrorKind};
use migrascope::history::Direction;
use migrascope::plan::Objection;
use migrascope::report::CheckStatus;
use migrascope::{Error, Migrator, Options, layout};

use crate::support::{Backend, TestDatabase, block_on, connector, on, query};

/// A server user without privileges, dropped at the end.
struct User {
    name: String,
    url: String,
    admin: String,
    backend: Backend,
}

impl User {
    fn new(database: &TestDatabase) -> Self {
        let name = format!("u{}", &uuid::Uuid::now_v7().simple().to_string()[12..]);
        let (server, of) = database.url.rsplit_once('/').unwrap();
        let (scheme, host) = (server.split_once("://").unwrap().0, server.rsplit_once('@').unwrap().1);
        match database.backend {
            Backend::Mysql => database.query(&format!("CREATE USER '{name}'@'%' IDENTIFIED BY 'throwaway'")),
            _ => database.query(&format!("CREATE ROLE {name} LOGIN PASSWORD 'throwaway'")),
        };
        let url = format!("{scheme}://{name}:throwaway@{host}/{of}");
        Self { name, url, admin: database.url.clone(), backend: database.backend }
    }

    /// The name as written in SQL.
    fn sql(&self) -> String {
        if self.backend == Backend::Mysql { format!("'{}'@'%'", self.name) } else { self.name.clone() }
    }

    fn grant(&self, rights: &str, tables: &[&str]) {
        for table in tables {
            query(&self.admin, &format!("GRANT {rights} ON {table} TO {}", self.sql()));
        }
    }

    fn migrator(&self, directory: &Path) -> Migrator {
        let connector = connector(&self.url);
        let set = layout::Reader::directory(directory, connector.dialect()).migrations().unwrap();
        Migrator::new(connector, set, Options::default())
    }
}

impl Drop for User {
    fn drop(&mut self) {
        if self.backend == Backend::Postgres {
            query(&self.admin, &format!("DROP OWNED BY {}", self.name));
        }
        query(&self.admin, &format!("DROP USER {}", self.sql()));
    }
}

const HISTORY: [&str; 2] = ["_migrascope_migrations", "_migrascope_journal"];

fn on_servers(promise: impl Fn(&TestDatabase)) {
    for backend in [Backend::Postgres, Backend::Mysql] {
        on(backend, &promise);
    }
}

/// A history of one migration, and a second file that only needs INSERT on its table.
fn begun(database: &TestDatabase) -> std::path::PathBuf {
    let directory = database.migrations(&[("1_t.sql", "CREATE TABLE t (i INTEGER)")]);
    database.up(&directory).unwrap();
    std::fs::write(directory.join("2_rows.sql"), "INSERT INTO t VALUES (1), (2)").unwrap();
    directory
}

fn hint(error: &Error) -> String {
    let Error::Own { source, .. } = error else { panic!("{error:?}") };
    source.hint.clone().unwrap_or_default()
}

#[test]
fn a_second_user_with_all_rights_on_the_tables_runs_without_the_right_to_create() {
    on_servers(|database| {
        let directory = begun(database);
        let user = User::new(database);
        user.grant("SELECT, INSERT, UPDATE, DELETE", &HISTORY);
        user.grant("INSERT", &["t"]);
        if database.backend == Backend::Postgres {
            // An older journal may lack its index, which only the owner can create.
            database.query("DROP INDEX _migrascope_journal_half_way");
        }
        assert_eq!(block_on(user.migrator(&directory).up()).unwrap().steps.len(), 1);
        assert_eq!(database.value("SELECT count(*) FROM t"), "2");
        assert!(block_on(user.migrator(&directory).up()).unwrap().steps.is_empty());
    });
}

#[test]
fn a_user_that_may_not_read_the_history_is_named_the_grant() {
    on_servers(|database| {
        let directory = begun(database);
        let user = User::new(database);
        user.grant("SELECT", &["t"]);
        let error = block_on(user.migrator(&directory).status()).unwrap_err();
        let grant = hint(&error);
        assert!(grant.contains("GRANT SELECT ON") && grant.contains(&user.name), "{grant}");
        // The suggested SQL solves the problem.
        grant.split("; ").for_each(|sql| drop(database.query(sql)));
        assert_eq!(block_on(user.migrator(&directory).status()).unwrap().schema.pending, 1);
    });
}

#[test]
fn a_user_that_may_not_record_is_named_the_grant_before_its_migration_begins() {
    on_servers(|database| {
        let directory = begun(database);
        for rights in [["SELECT", "SELECT"], ["SELECT", "SELECT, INSERT, UPDATE"]] {
            let user = User::new(database);
            user.grant("INSERT", &["t"]);
            HISTORY.iter().zip(rights).for_each(|(table, rights)| user.grant(rights, &[table]));
            let grant = hint(&block_on(user.migrator(&directory).up()).unwrap_err().cause);
            assert!(grant.contains("GRANT SELECT, INSERT, UPDATE, DELETE ON"), "{grant}");
            assert_eq!(database.value("SELECT count(*) FROM t"), "0", "nothing has begun");
            grant.split("; ").for_each(|sql| drop(database.query(sql)));
            let plan = block_on(user.migrator(&directory).plan(Direction::Up)).map(|(_, plan)| plan.steps.len());
            assert_eq!(plan.unwrap(), 1);
        }
    });
}

#[test]
fn row_level_security_on_our_tables_is_refused_by_name() {
    on(Backend::Postgres, |database| {
        let directory = begun(database);
        let user = User::new(database);
        user.grant("SELECT, INSERT, UPDATE, DELETE", &HISTORY);
        user.grant("INSERT", &["t"]);
        let hidden = |error: Error| match error {
            Error::Refused(why) => match why.as_slice() {
                [Objection::RowsHidden { table, user }] => (table.clone(), user.clone()),
                other => panic!("{other:?}"),
            },
            other => panic!("{other:?}"),
        };
        for table in HISTORY {
            database.query(&format!("ALTER TABLE {table} ENABLE ROW LEVEL SECURITY"));
            let expected = (format!("\"public\".\"{table}\""), user.name.clone());
            assert_eq!(hidden(block_on(user.migrator(&directory).status()).unwrap_err()), expected);
            assert_eq!(hidden(block_on(user.migrator(&directory).look()).map(drop).unwrap_err()), expected);
            assert_eq!(hidden(block_on(user.migrator(&directory).up()).unwrap_err().cause), expected);
            // A policy may show some rows and hide others.
            database.query(&format!("CREATE POLICY some_rows ON {table} USING (false)"));
            assert_eq!(hidden(block_on(user.migrator(&directory).status()).unwrap_err()), expected);
            database.query(&format!("ALTER TABLE {table} DISABLE ROW LEVEL SECURITY"));
        }
        // Nothing is hidden from owners, unless row security is forced on them.
        let table = HISTORY[0];
        database.query(&format!("ALTER TABLE {table} OWNER TO {}", user.name));
        database.query(&format!("ALTER TABLE {table} ENABLE ROW LEVEL SECURITY"));
        assert_eq!(block_on(user.migrator(&directory).status()).unwrap().schema.applied, 1);
        database.query(&format!("ALTER TABLE {table} FORCE ROW LEVEL SECURITY"));
        hidden(block_on(user.migrator(&directory).status()).unwrap_err());
        let report = block_on(user.migrator(&directory).health()).unwrap();
        let read = report.health.unwrap().checks.into_iter().find(|check| check.name == "read").unwrap();
        assert_eq!(read.status, CheckStatus::Skipped, "nothing is counted that is hidden");
        assert!(read.message.contains("row-level security"), "{}", read.message);
        database.query(&format!("ALTER TABLE {table} OWNER TO CURRENT_USER"));
    });
}

#[test]
fn a_database_has_one_name_whoever_asks() {
    on(Backend::Postgres, |database| {
        database.query("CREATE SCHEMA \"Own \"\"Tools\"\"\"");
        let user = User::new(database);
        let namespace = |url: &str| {
            let session = block_on(connector(url).session(Access::Read, None)).unwrap();
            let named = session.server_info().namespace();
            block_on(session.close());
            named
        };
        let name = database.url.rsplit('/').next().unwrap();
        // The same grants as in deploy/grants/postgres.sql.
        database.query("REVOKE ALL ON SCHEMA public FROM PUBLIC");
        assert_eq!(namespace(&database.url), format!("{name}|public"));
        assert_eq!(namespace(&user.url), format!("{name}|public"), "the right to use it is no part of its name");
        for (path, schema) in [
            ("gone, \"Own \"\"Tools\"\"\", public", "Own \"Tools\""),
            ("PUBLIC", "public"),
            ("\"$user\", public", "public"),
        ] {
            database.query(&format!("ALTER DATABASE {name} SET search_path = {path}"));
            for url in [&database.url, &user.url] {
                assert_eq!(namespace(url), format!("{name}|{schema}"), "{path}");
            }
        }
        database.query(&format!("ALTER DATABASE {name} SET search_path = gone; CREATE SCHEMA {}", user.name));
        assert_eq!(namespace(&user.url), name, "no schema of the path exists");
        database.query(&format!("ALTER DATABASE {name} RESET search_path"));
        assert_eq!(namespace(&user.url), format!("{name}|{}", user.name), "its own, though it may not use it");
        database.query(&format!("DROP SCHEMA {}", user.name));
        let asked = format!("{}?schema=public", user.url);
        let refused = block_on(connector(&asked).session(Access::Read, None)).err().unwrap();
        assert_eq!(refused.kind, ErrorKind::NoSchema, "it may not be used");
    });
}

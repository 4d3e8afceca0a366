//! The runner's own statements run under the role that the session started with.

use migrascope::database::{ConnectOptions, SecretUrl};
use migrascope::{Migrator, Options, Report, RunError, database, layout};

use crate::support::{Backend, TestDatabase, block_on, on};

/// A user who may only become another role, which owns the schema; both are dropped at the end.
struct Roles<'d> {
    database: &'d TestDatabase,
    login: String,
    owner: String,
}

impl<'d> Roles<'d> {
    fn of(database: &'d TestDatabase) -> Self {
        let tail = uuid::Uuid::now_v7().simple().to_string()[12..].to_owned();
        let (login, owner) = (format!("m{tail}"), format!("o{tail}"));
        for sql in [
            format!("CREATE ROLE {owner}"),
            format!("CREATE ROLE {login} LOGIN NOINHERIT PASSWORD 'logs-in'"),
            format!("GRANT {owner} TO {login}"),
            "REVOKE ALL ON SCHEMA public FROM PUBLIC".to_owned(),
            format!("GRANT ALL ON SCHEMA public TO {owner}"),
        ] {
            database.query(&sql);
        }
        Self { database, login, owner }
    }

    fn up(&self, query: &str, init: &[String], files: &[(&str, &str)]) -> Result<Report, RunError> {
        let (scheme, rest) = self.database.url.split_once("://").unwrap();
        let url = format!("{scheme}://{}:logs-in@{}{query}", self.login, rest.rsplit_once('@').unwrap().1);
        let options = ConnectOptions { application: "migrascope/test".into(), init: init.to_vec() };
        let connector = database::open(&SecretUrl::new(url), options).unwrap();
        let set = layout::Reader::directory(self.database.migrations(files), connector.dialect()).migrations().unwrap();
        block_on(Migrator::new(connector, set, Options::default()).up())
    }

    /// The number of relations in the schema that the owner owns, and that others own.
    fn owned(&self) -> (String, String) {
        let count = |sign: &str| {
            self.database.value(&format!(
                "SELECT count(*) FROM pg_tables WHERE schemaname = 'public' AND tableowner {sign} '{}'",
                self.owner
            ))
        };
        (count("="), count("<>"))
    }
}

impl Drop for Roles<'_> {
    fn drop(&mut self) {
        for role in [&self.login, &self.owner] {
            self.database.query(&format!("DROP OWNED BY {role}"));
            self.database.query(&format!("DROP ROLE {role}"));
        }
    }
}

const FILES: [(&str, &str); 4] = [
    ("1_t.sql", "CREATE TABLE mine (id int);"),
    ("2_s.sql", "SET check_function_bodies = off;\nCREATE TABLE two (id int);"),
    ("3_s.sql", "CREATE TABLE three (id int);"),
    ("4_n.sql", "-- migrascope: no-transaction\nSET ROLE NONE;\nSELECT 1;\nRESET ROLE;\nSET ROLE NONE;\nSELECT 2;"),
];

/// Six tables: four from the files (the last creates none) and two of the runner.
fn everything_belongs_to_the_owner(roles: &Roles<'_>, report: Result<Report, RunError>) {
    assert_eq!(report.unwrap().applied, 4);
    assert_eq!(roles.owned(), ("5".to_owned(), "0".to_owned()));
}

#[test]
fn a_role_of_connection_init_is_kept() {
    on(Backend::Postgres, |database| {
        let roles = Roles::of(database);
        let init = format!("SET ROLE {}", roles.owner);
        everything_belongs_to_the_owner(&roles, roles.up("", &[init], &FILES));
    });
}

#[test]
fn a_role_of_the_urls_options_is_kept() {
    on(Backend::Postgres, |database| {
        let roles = Roles::of(database);
        let query = format!("?options=-c%20role%3D{}", roles.owner);
        everything_belongs_to_the_owner(&roles, roles.up(&query, &[], &FILES));
    });
}

#[test]
fn a_role_of_the_users_settings_is_kept() {
    on(Backend::Postgres, |database| {
        let roles = Roles::of(database);
        database.query(&format!("ALTER ROLE {} SET role = {}", roles.login, roles.owner));
        everything_belongs_to_the_owner(&roles, roles.up("", &[], &FILES));
    });
}

#[test]
fn a_script_goes_on_under_the_role_that_it_has_taken() {
    on(Backend::Postgres, |database| {
        let roles = Roles::of(database);
        let Roles { login, owner, .. } = &roles;
        let other = format!(
            "-- migrascope: no-transaction\nSET SESSION AUTHORIZATION {login};\nSET ROLE {owner};\n\
             CREATE TABLE seen AS SELECT session_user::text AS s, current_user::text AS c;\n\
             INSERT INTO seen SELECT session_user, current_user;\nRESET SESSION AUTHORIZATION;\nSELECT 1;"
        );
        let directory = database.migrations(&[("1_other.sql", &other), ("2_t.sql", "CREATE TABLE t (i int);")]);
        assert_eq!(database.up(&directory).unwrap().applied, 2);
        let seen = database.value("SELECT string_agg(s || ' ' || c, ', ') FROM seen");
        assert_eq!(seen, format!("{login} {owner}, {login} {owner}"));
    });
}

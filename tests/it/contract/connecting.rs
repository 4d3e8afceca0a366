//! What a database URL can request: a schema, limits, TLS, an address of any kind; and which requests are refused.

use std::io::{ErrorKind, copy};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

use migrascope::database::{Access, Connector, Query};
use migrascope::{Error, Migrator, Options, RunError, layout};

use crate::support::{Backend, TestDatabase, block_on, connector, on, on_each, query};

fn with(database: &TestDatabase, parameters: &str) -> String {
    format!("{}?{parameters}", database.url)
}

/// The answer of a session that was opened with this URL.
fn value(url: &str, sql: &str) -> String {
    query(url, sql).pop().and_then(|row| row.into_iter().next().flatten()).unwrap_or_default()
}

fn up(url: &str, database: &TestDatabase, files: &[(&str, &str)]) -> Result<(), RunError> {
    let connector = connector(url);
    let set = layout::Reader::directory(database.migrations(files), connector.dialect()).migrations().unwrap();
    block_on(Migrator::new(connector, set, Options::default()).up()).map(drop)
}

/// Why no session was opened.
fn refused(connector: &dyn Connector) -> String {
    let Err(error) = block_on(connector.session(Access::Write, None)) else { panic!("there is a session") };
    error.message
}

#[test]
fn the_schema_of_the_url_is_where_everything_goes() {
    on(Backend::Postgres, |database| {
        for (index, parameter) in [
            "schema=Tenant-A",
            "currentSchema=b b,public",
            "search_path=c,%20public",
            "options=-csearch_path%3Dd",
            "search_path=%22E%22",
        ]
        .into_iter()
        .enumerate()
        {
            let schema = ["Tenant-A", "b b", "c", "d", "E"][index];
            database.query(&format!("CREATE SCHEMA \"{schema}\""));
            let url = with(database, parameter);
            // After a script that changes its schema, the next session starts in the original one.
            let files = [
                ("1_a.sql", "CREATE TABLE a (i INTEGER); SET search_path = public"),
                ("2_b.sql", "CREATE TABLE b (i INTEGER)"),
            ];
            up(&url, database, &files).unwrap_or_else(|error| panic!("{parameter}: {error}"));
            for (table, rows) in [("_migrascope_migrations", "2"), ("a", "0"), ("b", "0")] {
                let found = database.value(&format!("SELECT count(*) FROM \"{schema}\".{table}"));
                assert_eq!(found, rows, "{parameter}: {table}");
            }
            let session = block_on(connector(&url).session(Access::Read, None)).unwrap();
            assert_eq!(session.server_info().schema.as_deref(), Some(schema), "{parameter}");
        }
        assert_eq!(database.value("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'"), "0");
    });
}

#[test]
fn a_schema_that_is_not_there_is_refused_by_name() {
    on(Backend::Postgres, |database| {
        for parameter in ["schema=absent", "currentSchema=absent,public", "search_path=absent,public"] {
            let error = up(&with(database, parameter), database, &[("1_a.sql", "CREATE TABLE a (i INTEGER)")]);
            let Error::Connect { source, .. } = error.expect_err(parameter).cause else { panic!("{parameter}") };
            assert!(source.message.starts_with("the schema absent does not exist"), "{}", source.message);
        }
        assert_eq!(database.value("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'"), "0");
    });
}

#[test]
fn settings_of_the_url_hold_for_the_session() {
    on(Backend::Postgres, |database| {
        let url = with(database, "statement_timeout=61s&lock_timeout=3s&application_name=shop&geqo=off");
        assert_eq!(value(&url, "SHOW statement_timeout"), "61s");
        assert_eq!(value(&url, "SHOW lock_timeout"), "3s");
        assert_eq!(value(&url, "SHOW geqo"), "off");
        assert_eq!(value(&url, "SHOW application_name"), "migrascope/test shop");
        let seen = "CREATE TABLE seen AS SELECT current_setting('lock_timeout') AS lock, current_setting('statement_timeout') AS statement";
        up(&url, database, &[("1_a.sql", seen)]).unwrap();
        assert_eq!(database.value("SELECT lock || ' ' || statement FROM seen"), "3s 61s");
    });
}

#[test]
fn a_lock_timeout_that_is_given_beats_that_of_the_url() {
    let servers = [
        (Backend::Postgres, "lock_timeout=3s", "current_setting('lock_timeout')", ["3s", "5s", "5s"]),
        (Backend::Mysql, "lock_wait_timeout=3", "CAST(@@innodb_lock_wait_timeout AS CHAR)", ["3", "5", "5"]),
    ];
    for (backend, parameter, limit, expected) in servers {
        on(backend, |database| {
            let directory = database.migrations(&[("1_a.sql", &format!("CREATE TABLE seen AS SELECT {limit} AS l"))]);
            let up = |flag: &[&str], variable: &str| {
                let mut command = database.binary(&directory);
                command
                    .env("MIGRASCOPE_DATABASE_URL", with(database, parameter))
                    .env("MIGRASCOPE_LOCK_TIMEOUT", variable);
                let output = command.arg("up").args(flag).output().unwrap();
                assert!(output.status.success(), "{output:?}");
                let seen = database.value("SELECT l FROM seen");
                database.query("DROP TABLE seen, _migrascope_migrations, _migrascope_journal");
                seen
            };
            assert_eq!([up(&[], ""), up(&["--lock-timeout", "5s"], ""), up(&[], "5s")], expected);
        });
    }
}

#[test]
fn whatever_asks_for_tls_gets_tls_or_an_error() {
    let asks = [
        "ssl=true",
        "sslMode=require",
        "requireSSL=true",
        "useSSL=true",
        "tls=true",
        "tls=skip-verify",
        "sslmode=REQUIRED",
    ];
    let asks = asks.into_iter().chain(["verifyServerCertificate=true", "sslaccept=strict", "ssl_mode=verify-full"]);
    for ask in asks {
        on(Backend::Postgres, |database| {
            let connector = connector(&with(database, ask));
            if let Ok(mut session) = block_on(connector.session(Access::Write, None)) {
                let sql = "SELECT ssl::text FROM pg_stat_ssl WHERE pid = pg_backend_pid()";
                assert_eq!(block_on(session.query(Query::Own(sql))).unwrap()[0][0].as_deref(), Some("true"), "{ask}");
            }
        });
        on(Backend::Mysql, |database| {
            let connector = connector(&with(database, ask));
            if let Ok(mut session) = block_on(connector.session(Access::Write, None)) {
                let rows = block_on(session.query(Query::Own("SHOW SESSION STATUS LIKE 'Ssl_cipher'"))).unwrap();
                assert_ne!(rows[0][1].as_deref(), Some(""), "{ask}");
            }
        });
    }
}

#[test]
fn a_mute_server_is_given_up_after_the_connect_timeout() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    for url in ["postgres://u@127.0.0.1:PORT/d?connect_timeout=1", "mysql://u@127.0.0.1:PORT/d?connectTimeout=1000"] {
        let started = Instant::now();
        let message = refused(&*connector(&url.replace("PORT", &port.to_string())));
        assert!(message.contains("no answer within 1 s"), "{message}");
        assert!(started.elapsed() < Duration::from_secs(8), "{url}");
    }
}

/// Forwards everything from `[::1]` to the server of a URL; `None` on a machine without IPv6.
fn by_ipv6(url: &str) -> Option<String> {
    let listener = match TcpListener::bind("[::1]:0") {
        Ok(listener) => listener,
        Err(error) if matches!(error.kind(), ErrorKind::AddrNotAvailable | ErrorKind::Unsupported) => return None,
        Err(error) => panic!("{error}"),
    };
    let port = listener.local_addr().unwrap().port();
    let (login, place) = url.rsplit_once('@').unwrap();
    let (server, database) = place.split_once('/').unwrap();
    let server = server.to_owned();
    thread::spawn(move || {
        for client in listener.incoming() {
            let (client, server) = (client.unwrap(), TcpStream::connect(&server).unwrap());
            for (mut from, mut to) in [(client.try_clone().unwrap(), server.try_clone().unwrap()), (server, client)] {
                thread::spawn(move || {
                    let _ = copy(&mut from, &mut to);
                    let _ = to.shutdown(Shutdown::Both);
                });
            }
        }
    });
    Some(format!("{login}@[::1]:{port}/{database}"))
}

#[test]
fn an_ipv6_address_is_connected_to() {
    for backend in [Backend::Postgres, Backend::Mysql] {
        on(backend, |database| {
            let Some(url) = by_ipv6(&database.url) else { return eprintln!("skipped: no IPv6 here") };
            up(&url, database, &[("1_a.sql", "CREATE TABLE a (i INTEGER)")]).unwrap();
            assert_eq!(database.applied(), ["1"]);
        });
    }
}

#[test]
fn what_a_url_cannot_have_is_refused_before_connecting() {
    on_each(|database| {
        for parameter in ["sslmodee=require", "connection_limt=hunter", "unheard_of=hunter"] {
            let url = migrascope::database::SecretUrl::new(with(database, parameter));
            let error = migrascope::database::open(&url, migrascope::database::ConnectOptions::default());
            let message = error.err().unwrap_or_else(|| panic!("{parameter} is passed over")).to_string();
            assert!(!message.contains("hunter"), "{message}");
            let name = parameter.split('=').next().unwrap();
            assert!(message.contains(name), "{message}");
        }
    });
}

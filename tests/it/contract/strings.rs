//! Strings with backslashes, in files and in the runner's own records, for every session mode.

use migrascope::plan::Objection;
use migrascope::script::BackslashMode;
use migrascope::{Error, Migrator};

use crate::support::{Backend, TestDatabase, block_on, on};

/// Every new session of this database reads a backslash in a plain string as an escape.
fn nonstandard(database: &TestDatabase) {
    let name = database.value("SELECT current_database()");
    database.query(&format!("ALTER DATABASE {name} SET standard_conforming_strings = off"));
    assert_eq!(database.value("SHOW standard_conforming_strings"), "off");
}

#[test]
fn our_own_records_are_right_without_standard_strings() {
    on(Backend::Postgres, |database| {
        nonstandard(database);
        let said = r"C:\temp\new 'it''s' \\ end\";
        let script =
            format!("CREATE TABLE a (i INTEGER);\nDO $$ BEGIN RAISE EXCEPTION USING MESSAGE = $m${said}$m$; END $$;");
        let name = r"1_a\nb.sql";
        let directory = database.migrations(&[(name, &script)]);
        let error = database.up(&directory).unwrap_err();
        let Error::Migration { failure, .. } = &error.cause else { panic!("{error:?}") };
        assert_eq!(failure.message, said);
        assert_eq!(database.value("SELECT error_text FROM _migrascope_journal WHERE kind = 'migration'"), said);
        std::fs::write(directory.join(name), "CREATE TABLE a (i INTEGER);").unwrap();
        database.up(&directory).unwrap();
        assert_eq!(database.value("SELECT name FROM _migrascope_migrations"), r"a\nb");
    });
}

#[test]
fn a_file_that_does_not_say_what_its_backslashes_mean_is_refused_by_name() {
    on(Backend::Postgres, |database| {
        nonstandard(database);
        for string in [r"'^\d+$'", r"'C:\', 'D:\'", r"n'\n'"] {
            let directory = database.migrations(&[("1_a.sql", &format!("CREATE TABLE a AS\nSELECT {string};"))]);
            let error = database.up(&directory).unwrap_err();
            let Error::Refused(objections) = &error.cause else { panic!("{error:?}") };
            let [Objection::Backslash { line: 2, mode, path, .. }] = &objections[..] else { panic!("{objections:?}") };
            assert_eq!(*mode, BackslashMode::NonstandardStrings, "{string}");
            assert!(path.ends_with("1_a.sql"));
            assert!(database.query("SELECT 1 FROM pg_tables WHERE schemaname = 'public'").is_empty(), "{string}");
        }
    });
}

#[test]
fn a_file_that_says_what_its_backslashes_mean_is_read_as_the_server_does() {
    on(Backend::Postgres, |database| {
        nonstandard(database);
        let off = "SET standard_conforming_strings = off;\nCREATE TABLE a (t TEXT);\n\
             INSERT INTO a VALUES ('it\\'s; one');\nINSERT INTO a VALUES ('a\\\\b');";
        let on = "SET standard_conforming_strings = on;\nINSERT INTO a VALUES ('C:\\'), ('^\\d');";
        let plain = "INSERT INTO a VALUES (E'\\\\'), ('it''s');";
        database.up(&database.migrations(&[("1_a.sql", off), ("2_b.sql", on), ("3_c.sql", plain)])).unwrap();
        let rows = database.value("SELECT string_agg(t, '|' ORDER BY ctid) FROM a");
        assert_eq!(rows, r"it's; one|a\b|C:\|^\d|\|it's");
    });
}

#[test]
fn a_role_without_standard_strings_is_met_with_what_to_do() {
    on(Backend::Postgres, |database| {
        nonstandard(database);
        let output = database
            .binary(&database.migrations(&[("1_a.sql", "SELECT 1;\nSELECT '^\\d+$';")]))
            .arg("up")
            .output()
            .unwrap();
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(4), "{stderr}");
        for part in [
            "migration 1 (a) has a backslash in a string at line 2, and the session's standard_conforming_strings is off",
            "1_a.sql:2:8",
            "begin the file with SET standard_conforming_strings = on",
            "begin it with SET standard_conforming_strings = off; nothing was changed",
        ] {
            assert!(stderr.contains(part), "{part} in {stderr}");
        }
    });
}

#[test]
fn a_hook_that_does_not_say_what_its_backslashes_mean_is_refused_too() {
    on(Backend::Postgres, |database| {
        nonstandard(database);
        let directory = database.migrations(&[("1_a.sql", "CREATE TABLE a (i INTEGER);")]);
        std::fs::create_dir(directory.join("hooks")).unwrap();
        std::fs::write(directory.join("hooks/before_each.sql"), "SELECT 'C:\\';").unwrap();
        let output = database.binary(&directory).arg("up").output().unwrap();
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(4), "{stderr}");
        assert!(stderr.contains("the hook before_each has a backslash in a string at line 1"), "{stderr}");
        std::fs::write(directory.join("hooks/before_each.sql"), "SELECT E'C:\\\\';").unwrap();
        database.binary(&directory).arg("up").output().map(|output| assert!(output.status.success())).unwrap();
    });
}

/// The arguments of a run of the binary with one custom health check.
fn with_check(database: &TestDatabase, sql: &str) -> Vec<String> {
    let checks = database.directory("checks");
    std::fs::write(checks.join("c.sql"), sql).unwrap();
    vec!["--checks".to_owned(), checks.display().to_string()]
}

#[test]
fn a_health_check_that_its_session_reads_in_another_way_is_not_made() {
    for backend in [Backend::Postgres, Backend::Mysql] {
        on(backend, |database| {
            let (init, sql) = match backend {
                Backend::Mysql => (
                    "SET sql_mode = CONCAT(@@sql_mode, ',NO_BACKSLASH_ESCAPES')",
                    "SELECT 1 FROM a\nWHERE t = 'it\\'s'",
                ),
                _ => ("SET standard_conforming_strings = off", "SELECT 1 FROM a\nWHERE t ~ '^\\d+$'"),
            };
            let directory = database.migrations(&[("1_a.sql", "CREATE TABLE a (t VARCHAR(9));")]);
            let run = |command: &str, check: &str| {
                let mut binary = database.binary(&directory);
                binary.args([command, "--connection-init", init]).args(with_check(database, check));
                let output = binary.output().unwrap();
                let said = [output.stdout, output.stderr].concat();
                (output.status.code(), String::from_utf8(said).unwrap())
            };
            let (code, said) = run("up", sql);
            assert_eq!(code, Some(4), "{said}");
            assert!(said.contains("the check c has a backslash in a string at line 2"), "{said}");
            assert!(said.contains("c.sql:2:"), "{said}");
            let (code, said) = run("up", "SELECT 1 FROM a WHERE t = 'its'");
            assert_eq!(code, Some(0), "{said}");
            let (code, said) = run("health", sql);
            assert_eq!(code, Some(9), "{said}");
            assert!(
                said.contains("c.sql:2:") && said.contains("a string has a backslash, and the session's "),
                "{said}"
            );
        });
    }
}

/// Runs one migration after this statement of `--connection-init`.
fn up_behind(database: &TestDatabase, init: &str, script: &str) -> Result<(), Vec<Objection>> {
    let directory = database.migrations(&[("1_a.sql", script)]);
    let migrator = Migrator::builder().url(&database.url).directory(directory).connection_init(init).build().unwrap();
    match block_on(migrator.up()) {
        Ok(_) => Ok(()),
        Err(error) => match error.cause {
            Error::Refused(objections) => Err(objections),
            other => panic!("{other:?}"),
        },
    }
}

#[test]
fn a_reset_is_to_what_the_session_had_before_connection_init() {
    let strings = "CREATE TABLE a AS SELECT 'C:\\' AS t;";
    for reset in ["RESET standard_conforming_strings", "RESET ALL", "SET standard_conforming_strings TO DEFAULT"] {
        on(Backend::Postgres, |database| {
            let script = format!("{reset};\n{strings}");
            up_behind(database, "SET standard_conforming_strings = off", &script).expect("as it is read");
            assert_eq!(database.value("SELECT t FROM a"), "C:\\");
        });
        on(Backend::Postgres, |database| {
            nonstandard(database);
            let init = "SET standard_conforming_strings = on";
            let refused = up_behind(database, init, &format!("{reset};\n{strings}")).expect_err(reset);
            assert!(matches!(refused[..], [Objection::Backslash { line: 2, .. }]), "{reset}: {refused:?}");
            up_behind(database, init, strings).expect("as it is read");
        });
    }
    for reset in ["SET sql_mode = DEFAULT", "SET SESSION sql_mode = @@GLOBAL.sql_mode"] {
        on(Backend::Mysql, |database| {
            let script = format!("{reset};\nCREATE TABLE a AS SELECT 'it\\'s; one' AS t;");
            let init = "SET sql_mode = CONCAT(@@sql_mode, ',NO_BACKSLASH_ESCAPES')";
            up_behind(database, init, &script).expect("as it is read");
            assert_eq!(database.value("SELECT CAST(t AS CHAR) FROM a"), "it's; one");
        });
    }
}

//! Drizzle's journal and its folders.

use migrascope::layout::{EmbeddedFiles, Layout, LayoutError, NewMigration, Reader, Ways};
use migrascope::migration::{Dialect, MigrationSet};

fn read(files: &[(&'static str, &'static str)], dialect: Dialect) -> Result<Vec<String>, String> {
    let files = EmbeddedFiles::from(files.to_vec());
    let set = Reader::embedded(&files, dialect).layout(Layout::named("drizzle").unwrap()).migrations();
    let described = |set: MigrationSet| {
        set.iter()
            .map(|one| {
                let down = if one.down.is_some() { " with down" } else { "" };
                format!("{} = {}{down}", one.key, one.name)
            })
            .collect()
    };
    set.map(described).map_err(|error| match error {
        LayoutError::Files(problems) => {
            problems.iter().map(|one| format!("{}: {one}", one.path.display())).collect::<Vec<_>>().join("; ")
        }
        other => other.to_string(),
    })
}

const JOURNAL: &str = "meta/_journal.json";

#[test]
fn the_journal_decides_which_files_are_migrations() {
    let journal = r#"{"version":"7","dialect":"postgresql","entries":[
        {"idx":5,"version":"7","when":1760000000000,"tag":"0000_init","breakpoints":true},
        {"idx":0,"version":"7","when":1760000000001,"tag":"custom","breakpoints":false}]}"#;
    let files = [
        (JOURNAL, journal),
        ("meta/0000_snapshot.json", "{}"),
        ("0000_init.sql", "SELECT 1;"),
        ("custom.sql", ""),
        ("0001_not_listed.sql", "SELECT 1;"),
        ("20240101000000_folder/migration.sql", "SELECT 1;"),
        ("hooks/before_each.sql", "SELECT 1;"),
    ];
    assert_eq!(read(&files, Dialect::Postgres).unwrap(), ["1760000000000 = 0000_init", "1760000000001 = custom"]);
    assert_eq!(read(&files, Dialect::Mysql).unwrap_err(), "meta/_journal.json: the migrations are for postgresql");
}

#[test]
fn a_journal_that_cannot_be_used_is_a_fault() {
    let listed = |entries: &str| format!("{{\"dialect\":\"sqlite\",\"entries\":[{entries}]}}").leak();
    for (journal, expected) in [
        (
            &*listed(r#"{"when":1,"tag":"a"},{"when":2,"tag":"gone"}"#),
            "gone.sql: meta/_journal.json lists this file, which does not exist",
        ),
        (
            listed(r#"{"when":2,"tag":"a"},{"when":1,"tag":"b"}"#),
            "b.sql: the time 1 of b is not after that of a, which is listed before it: Drizzle applies both to a new database, and passes over b \
             where a is applied; give it a later time, and change created_at in its row where it is applied",
        ),
        (
            listed(r#"{"when":2,"tag":"a"},{"when":2,"tag":"b"}"#),
            "b.sql: the time 2 of b is not after that of a, which is listed before it: Drizzle applies both to a new database, and passes over b \
             where a is applied; give it a later time, and change created_at in its row where it is applied",
        ),
        (
            listed(r#"{"when":9223372036854775808,"tag":"a"}"#),
            "a.sql: the version does not fit into the history table, which has a number of 64 bits with a sign",
        ),
        (
            listed(r#"{"when":1,"tag":"../a"}"#),
            "../a.sql: the list of migrations cannot be used: the tag \"../a\" is not the name of a file",
        ),
        ("{}", "meta/_journal.json: the list of migrations cannot be used: missing field `entries` at line 1 column 2"),
        (
            "{\"entries\":[{\"when\":\"1\",\"tag\":\"a\"}]}",
            "meta/_journal.json: the list of migrations cannot be used: invalid type: string \"1\", expected u64 at line 1 column 23",
        ),
        (listed(""), "the directory  has no migrations for sqlite"),
    ] {
        let files = [(JOURNAL, journal), ("a.sql", "SELECT 1;"), ("b.sql", "SELECT 1;")];
        assert_eq!(read(&files, Dialect::Sqlite).unwrap_err(), expected);
    }
}

#[test]
fn without_a_journal_each_folder_is_a_migration() {
    let set = read(
        &[
            ("20240102000000_Users/migration.sql", "SELECT 1;"),
            ("20240102000000_accounts/migration.sql", "SELECT 1;"),
            ("20240102000000_accounts/snapshot.json", "{}"),
            ("20240101000000/migration.sql", ""),
            ("20240103000000_back/migration.sql", "SELECT 1;"),
            ("20240103000000_back/down.sql", "SELECT 2;"),
            ("20240104000000_empty/snapshot.json", "{}"),
            ("no_time/notes.txt", ""),
            ("hooks/before_each.sql", "SELECT 1;"),
            ("loose.sql", "SELECT 1;"),
        ],
        Dialect::Sqlite,
    );
    assert_eq!(
        set.unwrap(),
        [
            "20240101000000 = ",
            "20240102000000_accounts = accounts",
            "20240102000000_Users = Users",
            "20240103000000_back = back with down",
        ]
    );
    assert_eq!(
        read(&[("init/migration.sql", "SELECT 1;")], Dialect::Sqlite).unwrap_err(),
        "init/migration.sql: the version is not the 14 digits of a time, with which the name of a folder must begin"
    );
}

/// The statements of a file, or its first problem and where it is.
fn statements(text: &'static str, dialect: Dialect) -> String {
    let files = EmbeddedFiles::from(vec![("20240101000000_a/migration.sql", text)]);
    let set = Reader::embedded(&files, dialect).layout(Layout::named("drizzle").unwrap()).migrations().unwrap();
    let up = &set.iter().next().unwrap().up;
    match up.parsed() {
        Ok(parsed) => parsed.statements.iter().map(|one| one.text(up.text())).collect::<Vec<_>>().join(" | "),
        Err(problems) => format!("{}:{}: {}", problems[0].place.line, problems[0].place.column, problems[0].problem),
    }
}

#[test]
fn breakpoints_are_between_statements() {
    for dialect in Dialect::ALL {
        for (text, expected) in [
            ("SELECT 1;\n--> statement-breakpoint\nSELECT 2;\n", "SELECT 1 | SELECT 2"),
            ("SELECT 1;--> statement-breakpoint\r\nSELECT 2;", "SELECT 1 | SELECT 2"),
            ("SELECT 1\n--> statement-breakpoint\nSELECT 2", "SELECT 1 | SELECT 2"),
            ("SELECT 1--> statement-breakpoint\nSELECT 2", "SELECT 1 | SELECT 2"),
            ("--> statement-breakpoint\nSELECT 1;\n--> statement-breakpoint", "SELECT 1"),
            ("SELECT 1; --> statement-breakpoint -- and\nSELECT 2", "SELECT 1 | SELECT 2"),
            ("SELECT '--> statement-breakpoint\n';", "SELECT '--> statement-breakpoint\n'"),
            ("SELECT 1;--> statement-breakpoint SELECT 2;", "1:34: begin a new line after --> statement-breakpoint"),
        ] {
            assert_eq!(statements(text, dialect), expected, "{dialect:?}: {text}");
        }
    }
    let procedure = "CREATE PROCEDURE p()\nBEGIN\n  SELECT 1;\n  SELECT 2;\nEND\n--> statement-breakpoint\nCALL p()";
    assert_eq!(
        statements(procedure, Dialect::Mysql),
        "CREATE PROCEDURE p()\nBEGIN\n  SELECT 1;\n  SELECT 2;\nEND | CALL p()"
    );
}

#[test]
fn only_the_tool_creates_files() {
    let directory = tempfile::TempDir::new().unwrap();
    for ways in [Ways::Up, Ways::UpAndDown] {
        let new = NewMigration { name: "Add users", timestamp: "20260131120000", ways };
        let error = Layout::named("drizzle").unwrap().create(directory.path(), &new).unwrap_err();
        assert_eq!(
            error.to_string(),
            "the files of the layout drizzle are created by its tool: run drizzle-kit generate, with --custom for SQL of your own"
        );
    }
    assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 0);
}

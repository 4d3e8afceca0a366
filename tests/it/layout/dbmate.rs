//! dbmate's files: sections, options, and what dbmate refuses.

use migrascope::layout::{EmbeddedFiles, Layout, LayoutError, NewMigration, Reader, Ways};
use migrascope::migration::{Dialect, MigrationSet, Script};

fn read(files: &[(&'static str, &'static str)], dialect: Dialect) -> Result<MigrationSet, LayoutError> {
    let files = EmbeddedFiles::from(files.to_vec());
    Reader::embedded(&files, dialect).layout(Layout::named("dbmate").unwrap()).migrations()
}

/// The statements of a script, or its first problem and where it is.
fn script(script: &Script) -> String {
    match script.parsed() {
        Ok(parsed) => {
            let statements = parsed.statements.iter().map(|one| one.text(script.text()).replace('\n', "⏎"));
            let alone = if parsed.directives.no_transaction { "no transaction: " } else { "" };
            format!("{alone}{}", statements.collect::<Vec<_>>().join(" | "))
        }
        Err(problems) => format!("{}: {}", problems[0].place.line, problems[0].problem),
    }
}

/// What one file has, as `up / down`.
fn of(text: &'static str, dialect: Dialect) -> String {
    let set = read(&[("1_a.sql", text)], dialect).unwrap();
    let migration = set.iter().next().unwrap();
    let down = migration.down.as_ref().map(|down| format!(" / {}", script(down))).unwrap_or_default();
    format!("{}{down}", script(&migration.up))
}

const EMPTY: &str = "-- migrate:up\n-- migrate:down\n";

#[test]
fn files_are_those_of_dbmate() {
    let set = read(
        &[
            ("007_seven.sql", EMPTY),
            ("20240102030405-add-users.sql", EMPTY),
            ("20240102030406_b.sql", EMPTY),
            ("20240102030407.sql", EMPTY),
            ("7_also.sql", EMPTY),
            ("schema.sql", "SELECT 1"),
            ("V1_a.sql", "SELECT 1"),
            ("8_a.SQL", "SELECT 1"),
            ("deeper/1_a.sql", "SELECT 1"),
        ],
        Dialect::Postgres,
    );
    let described: Vec<String> = set.unwrap().iter().map(|one| format!("{} {}", one.key, one.name)).collect();
    assert_eq!(described, ["007 seven", "20240102030405 add-users", "20240102030406 b", "20240102030407 ", "7 also"]);
}

#[test]
fn names_with_which_dbmate_would_go_wrong_are_faults() {
    for (files, expected) in [
        (["1_b.sql", "1_a.sql"], "1_b.sql: the version is already used by 1_a.sql"),
        (
            ["1_b.sql", "10_a.sql"],
            "10_a.sql: its tool orders files by name, and applies it before 1_b.sql, which has a lower version: give all versions the same number of digits",
        ),
    ] {
        let Err(LayoutError::Files(problems)) = read(&files.map(|file| (file, EMPTY)), Dialect::Postgres) else {
            panic!("{files:?} are accepted")
        };
        let problems: Vec<_> = problems.iter().map(|one| format!("{}: {one}", one.path.display())).collect();
        assert_eq!(problems, [expected]);
    }
    // The byte after the digits decides: a hyphen comes before all digits.
    assert!(read(&[("1-b.sql", EMPTY), ("10-a.sql", EMPTY)], Dialect::Postgres).is_ok());
}

#[test]
fn several_folders_are_one_directory() {
    let directory = tempfile::TempDir::new().unwrap();
    let folder = |name: &str| directory.path().join(name).display().to_string();
    let write = |file: &str| std::fs::write(directory.path().join(file), EMPTY).unwrap();
    for name in ["one", "two", "none"] {
        std::fs::create_dir(folder(name)).unwrap();
    }
    for file in ["one/01_a.sql", "one/03_c.sql", "two/02_b.sql"] {
        write(file);
    }
    let layout = Layout::named("dbmate").unwrap();
    let read = |names: &[&str]| {
        let names: Vec<_> = names.iter().map(|name| folder(name)).collect();
        let set = Reader::directory(names.join(","), Dialect::Postgres).layout(layout).migrations();
        set.map(|set| set.iter().map(|one| one.key.to_string()).collect::<Vec<_>>().join(" "))
    };
    assert_eq!(read(&["one", "two", "none"]).unwrap(), "01 02 03");
    assert!(matches!(read(&["none", "none"]), Err(LayoutError::Empty { .. })));
    assert!(matches!(read(&["one", "nowhere"]), Err(LayoutError::Directory { .. })));
    write("two/03_again.sql");
    let Err(LayoutError::Files(problems)) = read(&["one", "two"]) else { panic!("a version twice") };
    assert_eq!(problems[0].path, directory.path().join("two/03_again.sql"));
    let new = NewMigration { name: "x", timestamp: "20260131120000", ways: Ways::Up };
    let paths = layout.create(format!("{},{}", folder("two"), folder("one")).as_ref(), &new).unwrap();
    assert_eq!(paths, [directory.path().join("two/04_x.sql")]);
}

#[test]
fn sections_are_divided_as_dbmate_divides_them() {
    for (text, expected) in [
        ("-- migrate:up\nSELECT 1;\n-- migrate:down\nSELECT 2;\n", "SELECT 1 / SELECT 2"),
        ("--migrate:up\nSELECT 1;SELECT 2\n--migrate:down\n", "SELECT 1 | SELECT 2 / "),
        ("\n  -- a\n-- migrate:up\r\nSELECT 1\r\n-- migrate:down\r\n\r\n", "SELECT 1 / "),
        ("--  migrate:up and more\nSELECT 1;\n--\tmigrate:down\n", "SELECT 1 / "),
        (
            "-- migrate:up transaction:false\nSELECT 1;\n-- migrate:down\nSELECT 2;",
            "no transaction: SELECT 1 / SELECT 2",
        ),
        (
            "-- migrate:up\nSELECT 1;\n-- migrate:down transaction:false\nSELECT 2;",
            "SELECT 1 / no transaction: SELECT 2",
        ),
        (
            "-- migrascope: no-transaction\n-- migrate:up\nSELECT 1;\n-- migrate:down\nSELECT 2;",
            "no transaction: SELECT 1 / SELECT 2",
        ),
        // Only in the first column, and only as dbmate writes them.
        (
            "-- migrate:up\nSELECT 1;\n -- migrate:down\n-- migrate:downs\n-- Migrate:down\n-- migrate:down\n",
            "SELECT 1 / ",
        ),
    ] {
        for dialect in Dialect::ALL {
            assert_eq!(of(text, dialect), expected, "{text}");
        }
    }
    let program = "-- migrate:up\nCREATE PROCEDURE p()\nBEGIN\n  SELECT 1;\nEND;\nCALL p();\n-- migrate:down\n";
    assert_eq!(of(program, Dialect::Mysql), "CREATE PROCEDURE p()⏎BEGIN⏎  SELECT 1;⏎END | CALL p() / ");
}

#[test]
fn what_dbmate_refuses_is_refused_at_its_place() {
    for (text, expected) in [
        ("SELECT 1;\n-- migrate:down\n", "1: the file has no section -- migrate:up"),
        (
            "-- migrate:up\nSELECT 1;\n",
            "1: the file has no section -- migrate:down, without which dbmate refuses it; it may be empty",
        ),
        ("-- migrate:down\n-- migrate:up\n", "1: dbmate does not accept the down section before the up section"),
        ("\nSELECT 1;\n-- migrate:up\n-- migrate:down\n", "2: only comments with -- may be before the up section"),
        (
            "-- migrate:up\n-- migrate:down\n-- migrate:up\n-- migrate:down\n",
            "3: dbmate would record a second up section as the same version again, and fail",
        ),
        ("-- migrate:up\n-- migrate:down\n-- migrate:down\n", "3: dbmate accepts only one down section"),
        (
            "\u{feff}-- migrate:up\n-- migrate:down\n",
            "1: dbmate does not accept a byte order mark before the first section",
        ),
    ] {
        assert_eq!(of(text, Dialect::Postgres), expected, "{text}");
    }
}

#[test]
fn a_new_file_is_one_that_dbmate_accepts() {
    for ways in [Ways::Up, Ways::UpAndDown] {
        let directory = tempfile::TempDir::new().unwrap();
        let layout = Layout::named("dbmate").unwrap();
        let new = NewMigration { name: "Add users", timestamp: "20260131120000", ways };
        let paths = layout.create(directory.path(), &new).unwrap();
        assert_eq!(paths, [directory.path().join("20260131120000_add_users.sql")]);
        let set = Reader::directory(directory.path(), Dialect::Postgres).layout(layout).migrations().unwrap();
        let made = set.iter().next().unwrap();
        assert_eq!((made.up.is_empty(), made.down.as_ref().map(Script::is_empty)), (true, Some(true)));
    }
}

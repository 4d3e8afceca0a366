//! goose's files: sections, annotations, and what goose refuses.

use migrascope::layout::{EmbeddedFiles, Layout, LayoutError, NewMigration, Reader, Ways};
use migrascope::migration::{Dialect, Migration, MigrationSet, Script};

fn read(files: &[(&'static str, &'static str)], dialect: Dialect) -> Result<MigrationSet, LayoutError> {
    let files = EmbeddedFiles::from(files.to_vec());
    Reader::embedded(&files, dialect).layout(Layout::named("goose").unwrap()).migrations()
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

fn described(migration: &Migration) -> String {
    let down = migration.down.as_ref().map(|down| format!(" / {}", script(down))).unwrap_or_default();
    format!("{}{down}", script(&migration.up))
}

/// What one file has for PostgreSQL, as `up / down`.
fn file(text: &'static str) -> String {
    of(text, Dialect::Postgres)
}

fn of(text: &'static str, dialect: Dialect) -> String {
    described(read(&[("1_a.sql", text)], dialect).unwrap().iter().next().unwrap())
}

#[test]
fn files_are_those_of_goose() {
    let set = read(
        &[
            ("00010_later.sql", "-- +goose Up\n"),
            ("9_before.sql", "-- +goose Up\n"),
            ("20240102030405_with_time.sql", "-- +goose Up\n"),
            ("3_in_code.go", "package migrations"),
            ("3_in_code_test.go", "package migrations"),
            ("main.go", "package main"),
            ("deeper/1_a.sql", "SELECT 1"),
            ("README.md", ""),
        ],
        Dialect::Postgres,
    );
    let described: Vec<String> =
        set.unwrap().iter().map(|one| format!("{} {}: {}", one.key, one.name, described(one))).collect();
    assert_eq!(
        described,
        [
            "3 in_code: 1: the migration is written in code, which only its own tool can run: apply it with that tool, then go on",
            "9 before: ",
            "00010 later: ",
            "20240102030405 with_time: ",
        ]
    );
}

#[test]
fn names_that_goose_refuses_are_faults() {
    let problems = |files: &[(&'static str, &'static str)]| match read(files, Dialect::Postgres) {
        Err(LayoutError::Files(problems)) => {
            problems.iter().map(|one| format!("{}: {one}", one.path.display())).collect::<Vec<_>>()
        }
        other => panic!("{other:?}"),
    };
    assert_eq!(
        problems(&[("seed.sql", ""), ("00000_init.sql", ""), ("1_a.sql", ""), ("01_b.go", "")]),
        [
            "00000_init.sql: the version is zero, and must be at least 1",
            "seed.sql: the file name has no version: it must read like 20260131120000_add_users.sql",
            "1_a.sql: the version is already used by 01_b.go",
        ]
    );
}

#[test]
fn sections_are_divided_as_goose_divides_them() {
    for (text, expected) in [
        ("-- +goose Up\nSELECT 1;\n-- +goose Down\nSELECT 2;\n", "SELECT 1 / SELECT 2"),
        ("-- +goose Up\nSELECT 1;", "SELECT 1"),
        ("-- +goose Up\r\nSELECT 1;\r\n-- +goose Down\r\n", "SELECT 1 / "),
        (
            "\n-- comment\n  -- another\n-- +goose up\nSELECT 1; -- said\n\n-- +goose DOWN\n-- SELECT 2;\n",
            "SELECT 1 / ",
        ),
        ("--+gooseUp\nSELECT 1;\n---- +goose Down --\nSELECT 2;", "SELECT 1 / SELECT 2"),
        // Several statements, on one line and in one block, and a block whose last one has no semicolon.
        ("-- +goose Up\nSELECT 1; SELECT 2;\n", "SELECT 1 | SELECT 2"),
        (
            "-- +goose Up\n-- +goose StatementBegin\nSELECT 1;\n\nSELECT 2\n-- +goose StatementEnd\n-- +goose StatementBegin\nSELECT 3\n-- +goose StatementEnd\n",
            "SELECT 1 | SELECT 2 | SELECT 3",
        ),
        (
            "-- +goose Up\n-- +goose StatementBegin\nCREATE FUNCTION f() RETURNS int AS $$\nBEGIN\n  RETURN 1; -- +goose\nEND $$ LANGUAGE plpgsql\n-- +goose StatementEnd\nSELECT f();\n",
            "CREATE FUNCTION f() RETURNS int AS $$⏎BEGIN⏎  RETURN 1; -- +goose⏎END $$ LANGUAGE plpgsql | SELECT f()",
        ),
        ("-- +goose Up\nSELECT $$a;\nb$$;\n", "SELECT $$a;⏎b$$"),
        // One annotation is for both directions, wherever it is.
        ("-- +goose NO TRANSACTION\n-- +goose Up\nSELECT 1;\n", "no transaction: SELECT 1"),
        (
            "-- +goose Up\nSELECT 1;\n-- +goose Down\n-- +goose no transaction\nSELECT 2;\n",
            "no transaction: SELECT 1 / no transaction: SELECT 2",
        ),
        ("-- migrascope: no-transaction\n-- +goose Up\nSELECT 1;\n-- +goose Down\n", "no transaction: SELECT 1 / "),
        // Without a variable, nothing is replaced.
        (
            "-- +goose ENVSUB ON\n-- +goose Up\nSELECT 1;\n-- +goose ENVSUB OFF\nSELECT $$a$$;\n",
            "SELECT 1 | SELECT $$a$$",
        ),
    ] {
        assert_eq!(file(text), expected, "{text}");
    }
}

#[test]
fn bodies_of_routines_are_one_statement_on_each_database() {
    let program = "-- +goose Up\n-- +goose StatementBegin\nCREATE PROCEDURE p()\nBEGIN\n  SELECT 1;\n  SELECT 2;\nEND;\n-- +goose StatementEnd\nCALL p();\n\
                   -- +goose Down\nDROP PROCEDURE p;";
    assert_eq!(
        of(program, Dialect::Mysql),
        "CREATE PROCEDURE p()⏎BEGIN⏎  SELECT 1;⏎  SELECT 2;⏎END | CALL p() / DROP PROCEDURE p"
    );
    let trigger = "-- +goose Up\n-- +goose StatementBegin\nCREATE TRIGGER g AFTER INSERT ON t BEGIN\n  DELETE FROM t;\nEND\n-- +goose StatementEnd\nSELECT 1;\n";
    assert_eq!(
        of(trigger, Dialect::Sqlite),
        "CREATE TRIGGER g AFTER INSERT ON t BEGIN⏎  DELETE FROM t;⏎END | SELECT 1"
    );
    assert_eq!(
        of("-- +goose Up\n--+goose StatementBegin\nSELECT 1\n--+goose StatementEnd\n", Dialect::Mysql),
        "SELECT 1"
    );
}

#[test]
fn what_goose_refuses_is_refused_at_its_place() {
    for (text, expected) in [
        ("SELECT 1;\n-- +goose Up\n", "1: only comments with -- may be before the annotation Up"),
        ("/* a */\n-- +goose Up\n", "1: only comments with -- may be before the annotation Up"),
        ("\u{feff}-- +goose Up\nSELECT 1;", "1: goose does not accept a byte order mark before the first annotation"),
        ("-- nothing\n", "1: the file has no annotation -- +goose Up"),
        ("-- +goose Down\n", "1: goose accepts the annotation Down only once, after Up and outside of a block"),
        ("-- +goose Up\n -- +goose Down\n", "2: goose does not accept blanks before an annotation"),
        ("-- +goose Up\n-- +goose Up\n", "2: goose accepts the annotation Up only once"),
        (
            "-- +goose Up\n-- +goose Down\n-- +goose Down\n",
            "3: goose accepts the annotation Down only once, after Up and outside of a block",
        ),
        ("-- +goose Up\n-- +goose Statement Begin\n", "2: goose does not know this annotation"),
        ("-- +goose Up\n-- +goose NO  TRANSACTION\n", "2: goose does not know this annotation"),
        ("-- +goose Up +goose Down\n", "1: goose does not know this annotation"),
        (
            "-- +goose Up\nSELECT 1;\n-- +Goose Down\nSELECT 2;\n",
            "3: goose would read this as a comment: its annotations begin with +goose",
        ),
        ("-- +goose Up\n-- +goose StatementEnd\n", "2: the block that ends here does not begin"),
        ("-- +goose Up\n-- +goose StatementBegin\nSELECT 1;\n", "2: the block has no end"),
        (
            "-- +goose Up\n-- +goose StatementBegin\n-- +goose StatementBegin\n",
            "3: goose accepts a block only in a section and outside of another block",
        ),
        (
            "-- +goose Up\nSELECT 1;\n-- +goose StatementBegin\n\n-- nothing\n-- +goose StatementEnd\nSELECT 2;\n",
            "3: the block has no SQL, and goose would pass over the line after it",
        ),
        ("-- +goose Up\nSELECT 1\n", "2: the statement has no semicolon at the end of its last line"),
        (
            "-- +goose Up\nSELECT 1;\nSELECT 2 -- ;\n-- +goose Down\nSELECT 3;",
            "3: the statement has no semicolon at the end of its last line / SELECT 3",
        ),
        (
            "-- +goose Up\nSELECT 1;\n-- +goose Down\nSELECT 2",
            "SELECT 1 / 4: the statement has no semicolon at the end of its last line",
        ),
        (
            "-- +goose ENVSUB ON\n-- +goose Up\nSELECT 1;\nSELECT '${NAME}';\n-- +goose Down\nSELECT 2;",
            "4: goose replaces variables here, and migrascope does not: apply this migration with goose, or write the values instead / SELECT 2",
        ),
    ] {
        assert_eq!(file(text), expected, "{text}");
    }
}

#[test]
fn a_new_file_is_one_that_goose_accepts() {
    let directory = tempfile::TempDir::new().unwrap();
    std::fs::write(directory.path().join("00009_a.sql"), "-- +goose Up\n").unwrap();
    let layout = Layout::named("goose").unwrap();
    for (ways, expected) in [(Ways::Up, "00010_add_users.sql"), (Ways::UpAndDown, "00011_add_users.sql")] {
        let new = NewMigration { name: "Add users", timestamp: "20260131120000", ways };
        let paths = layout.create(directory.path(), &new).unwrap();
        assert_eq!(paths, [directory.path().join(expected)]);
        let set = Reader::directory(directory.path(), Dialect::Postgres).layout(layout).migrations().unwrap();
        let made = set.iter().last().unwrap();
        let down = made.down.as_ref().map(Script::is_empty);
        assert_eq!((made.up.is_empty(), down), (true, (ways == Ways::UpAndDown).then_some(true)));
    }
}

//! Supabase's directories.

use migrascope::layout::{EmbeddedFiles, Layout, LayoutError, NewMigration, Reader, Ways};
use migrascope::migration::{Dialect, MigrationSet};

fn read(files: &[(&'static str, &'static str)], dialect: Dialect) -> Result<MigrationSet, String> {
    let files = EmbeddedFiles::from(files.to_vec());
    let set = Reader::embedded(&files, dialect).layout(Layout::named("supabase").unwrap()).migrations();
    set.map_err(|error| match error {
        LayoutError::Files(problems) => {
            problems.iter().map(|one| format!("{}: {one}", one.path.display())).collect::<Vec<_>>().join("; ")
        }
        other => other.to_string(),
    })
}

fn described(files: &[(&'static str, &'static str)]) -> Result<Vec<String>, String> {
    let set = read(files, Dialect::Postgres)?;
    Ok(set.iter().map(|one| format!("{} = {}", one.key, one.name)).collect())
}

#[test]
fn files_are_those_of_supabase() {
    let set = described(&[
        ("20240101000000_a.sql", "SELECT 1;"),
        ("20240102000000_.sql", ""),
        ("20240103000000_a.up.sql", ""),
        ("20240104000000_init.sql", ""),
        ("20240105000000.sql", "SELECT 1;"),
        ("20240106000000-a.sql", ""),
        ("20240107000000_a.SQL", ""),
        ("seed.sql", ""),
        ("deeper/20240101000000_b.sql", "SELECT 1;"),
        ("hooks/before_each.sql", "SELECT 1;"),
    ]);
    let expected = ["20240101000000 = a", "20240102000000 = ", "20240103000000 = a.up", "20240104000000 = init"];
    assert_eq!(set.unwrap(), expected);
}

#[test]
fn a_dump_that_is_the_first_file_is_skipped() {
    let (old, new) = ("20211208000000_init.sql", "20240101000000_a.sql");
    assert_eq!(described(&[(old, ""), (new, "")]).unwrap(), ["20240101000000 = a"]);
    assert_eq!(described(&[("1_first.sql", ""), (old, "")]).unwrap(), ["1 = first", "20211208000000 = init"]);
    assert_eq!(described(&[("20211209000000_init.sql", "")]).unwrap(), ["20211209000000 = init"]);
}

#[test]
fn what_supabase_would_apply_twice_or_in_another_order_is_a_fault() {
    assert_eq!(
        described(&[("20240101000000_a.sql", ""), ("20240101000000_b.sql", "")]).unwrap_err(),
        "20240101000000_b.sql: the version is already used by 20240101000000_a.sql"
    );
    assert_eq!(described(&[("01_a.sql", ""), ("1_a.sql", "")]).unwrap(), ["01 = a", "1 = a"]);
    assert_eq!(
        described(&[("1_a.sql", ""), ("10_b.sql", "")]).unwrap_err(),
        "10_b.sql: its tool orders files by name, and applies it before 1_a.sql, which has a lower version: give all versions the same number of digits"
    );
    assert_eq!(
        described(&[("1_a.sql/b.txt", ""), ("2_b.sql", "")]).unwrap_err(),
        "1_a.sql: it is named like an SQL file but is a folder"
    );
}

#[test]
fn there_is_supabase_for_one_database_only() {
    for dialect in [Dialect::Mysql, Dialect::Sqlite] {
        let error = read(&[("1_a.sql", "")], dialect).unwrap_err();
        assert_eq!(error, ": the migrations are for Supabase, which has only PostgreSQL");
    }
}

#[test]
fn the_first_line_may_turn_the_transaction_off() {
    for (text, expected) in [
        ("-- pg-delta: transaction=false\nVACUUM;", true),
        ("-- pg-delta: transaction=false\r\nVACUUM;", true),
        (" -- pg-delta: transaction=false\nVACUUM;", false),
        ("-- pg-delta: transaction=true\nVACUUM;", false),
        ("\n-- pg-delta: transaction=false\nVACUUM;", false),
    ] {
        let set = read(&[("1_a.sql", text)], Dialect::Postgres).unwrap();
        let parsed = set.iter().next().unwrap().up.parsed().unwrap();
        assert_eq!(parsed.directives.no_transaction, expected, "{text:?}");
    }
}

#[test]
fn a_new_file_is_one_that_supabase_applies() {
    let directory = tempfile::TempDir::new().unwrap();
    std::fs::write(directory.path().join("20240101000000_a.sql"), "").unwrap();
    let layout = Layout::named("supabase").unwrap();
    let new = NewMigration { name: "Add users", timestamp: "20260131120000", ways: Ways::Up };
    let paths = layout.create(directory.path(), &new).unwrap();
    assert_eq!(paths, [directory.path().join("20260131120000_add_users.sql")]);
    let error = layout.create(directory.path(), &NewMigration { ways: Ways::UpAndDown, ..new }).unwrap_err();
    assert_eq!(error.to_string(), "the layout supabase has no down files");
}

//! Section markers of other tools, as the lexer reads comments.

use migrascope::migration::Dialect;
use migrascope::script::{self, Problem};

/// The tool for each dialect; `?` for a down section of an unknown tool, `-` for a script that is read as a whole.
#[track_caller]
fn check(text: &str, expected: &str) {
    for dialect in Dialect::ALL {
        let told = match script::parse(text, dialect) {
            Ok(_) => "-".to_owned(),
            Err(errors) => match &errors[0].problem {
                Problem::Section { tool, .. } => tool.clone().unwrap_or_else(|| "?".to_owned()),
                other => other.to_string(),
            },
        };
        assert_eq!(told, expected, "{dialect:?} {text:?}");
    }
}

#[test]
fn the_markers_of_each_tool_are_known_in_any_case_and_with_any_blanks() {
    for (marker, tool) in [
        ("-- +goose Up", "goose"),
        ("--  +GOOSE down", "goose"),
        ("-- +goose StatementBegin", "goose"),
        ("-- +goose NO TRANSACTION", "goose"),
        ("-- +migrate Down notransaction", "sql-migrate"),
        ("-- +micrate Up", "micrate"),
        ("-- +newtool Down", "newtool"),
        ("-- migrate:up", "dbmate"),
        ("-- Migrate:Down transaction:false", "dbmate"),
        ("-- migrate: down", "dbmate"),
        ("---- create above / drop below ----", "tern"),
        ("-- Create above/drop below", "tern"),
        ("-- //@UNDO", "MyBatis Migrations"),
        ("-- // @undo", "MyBatis Migrations"),
        ("# --- !Ups", "Play evolutions"),
        ("-- !Downs", "Play evolutions"),
        ("# !Downs", "Play evolutions"),
        ("-- rambler down", "rambler"),
        ("-- liquibase formatted sql", "Liquibase"),
        ("-- changeset bob:1 runOnChange:true", "Liquibase"),
        ("-- atlas:txtar", "Atlas"),
    ] {
        for text in [
            format!("{marker}\nSELECT 1;\n"),
            format!("\u{feff}  {marker}  \r\nSELECT 1;\r\n"),
            format!("SELECT 1;\n\n{marker}\nSELECT 2;"),
        ] {
            check(&text, tool);
        }
    }
    // Where a comment needs no blank after its dashes, and between statements, where the mysql client drops such lines.
    for (marker, tool) in [("--+goose Up", "goose"), ("--//@UNDO", "MyBatis Migrations"), ("--migrate:down", "dbmate")]
    {
        check(&format!("SELECT 1;\n{marker}\nSELECT 2;"), tool);
    }
    check("CREATE TABLE t (i int)\n-- migrate:down\nDROP TABLE t;", "dbmate");
}

#[test]
fn a_way_back_of_any_tool_is_recognised_between_statements() {
    for marker in [
        "-- down",
        "-- DOWN migration",
        "-- rollback",
        "--- Undo ---",
        "-- @DOWN",
        "-- [down]",
        "-- ==== DOWN ====",
        "/* down */",
        "-- down:",
        "-- migration:down",
        "-- down.sql --",
        "-- Begin rollback script",
        "-- roll back",
    ] {
        check(&format!("CREATE TABLE t (i int);\n{marker}\nDROP TABLE t;\n"), "?");
    }
    check("-- down\nDROP TABLE t;\n-- up\nCREATE TABLE t (i int);\n", "?");
}

#[test]
fn ordinary_comments_are_no_markers() {
    for text in [
        "-- migrate: up the ladder\nSELECT 1;",
        "SELECT 1;\n-- drop the old table\nSELECT 2;",
        "SELECT 1;\n-- tear down what 3 made\nSELECT 2;",
        "SELECT 1; -- rollback\nSELECT 2;",
        "SELECT 1;\n-- rollback:\n-- DROP TABLE t;\n",
        "-- revert\nSELECT 1;",
        "-- up\nSELECT 1;\nSELECT 2;",
        "SELECT 1,\n-- down\n2;",
        "BEGIN;\nSELECT 1;\n-- rollback\nROLLBACK;",
        "SELECT 1;\n/*\n-- down\nDROP TABLE t;\n*/\nSELECT 2;",
        "SELECT '\n-- +goose Down\n';",
        "-- the files of goose begin with +goose Up\nSELECT 1;",
        "SELECT 1;\n-- + migrate the orders\nSELECT 2;",
    ] {
        check(text, "-");
    }
    let quoted = "SELECT $$\n-- +goose Down\n$$;\nSELECT $x$\n-- migrate:down\n$x$;";
    assert!(script::parse(quoted, Dialect::Postgres).is_ok());
}

#[test]
fn the_first_marker_of_a_tool_is_placed_and_told_beside_other_problems() {
    let text = "SELECT 1;\n  -- +goose Up\n-- +goose Down\nSELECT '";
    let errors = script::parse(text, Dialect::Sqlite).unwrap_err();
    let told: Vec<String> =
        errors.iter().map(|error| format!("{}:{} {error}", error.place.line, error.place.column)).collect();
    assert_eq!(
        told,
        [
            "2:3 \"-- +goose Up\" is a section marker of goose: every section of the file would run in one go",
            "4:8 unterminated quote '"
        ]
    );
}

#[test]
fn a_directive_makes_them_plain_comments() {
    check("-- migrascope: allow=section-marker\nSELECT 1;\n-- down\nSELECT 2;", "-");
}

//! The SQL of the ledger for each database, tested without a server.

use std::time::Duration;

use super::{Elapsed, HistoryFormat, qualified};
use crate::database::{ConnectOptions, SecretUrl, Sql, open};
use crate::migration::{Dialect, Migration, Script, Version};

fn sql(url: &str) -> Box<dyn Sql> {
    open(&SecretUrl::new(url), ConnectOptions::default()).expect("a URL").sql()
}

fn migration() -> Migration {
    let up = Script::new("7_it's.sql", "SELECT 1", Dialect::Postgres);
    Migration { key: Version::from_history("007").into(), name: "it's".to_owned(), up, down: None }
}

#[test]
fn a_row_is_written_in_the_words_of_each_database() {
    let ledger = HistoryFormat::native().ledger("app.history");
    let elapsed = Elapsed::Measured(Duration::from_millis(5));
    for (url, starts, name, now) in [
        #[cfg(feature = "postgres")]
        ("postgres://h/d", r#"INSERT INTO "app"."history" ("#, "E'it''s'", "pg_catalog.clock_timestamp()"),
        #[cfg(feature = "mysql")]
        ("mysql://h/d", "INSERT INTO `app`.`history` (", "CONVERT(0x69742773 USING utf8mb4)", "UTC_TIMESTAMP(6)"),
        #[cfg(feature = "sqlite")]
        ("sqlite://d.db", r#"INSERT INTO "app"."history" ("#, "'it''s'", "strftime('%Y-%m-%dT%H:%M:%fZ', 'now')"),
    ] {
        let row = ledger.add(&*sql(url), &migration(), elapsed, "run 1").concat();
        assert!(row.starts_with(starts), "{row}");
        for part in [name, now, "7'", ", 5, ", "run 1'"] {
            assert!(row.contains(part), "{part} is missing in {row}");
        }
    }
}

#[test]
fn a_table_without_a_schema_lies_in_that_of_the_connection() {
    for (url, expected) in [
        #[cfg(feature = "postgres")]
        ("postgres://h/d?currentSchema=tenant", r#""tenant"."history""#),
        #[cfg(feature = "postgres")]
        ("postgres://h/d", r#""history""#),
        #[cfg(feature = "mysql")]
        ("mysql://h/tenant", "`tenant`.`history`"),
        #[cfg(feature = "sqlite")]
        ("sqlite://d.db", r#""main"."history""#),
    ] {
        assert_eq!(qualified(&*sql(url), "history"), expected, "{url}");
    }
}

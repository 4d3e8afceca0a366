//! The token checksum distinguishes a cosmetic edit from a real one.

use migrascope::migration::Dialect::{self, Mysql, Postgres, Sqlite};

fn same(dialect: Dialect, left: &str, right: &str) -> bool {
    let of = |text| migrascope::script::parse(text, dialect).unwrap().token_checksum;
    of(left) == of(right)
}

#[test]
fn comments_and_blanks_are_cosmetic() {
    for dialect in Dialect::ALL {
        assert!(same(dialect, "SELECT a(b,1);", "-- why\nSELECT a ( b , 1 ) /* because */\r\n;\n;; -- end"));
        assert!(same(dialect, "SELECT 1; SELECT 2", ";SELECT 1;;\n\tSELECT 2;"));
        assert!(same(dialect, "", "-- nothing\n;"));
    }
    assert!(same(Mysql, "SELECT 1", "# one\nSELECT 1 # two"));
    assert!(same(Mysql, "SELECT 1;", "DELIMITER //\nSELECT 1; //"));
    assert!(same(
        Sqlite,
        "CREATE TRIGGER t INSERT ON a BEGIN SELECT 1; END",
        "CREATE TRIGGER t INSERT ON a BEGIN SELECT 1 ; /**/ END;"
    ));
}

#[test]
fn everything_else_is_real() {
    for dialect in Dialect::ALL {
        assert!(!same(dialect, "SELECT 1", "SELECT 2"));
        assert!(!same(dialect, "SELECT 'a b'", "SELECT 'a  b'"));
        assert!(!same(dialect, "SELECT ab", "SELECT a b"));
        assert!(!same(dialect, "SELECT 1 SELECT 2", "SELECT 1; SELECT 2"));
        assert!(!same(dialect, "SELECT 1", "select 1"));
        assert!(!same(dialect, "SELECT '-- a'", "SELECT '-- b'"));
        assert!(!same(dialect, "SELECT 1", "SELECT 1; SELECT 1"));
    }
    assert!(!same(Postgres, "DO $$ -- a\n$$", "DO $$ -- b\n$$"));
    assert!(!same(Mysql, "SELECT 1 /*! + 1 */", "SELECT 1 /*! + 2 */"));
    assert!(!same(Mysql, "SELECT 1 /*!50000 + 1 */", "SELECT 1 /*!80000 + 1 */"));
    assert!(!same(Mysql, "SELECT /*+ A() */ 1", "SELECT 1"));
}

#[test]
fn directives_count() {
    for dialect in Dialect::ALL {
        assert!(!same(dialect, "-- migrascope: no-transaction\nSELECT 1", "SELECT 1"));
        assert!(!same(dialect, "-- migrascope: allow=a\nSELECT 1", "-- migrascope: allow=b\nSELECT 1"));
        assert!(same(dialect, "-- migrascope: allow=a\nSELECT 1", "-- a\n\n  -- migrascope: allow=a\r\n SELECT 1; "));
    }
}

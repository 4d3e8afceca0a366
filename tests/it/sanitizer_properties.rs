//! The sanitizer removes every literal, whatever it contains and wherever it is.

use migrascope::migration::Dialect::{self, Mysql, Postgres, Sqlite};
use migrascope::script::sanitized;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

/// Occurs in every literal and in every comment, and nowhere else.
const SECRET: &str = "hunter2";
const DIGITS: &str = "4711";

const CODE: [&str; 18] =
    ["SELECT", "a", "t1", ",", "(", ")", "=", "-", "+", "*", "/", ".", "::", "FROM", "größe", "E", "x", "SET"];

/// How a literal or comment is written around a text; the last two accept only digits.
fn wrappings(dialect: Dialect) -> Vec<fn(&str) -> String> {
    let mut wrappings: Vec<fn(&str) -> String> = match dialect {
        Postgres => vec![
            // After a word: on a line of its own after E'…', it would continue that literal, and a backslash in it would escape.
            |text| format!("b '{}'", text.replace('\'', "''")),
            |text| format!("E'{}'", text.replace('\\', "\\\\").replace('\'', "\\'")),
            |text| format!("U&'{}'", text.replace('\'', "''")),
            |text| format!("$tag${text}$tag$"),
            |text| format!("/* /* {} */ */", text.replace(['*', '/'], "")),
        ],
        Mysql => vec![
            |text| format!("'{}'", text.replace('\\', "\\\\").replace('\'', "''")),
            |text| format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\"")),
            |text| format!("_utf8mb4'{}'", text.replace('\\', "\\\\").replace('\'', "\\'")),
            |text| format!("# {}\n", text.replace('\n', "")),
            |text| format!("/*+ {} */", text.replace(['*', '/'], "")),
        ],
        Sqlite => vec![
            |text| format!("'{}'", text.replace('\'', "''")),
            |text| format!("\"{}\"", text.replace('"', "\"\"")),
            |text| format!("/* {} */", text.replace(['*', '/'], "")),
        ],
    };
    wrappings.push(|text| format!("-- {}\n", text.replace(['\n', '\r'], "")));
    wrappings.push(|_| format!("x'{DIGITS}'"));
    wrappings.push(|_| format!("{DIGITS}.{DIGITS}"));
    wrappings
}

/// Dialect and text: code and literals, separated by a blank or nothing.
fn statements() -> impl Strategy<Value = (Dialect, String)> {
    select(&Dialect::ALL[..]).prop_flat_map(|dialect| {
        let inside = "[a-z '\"`\\\\$;\n/*#-]{0,8}";
        let literal = (select(wrappings(dialect)), inside, inside)
            .prop_map(|(wrap, before, after)| wrap(&format!("{before}{SECRET}{after}")));
        let piece = prop_oneof![2 => select(&CODE[..]).prop_map(str::to_owned), 1 => literal];
        let statement = vec(piece, 0..12).prop_map(|pieces| pieces.join(" "));
        (Just(dialect), statement)
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_literal_survives((dialect, text) in statements()) {
        let told = sanitized(&text, dialect);
        prop_assert!(!told.contains(SECRET) && !told.contains(DIGITS), "{dialect:?}: {text:?} → {told:?}");
        prop_assert!(!told.contains('\''), "{dialect:?}: {text:?} → {told:?}");
    }

    #[test]
    fn code_survives((dialect, text) in statements(), word in "[a-z]{9}") {
        let told = sanitized(&format!("{word} {text}"), dialect);
        prop_assert!(told.starts_with(&word), "{told:?}");
    }

    #[test]
    fn any_text_can_be_sanitized(text in any::<String>(), dialect in select(&Dialect::ALL[..])) {
        prop_assert!(!sanitized(&text, dialect).contains("--migrascope:"));
    }
}

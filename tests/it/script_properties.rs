//! Properties that hold for every text, however unusual.

use migrascope::migration::{Dialect, Statement};
use migrascope::script::{self, Parsed};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

const FRAGMENTS: [&str; 104] = [
    "'",
    "''",
    "\"",
    "`",
    "[",
    "]",
    "\\",
    "\\'",
    "$$",
    "$a$",
    "$1",
    "a$b",
    "$",
    "E'",
    "U&'",
    "N'",
    "--",
    "-- ",
    "--\n",
    "-----\n",
    "#",
    "/*",
    "*/",
    "/*!",
    "/*!50000 ",
    "/*M!",
    "/*+",
    "/**/",
    "(",
    ")",
    ";",
    ";;",
    "//",
    "|",
    ",",
    ".",
    ":",
    ":=",
    "@",
    "=",
    "*",
    "/",
    "-",
    "\n",
    "\r\n",
    "\r",
    "\t",
    " ",
    "é",
    "日本",
    "\u{feff}",
    "\0",
    "1",
    "1.5",
    "a",
    "x y",
    "DELIMITER ",
    "DELIMITER //\n",
    "DELIMITER $$\n",
    "DELIMITER ;\n",
    "CREATE ",
    "OR REPLACE ",
    "DEFINER=",
    "TEMP ",
    "TRIGGER ",
    "PROCEDURE ",
    "FUNCTION ",
    "EVENT ",
    "PACKAGE BODY ",
    "p() ",
    "FOR EACH ROW ",
    "BEGIN ",
    "ATOMIC ",
    "NOT ATOMIC ",
    "END",
    "END;",
    " END IF;",
    " END CASE ",
    "CASE ",
    "WHEN 1 ",
    "THEN ",
    "ELSE ",
    "IF ",
    "LOOP ",
    "WHILE ",
    "DO ",
    "REPEAT ",
    "UNTIL ",
    "FOR ",
    "AS ",
    "IS ",
    "RETURN ",
    "HANDLER ",
    "COPY a FROM STDIN",
    "SELECT 1",
    "SET a=1;",
    "ALTER TABLE a ",
    "INSERT INTO b ",
    "COMMIT;",
    "-- migrascope: ",
    "no-transaction\n",
    "allow=a",
    "lock-timeout=5s ",
    "\\.\n",
];

fn texts() -> impl Strategy<Value = String> {
    let fragment = prop_oneof![9 => select(&FRAGMENTS[..]).prop_map(str::to_owned), 1 => any::<String>()];
    vec(fragment, 0..40).prop_map(|fragments| fragments.concat())
}

fn dialects() -> impl Strategy<Value = Dialect> {
    select(&Dialect::ALL[..])
}

/// The text between the statements, before the first and after the last.
fn gaps<'a>(text: &'a str, statements: &[Statement]) -> Vec<&'a str> {
    let starts = statements.iter().map(|statement| statement.start).chain([text.len()]);
    let ends = [0].into_iter().chain(statements.iter().map(|statement| statement.end));
    ends.zip(starts).map(|(end, start)| &text[end..start]).collect()
}

fn reads_as_nothing(text: &str, dialect: Dialect) -> bool {
    script::parse(text, dialect).is_ok_and(|parsed| parsed.statements.is_empty())
}

fn speaks_to_the_mysql_program(text: &str) -> bool {
    text.to_ascii_uppercase().contains("DELIMITER")
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn statements_and_gaps_give_the_text_back(text in texts(), dialect in dialects()) {
        if let Ok(Parsed { statements, .. }) = script::parse(&text, dialect) {
            let gaps = gaps(&text, &statements);
            let mut whole = gaps[0].to_owned();
            for (statement, gap) in statements.iter().zip(&gaps[1..]) {
                prop_assert!(!statement.text(&text).is_empty());
                whole.push_str(statement.text(&text));
                whole.push_str(gap);
            }
            prop_assert_eq!(whole, text);
        }
    }

    #[test]
    fn gaps_hold_no_statement(text in texts(), dialect in dialects()) {
        if let (Ok(parsed), false) = (script::parse(&text, dialect), speaks_to_the_mysql_program(&text)) {
            for gap in gaps(&text, &parsed.statements) {
                prop_assert!(reads_as_nothing(gap, dialect), "{gap:?} in {text:?}");
            }
        }
    }

    #[test]
    fn a_statement_alone_reads_as_itself(text in texts(), dialect in dialects()) {
        if let (Ok(parsed), false) = (script::parse(&text, dialect), speaks_to_the_mysql_program(&text)) {
            for statement in &parsed.statements {
                let alone = statement.text(&text);
                // At the start of a text this mark counts as a blank, and at its end MySQL reads it as a comment.
                if alone.starts_with('\u{feff}') || alone.ends_with("--") {
                    continue;
                }
                let again = script::parse(alone, dialect).unwrap().statements;
                let expected = Statement { start: 0, end: alone.len(), line: 1, column: 1, ..statement.clone() };
                prop_assert_eq!(again, [expected]);
            }
        }
    }

    #[test]
    fn a_comment_between_statements_is_cosmetic(text in texts(), dialect in dialects()) {
        if let (Ok(parsed), false) = (script::parse(&text, dialect), speaks_to_the_mysql_program(&text)) {
            for statement in &parsed.statements {
                let (before, after) = text.split_at(statement.start);
                if before.is_empty() && after.starts_with('\u{feff}') {
                    continue;
                }
                let commented = format!("{before} /* it's; new */ {after}");
                prop_assert_eq!(&script::parse(&commented, dialect).unwrap().token_checksum, &parsed.token_checksum);
            }
        }
    }

    #[test]
    fn lines_and_columns_agree_with_the_bytes(text in texts(), dialect in dialects()) {
        if let Ok(parsed) = script::parse(&text, dialect) {
            for Statement { start, line, column, .. } in parsed.statements {
                let place = migrascope::migration::Place::at(&text, start);
                prop_assert_eq!((line, column), (place.line, place.column));
            }
        }
    }

    #[test]
    fn errors_lie_in_the_text_and_in_order(text in texts(), dialect in dialects()) {
        if let Err(errors) = script::parse(&text, dialect) {
            prop_assert!(!errors.is_empty());
            prop_assert!(errors.is_sorted_by_key(|error| error.place));
            for error in errors {
                prop_assert!(error.place.byte < text.len() && text.is_char_boundary(error.place.byte));
                prop_assert_eq!(error.place, migrascope::migration::Place::at(&text, error.place.byte));
                prop_assert!(!error.to_string().is_empty());
            }
        }
    }

    #[test]
    fn summaries_are_short_and_never_empty(text in texts(), dialect in dialects()) {
        for statement in script::parse(&text, dialect).map(|parsed| parsed.statements).unwrap_or_default() {
            prop_assert!((1..=255).contains(&statement.summary.chars().count()));
        }
    }
}

//! Parses `-- migrascope: …` comments.

use std::time::Duration;

use crate::sql::Directives;

use super::Problem;
use super::problem;
use super::token::Token;

const NO_TRANSACTION: &str = "no-transaction";
const LOCK_TIMEOUT: &str = "lock-timeout";
const STATEMENT_TIMEOUT: &str = "statement-timeout";
const ALLOW: &str = "allow";
const ALL: [&str; 4] = [NO_TRANSACTION, LOCK_TIMEOUT, STATEMENT_TIMEOUT, ALLOW];

const MARK: &str = "migrascope:";

/// The minimum similarity of two words, from 0 to 1, for one to be suggested in place of the other.
const ALIKE: f64 = 0.8;

/// What follows `migrascope:` in a line comment; `None` in any other comment.
pub(super) fn announced(comment: &str) -> Option<&str> {
    let text = comment.strip_prefix("--").or_else(|| comment.strip_prefix('#'))?.trim_start();
    let (mark, rest) = text.split_at_checked(MARK.len())?;
    mark.eq_ignore_ascii_case(MARK).then_some(rest)
}

/// Collects the directives from these comments.
pub(super) fn read(comments: &[Token<'_>], problems: &mut Vec<(usize, Problem)>) -> Directives {
    let mut directives = Directives::default();
    for comment in comments {
        for (place, word) in words(comment) {
            if let Err(problem) = directives.take(word) {
                problems.push((place, problem));
            }
        }
    }
    directives
}

impl Directives {
    fn take(&mut self, word: &str) -> Result<(), Problem> {
        let (name, value) = word.split_once('=').map_or((word, None), |(name, value)| (name, Some(value)));
        let name = known(name)?;
        match (name, value) {
            (NO_TRANSACTION, None) => self.no_transaction = true,
            (NO_TRANSACTION, Some(value)) => return Err(bad(name, value, "it takes no value")),
            (LOCK_TIMEOUT, _) => self.lock_timeout = Some(duration(name, value)?),
            (STATEMENT_TIMEOUT, _) => self.statement_timeout = Some(duration(name, value)?),
            _ => self.allow.push(hazard(name, value)?),
        }
        Ok(())
    }
}

/// The words of a comment after its mark, each with its first byte in the script.
fn words<'a>(comment: &Token<'a>) -> impl Iterator<Item = (usize, &'a str)> {
    let text = announced(comment.text).unwrap_or_default();
    let start = comment.end() - text.len();
    let mut next = 0;
    text.split(|c: char| c.is_whitespace() || c == ',').filter_map(move |word| {
        let separator = text[next + word.len()..].chars().next().map_or(0, char::len_utf8);
        let place = start + next;
        next += word.len() + separator;
        (!word.is_empty()).then_some((place, word))
    })
}

fn known(name: &str) -> Result<&'static str, Problem> {
    let likeness = |known: &str| strsim::jaro_winkler(&name.to_ascii_lowercase(), known);
    ALL.into_iter().find(|known| known.eq_ignore_ascii_case(name)).ok_or_else(|| Problem::UnknownDirective {
        directive: problem::quoted(name),
        suggestion: ALL
            .into_iter()
            .filter(|known| likeness(known) >= ALIKE)
            .max_by(|a, b| likeness(a).total_cmp(&likeness(b))),
    })
}

fn duration(name: &'static str, value: Option<&str>) -> Result<Duration, Problem> {
    match value.unwrap_or_default() {
        "" => Err(bad(name, "", "write a duration such as 5s or 10min")),
        "0" => Ok(Duration::ZERO),
        value => humantime::parse_duration(value).map_err(|error| bad(name, value, &error.to_string())),
    }
}

fn hazard(name: &'static str, value: Option<&str>) -> Result<String, Problem> {
    let value = value.unwrap_or_default();
    if value.is_empty() {
        return Err(bad(name, "", "name the hazard to allow"));
    }
    let plain = value.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
    plain.then(|| value.to_owned()).ok_or_else(|| bad(name, value, "a hazard has only a-z, 0-9 and -"))
}

fn bad(directive: &'static str, value: &str, reason: &str) -> Problem {
    Problem::BadDirectiveValue { directive, value: problem::quoted(value), reason: reason.to_owned() }
}

//! Names in scripts that stand for values of an environment.

use std::collections::BTreeMap;
use std::fmt;

use super::substitution::{Piece, Substitution};
use crate::script::{Problem, ScriptError};
use crate::sql::Place;

/// How a placeholder begins and ends, as in Flyway.
const OPENING: &str = "${";
const CLOSING: char = '}';

/// The values of placeholders, by name; upper and lower case make no difference in a name. Without any, scripts are left as they are.
///
/// ```
/// use migrascope::layout::{EmbeddedFiles, Reader};
/// use migrascope::migration::{Dialect, Placeholders};
///
/// let files = EmbeddedFiles::from(vec![("1_users.sql", "CREATE TABLE ${prefix}_users (id INTEGER);")]);
/// let placeholders = Placeholders::from_iter([("prefix", "app")]);
/// let set = Reader::embedded(&files, Dialect::Sqlite).placeholders(placeholders).migrations()?;
/// let script = &set.iter().next().expect("one migration").up;
/// assert_eq!(&**script.text(), "CREATE TABLE app_users (id INTEGER);");
/// # Ok::<(), migrascope::layout::LayoutError>(())
/// ```
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Placeholders(BTreeMap<String, String>);

impl Placeholders {
    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The names.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    /// What they replace in a text; `None` if nothing.
    ///
    /// `${name}` is replaced wherever it is, in strings and comments too, and a value is not searched again. A `$` before another character, such
    /// as the `$` in `$${name}`, keeps that character from beginning a placeholder.
    ///
    /// # Errors
    /// Every name that has no value, and a placeholder that does not end.
    pub(super) fn substitute(&self, text: &str) -> Result<Option<Substitution>, Vec<ScriptError>> {
        let (mut pieces, mut problems, mut from) = (Vec::new(), Vec::new(), 0);
        while let Some(at) = text[from..].find('$').map(|found| from + found) {
            if !text[at..].starts_with(OPENING) {
                from = at + 1 + text[at + 1..].chars().next().map_or(0, char::len_utf8);
                continue;
            }
            let name_at = at + OPENING.len();
            let Some(name) = text[name_at..].split_once(CLOSING).map(|(name, _)| name) else {
                problems.push(problem(text, at, Problem::UnterminatedPlaceholder));
                break;
            };
            from = name_at + name.len() + CLOSING.len_utf8();
            match self.0.get(&name.to_lowercase()) {
                Some(value) => pieces.push(Piece::new(at..from, name, value)),
                None => problems.push(problem(text, at, Problem::UnknownPlaceholder { name: name.to_owned() })),
            }
        }
        match (problems.is_empty(), pieces.is_empty()) {
            (false, _) => Err(problems),
            (true, true) => Ok(None),
            (true, false) => Ok(Some(Substitution::new(text, pieces))),
        }
    }
}

fn problem(text: &str, at: usize, problem: Problem) -> ScriptError {
    ScriptError { place: Place::at(text, at), problem }
}

impl<N: AsRef<str>, V: Into<String>> FromIterator<(N, V)> for Placeholders {
    fn from_iter<I: IntoIterator<Item = (N, V)>>(values: I) -> Self {
        Self(values.into_iter().map(|(name, value)| (name.as_ref().to_lowercase(), value.into())).collect())
    }
}

/// Shows the names, not the values.
impl fmt::Debug for Placeholders {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(text: &str) -> String {
        let placeholders = Placeholders::from_iter([("Schema", "app"), ("a.b-c", "it's ${schema}"), ("none", "")]);
        match placeholders.substitute(text) {
            Ok(None) => "unchanged".to_owned(),
            Ok(Some(substitution)) => substitution.text().to_string(),
            Err(problems) => problems
                .iter()
                .map(|one| format!("{}:{} {one}", one.place.line, one.place.column))
                .collect::<Vec<_>>()
                .join("; "),
        }
    }

    #[test]
    fn names_are_replaced_everywhere_and_values_are_not_searched() {
        for (text, expected) in [
            ("CREATE TABLE ${schema}.t ('${SCHEMA}') -- ${sChEmA}", "CREATE TABLE app.t ('app') -- app"),
            ("${a.b-c}${none}", "it's ${schema}"),
            ("SELECT $1, $$a$$, '$', $${schema}", "unchanged"),
            ("$$${schema}", "$$app"),
            ("é${schema}é$", "éappé$"),
            (
                "SELECT 1;\n é ${ schema }, ${x}",
                "2:4 no value is given for the placeholder ${ schema }; 2:17 no value is given for the placeholder ${x}",
            ),
            ("SELECT ${schema", "1:8 the placeholder has no closing brace"),
        ] {
            assert_eq!(told(text), expected, "{text}");
        }
    }
}

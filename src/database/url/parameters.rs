//! Checks the parameters of a URL against the closed table of its database: supported, without effect, or refused.

use std::fmt;
#[cfg(any(feature = "postgres", feature = "mysql"))]
use std::path::Path;

use super::UrlError;
#[cfg(any(feature = "postgres", feature = "mysql"))]
use crate::file;

/// How a parameter is handled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::database) enum Meaning<K> {
    /// It sets this key.
    Sets(K),
    /// No effect, because it concerns only other programs: pools, caches, result formats.
    NoEffect,
    /// Accepted with these values, which describe what happens anyway; others are refused for this reason.
    Only(&'static [&'static str], &'static str),
    /// Refused, for this reason.
    Refused(&'static str),
}

/// Parameters with the same meaning, in their usual spelling. Case, `_`, `-`, `.` and spaces are ignored.
pub(in crate::database) type Entry<K> = (&'static [&'static str], Meaning<K>);

/// A value and its source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::database) struct Given {
    pub(in crate::database) name: String,
    pub(in crate::database) value: String,
    pub(in crate::database) origin: Origin,
}

/// The source of a parameter, in order of precedence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::database) enum Origin {
    /// The URL.
    Url,
    /// A section of a service file.
    #[cfg_attr(not(any(feature = "postgres", feature = "mysql")), expect(dead_code, reason = "a file has none"))]
    Service,
    /// An environment variable.
    #[cfg_attr(not(any(feature = "postgres", feature = "mysql")), expect(dead_code, reason = "a file has none"))]
    Variable,
    /// A file in the user's home directory.
    #[cfg_attr(not(feature = "postgres"), expect(dead_code, reason = "only libpq has such files"))]
    Home,
}

impl Given {
    /// A parameter of the URL.
    pub(in crate::database) fn in_url((name, value): (String, String)) -> Self {
        Self { name, value, origin: Origin::Url }
    }

    /// Refuses a parameter whose path is not a regular file, which could block its reader, or is too large.
    #[cfg(any(feature = "postgres", feature = "mysql"))]
    pub(in crate::database) fn names_file(&self) -> Result<(), UrlError> {
        match file::unfit(Path::new(&self.value)) {
            Some(unfit) => Err(self.refused(format!("points to {}, which is {unfit}", self.value))),
            None => Ok(()),
        }
    }

    /// The error for a parameter that cannot be used.
    pub(in crate::database) fn refused(&self, reason: impl Into<String>) -> UrlError {
        UrlError::Parameter { parameter: self.to_string(), reason: reason.into() }
    }
}

/// Checks the files of certificate authorities that environment variables name, like [`Given::names_file`].
#[cfg(any(feature = "postgres", feature = "mysql"))]
pub(in crate::database) fn authorities_are_files() -> Result<(), UrlError> {
    file::authorities().into_iter().try_for_each(|(name, path)| {
        Given { name: name.to_owned(), value: path.display().to_string(), origin: Origin::Variable }.names_file()
    })
}

impl fmt::Display for Given {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Part of a password that contains & or ? may look like a parameter name, so unusual names are not shown.
        let plain = |c: char| c.is_ascii_alphanumeric() || "_-.[]".contains(c);
        let shown = self.name.len() <= 64 && self.name.chars().all(plain);
        let name = if shown { &self.name } else { "…" };
        match self.origin {
            Origin::Url => write!(f, "the URL's parameter {name}"),
            Origin::Service => write!(f, "the service file's parameter {name}"),
            Origin::Variable => write!(f, "the variable {name}"),
            Origin::Home => write!(f, "the file for {name} in the home directory"),
        }
    }
}

/// Normalises a name, so that its usual spellings are equal: `sslMode`, `ssl-mode`, `SSL Mode`, `ssl_mode`.
pub(in crate::database) fn folded(name: &str) -> String {
    name.chars().filter(|c| !matches!(c, '_' | '-' | '.' | ' ')).map(|c| c.to_ascii_lowercase()).collect()
}

/// The parameters that set something, in the order of `given`.
///
/// # Errors
/// The first parameter that is unknown, refused, or given twice with different values.
pub(in crate::database) fn understand<K: Copy + PartialEq>(
    table: &[Entry<K>],
    given: Vec<Given>,
) -> Result<Vec<(K, Given)>, UrlError> {
    let mut settings: Vec<(K, Given)> = Vec::new();
    let mut behind_a_password = false;
    for given in given {
        let key = key(table, &given).map_err(|error| if behind_a_password { nameless(error) } else { error })?;
        behind_a_password |= given.origin == Origin::Url && folded(&given.name).contains("pass");
        let Some(key) = key else { continue };
        let before = settings.iter().find(|(known, other)| *known == key && other.origin == given.origin);
        match before {
            Some((_, other)) if other.value != given.value => {
                return Err(given.refused(format!("contradicts {other}: remove one of them")));
            }
            Some(_) => {}
            None => settings.push((key, given)),
        }
    }
    Ok(settings)
}

/// An unknown parameter after a password may be the rest of the password, if an `&` in it was not encoded: hide its name.
fn nameless(error: UrlError) -> UrlError {
    match error {
        UrlError::UnknownParameter { .. } => UrlError::UnknownParameter {
            parameter: "the URL's parameter after the password (in which & is written %26)".to_owned(),
            suggestion: None,
        },
        other => other,
    }
}

fn key<K: Copy>(table: &[Entry<K>], given: &Given) -> Result<Option<K>, UrlError> {
    let name = folded(&given.name);
    let entry = table.iter().find(|(names, _)| names.iter().any(|known| folded(known) == name));
    match entry.map(|(_, meaning)| *meaning) {
        Some(Meaning::Sets(key)) => Ok(Some(key)),
        Some(Meaning::NoEffect) => Ok(None),
        Some(Meaning::Only(values, _)) if values.iter().any(|value| folded(value) == folded(&given.value)) => Ok(None),
        Some(Meaning::Only(_, reason) | Meaning::Refused(reason)) => Err(given.refused(reason)),
        None => Err(UrlError::UnknownParameter { parameter: given.to_string(), suggestion: nearest(table, &name) }),
    }
}

/// The supported parameter with the most similar name.
fn nearest<K>(table: &[Entry<K>], name: &str) -> Option<String> {
    let known = table.iter().filter(|(_, meaning)| matches!(meaning, Meaning::Sets(_))).flat_map(|(names, _)| *names);
    let likeness = |known: &&&str| strsim::jaro_winkler(&folded(known), name);
    let best = known.max_by(|a, b| likeness(a).total_cmp(&likeness(b)))?;
    (likeness(&best) > 0.85).then(|| (*best).to_owned())
}

/// The value of a setting from the source with the highest precedence.
pub(in crate::database) fn first<K: Copy + PartialEq>(settings: &[(K, Given)], key: K) -> Option<&Given> {
    settings.iter().filter(|(known, _)| *known == key).map(|(_, given)| given).min_by_key(|given| given.origin)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TABLE: &[Entry<u8>] = &[
        (&["sslmode"], Meaning::Sets(1)),
        (&["connection_limit"], Meaning::NoEffect),
        (&["client_encoding"], Meaning::Only(&["utf8"], "must be UTF-8")),
        (&["sslcrl"], Meaning::Refused("is not supported")),
    ];

    fn check(query: &[(&str, &str)]) -> Result<Vec<(u8, String)>, String> {
        let given = query.iter().map(|(name, value)| Given::in_url(((*name).to_owned(), (*value).to_owned())));
        let settings = understand(TABLE, given.collect()).map_err(|error| error.to_string())?;
        Ok(settings.into_iter().map(|(key, given)| (key, given.value)).collect())
    }

    #[test]
    fn each_is_honoured_or_without_effect_or_refused() {
        assert_eq!(
            check(&[("SSL-Mode", "x"), ("connectionLimit", "1"), ("client_encoding", "UTF-8")]),
            Ok(vec![(1, "x".into())])
        );
        assert_eq!(check(&[("sslmode", "x"), ("ssl_mode", "x")]), Ok(vec![(1, "x".into())]));
        let refused = |query: &[(&str, &str)]| check(query).expect_err("refused");
        assert_eq!(refused(&[("client_encoding", "latin1")]), "the URL's parameter client_encoding must be UTF-8");
        assert_eq!(refused(&[("sslcrl", "f")]), "the URL's parameter sslcrl is not supported");
        assert_eq!(refused(&[("sslmodee", "x")]), "the URL's parameter sslmodee is unknown; did you mean sslmode?");
        assert_eq!(
            refused(&[("sslmode", "x"), ("ssl_mode", "y")]),
            "the URL's parameter ssl_mode contradicts the URL's parameter sslmode: remove one of them"
        );
    }

    #[test]
    fn what_may_be_a_password_is_not_shown() {
        assert_eq!(check(&[("hunter2@host/db", "")]), Err("the URL's parameter … is unknown".into()));
        let rest = check(&[("sslmode", "x"), ("client_encoding", "utf8"), ("connection_limit", "1"), ("rest", "")]);
        assert_eq!(rest, Err("the URL's parameter rest is unknown".into()));
        let behind = understand(
            &[(&["password"], Meaning::Sets(1))],
            [("password", "hun"), ("ter2", "")].map(|(name, value)| Given::in_url((name.into(), value.into()))).into(),
        );
        let message = behind.map(|settings: Vec<(u8, Given)>| settings.len()).map_err(|error| error.to_string());
        assert_eq!(
            message,
            Err("the URL's parameter after the password (in which & is written %26) is unknown".into())
        );
    }
}

//! Database URLs that show no password.

#[cfg(any(feature = "postgres", feature = "mysql"))]
mod extras;
#[cfg(any(feature = "postgres", feature = "mysql", feature = "sqlite"))]
mod parameters;
#[cfg(any(feature = "postgres", feature = "mysql", feature = "sqlite"))]
mod parts;
#[cfg(any(feature = "postgres", feature = "mysql"))]
mod tls;
#[cfg(any(feature = "postgres", feature = "mysql"))]
mod values;

use std::fmt;
#[cfg(any(feature = "postgres", feature = "sqlite"))]
use std::str::FromStr;

use thiserror::Error;

#[cfg(any(feature = "postgres", feature = "mysql"))]
pub(super) use self::extras::Extras;
#[cfg(feature = "postgres")]
pub(super) use self::parameters::Origin;
#[cfg(any(feature = "postgres", feature = "mysql", feature = "sqlite"))]
pub(super) use self::parameters::{Entry, Given, Meaning, first, understand};
#[cfg(feature = "sqlite")]
pub(super) use self::parts::query;
#[cfg(any(feature = "postgres", feature = "mysql"))]
pub(super) use self::parts::{Parts, server};
#[cfg(any(feature = "postgres", feature = "mysql"))]
pub(super) use self::tls::{Ask, Mode, mode};
#[cfg(any(feature = "postgres", feature = "mysql"))]
pub(super) use self::values::limit;
#[cfg(feature = "mysql")]
pub(super) use self::values::truth;
use crate::migration::Dialect;

/// A database URL; neither `Debug` nor `Display` show its password.
#[derive(Clone, PartialEq, Eq)]
pub struct SecretUrl(String);

impl SecretUrl {
    /// Takes a URL as the user wrote it.
    #[must_use]
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The driver's own options, as it reads them from the URL (and, for PostgreSQL, from `PG*` variables and `.pgpass`).
    #[cfg(any(feature = "postgres", feature = "sqlite"))]
    pub(super) fn driver_options<O>(&self) -> Result<O, UrlError>
    where
        O: FromStr<Err = sqlx::Error>,
    {
        self.0.parse().map_err(|error: sqlx::Error| UrlError::Unusable { reason: self.scrub(&error) })
    }

    /// What stands behind `scheme:`.
    #[cfg(any(feature = "postgres", feature = "mysql"))]
    pub(super) fn behind_scheme(&self) -> &str {
        self.0.split_once(':').map_or("", |(_, rest)| rest)
    }

    /// The path and query behind the scheme, for a database that is a file.
    #[cfg(feature = "sqlite")]
    pub(super) fn without_scheme(&self) -> &str {
        let rest = self.0.split_once(':').map_or("", |(_, rest)| rest);
        rest.strip_prefix("//").unwrap_or(rest)
    }

    /// The driver's words, unless they repeat a part of the URL that could be secret.
    #[cfg(any(feature = "postgres", feature = "sqlite"))]
    fn scrub(&self, error: &sqlx::Error) -> String {
        let text = error.to_string();
        let secret = self.0.split_once("://").and_then(|(_, rest)| rest.rsplit_once('@')).map(|(secret, _)| secret);
        match secret.and_then(|secret| secret.split_once(':')) {
            Some((_, password)) if !password.is_empty() && text.contains(password) => "it cannot be parsed".to_owned(),
            _ => text.trim_start_matches("error with configuration: ").to_owned(),
        }
    }

    /// The dialect that its scheme stands for.
    ///
    /// # Errors
    /// When there is no scheme or none of ours.
    pub fn dialect(&self) -> Result<Dialect, UrlError> {
        let Some((scheme, _)) = self.0.split_once(':') else {
            return Err(UrlError::NoScheme);
        };
        match scheme.to_ascii_lowercase().as_str() {
            "postgres" | "postgresql" => Ok(Dialect::Postgres),
            "mysql" | "mariadb" => Ok(Dialect::Mysql),
            "sqlite" | "file" => Ok(Dialect::Sqlite),
            other => {
                let suggestion = SCHEMES
                    .into_iter()
                    .max_by(|a, b| strsim::jaro_winkler(a, other).total_cmp(&strsim::jaro_winkler(b, other)))
                    .filter(|best| strsim::jaro_winkler(best, other) > 0.8);
                Err(UrlError::UnknownScheme { scheme: other.to_owned(), suggestion })
            }
        }
    }

    /// The URL without user, password, query and fragment.
    fn masked(&self) -> String {
        let without_query = self.0.split(['?', '#']).next().unwrap_or_default();
        let Some((scheme, rest)) = without_query.split_once("://") else {
            let scheme = without_query.split(':').next().unwrap_or_default();
            return format!("{scheme}:…");
        };
        let after_user = rest.rsplit_once('@').map_or(rest, |(_, host)| host);
        format!("{scheme}://{after_user}")
    }
}

impl fmt::Display for SecretUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.masked())
    }
}

impl fmt::Debug for SecretUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SecretUrl({})", self.masked())
    }
}

const SCHEMES: [&str; 5] = ["postgres", "postgresql", "mysql", "mariadb", "sqlite"];

/// A database URL that cannot be used; never shows what may be a password.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum UrlError {
    /// There is no `scheme:` in front.
    #[error("the database URL has no scheme: it reads like postgres://…, mysql://… or sqlite://…")]
    NoScheme,
    /// The scheme is not one of ours.
    #[error("unknown database {scheme:?} in the database URL{}", suggest(.suggestion))]
    UnknownScheme {
        /// What it said.
        scheme: String,
        /// What may have been meant.
        suggestion: Option<&'static str>,
    },
    /// The library was built without it.
    #[error("this build of migrascope has no {database}: it needs cargo's feature {database:?}")]
    NotBuilt {
        /// Which.
        database: &'static str,
    },
    /// A parameter that neither this program nor any other one has for this database, as far as is known.
    #[error("{parameter} is not known{}", .suggestion.as_ref().map(|name| format!("; did you mean {name}?")).unwrap_or_default())]
    UnknownParameter {
        /// Its name and where it stands, never its value.
        parameter: String,
        /// The name of a parameter that may have been meant.
        suggestion: Option<String>,
    },
    /// A parameter that cannot be used.
    #[error("{parameter} {reason}")]
    Parameter {
        /// Its name and where it stands, never its value.
        parameter: String,
        /// Why, and what to do; a fragment that goes on from the name.
        reason: String,
    },
    /// A part of it does not fit.
    #[error("the database URL cannot be used: {reason}")]
    Unusable {
        /// Why, without any part that may be secret.
        reason: String,
    },
}

fn suggest(suggestion: &Option<&'static str>) -> String {
    suggestion.map(|word| format!(", did you mean {word:?}?")).unwrap_or_default()
}

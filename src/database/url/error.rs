//! Why a database URL cannot be used.

use thiserror::Error;

/// A database URL that cannot be used. Messages never show anything that may be a password.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum UrlError {
    /// It does not begin with `scheme:`.
    #[error("the database URL has no scheme: it must begin with postgres://, mysql:// or sqlite://")]
    NoScheme,
    /// The scheme is not supported.
    #[error("unknown database {scheme:?} in the database URL{}", suggest(.suggestion))]
    UnknownScheme {
        /// The scheme.
        scheme: String,
        /// The scheme that was probably meant.
        suggestion: Option<&'static str>,
    },
    /// The library was built without this database.
    #[error("this build of migrascope does not support {database}: it needs the cargo feature {database:?}")]
    NotBuilt {
        /// The database.
        database: &'static str,
    },
    /// A parameter that no known program has for this database.
    #[error("{parameter} is unknown{}", .suggestion.as_ref().map(|name| format!("; did you mean {name}?")).unwrap_or_default())]
    UnknownParameter {
        /// Its name and source, never its value.
        parameter: String,
        /// The parameter that was probably meant.
        suggestion: Option<String>,
    },
    /// A parameter that cannot be used.
    #[error("{parameter} {reason}")]
    Parameter {
        /// Its name and source, never its value.
        parameter: String,
        /// Why, and what to do; a fragment that follows the name.
        reason: String,
    },
    /// A part of it is invalid.
    #[error("the database URL cannot be used: {reason}")]
    Unusable {
        /// Why, without any part of the URL that may be secret.
        reason: String,
    },
}

fn suggest(suggestion: &Option<&'static str>) -> String {
    suggestion.map(|word| format!(", did you mean {word:?}?")).unwrap_or_default()
}

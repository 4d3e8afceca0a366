//! Why a URL names no database.

use thiserror::Error;

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

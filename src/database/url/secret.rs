//! A database URL that never shows its secrets.

use std::fmt;
#[cfg(any(feature = "postgres", feature = "sqlite"))]
use std::str::FromStr;

use super::error::UrlError;
use crate::migration::Dialect;

/// A database URL. Neither `Debug` nor `Display` shows its password.
#[derive(Clone, PartialEq, Eq)]
pub struct SecretUrl(String);

impl SecretUrl {
    /// A URL as the user wrote it.
    #[must_use]
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The driver's options, as the driver parses them from the URL (and, for PostgreSQL, from `PG*` variables and `.pgpass`).
    #[cfg(any(feature = "postgres", feature = "sqlite"))]
    pub(in crate::database) fn driver_options<O>(&self) -> Result<O, UrlError>
    where
        O: FromStr<Err = sqlx::Error>,
    {
        self.0.parse().map_err(|error: sqlx::Error| UrlError::Unusable { reason: self.scrub(&error) })
    }

    /// The part after `scheme:`.
    #[cfg(any(feature = "postgres", feature = "mysql"))]
    pub(in crate::database) fn behind_scheme(&self) -> &str {
        self.0.split_once(':').map_or("", |(_, rest)| rest)
    }

    /// The path and query after the scheme, for a database that is a file.
    #[cfg(feature = "sqlite")]
    pub(in crate::database) fn without_scheme(&self) -> &str {
        let rest = self.0.split_once(':').map_or("", |(_, rest)| rest);
        rest.strip_prefix("//").unwrap_or(rest)
    }

    /// The driver's message, unless it repeats a part of the URL that could be secret.
    #[cfg(any(feature = "postgres", feature = "sqlite"))]
    fn scrub(&self, error: &sqlx::Error) -> String {
        let text = error.to_string();
        // The URL made for the driver has every part as a parameter.
        let parts = self.0.split(['?', '&', '=', '/', '@', ':']).filter(|part| part.len() > 2);
        let mut parts = parts.map(|part| percent_encoding::percent_decode_str(part).decode_utf8_lossy());
        match parts.any(|part| text.contains(&*part)) {
            true => "it cannot be parsed".to_owned(),
            false => text.trim_start_matches("error with configuration: ").to_owned(),
        }
    }

    /// The dialect of its scheme.
    ///
    /// # Errors
    /// When there is no scheme, or it is not supported.
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
                // The text before a colon may be a user or a password.
                let is_scheme =
                    self.0[scheme.len()..].starts_with("://") && scheme.bytes().all(|b| b.is_ascii_alphanumeric());
                let scheme = if is_scheme { other } else { "…" };
                Err(UrlError::UnknownScheme { scheme: scheme.to_owned(), suggestion })
            }
        }
    }

    /// The URL without user, password, query and fragment; only its scheme where these cannot be determined with certainty.
    fn masked(&self) -> String {
        let (Ok(_), Some((scheme, rest))) = (self.dialect(), self.0.split_once(':')) else {
            return "…".to_owned();
        };
        match rest.strip_prefix("//").and_then(place) {
            Some(place) => format!("{scheme}://{place}"),
            None => format!("{scheme}:…"),
        }
    }
}

/// Host and path from the part after `scheme://`; `None` where they may contain a piece of a password.
fn place(rest: &str) -> Option<String> {
    let (place, behind) = rest.split_at(rest.find(['?', '#']).unwrap_or(rest.len()));
    let (authority, path) = place.split_at(place.find('/').unwrap_or(place.len()));
    let host = match authority.rsplit_once('@') {
        Some((_, host)) => host,
        // Without an @, the part before the host could be a user and a password.
        None => Some(authority).filter(|host| match host.rsplit_once(':') {
            Some((_, port)) => port.bytes().all(|byte| byte.is_ascii_digit()) || host.ends_with(']'),
            None => true,
        })?,
    };
    (!path.contains('@') && !behind.contains('@')).then(|| format!("{host}{path}"))
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

//! Which database is meant: a URL, or a file that holds one.

use std::fs;
use std::path::PathBuf;

use migrascope::database::SecretUrl;

use super::source::{Given, Sources};
use crate::cli::args::Options;
use crate::cli::explain::Diagnosis;

const DEFAULT: &str = "sqlite://migrascope.db";

/// Where the URL comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Database {
    /// The URL itself.
    Url(SecretUrl),
    /// A file that holds it, read when it is needed.
    File(PathBuf),
}

impl Database {
    /// The URL.
    ///
    /// # Errors
    /// When its file cannot be read or is empty.
    pub(crate) fn url(&self) -> Result<SecretUrl, Box<Diagnosis>> {
        let path = match self {
            Self::Url(url) => return Ok(url.clone()),
            Self::File(path) => path,
        };
        let name = path.display();
        let text = fs::read_to_string(path).map_err(|error| {
            Box::new(Diagnosis::error(format!("cannot read the database URL from {name}")).note(error.to_string()))
        })?;
        match text.trim() {
            "" => Err(Box::new(Diagnosis::error(format!("the file {name} should hold the database URL and is empty")))),
            url => Ok(SecretUrl::new(url)),
        }
    }
}

pub(super) fn resolve(sources: &mut Sources<'_>, typed: &Options) -> Database {
    let url = sources.typed("database-url", typed.database_url.as_deref());
    let file = sources.typed("database-url-file", typed.database_url_file.as_deref());
    if let Some(database) = either(sources, url, file) {
        return database;
    }
    let url = sources.in_environment("database-url");
    let file = sources.in_environment("database-url-file");
    if let Some(database) = either(sources, url, file) {
        return database;
    }
    if let Some(Given { text, .. }) = sources.in_variable("DATABASE_URL".to_owned()) {
        return Database::Url(SecretUrl::new(text));
    }
    let (url, file) = (sources.file.one("database-url"), sources.file.one("database-url-file"));
    either(sources, url, file).unwrap_or_else(|| Database::Url(SecretUrl::new(DEFAULT)))
}

fn either(sources: &mut Sources<'_>, url: Option<Given>, file: Option<Given>) -> Option<Database> {
    if let (Some(url), Some(file)) = (&url, &file) {
        let message =
            format!("{} and {} are both set: only one of them can name the database", url.origin, file.origin);
        sources.problems.push(Diagnosis::error(message).at(file.origin.excerpt()));
    }
    let url = url.map(|given| Database::Url(SecretUrl::new(given.text)));
    url.or_else(|| file.map(|given| Database::File(PathBuf::from(given.text))))
}

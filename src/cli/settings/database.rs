//! The database: a URL, or a file that contains one.

use std::path::{Path, PathBuf};

use migrascope::database::SecretUrl;
use migrascope::file;

use super::raw_value::{Choice, RawValue};
use super::sources::Sources;
use crate::cli::args::GlobalArgs;
use crate::cli::explain::Diagnosis;
use crate::cli::option::variable;

/// The source of the URL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Database {
    /// The URL itself.
    Url(SecretUrl),
    /// A file that contains it, read when it is needed.
    File(PathBuf),
    /// None is configured.
    Missing,
}

impl Database {
    /// The file that contains the URL.
    pub(crate) fn file(&self) -> Option<&Path> {
        match self {
            Self::File(path) => Some(path),
            Self::Url(_) | Self::Missing => None,
        }
    }

    /// The URL.
    ///
    /// # Errors
    /// When no database is configured, or the file cannot be read or is empty.
    pub(crate) fn url(&self) -> Result<SecretUrl, Box<Diagnosis>> {
        let path = match self {
            Self::Url(url) => return Ok(url.clone()),
            Self::File(path) => path,
            Self::Missing => return Err(Box::new(missing())),
        };
        let name = path.display();
        let text = file::read_text(path).map_err(|error| {
            Box::new(Diagnosis::error(format!("cannot read the database URL from {name}")).note(error.to_string()))
        })?;
        match text.trim() {
            "" => {
                Err(Box::new(Diagnosis::error(format!("the file {name} must contain the database URL, and is empty"))))
            }
            url => Ok(SecretUrl::new(url)),
        }
    }
}

pub(super) fn resolve(sources: &mut Sources<'_>, args: &GlobalArgs) -> Database {
    let Some(choice) = choose(sources, args) else { return Database::Missing };
    keep_password(sources, &choice);
    match choice {
        Choice::Text(raw) => Database::Url(SecretUrl::new(raw.text)),
        Choice::File(raw) => Database::File(PathBuf::from(raw.text)),
    }
}

/// Refuses to send a password of the environment to a server that an implicitly found file names.
fn keep_password(sources: &mut Sources<'_>, choice: &Choice) {
    if sources.is_named(&choice.raw().origin) {
        return;
    }
    let url = match choice {
        Choice::Text(raw) => SecretUrl::new(&raw.text),
        Choice::File(raw) => SecretUrl::new(file::read_text(Path::new(&raw.text)).unwrap_or_default().trim()),
    };
    let set = |variable: &str| (sources.environment)(variable).is_some_and(|value| !value.is_empty());
    if let Some(variable) = url.password_variables().iter().find(|variable| set(variable)) {
        sources.refuse_secret(&format!("the password that {variable} holds or names"), choice.raw());
    }
}

fn choose(sources: &mut Sources<'_>, args: &GlobalArgs) -> Option<Choice> {
    let url = sources.arg("database-url", args.database_url.as_deref());
    let file = sources.arg("database-url-file", args.database_url_file.as_deref());
    if let Some(choice) = either(sources, url, file) {
        return Some(choice);
    }
    // Variables of the process, whatever their names, override every file.
    for take in [Sources::in_process, Sources::in_dotenv] {
        let url = take(sources, variable("database-url"));
        let file = take(sources, variable("database-url-file"));
        if let Some(choice) = either(sources, url, file) {
            return Some(choice);
        }
        if let Some(raw) = take(sources, "DATABASE_URL".to_owned()) {
            return Some(Choice::Text(raw));
        }
    }
    let (url, file) = (sources.file.one("database-url"), sources.file.one("database-url-file"));
    either(sources, url, file)
}

fn missing() -> Diagnosis {
    Diagnosis::error("no database is configured")
        .help("set DATABASE_URL or pass --database-url, as in postgres://user:password@host:5432/database or mysql://…")
        .help("to try it with a SQLite file: --database-url sqlite://migrascope.db")
}

fn either(sources: &mut Sources<'_>, url: Option<RawValue>, file: Option<RawValue>) -> Option<Choice> {
    if let (Some(url), Some(file)) = (&url, &file) {
        let message =
            format!("{} and {} are both set: only one of them can name the database", url.origin, file.origin);
        sources.problems.push(Diagnosis::error(message).at(file.origin.excerpt()));
    }
    url.map(Choice::Text).or_else(|| file.map(Choice::File))
}

//! A `.env` file: variables for a terminal, never over one that is set.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use migrascope::file;

use crate::cli::explain::Diagnosis;

/// What a `.env` file has for this program, and what was taken from it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct DotEnv {
    path: PathBuf,
    variables: BTreeMap<String, String>,
    used: Vec<String>,
}

impl DotEnv {
    /// The first `.env` file in one of these directories; empty without one.
    ///
    /// # Errors
    /// When it cannot be read, or a line of it that is meant for this program. A link that leads nowhere was meant to lead to one.
    pub(super) fn read(directories: &[&Path]) -> Result<Self, Box<Diagnosis>> {
        let files = directories.iter().map(|directory| directory.join(".env"));
        let Some(path) = files.into_iter().find(|path| path.symlink_metadata().is_ok() && !path.is_dir()) else {
            return Ok(Self::default());
        };
        let text = file::read_text(&path).map_err(|error| Box::new(unreadable(&path).note(error.to_string())))?;
        let mut dotenv = Self { path: path.clone(), ..Self::default() };
        for line in dotenvy::from_read_iter(text.as_bytes()) {
            match line {
                Ok((name, value)) if is_ours(&name) && !value.is_empty() => _ = dotenv.variables.insert(name, value),
                Ok(_) => {}
                Err(dotenvy::Error::LineParse(part, _)) => {
                    let line = text.lines().find(|line| is_ours(name_in(line)) && line.contains(part.trim()));
                    // A line for another program is its own affair. One of ours may hold a password, and is not shown.
                    if let Some(name) = line.map(name_in) {
                        let problem = unreadable(&path).note(format!("the value of {name} cannot be parsed"));
                        return Err(Box::new(problem.help("put a value with blanks or $ into single quotes")));
                    }
                }
                Err(_) => return Err(Box::new(unreadable(&path))),
            }
        }
        Ok(dotenv)
    }

    /// The value of a variable, which counts as used from now on.
    pub(super) fn take(&mut self, name: &str) -> Option<String> {
        let value = self.variables.get(name)?.clone();
        if !self.used.iter().any(|used| used == name) {
            self.used.push(name.to_owned());
        }
        Some(value)
    }

    /// The variables that were used.
    pub(crate) fn used(&self) -> &[String] {
        &self.used
    }

    /// The file, where something in it was used.
    pub(super) fn file(&self) -> Option<&Path> {
        (!self.used.is_empty()).then_some(self.path.as_path())
    }

    /// `DATABASE_URL from .env`, where anything is.
    pub(crate) fn note(&self) -> Option<String> {
        (!self.used.is_empty()).then(|| format!("{} from .env", self.used.join(", ")))
    }

    /// The application's own variable that was used, and its value.
    pub(crate) fn for_the_application(&self) -> Option<(&str, &str)> {
        let (name, value) = self.variables.get_key_value("DATABASE_URL")?;
        self.used.contains(name).then_some((name, value))
    }
}

/// Whether a variable is read from a file. Which environment this is, and whether an application's start applies migrations, is never said by a
/// file that may have been left in an image; and which files are trusted, not by one of them.
fn is_ours(name: &str) -> bool {
    name == "DATABASE_URL"
        || (name.starts_with("MIGRASCOPE_")
            && !matches!(name, "MIGRASCOPE_ENV" | "MIGRASCOPE_CONFIG" | "MIGRASCOPE_SAFE_DIRECTORY"))
}

fn name_in(line: &str) -> &str {
    let line = line.trim_start();
    let line = line.strip_prefix("export ").unwrap_or(line);
    line.split('=').next().unwrap_or_default().trim()
}

fn unreadable(path: &Path) -> Diagnosis {
    Diagnosis::error(format!("cannot read {}", path.display()))
}

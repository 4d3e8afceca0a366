//! A `.env` file: variables for development, which never override those of the process.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use migrascope::file;

use crate::cli::explain::Diagnosis;

/// The variables of a `.env` file for this program, and which of them were used.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct DotEnv {
    path: PathBuf,
    variables: BTreeMap<String, String>,
    used: Vec<String>,
}

impl DotEnv {
    /// Reads the first `.env` file in these directories; empty where there is none.
    ///
    /// # Errors
    /// When the file, or a line of it for this program, cannot be read. A dangling link is an error.
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
                    // Lines for other programs are ignored. A line of ours may contain a password and is not shown.
                    if let Some(name) = line.map(name_in) {
                        let problem = unreadable(&path).note(format!("the value of {name} cannot be parsed"));
                        return Err(Box::new(problem.help("put a value with spaces or $ into single quotes")));
                    }
                }
                Err(_) => return Err(Box::new(unreadable(&path))),
            }
        }
        Ok(dotenv)
    }

    /// The value of a variable, which is marked as used.
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

    /// `DATABASE_URL from .env`, where variables were used.
    pub(crate) fn note(&self) -> Option<String> {
        (!self.used.is_empty()).then(|| format!("{} from .env", self.used.join(", ")))
    }

    /// `DATABASE_URL` and its value for the application, where it was used.
    pub(crate) fn for_the_application(&self) -> Option<(&str, &str)> {
        let (name, value) = self.variables.get_key_value("DATABASE_URL")?;
        self.used.contains(name).then_some((name, value))
    }
}

/// Whether a variable is read from the file. The environment of `exec` is not, because the file may have been left in an image; nor is
/// which files are trusted.
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

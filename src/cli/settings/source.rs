//! Where values come from: what was typed, the environment, the file.

use std::ffi::OsString;
use std::fmt;

use super::dotenv::DotEnv;
use super::file::ConfigFile;
use super::secret::masked;
use crate::cli::explain::{Diagnosis, Excerpt};

/// Looks up an environment variable.
pub(crate) type Environment<'e> = dyn Fn(&str) -> Option<OsString> + 'e;

/// The environment variable of an option.
pub(crate) fn variable(name: &str) -> String {
    format!("MIGRASCOPE_{}", name.to_uppercase().replace('-', "_"))
}

/// A value before it is understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Given {
    pub(super) text: String,
    pub(super) origin: Origin,
}

/// A value as its text, or as a file that holds it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Choice {
    Text(Given),
    File(Given),
}

impl Choice {
    /// The text, or the path.
    pub(super) fn given(&self) -> &Given {
        let (Self::Text(given) | Self::File(given)) = self;
        given
    }
}

/// Where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Origin {
    /// On the command line.
    Flag(&'static str),
    /// In an environment variable.
    Variable(String),
    /// In a `.env` file.
    DotEnv(String),
    /// In the file.
    Key(&'static str, Excerpt),
}

impl Origin {
    pub(super) fn excerpt(&self) -> Option<Excerpt> {
        match self {
            Self::Key(_, excerpt) => Some(excerpt.clone()),
            Self::Flag(_) | Self::Variable(_) | Self::DotEnv(_) => None,
        }
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Flag(name) => write!(f, "--{name}"),
            Self::Variable(name) => f.write_str(name),
            Self::DotEnv(name) => write!(f, "{name} from .env"),
            Self::Key(name, _) => write!(f, "the key {name}"),
        }
    }
}

/// The three sources below the defaults, and what was wrong with them so far.
pub(super) struct Sources<'e> {
    pub(super) environment: &'e Environment<'e>,
    pub(super) dotenv: DotEnv,
    pub(super) file: ConfigFile,
    /// Whether the file was named by an option or a variable, and not only found.
    pub(super) file_is_named: bool,
    pub(super) problems: Vec<Diagnosis>,
}

impl<'e> Sources<'e> {
    /// With nothing from any file yet.
    pub(super) fn new(environment: &'e Environment<'e>) -> Self {
        Self {
            environment,
            dotenv: DotEnv::default(),
            file: ConfigFile::default(),
            file_is_named: false,
            problems: Vec::new(),
        }
    }

    /// The value of an option as its first source has it, read by `parse`.
    pub(super) fn value<T>(
        &mut self,
        name: &'static str,
        typed: Option<&str>,
        parse: impl Fn(&str) -> Result<T, String>,
    ) -> Option<T> {
        let given = self.first(name, typed)?;
        match parse(&given.text) {
            Ok(value) => Some(value),
            Err(reason) => {
                self.problems.push(invalid(&given, &reason));
                None
            }
        }
    }

    /// The first source that has a value.
    pub(super) fn first(&mut self, name: &'static str, typed: Option<&str>) -> Option<Given> {
        self.typed(name, typed).or_else(|| self.in_environment(name)).or_else(|| self.file.one(name))
    }

    /// Every value of an option that can be repeated, of the first source that has one.
    pub(super) fn every(&mut self, name: &'static str, typed: &[String]) -> Vec<Given> {
        if !typed.is_empty() {
            return typed.iter().filter_map(|text| self.typed(name, Some(text))).collect();
        }
        match self.in_environment(name) {
            Some(given) => vec![given],
            None => self.file.all(name),
        }
    }

    /// The same, each read by `parse`; several may stand in one, with commas between them.
    pub(super) fn values<T>(
        &mut self,
        name: &'static str,
        typed: &[String],
        parse: impl Fn(&str) -> Result<T, String>,
    ) -> Vec<T> {
        let mut values = Vec::new();
        for given in self.every(name, typed) {
            for text in given.text.split(',').map(str::trim) {
                match parse(text) {
                    Ok(value) => values.push(value),
                    Err(reason) => {
                        self.problems.push(invalid(&Given { text: text.to_owned(), ..given.clone() }, &reason));
                    }
                }
            }
        }
        values
    }

    pub(super) fn typed(&self, name: &'static str, typed: Option<&str>) -> Option<Given> {
        typed.map(|text| Given { text: text.to_owned(), origin: Origin::Flag(name) })
    }

    /// The variable of this option; an empty one counts as unset.
    pub(super) fn in_environment(&mut self, name: &str) -> Option<Given> {
        self.in_variable(variable(name))
    }

    /// The same, by the variable's own name: set, or else in the `.env` file.
    pub(super) fn in_variable(&mut self, variable: String) -> Option<Given> {
        match (self.environment)(&variable) {
            Some(_) => self.in_process(variable),
            None => self.in_dotenv(variable),
        }
    }

    /// A variable of the `.env` file.
    pub(super) fn in_dotenv(&mut self, variable: String) -> Option<Given> {
        if (self.environment)(&variable).is_some() {
            return None;
        }
        let text = self.dotenv.take(&variable)?;
        Some(Given { text, origin: Origin::DotEnv(variable) })
    }

    /// A variable of the process.
    pub(super) fn in_process(&mut self, variable: String) -> Option<Given> {
        let value = (self.environment)(&variable).filter(|value| !value.is_empty())?;
        match value.into_string() {
            Ok(text) => Some(Given { text, origin: Origin::Variable(variable) }),
            Err(_) => {
                self.problems.push(Diagnosis::error(format!("the value of {variable} is not UTF-8")));
                None
            }
        }
    }
}

pub(super) fn invalid(given: &Given, reason: &str) -> Diagnosis {
    let Given { text, origin } = given;
    Diagnosis::error(format!("invalid value {:?} for {origin}: {reason}", masked(text))).at(origin.excerpt())
}

//! Where values come from: arguments, environment, `.env` file, settings file.

use std::ffi::OsString;
use std::path::PathBuf;

use super::config_file::ConfigFile;
use super::dotenv::DotEnv;
use super::raw_value::{Origin, RawValue, invalid};
use crate::cli::explain::Diagnosis;
use crate::cli::option::variable;

/// Looks up an environment variable.
pub(crate) type Environment<'e> = dyn Fn(&str) -> Option<OsString> + 'e;

/// The sources of values, and the mistakes in them so far.
pub(super) struct Sources<'e> {
    pub(super) environment: &'e Environment<'e>,
    pub(super) dotenv: DotEnv,
    pub(super) file: ConfigFile,
    /// Whether an option or a variable names the settings file; otherwise it was found.
    pub(super) file_is_named: bool,
    pub(super) problems: Vec<Diagnosis>,
}

impl<'e> Sources<'e> {
    /// Sources without any file yet.
    pub(super) fn new(environment: &'e Environment<'e>) -> Self {
        Self {
            environment,
            dotenv: DotEnv::default(),
            file: ConfigFile::default(),
            file_is_named: false,
            problems: Vec::new(),
        }
    }

    /// The parsed value of an option, from the first source that has it; a mistake is collected.
    pub(super) fn value<T>(
        &mut self,
        name: &'static str,
        arg: Option<&str>,
        parse: impl Fn(&str) -> Result<T, String>,
    ) -> Option<T> {
        let raw = self.first(name, arg)?;
        match parse(&raw.text) {
            Ok(value) => Some(value),
            Err(reason) => {
                self.problems.push(invalid(&raw, &reason));
                None
            }
        }
    }

    /// The first source that has a value.
    pub(super) fn first(&mut self, name: &'static str, arg: Option<&str>) -> Option<RawValue> {
        self.arg(name, arg).or_else(|| self.in_environment(name)).or_else(|| self.file.one(name))
    }

    /// The path of an option, from the first source that has it.
    pub(super) fn path(&mut self, name: &'static str, arg: Option<&str>) -> Option<PathBuf> {
        self.first(name, arg).map(|raw| PathBuf::from(raw.text))
    }

    /// All values of an option that can be repeated, from the first source that has any.
    pub(super) fn every(&mut self, name: &'static str, args: &[String]) -> Vec<RawValue> {
        if !args.is_empty() {
            return args.iter().filter_map(|text| self.arg(name, Some(text))).collect();
        }
        match self.in_environment(name) {
            Some(raw) => vec![raw],
            None => self.file.all(name),
        }
    }

    /// All parsed values of an option that can be repeated; a value may be a comma-separated list.
    pub(super) fn values<T>(
        &mut self,
        name: &'static str,
        args: &[String],
        parse: impl Fn(&str) -> Result<T, String>,
    ) -> Vec<T> {
        let mut values = Vec::new();
        for raw in self.every(name, args) {
            for text in raw.text.split(',').map(str::trim) {
                match parse(text) {
                    Ok(value) => values.push(value),
                    Err(reason) => {
                        self.problems.push(invalid(&RawValue { text: text.to_owned(), ..raw.clone() }, &reason));
                    }
                }
            }
        }
        values
    }

    pub(super) fn arg(&self, name: &'static str, arg: Option<&str>) -> Option<RawValue> {
        arg.map(|text| RawValue { text: text.to_owned(), origin: Origin::Flag(name) })
    }

    /// The variable of this option; an empty one counts as unset.
    pub(super) fn in_environment(&mut self, name: &str) -> Option<RawValue> {
        self.in_variable(variable(name))
    }

    /// A variable of the process, or else of the `.env` file.
    pub(super) fn in_variable(&mut self, variable: String) -> Option<RawValue> {
        match (self.environment)(&variable) {
            Some(_) => self.in_process(variable),
            None => self.in_dotenv(variable),
        }
    }

    /// A variable of the `.env` file.
    pub(super) fn in_dotenv(&mut self, variable: String) -> Option<RawValue> {
        if (self.environment)(&variable).is_some() {
            return None;
        }
        let text = self.dotenv.take(&variable)?;
        Some(RawValue { text, origin: Origin::DotEnv(variable) })
    }

    /// A variable of the process.
    pub(super) fn in_process(&mut self, variable: String) -> Option<RawValue> {
        let value = (self.environment)(&variable).filter(|value| !value.is_empty())?;
        match value.into_string() {
            Ok(text) => Some(RawValue { text, origin: Origin::Variable(variable) }),
            Err(_) => {
                self.problems.push(Diagnosis::error(format!("the value of {variable} is not UTF-8")));
                None
            }
        }
    }
}

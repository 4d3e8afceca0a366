//! `migrascope.toml`: flat keys with the names of the options.

use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::ops::Range;
use std::path::Path;

use clap::{ArgAction, Args as _};
use migrascope::file;
use toml::de::{DeTable, DeValue};

use super::choices::suggestion;
use super::secret;
use super::source::{Given, Origin};
use crate::cli::args::Options;
use crate::cli::explain::{Diagnosis, Excerpt};

/// Whether the file has to be there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Presence {
    /// It was asked for.
    Required,
    /// It is looked for.
    Optional,
}

/// The keys of one file, not yet understood.
#[derive(Debug, Default)]
pub(super) struct ConfigFile(BTreeMap<String, Vec<(String, Excerpt)>>);

impl ConfigFile {
    /// Reads and checks the file; it has no keys where it is optional and not there.
    pub(super) fn read(path: &Path, presence: Presence) -> (Self, Vec<Diagnosis>) {
        match file::read_text(path) {
            Ok(text) => Self::parse(&path.display().to_string(), &text),
            // A link that leads nowhere was meant to lead to settings.
            Err(error)
                if error.kind() == ErrorKind::NotFound && presence == Presence::Optional && !path.is_symlink() =>
            {
                Self::parse("", "")
            }
            Err(error) => {
                let message = format!("cannot read the configuration file {}", path.display());
                (Self::default(), vec![Diagnosis::error(message).note(error.to_string())])
            }
        }
    }

    /// Reads a text; what is right in it is kept, whatever else is wrong.
    pub(super) fn parse(path: &str, text: &str) -> (Self, Vec<Diagnosis>) {
        let (table, errors) = DeTable::parse_recoverable(text);
        let mut problems: Vec<Diagnosis> =
            errors.iter().map(|error| syntax(&format!("the configuration file {path}"), path, text, error)).collect();
        let mut file = Self::default();
        if problems.is_empty() {
            let keys = keys();
            for (key, value) in table.get_ref() {
                match file.take(&keys, key.get_ref(), value.get_ref(), &excerpt(path, text, value.span(), "")) {
                    Ok(()) => {}
                    Err(message) => problems.push(Diagnosis::error(message).at(excerpt(path, text, key.span(), ""))),
                }
            }
        }
        (file, problems)
    }

    /// The one value of a key.
    pub(super) fn one(&self, name: &'static str) -> Option<Given> {
        self.all(name).into_iter().next()
    }

    /// All values of a key.
    pub(super) fn all(&self, name: &'static str) -> Vec<Given> {
        let items = self.0.get(name).into_iter().flatten();
        items
            .map(|(text, excerpt)| Given { text: text.clone(), origin: Origin::Key(name, excerpt.clone()) })
            .filter(|given| !given.text.is_empty())
            .collect()
    }

    fn take(
        &mut self,
        keys: &[(String, Occurs)],
        key: &str,
        value: &DeValue<'_>,
        place: &Excerpt,
    ) -> Result<(), String> {
        let Some((_, occurs)) = keys.iter().find(|(known, _)| known == key) else {
            let names = keys.iter().map(|(key, _)| key.as_str());
            return Err(format!("unknown key {}{}", secret::key(key), suggestion(key, names)));
        };
        let texts = match value {
            DeValue::Array(items) if *occurs == Occurs::Often => {
                items.iter().map(|item| scalar(item.get_ref())).collect()
            }
            value => scalar(value).map(|text| vec![text]),
        };
        let texts: Vec<String> = texts.ok_or_else(|| format!("the key {key} cannot be a {}", value.type_str()))?;
        self.0.insert(key.to_owned(), texts.into_iter().map(|text| (text, place.clone())).collect());
        Ok(())
    }
}

/// How often an option can be given: what can be repeated is a list in the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Occurs {
    Once,
    Often,
}

/// The options that can stand in a file: all but the file's own.
fn keys() -> Vec<(String, Occurs)> {
    let command = Options::augment_args(clap::Command::new("keys"));
    let option = |arg: &clap::Arg| {
        let occurs = if matches!(arg.get_action(), ArgAction::Append) { Occurs::Often } else { Occurs::Once };
        Some((arg.get_long()?.to_owned(), occurs))
    };
    command.get_arguments().filter_map(option).filter(|(name, _)| name != "config").collect()
}

fn scalar(value: &DeValue<'_>) -> Option<String> {
    match value {
        DeValue::String(text) => Some(text.to_string()),
        DeValue::Integer(number) => Some(number.as_str().to_owned()),
        DeValue::Boolean(truth) => Some(truth.to_string()),
        DeValue::Float(_) | DeValue::Datetime(_) | DeValue::Array(_) | DeValue::Table(_) => None,
    }
}

/// What is wrong with a text that is not TOML; `what` it should be, a fragment with its path.
///
/// Nothing says where in such a text a value ends, so its line is shown only up to the name of a key that there is.
pub(crate) fn syntax(what: &str, path: &str, text: &str, error: &toml::de::Error) -> Diagnosis {
    let known = |name: &str| keys().iter().any(|(key, _)| key == name);
    let place =
        error.span().map(|span| Excerpt::span(path, text, span, error.message()).showing(|line| shown(line, known)));
    let diagnosis = Diagnosis::error(format!("{what} is not TOML"));
    match place {
        Some(place) => diagnosis.at(place),
        None => diagnosis.note(error.message()),
    }
}

/// The place in the file; its line is shown up to the value, because there may be a password in it.
pub(crate) fn excerpt(path: &str, text: &str, span: Range<usize>, label: &str) -> Excerpt {
    Excerpt::span(path, text, span, label).showing(|line| shown(line, |name| secret::key(name) == name))
}

/// How many bytes of a line are shown: all of a table's name, and a key with everything in front of its value.
fn shown(line: &str, may_be_shown: impl Fn(&str) -> bool) -> Option<usize> {
    let trimmed = line.trim();
    if let Some(name) = trimmed.strip_prefix('[').and_then(|name| name.strip_suffix(']')) {
        return may_be_shown(name).then_some(line.len());
    }
    let (key, value) = line.split_once('=')?;
    let value = value.trim_start().len();
    may_be_shown(key.trim().trim_matches(['"', '\''])).then_some(line.len() - value)
}

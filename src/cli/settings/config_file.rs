//! `migrascope.toml`: keys with the names of the options.

use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::path::Path;

use migrascope::file;
use toml::de::{DeTable, DeValue};

use super::excerpt::{excerpt, syntax};
use super::option_keys::{Occurs, keys};
use super::raw_value::{Origin, RawValue};
use crate::cli::explain::{Diagnosis, Excerpt};
use crate::cli::option::choices::suggestion;
use crate::cli::option::mask;

/// Whether the file must exist.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Presence {
    /// It is named.
    Required,
    /// It is the default.
    Optional,
}

/// The keys of a file, not yet parsed.
#[derive(Debug, Default)]
pub(super) struct ConfigFile {
    keys: BTreeMap<String, Vec<(String, Excerpt)>>,
    placeholders: BTreeMap<String, String>,
}

/// The table of placeholders.
const PLACEHOLDERS: &str = "placeholders";

impl ConfigFile {
    /// Reads the file and checks its keys; an optional file that is missing has none.
    pub(super) fn read(path: &Path, presence: Presence) -> (Self, Vec<Diagnosis>) {
        match file::read_text(path) {
            Ok(text) => Self::parse(&path.display().to_string(), &text),
            // A dangling link is an error: it was meant to lead to settings.
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

    /// Parses a text; valid keys are kept, whatever else is wrong.
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
    pub(super) fn one(&self, name: &'static str) -> Option<RawValue> {
        self.all(name).into_iter().next()
    }

    /// All values of a key.
    pub(super) fn all(&self, name: &'static str) -> Vec<RawValue> {
        let items = self.keys.get(name).into_iter().flatten();
        items
            .map(|(text, excerpt)| RawValue { text: text.clone(), origin: Origin::Key(name, excerpt.clone()) })
            .filter(|raw| !raw.text.is_empty())
            .collect()
    }

    /// The values of placeholders, by name.
    pub(super) fn placeholders(&self) -> &BTreeMap<String, String> {
        &self.placeholders
    }

    fn take(
        &mut self,
        keys: &[(String, Occurs)],
        key: &str,
        value: &DeValue<'_>,
        place: &Excerpt,
    ) -> Result<(), String> {
        if let (PLACEHOLDERS, DeValue::Table(values)) = (key, value) {
            for (name, value) in values {
                let name = name.get_ref().to_string();
                let text = scalar(value.get_ref());
                let text = text
                    .ok_or_else(|| format!("the placeholder {name} cannot be of type {}", value.get_ref().type_str()));
                self.placeholders.insert(name, text?);
            }
            return Ok(());
        }
        let Some((_, occurs)) = keys.iter().find(|(known, _)| known == key) else {
            let names = keys.iter().map(|(key, _)| key.as_str());
            return Err(format!("unknown key {}{}", mask::key(key), suggestion(key, names)));
        };
        let texts = match value {
            DeValue::Array(items) if *occurs == Occurs::Often => {
                items.iter().map(|item| scalar(item.get_ref())).collect()
            }
            value => scalar(value).map(|text| vec![text]),
        };
        let texts: Vec<String> = texts.ok_or_else(|| format!("the key {key} cannot be a {}", value.type_str()))?;
        self.keys.insert(key.to_owned(), texts.into_iter().map(|text| (text, place.clone())).collect());
        Ok(())
    }
}

fn scalar(value: &DeValue<'_>) -> Option<String> {
    match value {
        DeValue::String(text) => Some(text.to_string()),
        DeValue::Integer(number) => Some(number.as_str().to_owned()),
        DeValue::Boolean(truth) => Some(truth.to_string()),
        DeValue::Float(_) | DeValue::Datetime(_) | DeValue::Array(_) | DeValue::Table(_) => None,
    }
}

//! The file of targets: TOML with a table for each database.

use std::path::{Path, PathBuf};

use migrascope::database::SecretUrl;
use migrascope::file;
use toml::de::{DeTable, DeValue};

use super::target::Target;
use crate::cli::command::prepare;
use crate::cli::explain::{Diagnosis, Excerpt};
use crate::cli::option::choices::suggestion;
use crate::cli::option::mask;
use crate::cli::settings::{self, Database, Settings, excerpt, syntax};

/// The keys of a table.
const KEYS: [&str; 8] = [
    "database-url",
    "database-url-file",
    "dir",
    "layout",
    "history",
    "ledger-table",
    "journal-table",
    "connection-init",
];

/// Reads every target. Missing keys default to the settings, and relative paths start at the file's directory.
///
/// # Errors
/// With all mistakes, each with the file and the key.
pub(super) fn read(path: &Path, settings: &Settings) -> Result<Vec<Target>, Vec<Diagnosis>> {
    let name = path.display().to_string();
    let text = file::read_text(path)
        .map_err(|error| vec![Diagnosis::error(format!("--targets: cannot read {name}")).note(error.to_string())])?;
    let (tables, errors) = DeTable::parse_recoverable(&text);
    if !errors.is_empty() {
        return Err(errors
            .iter()
            .map(|error| syntax(&format!("the file of targets {name}"), &name, &text, error))
            .collect());
    }
    let mut file =
        File { name: &name, text: &text, folder: path.parent().unwrap_or(Path::new("")), problems: Vec::new() };
    let mut targets = Vec::new();
    for (target, value) in tables.get_ref() {
        match value.get_ref() {
            DeValue::Table(table) => {
                if let Err(reason) = settings::target(target.get_ref()) {
                    file.complain(target.span(), format!("{name}: target {:?}: {reason}", mask::key(target.get_ref())));
                }
                targets.push(file.target(target.get_ref(), table, settings));
            }
            _ => file.complain(target.span(), format!("{name}: {} must be a table of settings", target.get_ref())),
        }
    }
    if targets.is_empty() && file.problems.is_empty() {
        file.problems.push(Diagnosis::error(format!("{name}: it has no target")));
    }
    if file.problems.is_empty() { Ok(targets) } else { Err(file.problems) }
}

/// A file that is being read.
struct File<'f> {
    name: &'f str,
    text: &'f str,
    folder: &'f Path,
    problems: Vec<Diagnosis>,
}

impl File<'_> {
    fn target(&mut self, name: &str, table: &DeTable<'_>, settings: &Settings) -> Target {
        let mut target = Target { name: Some(name.to_owned()), ..Target::of(settings) };
        target.directory = self.folder.join("migrations");
        let mut databases = Vec::new();
        let has = |key: &str| table.iter().any(|(known, _)| known.get_ref() == key);
        if has("layout") {
            target.history = None;
        }
        if has("layout") || has("history") {
            target.ledger_table = None;
        }
        for (key, value) in table {
            let result = match (key.get_ref().as_ref(), value.get_ref()) {
                ("connection-init", DeValue::Array(items)) => init(items.iter().map(|item| item.get_ref())),
                ("connection-init", value) => init([value].into_iter()),
                (_, DeValue::String(text)) => Ok(vec![text.to_string()]),
                _ => Err("expected a string".to_owned()),
            };
            let text = result.and_then(|mut texts| match key.get_ref().as_ref() {
                "connection-init" => {
                    target.connection_init = texts;
                    Ok(())
                }
                other => self.take(&mut target, &mut databases, other, texts.pop().unwrap_or_default()),
            });
            if let Err(reason) = text {
                let key_name = mask::key(key.get_ref());
                self.complain(key.span(), format!("{}: target {name}, key {key_name}: {reason}", self.name));
            }
        }
        self.settle(name, &mut target, databases, settings);
        target
    }

    fn take(&self, target: &mut Target, databases: &mut Vec<Database>, key: &str, text: String) -> Result<(), String> {
        if text.is_empty() {
            return Err("it is empty".to_owned());
        }
        match key {
            "database-url" => databases.push(Database::Url(SecretUrl::new(text))),
            "database-url-file" => databases.push(Database::File(self.path(&text))),
            "dir" => target.directory = self.path(&text),
            "ledger-table" => target.ledger_table = Some(settings::table(&text)?),
            "history" => target.history = Some(settings::history(&text)?),
            "journal-table" => target.journal_table = settings::table(&text)?,
            "layout" => target.layout = settings::layout(&text)?,
            unknown => return Err(format!("unknown key{}", suggestion(unknown, KEYS))),
        }
        Ok(())
    }

    /// Checks that a target has one database and that its URL is valid; a file of the URL may be created later.
    fn settle(&mut self, name: &str, target: &mut Target, mut databases: Vec<Database>, settings: &Settings) {
        let (Some(database), true) = (databases.pop(), databases.is_empty()) else {
            let message = format!("{}: target {name} needs one of database-url and database-url-file", self.name);
            return self.problems.push(Diagnosis::error(message));
        };
        target.database = database;
        if let (Database::Url(_) | Database::Missing, Err(stopped)) =
            (&target.database, prepare::expected(&target.settings(settings)))
        {
            let message = format!("{}: target {name}, key database-url: {}", self.name, stopped.error.message);
            self.problems.push(Diagnosis::error(message));
        }
    }

    fn path(&self, text: &str) -> PathBuf {
        self.folder.join(text)
    }

    fn complain(&mut self, span: std::ops::Range<usize>, message: String) {
        let excerpt: Excerpt = excerpt(self.name, self.text, span, "");
        self.problems.push(Diagnosis::error(message).at(excerpt));
    }
}

fn init<'v>(items: impl Iterator<Item = &'v DeValue<'v>>) -> Result<Vec<String>, String> {
    items
        .map(|item| match item {
            DeValue::String(text) => Ok(text.to_string()),
            _ => Err("expected a string or a list of strings".to_owned()),
        })
        .collect()
}

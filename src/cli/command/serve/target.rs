//! One database that is watched.

use std::path::PathBuf;

use migrascope::layout::Layout;
use migrascope::run::HistoryFormat;

use crate::cli::settings::{Database, Settings, default_history};

/// A database and its migrations. Targets that are equal share a watcher.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Target {
    /// Its name in the file, or that of `--target`.
    pub(super) name: Option<String>,
    /// Its URL, or the file of it.
    pub(super) database: Database,
    /// SQL that each connection begins with.
    pub(super) connection_init: Vec<String>,
    /// The directory of its migrations.
    pub(super) directory: PathBuf,
    /// The layout of the directory.
    pub(super) layout: &'static Layout,
    /// The format of its history; `None` for that of the layout's own tool.
    pub(super) history: Option<&'static HistoryFormat>,
    /// Its history table; `None` for the name that the format has.
    pub(super) ledger_table: Option<String>,
    /// Its journal table.
    pub(super) journal_table: String,
}

impl Target {
    /// The target of the settings.
    pub(super) fn of(settings: &Settings) -> Self {
        Self {
            name: settings.target.clone(),
            database: settings.database.clone(),
            connection_init: settings.connection_init.clone(),
            directory: settings.directory.clone(),
            layout: settings.layout,
            history: Some(settings.run.history_format),
            ledger_table: Some(settings.run.ledger_table.clone()),
            journal_table: settings.run.journal_table.clone(),
        }
    }

    /// The settings with this target in place of their own.
    pub(super) fn settings(&self, base: &Settings) -> Settings {
        let mut settings = base.clone();
        settings.target.clone_from(&self.name);
        settings.database = self.database.clone();
        settings.connection_init.clone_from(&self.connection_init);
        settings.directory.clone_from(&self.directory);
        settings.layout = self.layout;
        settings.run.history_format = self.history.unwrap_or_else(|| default_history(self.layout));
        let default = || settings.run.history_format.table().to_owned();
        settings.run.ledger_table = self.ledger_table.clone().unwrap_or_else(default);
        settings.run.journal_table.clone_from(&self.journal_table);
        settings
    }
}

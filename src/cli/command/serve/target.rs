//! One database that is watched.

use std::path::PathBuf;

use migrascope::layout::Layout;
use migrascope::run::HistoryFormat;

use crate::cli::settings::{Database, Settings, history_of};

/// What is watched: two that are equal need no new beginning.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Target {
    /// Its name in the file, or as `--target` has it.
    pub(super) name: Option<String>,
    /// Where it is.
    pub(super) database: Database,
    /// SQL for its connections.
    pub(super) connection_init: Vec<String>,
    /// Its migrations.
    pub(super) directory: PathBuf,
    /// How they are laid out.
    pub(super) layout: &'static Layout,
    /// The format of its history; that of the layout's own tool where it is not said.
    pub(super) history: Option<&'static HistoryFormat>,
    /// Its history; what the format calls it where it is not said.
    pub(super) ledger_table: Option<String>,
    /// Its journal.
    pub(super) journal_table: String,
}

impl Target {
    /// The one that the settings mean.
    pub(super) fn of(settings: &Settings) -> Self {
        Self {
            name: settings.target.clone(),
            database: settings.database.clone(),
            connection_init: settings.connection_init.clone(),
            directory: settings.directory.clone(),
            layout: settings.layout,
            history: Some(settings.policy.history_format),
            ledger_table: Some(settings.policy.ledger_table.clone()),
            journal_table: settings.policy.journal_table.clone(),
        }
    }

    /// The settings with this one in the place of theirs.
    pub(super) fn settings(&self, base: &Settings) -> Settings {
        let mut settings = base.clone();
        settings.target.clone_from(&self.name);
        settings.database = self.database.clone();
        settings.connection_init.clone_from(&self.connection_init);
        settings.directory.clone_from(&self.directory);
        settings.layout = self.layout;
        settings.policy.history_format = self.history.unwrap_or_else(|| history_of(self.layout));
        let usual = || settings.policy.history_format.table().to_owned();
        settings.policy.ledger_table = self.ledger_table.clone().unwrap_or_else(usual);
        settings.policy.journal_table.clone_from(&self.journal_table);
        settings
    }
}

//! The format of a history table.

use std::fmt;

use super::name::bare_name;
use super::table::Ledger;
use crate::migration::Dialect;
use crate::plan::Habits;
use crate::sql::PerDialect;

/// Whether a database has schemas, which MySQL does not distinguish from databases.
const HAS_SCHEMAS: PerDialect<bool> = PerDialect { postgres: true, mysql: false, sqlite: false };

/// The format of a history table: which columns it has, and how its rows are compared with files.
pub struct HistoryFormat {
    /// Its name, as given in the options.
    pub(super) word: &'static str,
    /// The table's default name.
    pub(super) table: &'static str,
    /// What its tool does about files that contradict the history.
    pub(super) habits: Habits,
    /// Returns the ledger in a table with this name, with or without a schema.
    pub(super) ledger: fn(&str) -> Box<dyn Ledger>,
}

impl HistoryFormat {
    /// The table's default name.
    #[must_use]
    pub fn table(&self) -> &'static str {
        self.table
    }

    /// The name of the table in a database of this dialect. Where there are no schemas in a database, the default name has none either.
    pub(crate) fn table_in(&self, dialect: Dialect, name: &str) -> String {
        match name == self.table && !HAS_SCHEMAS.of(dialect) {
            true => bare_name(name).to_owned(),
            false => name.to_owned(),
        }
    }

    /// What its tool does about files that contradict the history.
    #[must_use]
    pub fn habits(&self) -> Habits {
        self.habits
    }

    /// The ledger in a table with this name.
    pub(crate) fn ledger(&self, table: &str) -> Box<dyn Ledger> {
        (self.ledger)(table)
    }
}

impl fmt::Debug for HistoryFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("HistoryFormat").field(&self.word).finish()
    }
}

impl PartialEq for HistoryFormat {
    fn eq(&self, other: &Self) -> bool {
        self.word == other.word
    }
}

impl Eq for HistoryFormat {}

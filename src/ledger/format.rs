//! The format of a history table.

use std::fmt;

use super::table::Ledger;

/// The format of a history table: which columns it has, and how its rows are compared with files.
pub struct HistoryFormat {
    /// Its name, as an option gives it.
    pub(super) word: &'static str,
    /// What the table is called where no name is given.
    pub(super) table: &'static str,
    /// The ledger in a table of this name, with or without a schema in front.
    pub(super) ledger: fn(&str) -> Box<dyn Ledger>,
}

impl HistoryFormat {
    /// What the table is called where no name is given.
    #[must_use]
    pub fn table(&self) -> &'static str {
        self.table
    }

    /// The ledger in a table of this name.
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

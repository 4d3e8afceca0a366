//! What a history table has that is not ours, or whose it is.

use std::fmt;

use serde::Serialize;

/// Why a history table is not to be read or written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TableFault {
    /// The table, with its schema where it has one.
    pub table: String,
    /// What is wrong with it.
    pub kind: TableFaultKind,
}

/// What is wrong with a history table: we make it with nothing of this.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub enum TableFaultKind {
    /// It belongs to this role, which could make the table run its code at any time, with our rights.
    Owner(String),
    /// It would be made in a schema of the user's own name, which comes first in PostgreSQL's default search path, and this other role has made that schema.
    Schema(String),
    /// It is a view or something else that is no ordinary table.
    NoTable,
    /// It has this trigger.
    Trigger(String),
    /// This foreign key, of the table or of another one, is checked by code of its table, and may change rows of both.
    ForeignKey(String),
    /// It has this rule.
    Rule(String),
    /// This column is computed, has a default, or a type that is not the server's own.
    Column(String),
    /// It has this constraint that is an expression.
    Check(String),
    /// It has this index over an expression, or over a part of the table that an expression chooses.
    Index(String),
}

impl TableFaultKind {
    /// From the word that a database's question has for it, and a name.
    pub(crate) fn of(word: &str, name: String) -> Self {
        match word {
            "owner" => Self::Owner(name),
            "schema" => Self::Schema(name),
            "trigger" => Self::Trigger(name),
            "foreign key" => Self::ForeignKey(name),
            "rule" => Self::Rule(name),
            "column" => Self::Column(name),
            "check" => Self::Check(name),
            "index" => Self::Index(name),
            _ => Self::NoTable,
        }
    }
}

impl fmt::Display for TableFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let table = &self.table;
        match &self.kind {
            TableFaultKind::Owner(role) => write!(f, "{table} belongs to {role}"),
            TableFaultKind::Schema(role) => write!(f, "schema {table} has the user's name and belongs to {role}"),
            TableFaultKind::NoTable => write!(f, "{table} is not an ordinary table"),
            TableFaultKind::Trigger(name) => write!(f, "{table} has the trigger {name}"),
            TableFaultKind::ForeignKey(name) => write!(f, "{table} is tied to another table by the foreign key {name}"),
            TableFaultKind::Rule(name) => write!(f, "{table} has the rule {name}"),
            TableFaultKind::Column(name) => {
                write!(f, "column {name} of {table} is computed, or has a default or a type of its own")
            }
            TableFaultKind::Check(name) => write!(f, "{table} has the check constraint {name}"),
            TableFaultKind::Index(name) => write!(f, "{table} has the index {name} with an expression"),
        }
    }
}

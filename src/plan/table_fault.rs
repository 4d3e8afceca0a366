//! Unexpected owners and objects of history tables.

use std::fmt;

use serde::Serialize;

/// Why a history table must not be read or written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TableFault {
    /// The table, with its schema where it has one.
    pub table: String,
    /// What is wrong with it.
    pub kind: TableFaultKind,
}

/// What is wrong with a history table. A table that the runner created has none of these.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub enum TableFaultKind {
    /// It belongs to this role, which could make the table run its code at any time, with this user's privileges.
    Owner(String),
    /// It would be created in the schema with the user's name, which is first in PostgreSQL's default search path and belongs to this other role.
    Schema(String),
    /// It is not an ordinary table but a view or something else.
    NoTable,
    /// It has this trigger.
    Trigger(String),
    /// It has or is referenced by this foreign key, whose check runs code of the other table and may change rows of both.
    ForeignKey(String),
    /// It has this rule.
    Rule(String),
    /// This column is generated, has a default other than the current time, a number or the next of a sequence, or has a type that is not built in.
    Column(String),
    /// It has this check constraint.
    Check(String),
    /// It has this index on an expression, or this partial index.
    Index(String),
}

impl TableFaultKind {
    /// Converts the word in a catalog query's result, and a name.
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
            TableFaultKind::ForeignKey(name) => {
                write!(f, "{table} is linked to another table by the foreign key {name}")
            }
            TableFaultKind::Rule(name) => write!(f, "{table} has the rule {name}"),
            TableFaultKind::Column(name) => {
                write!(
                    f,
                    "column {name} of {table} is generated, or has a default other than the current time, a number or the next of a sequence, or a type that is not built in"
                )
            }
            TableFaultKind::Check(name) => write!(f, "{table} has the check constraint {name}"),
            TableFaultKind::Index(name) => write!(f, "{table} has the index {name} with an expression"),
        }
    }
}

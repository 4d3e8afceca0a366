//! What a statement creates or drops, where a catalog query can check afterwards whether it took effect.

use super::head::Head;
use super::split::{self, Split};
use super::token::TokenKind;
use crate::sql::Dialect;

/// The effect of a statement that can be checked after it has run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// It creates this object.
    Makes(SchemaObject),
    /// It drops this object.
    Drops(SchemaObject),
    /// It is safe to run again, whether or not it has taken effect.
    Repeatable,
}

/// An object in a database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SchemaObject {
    /// A table or a view.
    Relation(QualifiedName),
    /// An index.
    Index {
        /// Its name, with the table's schema where the statement gives one.
        name: QualifiedName,
        /// The indexed table, where the statement names it.
        table: Option<QualifiedName>,
    },
    /// A column.
    Column {
        /// The table that has the column.
        table: QualifiedName,
        /// Its name.
        name: String,
    },
}

/// A name as the database stores it: without quotes, and in the stored case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QualifiedName {
    /// The schema (the database on MySQL), where the statement names it.
    pub schema: Option<String>,
    /// The name.
    pub name: String,
}

/// The first words of idempotent statements: a second run changes nothing, whatever other sessions have written since.
const REPEATABLE: [&str; 7] = ["VACUUM", "ANALYZE", "REINDEX", "CLUSTER", "OPTIMIZE", "COMMENT", "SET"];

/// Objects that `CREATE OR REPLACE` redefines without losing data, unlike a table, a sequence or a database on MariaDB.
const DEFINITIONS: [&str; 7] = ["VIEW", "FUNCTION", "PROCEDURE", "TRIGGER", "RULE", "PACKAGE", "EVENT"];

/// Object types after `CREATE`, as many as needed to find the first one in a statement.
const KINDS: [&str; 12] = [
    "VIEW",
    "FUNCTION",
    "PROCEDURE",
    "TRIGGER",
    "RULE",
    "PACKAGE",
    "EVENT",
    "TABLE",
    "SEQUENCE",
    "DATABASE",
    "SCHEMA",
    "USER",
];

/// The effect of one statement that can be checked after it has run; `None` where there is no simple check.
#[must_use]
pub fn effect(statement: &str, dialect: Dialect) -> Option<Effect> {
    let Split { tokens, .. } = split::split(statement, dialect);
    let mut words = Words { head: Head::of(&tokens), dialect };
    words.head.skip_to_word();
    words.effect()
}

struct Words<'t, 'a> {
    head: Head<'t, 'a>,
    dialect: Dialect,
}

impl Words<'_, '_> {
    fn effect(&mut self) -> Option<Effect> {
        self.head.take_settings();
        if self.head.is_any(&REPEATABLE) {
            return Some(Effect::Repeatable);
        }
        if self.head.take("CREATE") {
            return self.creates();
        }
        if self.head.take("DROP") {
            return self.drops();
        }
        if self.head.take_phrase(&["ALTER", "TABLE"]) {
            return self.alters();
        }
        None
    }

    fn creates(&mut self) -> Option<Effect> {
        if self.head.take_phrase(&["OR", "REPLACE"]) {
            // Options such as `DEFINER = …` and `ALGORITHM = …` come before the object type.
            let first = self.head.rest().iter().take_while(|token| !token.is_symbol("(")).take(16);
            let kind = first.into_iter().find(|token| KINDS.iter().any(|word| token.is_word(word)));
            let defines = kind.is_some_and(|kind| DEFINITIONS.iter().any(|word| kind.is_word(word)));
            return defines.then_some(Effect::Repeatable);
        }
        while self.head.take_any(&["UNLOGGED", "UNIQUE", "FULLTEXT", "SPATIAL"]) {}
        if self.head.take("INDEX") {
            let concurrently = self.head.take("CONCURRENTLY");
            let unless = self.head.take_phrase(&["IF", "NOT", "EXISTS"]);
            let thing = self.index()?;
            // An existing index may be the invalid leftover of a failed concurrent build.
            return Some(if unless && !concurrently { Effect::Repeatable } else { Effect::Makes(thing) });
        }
        let table = self.head.take("TABLE");
        if !table && !self.head.take("VIEW") && !self.head.take_phrase(&["MATERIALIZED", "VIEW"]) {
            return None;
        }
        if table && self.head.rest().iter().any(|token| token.is_word("SELECT")) {
            // The table may exist without its rows.
            return None;
        }
        if self.head.take_phrase(&["IF", "NOT", "EXISTS"]) {
            return Some(Effect::Repeatable);
        }
        self.name().map(|name| Effect::Makes(SchemaObject::Relation(name)))
    }

    fn index(&mut self) -> Option<SchemaObject> {
        let mut name = self.name()?;
        // MySQL allows USING between the name and ON.
        while self.head.peek().is_some() && !self.head.is("ON") {
            self.head.next();
        }
        self.head.take("ON");
        self.head.take("ONLY");
        let table = self.name();
        if name.schema.is_none() {
            // An index is in the schema of its table.
            name.schema = table.as_ref().and_then(|table| table.schema.clone());
        }
        Some(SchemaObject::Index { name, table })
    }

    fn drops(&mut self) -> Option<Effect> {
        let index = self.head.take("INDEX");
        let table = self.head.take("TABLE");
        if !index && !table && !self.head.take("VIEW") && !self.head.take_phrase(&["MATERIALIZED", "VIEW"]) {
            return None;
        }
        self.head.take("CONCURRENTLY");
        // A table may have been recreated with new data since, so dropping it again is not safe; objects without data can be dropped twice.
        if self.head.take_phrase(&["IF", "EXISTS"]) && !table {
            return Some(Effect::Repeatable);
        }
        // The objects in a list are dropped one by one, so one of them does not stand for all.
        let one = !self.head.rest().iter().any(|token| token.is_symbol(","));
        let thing = if index { self.index() } else { self.name().map(SchemaObject::Relation) };
        thing.filter(|_| one).map(Effect::Drops)
    }

    /// Checks the first action only: all actions of one `ALTER TABLE` take effect together.
    fn alters(&mut self) -> Option<Effect> {
        let sure = !self.head.take_phrase(&["IF", "EXISTS"]);
        self.head.take("ONLY");
        let table = self.name()?;
        let adds = self.head.take("ADD");
        if !adds && !self.head.take("DROP") {
            return None;
        }
        let column = self.head.take("COLUMN");
        let conditional = self.head.take_phrase(&["IF", "NOT", "EXISTS"]) || self.head.take_phrase(&["IF", "EXISTS"]);
        if conditional || !sure {
            return None;
        }
        let index = self.head.take_any(&["INDEX", "KEY"]);
        let other =
            ["CONSTRAINT", "PRIMARY", "FOREIGN", "UNIQUE", "CHECK", "PARTITION", "FULLTEXT", "SPATIAL", "PERIOD"];
        if !column && !index && self.head.is_any(&other) {
            return None;
        }
        let name = self.name()?;
        let thing = match index {
            true => SchemaObject::Index { name, table: Some(table) },
            false => SchemaObject::Column { table, name: name.name },
        };
        Some(if adds { Effect::Makes(thing) } else { Effect::Drops(thing) })
    }

    fn name(&mut self) -> Option<QualifiedName> {
        let first = self.part()?;
        if !self.head.take_symbol(".") {
            return Some(QualifiedName { schema: None, name: first });
        }
        Some(QualifiedName { schema: Some(first), name: self.part()? })
    }

    fn part(&mut self) -> Option<String> {
        let token = self.head.peek().filter(|token| matches!(token.kind, TokenKind::Word | TokenKind::Name))?;
        self.head.next();
        Some(match token.kind {
            TokenKind::Name => unquoted(token.text),
            _ if self.dialect == Dialect::Postgres => token.text.to_lowercase(),
            _ => token.text.to_owned(),
        })
    }
}

/// Removes the quotes from a quoted name.
fn unquoted(text: &str) -> String {
    let mut inner = text.chars();
    let (open, _) = (inner.next(), inner.next_back());
    let close = if open == Some('[') { ']' } else { open.unwrap_or('"') };
    inner.as_str().replace(&format!("{close}{close}"), &close.to_string())
}

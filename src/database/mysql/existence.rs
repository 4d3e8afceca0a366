//! Catalog queries for the existence of an object.

use super::text::text_literal;
use crate::script::{QualifiedName, SchemaObject};

/// SQL that returns a row if this object exists.
pub(super) fn existence(thing: &SchemaObject) -> String {
    match thing {
        SchemaObject::Relation(name) => {
            format!("SELECT 'yes' FROM information_schema.TABLES WHERE {} LIMIT 1", table(name))
        }
        SchemaObject::Index { name, table: of } => {
            let of = of.as_ref().map(|of| format!("{} AND ", table(of))).unwrap_or_default();
            let name = text_literal(&name.name);
            format!("SELECT 'yes' FROM information_schema.STATISTICS WHERE {of}INDEX_NAME = {name} LIMIT 1")
        }
        SchemaObject::Column { table: of, name } => format!(
            "SELECT 'yes' FROM information_schema.COLUMNS WHERE {} AND COLUMN_NAME = {} LIMIT 1",
            table(of),
            text_literal(name)
        ),
    }
}

fn table(name: &QualifiedName) -> String {
    let schema = name.schema.as_deref().map_or("DATABASE()".to_owned(), text_literal);
    format!("TABLE_SCHEMA = {schema} AND TABLE_NAME = {}", text_literal(&name.name))
}

//! Catalog queries for whether an object exists and is usable. Only a script's names are resolved by its search path.

use super::text::{quoted, text_literal};
use crate::script::{QualifiedName, SchemaObject};

/// SQL that returns a row if this object exists; an index must also be valid.
pub(super) fn existence(thing: &SchemaObject) -> String {
    match thing {
        SchemaObject::Relation(name) => format!("SELECT 'yes' WHERE {} IS NOT NULL", oid(name)),
        SchemaObject::Index { name, .. } => {
            format!(
                "SELECT 'yes' FROM pg_catalog.pg_index WHERE indexrelid OPERATOR(pg_catalog.=) {} AND indisvalid",
                oid(name)
            )
        }
        SchemaObject::Column { table, name } => format!(
            "SELECT 'yes' FROM pg_catalog.pg_attribute WHERE attrelid OPERATOR(pg_catalog.=) {} \
             AND attname OPERATOR(pg_catalog.=) {} AND NOT attisdropped",
            oid(table),
            text_literal(name)
        ),
    }
}

/// SQL that returns the quoted name of this index if it is invalid and no session is building it.
pub(super) fn invalid_index(index: &QualifiedName) -> String {
    format!(
        "SELECT pg_catalog.format('%I.%I', n.nspname, c.relname) FROM pg_catalog.pg_index i \
         JOIN pg_catalog.pg_class c ON c.oid OPERATOR(pg_catalog.=) i.indexrelid \
         JOIN pg_catalog.pg_namespace n ON n.oid OPERATOR(pg_catalog.=) c.relnamespace \
         WHERE i.indexrelid OPERATOR(pg_catalog.=) {} AND NOT i.indisvalid AND NOT EXISTS \
         (SELECT FROM pg_catalog.pg_stat_progress_create_index p WHERE p.index_relid OPERATOR(pg_catalog.=) i.indexrelid)",
        oid(index)
    )
}

/// SQL for the relation that a name resolves to; NULL if there is none.
fn oid(name: &QualifiedName) -> String {
    let name = match &name.schema {
        Some(schema) => format!("{}.{}", quoted(schema), quoted(&name.name)),
        None => quoted(&name.name),
    };
    format!("pg_catalog.to_regclass({})", text_literal(&name))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::database::postgres::pinned::is_in_full;

    #[test]
    fn nothing_but_the_name_is_looked_up_in_the_path() {
        for schema in [None, Some("app".to_owned())] {
            let name = QualifiedName { schema, name: "t".to_owned() };
            let things = [
                SchemaObject::Relation(name.clone()),
                SchemaObject::Index { name: name.clone(), table: None },
                SchemaObject::Column { table: name.clone(), name: "c".to_owned() },
            ];
            for sql in things.iter().map(existence).chain([invalid_index(&name)]) {
                assert!(is_in_full(&sql), "{sql}");
            }
        }
        assert!(is_in_full(crate::database::postgres::schemas::SEARCH_PATH));
    }
}

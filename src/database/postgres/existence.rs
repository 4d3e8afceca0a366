//! Questions to the catalogue: is it there, and can it be used?

use super::text::{quoted, text_literal};
use crate::script::{Name, Thing};

/// SQL that returns a row where this is there; an index only where it is valid.
pub(super) fn existence(thing: &Thing) -> String {
    match thing {
        Thing::Relation(name) => format!("SELECT 'yes' WHERE {} IS NOT NULL", oid(name)),
        Thing::Index { name, .. } => {
            format!("SELECT 'yes' FROM pg_catalog.pg_index WHERE indexrelid = {} AND indisvalid", oid(name))
        }
        Thing::Column { table, name } => format!(
            "SELECT 'yes' FROM pg_catalog.pg_attribute WHERE attrelid = {} AND attname = {} AND NOT attisdropped",
            oid(table),
            text_literal(name)
        ),
    }
}

/// SQL that returns the quoted name of this index where it is invalid and nobody is building it.
pub(super) fn invalid_index(index: &Name) -> String {
    format!(
        "SELECT pg_catalog.format('%I.%I', n.nspname, c.relname) FROM pg_catalog.pg_index i \
         JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
         WHERE i.indexrelid = {} AND NOT i.indisvalid AND NOT EXISTS \
         (SELECT FROM pg_catalog.pg_stat_progress_create_index p WHERE p.index_relid = i.indexrelid)",
        oid(index)
    )
}

/// The relation that a name means here; NULL where there is none.
fn oid(name: &Name) -> String {
    let name = match &name.schema {
        Some(schema) => format!("{}.{}", quoted(schema), quoted(&name.name)),
        None => quoted(&name.name),
    };
    format!("pg_catalog.to_regclass({})", text_literal(&name))
}

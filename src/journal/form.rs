//! The form (schema version) of the journal: which columns and indexes it has, as a number, and the steps that upgrade it to the current
//! one.
//!
//! | form | what is new |
//! |--:|---|
//! | 1 | the table; it has no row that says so |
//! | 2 | the column `folded`, indexes on it and on `half_way` for every database |

use super::record::Entry;
use super::values::text;
use super::{FORM, Journal};
use crate::database::{Sql, Value};
use crate::ledger::{Creation, schema_and_table};
use crate::script::{QualifiedName, SchemaObject};

/// The form that this version of the runner writes.
pub(crate) const PRESENT_FORM: u32 = 2;

/// The form of a table without a form row.
pub(super) const FIRST_FORM: u32 = 1;

impl Journal<'_> {
    /// SQL that adds the column of the second form; not needed where [`Self::has_folded`] succeeds.
    pub(crate) fn add_folded(&self, sql: &dyn Sql) -> String {
        format!("ALTER TABLE {} ADD COLUMN folded BIGINT", self.table(sql))
    }

    /// SQL that succeeds if the table has that column, and returns no row.
    pub(crate) fn has_folded(&self, sql: &dyn Sql) -> String {
        format!("SELECT folded FROM {} WHERE 1 = 0", self.table(sql))
    }

    /// The indexes of the current form.
    pub(crate) fn indexes(&self, sql: &dyn Sql) -> Vec<Creation> {
        let (schema, table) = schema_and_table(sql, self.name);
        let index = |suffix: &str, columns: &str| {
            let index = format!("{table}_{suffix}");
            let sql = format!("CREATE INDEX {} {columns}", sql.index_on_table(&index, schema, table));
            let of = |name: &str| QualifiedName { schema: schema.map(str::to_owned), name: name.to_owned() };
            Creation { thing: SchemaObject::Index { name: of(&index), table: Some(of(table)) }, sql }
        };
        // Every run queries half-way attempts, and there are nearly always none.
        let half_way = if sql.capabilities().partial_index { "(started_at) WHERE half_way" } else { "(half_way)" };
        vec![index("half_way", half_way), index("folded", "(folded)")]
    }

    /// SQL that writes the form row, in place of an earlier one.
    pub(crate) fn form_row(&self, sql: &dyn Sql) -> [String; 2] {
        let table = self.table(sql);
        let gone = format!("DELETE FROM {table} WHERE id = {}", sql.literal(&text(FORM)));
        let mut columns = self.columns(sql, &Entry::of(FORM, FORM));
        for (name, value) in &mut columns {
            match *name {
                "statements_total" => *value = Value::Int(PRESENT_FORM.into()),
                "outcome" => *value = text(FORM),
                _ => {}
            }
        }
        [gone, self.insertion(sql, &[columns])]
    }
}

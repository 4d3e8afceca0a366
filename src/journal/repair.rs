//! SQL that records changes to the history that the operator requested.

use super::record::Entry;
use super::values::new_id;
use super::{Journal, REPAIR};
use crate::database::{Sql, Value};
use crate::migration::Migration;
use crate::plan::Change;

impl Journal<'_> {
    /// SQL that records a change; `migration` is the affected one, if its file exists.
    pub(crate) fn change(
        &self,
        sql: &dyn Sql,
        change: &Change,
        migration: Option<&Migration>,
        reason: Option<&str>,
    ) -> String {
        let id = new_id();
        let entry = Entry { outcome: change.word(), ..Entry::of(REPAIR, &id) };
        let mut columns = self.columns(sql, &entry);
        for (name, value) in &mut columns {
            match *name {
                "version" => *value = Value::Text(change.key().canonical().into_owned()),
                "name" => *value = Value::text_or_null(migration.map(|migration| migration.name.as_str())),
                "checksum" => *value = Value::text_or_null(migration.map(|migration| migration.up.checksum().as_str())),
                "finished_at" => *value = Value::Now,
                _ => {}
            }
        }
        columns.push(("reason", Value::text_or_null(reason)));
        self.insertion(sql, &[columns])
    }

    /// SQL that marks these attempts as settled: they no longer count as half-way.
    pub(crate) fn settle(&self, sql: &dyn Sql, attempts: &[String]) -> Option<String> {
        let ids: Vec<String> = attempts.iter().map(|id| sql.literal(&Value::Text(id.clone()))).collect();
        let no = sql.literal(&Value::Bool(false));
        (!ids.is_empty())
            .then(|| format!("UPDATE {} SET half_way = {no} WHERE id IN ({})", self.table(sql), ids.join(", ")))
    }
}

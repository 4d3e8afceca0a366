//! The journal's table, and the identity of the run that writes to it.

use crate::database::{ColumnType, Sql};
use crate::event::{Command, RunContext};
use crate::ledger::{Creation, qualified};

/// The journal of one run.
pub(crate) struct Journal<'a> {
    pub(in crate::journal) name: &'a str,
    pub(in crate::journal) context: &'a RunContext,
    /// The command of the run.
    pub(in crate::journal) command: Command,
}

impl<'a> Journal<'a> {
    pub(crate) fn new(name: &'a str, context: &'a RunContext, command: Command) -> Self {
        Self { name, context, command }
    }

    /// SQL that creates the table in its current form, if it does not exist.
    pub(crate) fn create(&self, sql: &dyn Sql) -> Creation {
        let table = format!(
            "CREATE TABLE IF NOT EXISTS {table} (\n  \
               id VARCHAR(36) NOT NULL PRIMARY KEY,\n  \
               kind VARCHAR(16) NOT NULL,\n  \
               run_id VARCHAR(36) NOT NULL,\n  \
               trace_id VARCHAR(32),\n  \
               direction VARCHAR(8) NOT NULL,\n  \
               version VARCHAR(255),\n  \
               name VARCHAR(255),\n  \
               checksum VARCHAR(64),\n  \
               atomic BOOLEAN,\n  \
               outcome VARCHAR(16) NOT NULL,\n  \
               half_way BOOLEAN NOT NULL,\n  \
               statements_done INTEGER NOT NULL,\n  \
               statements_total INTEGER NOT NULL,\n  \
               done_checksum VARCHAR(64),\n  \
               error_code VARCHAR(32),\n  \
               error_text {text},\n  \
               started_at {timestamp} NOT NULL,\n  \
               finished_at {timestamp},\n  \
               elapsed_ms {float},\n  \
               connect_ms {float},\n  \
               lock_ms {float},\n  \
               plan_ms {float},\n  \
               apply_ms {float},\n  \
               health_ms {float},\n  \
               lock_retries INTEGER,\n  \
               rows_inserted BIGINT,\n  \
               rows_updated BIGINT,\n  \
               rows_deleted BIGINT,\n  \
               rows_other BIGINT,\n  \
               operator VARCHAR(255),\n  \
               host VARCHAR(255),\n  \
               pod VARCHAR(255),\n  \
               reason {text},\n  \
               tool_version VARCHAR(32) NOT NULL,\n  \
               folded BIGINT\n){suffix}",
            table = self.table(sql),
            timestamp = sql.column_type(ColumnType::Timestamp),
            text = sql.column_type(ColumnType::Text),
            float = "DOUBLE PRECISION",
            suffix = sql.capabilities().table_suffix,
        );
        Creation::table(sql, self.name, table)
    }

    pub(in crate::journal) fn table(&self, sql: &dyn Sql) -> String {
        qualified(sql, self.name)
    }
}

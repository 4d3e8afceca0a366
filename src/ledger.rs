//! The history table, which records the applied migrations. One file for each format; it writes SQL through
//! [`Session`](crate::database::Session), and depends on no driver.

mod access;
mod dbmate;
mod diesel;
mod drizzle;
mod flyway;
mod format;
mod golang_migrate;
mod goose;
mod location;
mod name;
mod native;
mod prisma;
mod refinery;
mod registry;
mod sqlx;
mod supabase;
mod table;
#[cfg(test)]
mod tests;
mod trust;

pub(crate) use self::access::{Denied, READ, WRITE};
pub use self::format::HistoryFormat;
pub(crate) use self::location::{Found, astray};
pub(crate) use self::name::{
    OwnTables, bare_name, columns_if_table, in_schema, qualified, rows_if_table, schema_and_table,
};
pub(crate) use self::table::{Attempted, Begun, Creation, Depth, Elapsed, Ledger, Remembered};
pub(crate) use self::trust::{UNSEEN, untrusted};

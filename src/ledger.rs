//! The history table, which records the applied migrations. One file for each format; it writes SQL through
//! [`Session`](crate::database::Session), and depends on no driver.

mod access;
mod flyway;
mod format;
mod location;
mod name;
mod native;
mod registry;
mod sqlx;
mod table;
#[cfg(test)]
mod tests;
mod trust;

pub(crate) use self::access::{Denied, READ, WRITE};
pub use self::format::HistoryFormat;
pub(crate) use self::location::{Found, astray};
pub(crate) use self::name::{OwnTables, bare_name, qualified, rows_if_table, schema_and_table};
pub(crate) use self::table::{Begun, Creation, Depth, Elapsed, Ledger, Remembered};
pub(crate) use self::trust::{UNSEEN, untrusted};

//! Data types for SQL texts: dialects, statements, places, checksums.

mod checksum;
mod dialect;
mod place;
mod statement;

pub use self::checksum::Checksum;
pub(crate) use self::checksum::{Progress, hexadecimal};
pub use self::dialect::Dialect;
pub(crate) use self::dialect::PerDialect;
pub use self::place::Place;
pub use self::statement::{Directives, SessionLock, Statement, StatementKind};

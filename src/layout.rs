//! Reads a directory of migration files into a [`MigrationSet`](crate::migration::MigrationSet). No other code reads migration files; each
//! layout has one source file.

mod assemble;
mod checks;
mod create;
mod dbmate;
mod detect;
mod diesel;
mod drizzle;
mod entry;
mod fault;
mod find;
mod flyway;
mod format;
mod golang_migrate;
mod goose;
mod hooks;
mod links;
mod native;
mod prisma;
mod reader;
mod refinery;
mod registry;
mod rules;
mod signs;
mod source;
mod sql_file;
mod sqlx;
mod stem;
mod supabase;
mod template;
mod word;

pub use self::checks::CustomCheck;
pub use self::detect::{Candidate, Detection};
pub use self::fault::{Fault, FileProblem, LayoutError};
pub use self::format::{Layout, NewMigration, Ways};
pub use self::hooks::HookScripts;
pub use self::links::Links;
pub use self::reader::Reader;
pub use self::source::EmbeddedFiles;
use self::sql_file::read_split;

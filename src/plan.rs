//! Combines files and history into a plan, or into every reason to refuse one. Pure: no clock, no database.

mod change;
mod doubt;
mod edit;
mod make;
mod note;
mod objection;
mod reason;
mod rules;
mod said;
mod step;
mod table_fault;
mod unmanaged;

pub(crate) use self::change::{Amendment, Resumption, amend, resume, session_of};
pub use self::change::{Change, Doubt};
pub(crate) use self::doubt::{last_without_note, unsettled};
use self::edit::was_empty;
pub(crate) use self::edit::{Edit, edit};
pub use self::make::{Plan, Schema, down, is_pending, readable, survey, up, verify};
pub use self::note::Note;
pub use self::objection::Objection;
pub use self::reason::RefusalReason;
pub use self::rules::{Changed, Habits, Missing, Order, Rules, Target};
pub use self::step::{Atomic, Step};
pub use self::table_fault::{TableFault, TableFaultKind};
pub use self::unmanaged::Unmanaged;

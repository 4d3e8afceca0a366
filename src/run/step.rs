//! Runs one step: begin, statements, record, commit; or statement by statement, with the progress in the journal.

mod atomic;
mod broken;
mod class;
mod commit_outcome;
mod effect;
mod foreign_keys;
mod invalid_index;
mod journal_reader;
mod notes;
mod partial_effect;
mod progress;
mod retry;
mod script_transaction;
mod session_settings;
mod state;
mod statement;
mod stepwise;
mod take;
mod timeout;
mod without_transaction;
mod written;

pub(super) use self::effect::is_doubtful;

//! Errors for people: what happened, where, why, and what to do next.

mod advice;
mod connection;
mod diagnosis;
mod error;
mod failure;
mod failure_context;
mod files;
mod health;
mod hook;
mod refusal;
mod settlement;

pub(crate) use self::diagnosis::{Diagnosis, Excerpt, Severity};
pub(crate) use self::error::{chain, error, warning};
pub(crate) use self::failure_context::FailureContext;
pub(crate) use self::files::checks;
pub(crate) use self::refusal::{note, objection};

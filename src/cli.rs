//! The command line: what was typed, what was meant, what is shown, how it ends.

mod answer;
pub(crate) mod args;
pub(crate) mod command;
mod context;
mod escape;
pub(crate) mod exit;
mod explain;
mod export;
mod help;
mod json;
mod listen;
mod output;
mod screen;
pub(crate) mod settings;
mod signal;
mod termination;
mod unrecorded;
mod warnings;
mod words;

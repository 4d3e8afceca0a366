//! The command line: arguments, settings, commands, what is shown, how the process ends.

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
mod option;
mod outcome;
mod output;
mod presentation;
mod response;
mod screen;
pub(crate) mod settings;
mod signal;
mod telemetry;
mod termination;
mod unrecorded;
mod warnings;
mod words;

//! The command line; [`super::settings`] adds environment and file.

mod command;
mod global_args;
mod notify_args;
mod parse;

pub(crate) use self::command::{Command, Reach};
pub(crate) use self::global_args::GlobalArgs;
pub(crate) use self::notify_args::NotifyArgs;
pub(crate) use self::parse::{Args, command};

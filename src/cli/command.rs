//! The commands.

mod choose;
mod completions;
mod dispatch;
mod down;
mod end;
mod exec;
mod exec_error;
mod execute;
mod new;
mod plan;
mod prepare;
mod probe;
mod push;
mod repair;
mod runtime;
mod serve;
mod status;
mod stopped;
mod task;
mod verify;

pub(crate) use self::dispatch::{refuse, run};

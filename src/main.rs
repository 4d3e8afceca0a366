//! The command line tool: parse arguments, run a command, exit. It uses nothing but the public library.

mod cli;

use std::process::ExitCode;
use std::{env, panic};

use cli::args::Args;
use cli::command;
use cli::settings::{PLACEHOLDER_PREFIX, Settings};

fn main() -> ExitCode {
    let default = panic::take_hook();
    // A driver's panic is caught and shown as an error of the database, without the default message.
    panic::set_hook(Box::new(move |info| {
        if !migrascope::database::sheltered() {
            default(info);
        }
    }));
    let args = Args::parse_process();
    let exit = match Settings::resolve(&args.global, &|name| env::var_os(name), &placeholder_variables()) {
        Ok(settings) => command::run(&args.command, &settings),
        Err(invalid) => command::refuse(&args.command, invalid),
    };
    exit.into()
}

/// The names of the variables that give values of placeholders.
fn placeholder_variables() -> Vec<String> {
    let names = env::vars_os().filter_map(|(name, _)| name.into_string().ok());
    names.filter(|name| name.starts_with(PLACEHOLDER_PREFIX)).collect()
}

//! The command line tool: parse, run, explain, exit. Everything it does, it does through the library.

mod cli;

use std::process::ExitCode;
use std::{env, panic};

use cli::args::Args;
use cli::command;
use cli::settings::Settings;

fn main() -> ExitCode {
    let usual = panic::take_hook();
    // What is caught is shown as an error of the database.
    panic::set_hook(Box::new(move |info| {
        if !migrascope::database::sheltered() {
            usual(info);
        }
    }));
    let args = Args::parse_process();
    let exit = match Settings::resolve(&args.global, &|name| env::var_os(name)) {
        Ok(settings) => command::run(&args.command, &settings),
        Err(unusable) => command::refuse(&args.command, unusable),
    };
    exit.into()
}

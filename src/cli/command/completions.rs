//! `completions` and `man`: generated from the command line's definition.

use clap_complete::Shell;
use clap_mangen::Man;

use crate::cli::args;
use crate::cli::exit::Exit;
use crate::cli::output::{Output, complain};

pub(super) fn shell(shell: Shell) -> Exit {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut args::command(), "migrascope", &mut script);
    Output::raw().line(String::from_utf8_lossy(&script).trim_end());
    Exit::Done
}

pub(super) fn man() -> Exit {
    let mut page = Vec::new();
    match Man::new(args::command()).render(&mut page) {
        Ok(()) => {
            Output::raw().line(String::from_utf8_lossy(&page).trim_end());
            Exit::Done
        }
        Err(error) => {
            complain(format_args!("error: cannot generate the man page: {error}"));
            Exit::Unexpected
        }
    }
}

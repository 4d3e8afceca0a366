//! The keys of the settings file: the options, by name.

use clap::{ArgAction, Args as _};

use crate::cli::args::GlobalArgs;

/// Whether an option can be repeated, which makes it a list in the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Occurs {
    Once,
    Often,
}

/// The options that a file may have: all but `config`.
pub(super) fn keys() -> Vec<(String, Occurs)> {
    let command = GlobalArgs::augment_args(clap::Command::new("keys"));
    let option = |arg: &clap::Arg| {
        let occurs = if matches!(arg.get_action(), ArgAction::Append) { Occurs::Often } else { Occurs::Once };
        Some((arg.get_long()?.to_owned(), occurs))
    };
    command.get_arguments().filter_map(option).filter(|(name, _)| name != "config").collect()
}

//! Reads the command line.

use clap::{CommandFactory, FromArgMatches, Parser};

use super::command::Command;
use super::global_args::GlobalArgs;
use crate::cli::exit::Exit;
use crate::cli::option::{mask, variable};
use crate::cli::{escape, help, output};

/// The whole command line.
#[derive(Debug, Parser)]
#[command(name = "migrascope", version, about = help::ABOUT, after_help = help::MORE)]
#[command(propagate_version = true, max_term_width = 100, subcommand_value_name = "COMMAND")]
pub(crate) struct Args {
    #[command(flatten)]
    pub(crate) global: GlobalArgs,
    #[command(subcommand)]
    pub(crate) command: Command,
}

impl Args {
    /// Parses the process's arguments; prints help or a usage error and exits where there is no command to run.
    pub(crate) fn parse_process() -> Self {
        let matches = command().try_get_matches().unwrap_or_else(|error| refuse(&error));
        Self::from_arg_matches(&matches).unwrap_or_else(|error| refuse(&error))
    }
}

/// Prints the error and exits. Arguments in it are masked and escaped.
fn refuse(error: &clap::Error) -> ! {
    if !error.use_stderr() {
        error.exit();
    }
    let args = std::env::args_os().skip(1).map(|arg| arg.to_string_lossy().into_owned());
    let message = error.render().ansi().to_string();
    output::styled(shown(&message, &args.collect::<Vec<_>>()).trim_end());
    std::process::exit(error.exit_code());
}

/// The text with each argument masked: only the scheme of a URL is shown, because a malformed one does not show where its secret ends.
fn shown(text: &str, args: &[String]) -> String {
    let values = args.iter().flat_map(|arg| [Some(arg.as_str()), arg.split_once('=').map(|(_, value)| value)]);
    let mut values: Vec<(&str, String)> =
        values.flatten().map(|value| (value, escape::one_line(&mask::value(value)))).collect();
    values.retain(|(value, masked)| value != masked);
    // Longer values first: a value may contain another one.
    values.sort_by_key(|(value, _)| std::cmp::Reverse(value.len()));
    values.iter().fold(text.to_owned(), |text, (value, masked)| text.replace(value, masked))
}

/// The clap command, with the environment variable in the help of each global option.
pub(crate) fn command() -> clap::Command {
    let exit_codes = Exit::ALL.map(|exit| format!("  {:>3}  {}", exit.code(), exit.meaning())).join("\n");
    Args::command().after_long_help(format!("{}\n\nExit codes:\n{exit_codes}", help::EXAMPLES)).mut_args(|arg| {
        let Some(variable) = arg.get_long().map(variable) else {
            return arg;
        };
        let text = arg.get_help().map(ToString::to_string).unwrap_or_default();
        arg.help(format!("{text} [env: {variable}]"))
    })
}

#[cfg(test)]
mod tests {
    use super::shown;

    #[test]
    fn secrets_in_a_url_are_masked() {
        let table = [
            "postgres://u:hunter2@h/d",
            "postgres://u:hunter 2@h/d",
            "postgres://u:hun'ter\n2@h/d",
            "--database=postgres://u:hunter2@h/d",
            "https://hooks.example.com/hunter2",
            "u:hunter2@h",
            "hunter:2@h",
        ];
        for arg in table {
            let text = format!("error: unexpected argument '{arg}' found\n\ntip: '-- {arg}'");
            let safe = shown(&text, &["up".to_owned(), arg.to_owned()]);
            assert!(!safe.contains("hun") && safe.contains('…'), "{safe}");
            assert_eq!(safe.lines().count(), 3, "{safe}");
        }
    }

    #[test]
    fn control_characters_are_escaped() {
        let args = ["up".to_owned(), "a\n::error::b\u{1b}[2J".to_owned()];
        let text = format!("unexpected argument '{}' found", args[1]);
        assert_eq!(shown(&text, &args), "unexpected argument 'a ::error::b␛[2J' found");
    }
}

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
    /// Reads the process's arguments; prints help or a usage error and exits where there is nothing to be carried out.
    pub(crate) fn parse_process() -> Self {
        let matches = command().try_get_matches().unwrap_or_else(|error| refuse(&error));
        Self::from_arg_matches(&matches).unwrap_or_else(|error| refuse(&error))
    }
}

/// Says what is wrong and exits. What was typed shows neither a password nor what acts on a terminal.
fn refuse(error: &clap::Error) -> ! {
    if !error.use_stderr() {
        error.exit();
    }
    let typed = std::env::args_os().skip(1).map(|arg| arg.to_string_lossy().into_owned());
    let told = error.render().ansi().to_string();
    output::styled(shown(&told, &typed.collect::<Vec<_>>()).trim_end());
    std::process::exit(error.exit_code());
}

/// The text with each argument as it may be shown: a URL by its scheme alone, for nothing says where in it a secret ends.
fn shown(text: &str, typed: &[String]) -> String {
    let values = typed.iter().flat_map(|arg| [Some(arg.as_str()), arg.split_once('=').map(|(_, value)| value)]);
    let mut values: Vec<(&str, String)> =
        values.flatten().map(|value| (value, escape::one_line(&mask::value(value)))).collect();
    values.retain(|(value, masked)| value != masked);
    // One that stands in another is not looked for first.
    values.sort_by_key(|(value, _)| std::cmp::Reverse(value.len()));
    values.iter().fold(text.to_owned(), |text, (value, masked)| text.replace(value, masked))
}

/// The command line as clap sees it: each global option names its environment variable.
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
    fn what_may_be_secret_in_a_url_is_left_out() {
        let table = [
            "postgres://u:hunter2@h/d",
            "postgres://u:hunter 2@h/d",
            "postgres://u:hun'ter\n2@h/d",
            "--database=postgres://u:hunter2@h/d",
            "https://hooks.example.com/hunter2",
            "u:hunter2@h",
            "hunter:2@h",
        ];
        for typed in table {
            let text = format!("error: unexpected argument '{typed}' found\n\ntip: '-- {typed}'");
            let safe = shown(&text, &["up".to_owned(), typed.to_owned()]);
            assert!(!safe.contains("hun") && safe.contains('…'), "{safe}");
            assert_eq!(safe.lines().count(), 3, "{safe}");
        }
    }

    #[test]
    fn what_acts_on_a_terminal_is_shown_instead() {
        let typed = ["up".to_owned(), "a\n::error::b\u{1b}[2J".to_owned()];
        let text = format!("unexpected argument '{}' found", typed[1]);
        assert_eq!(shown(&text, &typed), "unexpected argument 'a ::error::b␛[2J' found");
    }
}

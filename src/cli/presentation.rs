//! Who reads the output, and how much of it is shown.

/// The format of the output.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum OutputFormat {
    /// Text for people.
    #[default]
    Text,
    /// One JSON object a line, for programs.
    Json,
}

/// How much is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Verbosity {
    /// Errors only.
    Quiet,
    /// One line a migration.
    #[default]
    Normal,
    /// Every statement.
    Verbose,
}

/// How much `/status` shows to every client that can connect.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Detail {
    /// States, versions and codes.
    #[default]
    Codes,
    /// Messages, paths, hosts and users as well.
    Full,
}

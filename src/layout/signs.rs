//! The signs by which a directory is recognised as that of a tool.

/// What a layout's directories look like.
pub(super) struct Signs {
    /// The usual places, below the directory of the project.
    pub(super) places: &'static [&'static str],
    /// Files of the directory that only this tool has.
    pub(super) files: &'static [&'static str],
    /// A file that is in the folder of each migration.
    pub(super) in_folders: Option<&'static str>,
    /// Text that SQL files have for this tool alone.
    pub(super) text: Option<&'static str>,
    /// Whether this name of a file, anywhere below the directory, could be a migration.
    pub(super) names: fn(&str) -> bool,
    /// Whether a directory with a file of this name is another tool's.
    pub(super) never: fn(&str) -> bool,
    /// Whether it is to be preferred to others whose directories look alike.
    pub(super) common: bool,
    /// Files of the project that make this tool likely.
    pub(super) project: &'static [ProjectFile],
}

/// A file of the project around the directory.
pub(super) struct ProjectFile {
    /// Its name.
    pub(super) name: &'static str,
    /// A word that must be in it; empty where the file is enough.
    pub(super) word: &'static str,
}

impl Signs {
    /// No sign at all.
    pub(super) const NONE: Self = Self {
        places: &[],
        files: &[],
        in_folders: None,
        text: None,
        names: |_| false,
        never: |_| false,
        common: false,
        project: &[],
    };
}

/// Whether a name begins with digits and an underscore, and ends in `.sql`.
pub(super) fn is_numbered(name: &str) -> bool {
    let rest = name.trim_start_matches(|c: char| c.is_ascii_digit());
    rest.len() < name.len() && rest.starts_with('_') && name.ends_with(".sql")
}

/// Whether a name begins with a letter for a version and has two underscores behind it.
pub(super) fn is_lettered(name: &str) -> bool {
    name.starts_with(['V', 'R', 'U', 'B']) && name.contains("__") && name.to_ascii_lowercase().ends_with(".sql")
}

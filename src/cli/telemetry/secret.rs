//! A text that is sent to one receiver and never shown.

use std::fmt;
use std::path::PathBuf;

use migrascope::file;

/// The text, or a file that contains it.
#[derive(Clone, PartialEq, Eq)]
pub(crate) enum Secret {
    /// The text itself.
    Text(String),
    /// The file that contains it, read when it is needed.
    File(PathBuf),
}

impl Secret {
    /// Reads the text, without white space around it. `option` is the option of the text; that of the file ends in `-file`.
    ///
    /// # Errors
    /// With the option, the file and the reason.
    pub(crate) fn read(&self, option: &str) -> Result<String, String> {
        let path = match self {
            Self::Text(text) => return Ok(text.trim().to_owned()),
            Self::File(path) => path,
        };
        let complaint = |reason: &dyn fmt::Display| format!("{option}-file: {}: {reason}", path.display());
        let text = file::read_text(path).map_err(|error| complaint(&error))?;
        match text.trim() {
            "" => Err(complaint(&"it is empty")),
            text => Ok(text.to_owned()),
        }
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(_) => f.write_str("Secret(…)"),
            Self::File(path) => f.debug_tuple("Secret").field(path).finish(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Secret;

    #[test]
    fn the_text_is_not_shown() {
        assert_eq!(format!("{:?}", Some(Secret::Text("t0ken".to_owned()))), "Some(Secret(…))");
        assert_eq!(format!("{:?}", Secret::File("run/token".into())), "Secret(\"run/token\")");
    }
}

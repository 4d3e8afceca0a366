//! Whether a session reads backslashes in strings as the file was split.

use super::Capabilities;
use crate::migration::Place;
use crate::script::{self, BackslashMode, Escapes};

impl Capabilities {
    /// If the session reads the backslashes in a file differently than it was split: the session's mode, and the position of the first
    /// difference. `None` if it makes no difference.
    pub(crate) fn read_otherwise(&self, text: &str) -> Option<(BackslashMode, Place)> {
        let escapes = Escapes { begins: self.backslash_escapes, default: self.backslash_escapes_by_default };
        script::read_otherwise(text, self.dialect, escapes)
    }
}

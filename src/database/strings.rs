//! Whether a session reads strings in the way in which a file was read.

use super::Capabilities;
use crate::migration::Place;
use crate::script::{self, BackslashMode, Escapes};

impl Capabilities {
    /// Where the session reads a file in another way than usual, which is how it was read, and what the session has; `None` where it makes no
    /// difference.
    pub(crate) fn read_otherwise(&self, text: &str) -> Option<(BackslashMode, Place)> {
        let escapes = Escapes { begins: self.backslash_escapes, default: self.backslash_escapes_by_default };
        script::read_otherwise(text, self.dialect, escapes)
    }
}

//! Colours, each with one meaning.

use anstyle::{AnsiColor, Style};

/// Done.
pub(super) const GOOD: Style = AnsiColor::Green.on_default();
/// Needs attention.
pub(super) const ODD: Style = AnsiColor::Yellow.on_default();
/// Failed.
pub(super) const BAD: Style = AnsiColor::Red.on_default().bold();
/// Less important.
pub(super) const DIM: Style = Style::new().dimmed();
/// More important.
pub(super) const BOLD: Style = Style::new().bold();

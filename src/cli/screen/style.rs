//! Colours, few and each with one meaning.

use anstyle::{AnsiColor, Style};

/// Done.
pub(super) const GOOD: Style = AnsiColor::Green.on_default();
/// To be looked at.
pub(super) const ODD: Style = AnsiColor::Yellow.on_default();
/// Failed.
pub(super) const BAD: Style = AnsiColor::Red.on_default().bold();
/// Of lesser weight.
pub(super) const DIM: Style = Style::new().dimmed();
/// Of greater weight.
pub(super) const BOLD: Style = Style::new().bold();

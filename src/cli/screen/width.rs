//! The width of text on a terminal, in columns.

use std::fmt::Write as _;

/// Blocks of characters two columns wide: CJK, Hangul, full-width forms, pictographs.
const WIDE: [(char, char); 9] = [
    ('\u{1100}', '\u{115f}'),
    ('\u{2e80}', '\u{a4cf}'),
    ('\u{ac00}', '\u{d7a3}'),
    ('\u{f900}', '\u{faff}'),
    ('\u{fe30}', '\u{fe6f}'),
    ('\u{ff00}', '\u{ff60}'),
    ('\u{ffe0}', '\u{ffe6}'),
    ('\u{1f300}', '\u{1faff}'),
    ('\u{20000}', '\u{3fffd}'),
];

/// Blocks of characters without a width: combining marks, joiners, variation selectors.
const NONE: [(char, char); 4] =
    [('\u{300}', '\u{36f}'), ('\u{200b}', '\u{200f}'), ('\u{20d0}', '\u{20ff}'), ('\u{fe00}', '\u{fe0f}')];

/// An estimate that is good enough to align columns.
pub(super) fn width(text: &str) -> usize {
    let within = |blocks: &[(char, char)], c: char| blocks.iter().any(|(first, last)| (*first..=*last).contains(&c));
    let columns = |c: char| match c {
        ' '..='~' => 1,
        c if within(&NONE, c) => 0,
        c if within(&WIDE, c) => 2,
        _ => 1,
    };
    text.chars().map(columns).sum()
}

/// The text padded with spaces to this width; a longer one stays as it is.
pub(super) fn pad(text: &str, to: usize) -> String {
    let mut padded = text.to_owned();
    let _ = write!(padded, "{:1$}", "", to.saturating_sub(width(text)));
    padded
}

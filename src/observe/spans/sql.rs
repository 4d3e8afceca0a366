//! What a span tells of a statement.

use std::borrow::Cow;

use super::policy::SqlText;
use super::tree::Place;
use crate::migration::{Checksum, Statement};
use crate::plan::Step;
use crate::script;

/// The longest text in bytes, its ellipsis included: collectors refuse large requests.
const LONGEST: usize = 4096;
const ELLIPSIS: &str = "…";

/// One statement as far as it may be told.
pub(super) struct Told<'s> {
    /// `None` when not even that may be told.
    pub(super) summary: Option<&'s str>,
    pub(super) text: Option<Cow<'s, str>>,
    pub(super) sha256: Checksum,
}

impl<'s> Told<'s> {
    /// The statement with this index, from 0; `None` past the last one.
    pub(super) fn of(step: &'s Step<'_>, index: usize, place: &Place, policy: SqlText) -> Option<Self> {
        let statement: &'s Statement = step.statements().get(index)?;
        let written = step.text(index);
        let text = match policy {
            SqlText::Off | SqlText::Summary => None,
            SqlText::Sanitized => place
                .dialect
                .map(|dialect| Cow::Owned(script::sanitized_as_read(written, dialect, statement.backslash_escapes))),
            SqlText::Full => Some(Cow::Borrowed(written)),
        };
        Some(Self {
            summary: (policy != SqlText::Off).then_some(statement.summary.as_str()),
            text: text.map(cut),
            sha256: Checksum::of_text(written),
        })
    }
}

fn cut(text: Cow<'_, str>) -> Cow<'_, str> {
    if text.len() <= LONGEST {
        return text;
    }
    let end = text.floor_char_boundary(LONGEST - ELLIPSIS.len());
    Cow::Owned(format!("{}{ELLIPSIS}", &text[..end]))
}

//! What a span contains of a statement.

use std::borrow::Cow;

use super::database::DatabaseAttributes;
use super::policy::SqlText;
use crate::migration::{Checksum, Statement};
use crate::plan::Step;
use crate::script;

/// The bytes of a text, its ellipsis included: collectors refuse large requests.
const LONGEST: usize = 4096;
const ELLIPSIS: &str = "…";

/// A statement as far as the policy discloses it.
pub(super) struct StatementText<'s> {
    /// `None` where not even the summary is disclosed.
    pub(super) summary: Option<&'s str>,
    pub(super) text: Option<Cow<'s, str>>,
    pub(super) sha256: Checksum,
}

impl<'s> StatementText<'s> {
    /// The statement with this index, from 0; `None` past the last one.
    pub(super) fn of(step: &'s Step<'_>, index: usize, database: &DatabaseAttributes, policy: SqlText) -> Option<Self> {
        let statement: &'s Statement = step.statements().get(index)?;
        let written = step.script.statement_in_file(statement);
        let text = match policy {
            SqlText::Off | SqlText::Summary => None,
            SqlText::Sanitized => database
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

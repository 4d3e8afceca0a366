//! Names that settings and the file of targets share: targets, layouts, history formats, tables.

use migrascope::layout::Layout;
use migrascope::run::HistoryFormat;

use crate::cli::option::choices::expected_one_of;

/// A target's name: a label of metrics, and a part of a Pushgateway's path.
pub(crate) fn target(text: &str) -> Result<String, String> {
    let is_name = text.chars().any(char::is_alphanumeric) && !text.contains(char::is_control);
    if is_name {
        Ok(text.to_owned())
    } else {
        Err("a name needs a letter or a digit, and no control character".to_owned())
    }
}

/// The layout of this name.
pub(crate) fn layout(text: &str) -> Result<&'static Layout, String> {
    Layout::named(text).ok_or_else(|| expected_one_of(text, Layout::words().collect()))
}

/// The history format of this name.
pub(crate) fn history(text: &str) -> Result<&'static HistoryFormat, String> {
    HistoryFormat::named(text).ok_or_else(|| expected_one_of(text, HistoryFormat::words().collect()))
}

/// What lets the program find a layout or a history.
const AUTO: &str = "auto";

/// The same, or `None` for what is to be found.
pub(crate) fn layout_or_auto(text: &str) -> Result<Option<&'static Layout>, String> {
    match text {
        AUTO => Ok(None),
        _ => Layout::named(text).map(Some).ok_or_else(|| expected(text, Layout::words())),
    }
}

/// The same, or `None` for what is to be found.
pub(crate) fn history_or_auto(text: &str) -> Result<Option<&'static HistoryFormat>, String> {
    match text {
        AUTO => Ok(None),
        _ => HistoryFormat::named(text).map(Some).ok_or_else(|| expected(text, HistoryFormat::words())),
    }
}

fn expected(text: &str, words: impl Iterator<Item = &'static str>) -> String {
    expected_one_of(text, std::iter::once(AUTO).chain(words).collect())
}

/// The history format of the layout's own tool.
pub(crate) fn default_history(layout: &Layout) -> &'static HistoryFormat {
    HistoryFormat::named(layout.history()).unwrap_or(HistoryFormat::native())
}

/// A table's name, with a schema or without.
pub(crate) fn table(text: &str) -> Result<String, String> {
    let parts: Vec<&str> = text.split('.').collect();
    let usable = parts.len() <= 2 && parts.iter().all(|part| !part.is_empty() && !part.contains(char::is_control));
    if usable { Ok(text.to_owned()) } else { Err("expected TABLE or SCHEMA.TABLE".to_owned()) }
}

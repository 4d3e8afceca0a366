//! Finds the position of an error in a statement, for databases that report it only in words.

/// The byte offset of `word` in `sql`, if it occurs exactly once as a whole word; otherwise `None`.
#[cfg(any(feature = "sqlite", feature = "mysql"))]
pub(super) fn only_word(sql: &str, word: &str) -> Option<usize> {
    let mut found = whole_words(sql, word);
    let first = found.next()?;
    found.next().is_none().then_some(first)
}

/// The byte offsets at which `word` occurs as a whole word, ignoring case.
#[cfg(any(feature = "sqlite", feature = "mysql"))]
pub(super) fn whole_words<'a>(sql: &'a str, word: &'a str) -> impl Iterator<Item = usize> + 'a {
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    let bounded = word.starts_with(is_word);
    sql.char_indices().map(|(index, _)| index).filter(move |index| {
        let Some(here) = sql.get(*index..*index + word.len()) else {
            return false;
        };
        let before = sql[..*index].chars().next_back();
        let after = sql[*index + word.len()..].chars().next();
        !word.is_empty()
            && here.eq_ignore_ascii_case(word)
            && !(bounded && (before.is_some_and(is_word) || after.is_some_and(is_word)))
    })
}

/// The text between the first `open` and the next `close` after it.
#[cfg(any(feature = "sqlite", feature = "mysql"))]
pub(super) fn between<'a>(message: &'a str, open: &str, close: &str) -> Option<&'a str> {
    let (_, rest) = message.split_once(open)?;
    rest.split_once(close).map(|(inner, _)| inner)
}

/// The byte offset of line `number` (counted from 1); the text's length if there are fewer lines.
#[cfg(feature = "mysql")]
pub(super) fn line_start(text: &str, number: usize) -> usize {
    if number <= 1 {
        return 0;
    }
    text.match_indices('\n').nth(number - 2).map_or(text.len(), |(index, _)| index + 1)
}

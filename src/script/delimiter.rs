//! `DELIMITER` lines, which the `mysql` client interprets and never sends to the server.

use super::Problem;

/// The longest delimiter that the `mysql` client accepts, in bytes.
const LONGEST: usize = 15;

/// The delimiter given in the rest of a `DELIMITER` line.
pub(super) fn read(rest: &str) -> Result<&str, Problem> {
    let delimiter = rest.split_ascii_whitespace().next().ok_or(Problem::MissingDelimiter)?;
    if delimiter.contains('\\') || delimiter.len() > LONGEST {
        return Err(Problem::BadDelimiter { delimiter: delimiter.to_owned() });
    }
    Ok(delimiter)
}

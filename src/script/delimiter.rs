//! `DELIMITER` lines, which the `mysql` program reads and the server never sees.

use super::Problem;

/// The longest delimiter that the `mysql` program takes, in bytes.
const LONGEST: usize = 15;

/// The delimiter that the rest of a `DELIMITER` line names.
pub(super) fn read(rest: &str) -> Result<&str, Problem> {
    let delimiter = rest.split_ascii_whitespace().next().ok_or(Problem::MissingDelimiter)?;
    if delimiter.contains('\\') || delimiter.len() > LONGEST {
        return Err(Problem::BadDelimiter { delimiter: delimiter.to_owned() });
    }
    Ok(delimiter)
}

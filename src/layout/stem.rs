//! The stem of an SQL file's name.

/// Extensions of files that editors and merges leave behind.
const LEFT_BEHIND: [&str; 6] = ["bak", "orig", "rej", "swp", "swo", "tmp"];
/// The name without `.sql`, ignoring case; `None` for any other name.
pub(super) fn sql_stem(name: &str) -> Option<&str> {
    let (stem, end) = name.split_at_checked(name.len().checked_sub(".sql".len())?)?;
    end.eq_ignore_ascii_case(".sql").then_some(stem)
}

/// Whether an editor or a merge left this file behind.
pub(super) fn is_left_behind(name: &str) -> bool {
    name.ends_with('~')
        || name.len() > 1 && name.starts_with('#') && name.ends_with('#')
        || LEFT_BEHIND.iter().any(|end| extension(name).eq_ignore_ascii_case(end))
}

pub(super) fn extension(name: &str) -> &str {
    name.rsplit_once('.').map_or("", |(_, end)| end)
}

//! Which folder of version 1.0 a row without a name belongs to, as Drizzle determines it: by the second of its time, then by its hash.

use crate::database::{Sql, Value};

/// A folder with a migration.
pub(super) struct Folder {
    name: String,
    /// The time in its name, in milliseconds since 1970.
    time: Option<i64>,
    hash: String,
}

impl Folder {
    pub(super) fn new(name: &str, hash: &str) -> Self {
        Self { name: name.to_owned(), time: milliseconds(name), hash: hash.to_owned() }
    }
}

/// The name of the folder that a row with this time and hash belongs to; `None` if there is none.
pub(super) fn name_of<'f>(folders: &'f [Folder], created_at: Option<&str>, hash: Option<&str>) -> Option<&'f str> {
    let time = created_at.and_then(|time| time.parse::<i64>().ok());
    let second = time.map(|time| time - time.rem_euclid(1000));
    let has_hash = |folder: &&Folder| Some(&*folder.hash) == hash;
    let in_second: Vec<&Folder> = folders.iter().filter(|folder| second.is_some() && folder.time == second).collect();
    let found = match in_second[..] {
        [] => folders.iter().rev().find(has_hash),
        [only] => Some(only),
        _ => in_second.into_iter().find(has_hash),
    };
    found.map(|folder| &*folder.name)
}

/// For each folder, SQL for the rows without a name that belong to it; each condition requires that those before it have been applied.
pub(super) fn conditions<'f>(folders: &'f [Folder], sql: &dyn Sql) -> Vec<(&'f str, String)> {
    let hash = |folder: &Folder| format!("hash = {}", sql.literal(&Value::Text(folder.hash.clone())));
    let by_time = folders.iter().filter_map(|folder| {
        let time = folder.time?;
        let second = format!("created_at BETWEEN {time} AND {}", time + 999);
        let alone = folders.iter().filter(|other| other.time == folder.time).count() == 1;
        Some((&*folder.name, if alone { second } else { format!("{second} AND {}", hash(folder)) }))
    });
    let by_hash = folders.iter().rev().map(|folder| (&*folder.name, hash(folder)));
    by_time.chain(by_hash).collect()
}

/// The time in the name of a folder, `YYYYMMDDhhmmss` in UTC, in milliseconds since 1970. As in JavaScript, a month or a day may be too large.
pub(super) fn milliseconds(folder: &str) -> Option<i64> {
    let part = |from: usize, to: usize| {
        let digits = folder.get(from..to).filter(|digits| digits.bytes().all(|byte| byte.is_ascii_digit()))?;
        digits.parse::<i64>().ok()
    };
    let (year, month, day) = (part(0, 4)?, part(4, 6)? - 1, part(6, 8)?);
    let (hour, minute, second) = (part(8, 10)?, part(10, 12)?, part(12, 14)?);
    let year = if year < 100 { 1900 + year } else { year };
    let (year, month) = (year + month.div_euclid(12), month.rem_euclid(12));
    let days = days_before(year, month) + day - 1;
    Some((((days * 24 + hour) * 60 + minute) * 60 + second) * 1000)
}

/// What follows the time in the name of a folder.
pub(super) fn described(folder: &str) -> &str {
    let rest = folder.trim_start_matches(|c: char| c.is_ascii_digit());
    rest.strip_prefix('_').unwrap_or(rest)
}

/// The days from 1970 to the first of a month, which is counted from 0, in the Gregorian calendar.
fn days_before(year: i64, month: i64) -> i64 {
    // A year that begins in March has its leap day at the end.
    let (year, month) = if month < 2 { (year - 1, month + 10) } else { (year, month - 2) };
    let leap_days = year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400);
    let in_year = (153 * month + 2) / 5;
    365 * year + leap_days + in_year - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As `Date.UTC` returns them.
    #[test]
    fn times_are_those_of_javascript() {
        for (folder, expected) in [
            ("19700101000000_x", Some(0)),
            ("20240101000000_init", Some(1_704_067_200_000)),
            ("20240229123456_leap", Some(1_709_210_096_000)),
            ("20001231235959", Some(978_307_199_000)),
            ("20241301000000_month", Some(1_735_689_600_000)),
            ("20240132000000_day", Some(1_706_745_600_000)),
            ("20240000000000_zero", Some(1_701_302_400_000)),
            ("2024_x", None),
        ] {
            assert_eq!(milliseconds(folder), expected, "{folder}");
        }
    }

    #[test]
    fn rows_belong_to_folders_by_second_then_by_hash() {
        let folders = [
            Folder::new("20240101000000_a", "ha"),
            Folder::new("20240101000000_b", "hb"),
            Folder::new("20240102000000_c", "hc"),
        ];
        let of = |created_at: &str, hash: &str| name_of(&folders, Some(created_at), Some(hash));
        assert_eq!(of("1704153600123", "changed"), Some("20240102000000_c"));
        assert_eq!(of("1704067200999", "hb"), Some("20240101000000_b"));
        assert_eq!(of("1704067200999", "changed"), None);
        assert_eq!(of("5", "ha"), Some("20240101000000_a"));
        assert_eq!(of("5", "changed"), None);
    }
}

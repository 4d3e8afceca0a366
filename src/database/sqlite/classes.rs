//! Fixed descriptions of result codes. A message may quote SQL and values, whatever its code; a description never does.

/// The description of a code of sqlite3.h: of the extended code if it has one, otherwise of the primary code in its low byte; `None` for an
/// unknown code.
pub(super) fn word(code: i32) -> Option<&'static str> {
    Some(match code {
        275 => "check constraint violation",
        787 => "foreign key violation",
        1299 => "a value is missing where NULL is not allowed",
        1555 | 2067 | 2579 => "duplicate key",
        1811 => "an exception raised by SQL",
        3091 => "a value is invalid for its type",
        _ => return primary(code & 0xff),
    })
}

fn primary(code: i32) -> Option<&'static str> {
    Some(match code {
        1 => "SQL error",
        2 => "internal error",
        3 => "insufficient permissions on the file",
        4 => "aborted",
        5 | 6 => "a lock was not available in time",
        7 => "out of memory",
        8 => "the database is read-only",
        9 => "cancelled, or ran too long",
        10 => "disk I/O error",
        11 => "the database file is corrupt",
        13 => "the disk is full",
        14 => "the database file cannot be opened",
        15 => "locking protocol error",
        17 => "the schema has changed in the meantime",
        18 => "a text or blob is too large",
        19 => "constraint violation",
        20 => "type mismatch",
        21 => "library misuse",
        23 => "insufficient privilege",
        26 => "the file is not a database",
        _ => return None,
    })
}

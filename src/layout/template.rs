//! What stands in the files of a new migration: comments alone.

/// Of the way forward.
pub(super) fn forward(stem: &str) -> String {
    format!(
        "-- {stem}: write its statements below, each with a semicolon at its end.
-- A file without statements counts as applied without having run anything, and an applied file must not change.
--
-- A comment that begins with migrascope and a colon steers how it runs:
--   no-transaction             each statement goes out alone, where the database refuses a transaction
--   lock-timeout=5s            how long a statement may wait for a lock
--   statement-timeout=30min    how long a statement may run
--
-- What takes it back belongs in {stem}.down.sql (migrascope new --reversible makes both files).

"
    )
}

/// Of the way back.
pub(super) fn back(stem: &str) -> String {
    format!(
        "-- {stem}: write below what takes it back, each statement with a semicolon at its end.
-- migrascope down runs this file; data that it drops is gone.

"
    )
}

//! The contents of a new migration's files: comments only.

/// The up file.
pub(super) fn up(stem: &str, down: &str) -> String {
    let up = head(stem);
    format!(
        "{up}--
-- The statements that revert it belong in {stem}{down} (migrascope new --reversible creates both files).

"
    )
}

/// The up file where there are no down files.
pub(super) fn only_up(stem: &str) -> String {
    head(stem) + "\n"
}

fn head(stem: &str) -> String {
    format!(
        "-- {stem}: write the statements below, each with a semicolon at the end.
-- A file without statements is recorded as applied without running anything, and an applied file must not change.
--
-- A comment that begins with migrascope and a colon controls how the file runs:
--   no-transaction             run each statement outside of a transaction, for statements that cannot run in one
--   lock-timeout=5s            the maximum time that a statement waits for a lock
--   statement-timeout=30min    the maximum time that a statement runs
"
    )
}

/// The down file.
pub(super) fn down(stem: &str) -> String {
    format!(
        "-- {stem}: write the statements that revert the migration below, each with a semicolon at the end.
-- migrascope down runs this file; data that it drops is lost.

"
    )
}

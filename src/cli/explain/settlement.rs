//! The ways to settle a half-way migration.

use std::fmt::Display;

use migrascope::history::Direction;

use super::advice::Advice;

/// The three ways: resume, finish by hand, undo by hand.
pub(super) fn settlement(direction: Direction, version: impl Display + Copy) -> Vec<Advice> {
    let (finish, undo) = match direction {
        Direction::Up => ("--mark-applied", "--mark-reverted"),
        Direction::Down => ("--mark-reverted", "--mark-applied"),
    };
    vec![
        Advice::then(
            "fix the cause (in the file, only statements after those that took effect) and resume:",
            &command("--resume", version),
        ),
        format!("or do the rest by hand, and record it: {}", command(finish, version)).into(),
        format!("or undo by hand what took effect, and record it: {}", command(undo, version)).into(),
    ]
}

/// A `repair` command for a version.
pub(super) fn command(action: &str, version: impl Display) -> String {
    format!("migrascope repair {action} {version} --reason '…'")
}

//! The ways to settle a half-way migration.

use std::fmt::Display;

use migrascope::history::Direction;

use super::advice::Advice;

/// How to settle a half-way migration.
pub(super) fn settlement(direction: Direction, version: impl Display + Copy) -> Vec<Advice> {
    let (finish, undo) = match direction {
        Direction::Up => ("--mark-applied", "--mark-reverted"),
        Direction::Down => ("--mark-reverted", "--mark-applied"),
    };
    vec![
        Advice::then(
            "mend what stopped it, in its file only behind what took effect, and go on there:",
            &command("--resume", version),
        ),
        format!("or do the rest by hand, and say so: {}", command(finish, version)).into(),
        format!("or undo by hand what took effect, and say so: {}", command(undo, version)).into(),
    ]
}

/// A command to be copied.
pub(super) fn command(action: &str, version: impl Display) -> String {
    format!("migrascope repair {action} {version} --reason '…'")
}

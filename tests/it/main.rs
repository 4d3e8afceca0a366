//! The tests, in five rings: pure, paper, contract, door and tale.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod contract;
mod paper;
mod plan;
mod support;
mod tidy;

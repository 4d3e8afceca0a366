//! The tests, in six rings: pure, paper, contract, door, embedding and tale.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]
#![expect(clippy::print_stderr, reason = "what is skipped is said aloud")]
#![expect(unreachable_pub, reason = "the rings share one crate that nobody depends on")]

mod contract;
mod door;
mod embedding;
mod layout;
mod paper;
mod plan;
mod policy;
mod sanitizer_properties;
mod script;
mod script_properties;
mod served;
mod support;
mod tale;
mod tidy;

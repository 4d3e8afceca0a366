//! Any text in any dialect. Run it with `scripts/fuzz`.

#![no_main]

use libfuzzer_sys::{Corpus, fuzz_target};

fuzz_target!(|input: &[u8]| -> Corpus {
    match migrascope_fuzz::read(input) {
        Some((dialect, text)) => {
            migrascope_fuzz::check(text, dialect);
            Corpus::Keep
        }
        None => Corpus::Reject,
    }
});

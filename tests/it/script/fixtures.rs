//! Realistic files with one difficulty each, and the expected result.

use std::fs;
use std::path::{Path, PathBuf};

use migrascope::migration::Dialect;

use super::render::render;

#[test]
fn every_fixture_reads_as_expected() {
    for dialect in Dialect::ALL {
        let files = fixtures(dialect);
        assert!(files.len() > 8, "too few fixtures for {}", dialect.word());
        for file in files {
            let text = fs::read_to_string(&file).unwrap();
            let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
            let expected = fs::read_to_string(file.with_extension("expect"))
                .unwrap_or_else(|error| panic!("{}: no expectation: {error}", file.display()));
            assert_eq!(render(dialect, text), expected, "in {}", file.display());
        }
    }
}

fn fixtures(dialect: Dialect) -> Vec<PathBuf> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/traps").join(dialect.word());
    let mut files: Vec<PathBuf> = fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|file| file.extension().is_some_and(|extension| extension == "sql"));
    files.sort();
    files
}

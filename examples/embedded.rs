//! A program that carries its migrations inside itself and brings its SQLite database up to date when it starts.
//!
//! `cargo run --example embedded [FILE]`, and again: the second time there is nothing to do.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a program prints")]

use std::process::ExitCode;

use include_dir::{Dir, include_dir};
use migrascope::{Error, Migrator};

/// An edited file is seen by the next build. One that is new is seen, too, where the package's `build.rs` prints
/// `cargo:rerun-if-changed=migrations`.
static MIGRATIONS: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/migrations");

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let file = std::env::args().nth(1).unwrap_or_else(|| "embedded.db".to_owned());
    match migrate(&file).await {
        Ok(said) => {
            println!("{said}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("{file} is not up to date: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn migrate(file: &str) -> Result<String, Error> {
    let files: Vec<_> = MIGRATIONS.files().map(|file| (file.path(), file.contents())).collect();
    let migrator = Migrator::builder().url(format!("sqlite://{file}")).embedded(files).health_checks().build()?;
    let report = migrator.up().await.map_err(|error| error.cause)?;
    Ok(match report.steps.len() {
        0 => format!("{file}: nothing to do, {} applied", report.applied),
        new => format!("{file}: {new} applied in {:.1} s", report.elapsed.as_secs_f64()),
    })
}

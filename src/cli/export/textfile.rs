//! Metrics in a file for node_exporter's textfile collector, which never sees a file that is half written.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use migrascope::file;
use migrascope::observe::names::{LAST_FAILURE_TIMESTAMP, LAST_SUCCESS_TIMESTAMP};

use uuid::Uuid;

use super::metrics::Page;
use super::prometheus_text::{completed, family, zeros};
use super::pusher::{Moment, Sink};

/// The file of `--metrics-file`.
pub(super) struct TextFile {
    path: PathBuf,
}

impl TextFile {
    /// Checks that the file can be written; its content stays.
    ///
    /// # Errors
    /// With the option, the file and the system's error.
    pub(super) fn open(path: PathBuf) -> Result<Self, String> {
        try_directory(&path)
            .map_err(|error| format!("--metrics-file: {} cannot be written: {error}", path.display()))?;
        Ok(Self { path })
    }

    /// Its name in warnings.
    pub(super) fn shown(&self) -> String {
        format!("--metrics-file {}", self.path.display())
    }
}

impl Sink for TextFile {
    /// Before the journal was read, metrics of the last run are kept where this run has none.
    fn put(&mut self, page: &Page, moment: Moment) -> Result<(), String> {
        let replaced = match (page.complete, moment) {
            (true, _) => replace(&self.path, &page.text),
            (false, Moment::During) => Ok(()),
            (false, Moment::Heartbeat) => {
                let old = file::read_text(&self.path).unwrap_or_default();
                replace(&self.path, &completed(&page.text, &old))
            }
            (false, Moment::End) => {
                // A file that cannot be read has no metrics to keep.
                let old = file::read_text(&self.path).unwrap_or_default();
                let mut text = completed(&page.text, &old);
                if family(&text, &LAST_SUCCESS_TIMESTAMP.prometheus_name()).is_none() {
                    text += &zeros(&page.text, &LAST_FAILURE_TIMESTAMP, &LAST_SUCCESS_TIMESTAMP);
                }
                replace(&self.path, &text)
            }
        };
        replaced.map_err(|error| error.to_string())
    }
}

fn try_directory(path: &Path) -> io::Result<()> {
    check_replaceable(path)?;
    let probe = neighbour(path);
    File::create_new(&probe)?;
    fs::remove_file(&probe)
}

/// Writes beside the file and renames, so that a reader sees the old text or the new one.
fn replace(path: &Path, text: &str) -> io::Result<()> {
    check_replaceable(path)?;
    let beside = neighbour(path);
    let mut file = File::create_new(&beside)?;
    file.write_all(text.as_bytes()).and_then(|()| fs::rename(&beside, path)).inspect_err(|_| {
        // The first error is the one that is reported.
        let _ = fs::remove_file(&beside);
    })
}

/// Refuses to replace a link or a device, which its owner would lose.
fn check_replaceable(path: &Path) -> io::Result<()> {
    match file::irregular_itself(path) {
        Some(other) => Err(io::Error::new(io::ErrorKind::InvalidInput, format!("it is {other}, not a file"))),
        None => Ok(()),
    }
}

/// A name in the same directory that cannot be predicted and does not end in `.prom`, or the collector would read it half written.
fn neighbour(path: &Path) -> PathBuf {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    path.with_file_name(format!(".{name}.{}.tmp", Uuid::now_v7().simple()))
}

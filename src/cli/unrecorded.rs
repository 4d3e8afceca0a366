//! Ends of runs that could not be recorded in the journal, kept in files of the user until a later run on this machine records them.
//!
//! The directory is `$XDG_STATE_HOME/migrascope/unrecorded`, or below `~/.local/state` where that is not set. A file names a run and no
//! database: it has no effect where the journal does not have that run as started.

use std::env;
use std::fs::{self, DirBuilder, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use migrascope::journal::UnrecordedEnd;
use migrascope::report::Outcome;
use migrascope::{Report, file};
use serde_json::{Value, json};

use super::outcome::CommandError;

/// How long a file is kept.
const KEPT: Duration = Duration::from_secs(30 * 24 * 60 * 60);
/// The number of files that are read.
const MOST: usize = 100;
const ENDING: &str = "json";

/// Keeps the end of a run; returns a warning with the path, or with the reason why it could not be kept.
pub(super) fn keep(report: &Report, error: Option<&CommandError>) -> String {
    let lost = "the end of this run could not be recorded in the journal";
    match directory()
        .ok_or_else(|| io::Error::other("there is no home directory"))
        .and_then(|at| write(&at, report, error))
    {
        Ok(path) => format!("{lost}; the next run on this machine records it, from {}", path.display()),
        Err(error) => {
            format!("{lost}, and later runs will take it for one whose process died: it cannot be kept: {error}")
        }
    }
}

/// The ends that are kept. A file that cannot be read is skipped: it belongs to another run.
pub(super) fn known() -> Vec<UnrecordedEnd> {
    let Some(entries) = directory().and_then(|directory| fs::read_dir(directory).ok()) else { return Vec::new() };
    let mut paths: Vec<PathBuf> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
    paths.retain(|path| path.extension().is_some_and(|ending| ending == ENDING));
    // Names begin with the time, so the newest come first.
    paths.sort_unstable_by(|one, other| other.cmp(one));
    paths.iter().take(MOST).filter_map(|path| read(path)).collect()
}

fn directory() -> Option<PathBuf> {
    let variable = |name: &str| env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let state = variable("XDG_STATE_HOME").or_else(|| Some(variable("HOME")?.join(".local/state")))?;
    Some(state.join("migrascope/unrecorded"))
}

fn write(directory: &Path, report: &Report, error: Option<&CommandError>) -> io::Result<PathBuf> {
    private(DirBuilder::new().recursive(true)).create(directory)?;
    let path = directory.join(&report.run_id).with_extension(ENDING);
    let text = json!({
        "run_id": report.run_id,
        "outcome": report.outcome.word(),
        "error_kind": error.map(|error| &error.kind),
        "error_text": error.map(|error| &error.message),
        "ended": humantime::format_rfc3339_micros(SystemTime::now()).to_string(),
        "elapsed_seconds": report.elapsed.as_secs_f64(),
    });
    let beside = path.with_extension("tmp");
    let written = create(&beside).and_then(|mut file| file.write_all(text.to_string().as_bytes()));
    written.and_then(|()| fs::rename(&beside, &path)).inspect_err(|_| {
        let _ = fs::remove_file(&beside);
    })?;
    Ok(path)
}

#[cfg(unix)]
fn private(builder: &mut DirBuilder) -> &DirBuilder {
    use std::os::unix::fs::DirBuilderExt as _;
    builder.mode(0o700)
}

#[cfg(not(unix))]
fn private(builder: &mut DirBuilder) -> &DirBuilder {
    builder
}

#[cfg(unix)]
fn create(path: &Path) -> io::Result<File> {
    use std::os::unix::fs::OpenOptionsExt as _;
    File::options().write(true).create_new(true).mode(0o600).open(path)
}

#[cfg(not(unix))]
fn create(path: &Path) -> io::Result<File> {
    File::create_new(path)
}

fn read(path: &Path) -> Option<UnrecordedEnd> {
    let value: Value = serde_json::from_str(&file::read_text(path).ok()?).ok()?;
    let text = |name: &str| value[name].as_str().map(str::to_owned);
    let ended = humantime::parse_rfc3339(value["ended"].as_str()?).ok()?;
    if SystemTime::now().duration_since(ended).is_ok_and(|age| age > KEPT) {
        let _ = fs::remove_file(path);
        return None;
    }
    let outcome = Outcome::ALL.into_iter().find(|outcome| value["outcome"] == outcome.word())?;
    let elapsed = Duration::try_from_secs_f64(value["elapsed_seconds"].as_f64()?).ok()?;
    let end = UnrecordedEnd::new(text("run_id")?, outcome, ended, elapsed);
    Some(end.with_error(text("error_kind"), text("error_text")))
}

//! Kubernetes' termination message: the report of the command, as `kubectl describe pod` shows it.

use std::fs::OpenOptions;
use std::io::{self, Write as _};
use std::path::Path;

use migrascope::file;

use serde_json::Value;

use super::context;
use super::json;
use super::outcome::CommandReport;

const PATH: &str = "/dev/termination-log";

/// The bytes of the file that Kubernetes keeps.
const LIMIT: usize = 4096;

/// Writes the report in a cluster that provides the file; a failure is ignored.
pub(crate) fn write(report: &CommandReport<'_>) {
    if !context::in_cluster() {
        return;
    }
    let _ = put(Path::new(PATH), &fitting(&json::report(report)));
}

/// Replaces the content of the file; refuses anything that is not a regular file.
fn put(path: &Path, text: &str) -> io::Result<()> {
    let mut file = file::open_own(path, OpenOptions::new().write(true))?;
    file.set_len(0)?;
    file.write_all(text.as_bytes())
}

/// The report, without its longest parts where it is too long.
fn fitting(line: &str) -> String {
    let mut text = line.to_owned();
    for pointer in ["/run/steps", "/warnings", "/error/problems", "/error/message", "/run"] {
        if text.len() <= LIMIT {
            break;
        }
        if let Ok(mut report) = serde_json::from_str::<Value>(&text)
            && let Some(part) = report.pointer_mut(pointer)
        {
            *part = Value::Null;
            text = report.to_string();
        }
    }
    text.truncate(text.floor_char_boundary(LIMIT));
    text
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;
    use std::process::Command;

    use migrascope::file;

    use super::{LIMIT, fitting, put};

    #[test]
    fn the_report_goes_to_a_file_that_is_there_and_to_nothing_else() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = |name: &str| folder.path().join(name);
        fs::write(path("log"), "an older and longer report").expect("written");
        put(&path("log"), "new").expect("written");
        assert_eq!(file::read_text(&path("log")).expect("read"), "new");

        // Opening a pipe without a reader would block forever.
        assert!(Command::new("mkfifo").arg(path("pipe")).status().expect("mkfifo").success());
        symlink(path("log"), path("link")).expect("linked");
        fs::hard_link(path("log"), path("other")).expect("linked");
        for name in ["missing", "pipe", "link", "other"] {
            assert!(put(&path(name), "planted").is_err(), "{name}");
        }
        assert_eq!(file::read_text(&path("log")).expect("read"), "new");
    }

    #[test]
    fn a_long_report_is_cut_at_its_longest_parts_and_stays_json() {
        let steps = vec![serde_json::json!({ "version": "20260105090000", "statements": ["CREATE TABLE x"] }); 200];
        let line = serde_json::json!({ "event": "report", "exit_code": 5, "run": { "steps": steps, "applied": 3 } });
        let text = fitting(&line.to_string());
        let kept: serde_json::Value = serde_json::from_str(&text).expect("JSON");
        assert!(text.len() <= LIMIT);
        assert_eq!(kept["run"]["applied"], 3);
        assert_eq!(kept["exit_code"], 5);
    }
}

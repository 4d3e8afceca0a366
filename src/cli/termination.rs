//! Kubernetes' termination message: the last report, where `kubectl describe pod` shows it.

use std::fs::OpenOptions;
use std::io::Write as _;

use serde_json::Value;

use super::context;
use super::json::{self, Report};

const PATH: &str = "/dev/termination-log";

/// What Kubernetes keeps of the file.
const LIMIT: usize = 4096;

/// Writes the report when we run in a cluster that has a place for it; a failure to do so changes nothing.
pub(crate) fn write(report: &Report<'_>) {
    if !context::in_cluster() {
        return;
    }
    if let Ok(mut file) = OpenOptions::new().write(true).truncate(true).open(PATH) {
        let _ = file.write_all(fitting(&json::report(report)).as_bytes());
    }
}

/// The report without its longest parts, as far as it must do without them.
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
    use super::{LIMIT, fitting};

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

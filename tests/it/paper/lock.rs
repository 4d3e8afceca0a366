//! A server whose lock has no effect.

use migrascope::Error;
use migrascope::database::ErrorKind;

use super::fake::{Paper, play};

#[test]
fn a_lock_that_keeps_no_one_out_is_refused_before_anything_is_done() {
    let paper = Paper { locks_no_one_out: true, transactional: true, ..Paper::default() };
    let (heard, result) = play(paper, &["ONE"]);
    let Error::Own { source, .. } = result.unwrap_err().cause else { panic!("another error") };
    assert_eq!(source.kind, ErrorKind::Unsupported);
    assert!(source.message.starts_with("the lock excludes no one: "), "{}", source.message);
    assert!(heard.contains("lock · unlock") && !heard.contains("ONE"), "{heard}");
}

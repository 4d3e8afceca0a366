//! An answer by HTTP, read up to a limit: what is longer is not read to its end.

use std::io::{self, BufRead as _, BufReader, Read as _};

use reqwest::blocking::Response;

/// The longest answer that is read, in bytes: receivers answer with a few hundred.
pub(crate) const LONGEST: usize = 64 * 1024;

/// The longest page that is looked through, in bytes. Nothing but the present line of it is kept.
const LONGEST_PAGE: u64 = 8 * 1024 * 1024;

/// The beginning of an answer.
pub(crate) struct Body {
    /// Its bytes, [`LONGEST`] of them at most.
    pub(crate) bytes: Vec<u8>,
    /// Whether that is all of it.
    pub(crate) whole: bool,
}

/// Reads an answer; where it is longer than that, the connection is closed.
///
/// # Errors
/// When the connection breaks off or the time is up.
pub(crate) fn body(mut answer: Response) -> Result<Body, reqwest::Error> {
    let mut bytes = Vec::new();
    match answer.by_ref().take(LONGEST as u64 + 1).read_to_end(&mut bytes) {
        Ok(_) => {}
        Err(error) => match reason(error) {
            Some(reason) => return Err(reason),
            // An error of reading is always the client's, as far as is known. The answer ends here otherwise.
            None => return Ok(Body { bytes, whole: false }),
        },
    }
    let whole = bytes.len() <= LONGEST;
    bytes.truncate(LONGEST);
    Ok(Body { bytes, whole })
}

/// Whether any line of a page is one that is looked for; `None` where the page could not be read to its end.
pub(crate) fn has_line(answer: Response, wanted: impl Fn(&str) -> bool) -> Option<bool> {
    let mut page = BufReader::new(answer.take(LONGEST_PAGE));
    let mut line = Vec::new();
    loop {
        line.clear();
        let read = page.by_ref().take(LONGEST as u64).read_until(b'\n', &mut line).ok()?;
        if std::str::from_utf8(&line).is_ok_and(&wanted) {
            return Some(true);
        }
        if read == 0 {
            return (page.get_ref().limit() > 0).then_some(false);
        }
    }
}

fn reason(error: io::Error) -> Option<reqwest::Error> {
    error.into_inner()?.downcast().ok().map(|reason| *reason)
}

//! HTTP responses, read up to a limit.

use std::io::{self, BufRead as _, BufReader, Read as _};

use reqwest::blocking::Response;

/// The bytes of a response that are read: receivers send a few hundred.
pub(crate) const LONGEST: usize = 64 * 1024;

/// The bytes of a page that are searched. Only the current line is kept in memory.
const LONGEST_PAGE: u64 = 8 * 1024 * 1024;

/// The beginning of a response's body.
pub(crate) struct Body {
    /// At most [`LONGEST`] bytes.
    pub(crate) bytes: Vec<u8>,
    /// Whether the body is complete.
    pub(crate) whole: bool,
}

/// Reads the body of a response up to [`LONGEST`]; the connection of a longer one is closed.
///
/// # Errors
/// When the connection is lost or the request times out.
pub(crate) fn body(mut response: Response) -> Result<Body, reqwest::Error> {
    let mut bytes = Vec::new();
    match response.by_ref().take(LONGEST as u64 + 1).read_to_end(&mut bytes) {
        Ok(_) => {}
        Err(error) => match reason(error) {
            Some(reason) => return Err(reason),
            // Read errors come from the client; any other one ends the body here.
            None => return Ok(Body { bytes, whole: false }),
        },
    }
    let whole = bytes.len() <= LONGEST;
    bytes.truncate(LONGEST);
    Ok(Body { bytes, whole })
}

/// Whether a line of a page satisfies `wanted`; `None` where the page could not be read to its end.
pub(crate) fn has_line(response: Response, wanted: impl Fn(&str) -> bool) -> Option<bool> {
    let mut page = BufReader::new(response.take(LONGEST_PAGE));
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

//! Tracks the lengths of a server's messages: a message that is too long closes the connection before the driver allocates memory for it.
//!
//! A message begins with one byte for its type and four bytes for the length of the rest, which includes these four.

use crate::database::relay::{Expected, Filter};
use crate::database::{DatabaseError, ErrorKind};

const HEAD: usize = 5;
/// The maximum length of a message, in bytes. The driver allocates twice as much for it.
const LONGEST: u64 = 16 << 20;
/// The maximum length of a message during a login, in bytes.
const LONGEST_OF_LOGIN: u64 = 64 << 10;
/// The maximum size of parameter reports until a query is over, in bytes: the driver keeps all of them.
const PARAMETERS: u64 = 16 << 20;

/// Tracks the messages of one server.
#[derive(Debug, Default)]
pub(super) struct Messages {
    /// The bytes of an incomplete header.
    head: Vec<u8>,
    /// The number of bytes of the message that are still to come.
    left: u64,
    /// Whether the message is dropped instead of forwarded to the driver.
    dropped: bool,
    parameters: u64,
}

impl Filter for Messages {
    fn pass(&mut self, mut bytes: &[u8], expected: Expected, out: &mut Vec<u8>) -> Result<(), DatabaseError> {
        while !bytes.is_empty() {
            if self.left == 0 {
                let (head, rest) = bytes.split_at(bytes.len().min(HEAD - self.head.len()));
                self.head.extend_from_slice(head);
                bytes = rest;
                if let [kind, ref length @ ..] = *self.head.as_slice()
                    && let Ok(length) = <[u8; 4]>::try_from(length)
                {
                    self.begin(kind, u32::from_be_bytes(length), expected)?;
                    if !self.dropped {
                        out.extend_from_slice(&self.head);
                    }
                    self.head.clear();
                }
                continue;
            }
            let now = usize::try_from(self.left).unwrap_or(usize::MAX).min(bytes.len());
            let (body, rest) = bytes.split_at(now);
            if !self.dropped {
                out.extend_from_slice(body);
            }
            self.left -= now as u64;
            bytes = rest;
        }
        Ok(())
    }
}

impl Messages {
    fn begin(&mut self, kind: u8, length: u32, expected: Expected) -> Result<(), DatabaseError> {
        let length = u64::from(length);
        let Some(body) = length.checked_sub(4) else { return Err(refused(kind, length, expected)) };
        match kind {
            b'S' => self.parameters += length,
            b'Z' => self.parameters = 0,
            _ => {}
        }
        if self.parameters > PARAMETERS {
            let message = format!("the server reported more than {} MB of parameters", PARAMETERS >> 20);
            return Err(DatabaseError::new(ErrorKind::Lost, message));
        }
        let longest = if expected == Expected::Login { LONGEST_OF_LOGIN } else { LONGEST };
        // The rows and notices of a script are not used.
        self.dropped = length > longest && matches!(kind, b'D' | b'N') && expected == Expected::Statement;
        if length > longest && !self.dropped {
            return Err(refused(kind, length, expected));
        }
        self.left = body;
        Ok(())
    }
}

fn refused(kind: u8, length: u64, expected: Expected) -> DatabaseError {
    let kind = kind.escape_ascii();
    match expected {
        Expected::Login => {
            let message = format!(
                "the peer does not speak the PostgreSQL protocol: a message {kind} of {length} bytes during the login"
            );
            DatabaseError::new(ErrorKind::Connect, message)
        }
        Expected::OwnQuery | Expected::Statement => {
            let message = format!("the server sent a message {kind} of {length} bytes, more than {LONGEST}");
            DatabaseError::new(ErrorKind::Lost, message)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(kind: u8, length: u32, body: &[u8]) -> Vec<u8> {
        [&[kind], length.to_be_bytes().as_slice(), body].concat()
    }

    /// The part of these bytes that the driver receives, when they arrive in pieces of this size.
    fn passed(bytes: &[u8], piece: usize, expected: Expected) -> Result<Vec<u8>, String> {
        let (mut messages, mut out) = (Messages::default(), Vec::new());
        for piece in bytes.chunks(piece) {
            messages.pass(piece, expected, &mut out).map_err(|error| error.message)?;
        }
        Ok(out)
    }

    #[test]
    fn messages_pass_in_whatever_pieces_they_come() {
        let bytes =
            [message(b'N', 7, b"abc"), message(b'Z', 5, b"I"), message(b'I', 4, b""), message(b'S', 6, b"ab")].concat();
        for piece in 1..=bytes.len() {
            for expected in [Expected::Login, Expected::OwnQuery, Expected::Statement] {
                assert_eq!(passed(&bytes, piece, expected).as_ref(), Ok(&bytes), "{piece}");
            }
        }
    }

    #[test]
    fn a_message_that_is_too_long_ends_the_connection_at_its_head() {
        let long = message(b'E', 16 << 20 | 1, b"");
        for (bytes, expected, why) in [
            (&long, Expected::OwnQuery, "the server sent a message E of 16777217 bytes, more than 16777216"),
            (&long, Expected::Statement, "the server sent a message E of 16777217 bytes, more than 16777216"),
            (
                &message(b'D', u32::MAX, b""),
                Expected::OwnQuery,
                "the server sent a message D of 4294967295 bytes, more than 16777216",
            ),
            (
                &message(b'N', 65_537, b""),
                Expected::Login,
                "the peer does not speak the PostgreSQL protocol: a message N of 65537 bytes during the login",
            ),
            (
                &b"HTTP/1.1".to_vec(),
                Expected::Login,
                "the peer does not speak the PostgreSQL protocol: a message H of 1414811695 bytes during the login",
            ),
            (&message(b'Z', 3, b""), Expected::Statement, "the server sent a message Z of 3 bytes, more than 16777216"),
        ] {
            assert_eq!(passed(bytes, 3, expected), Err(why.to_owned()));
        }
        assert_eq!(passed(&message(b'N', 65_536, b""), 9, Expected::Login).map(|out| out.len()), Ok(5));
    }

    #[test]
    fn rows_and_notices_of_a_script_that_are_too_long_are_left_out() {
        let (before, behind) = (message(b'D', 6, b"ab"), message(b'C', 9, b"SELEC"));
        for kind in [b'D', b'N'] {
            let long = message(kind, (16 << 20) + 4 + 1, &vec![b'x'; (16 << 20) + 1]);
            let bytes = [before.clone(), long, behind.clone()].concat();
            assert_eq!(passed(&bytes, 65_536, Expected::Statement), Ok([before.clone(), behind.clone()].concat()));
        }
    }

    #[test]
    fn parameters_are_limited_until_a_query_is_over() {
        let parameter = message(b'S', 4 + 65_536, &[b'a'; 65_536]);
        let ready = message(b'Z', 5, b"I");
        let many = [parameter.repeat(255), ready].concat();
        assert_eq!(passed(&many.repeat(2), 65_536, Expected::Statement).map(|out| out.len()), Ok(many.len() * 2));
        let too_many = passed(&parameter.repeat(257), 65_536, Expected::Statement);
        assert_eq!(too_many, Err("the server reported more than 16 MB of parameters".to_owned()));
    }
}

//! Parses `BAGGAGE` into [`Member`]s: W3C Baggage, read leniently. Pure.

use super::Member;

/// The limit up to which the recommendation requires propagation; the rest is dropped.
const MOST_BYTES: usize = 8192;
const MOST_MEMBERS: usize = 64;

/// The valid members of a `baggage` header, in order, up to 8192 bytes or 64 members, with decoded values.
#[must_use]
pub fn parse(header: &str) -> Vec<Member> {
    let mut bytes = 0;
    let fits = |text: &&str| {
        bytes += text.len() + usize::from(bytes > 0);
        bytes <= MOST_BYTES
    };
    header.split(',').take_while(fits).filter_map(member).take(MOST_MEMBERS).collect()
}

/// The header for a child process, with encoded values; empty when there is no member.
#[must_use]
pub fn header(members: &[Member]) -> String {
    members.iter().map(encoded).collect::<Vec<_>>().join(",")
}

fn member(text: &str) -> Option<Member> {
    let (pair, properties) = text.split_once(';').map_or((text, ""), |(pair, rest)| (pair, rest.trim()));
    let (key, value) = pair.split_once('=')?;
    let key = key.trim();
    let usable = !key.is_empty() && key.bytes().all(is_token_byte);
    let value = decoded(value.trim());
    usable.then(|| Member { key: key.to_owned(), value, properties: properties.to_owned() })
}

/// Bytes that are not UTF-8 after decoding become U+FFFD, as the recommendation requires; a stray percent sign is kept.
fn decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, tail)) = rest.split_first() {
        let code = (*first == b'%').then(|| tail.split_first_chunk::<2>()).flatten();
        match code.and_then(|(digits, tail)| Some((byte(*digits)?, tail))) {
            Some((byte, tail)) => {
                bytes.push(byte);
                rest = tail;
            }
            None => {
                bytes.push(*first);
                rest = tail;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn byte(digits: [u8; 2]) -> Option<u8> {
    let [high, low] = digits.map(|digit| char::from(digit).to_digit(16).and_then(|digit| u8::try_from(digit).ok()));
    Some(high? << 4 | low?)
}

fn encoded(member: &Member) -> String {
    let mut text = format!("{}=", member.key);
    for byte in member.value.bytes() {
        if byte.is_ascii_graphic() && !matches!(byte, b'"' | b',' | b';' | b'\\' | b'%') {
            text.push(char::from(byte));
        } else {
            text.push_str(&format!("%{byte:02X}"));
        }
    }
    if !member.properties.is_empty() {
        text.push(';');
        text.push_str(&member.properties);
    }
    text
}

fn is_token_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

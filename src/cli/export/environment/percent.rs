//! Percent-encoding, as lists of keys and values have it.

/// The text with every `%` and two hexadecimal digits replaced by the byte; `None` where they are no digits or the bytes
/// no text.
pub(in crate::cli::export) fn decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, tail)) = rest.split_first() {
        rest = tail;
        if *first == b'%' {
            let (digits, tail) = rest.split_first_chunk::<2>()?;
            let [high, low] = digits.map(|digit| char::from(digit).to_digit(16).and_then(|d| u8::try_from(d).ok()));
            bytes.push(high? << 4 | low?);
            rest = tail;
        } else {
            bytes.push(*first);
        }
    }
    String::from_utf8(bytes).ok()
}

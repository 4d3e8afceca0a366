//! Percent-encoding in lists of keys and values.

/// Decodes every `%` with two hexadecimal digits; `None` where the digits are missing or the result is not UTF-8.
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

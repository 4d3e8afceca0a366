//! What may be shown of a value or a key that may hold a secret.

/// A value for a message: one that reads like a URL with a password is reduced to its scheme.
pub(crate) fn value(text: &str) -> String {
    match text.split_once(':') {
        Some((scheme, rest)) if rest.starts_with("//") || rest.contains('@') => {
            let is_word = scheme.bytes().all(|byte| byte.is_ascii_alphanumeric()) && rest.starts_with("//");
            if is_word { format!("{scheme}://…") } else { "…".to_owned() }
        }
        _ => text.to_owned(),
    }
}

/// A key of a file for a message: `…` unless it is a word.
pub(crate) fn key(name: &str) -> &str {
    let is_word =
        name.len() <= 64 && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.'));
    if is_word { name } else { "…" }
}

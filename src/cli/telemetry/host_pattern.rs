//! A host name that requests may name: `pages.example.com`, `*.example.com` or `*`.

/// The wildcard in front of a pattern.
const ANY: &str = "*";

/// A host name or a pattern of host names, in lower case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct HostPattern(String);

impl HostPattern {
    /// Parses a pattern.
    ///
    /// # Errors
    /// When the text is not a host name or a pattern, or has a port.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let name = text.strip_prefix("*.").unwrap_or(text);
        let usable = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
        match text == ANY || !name.is_empty() && name.chars().all(usable) {
            true => Ok(Self(text.to_ascii_lowercase())),
            false => Err("expected a name such as pages.example.com, *.example.com or *, without a port".to_owned()),
        }
    }

    /// Whether this host name, in lower case, matches.
    pub(crate) fn matches(&self, host: &str) -> bool {
        match self.0.strip_prefix(ANY) {
            Some(end) => host.ends_with(end),
            None => self.0 == host,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::HostPattern;

    #[test]
    fn a_text_that_is_no_host_name_is_refused() {
        for text in ["", "*.", "**", "a.*.b", "http://a.b", "a.b:80", "a b", "ä.example.com"] {
            assert!(HostPattern::parse(text).is_err(), "{text}");
        }
    }
}

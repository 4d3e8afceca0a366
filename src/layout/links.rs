//! The policy for symbolic links.

/// Where symbolic links in a directory may point.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Links {
    /// To files inside the directory, as in a Kubernetes mount.
    #[default]
    Inside,
    /// Anywhere.
    Anywhere,
}

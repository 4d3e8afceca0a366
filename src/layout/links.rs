//! Where links may lead.

/// Where links among the files of a directory may lead.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Links {
    /// To files inside the directory, as Kubernetes mounts them.
    #[default]
    Inside,
    /// Anywhere.
    Anywhere,
}

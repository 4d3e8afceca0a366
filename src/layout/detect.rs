//! Detects the layout of a directory from its files and from the project around it.

use std::path::{Path, PathBuf};

use super::format::Layout;
use super::registry::LAYOUTS;
use super::signs::{ProjectFile, Signs};
use super::source::{Listed, Source};
use super::{LayoutError, Links};
use crate::file;

/// How many SQL files are searched for a tool's comments.
const SEARCHED: usize = 30;
/// How many folders above the directory may be those of the project.
const HIGHEST: usize = 6;
/// How deep names are searched below the directory, for a layout that has files there.
const DEEPEST: usize = 40;

/// How sure it is that a directory has a layout, and why.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Likelihood {
    /// Its files could be named like this.
    Possible,
    /// The project has a file of the tool.
    Likely(String),
    /// Nothing else is like this.
    Certain(String),
}

/// A layout that a directory may have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    /// The layout.
    pub layout: &'static Layout,
    /// What speaks for it, as a fragment; `None` where only the names of the files do.
    pub reason: Option<String>,
}

/// The layout of a directory, as far as its files and its project tell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Detection {
    /// Only this layout is possible.
    One(Candidate),
    /// One of these, in the order in which they are to be preferred: the history tables of the database may tell which.
    Several(Vec<Candidate>),
    /// Several that exclude each other.
    Contradiction(Vec<Candidate>),
    /// None: the directory has no file of any layout.
    Nothing,
}

impl Layout {
    /// Detects the layout of a directory from its files and from the files of the project around it.
    ///
    /// # Errors
    /// When the directory cannot be read.
    pub fn detect(directory: &Path) -> Result<Detection, LayoutError> {
        let view = View::of(directory)?;
        let found: Vec<_> =
            LAYOUTS.iter().filter_map(|layout| Some((*layout, view.likelihood(&layout.signs)?))).collect();
        let candidate = |layout, likelihood| Candidate {
            layout,
            reason: match likelihood {
                Likelihood::Possible => None,
                Likelihood::Likely(reason) | Likelihood::Certain(reason) => Some(reason),
            },
        };
        let is_certain = |likelihood: &Likelihood| matches!(likelihood, Likelihood::Certain(_));
        let (certain, others): (Vec<_>, Vec<_>) = found.into_iter().partition(|(_, likelihood)| is_certain(likelihood));
        let of = |found: Vec<(&'static Layout, Likelihood)>| {
            found.into_iter().map(|(layout, likelihood)| candidate(layout, likelihood)).collect::<Vec<_>>()
        };
        let (certain, others) = (of(certain), of(others));
        Ok(match (certain.len(), others.len()) {
            (0, 0) => Detection::Nothing,
            (1, _) => certain.into_iter().next().map_or(Detection::Nothing, Detection::One),
            (0, 1) => others.into_iter().next().map_or(Detection::Nothing, Detection::One),
            // Without a sign of another tool, there is nothing to ask the database.
            (0, _) if others.iter().all(|one| one.reason.is_none()) && others[0].layout.is_default() => {
                others.into_iter().next().map_or(Detection::Nothing, Detection::One)
            }
            (0, _) => Detection::Several(others),
            _ => Detection::Contradiction(certain),
        })
    }

    /// The usual places of migrations below the directory of a project, each once.
    pub fn places() -> impl Iterator<Item = &'static str> {
        LAYOUTS.iter().flat_map(|layout| layout.signs.places).copied()
    }
}

/// A directory and its project.
struct View {
    directory: PathBuf,
    entries: Vec<Listed>,
    names: Vec<String>,
    texts: Vec<String>,
    project: Vec<PathBuf>,
}

impl View {
    fn of(directory: &Path) -> Result<Self, LayoutError> {
        let source = Source::Disk { directory, links: Links::Anywhere };
        let entries = source.list()?;
        let is_searched = |name: &str, link: bool| !name.starts_with('.') && !link;
        let below = source.walk(&is_searched, DEEPEST)?;
        let names: Vec<String> = below.iter().map(|entry| entry.file_name.to_string_lossy().into_owned()).collect();
        let flat =
            entries.iter().filter(|entry| !entry.folder && entry.path.extension().is_some_and(|end| end == "sql"));
        let read = |entry: &Listed| Some(String::from_utf8_lossy(&file::read(&entry.path).ok()?).into_owned());
        let texts = flat.take(SEARCHED).filter_map(read).collect();
        let whole = directory.canonicalize().unwrap_or_else(|_| directory.to_owned());
        let mut project = Vec::new();
        for folder in whole.ancestors().take(HIGHEST + 1) {
            project.push(folder.to_owned());
            if folder.join(".git").exists() {
                break;
            }
        }
        Ok(Self { directory: whole, entries, names, texts, project })
    }

    fn likelihood(&self, signs: &Signs) -> Option<Likelihood> {
        let certain = |reason: String| Some(Likelihood::Certain(reason));
        if let Some(file) = signs.files.iter().find(|file| self.directory.join(file).is_file()) {
            return certain(format!("it has {file}"));
        }
        let folders = || self.entries.iter().filter(|entry| entry.folder);
        if let Some(file) = signs.in_folders.filter(|file| folders().any(|folder| folder.path.join(file).is_file())) {
            return certain(format!("it has folders with {file}"));
        }
        if let Some(text) = signs.text.filter(|text| self.texts.iter().any(|one| one.contains(text))) {
            return certain(format!("its files have {text:?}"));
        }
        if self.names.iter().any(|name| (signs.never)(name)) || !self.names.iter().any(|name| (signs.names)(name)) {
            return None;
        }
        let is_named = |file: &&ProjectFile, folder: &Path| {
            let path = folder.join(file.name);
            path.exists() && (file.word.is_empty() || file::read_text(&path).is_ok_and(|text| text.contains(file.word)))
        };
        let near = self.project.iter().find_map(|folder| signs.project.iter().find(|file| is_named(file, folder)));
        Some(near.map_or(Likelihood::Possible, |file| Likelihood::Likely(format!("the project has {}", file.name))))
    }
}

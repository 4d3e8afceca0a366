//! A script: one text, which is split into statements on first use.

use std::borrow::Cow;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use super::placeholders::Placeholders;
use super::substitution::Substitution;
use crate::script::{self, Parsed, Problem, SECTION_MARKER, ScriptError};
use crate::sql::{Checksum, Dialect, Directives, Place, Statement};

/// What some editors put in front of UTF-8.
const BYTE_ORDER_MARK: &str = "\u{feff}";

/// The bytes of text below which starting a thread costs more than it saves.
const WORTH_A_THREAD: usize = 128 * 1024;

/// One SQL file, or one section of it. Its text and checksum are available at once; it is split once, when its statements are first used.
#[derive(Debug, Clone)]
pub struct Script {
    path: PathBuf,
    text: Arc<str>,
    /// The section of the text that is this script.
    part: Range<usize>,
    /// Whether the file begins with a byte order mark.
    marked: bool,
    dialect: Dialect,
    checksum: Checksum,
    /// Directives that its layout gives in other ways than our comments.
    given: Directives,
    /// Where parts of the text are in the file, if placeholders have been replaced.
    substitution: Option<Arc<Substitution>>,
    /// How many folders of its path are those of its directory.
    depth: usize,
    parsed: OnceLock<Result<Parsed, Vec<ScriptError>>>,
}

impl Script {
    /// A script with this file, text and dialect; a byte order mark is removed.
    #[must_use]
    pub fn new(path: impl Into<PathBuf>, text: &str, dialect: Dialect) -> Self {
        let bare = text.strip_prefix(BYTE_ORDER_MARK).unwrap_or(text);
        Self {
            path: path.into(),
            text: Arc::from(bare),
            part: 0..bare.len(),
            marked: bare.len() < text.len(),
            dialect,
            checksum: Checksum::of_text(bare),
            given: Directives::default(),
            substitution: None,
            depth: 0,
            parsed: OnceLock::new(),
        }
    }

    /// A script whose file does not exist: it cannot be split.
    #[must_use]
    pub fn absent(path: impl Into<PathBuf>, dialect: Dialect) -> Self {
        Self::new(path, "", dialect).refused(0, Problem::Absent)
    }

    /// A migration that is written in a programming language: it cannot be split.
    #[must_use]
    pub fn code(path: impl Into<PathBuf>, dialect: Dialect) -> Self {
        Self::new(path, "", dialect).refused(0, Problem::Code)
    }

    /// The same script, which cannot be split because of this problem at this byte of the text.
    #[must_use]
    pub(crate) fn refused(self, byte: usize, problem: Problem) -> Self {
        let problem = ScriptError { place: Place::at(&self.text, byte), problem };
        Self { parsed: OnceLock::from(Err(vec![problem])), ..self }
    }

    /// The section of the file in this range of its text, with its own checksum. Its bytes are still those of the whole file, and a
    /// comment that marks a section means nothing in it.
    #[must_use]
    pub fn section(&self, part: Range<usize>) -> Self {
        let mut given = self.given.clone();
        given.allow.push(SECTION_MARKER.to_owned());
        let checksum = Checksum::of_text(self.text.get(part.clone()).unwrap_or_default());
        Self { part, checksum, given, parsed: OnceLock::new(), ..self.clone() }
    }

    /// The same script with the values of placeholders. Its checksum is still that of the file.
    #[must_use]
    pub(crate) fn with(self, placeholders: &Placeholders) -> Self {
        if placeholders.is_empty() || self.parsed.get().is_some_and(Result::is_err) {
            return self;
        }
        match placeholders.substitute(&self.text) {
            Ok(None) => self,
            Ok(Some(substitution)) => {
                let (text, part) = (Arc::clone(substitution.text()), substitution.in_text(&self.part));
                Self { text, part, substitution: Some(Arc::new(substitution)), parsed: OnceLock::new(), ..self }
            }
            Err(problems) => Self { parsed: OnceLock::from(Err(problems)), ..self },
        }
    }

    /// The text of the file without byte order mark, with its placeholders.
    #[must_use]
    pub fn file_text(&self) -> &Arc<str> {
        self.substitution.as_ref().map_or(&self.text, |substitution| substitution.file())
    }

    /// The position in the file of a byte of the text.
    #[must_use]
    pub fn place(&self, byte: usize) -> Place {
        let byte = self.substitution.as_ref().map_or(byte, |substitution| substitution.in_file(byte));
        Place::at(self.file_text(), byte)
    }

    /// A statement as it is in the file, with its placeholders.
    #[must_use]
    pub fn statement_in_file(&self, statement: &Statement) -> &str {
        match &self.substitution {
            Some(substitution) => substitution.as_in_file(&(statement.start..statement.end)),
            None => statement.text(&self.text),
        }
    }

    /// A server's message without values of placeholders.
    #[must_use]
    pub(crate) fn without_values<'m>(&self, message: &'m str) -> Cow<'m, str> {
        match &self.substitution {
            Some(substitution) => substitution.without_values(message),
            None => Cow::Borrowed(message),
        }
    }

    /// The same script as a file somewhere in this directory.
    #[must_use]
    pub(crate) fn inside(self, directory: &Path) -> Self {
        Self { depth: directory.components().count(), ..self }
    }

    /// The path of the file in its directory.
    #[must_use]
    pub(crate) fn path_inside(&self) -> &Path {
        let mut components = self.path.components();
        components.by_ref().take(self.depth).for_each(drop);
        components.as_path()
    }

    /// The same script with directives that its layout gives in its own way. Those in the text count as well.
    #[must_use]
    pub fn directed(self, given: Directives) -> Self {
        Self { given, parsed: OnceLock::new(), ..self }
    }

    /// The path of the file, relative to what the user gave as its directory.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The dialect of the text.
    #[must_use]
    pub(crate) fn dialect(&self) -> Dialect {
        self.dialect
    }

    /// The text to run: without byte order mark, and with the values of placeholders.
    #[must_use]
    pub fn text(&self) -> &Arc<str> {
        &self.text
    }

    /// Whether the file begins with a byte order mark.
    #[must_use]
    pub(crate) fn has_byte_order_mark(&self) -> bool {
        self.marked
    }

    /// The bytes of the file, in pieces: a byte order mark, if it has one, and the text.
    pub fn bytes(&self) -> impl Iterator<Item = &[u8]> {
        [self.marked.then_some(BYTE_ORDER_MARK.as_bytes()), Some(self.file_text().as_bytes())].into_iter().flatten()
    }

    /// The checksum of the text as it is in the file.
    #[must_use]
    pub fn checksum(&self) -> &Checksum {
        &self.checksum
    }

    /// The result of parsing the text.
    ///
    /// # Errors
    /// Every problem of the text, in the order of the text, when it cannot be split.
    pub fn parsed(&self) -> Result<&Parsed, &[ScriptError]> {
        let parse = || match &self.substitution {
            None => script::parse_part(&self.text, self.part.clone(), self.dialect, &self.given),
            Some(substitution) => self.parse_substituted(substitution),
        };
        self.parsed.get_or_init(parse).as_ref().map_err(Vec::as_slice)
    }

    /// Parses the text with the values; places, summaries and the checksum of the tokens are those of the file.
    fn parse_substituted(&self, substitution: &Substitution) -> Result<Parsed, Vec<ScriptError>> {
        let parsed = script::parse_part(&self.text, self.part.clone(), self.dialect, &self.given);
        let mut parsed = parsed.map_err(|mut problems| {
            problems.iter_mut().for_each(|problem| problem.place = self.place(problem.place.byte));
            problems
        })?;
        for statement in &mut parsed.statements {
            let Place { line, column, .. } = self.place(statement.start);
            (statement.line, statement.column) = (line, column);
            if substitution.touches(&(statement.start..statement.end)) {
                statement.summary = script::summary_of(self.statement_in_file(statement), self.dialect);
            }
        }
        // The same file has the same checksum in every environment.
        let file = script::parse(substitution.file(), self.dialect);
        parsed.token_checksum = file.map_or_else(|_| self.checksum.clone(), |file| file.token_checksum);
        Ok(parsed)
    }

    /// Whether it has no statement; false for a script that cannot be split.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.parsed().is_ok_and(|parsed| parsed.statements.is_empty())
    }

    /// The checksum of the tokens, equal when only comments and whitespace differ; the text's checksum where it cannot be split.
    #[must_use]
    pub fn token_checksum(&self) -> &Checksum {
        self.parsed().map_or(&self.checksum, |parsed| &parsed.token_checksum)
    }

    /// Splits the script.
    ///
    /// # Errors
    /// Every problem of the text, in the order of the text, when it cannot be split.
    pub fn split(self) -> Result<SplitScript, Vec<ScriptError>> {
        let parsed = self.parsed().cloned().map_err(<[ScriptError]>::to_vec)?;
        Ok(SplitScript { script: self, parsed })
    }
}

/// Two scripts are equal when file, text and section are.
impl PartialEq for Script {
    fn eq(&self, other: &Self) -> bool {
        (&self.path, &self.text, &self.part, self.dialect) == (&other.path, &other.text, &other.part, other.dialect)
    }
}

impl Eq for Script {}

/// A script that was split successfully.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SplitScript {
    script: Script,
    parsed: Parsed,
}

impl SplitScript {
    /// The script.
    #[must_use]
    pub fn script(&self) -> &Script {
        &self.script
    }

    /// The file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.script.path
    }

    /// The text to run: without byte order mark, and with the values of placeholders.
    #[must_use]
    pub fn text(&self) -> &Arc<str> {
        &self.script.text
    }

    /// Its statements in order; their ranges refer to [`Script::text`].
    #[must_use]
    pub fn statements(&self) -> &[Statement] {
        &self.parsed.statements
    }

    /// Its directives.
    #[must_use]
    pub fn directives(&self) -> &Directives {
        &self.parsed.directives
    }
}

/// Splits these scripts, on several threads where that saves time; after that, [`Script::parsed`] returns at once.
pub(crate) fn split_all<'s>(scripts: impl Iterator<Item = &'s Script>) {
    let scripts: Vec<&Script> = scripts.filter(|script| script.parsed.get().is_none()).collect();
    let threads = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let bytes: usize = scripts.iter().map(|script| script.text.len()).sum();
    let share = match bytes.div_ceil(threads) > WORTH_A_THREAD / 2 {
        true => scripts.len().div_ceil(threads).max(1),
        false => scripts.len().max(1),
    };
    let split = |share: &[&Script]| share.iter().for_each(|script| _ = script.parsed());
    std::thread::scope(|scope| {
        let mut shares = scripts.chunks(share);
        let first = shares.next().unwrap_or_default();
        shares.for_each(|share| drop(scope.spawn(move || split(share))));
        split(first);
    });
}

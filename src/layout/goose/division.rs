//! How annotations divide a file of goose. goose reads line by line and knows no SQL, so this does the same.

use std::ops::Range;

use crate::history::Direction;
use crate::script::{Problem, goose_annotation};

/// The sections of a file.
pub(super) struct Division {
    /// From the beginning: before `Up` there are only comments.
    pub(super) up: Range<usize>,
    pub(super) down: Option<Range<usize>>,
    /// Whether both directions run outside of a transaction.
    pub(super) no_transaction: bool,
    /// Why a direction cannot be run.
    pub(super) refusals: Vec<OfDirection>,
}

/// Why one direction cannot be run.
pub(super) struct OfDirection {
    pub(super) direction: Direction,
    pub(super) refusal: Refusal,
}

/// Why a file or a section of it cannot be run.
pub(super) struct Refusal {
    /// Where, in the file.
    pub(super) byte: usize,
    pub(super) problem: Problem,
}

impl Refusal {
    pub(super) fn annotation(byte: usize, reason: &'static str) -> Self {
        Self { byte, problem: Problem::Annotation { reason } }
    }
}

/// Where the reader is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Start,
    Section(Direction),
    /// In a block that begins at this byte, and has SQL or not.
    Block {
        direction: Direction,
        start: usize,
        has_sql: bool,
    },
}

/// One line without its end, and its first byte in the file.
#[derive(Clone, Copy)]
struct Line<'t> {
    start: usize,
    text: &'t str,
}

struct Reader {
    state: State,
    /// Where the statement begins that no semicolon has ended.
    open: Option<usize>,
    /// Whether variables are replaced.
    variables: bool,
    no_transaction: bool,
    down: Option<Range<usize>>,
    refusals: Vec<OfDirection>,
}

/// Divides the text of a file.
///
/// # Errors
/// What makes goose refuse the file in both directions.
pub(super) fn divide(text: &str) -> Result<Division, Refusal> {
    let mut reader = Reader {
        state: State::Start,
        open: None,
        variables: false,
        no_transaction: false,
        down: None,
        refusals: Vec::new(),
    };
    let mut start = 0;
    for text in text.split_inclusive('\n') {
        let line = text.strip_suffix('\n').unwrap_or(text);
        reader.read(Line { start, text: line.strip_suffix('\r').unwrap_or(line) })?;
        start += text.len();
    }
    reader.end(text.len())
}

impl Reader {
    fn read(&mut self, line: Line<'_>) -> Result<(), Refusal> {
        match goose_annotation(line.text.trim()) {
            Some(annotation) => self.annotation(line, &annotation),
            None if is_misspelt(line.text) => Err(Refusal::annotation(
                line.start,
                "goose would read this as a comment: its annotations begin with +goose",
            )),
            None => self.sql(line),
        }
    }

    fn annotation(&mut self, line: Line<'_>, annotation: &str) -> Result<(), Refusal> {
        let refused = |reason| Err(Refusal::annotation(line.start, reason));
        if line.text.starts_with([' ', '\t']) {
            return refused("goose does not accept blanks before an annotation");
        }
        let is = |word: &str| annotation.eq_ignore_ascii_case(word);
        match self.state {
            State::Start if is("Up") => self.state = State::Section(Direction::Up),
            _ if is("Up") => return refused("goose accepts the annotation Up only once"),
            State::Section(Direction::Up) if is("Down") => self.begin_down(line),
            _ if is("Down") => {
                return refused("goose accepts the annotation Down only once, after Up and outside of a block");
            }
            State::Section(direction) if is("StatementBegin") => {
                self.state = State::Block { direction, start: line.start, has_sql: self.open.is_some() };
            }
            _ if is("StatementBegin") => {
                return refused("goose accepts a block only in a section and outside of another block");
            }
            State::Block { direction, start, has_sql } if is("StatementEnd") => {
                if !has_sql {
                    self.refuse(
                        direction,
                        Refusal::annotation(start, "the block has no SQL, and goose would pass over the line after it"),
                    );
                }
                self.open = None;
                self.state = State::Section(direction);
            }
            _ if is("StatementEnd") => return refused("the block that ends here does not begin"),
            _ if is("NO TRANSACTION") => self.no_transaction = true,
            _ if is("ENVSUB ON") => self.variables = true,
            _ if is("ENVSUB OFF") => self.variables = false,
            _ => return refused("goose does not know this annotation"),
        }
        Ok(())
    }

    fn begin_down(&mut self, line: Line<'_>) {
        self.end_section(Direction::Up);
        self.state = State::Section(Direction::Down);
        self.down = Some(line.start..line.start);
    }

    fn sql(&mut self, line: Line<'_>) -> Result<(), Refusal> {
        let text = line.text.trim();
        if text.is_empty() || text.starts_with("--") && !self.is_in_statement() {
            return Ok(());
        }
        let direction = match &mut self.state {
            State::Start => {
                return Err(Refusal::annotation(line.start, "only comments with -- may be before the annotation Up"));
            }
            State::Block { direction, has_sql, .. } => {
                *has_sql = true;
                *direction
            }
            State::Section(direction) => {
                self.open.get_or_insert(line.start + line.text.len() - line.text.trim_start().len());
                *direction
            }
        };
        if let Some(at) = line.text.find('$').filter(|_| self.variables) {
            self.refuse(direction, Refusal { byte: line.start + at, problem: Problem::Variables { tool: "goose" } });
        }
        if matches!(self.state, State::Section(_)) && ends_with_semicolon(text) {
            self.open = None;
        }
        Ok(())
    }

    fn is_in_statement(&self) -> bool {
        self.open.is_some() || matches!(self.state, State::Block { has_sql: true, .. })
    }

    fn end_section(&mut self, direction: Direction) {
        if let Some(byte) = self.open.take() {
            let reason = "the statement has no semicolon at the end of its last line";
            self.refuse(direction, Refusal::annotation(byte, reason));
        }
    }

    fn refuse(&mut self, direction: Direction, refusal: Refusal) {
        self.refusals.push(OfDirection { direction, refusal });
    }

    fn end(mut self, end: usize) -> Result<Division, Refusal> {
        match self.state {
            State::Start => return Err(Refusal::annotation(0, "the file has no annotation -- +goose Up")),
            State::Block { start, .. } => return Err(Refusal::annotation(start, "the block has no end")),
            State::Section(direction) => self.end_section(direction),
        }
        let Self { no_transaction, refusals, down, .. } = self;
        let down = down.map(|down| down.start..end);
        Ok(Division { up: 0..down.as_ref().map_or(end, |down| down.start), down, no_transaction, refusals })
    }
}

/// Whether a comment would be an annotation if it were written as goose writes it. The SQL below would run in the wrong direction.
fn is_misspelt(line: &str) -> bool {
    let comment = line.trim().strip_prefix("--").map(|text| text.trim_start_matches(['-', ' ', '\t']));
    let named = comment.and_then(|text| text.strip_prefix('+')).map(|text| text.trim_start().to_ascii_lowercase());
    named.is_some_and(|text| text.starts_with("goose"))
}

/// Whether the last word before a comment ends with a semicolon.
fn ends_with_semicolon(line: &str) -> bool {
    let words = line.split_whitespace().take_while(|word| !word.starts_with("--"));
    words.last().is_some_and(|word| word.ends_with(';'))
}

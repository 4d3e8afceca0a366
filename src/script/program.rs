//! Tracks the nesting of blocks in a stored program of MySQL or MariaDB.

use super::token::{Token, TokenKind};

/// A block that an `END` closes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Block {
    /// `AS …` or `IS …`: the declarations before a `BEGIN` in Oracle mode, or a package.
    Declarations,
    Begin,
    If,
    /// `CASE … END CASE`.
    Case,
    /// `CASE … END` within an expression.
    CaseExpression,
    /// `WHILE … DO` and `FOR … DO`.
    While,
    Loop,
    Repeat,
    /// The end of a `REPEAT`, after its `UNTIL`.
    Until,
}

/// The parser's position in the program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Position {
    /// The name and the parameters of a stored program.
    Header,
    /// Between the parameters and the first statement of the body.
    HeaderEnd,
    /// The first word of a statement.
    Start,
    /// The rest of a statement.
    Inside,
}

/// What `RETURN` introduces after the parameters of a stored program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Return {
    /// The type, in Oracle mode.
    Type,
    /// The result, because `RETURNS` has already given the type.
    Statement,
}

/// The parser's state after the tokens read so far.
pub(super) struct Program {
    read: usize,
    position: Position,
    parentheses: usize,
    returned: Return,
    blocks: Vec<Block>,
}

impl Program {
    /// A program that begins with `CREATE`.
    pub(super) fn created() -> Self {
        Self { read: 0, position: Position::Header, parentheses: 0, returned: Return::Type, blocks: Vec::new() }
    }

    /// A program that begins with the first word of a block.
    pub(super) fn compound() -> Self {
        Self { position: Position::Start, ..Self::created() }
    }

    /// Whether a block is open after these tokens (the statement so far).
    pub(super) fn is_open(&mut self, tokens: &[Token<'_>]) -> bool {
        for at in self.read..tokens.len() {
            let before = at.checked_sub(1).map(|before| &tokens[before]);
            self.step(before, &tokens[at]);
        }
        self.read = tokens.len();
        !self.blocks.is_empty()
    }

    fn step(&mut self, before: Option<&Token<'_>>, token: &Token<'_>) {
        let follows = |word: &str| before.is_some_and(|before| before.is_word(word));
        match token.kind {
            TokenKind::Word if before.is_some_and(|before| before.is_symbol(".")) => {}
            TokenKind::Word => self.word(&token.text.to_ascii_uppercase(), &follows),
            TokenKind::Symbol | TokenKind::Terminator => self.symbol(token.text),
            TokenKind::Hint => {}
            _ if self.position == Position::Start => self.position = Position::Inside,
            _ => {}
        }
    }

    fn word(&mut self, word: &str, follows: &dyn Fn(&str) -> bool) {
        match self.position {
            Position::Header => self.header(word),
            Position::HeaderEnd => self.header_end(word, follows),
            Position::Start => self.start(word),
            Position::Inside => self.inside(word, follows),
        }
    }

    fn symbol(&mut self, symbol: &str) {
        match (symbol, self.position) {
            (";", _) => self.position = Position::Start,
            // A label: `again: LOOP`.
            (":", Position::HeaderEnd | Position::Inside) => self.position = Position::Start,
            ("(", Position::Header | Position::HeaderEnd) => self.parentheses += 1,
            (")", Position::Header | Position::HeaderEnd) => self.close_parenthesis(),
            (_, Position::Start) => self.position = Position::Inside,
            _ => {}
        }
    }

    fn close_parenthesis(&mut self) {
        self.parentheses = self.parentheses.saturating_sub(1);
        if self.parentheses == 0 {
            self.position = Position::HeaderEnd;
        }
    }

    fn header(&mut self, word: &str) {
        match word {
            _ if self.parentheses > 0 => {}
            "ROW" | "DO" => self.position = Position::HeaderEnd,
            "AS" | "IS" => self.open(Block::Declarations),
            _ => {}
        }
    }

    fn header_end(&mut self, word: &str, follows: &dyn Fn(&str) -> bool) {
        match (word, opening(word)) {
            _ if self.parentheses > 0 => {}
            ("SET", _) if follows("CHARACTER") || follows("RETURNS") => {}
            ("FOR", _) if follows("HANDLER") => {}
            ("AS" | "IS", _) => self.open(Block::Declarations),
            ("RETURNS", _) => self.returned = Return::Statement,
            ("RETURN", _) if self.returned == Return::Type => {}
            (_, Some(block)) => self.open(block),
            _ if is_verb(word) => self.position = Position::Inside,
            _ => {}
        }
    }

    fn start(&mut self, word: &str) {
        self.position = Position::Inside;
        match (word, self.blocks.last()) {
            ("END", _) => drop(self.blocks.pop()),
            ("ELSE", _) => self.position = Position::Start,
            ("BEGIN", Some(Block::Declarations)) => self.replace(Block::Begin),
            ("PROCEDURE" | "FUNCTION", Some(Block::Declarations)) => self.routine(),
            ("UNTIL", Some(Block::Repeat)) => self.replace(Block::Until),
            _ => {
                if let Some(block) = opening(word) {
                    self.open(block);
                }
            }
        }
    }

    fn inside(&mut self, word: &str, follows: &dyn Fn(&str) -> bool) {
        let innermost = self.blocks.last().copied();
        match (word, innermost) {
            ("CASE", _) if !follows("END") => self.blocks.push(Block::CaseExpression),
            ("END", Some(Block::CaseExpression | Block::Until)) if !follows("AS") => drop(self.blocks.pop()),
            ("THEN", Some(Block::If | Block::Case | Block::Begin)) => self.position = Position::Start,
            ("DO" | "LOOP", Some(Block::While)) => self.position = Position::Start,
            ("HANDLER", Some(_)) if follows("CONTINUE") || follows("EXIT") => self.handler(),
            ("ATOMIC", Some(Block::Begin)) if follows("NOT") => self.position = Position::Start,
            _ => {}
        }
    }

    /// A routine of a package.
    fn routine(&mut self) {
        self.position = Position::Header;
        self.returned = Return::Type;
    }

    /// The statement of a handler may be a block, like the body of a stored program.
    fn handler(&mut self) {
        self.position = Position::HeaderEnd;
        self.returned = Return::Statement;
    }

    fn open(&mut self, block: Block) {
        self.blocks.push(block);
        self.position = match block {
            Block::Declarations | Block::Begin | Block::Loop | Block::Repeat => Position::Start,
            _ => Position::Inside,
        };
    }

    fn replace(&mut self, block: Block) {
        self.blocks.pop();
        self.blocks.push(block);
        self.position = if block == Block::Begin { Position::Start } else { Position::Inside };
    }
}

/// The block that a word opens at the start of a statement.
fn opening(word: &str) -> Option<Block> {
    match word {
        "BEGIN" => Some(Block::Begin),
        "IF" => Some(Block::If),
        "CASE" => Some(Block::Case),
        "LOOP" => Some(Block::Loop),
        "WHILE" | "FOR" => Some(Block::While),
        "REPEAT" => Some(Block::Repeat),
        _ => None,
    }
}

/// Whether a word begins a body of one statement, in which `IF` and `REPEAT` are functions.
fn is_verb(word: &str) -> bool {
    matches!(
        word,
        "CALL" | "DELETE" | "INSERT" | "REPLACE" | "RETURN" | "SELECT" | "SET" | "SIGNAL" | "UPDATE" | "WITH"
    )
}

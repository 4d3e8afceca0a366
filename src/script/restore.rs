//! What to restore when a script resumes in a new session, and what cannot be restored.
//!
//! Only constants can be restored. The effect of any other statement that changes its session is lost.

mod mysql;
mod postgres;
mod sqlite;

use super::head::Head;
use super::session;
use super::split;
use super::token::{Token, TokenKind};
use crate::sql::{Dialect, StatementKind};

/// The session state that the rest of a script needs.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Restoration {
    /// Indexes of statements that set something to a constant, in order: running them again restores it.
    pub again: Vec<usize>,
    /// What ended with the session and cannot be restored.
    pub lost: Vec<Lost>,
}

/// Session state that ended with its session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lost {
    /// The index of the statement.
    pub index: usize,
    /// What it did, as a predicate: `took a lock, which ended with its session`.
    pub what: &'static str,
}

/// What a statement does to its session.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Action {
    /// No effect after the statement ends.
    Nothing,
    /// It sets something to a constant.
    Set,
    /// It selects the default database; the next selection replaces it.
    Choose,
    /// It sets something for the next transaction only.
    SetForNext,
    /// It creates something that the same statement can create again, until it is dropped.
    Remake(Kind, String),
    /// It creates something that is lost with the session, until it is dropped.
    Keep(Kind, String),
    /// It drops these; all of the kind where no names are given.
    End(Kind, Vec<String>),
    /// It runs a prepared statement.
    Execute(String),
    /// It resets the session.
    Forget,
}

/// The kinds of session state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Setting,
    Choice,
    ForNext,
    Prepared,
    Relation,
    Cursor,
    Lock,
    TableLock,
    Database,
    Variable,
    Routine,
    Reading,
    Other,
}

impl Kind {
    /// A predicate for the statement; `None` for what can be restored.
    fn lost(self) -> Option<&'static str> {
        Some(match self {
            Self::Setting | Self::Choice | Self::ForNext | Self::Prepared => return None,
            Self::Relation => "created a temporary object, which ended with its session",
            Self::Cursor => "opened a cursor, which ended with its session",
            Self::Lock | Self::TableLock => "took a lock, which ended with its session",
            Self::Database => "attached a database, which ended with its session",
            Self::Variable => "set a variable to a computed value, which ended with its session",
            Self::Routine => "ran code that may have changed its session",
            Self::Reading => "reads a value that an earlier statement left in its session",
            Self::Other => "changed its session in a way that cannot be repeated",
        })
    }

    /// Whether it survives a rollback on PostgreSQL.
    fn outlives_rollback(self) -> bool {
        matches!(self, Self::Prepared | Self::Lock)
    }
}

#[derive(Debug, Clone)]
struct Entry {
    index: usize,
    kind: Kind,
    name: String,
}

/// What the statements from index `done` on need from the session in which the earlier ones ran.
#[must_use]
pub fn restoration(statements: &[(StatementKind, &str)], done: usize, dialect: Dialect) -> Restoration {
    let (before, behind) = statements.split_at(done.min(statements.len()));
    let mut state = State { dialect, entries: Vec::new(), texts: Vec::new(), marks: Vec::new(), opened: Vec::new() };
    for (index, (kind, text)) in before.iter().enumerate() {
        state.take(index, *kind, text);
    }
    let mut restoration = Restoration::default();
    if behind.first().is_some_and(|(kind, text)| chains(*kind, text, dialect)) {
        restoration.again.append(&mut state.opened);
    }
    for Entry { index, kind, .. } in state.entries {
        match kind.lost() {
            None => restoration.again.push(index),
            Some(what) => restoration.lost.push(Lost { index, what }),
        }
    }
    restoration.again.sort_unstable();
    if done > 0 {
        let reading = reads(behind, dialect).map(|index| (done + index, Kind::Reading));
        restoration.lost.extend(reading.and_then(|(index, kind)| Some(Lost { index, what: kind.lost()? })));
    }
    restoration
}

/// Whether a `SET` affects its session only.
pub(super) fn sets_session_alone(head: Head<'_, '_>, dialect: Dialect) -> bool {
    match dialect {
        Dialect::Mysql => {
            matches!(mysql::action(head), Some(Action::Set | Action::SetForNext | Action::Keep(Kind::Variable, _)))
        }
        Dialect::Postgres | Dialect::Sqlite => true,
    }
}

struct State<'a> {
    dialect: Dialect,
    entries: Vec<Entry>,
    /// Prepared statements whose texts are constants.
    texts: Vec<(String, &'a str)>,
    /// The transaction that the script itself opened and its savepoints, each with the state before it.
    marks: Vec<(String, Vec<Entry>)>,
    /// The statements that opened the script's own transaction and set its characteristics.
    opened: Vec<usize>,
}

impl<'a> State<'a> {
    fn take(&mut self, index: usize, kind: StatementKind, text: &'a str) {
        let split = split::split(text, self.dialect);
        let tokens: Vec<Token<'a>> = split.tokens.into_iter().filter(|token| token.kind != TokenKind::Hint).collect();
        if matches!(kind, StatementKind::Begin { .. } | StatementKind::Commit | StatementKind::Rollback) {
            return self.transaction(index, kind, &Head::of(&tokens));
        }
        if self.savepoint(Head::of(&tokens)) {
            return;
        }
        if !self.opened.is_empty() && Head::of(&tokens).take_phrase(&["SET", "TRANSACTION"]) {
            self.opened.push(index);
        }
        let action = self.action(&tokens);
        if let (Action::Remake(Kind::Prepared, name), Some(text)) = (&action, constant_text(&tokens)) {
            self.texts.retain(|(other, _)| other != name);
            self.texts.push((name.clone(), text));
        }
        self.apply(index, action);
        if !matches!(self.entries.last(), Some(last) if last.index == index) && !is_gap(&tokens) {
            // The statement ran in a transaction of its own, which used up what was set for the next one.
            self.entries.retain(|entry| entry.kind != Kind::ForNext);
        }
    }

    fn action(&self, tokens: &[Token<'a>]) -> Action {
        let head = Head::of(tokens);
        let inside = !self.marks.is_empty();
        let known = match self.dialect {
            Dialect::Postgres => postgres::action(head),
            Dialect::Mysql => mysql::action(head),
            Dialect::Sqlite => sqlite::action(head, inside),
        };
        match known {
            Some(Action::Execute(name)) => self.executes(&name),
            Some(action) => action,
            None if session::changes(self.dialect, tokens) => Action::Keep(Kind::Other, String::new()),
            None => Action::Nothing,
        }
    }

    /// The action of a prepared statement. If its text is unknown, it may have set anything.
    fn executes(&self, name: &str) -> Action {
        let text = self.texts.iter().find(|(other, _)| other == name).map(|(_, text)| *text);
        let action = text.map(|text| self.action(&split::split(text, self.dialect).tokens));
        action.filter(|action| *action == Action::Nothing).unwrap_or(Action::Keep(Kind::Routine, String::new()))
    }

    fn apply(&mut self, index: usize, action: Action) {
        let mut push = |kind, name| self.entries.push(Entry { index, kind, name });
        match action {
            Action::Nothing | Action::Execute(_) => {}
            Action::Set => push(Kind::Setting, String::new()),
            Action::SetForNext => push(Kind::ForNext, String::new()),
            Action::Remake(kind, name) | Action::Keep(kind, name) => push(kind, name),
            Action::Choose => {
                let ahead =
                    self.entries.iter().rposition(|entry| entry.kind != Kind::Choice).map_or(0, |last| last + 1);
                self.entries.truncate(ahead);
                self.entries.push(Entry { index, kind: Kind::Choice, name: String::new() });
            }
            Action::End(kind, names) => {
                self.entries.retain(|entry| entry.kind != kind || !names.is_empty() && !names.contains(&entry.name));
            }
            Action::Forget => {
                self.entries.clear();
                self.entries.push(Entry { index, kind: Kind::Setting, name: String::new() });
            }
        }
    }

    fn transaction(&mut self, index: usize, kind: StatementKind, head: &Head<'_, '_>) {
        let chains = is_chained(head);
        if !chains && (!matches!(kind, StatementKind::Begin { .. }) || self.dialect == Dialect::Mysql) {
            self.opened.clear();
        }
        if kind == StatementKind::Rollback {
            self.roll_back(0);
        }
        if matches!(kind, StatementKind::Begin { .. }) {
            self.opened.push(index);
            // MySQL releases table locks here.
            self.entries.retain(|entry| entry.kind != Kind::TableLock);
        }
        self.entries.retain(|entry| entry.kind != Kind::ForNext);
        self.marks.clear();
        if chains || matches!(kind, StatementKind::Begin { .. }) {
            self.marks.push((String::new(), self.entries.clone()));
        }
    }

    /// Handles savepoint statements; whether this was one.
    fn savepoint(&mut self, mut head: Head<'_, '_>) -> bool {
        if head.take("SAVEPOINT") {
            self.marks.push((name(&head, self.dialect), self.entries.clone()));
        } else if head.take("RELEASE") {
            head.take("SAVEPOINT");
            let name = name(&head, self.dialect);
            let at = self.marks.iter().rposition(|(mark, _)| *mark == name);
            self.marks.truncate(at.unwrap_or(self.marks.len()));
        } else if head.take("ROLLBACK") {
            head.take_any(&["WORK", "TRANSACTION"]);
            head.take("TO");
            head.take("SAVEPOINT");
            let name = name(&head, self.dialect);
            if let Some(at) = self.marks.iter().rposition(|(mark, _)| *mark == name) {
                self.roll_back(at);
                self.marks.truncate(at + 1);
            }
        } else {
            return false;
        }
        true
    }

    /// Only PostgreSQL undoes settings on rollback.
    fn roll_back(&mut self, mark: usize) {
        if self.dialect != Dialect::Postgres {
            return;
        }
        let Some((_, before)) = self.marks.get(mark) else { return };
        let last = before.last().map(|entry| entry.index);
        let since = self.entries.iter().filter(|entry| Some(entry.index) > last && entry.kind.outlives_rollback());
        self.entries = before.iter().chain(since).cloned().collect();
    }
}

/// Whether a statement is `COMMIT AND CHAIN` or `ROLLBACK AND CHAIN`, which fail outside of a transaction.
fn chains(kind: StatementKind, text: &str, dialect: Dialect) -> bool {
    matches!(kind, StatementKind::Commit | StatementKind::Rollback)
        && is_chained(&Head::of(&split::split(text, dialect).tokens))
}

fn is_chained(head: &Head<'_, '_>) -> bool {
    head.holds("CHAIN") && !head.holds("NO")
}

fn is_gap(tokens: &[Token<'_>]) -> bool {
    tokens.is_empty() || tokens[0].is_word("SET")
}

/// The constant text of `PREPARE name FROM 'text'`, without its quotes; `None` where it could contain an escape.
fn constant_text<'a>(tokens: &[Token<'a>]) -> Option<&'a str> {
    let [_, _, from, text] = tokens else { return None };
    let text = text.text.strip_prefix('\'').or_else(|| text.text.strip_prefix('"'))?;
    let text = text.strip_suffix(['\'', '"']).filter(|text| !text.contains(['\'', '"', '\\']))?;
    from.is_word("FROM").then_some(text)
}

/// The last part of the next name, in the form in which the database compares names.
fn name(head: &Head<'_, '_>, dialect: Dialect) -> String {
    let mut head = head.clone();
    let mut part = head.next();
    while head.take_symbol(".") {
        part = head.next();
    }
    let Some(part) = part else { return String::new() };
    let bare = part.text.trim_matches(['"', '`', '[', ']']);
    if part.kind == TokenKind::Name && dialect == Dialect::Postgres { bare.to_owned() } else { bare.to_lowercase() }
}

/// The names of `[IF EXISTS] a, b, c`.
fn names(mut head: Head<'_, '_>, dialect: Dialect) -> Vec<String> {
    head.take_phrase(&["IF", "EXISTS"]);
    let mut names = vec![name(&head, dialect)];
    while head.next().is_some() {
        if head.take_symbol(",") {
            names.push(name(&head, dialect));
        }
    }
    names
}

/// The arguments of the first call to a function for which `is` is true; `None` where there is no such call.
fn arguments(tokens: &[Token<'_>], is: impl Fn(&str) -> bool) -> Option<String> {
    let call = |pair: &[Token<'_>]| pair[0].kind == TokenKind::Word && is(&pair[0].text.to_ascii_lowercase());
    let at = tokens.windows(2).position(|pair| call(pair) && pair[1].is_symbol("("))?;
    let end = tokens[at..].iter().position(|token| token.is_symbol(")"))?;
    Some(tokens[at + 2..at + end].iter().map(|token| token.text).collect::<Vec<_>>().join(" "))
}

/// The first of these statements that reads a last inserted key from before them: the session that inserted it is gone.
fn reads(statements: &[(StatementKind, &str)], dialect: Dialect) -> Option<usize> {
    let words: &[&str] = match dialect {
        Dialect::Postgres => return None,
        Dialect::Mysql => &["LAST_INSERT_ID", "IDENTITY"],
        Dialect::Sqlite => &["LAST_INSERT_ROWID"],
    };
    for (index, (_, text)) in statements.iter().enumerate() {
        let tokens = split::split(text, dialect).tokens;
        let head = Head::of(&tokens);
        let reads = |pair: &[Token<'_>]| {
            words.iter().any(|word| {
                pair[0].is_word(word) && pair[1].is_symbol("(") || pair[0].is_symbol("@") && pair[1].is_word(word)
            })
        };
        if tokens.windows(2).any(reads) && !session::defines_routine(head.clone()) {
            return Some(index);
        }
        if head.is_any(&["INSERT", "REPLACE", "LOAD", "CALL", "WITH", "EXECUTE"]) {
            return None;
        }
    }
    None
}

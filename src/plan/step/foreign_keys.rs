//! SQLite's switch for foreign keys around a table rebuild: a transaction ignores it, so it is made before ours, where that is the same
//! to every statement.

use std::cell::LazyCell;

use crate::migration::{Statement, StatementKind};
use crate::script::mentions;

/// Words that begin statements which do the same whether foreign keys are enforced or not.
const INDIFFERENT: [&str; 7] = ["ANALYZE", "CREATE", "EXPLAIN", "PRAGMA", "REINDEX", "SELECT", "VALUES"];

/// What foreign keys are switched to before the script's first statement, where `at_first` says how the connection has them; `None`
/// where the script does not switch them.
///
/// # Errors
/// Why there is no such value.
pub(super) fn around(text: &str, statements: &[Statement], at_first: Option<bool>) -> Result<Option<bool>, String> {
    let renames_alone = LazyCell::new(|| mentions(text, "legacy_alter_table"));
    let mut in_force = at_first;
    let mut wanted = None;
    let mut switched = false;
    let mut open = Open::default();
    for statement in statements {
        match statement.kind {
            StatementKind::ForeignKeys { on } if !open.is_open() => {
                in_force = Some(on);
                switched = true;
            }
            StatementKind::Ordinary if depends(statement.text(text), &renames_alone) => match wanted {
                Some(wanted) if wanted != in_force => {
                    let line = statement.line;
                    return Err(format!("line {line}: foreign keys are enforced for a part of its statements only"));
                }
                _ => wanted = Some(in_force),
            },
            kind => open.after(kind),
        }
    }
    if switched && open.is_nested {
        return Err("it sets savepoints inside each other between switches of foreign keys".to_owned());
    }
    Ok(wanted.unwrap_or(in_force).filter(|_| switched))
}

/// The transactions of the script's own, in which a switch has no effect.
#[derive(Default)]
struct Open {
    transaction: bool,
    savepoints: usize,
    /// Whether savepoints were set inside each other: which of them a release ends is not read here.
    is_nested: bool,
}

impl Open {
    fn is_open(&self) -> bool {
        self.transaction || self.savepoints > 0
    }

    fn after(&mut self, kind: StatementKind) {
        match kind {
            StatementKind::Begin { .. } => self.transaction = true,
            StatementKind::Commit | StatementKind::Rollback => {
                *self = Self { is_nested: self.is_nested, ..Self::default() }
            }
            StatementKind::Savepoint => {
                self.savepoints += 1;
                self.is_nested |= self.savepoints > 1;
            }
            StatementKind::Release => self.savepoints = self.savepoints.saturating_sub(1),
            _ => {}
        }
    }
}

/// Whether a statement may do something else where foreign keys are enforced; in doubt it may.
fn depends(sql: &str, renames_alone: &LazyCell<bool, impl FnOnce() -> bool>) -> bool {
    let mut words = sql.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    let first = words.next().unwrap_or_default().to_ascii_uppercase();
    match first.as_str() {
        "DROP" => {
            !words.next().is_some_and(|what| ["INDEX", "TRIGGER", "VIEW"].iter().any(|w| what.eq_ignore_ascii_case(w)))
        }
        // A new column that refers to another table needs NULL as its default; a name is changed in references, too.
        "ALTER" => mentions(sql, "references") || **renames_alone,
        _ => !INDIFFERENT.contains(&first.as_str()),
    }
}

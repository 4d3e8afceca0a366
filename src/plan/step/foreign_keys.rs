//! SQLite's `PRAGMA foreign_keys` around a table rebuild. A transaction ignores it, so the runner switches it before its transaction,
//! provided that this makes no difference to any statement.

use std::cell::LazyCell;

use crate::migration::{Statement, StatementKind};
use crate::script::mentions;

/// First words of statements that do the same whether foreign keys are enforced or not.
const INDIFFERENT: [&str; 7] = ["ANALYZE", "CREATE", "EXPLAIN", "PRAGMA", "REINDEX", "SELECT", "VALUES"];

/// The foreign key setting for the whole script, where `at_first` is the connection's setting; `None` where the script does not switch
/// it.
///
/// # Errors
/// Why there is no single setting for the whole script.
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
                    return Err(format!("line {line}: foreign keys are enforced for only some of its statements"));
                }
                _ => wanted = Some(in_force),
            },
            kind => open.after(kind),
        }
    }
    if switched && open.is_nested {
        return Err("it nests savepoints between switches of foreign keys".to_owned());
    }
    Ok(wanted.unwrap_or(in_force).filter(|_| switched))
}

/// The script's own open transactions, in which a switch has no effect.
#[derive(Default)]
struct Open {
    transaction: bool,
    savepoints: usize,
    /// Whether savepoints were nested: their names are not tracked, so a release would be ambiguous.
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

/// Whether a statement's effect may depend on whether foreign keys are enforced; true in doubt.
fn depends(sql: &str, renames_alone: &LazyCell<bool, impl FnOnce() -> bool>) -> bool {
    let mut words = sql.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    let first = words.next().unwrap_or_default().to_ascii_uppercase();
    match first.as_str() {
        "DROP" => {
            !words.next().is_some_and(|what| ["INDEX", "TRIGGER", "VIEW"].iter().any(|w| what.eq_ignore_ascii_case(w)))
        }
        // A new column with a foreign key must have NULL as its default; a rename also changes references.
        "ALTER" => mentions(sql, "references") || **renames_alone,
        _ => !INDIFFERENT.contains(&first.as_str()),
    }
}

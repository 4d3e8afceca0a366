//! How each migration stands.

use super::{State, StatusRow};
use crate::history::{self, Entry, History};
use crate::migration::{Migration, MigrationSet};
use crate::plan::{self, Edit};

/// One row for every migration on disk or in the ledger, in the order of the versions.
pub(super) fn rows(set: &MigrationSet, history: &History) -> Vec<StatusRow> {
    let missing = history.applied.iter().filter(|entry| set.get(&entry.version).is_none());
    let mut rows: Vec<_> = set
        .iter()
        .map(|migration| (migration.version.clone(), on_disk(migration, history)))
        .chain(missing.map(|entry| (entry.version.clone(), recorded(entry, &entry.name, State::Missing))))
        .collect();
    rows.sort_by(|a, b| a.0.cmp(&b.0));
    rows.into_iter().map(|(_, row)| row).collect()
}

fn on_disk(migration: &Migration, history: &History) -> StatusRow {
    let unsettled = history.unsettled.iter().rev().find(|attempt| attempt.version == migration.version);
    let unsettled = unsettled.map(|attempt| match attempt.state {
        history::State::Failed { .. } => State::Failed,
        history::State::Unfinished => State::Unfinished,
    });
    let mut row = match history.entry(&migration.version) {
        Some(entry) => {
            let state = match plan::edit(entry, migration) {
                Edit::None => State::Applied,
                Edit::Cosmetic => State::Edited,
                Edit::FromEmpty | Edit::Real => State::Changed,
            };
            recorded(entry, &migration.name, unsettled.unwrap_or(state))
        }
        None => {
            let late = history.highest().is_some_and(|highest| *highest > migration.version);
            StatusRow {
                version: String::new(),
                name: migration.name.clone(),
                state: unsettled.unwrap_or(if late { State::OutOfOrder } else { State::Pending }),
                applied_at: None,
                elapsed_ms: None,
                run_id: None,
            }
        }
    };
    row.version = migration.version.to_string();
    row
}

fn recorded(entry: &Entry, name: &str, state: State) -> StatusRow {
    let particulars = entry.particulars.as_ref();
    StatusRow {
        version: entry.version.to_string(),
        name: name.to_owned(),
        state,
        applied_at: particulars.map(|known| known.applied_at.clone()),
        elapsed_ms: particulars.map(|known| known.elapsed.as_millis().try_into().unwrap_or(u64::MAX)),
        run_id: particulars.map(|known| known.run_id.clone()),
    }
}

//! Faults that checks find, and those that a database had before a run.

use std::collections::{BTreeMap, BTreeSet};

use crate::report::BuiltIn;

/// A fault that a check has found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Fault {
    /// Its description.
    pub(super) text: String,
    /// An id that a rename does not change.
    pub(super) identity: Option<String>,
}

/// What a check found before the run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Prior {
    /// Nothing to compare with: the check runs alone.
    NotChecked,
    /// The check could not run, and why.
    Unknown(String),
    /// These faults.
    Known(Vec<Fault>),
}

/// The faults of the database before a run.
#[derive(Debug, Default)]
pub(crate) struct Before(pub(super) State);

#[derive(Debug, Default)]
pub(super) enum State {
    /// No check was made.
    #[default]
    NotChecked,
    /// There was no connection, and why.
    Unknown(String),
    /// The faults by check.
    Known { built_in: BTreeMap<BuiltIn, Prior>, own: BTreeMap<String, Prior> },
}

impl Before {
    /// What a built-in check found.
    pub(super) fn of(&self, check: BuiltIn) -> Prior {
        self.prior(|state| match state {
            State::Known { built_in, .. } => built_in.get(&check),
            _ => None,
        })
    }

    /// What a custom check found.
    pub(super) fn of_own(&self, name: &str) -> Prior {
        self.prior(|state| match state {
            State::Known { own, .. } => own.get(name),
            _ => None,
        })
    }

    fn prior<'s>(&'s self, find: impl FnOnce(&'s State) -> Option<&'s Prior>) -> Prior {
        match &self.0 {
            State::NotChecked => Prior::NotChecked,
            State::Unknown(why) => Prior::Unknown(why.clone()),
            known @ State::Known { .. } => {
                find(known).cloned().unwrap_or_else(|| Prior::Unknown("the check was not made then".to_owned()))
            }
        }
    }
}

/// The faults that were not there before. A fault matches one with the same text, or else one with the same identity; each matches once.
pub(super) fn fresh<'f>(now: &'f [Fault], before: &[Fault]) -> Vec<&'f Fault> {
    let mut left: Vec<&Fault> = before.iter().collect();
    let now = unmatched(now.iter().collect(), &mut left, |fault| Some(fault.text.as_str()));
    unmatched(now, &mut left, |fault| fault.identity.as_deref())
}

/// Removes from both sides the pairs that have the same key; returns the rest of `now`.
fn unmatched<'f>(
    mut now: Vec<&'f Fault>,
    before: &mut Vec<&Fault>,
    key: impl Fn(&Fault) -> Option<&str>,
) -> Vec<&'f Fault> {
    let mut there: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (index, fault) in before.iter().enumerate() {
        key(fault).into_iter().for_each(|key| there.entry(key).or_default().push(index));
    }
    let mut taken = BTreeSet::new();
    now.retain(|fault| match key(fault).and_then(|key| there.get_mut(key)?.pop()) {
        Some(index) => !taken.insert(index),
        None => true,
    });
    let mut index = 0..;
    before.retain(|_| !index.next().is_some_and(|index| taken.contains(&index)));
    now
}

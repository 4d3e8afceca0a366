//! What was wrong with the database before a run: it fails for what it has made worse.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Instant;

use super::asked::{self, Asked};
use super::{Health, OwnCheck, Patient, own};
use crate::database::DatabaseError;
use crate::event::{Event, Observer};
use crate::report::{BuiltIn, CheckStatus};

/// One thing that is wrong, as a check has found it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Fault {
    /// What is said of it.
    pub(super) text: String,
    /// What it keeps when it is renamed.
    pub(super) identity: Option<String>,
}

/// What a check has found before the run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Prior {
    /// No run has changed anything: the check is made by itself.
    Unasked,
    /// It could not be seen, and why.
    Unknown(String),
    /// This.
    Known(Vec<Fault>),
}

/// The state of the database before a run, as far as checks can tell.
#[derive(Debug, Default)]
pub(crate) struct Before(State);

#[derive(Debug, Default)]
enum State {
    /// It was not looked at.
    #[default]
    Unasked,
    /// There was no connection to ask on.
    Unknown(String),
    /// Of each check that was made.
    Known { built_in: BTreeMap<BuiltIn, Prior>, own: BTreeMap<String, Prior> },
}

impl Before {
    /// What one of our checks has found.
    pub(super) fn of(&self, check: BuiltIn) -> Prior {
        self.prior(|state| match state {
            State::Known { built_in, .. } => built_in.get(&check),
            _ => None,
        })
    }

    /// What a check of one's own has found.
    pub(super) fn of_own(&self, name: &str) -> Prior {
        self.prior(|state| match state {
            State::Known { own, .. } => own.get(name),
            _ => None,
        })
    }

    fn prior<'s>(&'s self, find: impl FnOnce(&'s State) -> Option<&'s Prior>) -> Prior {
        match &self.0 {
            State::Unasked => Prior::Unasked,
            State::Unknown(why) => Prior::Unknown(why.clone()),
            known @ State::Known { .. } => {
                find(known).cloned().unwrap_or_else(|| Prior::Unknown("the check was not made then".to_owned()))
            }
        }
    }
}

/// Looks at the state that is compared with after the run. It is asked on a connection of its own, as after the run: what happens to
/// it, from a refusal to a server that is mute, costs the run time and nothing else.
pub(crate) async fn before_run(patient: Patient<'_>, observer: &mut dyn Observer) -> Before {
    let Health::Check { own, .. } = &patient.options.health else {
        return Before::default();
    };
    let started = Instant::now();
    observer.observe(&Event::StateStarted);
    let before = match connected(patient).await {
        Ok(asked) => look(asked, own).await,
        Err(error) => Before(State::Unknown(error.message)),
    };
    observer.observe(&Event::StateFinished { elapsed: started.elapsed() });
    before
}

async fn connected(patient: Patient<'_>) -> Result<Asked<'_>, DatabaseError> {
    let session = asked::connection(patient.connector, patient.stop).await?;
    let mut asked = Asked::new(session, patient);
    asked.limit().await?;
    Ok(asked)
}

async fn look(mut asked: Asked<'_>, checks: &[OwnCheck]) -> Before {
    let (mut built_in, mut own) = (BTreeMap::new(), BTreeMap::new());
    for probe in asked.session.probes() {
        let finding = asked.examined(&probe, &Prior::Unasked).await;
        built_in.insert(probe.check, prior(finding));
    }
    for check in checks {
        let finding = own::examined(&mut asked, check, &Prior::Unasked).await;
        own.insert(check.name.clone(), prior(finding));
    }
    asked.session.close().await;
    Before(State::Known { built_in, own })
}

fn prior(finding: super::judgement::Finding) -> Prior {
    match finding.status {
        CheckStatus::Skipped => Prior::Unknown(finding.message),
        // A failure that is no fault of the database, such as a connection that was lost.
        CheckStatus::Fail if finding.faults.is_empty() => Prior::Unknown(finding.message),
        _ => Prior::Known(finding.faults),
    }
}

/// The faults that were not there before. One that looks the same is the same; of the others, one with the same identity; each counts
/// for one.
pub(super) fn fresh<'f>(now: &'f [Fault], before: &[Fault]) -> Vec<&'f Fault> {
    let mut left: Vec<&Fault> = before.iter().collect();
    let now = unmatched(now.iter().collect(), &mut left, |fault| Some(fault.text.as_str()));
    unmatched(now, &mut left, |fault| fault.identity.as_deref())
}

/// What is left of both sides where each takes away one of the other that has the same key.
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

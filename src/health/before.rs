//! Finds the faults that a database has before a run.

use std::collections::BTreeMap;
use std::time::Instant;

use super::context::CheckContext;
use super::custom;
use super::evaluation::CheckResult;
use super::options::Health;
use super::prior::{Before, Prior, State};
use super::session::{self, CheckSession};
use crate::database::DatabaseError;
use crate::event::{Event, Observer};
use crate::layout::CustomCheck;
use crate::report::CheckStatus;

/// Finds the faults that the checks after the run compare with. It runs on a connection of its own, as after the run: a refusal or a server
/// that does not answer costs the run time and nothing else.
pub(crate) async fn before_run(context: CheckContext<'_>, observer: &mut dyn Observer) -> Before {
    if matches!(context.health, Health::Skip) {
        return Before::default();
    }
    let started = Instant::now();
    observer.observe(&Event::StateStarted);
    let before = match connected(context).await {
        Ok(session) => find(session, context.health.custom()).await,
        Err(error) => Before(State::Unknown(error.message)),
    };
    observer.observe(&Event::StateFinished { elapsed: started.elapsed() });
    before
}

async fn connected(context: CheckContext<'_>) -> Result<CheckSession<'_>, DatabaseError> {
    let connection = session::connection(context).await?;
    let mut session = CheckSession::new(connection, context);
    session.limit().await?;
    Ok(session)
}

async fn find(mut session: CheckSession<'_>, checks: &[CustomCheck]) -> Before {
    let (mut built_in, mut own) = (BTreeMap::new(), BTreeMap::new());
    for probe in session.session.sql().probes() {
        let result = session.run(&probe, &Prior::NotChecked).await;
        built_in.insert(probe.check, prior(result));
    }
    for check in checks {
        let result = custom::run(&mut session, check, &Prior::NotChecked).await;
        own.insert(check.name.clone(), prior(result));
    }
    session.session.close().await;
    Before(State::Known { built_in, own })
}

fn prior(result: CheckResult) -> Prior {
    match result.status {
        CheckStatus::Skipped => Prior::Unknown(result.message),
        // A failure that is not a fault of the database, such as a lost connection.
        CheckStatus::Fail if result.faults.is_empty() => Prior::Unknown(result.message),
        _ => Prior::Known(result.faults),
    }
}

//! A retry is visible to other processes while the migration is still running.

use std::collections::HashMap;

use migrascope::event::Event;
use migrascope::report::RetryReason;
use migrascope::run::Stop;

use super::retries::{FIRST, Other, SECOND, retry_rows, up};
use crate::support::{Backend, on_each};

#[test]
fn a_retry_is_in_the_journal_while_the_migration_is_still_being_tried() {
    on_each(|database| {
        up(database, &[FIRST], 0, &Stop::default(), |_| {}).unwrap();
        let (mut other, mut read, mut rows) = (None, Vec::new(), Vec::new());
        up(database, &[FIRST, SECOND], 10, &Stop::default(), |event| {
            Other::gets_in_the_way(&mut other, database, event);
            match event {
                Event::JournalRead { counters } if other.is_some() => {
                    let of = |counts: &HashMap<_, u64>| counts.get(&RetryReason::LockTimeout).copied();
                    let own = counters.running.as_ref().and_then(|running| of(&running.retries));
                    read.push((of(&counters.statement_retries), own));
                }
                // A single-file database cannot record it meanwhile, nor show it.
                Event::AttemptStarted { .. } if database.backend != Backend::Sqlite => {
                    let url = database.url.clone();
                    let count = "SELECT count(*) FROM _migrascope_journal WHERE kind = 'retry'";
                    rows.push(std::thread::spawn(move || crate::support::query(&url, count)).join().unwrap());
                }
                Event::Retrying { attempt: 3, .. } => other = None,
                _ => {}
            }
        })
        .unwrap();
        if database.backend != Backend::Sqlite {
            assert_eq!(read, [(Some(1), Some(1)), (Some(2), Some(2))], "{:?}", database.backend);
            let expected: Vec<_> = ["1", "2", "3"].map(|count| vec![vec![Some(count.to_owned())]]).into();
            assert_eq!(rows, expected, "{:?}", database.backend);
        }
        assert_eq!(retry_rows(database).len(), 3, "each once");
    });
}

//! The repository's own migrations: applied, reverted and applied again.

use migrascope::Options;
use migrascope::migration::Version;
use migrascope::plan::Target;

use crate::support::{Backend, on_each, sample};

#[test]
fn the_sample_goes_up_down_and_up_again() {
    on_each(|database| {
        let first = database.up(&sample()).unwrap();
        assert!(first.steps.len() >= 8, "{}", first.steps.len());
        assert!(database.up(&sample()).unwrap().steps.is_empty());
        let everything = Options { target: Target::Version(Version::from_history("0")), ..Options::default() };
        let back = database.down(&sample(), everything).unwrap();
        assert_eq!(back.steps.len(), first.steps.len());
        assert_eq!(database.applied(), Vec::<String>::new());
        assert_eq!(database.up(&sample()).unwrap().steps.len(), first.steps.len());
    });
}

#[test]
fn one_step_of_the_sample_is_not_atomic_on_postgres() {
    on_each(|database| {
        let report = database.up(&sample()).unwrap();
        let stepwise = report.steps.iter().filter(|step| !step.atomic).count();
        let expected = match database.backend {
            Backend::Postgres => 1,
            Backend::Mysql => report.steps.len(),
            Backend::Sqlite => 0,
        };
        assert_eq!(stepwise, expected);
    });
}

//! An observer of one's own: everything that happens in a run comes to it as an event, in order and as it happens.
//!
//! `cargo run --example observer [URL]` with migrations in `./migrations`; Ctrl-C ends it in good order.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a program prints")]

use std::process::ExitCode;

use migrascope::{Error, Event, Migrator, Observer};

/// Counts, and tells what an operator of this program wants to read.
#[derive(Default)]
struct Teller {
    statements: usize,
    slowest: Option<(f64, String)>,
}

impl Observer for Teller {
    fn observe(&mut self, event: &Event<'_>) {
        match event {
            Event::LockWaited { holder, waited, .. } => {
                let holder = holder.and_then(|holder| holder.application.as_deref()).unwrap_or("somebody");
                println!("waiting for {holder}, {:.0} s so far", waited.as_secs_f64());
            }
            Event::PlanFinished { result: Ok(plan), .. } => println!("{} to do", plan.steps.len()),
            Event::StatementFinished { step, index, elapsed, result, .. } => {
                self.statements += 1;
                let seconds = elapsed.as_secs_f64();
                if result.is_ok() && self.slowest.as_ref().is_none_or(|(slowest, _)| *slowest < seconds) {
                    let summary = &step.statements()[*index].summary;
                    self.slowest = Some((seconds, format!("{summary} in {}", step.migration)));
                }
            }
            Event::StatementBlocked { blocker, .. } => println!("process {:?} blocks the statement", blocker.process),
            Event::MigrationFinished { step, report, .. } => println!("{} {}", report.outcome.word(), step.migration),
            // There will be more events: whoever matches them all would not compile then.
            _ => {}
        }
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let url = std::env::args().nth(1).unwrap_or_else(|| "sqlite://observer.db".to_owned());
    let mut teller = Teller::default();
    let result = migrate(&url, &mut teller).await;
    println!("{} statements", teller.statements);
    if let Some((seconds, statement)) = teller.slowest {
        println!("the slowest took {:.1} ms: {statement}", seconds * 1000.0);
    }
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

async fn migrate(url: &str, teller: &mut Teller) -> Result<(), Error> {
    let migrator = Migrator::builder().url(url).directory("migrations").build()?;
    let interrupted = async {
        // Without a signal to wait for there is nothing to stop for.
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    };
    migrator.up().observe(teller).stop_when(interrupted).await.map(drop).map_err(|error| error.cause)
}

//! Applies SQL migrations to SQLite, PostgreSQL, MySQL and MariaDB, and tells what it does as it does it.
//!
//! Files and history become a [`plan::Plan`]; one engine carries it out on one connection, under one lock, and says what
//! happens as a stream of [`event::Event`]s. Screen, JSON, spans, metrics and report are readers of that stream.
//!
//! ```text
//!  files ─▶ layout ─▶ MigrationSet ─┐                        ┌─▶ screen, JSON lines   (the binary)
//!                                   ├─▶ Plan ─▶ run ─▶ Event ─┼─▶ spans, metrics       (observe)
//!  database ─▶ ledger ─▶ History ───┘           │            └─▶ your own Observer
//!                                               ▼
//!                                            journal
//! ```
//!
//! ```no_run
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! use migrascope::{Migrator, Options, database, event, layout, run};
//!
//! let url = database::SecretUrl::new("sqlite://app.db");
//! let connector = database::open(&url, database::ConnectOptions::default())?;
//! let set = layout::read("migrations".as_ref(), connector.dialect())?;
//! let migrator = Migrator::new(connector, set, Options::default());
//! let context = event::RunContext::new(event::Command::Up);
//! let report = migrator.run(&context, &mut event::Observers::default(), &run::Stop::default()).await?;
//! println!("{} migrations applied", report.steps.len());
//! # Ok(())
//! # }
//! ```

pub mod database;
pub mod error;
pub mod event;
pub mod health;
pub mod history;
pub mod journal;
pub mod layout;
mod ledger;
pub mod migration;
mod migrator;
#[cfg(feature = "observe")]
pub mod observe;
pub mod plan;
pub mod policy;
pub mod report;
pub mod run;
pub mod script;

pub use self::error::{Error, RunError};
pub use self::event::{Event, Observer};
pub use self::migrator::{Migrator, State, Status, StatusRow};
pub use self::report::Report;
pub use self::run::Options;

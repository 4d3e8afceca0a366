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
//! use migrascope::Migrator;
//!
//! let migrator = Migrator::builder().url("sqlite://app.db").directory("migrations").build()?;
//! let report = migrator.up().await?;
//! println!("{} migrations applied", report.steps.len());
//! # Ok(())
//! # }
//! ```
//!
//! Spans and log events go to the `tracing` subscriber of the program, figures to a meter that [`Builder::meter`] is given, and everything
//! that happens to an [`Observer`] of one's own ([`Run::observe`]). A run ends in good order when its [`run::Stop`] is requested.
//!
//! # Cargo features
//!
//! | feature | what it is for |
//! |---|---|
//! | `sqlite`, `postgres`, `mysql` | one database each; `sqlite` is bundled |
//! | `tls` | encrypted connections to servers, with the system's certificates |
//! | `commands` | hooks that are commands of the shell, such as a backup |
//! | `observe` | [`observe`]: spans and log events for `tracing`, figures for OpenTelemetry |
//! | `cli` | the program; a library does without: `default-features = false` |

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
pub use self::migrator::{Builder, Migrator, Run, State, Status, StatusRow};
pub use self::report::Report;
pub use self::run::Options;

/// The examples of the first page compile.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct FirstPage;

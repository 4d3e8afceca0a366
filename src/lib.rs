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
//! # What will change
//!
//! Enums that will have more variants are `#[non_exhaustive]`, and structs that nobody but us makes: a match ends with `_`, a pattern with `..`.
//! [`Options`], [`run::Hooks`] and [`event::RunContext`] are made by whoever runs migrations and will grow as well: make them of their default, or of
//! [`event::RunContext::new`], and `..`. Events, errors and reports will say more, too, and can be made by whoever tests an observer:
//! end patterns with `..` there as well. [`database::Session`] and [`database::Keeper`] will have more methods: whoever implements them for a
//! database of his own has to follow. New fields come with a new minor version, the second number before 1.0.
//!
//! # Telemetry
//!
//! Spans and log events go to the `tracing` subscriber of the program, figures to a meter that [`Builder::meter`] is given, and everything
//! that happens to an [`Observer`] of one's own ([`Run::observe`]). A run ends in good order when its [`run::Stop`] is requested.
//!
//! # Cargo features
//!
//! ```toml
//! migrascope = { version = "0.1", default-features = false, features = ["postgres", "tls", "observe"] }
//! ```
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
pub mod file;
pub mod health;
pub mod history;
pub mod journal;
mod key;
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
mod sql;
mod stop;
mod version;

pub use self::error::{Error, RunError};
pub use self::event::{Event, Observer};
pub use self::migrator::{Builder, Failed, Migrator, Progress, Run, State, Status, StatusRow};
pub use self::report::Report;
pub use self::run::Options;

/// What the README shows compiles.
#[cfg(all(doctest, feature = "postgres"))]
#[doc = include_str!("../README.md")]
struct Readme;

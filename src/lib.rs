//! Applies SQL migrations to SQLite, PostgreSQL, MySQL and MariaDB, and reports every step while it happens.
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
//! # How it works
//!
//! Migrations are read from files, and the history of applied migrations from the database. A [`plan::Plan`] is made from both. A run
//! executes the plan on one connection, under one lock, and reports its progress as a stream of [`Event`]s. Terminal output, JSON, spans,
//! metrics and log events are all derived from that stream, so they never contradict each other.
//!
//! ```text
//!  files ─▶ layout ─▶ MigrationSet ─┐                        ┌─▶ screen, JSON lines   (the binary)
//!                                   ├─▶ Plan ─▶ run ─▶ Event ─┼─▶ spans, metrics       (observe)
//!  database ─▶ ledger ─▶ History ───┘           │            └─▶ your own Observer
//!                                               ▼
//!                                            journal
//! ```
//!
//! The **ledger** is the history table: one row for each applied migration. The **journal** is a table with one row for each run, attempt
//! and health check, including failures. It is the evidence after a crash, and the source of counters that outlive a process.
//!
//! # A tour of the crate
//!
//! | to | use |
//! |---|---|
//! | build a migrator from a URL or a pool, and from a directory or embedded files | [`Migrator::builder`] |
//! | apply or revert migrations | [`Migrator::up`], [`Migrator::down`] |
//! | apply migrations when an application starts, depending on its environment | [`Migrator::auto`] |
//! | wait until another process has applied them | [`Migrator::wait`] |
//! | see what a run would do, or the state of each migration | [`Migrator::plan`], [`Migrator::status`] |
//! | check the database's health | [`Migrator::health`], [`Builder::health_checks`] |
//! | repair the history, or resume a half-way migration | [`Migrator::repair`] |
//! | set timeouts, retries, hooks and table names | [`Options`] |
//! | stop a run cleanly | [`Run::stop`], [`Run::stop_when`] |
//! | read what was done, or why a run failed | [`Report`], [`RunError`] |
//!
//! # Telemetry
//!
//! Spans and log events go to the program's `tracing` subscriber, and metrics to the meter given to [`Builder::meter`]. An [`Observer`]
//! receives every event of a run ([`Run::observe`]). In the order of a run, these are:
//!
//! | event | meaning |
//! |---|---|
//! | [`RunStarted`](Event::RunStarted) | the run has started; nothing has been changed |
//! | [`PolicyDecided`](Event::PolicyDecided) | the policy has decided whether starting the application applies migrations |
//! | [`ConnectStarted`](Event::ConnectStarted) | the runner starts to connect |
//! | [`ConnectFinished`](Event::ConnectFinished) | the connection succeeded or failed |
//! | [`SchemaAwaited`](Event::SchemaAwaited) | `wait` has checked the schema, which has not reached the required version |
//! | [`LockStarted`](Event::LockStarted) | the runner starts to acquire the migration lock |
//! | [`LockWaited`](Event::LockWaited) | another session holds the lock; repeated about every second |
//! | [`LockFinished`](Event::LockFinished) | the lock was acquired or not |
//! | [`PlanStarted`](Event::PlanStarted) | the runner starts to read the history and make the plan |
//! | [`PlanFinished`](Event::PlanFinished) | the plan was made or refused |
//! | [`DoubtSettled`](Event::DoubtSettled) | it is now known whether a statement of a half-way migration took effect |
//! | [`HookStarted`](Event::HookStarted) | a hook has started |
//! | [`HookRunning`](Event::HookRunning) | a hook is still running; repeated about every second |
//! | [`HookFinished`](Event::HookFinished) | a hook has finished |
//! | [`JournalRead`](Event::JournalRead) | the journal's counters were read; repeated during the run, if the options request it |
//! | [`StateStarted`](Event::StateStarted) | the runner starts to read the state that the health checks compare with |
//! | [`StateFinished`](Event::StateFinished) | that state was read |
//! | [`HistoryChanged`](Event::HistoryChanged) | a repair or a baseline has changed the history |
//! | [`MigrationStarted`](Event::MigrationStarted) | a migration has started |
//! | [`SettingRestored`](Event::SettingRestored) | a resumed migration has restored a session setting |
//! | [`InvalidIndexDropped`](Event::InvalidIndexDropped) | an invalid index that an earlier attempt left was dropped |
//! | [`StatementStarted`](Event::StatementStarted) | a statement was sent |
//! | [`StatementBlocked`](Event::StatementBlocked) | a statement waits for a lock that another session holds |
//! | [`StatementRunning`](Event::StatementRunning) | a statement is still running; repeated about every second |
//! | [`StatementFinished`](Event::StatementFinished) | a statement has succeeded or failed |
//! | [`TransactionRefused`](Event::TransactionRefused) | the server refused a statement inside a transaction; it is retried outside of one |
//! | [`Retrying`](Event::Retrying) | a temporary error occurred; a retry follows after a pause |
//! | [`AttemptStarted`](Event::AttemptStarted) | the pause is over, and the next attempt starts |
//! | [`RecordStarted`](Event::RecordStarted) | the runner starts to write the records of a migration |
//! | [`RecordFinished`](Event::RecordFinished) | the records were written, and committed if the migration is atomic |
//! | [`MigrationFinished`](Event::MigrationFinished) | a migration has succeeded or failed |
//! | [`HealthStarted`](Event::HealthStarted) | the health checks start |
//! | [`CheckStarted`](Event::CheckStarted) | a health check has started |
//! | [`CheckFinished`](Event::CheckFinished) | a health check has finished |
//! | [`HealthFinished`](Event::HealthFinished) | the last health check has finished |
//! | [`LockReleased`](Event::LockReleased) | the lock was released |
//! | [`RunFinished`](Event::RunFinished) | the run has succeeded or failed; always emitted |
//!
//! # Cargo features
//!
//! ```toml
//! migrascope = { version = "0.1", default-features = false, features = ["postgres", "tls", "observe"] }
//! ```
//!
//! | feature | purpose |
//! |---|---|
//! | `sqlite`, `postgres`, `mysql` | one database each; `mysql` includes MariaDB, and SQLite is bundled |
//! | `tls` | encrypted connections to servers, verified with the system's certificates |
//! | `commands` | hooks that run shell commands, such as a backup |
//! | `observe` | the module [`observe`]: spans and log events for `tracing`, metrics for OpenTelemetry |
//! | `tools` | the directories of Prisma, diesel and Drizzle; those of other tools are read without it |
//! | `cli` | the command-line program; libraries disable it with `default-features = false` |
//!
//! # What will change
//!
//! Before 1.0, new fields come with a new minor version (the second number). Write code that is prepared for additions:
//!
//! - Enums that may grow, and structs that only this crate constructs, are `#[non_exhaustive]`: end a `match` with `_`, and a pattern with
//!   `..`.
//! - [`Options`], [`run::Hooks`] and [`event::RunContext`] are constructed by their users and will get more fields. Start from `default()`,
//!   or from [`event::RunContext::new`], and end with `..`.
//! - Events, errors and reports will get more fields as well. They are not `#[non_exhaustive]`, so that tests of an observer can construct
//!   them: end patterns with `..`.
//! - [`database::Session`], [`database::LockConnection`] and [`database::MonitorConnection`] will get more methods. Implementations for
//!   other databases have to add them.

#![cfg_attr(docsrs, feature(doc_cfg))]

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

/// Compiles the examples of the README.
#[cfg(all(doctest, feature = "postgres"))]
#[doc = include_str!("../README.md")]
struct Readme;

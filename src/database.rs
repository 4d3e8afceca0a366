//! The three databases behind one trait: verbs only, never a policy.
//!
//! This file and its rooms are the only ones that name `sqlx`. Every statement goes out by the text protocol, so
//! nothing depends on prepared statements, and values are written as literals by [`Sql::literal`].

mod access;
mod activity;
mod capabilities;
mod catalogue;
mod connector;
mod failure;
mod health;
mod limits;
mod locate;
mod lock;
mod lost;
#[cfg(feature = "mysql")]
mod mysql;
mod open;
mod orphans;
mod other_tools;
mod pool;
#[cfg(feature = "postgres")]
mod postgres;
mod query;
#[cfg(any(feature = "postgres", feature = "mysql"))]
mod relay;
mod row;
mod server_info;
mod session;
mod sharing;
mod shelter;
#[cfg(any(feature = "postgres", feature = "mysql"))]
mod silence;
mod sql;
#[cfg(feature = "sqlite")]
mod sqlite;
mod strings;
mod transaction;
mod url;
mod value;

pub use self::access::Access;
pub use self::activity::Activity;
pub(crate) use self::activity::{dead, silent};
pub use self::capabilities::{AdvisoryLocks, Capabilities};
pub(crate) use self::catalogue::{has_ended, hides_rows, is_locked_out, process, schemas_with, unmanaged_tables};
pub use self::connector::{ConnectOptions, Connector};
pub use self::failure::{DatabaseError, ErrorKind};
pub use self::health::{Evaluation, Probe, ReplicaColumns};
pub use self::limits::Limits;
pub use self::lock::{ConnectMonitor, LockConnection, MonitorConnection, ToolLock};
pub(crate) use self::lost::give_up;
pub use self::open::open;
pub use self::orphans::Orphans;
pub(crate) use self::orphans::orphans;
pub use self::other_tools::other_history;
pub use self::pool::Pool;
pub use self::query::{Execute, Query};
pub use self::row::Row;
pub use self::server_info::ServerInfo;
pub use self::session::Session;
pub use self::sharing::Sharing;
#[doc(hidden)]
pub use self::shelter::sheltered;
pub use self::sql::{ColumnType, IdleSession, OrphanQueries, Reach, Sql};
pub use self::transaction::{RolledBack, Transaction, TransactionState, Urgency};
pub use self::url::{SecretUrl, UrlError};
pub use self::value::{Done, Value};
pub use crate::report::Holder;

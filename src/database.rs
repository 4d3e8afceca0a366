//! The three databases behind one trait: verbs only, never a policy.
//!
//! This file and its rooms are the only ones that name `sqlx`. Every statement goes out by the text protocol, so
//! nothing depends on prepared statements, and values are written as literals by [`Session::literal`].

mod abilities;
mod access;
mod activity;
mod connector;
mod failure;
mod health;
mod identity;
mod keeper;
mod limits;
mod locate;
#[cfg(feature = "mysql")]
mod mysql;
mod open;
mod other_tools;
mod pool;
#[cfg(feature = "postgres")]
mod postgres;
#[cfg(any(feature = "postgres", feature = "mysql"))]
mod relay;
mod row;
mod session;
mod shelter;
#[cfg(any(feature = "postgres", feature = "mysql"))]
mod silence;
#[cfg(feature = "sqlite")]
mod sqlite;
mod strings;
mod url;
mod value;

pub use self::abilities::Abilities;
pub use self::access::Access;
pub use self::activity::Activity;
pub(crate) use self::activity::{dead, silent};
pub use self::connector::{ConnectOptions, Connector};
pub use self::failure::{DatabaseError, ErrorKind};
pub use self::health::{Judge, Probe};
pub use self::identity::Identity;
pub use self::keeper::{Another, Keeper, ToolLock};
pub use self::limits::Limits;
pub use self::open::open;
pub use self::other_tools::other_history;
pub use self::pool::Pool;
pub use self::session::{Orphans, Row, Session};
#[doc(hidden)]
pub use self::shelter::sheltered;
pub use self::url::{SecretUrl, UrlError};
pub use self::value::{Done, Value};
pub use crate::report::Holder;

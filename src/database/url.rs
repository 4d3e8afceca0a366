//! Database URLs whose passwords are never shown.

mod error;
#[cfg(any(feature = "postgres", feature = "mysql"))]
mod extras;
#[cfg(any(feature = "postgres", feature = "mysql", feature = "sqlite"))]
mod parameters;
#[cfg(any(feature = "postgres", feature = "mysql", feature = "sqlite"))]
mod parts;
mod secret;
#[cfg(any(feature = "postgres", feature = "mysql"))]
mod tls;
#[cfg(any(feature = "postgres", feature = "mysql"))]
mod values;

pub use self::error::UrlError;
#[cfg(any(feature = "postgres", feature = "mysql"))]
pub(super) use self::extras::Extras;
#[cfg(feature = "postgres")]
pub(super) use self::parameters::Origin;
#[cfg(any(feature = "postgres", feature = "mysql"))]
pub(super) use self::parameters::authorities_are_files;
#[cfg(any(feature = "postgres", feature = "mysql", feature = "sqlite"))]
pub(super) use self::parameters::{Entry, Given, Meaning, first, understand};
#[cfg(feature = "sqlite")]
pub(super) use self::parts::query;
#[cfg(any(feature = "postgres", feature = "mysql"))]
pub(super) use self::parts::{Parts, server};
pub use self::secret::SecretUrl;
#[cfg(any(feature = "postgres", feature = "mysql"))]
pub(super) use self::tls::{Ask, Mode, mode};
#[cfg(any(feature = "postgres", feature = "mysql"))]
pub(super) use self::values::limit;
#[cfg(feature = "mysql")]
pub(super) use self::values::truth;

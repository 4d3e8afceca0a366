//! The settings of a command: a flag beats the environment, which beats `migrascope.toml`, which beats the default.

mod app_environment;
mod config_file;
mod database;
mod dotenv;
mod excerpt;
mod exposure;
mod health;
mod hooks;
mod names;
mod notify;
mod option_keys;
mod placeholders;
mod raw_value;
mod resolve;
mod secret_variable;
mod sources;
mod telemetry;
#[cfg(test)]
mod tests;
mod trace;
mod trust;

pub(crate) use self::database::Database;
pub(crate) use self::excerpt::{excerpt, syntax};
pub(crate) use self::exposure::exposed;
pub(crate) use self::health::AfterRun;
pub(crate) use self::names::{default_history, history, layout, table, target};
pub(crate) use self::placeholders::PREFIX as PLACEHOLDER_PREFIX;
pub(crate) use self::resolve::{InvalidSettings, Settings};
pub(crate) use self::secret_variable::may_be_secret;

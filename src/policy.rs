//! Decides from the environment and `AUTO_MIGRATE` whether starting an application applies migrations. Pure.

use std::fmt;

use serde::Serialize;
use thiserror::Error;

/// The environment that an application runs in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Environment {
    /// A developer's machine.
    Development,
    /// A deployment for users; the default when no environment is set.
    Production,
    /// Tests, which prepare their own database.
    Test,
}

impl Environment {
    /// Every environment.
    pub const ALL: [Self; 3] = [Self::Development, Self::Production, Self::Test];

    /// `development`, `production` or `test`.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Development => "development",
            Self::Production => "production",
            Self::Test => "test",
        }
    }

    /// Parses an environment, ignoring case.
    ///
    /// # Errors
    /// When it is not one of these three words; the message lists them and suggests the most similar one.
    pub fn parse(text: &str) -> Result<Self, String> {
        let lower = text.trim().to_ascii_lowercase();
        let known = Self::ALL.into_iter().find(|environment| environment.word() == lower);
        known.ok_or_else(|| format!("expected development, production or test{}", suggestion(&lower)))
    }
}

fn suggestion(text: &str) -> String {
    // `prod` and `dev` are prefixes of the words, and too short for the similarity to find them.
    let begun = Environment::ALL.into_iter().filter(|word| text.len() > 1 && word.word().starts_with(text)).collect();
    let near = |environment: &Environment| strsim::jaro_winkler(environment.word(), text);
    let words: Vec<Environment> = match begun {
        none if Vec::is_empty(&none) => Environment::ALL.into_iter().filter(|word| near(word) > 0.8).collect(),
        some => some,
    };
    let best = words.into_iter().max_by(|a, b| near(a).total_cmp(&near(b)));
    best.map(|word| format!("; did you mean {}?", word.word())).unwrap_or_default()
}

/// What starting an application does about migrations.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Decision {
    /// Apply pending migrations; if that fails, the application does not start.
    Migrate,
    /// Apply nothing, and report what is pending.
    Look,
    /// Leave the database alone.
    Leave,
}

impl Decision {
    /// `migrate`, `look` or `leave`.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Migrate => "migrate",
            Self::Look => "look",
            Self::Leave => "leave",
        }
    }
}

/// The settings that decide about migrations when an application starts.
///
/// | environment | `AUTO_MIGRATE` unset | `true` | `false` |
/// |---|---|---|---|
/// | development | migrate | migrate | look |
/// | production | look | migrate | leave |
/// | test | leave | leave | leave |
///
/// [`crate::Migrator::auto`] follows it.
///
/// ```
/// use migrascope::policy::{Decision, Environment, Policy};
///
/// // Instead of the process's environment, which `Policy::from_environment` reads:
/// let variables = |name: &str| (name == "APP_ENV").then(|| "development".to_owned());
/// let policy = Policy::read(None, &variables)?;
/// assert_eq!((policy.environment, policy.decision()), (Environment::Development, Decision::Migrate));
/// let why = "pending migrations are applied: APP_ENV is development, and AUTO_MIGRATE is not set";
/// assert_eq!(policy.decided().to_string(), why);
/// # Ok::<(), migrascope::policy::PolicyError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    /// The environment.
    pub environment: Environment,
    /// The setting that gives the environment, such as `APP_ENV`; `None` where none does, which counts as production.
    pub named_by: Option<String>,
    /// `AUTO_MIGRATE`; `None` where it is not set.
    pub auto_migrate: Option<bool>,
}

/// A decision and its reason.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Decided {
    /// The decision.
    pub decision: Decision,
    /// The environment that it was made for.
    pub environment: Environment,
    /// The reason, as a fragment.
    pub why: String,
}

impl fmt::Display for Decided {
    /// The decision and its reason in one line.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let done = match self.decision {
            Decision::Migrate => "pending migrations are applied",
            Decision::Look => "nothing is applied",
            Decision::Leave => "the database is left alone",
        };
        write!(f, "{done}: {}", self.why)
    }
}

/// A variable with an invalid value.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{variable} is {value:?}: {problem}")]
#[non_exhaustive]
pub struct PolicyError {
    /// The variable.
    pub variable: &'static str,
    /// Its value.
    pub value: String,
    /// What is wrong with it, with a suggestion if there is one.
    pub problem: String,
}

/// The variables that set the environment, in order of precedence.
const ENVIRONMENT: [&str; 2] = ["APP_ENV", "NODE_ENV"];

impl Policy {
    /// The variable that overrides the environment's default.
    pub const AUTO_MIGRATE: &str = "AUTO_MIGRATE";

    /// Reads the environment from `chosen` (the caller's own setting and its name), else `APP_ENV`, else `NODE_ENV`; and `AUTO_MIGRATE`.
    /// Empty variables count as unset.
    ///
    /// # Errors
    /// When a variable that is used has an invalid value.
    pub fn read(
        chosen: Option<(Environment, &str)>,
        variables: &dyn Fn(&str) -> Option<String>,
    ) -> Result<Self, PolicyError> {
        let set = |variable: &str| variables(variable).filter(|value| !value.trim().is_empty());
        let wrong = |variable, value: &str, problem| PolicyError { variable, value: value.to_owned(), problem };
        let named = ENVIRONMENT.into_iter().find_map(|variable| Some((variable, set(variable)?)));
        let (environment, named_by) = match (chosen, named) {
            (Some((environment, name)), _) => (environment, Some(name.to_owned())),
            (None, Some((variable, value))) => {
                let environment = Environment::parse(&value).map_err(|problem| wrong(variable, &value, problem))?;
                (environment, Some(variable.to_owned()))
            }
            (None, None) => (Environment::Production, None),
        };
        let auto_migrate = match set(Self::AUTO_MIGRATE) {
            Some(value) => Some(truth(&value).map_err(|problem| wrong(Self::AUTO_MIGRATE, &value, problem))?),
            None => None,
        };
        Ok(Self { environment, named_by, auto_migrate })
    }

    /// Like [`Policy::read`], from the process's environment variables.
    ///
    /// # Errors
    /// As [`Policy::read`].
    pub fn from_environment() -> Result<Self, PolicyError> {
        Self::read(None, &|variable| std::env::var(variable).ok())
    }

    /// The decision.
    #[must_use]
    pub fn decision(&self) -> Decision {
        match (self.environment, self.auto_migrate) {
            (Environment::Development, None | Some(true)) | (Environment::Production, Some(true)) => Decision::Migrate,
            (Environment::Development, Some(false)) | (Environment::Production, None) => Decision::Look,
            (Environment::Production, Some(false)) | (Environment::Test, _) => Decision::Leave,
        }
    }

    /// The decision and its reason.
    #[must_use]
    pub fn decided(&self) -> Decided {
        let (environment, decision) = (self.environment, self.decision());
        let place = match &self.named_by {
            Some(name) => format!("{name} is {}", environment.word()),
            None => "no environment is set, which counts as production".to_owned(),
        };
        let switch = match (environment, self.auto_migrate) {
            // Its value makes no difference.
            (Environment::Test, _) => String::new(),
            (_, Some(auto)) => format!(", and {} is {auto}", Self::AUTO_MIGRATE),
            (_, None) => format!(", and {} is not set", Self::AUTO_MIGRATE),
        };
        Decided { decision, environment, why: place + &switch }
    }
}

/// Parses a boolean: `true`, `1`, `yes`, `on` and their opposites, ignoring case.
///
/// # Errors
/// When it is none of these words.
pub fn truth(text: &str) -> Result<bool, String> {
    match text.trim().to_ascii_lowercase().as_str() {
        "true" | "1" | "yes" | "on" => Ok(true),
        "false" | "0" | "no" | "off" => Ok(false),
        _ => Err("expected true or false".to_owned()),
    }
}

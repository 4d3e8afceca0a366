//! Whether an application's start applies migrations: the environment that it starts in, and `AUTO_MIGRATE`. Pure.

use std::fmt;

use serde::Serialize;
use thiserror::Error;

/// Where an application runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Environment {
    /// On somebody's own machine.
    Development,
    /// For users; also where nobody has said anything.
    Production,
    /// Under tests, which prepare their own database.
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

    /// The environment of a word, whatever its case.
    ///
    /// # Errors
    /// When it is no other than these three words; the text says which there are and which may have been meant.
    pub fn parse(text: &str) -> Result<Self, String> {
        let lower = text.trim().to_ascii_lowercase();
        let known = Self::ALL.into_iter().find(|environment| environment.word() == lower);
        known.ok_or_else(|| format!("expected development, production or test{}", suggestion(&lower)))
    }
}

fn suggestion(text: &str) -> String {
    // `prod` and `dev` begin like the word that is meant, and are too short to be near it otherwise.
    let begun = Environment::ALL.into_iter().filter(|word| text.len() > 1 && word.word().starts_with(text)).collect();
    let near = |environment: &Environment| strsim::jaro_winkler(environment.word(), text);
    let words: Vec<Environment> = match begun {
        none if Vec::is_empty(&none) => Environment::ALL.into_iter().filter(|word| near(word) > 0.8).collect(),
        some => some,
    };
    let best = words.into_iter().max_by(|a, b| near(a).total_cmp(&near(b)));
    best.map(|word| format!("; did you mean {}?", word.word())).unwrap_or_default()
}

/// What an application's start is to do about migrations.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Decision {
    /// Apply what is pending; where that fails, the application does not start.
    Migrate,
    /// Apply nothing, and say what is pending.
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

/// What was said about migrations at the start of an application.
///
/// | environment | `AUTO_MIGRATE` unset | `true` | `false` |
/// |---|---|---|---|
/// | development | migrate | migrate | look |
/// | production | look | migrate | leave |
/// | test | leave | leave | leave |
///
/// [`crate::Migrator::auto`] goes by it.
///
/// ```
/// use migrascope::policy::{Decision, Environment, Policy};
///
/// // Instead of the process's own environment, as `Policy::from_environment` reads it:
/// let variables = |name: &str| (name == "APP_ENV").then(|| "development".to_owned());
/// let policy = Policy::read(None, &variables)?;
/// assert_eq!((policy.environment, policy.decision()), (Environment::Development, Decision::Migrate));
/// let why = "what is pending is applied: APP_ENV says development, and AUTO_MIGRATE is not set";
/// assert_eq!(policy.decided().to_string(), why);
/// # Ok::<(), migrascope::policy::PolicyError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    /// Where it runs.
    pub environment: Environment,
    /// What says so, such as `APP_ENV`; `None` where nothing does, which counts as production.
    pub named_by: Option<String>,
    /// `AUTO_MIGRATE`; `None` where it is not set.
    pub auto_migrate: Option<bool>,
}

/// A decision and its reason.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Decided {
    /// What is done.
    pub decision: Decision,
    /// In which environment.
    pub environment: Environment,
    /// Why, in a sentence without its end.
    pub why: String,
}

impl fmt::Display for Decided {
    /// What is done, and why.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let done = match self.decision {
            Decision::Migrate => "what is pending is applied",
            Decision::Look => "nothing is applied",
            Decision::Leave => "the database is left alone",
        };
        write!(f, "{done}: {}", self.why)
    }
}

/// A variable with a value that means nothing.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{variable} says {value:?}: {problem}")]
#[non_exhaustive]
pub struct PolicyError {
    /// The variable.
    pub variable: &'static str,
    /// What it says.
    pub value: String,
    /// What is wrong with that, and what may have been meant.
    pub problem: String,
}

/// The variables that name the environment, the first one first.
const ENVIRONMENT: [&str; 2] = ["APP_ENV", "NODE_ENV"];

impl Policy {
    /// The variable that decides where the environment does not.
    pub const AUTO_MIGRATE: &str = "AUTO_MIGRATE";

    /// What `chosen` says (a setting of the caller's own and its name), else `APP_ENV`, else `NODE_ENV`; and `AUTO_MIGRATE`.
    /// Empty variables count as unset.
    ///
    /// # Errors
    /// When a variable that decides has a value that means nothing.
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

    /// The same, from the process's own environment.
    ///
    /// # Errors
    /// As [`Policy::read`].
    pub fn from_environment() -> Result<Self, PolicyError> {
        Self::read(None, &|variable| std::env::var(variable).ok())
    }

    /// What is done.
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
            Some(name) => format!("{name} says {}", environment.word()),
            None => "no environment is named, which counts as production".to_owned(),
        };
        let switch = match (environment, self.auto_migrate) {
            // Whatever it says.
            (Environment::Test, _) => String::new(),
            (_, Some(auto)) => format!(", and {} is {auto}", Self::AUTO_MIGRATE),
            (_, None) => format!(", and {} is not set", Self::AUTO_MIGRATE),
        };
        Decided { decision, environment, why: place + &switch }
    }
}

/// A truth value, also as containers write it: `true`, `1`, `yes`, `on` and their opposites, in any case.
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

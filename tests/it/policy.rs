//! Whether starting an application applies migrations: every combination of settings.

use migrascope::policy::{Decision, Environment, Policy};

/// The policy for these variables, in words.
fn read(chosen: Option<(Environment, &str)>, variables: &[(&str, &str)]) -> Result<Policy, String> {
    let lookup =
        |name: &str| variables.iter().find(|(variable, _)| *variable == name).map(|(_, value)| (*value).to_owned());
    Policy::read(chosen, &lookup).map_err(|error| error.to_string())
}

#[test]
fn every_combination_of_environment_and_switch() {
    use Decision::{Leave, Look, Migrate};
    let table = [
        ("development", [Migrate, Migrate, Look]),
        ("production", [Look, Migrate, Leave]),
        ("test", [Leave, Leave, Leave]),
        // Nothing is set: production.
        ("", [Look, Migrate, Leave]),
    ];
    for (environment, decisions) in table {
        for (auto, decision) in [None, Some("true"), Some("false")].into_iter().zip(decisions) {
            for variable in ["APP_ENV", "NODE_ENV"] {
                let switch = auto.map(|auto| ("AUTO_MIGRATE", auto));
                let variables: Vec<_> = [(variable, environment)].into_iter().chain(switch).collect();
                assert_eq!(read(None, &variables).unwrap().decision(), decision, "{variables:?}");
            }
        }
    }
}

#[test]
fn the_callers_word_comes_before_app_env_before_node_env() {
    let both = [("APP_ENV", "development"), ("NODE_ENV", "test")];
    let told = |policy: Policy| (policy.environment, policy.named_by.unwrap_or_default());
    assert_eq!(told(read(None, &both).unwrap()), (Environment::Development, "APP_ENV".to_owned()));
    assert_eq!(told(read(None, &both[1..]).unwrap()), (Environment::Test, "NODE_ENV".to_owned()));
    let chosen = Some((Environment::Production, "--env"));
    assert_eq!(told(read(chosen, &both).unwrap()), (Environment::Production, "--env".to_owned()));
    assert!(read(chosen, &[("APP_ENV", "nonsense")]).is_ok(), "what decides nothing need not be understood");
    assert_eq!(told(read(None, &[("APP_ENV", " "), ("NODE_ENV", "test")]).unwrap()).0, Environment::Test);
    assert_eq!(read(None, &[("AUTO_MIGRATE", "")]).unwrap().auto_migrate, None, "empty counts as unset");
}

#[test]
fn words_are_read_in_any_case_and_others_are_refused_with_a_suggestion() {
    assert_eq!(read(None, &[("APP_ENV", "Production")]).unwrap().environment, Environment::Production);
    for (value, auto) in [("TRUE", true), ("1", true), ("yes", true), ("off", false), ("0", false), ("No", false)] {
        assert_eq!(read(None, &[("AUTO_MIGRATE", value)]).unwrap().auto_migrate, Some(auto), "{value}");
    }
    let table = [
        ("APP_ENV", "prod", "; did you mean production?"),
        ("NODE_ENV", "dev", "; did you mean development?"),
        ("APP_ENV", "prodcution", "; did you mean production?"),
        ("APP_ENV", "tests", "; did you mean test?"),
        ("APP_ENV", "staging", ""),
        ("APP_ENV", "p", ""),
    ];
    for (variable, value, suggestion) in table {
        let expected = format!("{variable} is {value:?}: expected development, production or test{suggestion}");
        assert_eq!(read(None, &[(variable, value)]).unwrap_err(), expected);
    }
    let error = read(None, &[("APP_ENV", "test"), ("AUTO_MIGRATE", "maybe")]).unwrap_err();
    assert_eq!(error, "AUTO_MIGRATE is \"maybe\": expected true or false");
}

#[test]
fn the_reason_is_a_sentence() {
    let why = |variables: &[(&str, &str)]| read(None, variables).unwrap().decided().to_string();
    assert_eq!(
        why(&[]),
        "nothing is applied: no environment is set, which counts as production, and AUTO_MIGRATE is not set"
    );
    assert_eq!(
        why(&[("APP_ENV", "development"), ("AUTO_MIGRATE", "1")]),
        "pending migrations are applied: APP_ENV is development, and AUTO_MIGRATE is true"
    );
    let tests = [("NODE_ENV", "test"), ("AUTO_MIGRATE", "true")];
    assert_eq!(why(&tests), "the database is left alone: NODE_ENV is test");
}

//! The values of placeholders: the table `[placeholders]` of the settings file, and a variable for each.

use std::collections::BTreeMap;

use migrascope::migration::Placeholders;

use super::sources::Sources;

/// How the variables begin; what follows is the name of a placeholder.
pub(crate) const PREFIX: &str = "MIGRASCOPE_PLACEHOLDER_";

/// A variable overrides the file. `variables` are the names of the environment's variables that begin with [`PREFIX`].
pub(super) fn resolve(sources: &mut Sources<'_>, variables: &[String]) -> Placeholders {
    let mut values: BTreeMap<String, String> = sources.file.placeholders().clone();
    for (name, value) in &mut values {
        if let Some(raw) = sources.in_variable(variable(name)) {
            *value = raw.text;
        }
    }
    let declared: Vec<String> = values.keys().map(|name| variable(name)).collect();
    for undeclared in variables.iter().filter(|variable| !declared.contains(variable)) {
        if let (Some(name), Some(raw)) = (undeclared.strip_prefix(PREFIX), sources.in_process(undeclared.clone())) {
            values.insert(name.to_owned(), raw.text);
        }
    }
    values.into_iter().collect()
}

/// The variable of a placeholder: in a variable's name, what is no letter or digit is `_`.
fn variable(name: &str) -> String {
    let part = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_uppercase() } else { '_' };
    PREFIX.chars().chain(name.chars().map(part)).collect()
}

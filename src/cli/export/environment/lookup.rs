//! Environment variables and the lists in them.

/// Looks an environment variable up.
pub(crate) type Lookup<'e> = &'e dyn Fn(&str) -> Option<String>;

/// A variable's value; `None` where it is unset or empty.
pub(in crate::cli::export) fn get(variables: Lookup<'_>, name: &str) -> Option<String> {
    variables(name).map(|value| value.trim().to_owned()).filter(|value| !value.is_empty())
}

/// The items of a comma-separated list.
pub(super) fn items(list: &str) -> impl Iterator<Item = &str> {
    list.split(',').map(str::trim).filter(|item| !item.is_empty())
}

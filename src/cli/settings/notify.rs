//! Who is told of a run, and of which.

use std::path::PathBuf;

use super::choices::{NOTIFY, choose};
use super::source::{Choice, Given, Sources};
use crate::cli::args::NotifyOptions;
use crate::cli::explain::Diagnosis;
use crate::cli::export::{NotifyOn, NotifySettings, Secret};

pub(super) fn resolve(sources: &mut Sources<'_>, typed: &NotifyOptions) -> NotifySettings {
    let on = |text: &str| choose(text, NOTIFY, [NotifyOn::Always, NotifyOn::Failure, NotifyOn::Changes]);
    let grafana = sources.first("grafana-url", typed.grafana_url.as_deref());
    let grafana_token = grafana_token(sources, typed);
    sources.keep(grafana_token.as_ref().map(Choice::given), grafana.as_ref());
    NotifySettings {
        grafana: grafana.map(|given| Secret::Text(given.text)),
        grafana_token: grafana_token.map(secret),
        webhook: webhook(sources, typed).map(secret),
        on: sources.value("notify", typed.notify.as_deref(), on).unwrap_or_default(),
    }
}

fn secret(choice: Choice) -> Secret {
    match choice {
        Choice::Text(given) => Secret::Text(given.text),
        Choice::File(given) => Secret::File(PathBuf::from(given.text)),
    }
}

/// A token on the command line would be seen by everybody on the machine, and one in the file by everybody with the
/// repository.
fn grafana_token(sources: &mut Sources<'_>, typed: &NotifyOptions) -> Option<Choice> {
    let file = sources.typed("grafana-token-file", typed.grafana_token_file.as_deref());
    let variables = (sources.in_environment("grafana-token"), sources.in_environment("grafana-token-file"));
    let key = sources.file.one("grafana-token-file");
    first(sources, [(None, file), variables, (None, key)])
}

fn webhook(sources: &mut Sources<'_>, typed: &NotifyOptions) -> Option<Choice> {
    let url = sources.typed("webhook-url", typed.webhook_url.as_deref());
    let file = sources.typed("webhook-url-file", typed.webhook_url_file.as_deref());
    let variables = (sources.in_environment("webhook-url"), sources.in_environment("webhook-url-file"));
    let keys = (sources.file.one("webhook-url"), sources.file.one("webhook-url-file"));
    first(sources, [(url, file), variables, keys])
}

/// The first place that has the text or its file; one that has both is a mistake.
fn first(sources: &mut Sources<'_>, places: [(Option<Given>, Option<Given>); 3]) -> Option<Choice> {
    let (text, file) = places.into_iter().find(|(text, file)| text.is_some() || file.is_some())?;
    if let (Some(text), Some(file)) = (&text, &file) {
        let message = format!("{} and {} are both set: one of them must go", text.origin, file.origin);
        sources.problems.push(Diagnosis::error(message).at(file.origin.excerpt()));
    }
    text.map(Choice::Text).or_else(|| file.map(Choice::File))
}

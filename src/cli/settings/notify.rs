//! The recipients of notifications, and the runs that are notified.

use std::path::PathBuf;

use super::raw_value::{Choice, RawValue};
use super::sources::Sources;
use crate::cli::args::NotifyArgs;
use crate::cli::explain::Diagnosis;
use crate::cli::option::choices::{NOTIFY, choose};
use crate::cli::telemetry::{NotifyOn, NotifySettings, Secret};

pub(super) fn resolve(sources: &mut Sources<'_>, args: &NotifyArgs) -> NotifySettings {
    let on = |text: &str| choose(text, NOTIFY, [NotifyOn::Always, NotifyOn::Failure, NotifyOn::Changes]);
    let grafana = sources.first("grafana-url", args.grafana_url.as_deref());
    let grafana_token = grafana_token(sources, args);
    sources.protect(grafana_token.as_ref().map(Choice::raw), grafana.as_ref());
    NotifySettings {
        grafana: grafana.map(|raw| Secret::Text(raw.text)),
        grafana_token: grafana_token.map(secret),
        webhook: webhook(sources, args).map(secret),
        on: sources.value("notify", args.notify.as_deref(), on).unwrap_or_default(),
    }
}

fn secret(choice: Choice) -> Secret {
    match choice {
        Choice::Text(raw) => Secret::Text(raw.text),
        Choice::File(raw) => Secret::File(PathBuf::from(raw.text)),
    }
}

/// There is no option and no key for the token itself: every user of the machine can see command lines, and settings files are often
/// committed.
fn grafana_token(sources: &mut Sources<'_>, args: &NotifyArgs) -> Option<Choice> {
    let file = sources.arg("grafana-token-file", args.grafana_token_file.as_deref());
    let variables = (sources.in_environment("grafana-token"), sources.in_environment("grafana-token-file"));
    let key = sources.file.one("grafana-token-file");
    first(sources, [(None, file), variables, (None, key)])
}

fn webhook(sources: &mut Sources<'_>, args: &NotifyArgs) -> Option<Choice> {
    let url = sources.arg("webhook-url", args.webhook_url.as_deref());
    let file = sources.arg("webhook-url-file", args.webhook_url_file.as_deref());
    let variables = (sources.in_environment("webhook-url"), sources.in_environment("webhook-url-file"));
    let keys = (sources.file.one("webhook-url"), sources.file.one("webhook-url-file"));
    first(sources, [(url, file), variables, keys])
}

/// The first source that has the text or its file; a source with both is a mistake.
fn first(sources: &mut Sources<'_>, sources_of: [(Option<RawValue>, Option<RawValue>); 3]) -> Option<Choice> {
    let (text, file) = sources_of.into_iter().find(|(text, file)| text.is_some() || file.is_some())?;
    if let (Some(text), Some(file)) = (&text, &file) {
        let message = format!("{} and {} are both set: use one of them", text.origin, file.origin);
        sources.problems.push(Diagnosis::error(message).at(file.origin.excerpt()));
    }
    text.map(Choice::Text).or_else(|| file.map(Choice::File))
}

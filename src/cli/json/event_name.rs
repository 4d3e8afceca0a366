//! The names of events in JSON.

use serde::Serialize;

/// The event of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum EventName {
    RunStarted,
    PolicyDecided,
    ConnectStarted,
    ConnectFinished,
    SchemaAwaited,
    LockStarted,
    LockWaited,
    LockFinished,
    PlanStarted,
    PlanFinished,
    MigrationStarted,
    StatementStarted,
    StatementRunning,
    StatementFinished,
    StatementBlocked,
    Retrying,
    AttemptStarted,
    TransactionRefused,
    InvalidIndexDropped,
    DoubtSettled,
    SettingRestored,
    HistoryChanged,
    Recorded,
    MigrationFinished,
    LockReleased,
    StateStarted,
    StateFinished,
    HealthStarted,
    CheckStarted,
    HealthChecked,
    HealthFinished,
    HookStarted,
    HookRunning,
    HookFinished,
    RunFinished,
    Listening,
    TargetChanged,
    Report,
}

#[cfg(test)]
mod tests {
    use super::EventName;

    const ALL: [EventName; 38] = [
        EventName::RunStarted,
        EventName::PolicyDecided,
        EventName::ConnectStarted,
        EventName::ConnectFinished,
        EventName::SchemaAwaited,
        EventName::LockStarted,
        EventName::LockWaited,
        EventName::LockFinished,
        EventName::PlanStarted,
        EventName::PlanFinished,
        EventName::MigrationStarted,
        EventName::StatementStarted,
        EventName::StatementRunning,
        EventName::StatementFinished,
        EventName::StatementBlocked,
        EventName::Retrying,
        EventName::AttemptStarted,
        EventName::TransactionRefused,
        EventName::InvalidIndexDropped,
        EventName::DoubtSettled,
        EventName::SettingRestored,
        EventName::HistoryChanged,
        EventName::Recorded,
        EventName::MigrationFinished,
        EventName::LockReleased,
        EventName::StateStarted,
        EventName::StateFinished,
        EventName::HealthStarted,
        EventName::CheckStarted,
        EventName::HealthChecked,
        EventName::HealthFinished,
        EventName::HookStarted,
        EventName::HookRunning,
        EventName::HookFinished,
        EventName::RunFinished,
        EventName::Listening,
        EventName::TargetChanged,
        EventName::Report,
    ];

    #[test]
    fn the_page_describes_every_event_and_no_other() {
        let page = include_str!("../../../docs/json.md");
        let described: Vec<&str> =
            page.lines().filter_map(|line| line.strip_prefix("### `")?.strip_suffix('`')).collect();
        let written: Vec<String> = ALL
            .iter()
            .map(|name| serde_json::to_value(name).expect("a word").as_str().expect("a word").to_owned())
            .collect();
        assert_eq!(described, written);
        assert_eq!(ALL.len(), EventName::Report as usize + 1, "ALL has every name");
    }
}

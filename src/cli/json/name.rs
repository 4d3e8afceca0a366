//! The names of the lines.

use serde::Serialize;

/// What a line tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Name {
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
    use super::Name;

    const ALL: [Name; 38] = [
        Name::RunStarted,
        Name::PolicyDecided,
        Name::ConnectStarted,
        Name::ConnectFinished,
        Name::SchemaAwaited,
        Name::LockStarted,
        Name::LockWaited,
        Name::LockFinished,
        Name::PlanStarted,
        Name::PlanFinished,
        Name::MigrationStarted,
        Name::StatementStarted,
        Name::StatementRunning,
        Name::StatementFinished,
        Name::StatementBlocked,
        Name::Retrying,
        Name::AttemptStarted,
        Name::TransactionRefused,
        Name::InvalidIndexDropped,
        Name::DoubtSettled,
        Name::SettingRestored,
        Name::HistoryChanged,
        Name::Recorded,
        Name::MigrationFinished,
        Name::LockReleased,
        Name::StateStarted,
        Name::StateFinished,
        Name::HealthStarted,
        Name::CheckStarted,
        Name::HealthChecked,
        Name::HealthFinished,
        Name::HookStarted,
        Name::HookRunning,
        Name::HookFinished,
        Name::RunFinished,
        Name::Listening,
        Name::TargetChanged,
        Name::Report,
    ];

    #[test]
    fn the_page_describes_every_line_and_no_other() {
        let page = include_str!("../../../docs/json.md");
        let described: Vec<&str> =
            page.lines().filter_map(|line| line.strip_prefix("### `")?.strip_suffix('`')).collect();
        let written: Vec<String> = ALL
            .iter()
            .map(|name| serde_json::to_value(name).expect("a word").as_str().expect("a word").to_owned())
            .collect();
        assert_eq!(described, written);
        assert_eq!(ALL.len(), Name::Report as usize + 1, "ALL has every name");
    }
}

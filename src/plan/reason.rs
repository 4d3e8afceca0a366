//! Why a plan was refused, as a word from a closed set: for the journal, spans, logs, metric labels and scripts.

use serde::{Serialize, Serializer};

use super::Objection;

/// The kind of an objection. Several objections of one kind are one reason.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum RefusalReason {
    /// An applied file has changed.
    Changed,
    /// An applied file had no statements when it was applied and has some now.
    WasEmpty,
    /// An applied migration has no file.
    Missing,
    /// A pending version is lower than the highest applied one.
    OutOfOrder,
    /// An attempt left a migration half-way: it failed, or its process died.
    HalfWay,
    /// The last attempt failed, and the file has not changed since.
    Failed,
    /// A step has no down script.
    NoDown,
    /// The target is neither on disk nor applied.
    UnknownTarget,
    /// More migrations would be reverted than were confirmed.
    Unconfirmed,
    /// The database has tables and no history.
    UnmanagedTables,
    /// A statement is larger than the server accepts.
    TooLarge,
    /// A history table has a newer format than this program supports.
    NewerTables,
    /// A required script cannot be split into statements.
    Unreadable,
    /// A backslash in a string is ambiguous.
    Backslash,
    /// A migration to mark as applied is already applied.
    AlreadyApplied,
    /// A migration to mark as reverted, or whose changes to accept, is not applied.
    NotApplied,
    /// There is no change to accept.
    Unchanged,
    /// A baseline was requested, but the database already has a history.
    NotEmpty,
    /// A migration to resume was not left half-way.
    NothingToResume,
    /// The file has changed in statements that have taken effect.
    Rewritten,
    /// The rest of a script needs state of a session that has ended.
    SessionLost,
    /// A statement may or may not have taken effect.
    InDoubt,
    /// The file no longer contains the statement that may have taken effect.
    Replaced,
    /// Row-level security hides rows of a history table.
    RowsHidden,
    /// A history table cannot be trusted.
    Untrusted,
    /// The ledger is in another schema.
    LedgerElsewhere,
    /// The journal is in another schema.
    JournalElsewhere,
    /// A reason written by another version of this program. Must stay the last variant.
    Other,
}

// A reason missing from the list would be read from the journal as `Other`.
const _: () = assert!(RefusalReason::ALL.len() == RefusalReason::Other as usize + 1);

impl RefusalReason {
    /// Every reason.
    pub const ALL: [Self; 28] = [
        Self::Changed,
        Self::WasEmpty,
        Self::Missing,
        Self::OutOfOrder,
        Self::HalfWay,
        Self::Failed,
        Self::NoDown,
        Self::UnknownTarget,
        Self::Unconfirmed,
        Self::UnmanagedTables,
        Self::TooLarge,
        Self::NewerTables,
        Self::Unreadable,
        Self::Backslash,
        Self::AlreadyApplied,
        Self::NotApplied,
        Self::Unchanged,
        Self::NotEmpty,
        Self::NothingToResume,
        Self::Rewritten,
        Self::SessionLost,
        Self::InDoubt,
        Self::Replaced,
        Self::RowsHidden,
        Self::Untrusted,
        Self::LedgerElsewhere,
        Self::JournalElsewhere,
        Self::Other,
    ];

    /// The word for metric labels, columns and scripts.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Changed => "changed",
            Self::WasEmpty => "was_empty",
            Self::Missing => "missing",
            Self::OutOfOrder => "out_of_order",
            Self::HalfWay => "half_way",
            Self::Failed => "failed",
            Self::NoDown => "no_down",
            Self::UnknownTarget => "unknown_target",
            Self::Unconfirmed => "unconfirmed",
            Self::UnmanagedTables => "unmanaged_tables",
            Self::TooLarge => "too_large",
            Self::NewerTables => "newer_tables",
            Self::Unreadable => "unreadable",
            Self::Backslash => "backslash",
            Self::AlreadyApplied => "already_applied",
            Self::NotApplied => "not_applied",
            Self::Unchanged => "unchanged",
            Self::NotEmpty => "not_empty",
            Self::NothingToResume => "nothing_to_resume",
            Self::Rewritten => "rewritten",
            Self::SessionLost => "session_lost",
            Self::InDoubt => "in_doubt",
            Self::Replaced => "replaced",
            Self::RowsHidden => "rows_hidden",
            Self::Untrusted => "untrusted",
            Self::LedgerElsewhere => "ledger_elsewhere",
            Self::JournalElsewhere => "journal_elsewhere",
            Self::Other => "_OTHER",
        }
    }

    /// The reasons of these objections without duplicates, in the order of [`Self::ALL`].
    #[must_use]
    pub fn of(objections: &[Objection]) -> Vec<Self> {
        sorted(objections.iter().map(Objection::reason))
    }

    /// The words, separated by commas; `None` for an empty slice.
    #[must_use]
    pub fn joined(reasons: &[Self]) -> Option<String> {
        (!reasons.is_empty()).then(|| reasons.iter().map(|reason| reason.word()).collect::<Vec<_>>().join(","))
    }

    /// Parses the output of [`Self::joined`]. An unknown word becomes [`Self::Other`], so that the set stays closed whatever the journal
    /// contains.
    #[must_use]
    pub fn read(text: &str) -> Vec<Self> {
        let known = |word: &str| Self::ALL.into_iter().find(|reason| reason.word() == word).unwrap_or(Self::Other);
        sorted(text.split(',').map(known))
    }
}

impl Serialize for RefusalReason {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.word())
    }
}

impl Objection {
    /// The kind of this objection.
    #[must_use]
    pub fn reason(&self) -> RefusalReason {
        match self {
            Self::TooLarge { .. } => RefusalReason::TooLarge,
            Self::NewerTables { .. } => RefusalReason::NewerTables,
            Self::Unreadable { .. } => RefusalReason::Unreadable,
            Self::Backslash { .. } => RefusalReason::Backslash,
            Self::Changed { .. } => RefusalReason::Changed,
            Self::WasEmpty { .. } => RefusalReason::WasEmpty,
            Self::Unconfirmed { .. } => RefusalReason::Unconfirmed,
            Self::Missing { .. } => RefusalReason::Missing,
            Self::OutOfOrder { .. } => RefusalReason::OutOfOrder,
            Self::Unsettled(_) => RefusalReason::HalfWay,
            Self::Failed { .. } => RefusalReason::Failed,
            Self::NoDown { .. } => RefusalReason::NoDown,
            Self::Applied { .. } => RefusalReason::AlreadyApplied,
            Self::NotApplied { .. } => RefusalReason::NotApplied,
            Self::Unchanged { .. } => RefusalReason::Unchanged,
            Self::NotEmpty { .. } => RefusalReason::NotEmpty,
            Self::NothingToResume { .. } => RefusalReason::NothingToResume,
            Self::Rewritten { .. } => RefusalReason::Rewritten,
            Self::SessionLost { .. } => RefusalReason::SessionLost,
            Self::InDoubt { .. } => RefusalReason::InDoubt,
            Self::Unmanaged { .. } => RefusalReason::UnmanagedTables,
            Self::RowsHidden { .. } => RefusalReason::RowsHidden,
            Self::Untrusted(_) => RefusalReason::Untrusted,
            Self::LedgerElsewhere { .. } => RefusalReason::LedgerElsewhere,
            Self::JournalElsewhere { .. } => RefusalReason::JournalElsewhere,
            Self::Replaced { .. } => RefusalReason::Replaced,
            Self::UnknownTarget { .. } => RefusalReason::UnknownTarget,
        }
    }
}

fn sorted(reasons: impl Iterator<Item = RefusalReason>) -> Vec<RefusalReason> {
    let mut reasons: Vec<RefusalReason> = reasons.collect();
    reasons.sort_unstable();
    reasons.dedup();
    reasons
}

#[cfg(test)]
mod tests {
    use super::RefusalReason::{self, Changed, Missing, Other};

    #[test]
    fn what_was_written_is_read_back() {
        for reason in RefusalReason::ALL {
            assert_eq!(RefusalReason::read(reason.word()), [reason]);
        }
        let several = RefusalReason::joined(&[Changed, Missing]).unwrap_or_default();
        assert_eq!(several, "changed,missing");
        assert_eq!(RefusalReason::read(&several), [Changed, Missing]);
        assert_eq!(RefusalReason::joined(&[]), None);
    }

    #[test]
    fn whatever_stands_in_a_journal_is_a_word_of_the_set() {
        assert_eq!(RefusalReason::read("missing,of a later version,changed,missing"), [Changed, Missing, Other]);
        assert_eq!(RefusalReason::read(""), [Other]);
    }
}

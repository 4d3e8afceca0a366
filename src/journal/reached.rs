//! What a failed attempt records about the statement that it had reached: text in the column `reason`, for users and for a later
//! resumption.

use crate::database::Value;
use crate::history::Reached;
use crate::migration::Checksum;
use crate::plan::Step;
use crate::report::PartialEffect;

const NO_EFFECT: &str = " had no effect";
const IN_DOUBT: &str = ") may have taken effect; its checksum is ";

/// The text about the statement after those that have taken effect; NULL if nothing is left half-way.
pub(super) fn reason(step: &Step<'_>, remains: Option<PartialEffect>) -> Value {
    let Some(PartialEffect::HalfWay { done, next_unknown }) = remains else { return Value::Null };
    let index = done as usize;
    let Some(statement) = step.statements().get(index) else { return Value::Null };
    let number = index + 1;
    Value::Text(if next_unknown {
        let (summary, checksum) = (&statement.summary, step.checksum(index));
        format!("statement {number} ({summary}{IN_DOUBT}{checksum}")
    } else {
        format!("statement {number}{NO_EFFECT}")
    })
}

/// Parses this text; `done` is the number of statements of the attempt that have taken effect.
pub(super) fn read(reason: Option<&str>, done: u32) -> Reached {
    let number = format!("statement {}", done.saturating_add(1));
    let Some(words) = reason.and_then(|reason| reason.strip_prefix(number.as_str())) else {
        return Reached::Unrecorded;
    };
    if words == NO_EFFECT {
        return Reached::WithoutEffect;
    }
    let in_doubt = words.strip_prefix(" (").and_then(|words| words.rsplit_once(IN_DOUBT));
    in_doubt.map_or(Reached::Unrecorded, |(summary, checksum)| Reached::InDoubt {
        checksum: Checksum::from_history(checksum),
        summary: summary.to_owned(),
    })
}

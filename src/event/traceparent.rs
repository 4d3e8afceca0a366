//! Parses and formats `TRACEPARENT` and `TRACESTATE`: W3C Trace Context level 1, read strictly. Pure.

use thiserror::Error;

use super::{Member, RemoteParent, baggage};

/// A `traceparent` that must be ignored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum Malformed {
    /// It does not have the form `version-trace-span-flags` in lower-case hexadecimal.
    #[error("it does not have the form 00-<32 hexadecimal digits>-<16>-<2>")]
    Shape,
    /// Version `ff` is forbidden.
    #[error("version ff is invalid")]
    Version,
    /// The trace id is all zero.
    #[error("its trace id is zero")]
    ZeroTrace,
    /// The span id is all zero.
    #[error("its span id is zero")]
    ZeroSpan,
}

/// Parses a caller's span; `state` is kept unchanged.
///
/// # Errors
/// When `traceparent` violates the recommendation; the caller must then act as if there were none.
pub fn parse(traceparent: &str, state: Option<&str>) -> Result<RemoteParent, Malformed> {
    let mut parts = traceparent.trim_matches([' ', '\t']).splitn(5, '-');
    let mut part = || parts.next().ok_or(Malformed::Shape);
    let [version] = bytes::<1>(part()?)?;
    let trace_id = bytes::<16>(part()?)?;
    let span_id = bytes::<8>(part()?)?;
    let [flags] = bytes::<1>(part()?)?;
    match (version, parts.next()) {
        (0xff, _) => Err(Malformed::Version),
        (0, Some(_)) => Err(Malformed::Shape),
        _ if trace_id == [0; 16] => Err(Malformed::ZeroTrace),
        _ if span_id == [0; 8] => Err(Malformed::ZeroSpan),
        _ => {
            Ok(RemoteParent { trace_id, span_id, sampled: flags & 1 == 1, state: state.unwrap_or_default().to_owned() })
        }
    }
}

/// The `traceparent` of a span, for child processes.
#[must_use]
pub fn header(span: &RemoteParent) -> String {
    let (trace, id) = (u128::from_be_bytes(span.trace_id), u64::from_be_bytes(span.span_id));
    format!("00-{trace:032x}-{id:016x}-{:02x}", u8::from(span.sampled))
}

/// The environment variables for a child process inside `span`, with this baggage. `TRACESTATE` is empty where there is none, so
/// that the caller's is not inherited; without members, the caller's `BAGGAGE` is inherited.
#[must_use]
pub fn environment(span: &RemoteParent, members: &[Member]) -> Vec<(&'static str, String)> {
    let mut variables = vec![("TRACEPARENT", header(span)), ("TRACESTATE", span.state.clone())];
    variables.extend((!members.is_empty()).then(|| ("BAGGAGE", baggage::header(members))));
    variables
}

fn bytes<const N: usize>(hex: &str) -> Result<[u8; N], Malformed> {
    let digits = hex.as_bytes();
    if digits.len() != 2 * N {
        return Err(Malformed::Shape);
    }
    let mut bytes = [0; N];
    for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
        *byte = nibble(pair[0])? << 4 | nibble(pair[1])?;
    }
    Ok(bytes)
}

fn nibble(digit: u8) -> Result<u8, Malformed> {
    match digit {
        b'0'..=b'9' => Ok(digit - b'0'),
        b'a'..=b'f' => Ok(digit - b'a' + 10),
        _ => Err(Malformed::Shape),
    }
}

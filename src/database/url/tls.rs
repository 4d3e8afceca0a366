//! Determines the TLS mode from all parameters of a URL. A request for TLS is never weakened by another parameter.

use super::UrlError;
use super::parameters::{Given, Origin, folded};
use super::values::truth;

/// The TLS mode of a connection, weakest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::database) enum Mode {
    Disable,
    Allow,
    Prefer,
    Require,
    VerifyCa,
    VerifyFull,
}

/// TLS parameters, by the meaning of their values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::database) enum Ask {
    /// `sslmode`: a mode by name.
    Mode,
    /// `ssl`, `useSSL`: on, off, or a mode.
    Switch,
    /// Go's `tls`, where on means a verified server.
    Tls,
    /// `requireSSL`: on, or no requirement.
    Require,
    /// `ssl_disabled`: off, or no requirement.
    #[cfg_attr(not(feature = "mysql"), expect(dead_code, reason = "a parameter of MySQL's drivers"))]
    Disabled,
    /// `verifyServerCertificate`: whether the server's certificate must be signed by a trusted authority.
    Verify,
    /// `ssl_verify_identity`: whether the certificate must also match the host name.
    Identity,
    /// `trustServerCertificate`: whether to skip verification.
    Trust,
    /// Prisma's `sslaccept`.
    Accept,
}

/// The requirement of one parameter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Wish {
    Exactly(Mode),
    AtLeast(Mode),
    AtMost(Mode),
    Nothing,
}

const MODES: &str = "is not a TLS mode: use disable, prefer, require, verify-ca or verify-full (VERIFY_IDENTITY)";

/// The mode that satisfies all of these parameters; `None` when none of them requires anything.
///
/// # Errors
/// When one of them is invalid, or two contradict each other.
pub(in crate::database) fn mode(asked: &[(Ask, &Given)]) -> Result<Option<Mode>, UrlError> {
    let mut wishes = Vec::new();
    for (ask, given) in asked {
        wishes.push((wish(*ask, given)?, *given));
    }
    let mode = strongest(&wishes);
    let Some((mode, source)) = mode else { return Ok(None) };
    for (wish, given) in &wishes {
        let contradicts = match wish {
            Wish::Exactly(exact) => given.origin == source.origin && *exact != mode,
            Wish::AtLeast(least) => *least > mode,
            Wish::AtMost(most) => *most < mode,
            Wish::Nothing => false,
        };
        if contradicts && given.origin <= source.origin {
            return Err(given.refused(format!("contradicts {source}: they ask for different TLS modes")));
        }
    }
    Ok(Some(mode))
}

/// The mode from the source with the highest precedence. An exact mode from another source is ignored, unless that would weaken TLS.
fn strongest<'g>(wishes: &[(Wish, &'g Given)]) -> Option<(Mode, &'g Given)> {
    let mut best: Option<(Mode, &Given)> = None;
    for origin in [Origin::Url, Origin::Service, Origin::Variable] {
        let here = || wishes.iter().filter(move |(_, given)| given.origin == origin);
        let exact = here().find_map(|(wish, given)| match wish {
            Wish::Exactly(mode) => Some((*mode, *given)),
            _ => None,
        });
        if let Some(exact) = exact {
            return Some(best.filter(|best| best.0 > exact.0).unwrap_or(exact));
        }
        for (wish, given) in here() {
            let mode = match wish {
                Wish::AtLeast(mode) => *mode,
                // A parameter about the certificate does not request clear text, so it does not weaken the default mode.
                _ => continue,
            };
            if best.is_none_or(|(before, _)| mode > before) {
                best = Some((mode, given));
            }
        }
    }
    best
}

fn wish(ask: Ask, given: &Given) -> Result<Wish, UrlError> {
    let value = given.value.as_str();
    let on = || truth(value).ok_or_else(|| given.refused("is neither true nor false"));
    Ok(match ask {
        Ask::Mode => Wish::Exactly(named(value).ok_or_else(|| given.refused(MODES))?),
        Ask::Switch => match (truth(value), named(value), profile(value)) {
            (Some(true), ..) => Wish::AtLeast(Mode::Require),
            (Some(false), ..) => Wish::Exactly(Mode::Disable),
            (None, Some(mode), _) => Wish::Exactly(mode),
            (None, None, Some(mode)) => Wish::AtLeast(mode),
            (None, None, None) => return Err(given.refused(MODES)),
        },
        Ask::Tls => match (truth(value), named(value)) {
            (Some(true), _) => Wish::AtLeast(Mode::VerifyFull),
            (Some(false), _) => Wish::Exactly(Mode::Disable),
            (None, Some(mode)) => Wish::Exactly(mode),
            (None, None) => {
                return Err(given
                    .refused("names a TLS configuration of another program; use sslmode and sslrootcert or ssl-ca"));
            }
        },
        Ask::Require if on()? => Wish::AtLeast(Mode::Require),
        Ask::Disabled if on()? => Wish::Exactly(Mode::Disable),
        Ask::Require | Ask::Disabled => {
            on()?;
            Wish::Nothing
        }
        Ask::Verify if on()? => Wish::AtLeast(Mode::VerifyCa),
        Ask::Identity if on()? => Wish::AtLeast(Mode::VerifyFull),
        Ask::Identity => Wish::AtMost(Mode::VerifyCa),
        Ask::Trust if !on()? => Wish::Nothing,
        Ask::Verify | Ask::Trust => Wish::AtMost(Mode::Require),
        Ask::Accept => match folded(value).as_str() {
            "strict" => Wish::AtLeast(Mode::VerifyFull),
            "acceptinvalidcerts" => Wish::AtMost(Mode::Require),
            _ => return Err(given.refused("is neither strict nor accept_invalid_certs")),
        },
    })
}

/// A mode by any of its usual names.
fn named(value: &str) -> Option<Mode> {
    Some(match folded(value).as_str() {
        "disable" | "disabled" | "none" => Mode::Disable,
        "allow" => Mode::Allow,
        "prefer" | "preferred" => Mode::Prefer,
        "require" | "required" | "trust" | "skipverify" | "noverify" => Mode::Require,
        "verifyca" => Mode::VerifyCa,
        "verifyfull" | "verifyidentity" => Mode::VerifyFull,
        _ => return None,
    })
}

/// A mode in the JSON form of Node's drivers.
fn profile(value: &str) -> Option<Mode> {
    match value.replace([' ', '"'], "").as_str() {
        "{rejectUnauthorized:true}" | "{}" => Some(Mode::VerifyCa),
        "{rejectUnauthorized:false}" => Some(Mode::Require),
        _ => None,
    }
}

//! What the parameters of a URL ask for together: how much TLS. Whatever asks for TLS gets it, and no weaker mode wins.

use super::UrlError;
use super::parameters::{Given, Origin, folded};
use super::values::truth;

/// How much a connection is protected, weakest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::database) enum Mode {
    Disable,
    Allow,
    Prefer,
    Require,
    VerifyCa,
    VerifyFull,
}

/// Parameters about TLS, by what their values mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::database) enum Ask {
    /// `sslmode`: a mode by name.
    Mode,
    /// `ssl`, `useSSL`: on, off, or a mode.
    Switch,
    /// `tls` of Go, where on means a verified server.
    Tls,
    /// `requireSSL`: on, or nothing said.
    Require,
    /// `ssl_disabled`: off, or nothing said.
    #[cfg_attr(not(feature = "mysql"), expect(dead_code, reason = "a parameter of MySQL's drivers"))]
    Disabled,
    /// `verifyServerCertificate`: whether a certificate authority must vouch for the server.
    Verify,
    /// `ssl_verify_identity`: whether the certificate must name the host as well.
    Identity,
    /// `trustServerCertificate`: whether the server is taken at its word.
    Trust,
    /// `sslaccept` of Prisma.
    Accept,
}

/// What one parameter says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Wish {
    Exactly(Mode),
    AtLeast(Mode),
    AtMost(Mode),
    Nothing,
}

const MODES: &str =
    "is not a TLS mode: disable, prefer, require, verify-ca or verify-full (VERIFY_IDENTITY) say what is wanted";

/// The mode that all of these ask for; `None` when none of them asks for anything.
///
/// # Errors
/// When one of them cannot be read, or two contradict each other.
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

/// The mode by the source that counts most. What another source says exactly is its own affair, but never weakens a demand.
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
                // A parameter about the certificate does not ask for clear text; the usual mode is not weakened by it.
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

/// What Node's drivers take as JSON.
fn profile(value: &str) -> Option<Mode> {
    match value.replace([' ', '"'], "").as_str() {
        "{rejectUnauthorized:true}" | "{}" => Some(Mode::VerifyCa),
        "{rejectUnauthorized:false}" => Some(Mode::Require),
        _ => None,
    }
}

//! `OTEL_EXPORTER_OTLP_{CERTIFICATE,CLIENT_KEY,CLIENT_CERTIFICATE}`: PEM files, read and checked before the run.

use std::path::Path;

use migrascope::file;
use rustls::RootCertStore;
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::CertifiedKey;

use super::reader::Reader;
use super::signal::Signal;

/// The certificates of a TLS connection.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(in crate::cli::export) struct Trust {
    /// Trusted certificates in PEM, instead of the system's.
    pub(in crate::cli::export) roots: Option<Vec<u8>>,
    /// Our own certificate, for a receiver that asks for one.
    pub(in crate::cli::export) identity: Option<ClientIdentity>,
}

/// A client certificate and its key.
#[derive(Clone, PartialEq, Eq)]
pub(in crate::cli::export) struct ClientIdentity {
    /// The chain in PEM.
    pub(in crate::cli::export) certificate: Vec<u8>,
    /// The private key in PEM.
    pub(in crate::cli::export) key: Vec<u8>,
}

impl std::fmt::Debug for ClientIdentity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ClientIdentity(…)")
    }
}

/// A file that a variable names.
struct File {
    variable: String,
    path: String,
    text: Vec<u8>,
}

impl File {
    fn complaint(&self, reason: impl std::fmt::Display) -> String {
        format!("{}: {}: {reason}", self.variable, self.path)
    }
}

impl Reader<'_> {
    pub(super) fn trust(&mut self, signal: Signal) -> Option<Trust> {
        let roots = self.file(signal, "CERTIFICATE").and_then(|file| file.map(roots).transpose());
        let key = self.file(signal, "CLIENT_KEY");
        let certificate = self.file(signal, "CLIENT_CERTIFICATE");
        let identity = match (key, certificate) {
            (Ok(key), Ok(certificate)) => identity(key, certificate),
            (key, certificate) => {
                self.problems.extend([key.err(), certificate.err()].into_iter().flatten());
                let _ = self.collect(roots);
                return None;
            }
        };
        let (roots, identity) = (self.collect(roots), self.collect(identity));
        Some(Trust { roots: roots?, identity: identity? })
    }

    fn file(&self, signal: Signal, what: &str) -> Result<Option<File>, String> {
        let Some((variable, path)) = self.of(signal, what) else { return Ok(None) };
        match file::read_short(path.as_ref()) {
            Ok(text) => Ok(Some(File { variable, path, text })),
            Err(error) => Err(format!("{variable}: {path}: {error}")),
        }
    }
}

/// Reads certificates in PEM from the file that an option or a variable names.
///
/// # Errors
/// With the option, the file and the reason.
pub(in crate::cli::export) fn roots_in(variable: &str, path: &Path) -> Result<Vec<u8>, String> {
    let (variable, path) = (variable.to_owned(), path.display().to_string());
    match file::read_short(path.as_ref()) {
        Ok(text) => roots(File { variable, path, text }),
        Err(error) => Err(format!("{variable}: {path}: {error}")),
    }
}

/// Checks the files that variables name as the system's certificate authorities.
///
/// # Errors
/// With the variable, when it names something other than a file, or a huge one.
pub(in crate::cli::export) fn authorities_are_files() -> Result<(), String> {
    file::authorities().into_iter().try_for_each(|(variable, path)| match file::unfit(&path) {
        Some(unfit) => Err(format!("{variable}: {}: it is {unfit}", path.display())),
        None => Ok(()),
    })
}

fn roots(file: File) -> Result<Vec<u8>, String> {
    let mut store = RootCertStore::empty();
    for certificate in certificates(&file)? {
        store.add(certificate).map_err(|error| file.complaint(error))?;
    }
    Ok(file.text)
}

fn certificates(file: &File) -> Result<Vec<CertificateDer<'static>>, String> {
    let parsed: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&file.text).collect();
    match parsed {
        Ok(certificates) if certificates.is_empty() => Err(file.complaint("there is no certificate in it")),
        Ok(certificates) => Ok(certificates),
        Err(error) => Err(file.complaint(error)),
    }
}

fn identity(key: Option<File>, certificate: Option<File>) -> Result<Option<ClientIdentity>, String> {
    let (key, certificate) = match (key, certificate) {
        (Some(key), Some(certificate)) => (key, certificate),
        (None, None) => return Ok(None),
        (Some(alone), None) => return Err(format!("{} is set without CLIENT_CERTIFICATE", alone.variable)),
        (None, Some(alone)) => return Err(format!("{} is set without CLIENT_KEY", alone.variable)),
    };
    let chain = certificates(&certificate)?;
    let private =
        PrivateKeyDer::from_pem_slice(&key.text).map_err(|_| key.complaint("there is no private key in it"))?;
    CertifiedKey::from_der(chain, private, &ring::default_provider()).map_err(|error| key.complaint(error))?;
    Ok(Some(ClientIdentity { certificate: certificate.text, key: key.text }))
}

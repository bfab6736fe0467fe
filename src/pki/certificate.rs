//! Reading a certificate of ours again: its serial, its end, whose it is.

use std::{fs, path::Path};

use jiff::Timestamp;
use x509_parser::{certificate::X509Certificate, extensions::GeneralName, pem::Pem};

use super::PkiError;
use crate::platform::secret_file::FileError;

/// What stands in a certificate.
pub(super) struct Read {
    pub(super) serial: String,
    pub(super) not_after: Timestamp,
    /// The one URI, if there is exactly that.
    pub(super) uri: Option<String>,
    /// Every certificate of the file, in DER.
    pub(super) chain: Vec<Vec<u8>>,
}

/// The first certificate of a PEM file.
pub(super) fn read(path: &Path) -> Result<Read, PkiError> {
    let bytes = fs::read(path).map_err(|source| FileError::Io { path: path.into(), source })?;
    parse(&bytes).ok_or_else(|| PkiError::Damaged { path: path.into(), what: "a certificate in PEM" })
}

fn parse(bytes: &[u8]) -> Option<Read> {
    let blocks: Vec<Pem> = Pem::iter_from_buffer(bytes).collect::<Result<_, _>>().ok()?;
    let first = blocks.first()?;
    let certificate = first.parse_x509().ok()?;
    let not_after = Timestamp::from_second(certificate.validity().not_after.timestamp()).ok()?;
    let uri = uri(&certificate);
    let serial =
        hex::encode(certificate.raw_serial().iter().copied().skip_while(|byte| *byte == 0).collect::<Vec<_>>());
    Some(Read { serial, not_after, uri, chain: blocks.iter().map(|block| block.contents.clone()).collect() })
}

fn uri(certificate: &X509Certificate<'_>) -> Option<String> {
    let names = certificate.subject_alternative_name().ok()??;
    match names.value.general_names.as_slice() {
        [GeneralName::URI(uri)] => Some((*uri).to_owned()),
        _ => None,
    }
}

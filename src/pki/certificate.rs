//! Reading a certificate of ours again: its serial, its end, whose it is.

use std::{fs, path::Path};

use jiff::Timestamp;
use x509_parser::{
    certificate::X509Certificate, extensions::GeneralName, pem::Pem, prelude::FromDer,
    revocation_list::CertificateRevocationList,
};

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

/// The serial number of the first certificate in PEM.
pub(super) fn serial_of(pem: &[u8]) -> Option<String> {
    parse(pem).map(|read| read.serial)
}

/// Whether the first certificate in PEM is of this public key, in DER.
pub(super) fn is_of(pem: &[u8], public_key: &[u8]) -> bool {
    let Some(Ok(block)) = Pem::iter_from_buffer(pem).next() else { return false };
    block.parse_x509().is_ok_and(|certificate| certificate.public_key().raw == public_key)
}

fn parse(bytes: &[u8]) -> Option<Read> {
    let blocks: Vec<Pem> = Pem::iter_from_buffer(bytes).collect::<Result<_, _>>().ok()?;
    let first = blocks.first()?;
    let certificate = first.parse_x509().ok()?;
    let not_after = Timestamp::from_second(certificate.validity().not_after.timestamp()).ok()?;
    let uri = uri(&certificate);
    let serial = spelt(certificate.raw_serial());
    Some(Read { serial, not_after, uri, chain: blocks.iter().map(|block| block.contents.clone()).collect() })
}

/// A serial number in its one spelling.
fn spelt(serial: &[u8]) -> String {
    hex::encode(serial.iter().copied().skip_while(|byte| *byte == 0).collect::<Vec<_>>())
}

/// The serial numbers in revocation lists in PEM, one after the other, or in lines of lower-case hexadecimal digits, each in the one
/// spelling by which it is known at the door. `None` where it is neither, or empty.
pub fn revoked_serials(bytes: &[u8]) -> Option<Vec<String>> {
    let text = std::str::from_utf8(bytes).ok()?;
    if !text.contains("-----BEGIN") {
        let small = |line: &&str| line.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
        let serial =
            |line: &str| Some(spelt(&hex::decode(Some(line).filter(small)?).ok()?)).filter(|one| !one.is_empty());
        let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
        let serials: Option<Vec<_>> = lines.map(serial).collect();
        return serials.filter(|serials| !serials.is_empty());
    }
    let mut serials = Vec::new();
    for block in Pem::iter_from_buffer(bytes) {
        let block = block.ok()?;
        let (_, list) = CertificateRevocationList::from_der(&block.contents).ok()?;
        serials.extend(list.iter_revoked_certificates().map(|one| spelt(one.raw_serial())));
    }
    serials.sort();
    serials.dedup();
    Some(serials)
}

fn uri(certificate: &X509Certificate<'_>) -> Option<String> {
    let names = certificate.subject_alternative_name().ok()??;
    match names.value.general_names.as_slice() {
        [GeneralName::URI(uri)] => Some((*uri).to_owned()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::revoked_serials;

    #[test]
    fn a_serial_number_that_was_stated_is_spelt_as_at_the_door() {
        let read = |text: &str| revoked_serials(text.as_bytes());
        assert_eq!(read("00ab01\n\n 5a5a \n").unwrap(), ["ab01", "5a5a"]);
        for wrong in ["", "5A", "5a5", "no serial", "00"] {
            assert_eq!(read(wrong), None, "{wrong}");
        }
    }
}

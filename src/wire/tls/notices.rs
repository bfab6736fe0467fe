//! What whoever runs the server must know about its TLS as it is loaded: certificates that run out, revocation lists that
//! are missing or should have been replaced.

use jiff::{SignedDuration, Timestamp};
use rustls::pki_types::CertificateDer;
use x509_parser::{certificate::X509Certificate, prelude::FromDer};

use super::{TlsSettings, authorities::Authorities, revocation::ListFact};
use crate::domain::expiry;

/// Something to be looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// A stable name, and what it is about.
    pub name: String,
    /// What is the matter and what to do.
    pub words: String,
}

/// What notices are made of.
#[derive(Debug, Default)]
pub(super) struct Facts {
    certificates: Vec<Dated>,
    lists: Vec<ListFact>,
    without_list: Vec<String>,
}

#[derive(Debug)]
struct Dated {
    what: String,
    not_before: Timestamp,
    not_after: Timestamp,
}

impl Facts {
    pub(super) fn of(
        settings: &TlsSettings,
        chain: &[CertificateDer<'_>],
        authorities: &Authorities,
        lists: Vec<ListFact>,
    ) -> Self {
        let leaf = chain.first().and_then(|der| X509Certificate::from_der(der).ok());
        let own = leaf.and_then(|(_, leaf)| dated("server certificate".to_owned(), &leaf));
        let above = authorities.each().filter_map(|read| dated(format!("authority {}", read.subject()), &read));
        let certificates = own.into_iter().chain(above).collect();
        let required = settings.revocation.as_ref().is_some_and(|revocation| revocation.required);
        let has_none = |read: &X509Certificate<'_>| lists.iter().all(|list| list.issuer != read.subject().as_raw());
        let without_list = match required {
            true => authorities.each().filter(has_none).map(|read| read.subject().to_string()).collect(),
            false => Vec::new(),
        };
        Self { certificates, lists, without_list }
    }

    /// The server's certificate and every authority, with the time left to each at `now`.
    pub(super) fn left(&self, now: Timestamp) -> Vec<(String, SignedDuration)> {
        self.certificates.iter().map(|one| (one.what.clone(), one.not_after.duration_since(now))).collect()
    }

    /// The server's own certificate is valid at `now`.
    pub(super) fn own_is_current(&self, now: Timestamp) -> bool {
        self.certificates.first().is_none_or(|own| own.not_before <= now && now <= own.not_after)
    }

    pub(super) fn notices(&self, now: Timestamp) -> Vec<Notice> {
        let certificates = self.certificates.iter().filter_map(|one| one.notice(now));
        let stale = self.lists.iter().filter(|list| list.next_update <= now).map(|list| Notice {
            name: format!("CRL_STALE {}", list.file),
            words: format!("its next list was to come at {}: fetch it into tls.crl_folder", list.next_update),
        });
        let missing = self.without_list.iter().map(|issuer| Notice {
            name: format!("CRL_MISSING {issuer}"),
            words: "everybody under it is refused: put its revocation list into tls.crl_folder".to_owned(),
        });
        certificates.chain(stale).chain(missing).collect()
    }
}

impl Dated {
    fn notice(&self, now: Timestamp) -> Option<Notice> {
        let days = expiry::due_of(self.not_before, self.not_after, now)?;
        let words = if self.not_after < now {
            format!("ran out at {}: replace it now", self.not_after)
        } else {
            format!("runs out at {}, within {days} days: replace it", self.not_after)
        };
        Some(Notice { name: format!("CERTIFICATE_EXPIRES {}", self.what), words })
    }
}

fn dated(what: String, read: &X509Certificate<'_>) -> Option<Dated> {
    let moment = |seconds| Timestamp::from_second(seconds).ok();
    let validity = read.validity();
    let (not_before, not_after) = (validity.not_before.timestamp(), validity.not_after.timestamp());
    Some(Dated { what, not_before: moment(not_before)?, not_after: moment(not_after)? })
}

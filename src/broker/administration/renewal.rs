//! Renewal: everybody for their own identity, a few times while the certificates are good, so that nobody fills the register.

use jiff::Timestamp;
use ring::digest::{SHA256, digest};

use super::{NewCertificate, certificates::put, documents};
use crate::{
    broker::{Broker, Error, Request},
    domain::{grants::CallPermit, violation::Violations},
    store::{Change, Expect, Shelf},
};

/// A renewal that was made: the certificate's serial number, and until when it is good.
pub(super) type Renewal = (String, Timestamp);

impl Broker {
    /// The next certificate of whoever calls, for the key of the request; for the caller's own identity only.
    pub async fn renew_certificate(
        &self,
        permit: &CallPermit,
        request: Request,
        csr: &[u8],
    ) -> Result<NewCertificate, Error> {
        let once = self.once_by(permit, request);
        if let Some(first) = self.store.answered(&once).await? {
            let certificate = documents::take_certificate(&first.answer)?;
            return Ok(NewCertificate { certificate, bundle: self.issuer()?.bundle()? });
        }
        let (issuer, who) = (self.issuer()?, permit.identity().as_str());
        if issuer.read(csr, None)?.holder != who {
            let mut violations = Violations::default();
            violations.add("request", "ask for your own identity: nobody renews another's certificate");
            return Err(Error::Invalid(violations));
        }
        let (expect, mut good) = self.good_renewals(who).await?;
        if good.len() >= self.most_renewals {
            return Err(Error::Precondition {
                reason: "RENEWED_TOO_OFTEN",
                advice: "use a certificate that is good; have the others revoked, or wait until one runs out",
            });
        }
        let renewed = self.signed(csr, None).await?;
        let certificate = &renewed.certificate;
        good.push((certificate.serial.clone(), certificate.not_after));
        let (name, bytes) = (name_of(who), Some(documents::put_renewals(&good)));
        let renewals = Change { shelf: Shelf::Renewals, name, expect, bytes };
        let entry = self.step_entry(who, "RENEW_CERTIFICATE", vec![format!("serial={}", certificate.serial)]);
        let answer = documents::put_certificate(certificate);
        let accepted = self.step(once, vec![put(certificate), renewals], entry, answer).await?;
        self.remember_issued(certificate);
        Ok(NewCertificate { certificate: documents::take_certificate(&accepted.answer)?, ..renewed })
    }

    /// The renewals of an identity whose certificates are neither out of time nor revoked.
    async fn good_renewals(&self, who: &str) -> Result<(Expect, Vec<Renewal>), Error> {
        let Some(kept) = self.store.document(Shelf::Renewals, &name_of(who)).await? else {
            return Ok((Expect::New, Vec::new()));
        };
        let (now, (_, revoked)) = (self.now(), self.revocations().await?);
        let mut renewals = documents::take_renewals(&kept.bytes)?;
        renewals.retain(|(serial, until)| *until >= now && !revoked.iter().any(|one| one.serial == *serial));
        Ok((Expect::Version(kept.version), renewals))
    }
}

/// The document of an identity: a digest, for an identity may be longer than a name.
fn name_of(who: &str) -> String {
    hex::encode(digest(&SHA256, who.as_bytes()))
}

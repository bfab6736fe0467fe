//! Renewal: everybody for their own identity, a few times while the certificates are good, so that nobody fills the register.

use jiff::Timestamp;
use ring::digest::{SHA256, digest};

use super::{NewCertificate, certificates::put, documents};
use crate::{
    broker::{Broker, Error, Request},
    domain::{grants::CallPermit, violation::Violations},
    store::{Amendment, Change, Expect, Once, Seen, Shelf, StoreError},
};

/// Others may be revoked at the same moment.
const TRIES: usize = 8;

/// A renewal that was made: the certificate's serial number, and until when it is good.
pub(super) type Renewal = (String, Timestamp);

impl Broker {
    /// The next certificate of whoever calls, for the key of the request; for the caller's own identity only, and not for one who is
    /// revoked by the time it is kept.
    pub async fn renew_certificate(
        &self,
        permit: &CallPermit,
        request: Request,
        csr: &[u8],
    ) -> Result<NewCertificate, Error> {
        let once = self.once_by(permit, request);
        if let Some(first) = self.store.answered(&once).await? {
            let certificate = documents::take_certificate(&first.answer)?;
            return Ok(NewCertificate { certificate, bundle: self.bundle().await? });
        }
        if self.asked_for(csr, None).await?.holder != permit.identity().as_str() {
            let mut violations = Violations::default();
            violations.add("request", "ask for your own identity: nobody renews another's certificate");
            return Err(Error::Invalid(violations));
        }
        for _ in 0..TRIES {
            match self.renew(permit, &once, csr).await {
                // Somebody was revoked meanwhile, perhaps the caller; or another renewal of theirs was quicker.
                Err(error) if error.is_conflict() => {}
                done => return done,
            }
        }
        Err(StoreError::Conflict.into())
    }

    /// One try: it is kept only while the list of revocations is as it was when the caller was not on it.
    async fn renew(&self, permit: &CallPermit, once: &Once, csr: &[u8]) -> Result<NewCertificate, Error> {
        let who = permit.identity().as_str();
        let (seen, revoked) = self.unrevoked(permit.serial()).await?;
        let (Seen { version, name, .. }, mut good) = self.renewals_of(who).await?;
        let now = self.now();
        good.retain(|(serial, until)| *until >= now && !revoked.iter().any(|one| one.serial == *serial));
        if good.len() >= self.most_renewals {
            return Err(Error::Precondition {
                reason: "RENEWED_TOO_OFTEN",
                advice: "use a certificate that is good; have the others revoked, or wait until one runs out",
            });
        }
        let renewed = self.signed(csr, None).await?;
        let certificate = &renewed.certificate;
        good.push((certificate.serial.clone(), certificate.not_after));
        let expect = if version == 0 { Expect::New } else { Expect::Version(version) };
        let bytes = Some(documents::put_renewals(&good));
        let changes = vec![put(certificate), Change { shelf: Shelf::Renewals, name, expect, bytes }];
        let entry = self.step_entry(who, "RENEW_CERTIFICATE", vec![format!("serial={}", certificate.serial)]);
        let (once, answer) = (Some(once.clone()), documents::put_certificate(certificate));
        let amendment = Amendment { once, changes, entries: vec![entry], answer };
        let accepted = self.amend_while(Some(seen), amendment).await?;
        if !accepted.replayed {
            self.remember_issued(certificate);
        }
        Ok(NewCertificate { certificate: documents::take_certificate(&accepted.answer)?, ..renewed })
    }

    /// The renewals of an identity, with the version of the document that says so.
    pub(super) async fn renewals_of(&self, who: &str) -> Result<(Seen, Vec<Renewal>), Error> {
        let name = name_of(who);
        let kept = self.store.document(Shelf::Renewals, &name).await?;
        let version = kept.as_ref().map_or(0, |kept| kept.version);
        let renewals = kept.map(|kept| documents::take_renewals(&kept.bytes)).transpose()?.unwrap_or_default();
        Ok((Seen { shelf: Shelf::Renewals, name, version }, renewals))
    }
}

/// The document of an identity: a digest, for an identity may be longer than a name.
fn name_of(who: &str) -> String {
    hex::encode(digest(&SHA256, who.as_bytes()))
}

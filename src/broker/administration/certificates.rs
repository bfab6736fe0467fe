//! Certificates: enrolled by two persons, listed as a calendar. What was issued with the
//! authority's folder is taken over, so that one list has all.

use std::{collections::BTreeSet, sync::Arc};

use jiff::Timestamp;

use super::{
    Asked, Issuer, IssuerError, Looks, NewCertificate, Register,
    approval::{Effect, Proposing, details},
    documents,
    issuer::SignedList,
};
use crate::{
    broker::{Broker, Error, Request},
    domain::{
        approval::{Proposal, ProposalKind},
        grants::CallPermit,
    },
    store::{Amendment, Change, Expect, Shelf, StoreError},
};

/// The alarm of a register that cannot be read.
const REGISTER_ALARM: &str = "CERTIFICATE_REGISTER";

/// A certificate that was issued.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Certificate {
    /// Serial number, lower-case hex.
    pub serial: String,
    /// Identity of a client; `server` and names otherwise.
    pub holder: String,
    /// Valid from this second.
    pub not_before: Timestamp,
    /// Valid through this second.
    pub not_after: Timestamp,
    /// Certificate and issuing authority in PEM; empty for one that was issued outside the broker.
    pub chain: String,
    /// Serial number of the authority's certificate that signed it; empty for a root, which nobody else signed.
    pub issuer: String,
    /// SHA-256 of it, in hexadecimal.
    pub fingerprint: String,
}

impl Broker {
    /// Proposes the certificate that a request asks for.
    pub async fn propose_certificate(
        &self,
        permit: &CallPermit,
        request: Request,
        csr: &[u8],
        days: Option<i32>,
    ) -> Result<Proposal, Error> {
        let asked = self.asked_for(csr, days).await?;
        let proposing = Proposing {
            kind: ProposalKind::Enrolment,
            subject: asked.holder,
            digest: asked.fingerprint,
            reason: String::new(),
            body: documents::put_enrolment(csr, days),
            changes: Vec::new(),
        };
        self.propose(permit, request, proposing).await
    }

    /// Signs what was proposed; approval, certificate and ledger entry are one step.
    pub(super) async fn enrol(
        &self,
        permit: &CallPermit,
        request: Request,
        proposal: &Proposal,
        approval: Change,
    ) -> Result<Effect, Error> {
        let (csr, days) = documents::take_enrolment(&proposal.body)?;
        let NewCertificate { certificate, bundle } = self.signed(&csr, days).await?;
        let proposal = Proposal { body: certificate.serial.clone().into_bytes(), ..proposal.clone() };
        let answer = documents::put_proposal(&proposal);
        let approval = Change { bytes: Some(answer.clone()), ..approval };
        let mut entry = self.step_entry(permit.identity().as_str(), "SIGN_CERTIFICATE", details(&proposal));
        entry.details.push(format!("serial={}", certificate.serial));
        let once = self.once_by(permit, request);
        let kept = self.step(once, vec![approval, put(&certificate)], entry, answer).await?;
        // Where the same call was at work through another broker, what was signed here is nobody's.
        if !kept.replayed {
            self.remember_issued(&certificate);
        }
        Ok(Effect::Enrolled(certificate, bundle))
    }

    /// The certificate of an enrolment that was approved.
    pub(super) async fn enrolled(&self, proposal: &Proposal) -> Result<Effect, Error> {
        let serial = String::from_utf8_lossy(&proposal.body).into_owned();
        let certificate = self.certificate(&serial).await?.ok_or(Error::NotFound)?;
        Ok(Effect::Enrolled(certificate, self.bundle().await?))
    }

    /// Certificates by serial number, after `after`, at most `limit`.
    pub async fn certificates(
        &self,
        _permit: &CallPermit,
        after: &str,
        limit: usize,
    ) -> Result<Vec<Certificate>, Error> {
        self.follow_register().await;
        let page = self.store.documents(Shelf::Certificate, after, limit).await?;
        page.iter().map(|document| documents::take_certificate(&document.bytes)).collect()
    }

    /// The revocation list as of now, signed.
    pub async fn revocation_list(&self, _permit: &CallPermit) -> Result<SignedList, Error> {
        let (_, revoked) = self.revocations().await?;
        self.ask_issuer(move |issuer| issuer.revocation_list(&revoked)).await
    }

    /// What everybody trusts, in PEM.
    pub async fn trust_bundle(&self, _permit: &CallPermit) -> Result<String, Error> {
        self.bundle().await
    }

    pub(super) async fn bundle(&self) -> Result<String, Error> {
        self.ask_issuer(|issuer| issuer.bundle()).await
    }

    /// What a request asks for.
    pub(super) async fn asked_for(&self, request: &[u8], days: Option<i32>) -> Result<Asked, Error> {
        let request = request.to_vec();
        self.ask_issuer(move |issuer| issuer.read(&request, days)).await
    }

    /// One certificate.
    pub(super) async fn certificate(&self, serial: &str) -> Result<Option<Certificate>, Error> {
        let document = self.store.document(Shelf::Certificate, serial).await?;
        document.map(|document| documents::take_certificate(&document.bytes)).transpose()
    }

    /// Puts on the shelf what was issued with the authority's folder since the last look.
    async fn take_over(&self, issuer: &Arc<dyn Issuer>, seen: &mut BTreeSet<String>) -> Result<(), Error> {
        let Register { issued, revoked, tainted } = issuer.register()?;
        for certificate in &issued {
            if seen.contains(&certificate.serial) {
                continue;
            }
            let entry = self.step_entry(
                "",
                "CERTIFICATE_TAKEN_OVER",
                vec![format!("serial={}", certificate.serial), format!("subject={}", certificate.holder)],
            );
            let changes = vec![put(certificate)];
            let amendment = Amendment { once: None, changes, entries: vec![entry], answer: Vec::new() };
            match self.store.amend(amendment).await {
                // There already, from an earlier start or another replica.
                Ok(_) | Err(StoreError::Conflict) => {}
                Err(error) => return Err(error.into()),
            }
            seen.insert(certificate.serial.clone());
        }
        self.take_over_tainted(tainted).await?;
        self.take_over_revocations(revoked).await
    }

    /// Takes over what was issued, tainted or revoked with the folder, if anything was. A register that cannot be read, or a store that is
    /// away, raises an alarm and stops nothing else, for revocations in the store must still be obeyed; it is tried again at the next look.
    /// True where anything may be new.
    pub async fn follow_register(&self) -> bool {
        let Some(issuer) = self.issuer.as_ref() else { return false };
        let mut taken_over = self.taken_over.lock().await;
        let looks = issuer.looks();
        if taken_over.looked == Some(looks) {
            return false;
        }
        match self.take_over(issuer, &mut taken_over.certificates).await {
            Ok(()) => {
                taken_over.looked = Some(looks);
                self.alarms.clear(REGISTER_ALARM);
            }
            Err(error) => {
                let words = match error {
                    Error::Internal(words) | Error::Unavailable(words) | Error::KeyUnavailable(words) => words,
                    other => other.to_string(),
                };
                self.alarms.raise(REGISTER_ALARM, &words, self.clock.now());
                return false;
            }
        }
        true
    }

    /// A certificate fresh from the authority, which is not one that somebody has tainted: a folder may be an old copy.
    pub(super) async fn signed(&self, request: &[u8], days: Option<i32>) -> Result<NewCertificate, Error> {
        let request = request.to_vec();
        let signed = self.ask_issuer(move |issuer| issuer.sign(&request, days)).await?;
        if self.standing().await?.1.is_out_of_use(&signed.certificate.issuer) {
            return Err(Error::Precondition {
                reason: "AUTHORITY_TAINTED",
                advice: "this broker's issuing authority is tainted or revoked, and signs nothing more: put the files of the \
                         one that was activated into the folder under [pki]",
            });
        }
        Ok(signed)
    }

    /// Asks whoever signs, who reads files and uses keys: not on the async threads.
    async fn ask_issuer<T: Send + 'static>(
        &self,
        ask: impl FnOnce(&dyn Issuer) -> Result<T, IssuerError> + Send + 'static,
    ) -> Result<T, Error> {
        let issuer = Arc::clone(self.issuer()?);
        let asked = tokio::task::spawn_blocking(move || ask(&*issuer)).await;
        Ok(asked.map_err(|_| Error::Internal("whoever signs failed".to_owned()))??)
    }

    fn issuer(&self) -> Result<&Arc<dyn Issuer>, Error> {
        self.issuer.as_ref().ok_or(Error::Precondition {
            reason: "ISSUING_NOT_CONFIGURED",
            advice: "name the authority's folder under [pki] in the daemon's configuration, or use `homeward pki` offline",
        })
    }
}

/// What of the issuer's own register is on the shelf.
#[derive(Debug, Default)]
pub(in crate::broker) struct TakenOver {
    /// How the register looked when all of it was taken over.
    looked: Option<Looks>,
    /// Serial numbers of certificates that are there.
    certificates: BTreeSet<String>,
}

/// The certificate, to be put on its shelf.
pub(super) fn put(certificate: &Certificate) -> Change {
    Change {
        shelf: Shelf::Certificate,
        name: certificate.serial.clone(),
        expect: Expect::New,
        bytes: Some(documents::put_certificate(certificate)),
    }
}

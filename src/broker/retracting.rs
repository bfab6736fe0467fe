//! Corrections and recalls (DPA s.38): a whole new submission in the place of one, or one taken back. Whoever has read it is told and
//! acknowledges it, late ones are escalated like any other delivery; what nobody had read is closed. No class falls by it, and what
//! was submitted under the statutory duty is never taken back: a correction may only add to it. Whom a correction accuses is kept from
//! what it corrects too, and is told of neither (D08).

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

use super::{
    Broker, Error, Handle, Receipt, Request, Submission, Turn,
    dispatch::later,
    filing::{Standing, Succeeding},
    onward::WITHOUT_DEADLINE,
    why::{Shown, Why},
};
use crate::{
    domain::{
        code::Class,
        decision::Flag,
        delivery::{Delivery, Settled},
        grants::{QueuePermit, ReadPermit, SubmitPermit},
        queue::QueueId,
        redaction::WITHHELD,
        retraction::{Retraction, RetractionKind},
        submission::Reading,
        text::Text,
        violation::{Violation, Violations},
    },
    ledger::{Entry, Verb},
    sealing::{Note, SealError, SealedRecordAt, open_note, seal_note},
    store::{self, Keep, KeptFrom, Once, Record, Retract, Settle, StoreError, Stored},
};

/// Referrals that one stands in the place of, at most.
const MOST_CORRECTIONS: usize = 20;

/// What becomes of what nobody has read.
#[derive(Clone, Copy)]
struct Unread {
    /// Its queue is told, where no delivery of the successor does.
    is_told: bool,
    /// It stays to be read.
    is_kept: bool,
}

/// Reads a submission as it was received.
pub type Reader = fn(&[u8]) -> Option<Reading>;

/// A submission in the place of another.
pub struct Correction<'a> {
    /// The referral that it corrects.
    pub referral: Uuid,
    /// Why, in words; redacted for each reader.
    pub reason: Text,
    /// What is right.
    pub submission: Submission<'a>,
}

/// A referral is taken back.
#[derive(Debug, Clone)]
pub struct Recalling {
    /// The referral.
    pub referral: Uuid,
    /// Why, in words; redacted for each reader.
    pub reason: Text,
    /// Who recalls: scheme, id, role.
    pub actor: [Text; 3],
}

/// What a notice says.
#[derive(Debug, Clone)]
pub struct Acknowledged {
    /// The notice, settled.
    pub delivery: Delivery,
    /// Why, as its readers may read it: [`WITHHELD`] where it was sealed for nobody who reads as they do; empty once the record was erased.
    pub reason: Text,
}

impl Broker {
    /// Accepts a correction and returns its receipt. `permit` is for what is submitted, `reads` for what it corrects.
    pub async fn correct(
        &self,
        (permit, reads): (&SubmitPermit, &ReadPermit),
        correction: Correction<'_>,
        read: Reader,
        turn: Turn,
    ) -> Result<Receipt, Error> {
        let Correction { referral, reason, submission } = correction;
        let once = Once {
            caller: permit.identity().as_str().to_owned(),
            method: "CorrectReferral",
            request: submission.request,
            digest: submission.digest,
            keep: Keep::WithRecord,
        };
        if let Some(first) = self.store.answered(&once).await? {
            return match self.receipt(&first)? {
                Some(receipt) => Ok(receipt),
                // What was accepted is the alert alone (D04): refused as the first time.
                None => self.judged(permit, submission, (once, None), turn).await,
            };
        }
        let stored = self.retractable(reads, referral).await?;
        if stored.record.on_behalf_of != permit.on_behalf_of() {
            return Err(Error::Invalid(Violations(vec![Violation::new(
                "submission.envelope.on_behalf_of",
                "give the authority of the referral that it corrects; where that is what is wrong, recall it and submit anew",
            )])));
        }
        let (now, id) = (self.now(), submission.request);
        let retraction = Retraction { kind: RetractionKind::Corrected, at: now, id, successor: None };
        let chain = self.chain(&stored).await?;
        if chain.len() > MOST_CORRECTIONS {
            return Err(Error::Precondition {
                reason: "CORRECTED_TOO_OFTEN",
                advice: "it has been corrected 20 times: recall it, and submit what is right anew",
            });
        }
        let why = Why { reason: &reason, right: Some(&submission.reading), read };
        let retracts = self.retracts(&chain, (&retraction, why), permit.identity().as_str()).await?;
        let succeeding = Succeeding {
            record: referral,
            class: stored.record.class,
            before: self.standing_before(&stored).await?,
            is_statutory: self.is_statutory(&stored)?,
            excluded: stored.record.excluded.clone(),
            retracts,
        };
        self.judged(permit, submission, (once, Some(succeeding)), turn).await.map_err(changed_meanwhile)
    }

    /// Recalls a referral; answers with when.
    pub async fn recall(
        &self,
        permit: &ReadPermit,
        request: Request,
        recalling: Recalling,
        read: Reader,
    ) -> Result<Timestamp, Error> {
        let who = permit.identity().as_str();
        let once = Once {
            caller: who.to_owned(),
            method: "RecallReferral",
            request: request.id,
            digest: request.digest,
            keep: Keep::WithRecord,
        };
        if let Some(first) = self.store.answered(&once).await? {
            return moment(&first.answer);
        }
        let stored = self.retractable(permit, recalling.referral).await?;
        if self.is_statutory(&stored)? {
            return Err(Error::Precondition {
                reason: "STATUTORY_DUTY",
                advice: "it was submitted under the duty to report child sexual abuse: nobody takes it back; correct it, which adds",
            });
        }
        let _until_recalled = self.turn(permit.identity()).await?;
        let now = self.now();
        let retraction = Retraction { kind: RetractionKind::Recalled, at: now, id: request.id, successor: None };
        let why = Why { reason: &recalling.reason, right: None, read };
        let mut retracts = self.retracts(&self.chain(&stored).await?, (&retraction, why), who).await?;
        let actor = self.keyring.reference("actor", &recalling.actor.each_ref().map(Text::reveal));
        retracts.iter_mut().for_each(|one| one.entry.actor = Some(actor));
        let accepted = self.store.recall(once, retracts, now.to_string().into_bytes()).await;
        moment(&accepted.map_err(|error| changed_meanwhile(error.into()))?.answer)
    }

    /// Acknowledges a notice under a live lease, and tells why.
    pub async fn acknowledge(
        &self,
        permit: &QueuePermit,
        request: Request,
        handle: Handle,
    ) -> Result<Acknowledged, Error> {
        let now = self.now();
        let Stored { record, deliveries, erased, .. } =
            self.store.find(handle.delivery.record).await?.ok_or(Error::NotFound)?;
        let delivery = deliveries.into_iter().find(|found| found.id == handle.delivery).ok_or(Error::NotFound)?;
        let own = permit.identity();
        if self.is_kept_from(&record, permit) {
            self.is_lost_to(permit.identity(), &delivery, now)?;
        }
        let notice = delivery.header.notice.as_ref().ok_or(Error::Precondition {
            reason: "NOT_A_NOTICE",
            advice: "settle it with an outcome: only a notice of a correction or a recall is acknowledged",
        })?;
        let mut entry = self.officer_entry(permit, Verb::Consultation, "ACKNOWLEDGE_NOTICE", now);
        entry.record = Some(record.id);
        entry.deliveries.push(handle.delivery);
        entry.details.push(format!("notice={}", notice.kind));
        let reason = match erased {
            Some(_) => Text::default(),
            None => self.reason_of(&record, &delivery, notice).await?,
        };
        let settled = Settled {
            at: now,
            by: own.as_str().to_owned(),
            outcome: "acknowledged".to_owned(),
            reason: None,
            release_detail: false,
            note: Vec::new(),
        };
        let once = self.once_with_record(permit, request);
        let delivery =
            self.store.settle(once, self.held(permit, handle, now), Settle::Acknowledge(settled), entry).await?;
        Ok(Acknowledged { delivery, reason })
    }

    async fn reason_of(&self, record: &Record, delivery: &Delivery, notice: &Retraction) -> Result<Text, Error> {
        let Some(step) = delivery.history.iter().find(|step| !step.note.is_empty()) else {
            return Ok(Text::from(WITHHELD));
        };
        let (place, sealed) = self.sealed_of(record).await?;
        let purpose = notice.purpose(&delivery.header.queue);
        let note = Note { number: 0, purpose: &purpose };
        match open_note(SealedRecordAt { sealed: &sealed, place: &place }, note, &step.note, &self.keyring) {
            Err(SealError::Erased) => Ok(Text::default()),
            opened => Ok(opened?),
        }
    }

    /// The caller's own referral, neither corrected nor recalled.
    async fn retractable(&self, permit: &ReadPermit, id: Uuid) -> Result<Stored, Error> {
        let stored = self.store.find(id).await?.ok_or(Error::NotFound)?;
        if stored.record.linked_from.is_some() || !self.shows(permit, &stored.record) {
            return Err(Error::NotFound);
        }
        match stored.retractions.last().map(|last| last.kind) {
            None => Ok(stored),
            Some(RetractionKind::Corrected) => Err(Error::Precondition {
                reason: "CORRECTED_ALREADY",
                advice: "another referral stands in its place: correct or recall that one; GetReferral names it",
            }),
            Some(RetractionKind::Recalled) => Err(Error::Precondition {
                reason: "RECALLED_ALREADY",
                advice: "it was taken back: submit what is right anew",
            }),
        }
    }

    /// Whether it was submitted under the statutory duty (R02, R03).
    pub(super) fn is_statutory(&self, stored: &Stored) -> Result<bool, Error> {
        let Some(kept) = &stored.kept else { return Ok(false) };
        let receipt = Receipt::decode(&kept.answer, kept.ledger_index, &kept.root, &self.log)?;
        Ok(receipt.is_some_and(|receipt| receipt.flags.iter().any(|flag| flag == Flag::StatutoryNotification.code())))
    }

    /// How each queue stands with it and with what is linked from it: no delivery of its successor stands lower or waits longer.
    async fn standing_before(&self, stored: &Stored) -> Result<BTreeMap<QueueId, Standing>, Error> {
        let mut all = stored.deliveries.clone();
        for linked in &stored.record.linked {
            all.extend(self.store.find(*linked).await?.map(|found| found.deliveries).unwrap_or_default());
        }
        let mut before: BTreeMap<QueueId, Standing> = BTreeMap::new();
        for delivery in all.iter().filter(|one| !one.is_notice() && !one.is_nobodys()) {
            let unread = delivery.settled.is_none() && !delivery.was_read();
            let due = |due: Option<Timestamp>| due.filter(|_| unread);
            let (ack_due, decide_due) = (due(delivery.header.ack_due), due(delivery.header.decide_due));
            let standing = Standing { class: delivery.class(), ack_due, decide_due };
            let known = before.entry(delivery.header.queue.clone()).or_insert_with(|| standing.clone());
            *known = known.and(&standing);
        }
        Ok(before)
    }

    /// A referral and those in whose place it stands, the newest first.
    async fn chain(&self, stored: &Stored) -> Result<Vec<Stored>, Error> {
        let mut chain = vec![stored.clone()];
        while let Some(id) = chain.last().and_then(|last| last.record.corrects) {
            chain.push(self.store.find(id).await?.ok_or(Error::NotFound)?);
        }
        Ok(chain)
    }

    /// What becomes of the referral, of what is linked from it, and of those in whose place it stands.
    async fn retracts(
        &self,
        chain: &[Stored],
        (retraction, why): (&Retraction, Why<'_>),
        who: &str,
    ) -> Result<Vec<Retract>, Error> {
        let words = self.shown_to(chain, why).await?;
        let corrected = retraction.kind == RetractionKind::Corrected;
        let mut retracts = Vec::new();
        for (earlier, subject) in chain.iter().enumerate() {
            let is_kept = corrected && self.is_statutory(subject)?;
            let unread = Unread { is_told: earlier == 0 && corrected, is_kept };
            retracts.push(self.retract(subject, (retraction, unread), &words, who).await?);
            for id in &subject.record.linked {
                let linked = self.store.find(*id).await?.ok_or(Error::NotFound)?;
                retracts.push(self.retract(&linked, (retraction, unread), &words, who).await?);
            }
        }
        Ok(retracts)
    }

    async fn retract(
        &self,
        stored: &Stored,
        (retraction, unread): (&Retraction, Unread),
        words: &Shown,
        who: &str,
    ) -> Result<Retract, Error> {
        let record = &stored.record;
        let sealed = self.sealed_of(record).await?;
        let at = SealedRecordAt { sealed: &sealed.1, place: &sealed.0 };
        let mut classes: BTreeMap<QueueId, Class> = BTreeMap::new();
        // Whom the record is kept from already hears nothing, whatever becomes of it.
        let mut kept_from = KeptFrom::default();
        for delivery in &stored.deliveries {
            if self.excludes_queue(record, &delivery.header.queue) {
                kept_from.queues.push(delivery.header.queue.clone());
                continue;
            }
            let class = classes.entry(delivery.header.queue.clone()).or_insert(Class::P3);
            *class = delivery.class().min(*class);
        }
        let (now, rulebook) = (retraction.at, self.rulebook());
        let otherwise = later(now, WITHOUT_DEADLINE);
        let mut notices = Vec::new();
        for (queue, class) in classes {
            let purpose = retraction.purpose(&queue);
            let text = words.get(self.lenses(&queue)).map_or(WITHHELD, Text::reveal);
            let note = Note { number: 0, purpose: &purpose };
            let note = match seal_note(at, note, text, &self.keyring, &*self.entropy) {
                // Whoever has read it is told that it was retracted, and nobody why: so it is with all that was said of it.
                Err(SealError::Erased) => Vec::new(),
                sealed => sealed?,
            };
            let (due, _) = rulebook.policy.due(&queue, class, now);
            notices.push(store::Notice { queue, due: due.unwrap_or(otherwise), note });
        }
        let action = match retraction.kind {
            RetractionKind::Corrected => "CORRECT_REFERRAL",
            RetractionKind::Recalled => "RECALL_REFERRAL",
        };
        let entry = Entry {
            at: now,
            verb: Verb::Alteration,
            action: action.to_owned(),
            who: who.to_owned(),
            actor: None,
            record: Some(record.id),
            deliveries: Vec::new(),
            recipients: Vec::new(),
            details: Vec::new(),
            commitment: None,
        };
        let (record, before, retraction) = (record.id, stored.retractions.len(), retraction.clone());
        let due = later(now, SignedDuration::from_hours(1));
        let (tell_unread, keeps_unread) = (unread.is_told, unread.is_kept);
        Ok(Retract {
            record,
            before,
            retraction,
            notices,
            due,
            successors: Vec::new(),
            tell_unread,
            keeps_unread,
            kept_from,
            entry,
        })
    }
}

fn moment(answer: &[u8]) -> Result<Timestamp, Error> {
    let text = std::str::from_utf8(answer).unwrap_or_default();
    text.parse().map_err(|_| Error::Internal("a kept recall cannot be read".to_owned()))
}

/// Somebody else corrected or recalled it at the same moment.
fn changed_meanwhile(error: Error) -> Error {
    match error {
        Error::Precondition { reason: "WRONG_STATE", .. } => StoreError::Conflict.into(),
        other => other,
    }
}

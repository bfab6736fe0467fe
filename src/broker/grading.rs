//! Confirming grades: police intelligence says what an item is worth, beside what was proposed (domain 2.2).

use jiff::Timestamp;
use uuid::Uuid;

use super::{Broker, Error, Handle, Request, dispatch::is_theirs};
use crate::{
    domain::{
        delivery::{Delivery, ItemHeader},
        grading::{ConfirmedGrade, Grade},
        grants::QueuePermit,
        policy::QueueSide,
        text::Text,
        unit::{Part, UnitLabel},
    },
    ledger::Verb,
    sealing::{Note, Place, SealError, SealedRecordAt, open_note, seal_note},
    store::{Record, Settle, Stored},
};

/// How one item is graded, as the reader of a part of it sees it.
#[derive(Debug, Clone)]
pub struct ItemGrading {
    /// What was proposed.
    pub item: ItemHeader,
    /// What was confirmed, oldest first.
    pub confirmed: Vec<GradeVersion>,
}

/// One version of a confirmed grade with its words.
#[derive(Debug, Clone)]
pub struct GradeVersion {
    /// Who, when and what.
    pub grade: ConfirmedGrade,
    /// The written instructions; blank with `P`.
    pub instructions: Text,
    /// Why; blank where there is none, and for readers of part B.
    pub reason: Text,
}

/// The words of a confirmed grade that are sealed, each under its own label.
#[derive(Debug, Clone, Copy)]
enum Words {
    Instructions,
    Reason,
}

impl Broker {
    /// The delivery to compare a grade with: none where the caller does not hold it, so that nobody learns from the answer
    /// what was proposed. An accused is refused before anything is compared (D08).
    pub async fn to_grade(&self, permit: &QueuePermit, handle: &Handle) -> Result<Option<Delivery>, Error> {
        let now = self.now();
        let (record, delivery) = self.found(handle.delivery).await?;
        self.may_grade(permit, (&record, &delivery), now)?;
        let lease = delivery.live_lease(&handle.token, now);
        let holds = lease.is_some_and(|lease| lease.holder == permit.identity().as_str());
        if holds {
            is_theirs(&delivery)?;
        }
        Ok(holds.then_some(delivery))
    }

    /// Confirms the grade of one item under a live lease. Linked records that carry the item show it too; nothing that
    /// was confirmed before is touched.
    pub async fn confirm_grading(
        &self,
        permit: &QueuePermit,
        request: Request,
        handle: Handle,
        (item, grade): (u16, &Grade),
    ) -> Result<Delivery, Error> {
        let now = self.now();
        let (record, delivery) = self.found(handle.delivery).await?;
        self.may_grade(permit, (&record, &delivery), now)?;
        let kept = ConfirmedGrade {
            item,
            version: 0,
            id: request.id,
            source: grade.source,
            information: grade.information,
            handling: grade.handling.code(),
            instructions: Vec::new(),
            reason: Vec::new(),
            by: permit.identity().as_str().to_owned(),
            at: now,
            leg: Some(handle.delivery.leg),
        };
        let mut grades = vec![(record.id, self.with_words(record.id, kept.clone(), grade).await?)];
        for other in self.carrying(&record, item).await? {
            let there = ConfirmedGrade { leg: None, ..kept.clone() };
            grades.push((other, self.with_words(other, there, grade).await?));
        }
        let mut entry = self.entry_about(permit, (Verb::Alteration, "CONFIRM_GRADING"), handle.delivery, now);
        entry.details.push(format!("item={item}"));
        let once = self.once_with_record(permit, request);
        Ok(self.store.settle(once, self.held(permit, handle, now), Settle::Grade(grades), entry).await?)
    }

    /// Not the accused or their unit, and on a police queue only. Where they hold nothing of it, the store says what anybody hears then.
    fn may_grade(
        &self,
        permit: &QueuePermit,
        (record, delivery): (&Record, &Delivery),
        now: Timestamp,
    ) -> Result<(), Error> {
        if self.accuses(record, permit.identity()) || self.excludes_queue(record, permit.queue()) {
            self.is_lost_to(permit.identity(), delivery, now)?;
        }
        let rulebook = self.rulebook();
        let kind = rulebook.policy.queues.kind_of(permit.queue());
        if kind.is_none_or(|kind| kind.side != QueueSide::Police) {
            return Err(Error::Precondition {
                reason: "NOT_A_POLICE_DELIVERY",
                advice: "confirm the grade on a delivery of a police queue that carries the item",
            });
        }
        Ok(())
    }

    /// Other records of the same submission that carry this item: the subject's and those of other children.
    async fn carrying(&self, record: &Record, item: u16) -> Result<Vec<Uuid>, Error> {
        let mut family = record.linked.clone();
        if let Some(subject) = record.linked_from {
            let stored = self.store.find(subject).await?.ok_or(Error::NotFound)?;
            family.extend(stored.record.linked);
            family.push(subject);
        }
        let mut carrying = Vec::new();
        for id in family.into_iter().filter(|id| *id != record.id) {
            let Some(Stored { deliveries, .. }) = self.store.find(id).await? else { continue };
            if deliveries.iter().any(|delivery| delivery.item(item).is_some()) {
                carrying.push(id);
            }
        }
        Ok(carrying)
    }

    /// The grade with its words sealed under this record's key.
    async fn with_words(&self, record: Uuid, kept: ConfirmedGrade, grade: &Grade) -> Result<ConfirmedGrade, Error> {
        let (place, sealed) = self.sealed(record).await?;
        let at = SealedRecordAt { sealed: &sealed, place: &place };
        let seal = |words: Words, text: &Text| {
            if text.is_blank() {
                return Ok(Vec::new());
            }
            let note = Note { number: kept.item, purpose: &words.purpose(kept.id) };
            match seal_note(at, note, text.reveal(), &self.keyring, &*self.entropy) {
                // Nobody holds it any longer: the store gives the first answer again, or says that the lease is lost.
                Err(SealError::Erased) => Ok(Vec::new()),
                sealed => sealed,
            }
        };
        let instructions = grade.handling.instructions().map(|text| seal(Words::Instructions, text)).transpose()?;
        let reason = seal(Words::Reason, &grade.reason)?;
        Ok(ConfirmedGrade { instructions: instructions.unwrap_or_default(), reason, ..kept.clone() })
    }

    /// How the item of an opened part A or B is graded; the reasons belong to the source side, so part A has them.
    pub(super) fn grading_of(
        &self,
        unit: UnitLabel,
        delivery: &Delivery,
        (place, sealed): (&Place, &[u8]),
    ) -> Result<Option<ItemGrading>, Error> {
        if !matches!(unit.part, Part::Provenance | Part::Item) {
            return Ok(None);
        }
        let Some(item) = unit.item.and_then(|number| delivery.item(number)) else { return Ok(None) };
        let at = SealedRecordAt { sealed, place };
        let opened = |grade: &ConfirmedGrade, words: Words, sealed: &[u8]| {
            if sealed.is_empty() {
                return Ok(Text::default());
            }
            open_note(at, Note { number: grade.item, purpose: &words.purpose(grade.id) }, sealed, &self.keyring)
        };
        let mut confirmed = Vec::new();
        for grade in delivery.confirmed.iter().filter(|grade| grade.item == item.number) {
            let reason: &[u8] = if unit.part == Part::Provenance { &grade.reason } else { &[] };
            confirmed.push(GradeVersion {
                instructions: opened(grade, Words::Instructions, &grade.instructions)?,
                reason: opened(grade, Words::Reason, reason)?,
                grade: grade.clone(),
            });
        }
        Ok(Some(ItemGrading { item: item.clone(), confirmed }))
    }
}

impl Words {
    /// Bound to one confirmation: its words open for no other version.
    fn purpose(self, id: Uuid) -> String {
        let word = match self {
            Self::Instructions => "instructions",
            Self::Reason => "reason",
        };
        format!("grade/{}/{word}", id.hyphenated())
    }
}

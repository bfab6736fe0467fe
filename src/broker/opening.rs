//! Opening: the audited consultation. Content is in clear only here, after a permit for that unit.

use super::{Broker, Error, Handle, ItemGrading, rejecting::note_of};
use crate::{
    domain::{
        delivery::Delivery,
        grants::{OpenPermit, OpenRequest, QueuePermit},
        history::Step,
        identity::Organisation,
        queue::QueueId,
        retraction::purpose,
        text::Text,
        unit::{Part, UnitLabel, View},
    },
    ledger::Verb,
    sealing::{Note, Place, SealedRecordAt, open, open_note, open_original, seal_note},
    store::Record,
};

/// One unit, opened.
#[derive(Debug, Clone)]
pub struct Opened {
    /// Which unit.
    pub unit: UnitLabel,
    /// What it says. The original is the field `submission`, in the protobuf form as received, hex, and what its sender answered
    /// since, as it was given.
    pub view: View,
    /// The delivery as it now is: the first opening acknowledged it.
    pub delivery: Delivery,
    /// For parts A and B, how the item is graded.
    pub grading: Option<ItemGrading>,
    /// What colleagues wrote about the delivery, by the steps of its history.
    pub notes: Vec<Text>,
}

impl Broker {
    /// Opens one unit of a leased delivery. The ledger entry is durable before content leaves the broker.
    pub async fn open(
        &self,
        permit: &QueuePermit,
        handle: Handle,
        unit: (Part, Option<u16>),
        reason: &str,
    ) -> Result<Opened, Error> {
        let now = self.clock.now();
        let stored = self.store.find(handle.delivery.record).await?.ok_or(Error::NotFound)?;
        let delivery = stored.deliveries.iter().find(|found| found.id == handle.delivery).ok_or(Error::NotFound)?;
        // First: whoever holds nothing of it learns nothing about whom the record accuses.
        if delivery.live_lease(&handle.token, now).is_none_or(|lease| lease.holder != permit.identity().as_str()) {
            return Err(Error::LeaseLost);
        }
        let opened = self.may_open(permit, (&stored.record, delivery), unit, reason)?;
        let (place, sealed) = self.sealed_of(&stored.record).await?;
        let mut view = self.unsealed(&sealed, opened.unit(), &place)?;
        if unit.0 == Part::Original {
            let given = self.given(&stored.deliveries, SealedRecordAt { sealed: &sealed, place: &place })?;
            for (number, (question, text)) in given.into_iter().enumerate() {
                view.push(format!("answers[{number}].clarification_id"), question);
                view.push(format!("answers[{number}].text"), text);
            }
        }
        let mut entry = self.entry_about(permit, (Verb::Consultation, "OPEN_PART"), handle.delivery, now);
        entry.details.push(format!("unit={}", opened.unit().name()));
        if !reason.trim().is_empty() {
            let at = SealedRecordAt { sealed: &sealed, place: &place };
            let note = Note { number: handle.delivery.leg, purpose: "open" };
            let sealed_reason = seal_note(at, note, reason, &self.keyring, &*self.entropy)?;
            entry.details.push(format!("sealed_reason={}", hex::encode(sealed_reason)));
        }
        let delivery = self.store.opened(self.held(permit, handle, now), opened.unit(), entry).await?;
        let unit = opened.unit();
        let grading = self.grading_of(unit, &delivery, (&place, &sealed))?;
        let notes = self.notes((&delivery, &stored.deliveries), SealedRecordAt { sealed: &sealed, place: &place })?;
        Ok(Opened { unit, view, delivery, grading, notes })
    }

    /// The notes of a delivery's history, one a step, empty where nothing was written.
    fn notes(&self, (delivery, all): (&Delivery, &[Delivery]), at: SealedRecordAt<'_>) -> Result<Vec<Text>, Error> {
        let opened = |step: &Step| match step.note.as_slice() {
            [] => Ok(Text::default()),
            sealed => {
                let (number, purpose) = match step.kind.is_mark() {
                    true => (0, purpose(step.id, &delivery.header.queue)),
                    false => (delivery.sealed_on(step, all), note_of(step.id)),
                };
                open_note(at, Note { number, purpose: &purpose }, sealed, &self.keyring)
            }
        };
        Ok(delivery.history.iter().map(opened).collect::<Result<_, _>>()?)
    }

    /// The permit to open this part and item of the delivery.
    pub(super) fn may_open(
        &self,
        permit: &QueuePermit,
        (record, delivery): (&Record, &Delivery),
        unit: (Part, Option<u16>),
        reason: &str,
    ) -> Result<OpenPermit, Error> {
        let excluded_queues = self.excluded_queues(record);
        let ask = OpenRequest {
            unit: the_unit(delivery, unit)?,
            queue_opens: &delivery.header.units.iter().map(|unit| (unit.part, unit.audience)).collect::<Vec<_>>(),
            sender: &Organisation::parse(&record.organisation)
                .map_err(|_| Error::Internal("a record's organisation cannot be read".to_owned()))?,
            excluded: &self.excluded_identity(record, permit),
            excluded_queues: &excluded_queues,
            reason_stated: !reason.trim().is_empty(),
        };
        Ok(self.grants().may_open(permit, &ask)?)
    }

    pub(super) fn unsealed(&self, sealed: &[u8], unit: UnitLabel, place: &Place) -> Result<View, Error> {
        if unit.part != Part::Original {
            return Ok(open(sealed, unit, place, &self.keyring)?);
        }
        let mut view = View::default();
        view.push("submission", Text::new(hex::encode(&*open_original(sealed, place, &self.keyring)?)));
        Ok(view)
    }

    /// A record's place and sealed value.
    pub(super) async fn sealed(&self, record: uuid::Uuid) -> Result<(Place, Vec<u8>), Error> {
        let stored = self.store.find(record).await?.ok_or(Error::NotFound)?;
        self.sealed_of(&stored.record).await
    }

    /// The same where the record is at hand.
    pub(super) async fn sealed_of(&self, record: &Record) -> Result<(Place, Vec<u8>), Error> {
        let sealed = self.store.sealed(record.id).await?.ok_or(Error::NotFound)?;
        self.keys.admit(&sealed).await?;
        Ok((Place { record: record.id, version: 1, organisation: record.organisation.clone() }, sealed))
    }

    /// The caller's own identity, if it is one that the record accuses, or, on HOLD, a colleague's there.
    fn excluded_identity(&self, record: &Record, permit: &QueuePermit) -> Vec<String> {
        let own = permit.identity();
        let on_hold = *permit.queue() == QueueId::hold() && self.accuses_colleague_on_hold(record, own);
        if on_hold || self.accuses(record, own) { vec![own.as_str().to_owned()] } else { Vec::new() }
    }
}

/// The delivery's unit for this part and item; the audience follows from the delivery.
fn the_unit(delivery: &Delivery, (part, item): (Part, Option<u16>)) -> Result<UnitLabel, Error> {
    // A card is numbered by its leg, which a caller need not know.
    let same_item = |label: &UnitLabel| part == Part::Card || label.item == item;
    delivery.header.units.iter().copied().find(|label| label.part == part && same_item(label)).ok_or(Error::NotFound)
}

//! Subject access: what is held about a child, record by record and part by part, for whoever decides on a request at the controller's.
//! The broker answers no data subject: it gives what may be given, and says of the rest why it is withheld.

use uuid::Uuid;

use super::{Broker, Error};
use crate::{
    domain::{
        carer_copy::CarerCopy,
        erasure::ErasureState,
        grants::ReadPermit,
        policy::{Access, Withholding},
        text::Text,
        unit::{Field, Part, UnitLabel},
    },
    ledger::{Entry, Verb},
    sealing::{Note, SealedRecordAt, labels, open, seal_note},
    store::{Record, Stored},
};

/// Records in one export, at most.
pub const MOST_RECORDS: usize = 20;

/// One record of an export.
#[derive(Debug, Clone)]
pub struct ExportedRecord {
    /// The record.
    pub record: Record,
    /// That its content was erased, and how far it is gone.
    pub erasure: Option<(super::Erasure, ErasureState)>,
    /// Its parts; none once it was erased.
    pub parts: Vec<ExportedPart>,
}

/// One part of it.
#[derive(Debug, Clone)]
pub struct ExportedPart {
    /// Which unit.
    pub unit: UnitLabel,
    /// What is given of it.
    pub fields: Vec<Field>,
    /// Why the part, or some of its fields, are withheld.
    pub withheld: Vec<Withholding>,
}

impl Broker {
    /// Takes out what is held in these records, linked ones excluded: they are about other children. Each export is an entry of the ledger for
    /// each record, durable before anything leaves the broker.
    pub async fn export_subject(
        &self,
        permit: &ReadPermit,
        records: &[Uuid],
        reason: &Text,
    ) -> Result<Vec<ExportedRecord>, Error> {
        let mut found = Vec::new();
        for id in records {
            self.referral(permit, *id).await?;
            found.push(self.store.find(*id).await?.ok_or(Error::NotFound)?);
        }
        let mut exported = Vec::new();
        for stored in found {
            exported.push(self.export_one(permit, stored, reason).await?);
        }
        Ok(exported)
    }

    async fn export_one(&self, permit: &ReadPermit, stored: Stored, reason: &Text) -> Result<ExportedRecord, Error> {
        let carer_copy = self.carer_copy_of(&stored).await?;
        let record = stored.record;
        let erasure = self.erasure(record.id).await?;
        let mut entry = Entry {
            at: self.clock.now(),
            verb: Verb::Disclosure,
            action: "EXPORT_SUBJECT".to_owned(),
            who: permit.identity().as_str().to_owned(),
            actor: None,
            record: Some(record.id),
            deliveries: Vec::new(),
            recipients: Vec::new(),
            details: Vec::new(),
            commitment: None,
        };
        if erasure.is_some() {
            entry.details.push("erased=yes".to_owned());
            self.store.record_entry(entry).await?;
            return Ok(ExportedRecord { record, erasure, parts: Vec::new() });
        }
        let (place, sealed) = self.sealed_of(&record).await?;
        let mut parts = Vec::new();
        for unit in labels(&sealed)? {
            let view = |broker: &Self| Ok::<_, Error>(open(&sealed, unit, &place, &broker.keyring)?.fields);
            parts.push(match self.accessible(carer_copy, unit.part) {
                Access::Withheld(withheld) => ExportedPart { unit, fields: Vec::new(), withheld },
                Access::Given(but) => given(unit, view(self)?, &but),
            });
        }
        let at = SealedRecordAt { sealed: &sealed, place: &place };
        let note = Note { number: 0, purpose: "export" };
        let reason = seal_note(at, note, reason.reveal(), &self.keyring, &*self.entropy)?;
        entry.details.extend(parts.iter().map(told));
        entry.details.push(format!("sealed_reason={}", hex::encode(reason)));
        self.store.record_entry(entry).await?;
        Ok(ExportedRecord { record, erasure, parts })
    }

    /// What becomes of a part of this record. What must not go home in a carer copy does not go in an export either.
    fn accessible(&self, carer_copy: CarerCopy, part: Part) -> Access {
        if part == Part::Carer && carer_copy == CarerCopy::Suppressed {
            return Access::Withheld(vec![Withholding::SeriousHarm]);
        }
        self.rulebook().policy.memory.access(part)
    }
}

/// A part that is given but for some fields; one that was left out of its view stays out.
fn given(unit: UnitLabel, all: Vec<Field>, but: &[(String, Withholding)]) -> ExportedPart {
    let (mut fields, mut withheld) = (Vec::new(), Vec::new());
    for field in all {
        let forbids = but.iter().find(|(name, _)| field.name.starts_with(name.as_str())).map(|(_, why)| *why);
        match forbids.or(field.withheld.then_some(Withholding::Source)) {
            None => fields.push(field),
            Some(why) if !withheld.contains(&why) => withheld.push(why),
            Some(_) => {}
        }
    }
    withheld.sort_unstable();
    ExportedPart { unit, fields, withheld }
}

/// What the ledger says of a part: given, in part or not at all, and why.
fn told(part: &ExportedPart) -> String {
    let why: Vec<&str> = part.withheld.iter().map(|why| why.code()).collect();
    match (part.fields.is_empty(), why.is_empty()) {
        (_, true) => format!("given={}", part.unit.name()),
        (true, false) => format!("withheld={}:{}", part.unit.name(), why.join("+")),
        (false, false) => format!("given_in_part={}:{}", part.unit.name(), why.join("+")),
    }
}

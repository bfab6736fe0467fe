//! ReferralService: subject access.

use super::{Services, ask::Ask};
use crate::{
    broker::{Error, ExportedPart, ExportedRecord, MOST_RECORDS},
    domain::{grants::Action, identity::Peer, policy::Withholding},
    wire::{convert, pb},
};

impl Services {
    pub(super) async fn exported(
        &self,
        peer: &Peer,
        asked: pb::ExportSubjectRequest,
    ) -> Result<pb::ExportSubjectResponse, Error> {
        let permit = self.reader(peer, Action::ExportSubject)?;
        let mut ask = Ask::default();
        if !(1..=MOST_RECORDS).contains(&asked.referral_ids.len()) {
            ask.wrong("referral_ids", "give 1 to 20 referrals about the child");
        }
        let named = asked.referral_ids.iter().take(MOST_RECORDS).enumerate();
        let records: Vec<_> = named.map(|(at, id)| ask.uuid(&format!("referral_ids[{at}]"), id)).collect();
        let reason = ask.required("reason", asked.reason);
        let records = ask.done(records)?;
        let found = self.broker.export_subject(&permit, &records, &reason).await?;
        let records = found.iter().map(|one| record(one, asked.neither_confirm_nor_deny)).collect();
        Ok(pb::ExportSubjectResponse { records })
    }
}

fn record(one: &ExportedRecord, unconfirmed: bool) -> pb::SubjectRecord {
    let shown =
        |part: &&ExportedPart| !(unconfirmed && part.fields.is_empty() && part.withheld.contains(&Withholding::Police));
    pb::SubjectRecord {
        referral_id: one.record.id.hyphenated().to_string(),
        received_time: Some(convert::wire_time(one.record.received)),
        organisation: one.record.organisation.clone(),
        on_behalf_of: one.record.on_behalf_of.clone(),
        erasure: one.erasure.as_ref().map(convert::erasure),
        parts: one.parts.iter().filter(shown).map(|part| self::part(part, unconfirmed)).collect(),
    }
}

fn part(part: &ExportedPart, unconfirmed: bool) -> pb::SubjectPart {
    let told = part.withheld.iter().filter(|why| !(unconfirmed && **why == Withholding::Police));
    pb::SubjectPart {
        part: part.unit.part.code().to_owned(),
        item: part.unit.item.map_or(0, u32::from),
        audience: part.unit.audience.code().to_owned(),
        fields: part.fields.iter().map(convert::field).collect(),
        withheld: told.map(|why| why.code().to_owned()).collect(),
    }
}

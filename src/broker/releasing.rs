//! Releasing the carer copy: the lead practitioner's recorded act (domain 2.4), never in full, and never where a word home
//! may be a danger.

use super::{Broker, Error, Handle, Request, dispatch::is_theirs, error::DECIDED};
use crate::{
    domain::{
        carer_copy::CarerCopy,
        delivery::{Delivery, State},
        grants::QueuePermit,
        text::Text,
        unit::{Audience, Part, UnitLabel, View},
    },
    ledger::Verb,
    store::{Held, Settle, Stored},
};

/// Council queues whose lead practitioner decides: the allocated team's where the record has one, else the MASH's.
const ALLOCATED: &str = "ALLOC";
const FRONT_DOOR: &str = "MASH";
/// The copy.
const CARER: UnitLabel = UnitLabel { item: None, part: Part::Carer, audience: Audience::Carer };

/// The decision to release, as stated.
#[derive(Debug, Clone)]
pub struct CarerRelease {
    /// Why; kept sealed.
    pub reason: Text,
    /// The sender proposes to tell the carer nothing, and the practitioner decides otherwise.
    pub against_proposal: bool,
}

/// The copy, released.
#[derive(Debug, Clone)]
pub struct Released {
    /// Which unit.
    pub unit: UnitLabel,
    /// What it says.
    pub copy: View,
    /// The delivery as it now is.
    pub delivery: Delivery,
}

impl Broker {
    /// Releases the carer copy under a live lease. The ledger entry, a disclosure, is durable before the copy leaves the
    /// broker; the same request has the same copy again and no second entry.
    pub async fn release_carer_copy(
        &self,
        permit: &QueuePermit,
        request: Request,
        handle: Handle,
        release: &CarerRelease,
    ) -> Result<Released, Error> {
        for _ in 1..DECIDED {
            match self.release_as_known(permit, request, handle.clone(), release).await {
                Err(error) if error.is_conflict() => {}
                done => return done,
            }
        }
        self.release_as_known(permit, request, handle, release).await
    }

    /// The same, unless it is corrected meanwhile.
    async fn release_as_known(
        &self,
        permit: &QueuePermit,
        request: Request,
        handle: Handle,
        release: &CarerRelease,
    ) -> Result<Released, Error> {
        let now = self.now();
        let stored = self.store.find(handle.delivery.record).await?.ok_or(Error::NotFound)?;
        let carer_copy = self.carer_copy_of(&stored).await?;
        let delivery = stored.deliveries.iter().find(|found| found.id == handle.delivery).ok_or(Error::NotFound)?;
        // First: whoever holds nothing of it learns nothing of it. An answer that was given comes again: the store says.
        let lease = delivery.live_lease(&handle.token, now);
        let mut copy = None;
        if lease.is_some_and(|lease| lease.holder == permit.identity().as_str()) {
            copy = Some(self.copy_to_release(permit, (&stored, delivery), (carer_copy, release)).await?);
        }
        let mut entry = self.entry_about(permit, (Verb::Disclosure, "RELEASE_CARER_COPY"), handle.delivery, now);
        entry.details.push(format!("unit={}", CARER.name()));
        entry.details.push(format!("carer_copy={carer_copy}"));
        let reason = self.note(handle.delivery, "release_carer_copy", &release.reason).await?;
        entry.details.push(format!("sealed_reason={}", hex::encode(reason)));
        let once = self.once_with_record(permit, request);
        let held = Held { retractions: Some(stored.retractions.len()), ..self.held(permit, handle, now) };
        let released = self.store.settle(once, held, Settle::Disclose(CARER), entry).await?;
        let copy = match copy {
            Some(copy) => copy,
            None => self.copy_to_release(permit, (&stored, delivery), (carer_copy, release)).await?,
        };
        Ok(Released { unit: CARER, copy, delivery: released })
    }

    /// The copy, where it may go.
    async fn copy_to_release(
        &self,
        permit: &QueuePermit,
        (stored, delivery): (&Stored, &Delivery),
        (carer_copy, release): (CarerCopy, &CarerRelease),
    ) -> Result<View, Error> {
        may_go(carer_copy, release)?;
        let record = &stored.record;
        let opened = self.may_open(permit, (record, delivery), (CARER.part, CARER.item), release.reason.reveal())?;
        is_theirs(delivery)?;
        self.may_go_on((record, &stored.retractions), delivery, None).await?;
        leads(delivery, &stored.deliveries, &record.on_behalf_of)?;
        let (place, sealed) = self.sealed_of(record).await?;
        self.unsealed(&sealed, opened.unit(), &place)
    }

    /// Whether the carer copy of a record may go, as of now: never where a correction of it says that a word home may be a danger, or
    /// accuses somebody who may read it there.
    pub(super) async fn carer_copy_of(&self, stored: &Stored) -> Result<CarerCopy, Error> {
        for successor in stored.retractions.iter().filter_map(|retraction| retraction.successor) {
            let successor = self.store.find(successor).await?.ok_or(Error::NotFound)?;
            if successor.record.carer_copy == CarerCopy::Suppressed {
                return Ok(CarerCopy::Suppressed);
            }
        }
        Ok(stored.record.carer_copy)
    }
}

/// The delivery whose practitioner leads: the allocated team's, and where none has the record, the MASH's of the authority it
/// was submitted for. While HOLD decides which team is the allocated one, nobody leads.
fn leads(delivery: &Delivery, all: &[Delivery], authority: &str) -> Result<(), Error> {
    let carries = |found: &&Delivery| found.header.units.iter().any(|unit| unit.part == Part::Carer);
    let is_allocated = all.iter().filter(carries).any(|found| found.header.queue.kind() == ALLOCATED);
    let for_the_team = |found: &Delivery| {
        let held = found.header.held.as_ref();
        found.state != State::Resolved && held.is_some_and(|held| held.meant_for.iter().any(|kind| kind == ALLOCATED))
    };
    let queue = &delivery.header.queue;
    let leads = match queue.kind() {
        ALLOCATED => true,
        FRONT_DOOR => !is_allocated && queue.suffix() == authority && !all.iter().any(for_the_team),
        _ => false,
    };
    if leads {
        return Ok(());
    }
    Err(Error::Precondition {
        reason: "NOT_THE_LEAD_DELIVERY",
        advice: "release on the delivery of the allocated team, or, where there is none and none is on HOLD, of the MASH of \
                 the authority that the record was submitted for",
    })
}

/// Never where a word home may be a danger; against the sender's proposal only when the practitioner says so.
fn may_go(carer_copy: CarerCopy, release: &CarerRelease) -> Result<(), Error> {
    match carer_copy {
        CarerCopy::Suppressed => Err(Error::Precondition {
            reason: "CARER_COPY_SUPPRESSED",
            advice: "the record, or a correction of it, carries safe_contact_no, no_family_contact or exclude_accused: no copy, letter \
                     or call home",
        }),
        CarerCopy::NotProposed if !release.against_proposal => Err(Error::Precondition {
            reason: "CARER_COPY_NOT_PROPOSED",
            advice: "the sender proposes to tell the carer nothing: say that you decide otherwise, and why in the reason",
        }),
        CarerCopy::NotProposed | CarerCopy::Proposed => Ok(()),
    }
}

//! From a routed submission to what is stored: sealed records, delivery headers, ledger entries, receipt.

use std::sync::Arc;

use jiff::Timestamp;
use ring::digest::{SHA256, digest};
use uuid::Uuid;
use zeroize::Zeroizing;

pub(super) use super::succeeding::{Standing, Succeeding};
use super::{
    Error, Keys, Receipt, ReceiptLeg, ReceiptPrompt, Rulebook,
    exclusion::{excluded, kept_from},
};
use crate::{
    domain::{
        carer_copy::CarerCopy,
        code::Class,
        decision::{Content, Decision, HoldReason},
        delivery::{Header, HeldHeader, ItemHeader, PromptDue},
        dossier::{Dossier, FiledLeg},
        grants::SubmitPermit,
        lint::of_views,
        policy::Policy,
        queue::QueueId,
        redaction::ENGINE_VERSION,
        stage::Routed,
        text::Text,
        unit::{Audience, Part, UnitLabel},
    },
    ledger::{Entry, Verb},
    platform::{
        Entropy,
        entropy::{random, uuid_v7},
    },
    sealing::{Keyring, Place, Sealed, seal, seal_nothing},
    store::{Acceptance, NewRecord, Once, Record},
};

/// Who submits what, as needed to file it.
pub(super) struct Filing {
    pub(super) permit: SubmitPermit,
    pub(super) once: Once,
    pub(super) original: Zeroizing<Vec<u8>>,
    pub(super) received: Timestamp,
    /// What it stands in the place of.
    pub(super) corrects: Option<Succeeding>,
}

/// What filing needs of the broker; it goes to the threads where submissions are judged and sealed.
pub(super) struct Filer {
    pub(super) keyring: Arc<Keyring>,
    pub(super) entropy: Arc<dyn Entropy>,
    pub(super) rulebook: Arc<Rulebook>,
}

impl Filer {
    /// Seals every dossier of `routed` and puts all of it into one acceptance.
    pub(super) fn file(&self, routed: &Routed, filing: &Filing) -> Result<Acceptance, Error> {
        // Before anything is sealed: should the keys turn over meanwhile, the acceptance is refused and filed again.
        let seen = Some(Keys::seen(&self.keyring));
        let mut dossiers = Dossier::file(routed);
        let advice = of_views(routed.redacted(), &self.rulebook.lint);
        dossiers.iter_mut().for_each(|dossier| dossier.advise(&advice));
        let id = |_| uuid_v7(filing.received, &*self.entropy);
        let ids = dossiers.iter().map(id).collect::<Result<Vec<Uuid>, _>>()?;
        let opening: [u8; 32] = random(&*self.entropy)?;
        let commitment = commit(&opening, &filing.once.digest);
        let mut records = Vec::with_capacity(dossiers.len());
        let mut legs = Vec::new();
        for dossier in dossiers.iter().zip(&ids) {
            let record = self.new_record(routed, dossier, &ids, filing)?;
            legs.extend(record.deliveries.iter().map(|header| receipt_leg(header, *dossier.1)));
            records.push(record);
        }
        let decision = routed.decision();
        let corrects = filing.corrects.as_ref();
        let kept_from = kept_from(&self.keyring, routed.draft());
        let retracts = corrects.map(|before| before.retracted_by(decision, &records, &kept_from)).transpose()?;
        let class = corrects.map_or(decision.class, |before| before.class.min(decision.class));
        let receipt = Receipt {
            record: ids[0],
            received: filing.received,
            digest: filing.once.digest,
            commitment,
            opening,
            ledger_index: 0,
            class: class.code().to_owned(),
            rule_set: decision.rule_set.clone(),
            rules: decision.rules.iter().map(|rule| (*rule).to_owned()).collect(),
            legs,
            linked: ids[1..].to_vec(),
            flags: decision.flags.iter().map(|flag| flag.code().to_owned()).collect(),
            prompts: decision.prompts.iter().map(receipt_prompt).collect(),
            policy: self.rulebook.fingerprint,
            checkpoint: String::new(),
        };
        let entries = self.entries(routed, &ids, filing, commitment);
        let (answer, retracts) = (receipt.encode(), retracts.unwrap_or_default());
        Ok(Acceptance { once: filing.once.clone(), records, entries, answer, seen, retracts })
    }

    /// The content-free alert of D04: one HOLD delivery and nothing sealed. It is the broker's own record, so no
    /// sender lists it, and it has no receipt.
    pub(super) fn file_alert(&self, decision: &Decision, filing: &Filing) -> Result<Acceptance, Error> {
        let seen = Some(Keys::seen(&self.keyring));
        let id = uuid_v7(filing.received, &*self.entropy)?;
        let headers = decision.legs.iter().map(|leg| Header {
            queue: leg.queue.clone(),
            class: leg.class,
            rules: leg.rules.iter().map(|rule| (*rule).to_owned()).collect(),
            rule_set: decision.rule_set.clone(),
            contents: vec![Content::Alert],
            items: Vec::new(),
            prompts: Vec::new(),
            units: Vec::new(),
            received: filing.received,
            ack_due: leg.ack_due,
            decide_due: leg.decide_due,
            page: true,
            provisional: false,
            held: Some(HeldHeader {
                reason: HoldReason::UnsupportedMarking,
                meant_for: Vec::new(),
                never_by: Vec::new(),
            }),
            linked_from: None,
            corrects: None,
            notice: None,
        });
        let record = Record {
            id,
            organisation: "operator".to_owned(),
            // Nobody follows it: the sender was refused, and a person will ring.
            on_behalf_of: String::new(),
            received: filing.received,
            class: decision.class,
            linked_from: None,
            linked: Vec::new(),
            excluded: Vec::new(),
            carer_copy: CarerCopy::Suppressed,
            corrects: None,
        };
        let entry = Entry {
            details: vec!["submission.envelope.marking.level".to_owned()],
            ..self.entry(filing, Verb::Refusal, "UNSUPPORTED_MARKING", id)
        };
        let place = Place { record: id, version: 1, organisation: record.organisation.clone() };
        let Sealed { wraps, under: wrapped_under, units: sealed } =
            seal_nothing(&place, &self.keyring, &*self.entropy)?;
        let records = vec![NewRecord { record, wraps, wrapped_under, sealed, deliveries: headers.collect() }];
        let (once, entries, answer) = (filing.once.clone(), vec![entry], Vec::new());
        Ok(Acceptance { once, records, entries, answer, seen, retracts: Vec::new() })
    }

    fn new_record(
        &self,
        routed: &Routed,
        (dossier, id): (&Dossier, &Uuid),
        ids: &[Uuid],
        filing: &Filing,
    ) -> Result<NewRecord, Error> {
        let draft = routed.draft();
        let subject = dossier.person().is_none();
        let organisation = filing.permit.identity().organisation().to_string();
        let place = Place { record: *id, version: 1, organisation: organisation.clone() };
        let original = subject.then_some(filing.original.as_slice());
        let sealed = seal(dossier, original, &place, &self.keyring, &*self.entropy)?;
        let Sealed { wraps, under: wrapped_under, units: sealed } = sealed;
        let linked_from = (!subject).then_some(ids[0]);
        let filed = Filed { policy: &self.rulebook.policy, decision: routed.decision(), dossier };
        let (before, excluded) = (filing.corrects.as_ref(), excluded(&self.keyring, draft));
        let header = |(leg, number): (&FiledLeg, u16)| {
            let header = filed.header(leg, number, filing.received, linked_from);
            match before {
                Some(before) => before.keeps(header, &excluded, &self.rulebook.policy),
                None => header,
            }
        };
        let deliveries = dossier.legs().iter().zip(1_u16..).map(header).collect();
        let record = Record {
            id: *id,
            organisation,
            on_behalf_of: filing.permit.on_behalf_of().to_owned(),
            received: filing.received,
            class: before.map_or(dossier.class(), |before| before.class.min(dossier.class())),
            linked_from,
            linked: if subject { ids[1..].to_vec() } else { Vec::new() },
            excluded,
            carer_copy: if subject {
                CarerCopy::of(&routed.decision().flags, draft.answers.tell_carer)
            } else {
                CarerCopy::Suppressed
            },
            corrects: before.filter(|_| subject).map(|before| before.record),
        };
        Ok(NewRecord { record, wraps, wrapped_under, sealed, deliveries })
    }

    fn entries(&self, routed: &Routed, ids: &[Uuid], filing: &Filing, commitment: [u8; 32]) -> Vec<Entry> {
        let actor = &routed.draft().envelope.actor;
        let parts = [actor.scheme.reveal(), actor.id.reveal(), actor.role.reveal()];
        let permit = &filing.permit;
        let (who, on_behalf_of) = (permit.identity().as_str(), permit.on_behalf_of());
        let mut entries = would_keep(routed, &self.rulebook, who, on_behalf_of, filing.received);
        for (entry, id) in entries.iter_mut().zip(ids) {
            entry.record = Some(*id);
        }
        entries[0].actor = Some(self.keyring.reference("actor", &parts));
        entries[0].commitment = Some(commitment);
        entries[0].details.extend(filing.corrects.iter().map(|before| format!("corrects={}", before.record)));
        entries
    }

    fn entry(&self, filing: &Filing, verb: Verb, action: &str, record: Uuid) -> Entry {
        Entry {
            at: filing.received,
            verb,
            action: action.to_owned(),
            who: filing.permit.identity().as_str().to_owned(),
            actor: None,
            record: Some(record),
            deliveries: Vec::new(),
            recipients: Vec::new(),
            details: Vec::new(),
            commitment: None,
        }
    }
}

/// The ledger entries of a submission, the first of the subject's record, one more for each linked record; all but what is
/// made when it is accepted: record ids, the reference to the actor, the commitment.
pub fn would_keep(
    routed: &Routed,
    rulebook: &Rulebook,
    who: &str,
    on_behalf_of: &str,
    received: Timestamp,
) -> Vec<Entry> {
    let decision = routed.decision();
    let entry = |verb, action: &str| Entry {
        at: received,
        verb,
        action: action.to_owned(),
        who: who.to_owned(),
        actor: None,
        record: None,
        deliveries: Vec::new(),
        recipients: Vec::new(),
        details: Vec::new(),
        commitment: None,
    };
    let collected = Entry {
        recipients: decision.legs.iter().map(|leg| leg.queue.clone()).collect(),
        details: vec![
            format!("rule_set={}", decision.rule_set),
            format!("redaction={}", rulebook.redaction.version()),
            format!("redaction_sha256={}", hex::encode(rulebook.redaction_digest)),
            format!("redaction_engine={ENGINE_VERSION}"),
            format!("policy_sha256={}", hex::encode(rulebook.fingerprint)),
            format!("on_behalf_of={on_behalf_of}"),
        ],
        ..entry(Verb::Collection, "SUBMIT")
    };
    let linked = decision.linked.iter().map(|_| entry(Verb::Combination, "LINK"));
    std::iter::once(collected).chain(linked).collect()
}

/// SHA-256 of 32 random bytes and the digest.
pub(super) fn commit(opening: &[u8; 32], of: &[u8; 32]) -> [u8; 32] {
    let mut commitment = [0; 32];
    commitment.copy_from_slice(digest(&SHA256, &[opening.as_slice(), of.as_slice()].concat()).as_ref());
    commitment
}

/// What a header is made of.
pub(super) struct Filed<'a> {
    pub(super) policy: &'a Policy,
    pub(super) decision: &'a Decision,
    pub(super) dossier: &'a Dossier,
}

impl Filed<'_> {
    fn header(&self, leg: &FiledLeg, number: u16, received: Timestamp, linked_from: Option<Uuid>) -> Header {
        let (ack_due, decide_due) = self.policy.due(&leg.queue, leg.class, received);
        let prompts = self.decision.prompts.iter().filter(|prompt| prompt.is_among(&leg.shows));
        let items = self.decision.items.iter().filter(|grade| leg.items.contains(&grade.item));
        Header {
            queue: leg.queue.clone(),
            class: leg.class,
            rules: leg.rules.iter().map(|rule| (*rule).to_owned()).collect(),
            rule_set: self.decision.rule_set.clone(),
            contents: leg.contents.clone(),
            items: items
                .map(|grade| ItemHeader {
                    number: grade.item,
                    proposed: grade.proposed(),
                    handling: grade.handling.code().to_string(),
                    instruction: grade.handling.instructions().map_or("", Text::reveal).to_owned(),
                })
                .collect(),
            prompts: prompts
                .map(|prompt| PromptDue {
                    kind: prompt.kind,
                    rule: prompt.rule.to_owned(),
                    due: prompt.due,
                    overdue_on_arrival: prompt.overdue_on_arrival,
                })
                .collect(),
            units: self.units(leg, number),
            received,
            ack_due,
            decide_due,
            page: leg.page || leg.class == Class::P0,
            provisional: leg.provisional,
            held: leg.held.as_ref().map(|held| HeldHeader {
                reason: held.reason,
                meant_for: held.meant_for.clone(),
                never_by: held.never_by.clone(),
            }),
            linked_from,
            corrects: None,
            notice: None,
        }
    }

    /// The units of the dossier that this leg gives its queue to open: what it carries, within what the kind opens.
    fn units(&self, leg: &FiledLeg, number: u16) -> Vec<UnitLabel> {
        let original = UnitLabel { item: None, part: Part::Original, audience: Audience::Nobody };
        let sealed = self.dossier.units().iter().map(|(label, _)| *label);
        let mut units: Vec<UnitLabel> = sealed
            .chain(self.dossier.person().is_none().then_some(original))
            .filter(|label| carries(leg, number, *label) && self.opens(leg, *label))
            .collect();
        // On HOLD, meant for police and council alike: one view of each item, the one that names the child.
        let seen = units.clone();
        let mash = |item| UnitLabel { item, part: Part::Item, audience: Audience::Mash };
        units.retain(|label| label.audience != Audience::Mpu || !seen.contains(&mash(label.item)));
        units
    }

    /// What the kind of queue opens; for HOLD, what the undecided leg's kinds would have opened. The source side and the
    /// carer copy come with the leg whatever its kind: a role opens them, never the queue (contract 4).
    fn opens(&self, leg: &FiledLeg, label: UnitLabel) -> bool {
        if label.part.opens_by_role() {
            return true;
        }
        let queues = &self.policy.queues;
        let kind_opens =
            |queue: &QueueId| queues.kind_of(queue).is_some_and(|kind| kind.may_open(label.part, label.audience));
        let meant_for = leg.held.iter().flat_map(|held| held.meant_for.iter());
        kind_opens(&leg.queue) || meant_for.map(|kind| QueueId::of(kind, "any")).any(|queue| kind_opens(&queue))
    }
}

/// Whether a leg names this unit at all: by its contents, as its own card, or as what its HOLD is about.
fn carries(leg: &FiledLeg, number: u16, label: UnitLabel) -> bool {
    match label.part {
        Part::Card => label.item == Some(number),
        Part::Withheld => leg.held.as_ref().is_some_and(|held| held.reason == HoldReason::RulesConflict),
        _ => carried_by(&leg.contents, &leg.items, label),
    }
}

/// Whether these contents and items name this unit. The original goes with the whole episode, never with single items.
pub(super) fn carried_by(contents: &[Content], items: &[u16], label: UnitLabel) -> bool {
    let has = |content| contents.contains(&content);
    match label.part {
        Part::EpisodeCard => has(Content::EpisodeCard),
        Part::Safeguarding | Part::Carer => has(Content::Safeguarding),
        Part::Item | Part::Provenance => {
            has(Content::Items) && label.item.is_some_and(|number| items.contains(&number))
        }
        Part::Original => has(Content::EpisodeCard) || has(Content::Safeguarding),
        Part::Card | Part::Sender | Part::Withheld => false,
    }
}

fn receipt_leg(header: &Header, record: Uuid) -> ReceiptLeg {
    ReceiptLeg {
        queue: header.queue.to_string(),
        class: header.class.code().to_owned(),
        ack_due: header.ack_due,
        decide_due: header.decide_due,
        record,
    }
}

fn receipt_prompt(prompt: &crate::domain::decision::Prompt) -> ReceiptPrompt {
    ReceiptPrompt {
        kind: prompt.kind.code().to_owned(),
        rule: prompt.rule.to_owned(),
        due: prompt.due,
        overdue_on_arrival: prompt.overdue_on_arrival,
    }
}

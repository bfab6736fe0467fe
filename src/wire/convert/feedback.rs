//! Receipts, referrals and happenings as their sender sees them, for the wire.

use super::{
    coaching,
    delivery::{openable_unit, retraction},
    prompt::seen,
    reader::wire_time,
};
use crate::{
    broker::{
        Destination, Erasure, EventKind, Happening, Question, Receipt, ReceiptLeg, ReceiptPrompt, Referral, SeenReading,
    },
    domain::{erasure::ErasureState, history::Step},
    wire::pb,
};

/// A receipt; the same bytes for the same receipt, always.
pub fn receipt(receipt: &Receipt) -> pb::Receipt {
    pb::Receipt {
        referral_id: receipt.record.hyphenated().to_string(),
        received_time: Some(wire_time(receipt.received)),
        digest: hex::encode(receipt.digest),
        commitment: receipt.commitment.to_vec(),
        ledger_index: receipt.ledger_index,
        class: receipt.class.clone(),
        rule_set: receipt.rule_set.clone(),
        rules: receipt.rules.clone(),
        legs: receipt.legs.iter().map(leg).collect(),
        linked_referral_ids: receipt.linked.iter().map(|id| id.hyphenated().to_string()).collect(),
        flags: receipt.flags.clone(),
        prompts: receipt.prompts.iter().map(prompt).collect(),
        commitment_opening: receipt.opening.to_vec(),
        policy_fingerprint: hex::encode(receipt.policy),
        checkpoint: receipt.checkpoint.clone(),
    }
}

/// A referral with its destinations.
pub fn referral(referral: &Referral) -> pb::Referral {
    let destinations: Vec<pb::Destination> = referral.destinations.iter().map(destination).collect();
    pb::Referral {
        receipt: Some(receipt(&referral.receipt)),
        on_behalf_of: referral.on_behalf_of.clone(),
        sender_reference: referral.sender_reference.reveal().to_owned(),
        state: referral_state(&destinations).into(),
        destinations,
        erasure: referral.erasure.as_ref().map(erasure),
        retraction: referral.retraction.as_ref().map(retraction),
        corrects_referral_id: referral.corrects.map(|id| id.hyphenated().to_string()).unwrap_or_default(),
        prompts: referral.prompts.iter().map(seen).collect(),
        clocks: referral.clocks.as_ref().map(coaching::clocks),
    }
}

/// That content was erased.
pub fn erasure((erasure, state): &(Erasure, ErasureState)) -> pb::Erasure {
    pb::Erasure {
        erase_time: Some(wire_time(erasure.at)),
        state: erasure_state(*state).into(),
        reason: erasure.reason.code().to_owned(),
    }
}

/// How far content is gone.
pub fn erasure_state(state: ErasureState) -> pb::ErasureState {
    match state {
        ErasureState::Erased => pb::ErasureState::Erased,
        ErasureState::Irrecoverable => pb::ErasureState::Irrecoverable,
    }
}

/// One message of a watch.
pub fn happening(happening: &Happening) -> pb::WatchReferralsResponse {
    pb::WatchReferralsResponse {
        resume_token: happening.resume.to_string(),
        event_time: Some(wire_time(happening.at)),
        referral_id: happening.referral.hyphenated().to_string(),
        sender_reference: happening.sender_reference.reveal().to_owned(),
        event: event(happening.kind).into(),
        destination: happening.destination.as_ref().map(destination),
        reading: happening.reading.as_ref().map(reading),
        prompt: happening.prompt.as_ref().map(seen),
    }
}

fn event(kind: EventKind) -> pb::ReferralEvent {
    match kind {
        EventKind::Received => pb::ReferralEvent::Received,
        EventKind::Delivered => pb::ReferralEvent::Delivered,
        EventKind::Opened => pb::ReferralEvent::Opened,
        EventKind::Completed => pb::ReferralEvent::Settled,
        EventKind::Resolved => pb::ReferralEvent::Resolved,
        EventKind::Graded => pb::ReferralEvent::Graded,
        EventKind::Rejected => pb::ReferralEvent::Rejected,
        EventKind::Replayed => pb::ReferralEvent::Replayed,
        EventKind::Escalated => pb::ReferralEvent::Escalated,
        EventKind::Asked => pb::ReferralEvent::Asked,
        EventKind::Answered => pb::ReferralEvent::Answered,
        EventKind::Offered => pb::ReferralEvent::Offered,
        EventKind::Transferred => pb::ReferralEvent::Transferred,
        EventKind::NotTransferred => pb::ReferralEvent::NotTransferred,
        EventKind::Corrected => pb::ReferralEvent::Corrected,
        EventKind::Recalled => pb::ReferralEvent::Recalled,
        EventKind::Acknowledged => pb::ReferralEvent::Acknowledged,
        EventKind::Read => pb::ReferralEvent::Read,
        EventKind::Erased => pb::ReferralEvent::Erased,
        EventKind::PromptOwned => pb::ReferralEvent::PromptOwned,
        EventKind::PromptDone => pb::ReferralEvent::PromptEnded,
        EventKind::PromptLate => pb::ReferralEvent::PromptLate,
    }
}

fn leg(leg: &ReceiptLeg) -> pb::ReceiptLeg {
    pb::ReceiptLeg {
        queue: leg.queue.clone(),
        class: leg.class.clone(),
        ack_due_time: leg.ack_due.map(wire_time),
        decide_due_time: leg.decide_due.map(wire_time),
        referral_id: leg.record.hyphenated().to_string(),
    }
}

fn prompt(prompt: &ReceiptPrompt) -> pb::Prompt {
    pb::Prompt {
        kind: prompt.kind.clone(),
        rule: prompt.rule.clone(),
        due_time: prompt.due.map(wire_time),
        overdue: prompt.overdue_on_arrival,
    }
}

/// One destination.
pub fn destination(destination: &Destination) -> pb::Destination {
    let delivery = &destination.delivery;
    let state = match delivery {
        _ if delivery.settled.is_some() => pb::DestinationState::Settled,
        _ if delivery.dead().is_some() => pb::DestinationState::Rejected,
        _ if delivery.opened.is_some() => pb::DestinationState::Opened,
        _ if delivery.delivered.is_some() => pb::DestinationState::Delivered,
        _ => pb::DestinationState::Received,
    };
    pb::Destination {
        delivery_id: delivery.id.to_string(),
        queue: delivery.header.queue.to_string(),
        class: delivery.class().code().to_owned(),
        referral_id: delivery.id.record.hyphenated().to_string(),
        state: state.into(),
        received_time: Some(wire_time(delivery.header.received)),
        delivered_time: delivery.delivered.map(wire_time),
        opened_time: delivery.opened.map(wire_time),
        outcome_time: delivery.settled.as_ref().map(|settled| wire_time(settled.at)),
        outcome: destination.wording.clone().unwrap_or_default(),
        ack_due_time: delivery.header.ack_due.map(wire_time),
        decide_due_time: delivery.header.decide_due.map(wire_time),
        overdue: destination.overdue,
        graded_time: delivery.graded().map(wire_time),
        escalations: delivery.escalations().map(escalation).collect(),
        clarifications: destination.questions.iter().map(clarification).collect(),
        transfer: delivery.transfer.as_ref().map(|offer| pb::DestinationTransfer {
            queue: offer.queue.to_string(),
            offered_time: Some(wire_time(offer.at)),
            answer_due_time: Some(wire_time(offer.answer_by)),
            accepted_time: offer.accepted.map(wire_time),
        }),
        notice: delivery.header.notice.as_ref().map(retraction),
        readings: destination.readings.iter().map(reading).collect(),
        more_readings: destination.more_readings,
    }
}

fn reading(reading: &SeenReading) -> pb::Reading {
    pb::Reading {
        unit: Some(openable_unit(reading.unit)),
        role: reading.role.code().to_owned(),
        organisation: reading.organisation.clone().unwrap_or_default(),
        first_time: Some(wire_time(reading.first)),
        last_time: Some(wire_time(reading.last)),
        times: reading.times,
    }
}

fn clarification(question: &Question) -> pb::Clarification {
    pb::Clarification {
        clarification_id: question.id.hyphenated().to_string(),
        item: question.item.parse().unwrap_or_default(),
        question: question.text.reveal().to_owned(),
        asked_time: Some(wire_time(question.at)),
        answered_time: question.answered.map(wire_time),
    }
}

fn escalation(step: &Step) -> pb::DestinationEscalation {
    pb::DestinationEscalation { to: step.code.clone(), step_time: Some(wire_time(step.at)) }
}

fn referral_state(destinations: &[pb::Destination]) -> pb::ReferralState {
    let has = |destination: &pb::Destination, state: pb::DestinationState| destination.state == i32::from(state);
    let settled = |destination: &pb::Destination| has(destination, pb::DestinationState::Settled);
    let opened = |destination: &pb::Destination| has(destination, pb::DestinationState::Opened) || settled(destination);
    if !destinations.is_empty() && destinations.iter().all(settled) {
        pb::ReferralState::Settled
    } else if destinations.iter().any(opened) {
        pb::ReferralState::InProgress
    } else {
        pb::ReferralState::Received
    }
}

//! Deliveries as messages and back.

use uuid::Uuid;

use super::{grade, maybe, moment, pb, prompt, retraction, step, time, uuid};
use crate::domain::{
    code::Class,
    decision::{Content, HoldReason, PromptKind},
    delivery::{Delivery, DeliveryId, Header, HeldHeader, ItemHeader, Lease, PromptDue, Settled, State},
    queue::QueueId,
    transfer::Offer,
    unit::{Audience, Part, UnitLabel},
};

/// To its message, with the record's id.
pub(super) fn put(delivery: &Delivery) -> pb::Delivery {
    let state = match delivery.state {
        State::Waiting => pb::State::Waiting,
        State::Leased => pb::State::Leased,
        State::Completed => pb::State::Completed,
        State::Resolved => pb::State::Resolved,
        State::DeadLetter => pb::State::DeadLetter,
        State::Transferred => pb::State::Transferred,
        State::Declined => pb::State::Declined,
        State::Superseded => pb::State::Superseded,
        State::Recalled => pb::State::Recalled,
    };
    pb::Delivery {
        record: Some(delivery.id.record.as_bytes().to_vec()),
        leg: u32::from(delivery.id.leg),
        header: Some(put_header(&delivery.header)),
        state: state.into(),
        lease: delivery.lease.as_ref().map(put_lease),
        acquired: delivery.acquired,
        failed: delivery.failed,
        not_before: delivery.not_before.map(time),
        escalate_from: delivery.escalate_from.map(time),
        delivered: delivery.delivered.map(time),
        opened: delivery.opened.map(time),
        settled: delivery.settled.as_ref().map(put_settled),
        confirmed: delivery.confirmed.iter().map(grade::put).collect(),
        history: delivery.history.iter().map(step::put).collect(),
        transfer: delivery.transfer.as_ref().map(put_offer),
        offered: delivery.offered.as_ref().map(put_offer),
        prompts: delivery.prompts.iter().map(prompt::put).collect(),
        from_hold: delivery.from_hold.map(u32::from),
    }
}

/// From its message; the record's id is `record` or the message's own.
pub(super) fn take(record: Option<Uuid>, from: pb::Delivery) -> Option<Delivery> {
    let state = match from.state() {
        pb::State::Unspecified => return None,
        pb::State::Waiting => State::Waiting,
        pb::State::Leased => State::Leased,
        pb::State::Completed => State::Completed,
        pb::State::Resolved => State::Resolved,
        pb::State::DeadLetter => State::DeadLetter,
        pb::State::Transferred => State::Transferred,
        pb::State::Declined => State::Declined,
        pb::State::Superseded => State::Superseded,
        pb::State::Recalled => State::Recalled,
    };
    let record = match record {
        Some(record) => record,
        None => uuid(&from.record?)?,
    };
    Some(Delivery {
        id: DeliveryId { record, leg: u16::try_from(from.leg).ok()? },
        header: take_header(from.header?)?,
        state,
        lease: optional(from.lease, take_lease)?,
        acquired: from.acquired,
        failed: from.failed,
        not_before: maybe(from.not_before)?,
        escalate_from: maybe(from.escalate_from)?,
        delivered: maybe(from.delivered)?,
        opened: maybe(from.opened)?,
        settled: optional(from.settled, take_settled)?,
        confirmed: from.confirmed.into_iter().map(grade::take).collect::<Option<_>>()?,
        history: from.history.into_iter().map(step::take).collect::<Option<_>>()?,
        transfer: optional(from.transfer, take_offer)?,
        offered: optional(from.offered, take_offer)?,
        prompts: from.prompts.into_iter().map(prompt::take).collect::<Option<_>>()?,
        from_hold: from.from_hold.map(u16::try_from).transpose().ok()?,
    })
}

fn put_header(header: &Header) -> pb::Header {
    pb::Header {
        queue: header.queue.as_str().to_owned(),
        class: header.class.code().to_owned(),
        rules: header.rules.clone(),
        rule_set: header.rule_set.clone(),
        contents: header.contents.iter().map(|content| content.code().to_owned()).collect(),
        items: header.items.iter().map(put_item).collect(),
        prompts: header.prompts.iter().map(put_prompt).collect(),
        units: header.units.iter().map(put_unit).collect(),
        received: Some(time(header.received)),
        ack_due: header.ack_due.map(time),
        decide_due: header.decide_due.map(time),
        page: header.page,
        provisional: header.provisional,
        held: header.held.as_ref().map(put_held),
        linked_from: header.linked_from.map(|id| id.as_bytes().to_vec()),
        corrects: header.corrects.map(|id| id.as_bytes().to_vec()),
        notice: header.notice.as_ref().map(retraction::put),
    }
}

fn take_header(from: pb::Header) -> Option<Header> {
    Some(Header {
        queue: QueueId::parse(&from.queue)?,
        class: Class::from_code(&from.class)?,
        rules: from.rules,
        rule_set: from.rule_set,
        contents: from.contents.iter().map(|code| Content::from_code(code)).collect::<Option<_>>()?,
        items: from.items.into_iter().map(take_item).collect::<Option<_>>()?,
        prompts: from.prompts.into_iter().map(take_prompt).collect::<Option<_>>()?,
        units: from.units.into_iter().map(take_unit).collect::<Option<_>>()?,
        received: moment(from.received)?,
        ack_due: maybe(from.ack_due)?,
        decide_due: maybe(from.decide_due)?,
        page: from.page,
        provisional: from.provisional,
        held: optional(from.held, take_held)?,
        linked_from: optional(from.linked_from, |bytes| uuid(&bytes))?,
        corrects: optional(from.corrects, |bytes| uuid(&bytes))?,
        notice: optional(from.notice, retraction::take)?,
    })
}

fn put_item(item: &ItemHeader) -> pb::Item {
    pb::Item {
        number: u32::from(item.number),
        proposed: item.proposed.clone(),
        handling: item.handling.clone(),
        instruction: item.instruction.clone(),
    }
}

fn take_item(from: pb::Item) -> Option<ItemHeader> {
    Some(ItemHeader {
        number: u16::try_from(from.number).ok()?,
        proposed: from.proposed,
        handling: from.handling,
        instruction: from.instruction,
    })
}

fn put_prompt(prompt: &PromptDue) -> pb::Prompt {
    pb::Prompt {
        kind: prompt.kind.code().to_owned(),
        rule: prompt.rule.clone(),
        due: prompt.due.map(time),
        overdue_on_arrival: prompt.overdue_on_arrival,
    }
}

fn take_prompt(from: pb::Prompt) -> Option<PromptDue> {
    Some(PromptDue {
        kind: PromptKind::from_code(&from.kind)?,
        rule: from.rule,
        due: maybe(from.due)?,
        overdue_on_arrival: from.overdue_on_arrival,
    })
}

pub(super) fn put_unit(unit: &UnitLabel) -> pb::Unit {
    pb::Unit {
        item: unit.item.map(u32::from),
        part: unit.part.code().to_owned(),
        audience: unit.audience.code().to_owned(),
    }
}

pub(super) fn take_unit(from: pb::Unit) -> Option<UnitLabel> {
    Some(UnitLabel {
        item: optional(from.item, |number| u16::try_from(number).ok())?,
        part: Part::from_code(&from.part)?,
        audience: Audience::from_code(&from.audience)?,
    })
}

fn put_held(held: &HeldHeader) -> pb::Held {
    pb::Held {
        reason: held.reason.code().to_owned(),
        meant_for: held.meant_for.clone(),
        never_by: held.never_by.iter().map(|queue| queue.as_str().to_owned()).collect(),
    }
}

fn take_held(from: pb::Held) -> Option<HeldHeader> {
    Some(HeldHeader {
        reason: HoldReason::from_code(&from.reason)?,
        meant_for: from.meant_for,
        never_by: from.never_by.iter().map(|name| QueueId::parse(name)).collect::<Option<_>>()?,
    })
}

fn put_lease(lease: &Lease) -> pb::Lease {
    pb::Lease {
        token: lease.token.clone(),
        holder: lease.holder.clone(),
        session: lease.session.clone(),
        expires: Some(time(lease.expires)),
        since: Some(time(lease.since)),
        handed_over: lease.handed_over,
    }
}

fn take_lease(from: pb::Lease) -> Option<Lease> {
    Some(Lease {
        token: from.token,
        holder: from.holder,
        session: from.session,
        expires: moment(from.expires)?,
        since: moment(from.since)?,
        handed_over: from.handed_over,
    })
}

fn put_offer(offer: &Offer) -> pb::Offer {
    pb::Offer {
        queue: offer.queue.as_str().to_owned(),
        leg: u32::from(offer.leg),
        at: Some(time(offer.at)),
        by: offer.by.clone(),
        answer_by: Some(time(offer.answer_by)),
        accepted: offer.accepted.map(time),
    }
}

fn take_offer(from: pb::Offer) -> Option<Offer> {
    Some(Offer {
        queue: QueueId::parse(&from.queue)?,
        leg: u16::try_from(from.leg).ok()?,
        at: moment(from.at)?,
        by: from.by,
        answer_by: moment(from.answer_by)?,
        accepted: maybe(from.accepted)?,
    })
}

fn put_settled(settled: &Settled) -> pb::Settled {
    pb::Settled {
        at: Some(time(settled.at)),
        by: settled.by.clone(),
        outcome: settled.outcome.clone(),
        reason: settled.reason.clone(),
        release_detail: settled.release_detail,
        note: settled.note.clone(),
    }
}

fn take_settled(from: pb::Settled) -> Option<Settled> {
    Some(Settled {
        at: moment(from.at)?,
        by: from.by,
        outcome: from.outcome,
        reason: from.reason,
        release_detail: from.release_detail,
        note: from.note,
    })
}

/// Absent stays absent; present must be readable.
fn optional<A, B>(from: Option<A>, take: fn(A) -> Option<B>) -> Option<Option<B>> {
    match from {
        None => Some(None),
        Some(value) => take(value).map(Some),
    }
}

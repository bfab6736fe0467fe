//! Deliveries as rows, in hand or not: what each is, what is due next and how it stands. No content is in them.

use jiff::Timestamp;
use maud::{Markup, html};

use super::{
    calls::{InHand, Visit},
    offers::{given, is_to_be_taken_back, offered, retracted},
    queues::address,
    trouble::Trouble,
    words,
};
use crate::wire::pb::{self, DeliveryState};

impl Visit {
    /// What waits and what others have; with their ids, where something is looked for.
    pub(super) fn waiting_rows(
        &self,
        deliveries: &[&pb::Delivery],
        ids: bool,
        now: Timestamp,
    ) -> Result<Markup, Trouble> {
        let rows = deliveries.iter().map(|delivery| {
            let back = is_to_be_taken_back(delivery, self.identity());
            let back = if back { Some(self.taking_back(delivery)?) } else { None };
            let id = html! { @if ids { br; span.quiet { (delivery.delivery_id) } } };
            Ok(row(delivery, now, &id, &html! { (state(delivery)) @if let Some(back) = &back { (back) } }))
        });
        Ok(table(&rows.collect::<Result<Vec<_>, Trouble>>()?))
    }
}

/// What is in their hands, each with the way to it and how long it is theirs.
pub(super) fn in_hand_rows(queue: &str, in_hand: &[InHand], now: Timestamp) -> Markup {
    let rows = in_hand.iter().map(|held| {
        let delivery = &held.delivery;
        let way =
            html! { br; a href=(address(queue, &format!("deliveries/{}", delivery.delivery_id))) { "Go on with it" } };
        let left = words::yours_for("yours for ", held.until.as_ref(), now);
        row(delivery, now, &way, &html! { @if let Some(left) = &left { (left) } (marks(delivery)) })
    });
    table(&rows.collect::<Vec<_>>())
}

fn table(rows: &[Markup]) -> Markup {
    html! {
        table {
            caption.unseen { "In the order in which they are taken" }
            thead { tr { th scope="col" { "Class" } th scope="col" { "Due" } th scope="col" { "State" } th scope="col" { "Received" } th scope="col" { "What" } } }
            tbody { @for row in rows { (row) } }
        }
    }
}

fn row(delivery: &pb::Delivery, now: Timestamp, way: &Markup, state: &Markup) -> Markup {
    html! {
        tr.overdue[delivery.overdue] {
            th scope="row" { (class(delivery)) (way) }
            td { (deadline(delivery, now)) }
            td { (state) }
            td { (words::moment(delivery.received_time.as_ref()).unwrap_or_default()) }
            td { (what(delivery)) }
        }
    }
}

/// What it is: a notice, an offer, or what the rules made.
fn what(delivery: &pb::Delivery) -> Markup {
    html! {
        @if let Some(retracted) = retracted(delivery) { strong { "NOTICE" } ": " (retracted) }
        @if let Some(offer) = offered(delivery) { strong { "OFFERED" } " by " (offer.queue) " " }
        @if !delivery.corrects_referral_id.is_empty() { strong { "CORRECTION" } " " }
        (delivery.rules.join(" "))
    }
}

/// The class as a badge with what it says.
pub(super) fn class(delivery: &pb::Delivery) -> Markup {
    html! { span class={ "class " (delivery.class.to_ascii_lowercase()) } { (delivery.class) } " " (words::class(&delivery.class)) }
}

/// The deadline that still runs, and for what; nothing where it is settled.
pub(super) fn running(delivery: &pb::Delivery) -> Option<(&'static str, Option<&prost_types::Timestamp>)> {
    let unopened = delivery.opened_time.is_none();
    Some(match (retracted(delivery), offered(delivery), delivery.ack_due_time.as_ref()) {
        _ if delivery.settled_time.is_some() => return None,
        (Some(_), ..) => ("acknowledge ", delivery.decide_due_time.as_ref()),
        (_, Some(offer), _) => ("answer ", offer.answer_due_time.as_ref()),
        (.., Some(due)) if unopened => ("acknowledge ", Some(due)),
        _ => ("decide ", delivery.decide_due_time.as_ref()),
    })
}

/// The same on a page.
pub(super) fn deadline(delivery: &pb::Delivery, now: Timestamp) -> Markup {
    let Some((what, time)) = running(delivery) else { return html! { "settled" } };
    html! { @match words::counts_down(what, time, now) { Some(when) => (when), None => "none" } }
}

/// How it stands.
pub(super) fn state(delivery: &pb::Delivery) -> Markup {
    let state = match delivery.state() {
        DeliveryState::Leased => "in somebody's hands",
        DeliveryState::Waiting => "waiting",
        DeliveryState::DeadLetter => "put aside",
        DeliveryState::Completed | DeliveryState::Resolved => "settled",
        DeliveryState::Transferred => "taken over by another unit",
        DeliveryState::Declined => "offered and not accepted",
        DeliveryState::Superseded => "corrected by the sender",
        DeliveryState::Recalled => "recalled by the sender",
        DeliveryState::Unspecified => "",
    };
    html! { (state) (marks(delivery)) }
}

/// What else is to be known of how it stands.
fn marks(delivery: &pb::Delivery) -> Markup {
    html! {
        @if delivery.opened_time.is_some() { ", opened" } @else if !delivery.openable.is_empty() { ", unopened" }
        @if delivery.provisional { ", provisional" }
        @if !delivery.linked_from.is_empty() { ", linked" }
        @if let Some(held) = &delivery.held { ", held: " (words::plain(&held.reason)) }
        @if let Some(offer) = given(delivery) { ", offered to " (offer.queue) }
    }
}

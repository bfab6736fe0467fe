//! My queues, and one of them: the most urgent first, what is overdue before all else.

use axum::{
    extract::{Form, Path, Query},
    http::HeaderMap,
    response::{Html, Redirect},
};
use jiff::Timestamp;
use maud::{Markup, html};
use serde::Deserialize;

use super::{
    calls::{InHand, Visit},
    forms::Sealed,
    frame,
    trouble::Trouble,
    words,
};
use crate::{
    domain::queue::QueueId,
    wire::pb::{self, DeliveryState},
};

/// What was asked for beside the path.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Asked {
    /// Where the page begins.
    page: String,
    /// What was just done.
    done: String,
}

/// `GET /`: every queue of theirs, with what waits.
pub(super) async fn mine(visit: Visit) -> Result<Html<String>, Trouble> {
    let (who, mut queues) = (visit.who_am_i().await?, visit.queues().await?);
    queues.sort_by_key(|queue| (queue.overdue_count == 0, queue.unopened_count == 0));
    let body = html! {
        h1 { "Your queues" }
        (ends(&who, visit.desk.broker.now()))
        @if queues.is_empty() { p { "No queue is open to you. Your administrator grants queues." } }
        table {
            caption.unseen { "Your queues, those with something overdue first" }
            thead { tr { th scope="col" { "Queue" } th scope="col" { "Overdue" } th scope="col" { "Unopened" } th scope="col" { "Waiting" } th scope="col" { "In hand" } } }
            tbody {
                @for queue in &queues {
                    tr {
                        th scope="row" {
                            a href={ "/queues/" (queue.queue) } { (queue.queue) }
                            " " span.quiet { (visit.label(&queue.queue)) }
                        }
                        td.late[queue.overdue_count > 0] { (queue.overdue_count) }
                        td { (queue.unopened_count) }
                        td { (queue.waiting_count) }
                        td { (queue.leased_count) }
                    }
                }
            }
        }
    };
    Ok(frame::page("Your queues", Some(&visit), &body))
}

/// A certificate that ends within 30 days.
fn ends(who: &pb::WhoAmIResponse, now: Timestamp) -> Markup {
    let end = who.certificate_expire_time.as_ref();
    let soon = end.and_then(words::read).is_some_and(|end| end.duration_since(now).as_hours() < 30 * 24);
    html! {
        @if let (true, Some((when, _))) = (soon, words::due(end, now)) {
            p.notice { "Your certificate ends " (when) ". Renew it: " code { "homeward pki renew" } }
        }
    }
}

/// `GET /queues/{queue}`: what is in hand, and what waits.
pub(super) async fn one(
    visit: Visit,
    Path(queue): Path<String>,
    Query(asked): Query<Asked>,
) -> Result<Html<String>, Trouble> {
    let list = visit.deliveries(&queue, &asked.page).await?;
    let in_hand = visit.in_hand(&queue).await?;
    let now = visit.desk.broker.now();
    let mine = |id: &str| in_hand.iter().any(|held| held.delivery.delivery_id == id);
    let waiting: Vec<_> = list.deliveries.iter().filter(|delivery| !mine(&delivery.delivery_id)).collect();
    let take = visit.form(&address(&queue, "take"), &html! { button { "Take the most urgent" } })?;
    let body = html! {
        h1 { (queue) " " span.quiet { (visit.label(&queue)) } }
        (done(&asked.done))
        section aria-labelledby="in-hand" {
            h2 #in-hand { "In your hands" }
            @if in_hand.is_empty() { p { "Nothing." } }
            @for held in &in_hand { (in_hand_row(&queue, held, now)) }
            (take)
        }
        section aria-labelledby="waiting" {
            h2 #waiting { "Waiting, and with colleagues" }
            @if waiting.is_empty() { p { "Nothing." } } @else { (rows(&waiting, now)) }
            @if !list.next_page_token.is_empty() {
                p { a href={ "?page=" (list.next_page_token) } { "More" } }
            }
        }
    };
    Ok(frame::page(&queue, Some(&visit), &body))
}

/// `POST /queues/{queue}/take`: the most urgent that waits comes into their hands.
pub(super) async fn take(
    visit: Visit,
    Path(queue): Path<String>,
    headers: HeaderMap,
    Form(sealed): Form<Sealed>,
) -> Result<Redirect, Trouble> {
    let request_id = visit.sent(&headers, &address(&queue, "take"), &sealed)?;
    Ok(Redirect::to(&match visit.take(request_id, &queue).await? {
        Some(id) => address(&queue, &format!("deliveries/{id}")),
        None => format!("/queues/{queue}?done=nothing"),
    }))
}

/// An address below a queue.
pub(super) fn address(queue: &str, rest: &str) -> String {
    format!("/queues/{queue}/{rest}")
}

fn in_hand_row(queue: &str, held: &InHand, now: Timestamp) -> Markup {
    let InHand { delivery, until, .. } = held;
    html! {
        p.in-hand {
            (class(delivery)) " "
            a href=(address(queue, &format!("deliveries/{}", delivery.delivery_id))) { "Go on with it" }
            @if let Some((left, _)) = words::due(until.as_ref(), now) { ", yours for " (left.trim_start_matches("in ")) }
        }
    }
}

/// Headers as rows: no content is in them.
fn rows(deliveries: &[&pb::Delivery], now: Timestamp) -> Markup {
    html! {
        table {
            caption.unseen { "In the order in which they are taken" }
            thead { tr { th scope="col" { "Class" } th scope="col" { "Due" } th scope="col" { "State" } th scope="col" { "Received" } th scope="col" { "Rules" } } }
            tbody {
                @for delivery in deliveries {
                    tr.overdue[delivery.overdue] {
                        th scope="row" { (class(delivery)) }
                        td { (deadline(delivery, now)) }
                        td { (state(delivery)) }
                        td { (words::moment(delivery.received_time.as_ref()).unwrap_or_default()) }
                        td { (delivery.rules.join(" ")) }
                    }
                }
            }
        }
    }
}

/// The class as a badge with what it says.
pub(super) fn class(delivery: &pb::Delivery) -> Markup {
    html! { span class={ "class " (delivery.class.to_ascii_lowercase()) } { (delivery.class) } " " (words::class(&delivery.class)) }
}

/// The deadline that still runs.
pub(super) fn deadline(delivery: &pb::Delivery, now: Timestamp) -> Markup {
    let (what, time) = match (&delivery.opened_time, &delivery.settled_time) {
        (_, Some(_)) => return html! { "settled" },
        (None, _) => ("acknowledge", &delivery.ack_due_time),
        (Some(_), _) => ("decide", &delivery.decide_due_time),
    };
    html! {
        @match words::due(time.as_ref(), now) {
            Some((when, late)) => { span.late[late] { (what) " " (when) } }
            None => { "none" }
        }
    }
}

fn state(delivery: &pb::Delivery) -> Markup {
    let state = match DeliveryState::try_from(delivery.state) {
        Ok(DeliveryState::Leased) => "with a colleague",
        Ok(DeliveryState::Waiting) => "waiting",
        Ok(DeliveryState::DeadLetter) => "put aside",
        Ok(DeliveryState::Completed | DeliveryState::Resolved) => "settled",
        Ok(DeliveryState::Transferred) => "taken over by another unit",
        Ok(DeliveryState::Declined) => "offered and not accepted",
        Ok(DeliveryState::Superseded) => "corrected by the sender",
        Ok(DeliveryState::Recalled) => "recalled by the sender",
        Ok(DeliveryState::Unspecified) | Err(_) => "",
    };
    html! {
        (state)
        @if delivery.opened_time.is_none() { ", unopened" }
        @if delivery.provisional { ", provisional" }
        @if !delivery.linked_from.is_empty() { ", linked" }
        @if let Some(held) = &delivery.held { ", held: " (words::plain(&held.reason)) }
    }
}

/// What was just done; a word of ours, whatever the address says.
fn done(code: &str) -> Markup {
    let said = match code {
        "nothing" => "Nothing waits that you could take.",
        "complete" => "Completed. The sender sees the outcome in their words.",
        "release" => "Back in the queue.",
        "reject" => "Put aside, on the dead-letter side of this queue.",
        "hand-over" => "Handed over.",
        _ => return html! {},
    };
    html! { p.notice role="status" { (said) } }
}

impl Visit {
    /// What people call a queue of this kind.
    fn label(&self, queue: &str) -> String {
        let rulebook = self.desk.broker.rulebook();
        let kind = QueueId::parse(queue).and_then(|queue| rulebook.policy.queues.kind_of(&queue));
        kind.map(|kind| kind.label.clone()).unwrap_or_default()
    }
}

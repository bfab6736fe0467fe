//! My queues, and one of them: the most urgent first, what is overdue before all else.

use axum::{
    http::HeaderMap,
    response::{Html, IntoResponse, Redirect, Response},
};
use jiff::Timestamp;
use maud::{Markup, html};
use serde::Deserialize;

use super::{
    calls::Visit,
    filter::Wish,
    forms::Sealed,
    frame,
    rows::in_hand_rows,
    sent::{Form, Path, Query},
    trouble::Trouble,
    words,
};
use crate::{domain::queue::QueueId, wire::pb};

/// What was asked for beside the path.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Asked {
    /// Where the page begins.
    pub(super) page: String,
    /// What was just done.
    pub(super) done: String,
}

/// `GET /`: the first page that is of any use to them.
pub(super) async fn first(visit: Visit) -> Result<Response, Trouble> {
    match frame::pages(&visit).first() {
        Some((first, _)) if *first != "/" => Ok(Redirect::to(first).into_response()),
        _ => Ok(mine(visit).await?.into_response()),
    }
}

/// Every queue of theirs, with what waits.
async fn mine(visit: Visit) -> Result<Html<String>, Trouble> {
    let (who, mut queues) = (visit.who_am_i().await?, visit.queues().await?);
    queues.sort_by_key(|queue| (queue.overdue_count == 0, queue.unopened_count == 0));
    let mut yours = Vec::with_capacity(queues.len());
    for queue in &queues {
        yours.push(if queue.leased_count > 0 { visit.in_hand(&queue.queue).await?.len() } else { 0 });
    }
    let body = html! {
        h1 { "Your queues" }
        p.quiet { "You are " code { (visit.identity()) } }
        (ends(&who, visit.desk.broker.now()))
        @if queues.is_empty() { p { "No queue is open to you. Your administrator grants queues." } }
        table {
            caption.unseen { "Your queues, those with something overdue first" }
            thead { tr { th scope="col" { "Queue" } th scope="col" { "Overdue" } th scope="col" { "Unopened" } th scope="col" { "Waiting" } th scope="col" { "In your hands here" } th scope="col" { "In anybody's hands" } } }
            tbody {
                @for (queue, yours) in queues.iter().zip(&yours) {
                    tr {
                        th scope="row" {
                            a href={ "/queues/" (queue.queue) } { (queue.queue) }
                            " " span.quiet { (visit.label(&queue.queue)) }
                        }
                        td.late[queue.overdue_count > 0] data-count={ (queue.queue) " overdue" } { (queue.overdue_count) }
                        td data-count={ (queue.queue) " unopened" } { (queue.unopened_count) }
                        td data-count={ (queue.queue) " waiting" } { (queue.waiting_count) }
                        td { (yours) }
                        td data-count={ (queue.queue) " leased" } { (queue.leased_count) }
                    }
                }
            }
        }
    };
    Ok(frame::live("Your queues", &visit, &body))
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
    Query(wish): Query<Wish>,
) -> Result<Html<String>, Trouble> {
    let list = visit.found(&queue, &wish, &asked.page).await?;
    let in_hand = visit.in_hand(&queue).await?;
    let now = visit.desk.broker.now();
    let mine = |id: &str| in_hand.iter().any(|held| held.delivery.delivery_id == id);
    let waiting: Vec<_> = list.deliveries.iter().filter(|delivery| !mine(&delivery.delivery_id)).collect();
    let (none_waits, waiting) = (waiting.is_empty(), visit.waiting_rows(&waiting, now)?);
    let take = visit.form(&address(&queue, "take"), &html! { button { "Take the most urgent" } })?;
    let here = format!("/queues/{queue}");
    let body = html! {
        h1 { (queue) " " span.quiet { (visit.label(&queue)) } }
        (done(&asked.done))
        p role="status" data-news=(queue) {}
        section aria-labelledby="in-hand" {
            h2 #in-hand { "In your hands" }
            @if in_hand.is_empty() { p { "Nothing." } } @else { (in_hand_rows(&queue, &in_hand, now)) }
            (take)
        }
        section aria-labelledby="waiting" {
            h2 #waiting { "Waiting, and with colleagues" }
            (wish.form(&here))
            @if none_waits { p { @if list.next.is_empty() { "Nothing." } @else { "Nothing so far: there is more to look through." } } } @else { (waiting) }
            (wish.more(&here, &list.next))
        }
    };
    Ok(frame::live(&queue, &visit, &body))
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

/// What was just done; a word of ours, whatever the address says.
pub(super) fn done(code: &str) -> Markup {
    let said = match code {
        "nothing" => "Nothing waits that you could take.",
        "complete" => "Completed. The sender sees the outcome in their words.",
        "release" => "Back in the queue.",
        "reject" => "Put aside, on the dead-letter side of this queue.",
        "hand-over" => "Handed over.",
        "resolve" => "Sent on.",
        "replay" => "Back in the queue, with its history.",
        "refuse" => "Refused. It goes on in the unit that offered it.",
        "take-back" => "Taken back. It is where it was.",
        _ => return html! {},
    };
    html! { p.notice role="status" { (said) } }
}

impl Visit {
    /// What people call a queue of this kind.
    pub(super) fn label(&self, queue: &str) -> String {
        let rulebook = self.desk.broker.rulebook();
        let kind = QueueId::parse(queue).and_then(|queue| rulebook.policy.queues.kind_of(&queue));
        kind.map(|kind| kind.label.clone()).unwrap_or_default()
    }
}

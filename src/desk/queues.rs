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
    rows::{in_hand_rows, running},
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
    /// Where something went by it.
    to: String,
}

/// How urgent a queue is: by what waits unopened, and by the first deadline that runs.
#[derive(Debug, Default)]
pub(super) struct Urgency {
    /// The most urgent class of what nobody has opened; empty where there is none.
    class: String,
    /// The first deadline of all that runs, or ran out.
    due: Option<i64>,
}

impl Urgency {
    /// With one more of its queue.
    pub(super) fn count(&mut self, found: &pb::Delivery) {
        let unopened = found.opened_time.is_none() && found.settled_time.is_none();
        if unopened && (self.class.is_empty() || found.class < self.class) {
            self.class.clone_from(&found.class);
        }
        let due = running(found).and_then(|(_, time)| time).map(|time| time.seconds);
        self.due = self.due.into_iter().chain(due).min();
    }

    /// Life or serious harm first, then what is late, then class and deadline.
    pub(super) fn order(&self, queue: &pb::Queue) -> (bool, bool, bool, String, i64) {
        let none = self.class.is_empty();
        (self.class != "P0", queue.overdue_count == 0, none, self.class.clone(), self.due.unwrap_or(i64::MAX))
    }

    /// The class as a badge.
    pub(super) fn badge(&self) -> Markup {
        html! { @if self.class.is_empty() { "none" } @else { span class={ "class " (self.class.to_ascii_lowercase()) } { (self.class) } } }
    }

    /// The first deadline beside now, where it counts down.
    pub(super) fn next(&self, now: Timestamp) -> Markup {
        let time = self.due.map(|seconds| prost_types::Timestamp { seconds, nanos: 0 });
        html! { @match words::counts_down("", time.as_ref(), now) { Some(when) => (when), None => "none" } }
    }
}

/// `GET /`: the first page that is of any use to them.
pub(super) async fn first(visit: Visit) -> Result<Response, Trouble> {
    match frame::pages(&visit).first() {
        Some((first, _)) if *first != "/" => Ok(Redirect::to(first).into_response()),
        _ => Ok(mine(visit).await?.into_response()),
    }
}

/// Every queue of theirs, with what waits, the most urgent first.
async fn mine(visit: Visit) -> Result<Html<String>, Trouble> {
    let (who, now) = (visit.who_am_i().await?, visit.desk.broker.now());
    let mut queues = Vec::new();
    for queue in visit.queues().await? {
        let yours = if queue.leased_count > 0 { visit.in_hand(&queue.queue).await?.len() } else { 0 };
        let mut urgency = Urgency::default();
        visit.walk(&queue.queue, |found| urgency.count(&found)).await?;
        queues.push((queue, yours, urgency));
    }
    queues.sort_by_key(|(queue, _, urgency)| urgency.order(queue));
    let body = html! {
        h1 { "Your queues" }
        p.quiet { "You are " code { (visit.identity()) } }
        (ends(&who, now))
        @if queues.is_empty() { p { "No queue is open to you. Your administrator grants queues." } }
        table {
            caption.unseen { "Your queues, the most urgent first" }
            thead { tr { th scope="col" { "Queue" } th scope="col" { "Most urgent unopened" } th scope="col" { "Next deadline" } th scope="col" { "Overdue" } th scope="col" { "Unopened" } th scope="col" { "Waiting" } th scope="col" { "In your hands here" } th scope="col" { "In anybody's hands" } } }
            tbody { @for (queue, yours, urgency) in &queues { (queue_row(&visit, (queue, *yours, urgency), now)) } }
        }
    };
    Ok(frame::live("Your queues", &visit, &body))
}

fn queue_row(visit: &Visit, (queue, yours, urgency): (&pb::Queue, usize, &Urgency), now: Timestamp) -> Markup {
    html! {
        tr {
            th scope="row" {
                a href={ "/queues/" (queue.queue) } { (queue.queue) }
                " " span.quiet { (visit.label(&queue.queue)) }
            }
            td { (urgency.badge()) }
            td { (urgency.next(now)) }
            td.late[queue.overdue_count > 0] data-count={ (queue.queue) " overdue" } { (queue.overdue_count) }
            td data-count={ (queue.queue) " unopened" } { (queue.unopened_count) }
            td data-count={ (queue.queue) " waiting" } { (queue.waiting_count) }
            td { (yours) }
            td data-count={ (queue.queue) " leased" } { (queue.leased_count) }
        }
    }
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
    visit.queue_page(&queue, &Wish::default(), &asked).await
}

/// `POST /queues/{queue}/find`: the same of what was wished for, which is in no address, and so in no history and no log.
pub(super) async fn find(
    visit: Visit,
    Path(queue): Path<String>,
    headers: HeaderMap,
    Form(finding): Form<Finding>,
) -> Result<Html<String>, Trouble> {
    visit.sent(&headers, &address(&queue, "find"), &finding.sealed)?;
    let asked = Asked { page: finding.page, ..Asked::default() };
    visit.queue_page(&queue, &finding.wish, &asked).await
}

/// `GET /queues/{queue}/find`: whoever loads the page anew has the whole queue.
pub(super) async fn found_before(Path(queue): Path<String>) -> Result<Redirect, Trouble> {
    let queue = QueueId::parse(&queue).ok_or_else(Trouble::nowhere)?;
    Ok(Redirect::to(&format!("/queues/{queue}")))
}

/// What is wished for, from which page on.
#[derive(Deserialize)]
pub(super) struct Finding {
    #[serde(flatten)]
    sealed: Sealed,
    #[serde(flatten)]
    wish: Wish,
    #[serde(default)]
    page: String,
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
    async fn queue_page(&self, queue: &str, wish: &Wish, asked: &Asked) -> Result<Html<String>, Trouble> {
        let list = self.found(queue, wish, &asked.page).await?;
        let in_hand = self.in_hand(queue).await?;
        let now = self.desk.broker.now();
        let mine = |id: &str| in_hand.iter().any(|held| held.delivery.delivery_id == id);
        let waiting: Vec<_> = list.deliveries.iter().filter(|delivery| !mine(&delivery.delivery_id)).collect();
        let (none_waits, waiting) = (waiting.is_empty(), self.waiting_rows(&waiting, !wish.is_none(), now)?);
        let take = self.form(&address(queue, "take"), &html! { button { "Take the most urgent" } })?;
        let here = format!("/queues/{queue}");
        let sent_to = if asked.done == "resolve" { self.place_said(&asked.to) } else { None };
        let body = html! {
            h1 { (queue) " " span.quiet { (self.label(queue)) } }
            @match &sent_to { Some(place) => { p.notice role="status" { "Sent to " (place) "." } } None => (done(&asked.done)) }
            p role="status" data-news=(queue) {}
            section aria-labelledby="in-hand" {
                h2 #in-hand { "In your hands" }
                @if in_hand.is_empty() { p { "Nothing." } } @else { (in_hand_rows(queue, &in_hand, now)) }
                (take)
            }
            section aria-labelledby="waiting" {
                h2 #waiting { "Waiting, and with colleagues" }
                (wish.form(self, &here)?)
                @if none_waits { p { @if list.next.is_empty() { "Nothing." } @else { "Nothing so far: there is more to look through." } } } @else { (waiting) }
                (wish.more(self, &here, &list.next)?)
            }
        };
        Ok(frame::live(queue, self, &body))
    }

    /// What people call a queue of this kind.
    pub(super) fn label(&self, queue: &str) -> String {
        let rulebook = self.desk.broker.rulebook();
        let kind = QueueId::parse(queue).and_then(|queue| rulebook.policy.queues.kind_of(&queue));
        kind.map(|kind| kind.label.clone()).unwrap_or_default()
    }
}

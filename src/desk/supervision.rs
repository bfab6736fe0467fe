//! A supervisor's side: queues with their ages, those that are silent, what was escalated, who holds what, who is on cover. Headers only.

use axum::{
    http::HeaderMap,
    response::{Html, IntoResponse, Redirect, Response},
};
use jiff::Timestamp;
use maud::{Markup, html};
use serde::Deserialize;

use super::{
    calls::{Called, ROWS, Visit, call},
    frame,
    offers::Answer,
    queues::{Urgency, done},
    refused::Refused,
    rows::{class, deadline, state},
    sent::{Form, Path, Query},
    trouble::Trouble,
    words,
};
use crate::{
    domain::grants::Action,
    wire::{
        pb::{self, DeliveryState},
        server::{admin_service_server::AdminService, queue_service_server::QueueService},
    },
};

/// Where the lists of a page begin, and what was just done.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Asked {
    done: String,
    escalated: String,
    held: String,
    aside: String,
}

impl Visit {
    async fn held_by_anybody(&self, queue: &str, page_token: &str) -> Called<pb::ListHeldResponse> {
        let (queue, page_token) = (queue.to_owned(), page_token.to_owned());
        call!(self, list_held, pb::ListHeldRequest { queue, page_size: ROWS, page_token })
    }
}

/// What a queue looks like from above.
struct Above {
    queue: pb::Queue,
    /// When the oldest that waits unopened came in.
    oldest: Option<prost_types::Timestamp>,
    escalated: usize,
    urgency: Urgency,
    /// All of the queue was looked through.
    whole: bool,
}

impl Above {
    fn count(&mut self, found: &pb::Delivery) {
        self.urgency.count(found);
        self.escalated += usize::from(is_escalated(found));
        if found.state() == DeliveryState::Waiting && found.opened_time.is_none() {
            self.oldest = self.oldest.into_iter().chain(found.received_time).min_by_key(|time| time.seconds);
        }
    }

    /// Something waits unopened, and nobody has anything in hand.
    fn is_silent(&self) -> bool {
        self.queue.unopened_count > 0 && self.queue.leased_count == 0
    }
}

/// `GET /supervision`: every queue of theirs, the worst first.
pub(super) async fn all(visit: Visit) -> Result<Html<String>, Trouble> {
    if !visit.may(Action::ListHeld) {
        return Err(Trouble::not_yours());
    }
    let (who, queues, now) = (visit.who_am_i().await?, visit.queues().await?, visit.desk.broker.now());
    let mut above = Vec::with_capacity(queues.len());
    for queue in queues {
        let mut one = Above { queue, oldest: None, escalated: 0, urgency: Urgency::default(), whole: true };
        let name = one.queue.queue.clone();
        one.whole = visit.walk(&name, |found| one.count(&found)).await?;
        above.push(one);
    }
    above.sort_by_key(|one| {
        let oldest = one.oldest.map_or(i64::MAX, |time| time.seconds);
        (one.urgency.order(&one.queue), !one.is_silent(), oldest)
    });
    let body = html! {
        h1 { "Supervision" }
        @for alarm in &who.alarms { p.notice { strong { "Alarm: " } (words::plain(alarm)) } }
        @if above.is_empty() { p { "No queue is yours to supervise. Your administrator grants queues." } }
        @for one in &above { (overview(&visit, one, now)) }
    };
    Ok(frame::live("Supervision", &visit, &body))
}

fn overview(visit: &Visit, one: &Above, now: Timestamp) -> Markup {
    let queue = &one.queue;
    html! {
        section.queue.overdue[queue.overdue_count > 0] aria-label=(queue.queue) {
            h2 { a href={ "/supervision/" (queue.queue) } { (queue.queue) } " " span.quiet { (visit.label(&queue.queue)) } }
            @if one.is_silent() { p.late { "Silent: something waits unopened, and nobody has anything in hand." } }
            dl {
                dt { "Most urgent unopened" } dd { (one.urgency.badge()) }
                dt { "Next deadline" } dd { (one.urgency.next(now)) }
                dt { "Overdue" } dd { span.late[queue.overdue_count > 0] data-count={ (queue.queue) " overdue" } { (queue.overdue_count) } }
                dt { "Unopened" } dd { span data-count={ (queue.queue) " unopened" } { (queue.unopened_count) } @if let Some(age) = age(one.oldest.as_ref(), now) { ", the oldest for " (age) } }
                dt { "Waiting, in hand" } dd { span data-count={ (queue.queue) " waiting" } { (queue.waiting_count) } ", " span data-count={ (queue.queue) " leased" } { (queue.leased_count) } }
                dt { "Escalated" } dd { (one.escalated) @if !one.whole { " or more" } }
                dt { "Put aside" } dd { (queue.dead_letter_count) }
                dt { "On cover" } dd { (visit.cover(&queue.queue)) }
            }
        }
    }
}

fn is_escalated(delivery: &pb::Delivery) -> bool {
    delivery.settled_time.is_none() && delivery.history.iter().any(|step| step.kind == "ESCALATED")
}

/// How long ago.
fn age(time: Option<&prost_types::Timestamp>, now: Timestamp) -> Option<String> {
    words::due(time, now).map(|(age, _)| age.trim_end_matches(" late").trim_start_matches("in ").to_owned())
}

/// `GET /supervision/{queue}`: who holds what, what was escalated, what was put aside.
pub(super) async fn one(
    visit: Visit,
    Path(queue): Path<String>,
    Query(asked): Query<Asked>,
) -> Result<Html<String>, Trouble> {
    page(&visit, &queue, &asked).await
}

async fn page(visit: &Visit, queue: &str, asked: &Asked) -> Result<Html<String>, Trouble> {
    let (held, aside) =
        (visit.held_by_anybody(queue, &asked.held).await?, visit.deliveries(queue, &asked.aside, (true, ROWS)).await?);
    let (escalated, now) = (visit.look(queue, &asked.escalated, is_escalated).await?, visit.desk.broker.now());
    let colleagues = visit.colleagues(queue).await?;
    let (rows, dead) = (visit.held_rows(&held.deliveries, now)?, visit.dead_rows(queue, &aside.deliveries)?);
    let body = html! {
        p { a href="/supervision" { "Back to all queues" } }
        h1 { (queue) " " span.quiet { (visit.label(queue)) } }
        (done(&asked.done))
        p role="status" data-news=(queue) {}
        p { "On cover: " (visit.cover(queue)) }
        section aria-labelledby="escalated" {
            h2 #escalated { "Escalated" }
            @if escalated.deliveries.is_empty() { p { "Nothing." } }
            ul { @for one in &escalated.deliveries { li { (class(one)) ": " (deadline(one, now)) ", " (state(one)) "; " (last_escalation(one)) } } }
            (more("escalated", &escalated.next))
        }
        section aria-labelledby="held" { h2 #held { "Who holds what" } (colleagues) (rows) (more("held", &held.next_page_token)) }
        section aria-labelledby="aside" { h2 #aside { "Put aside" } (dead) (more("aside", &aside.next_page_token)) }
    };
    Ok(frame::live(queue, visit, &body))
}

/// The way to the next page of one list.
fn more(list: &str, next: &str) -> Markup {
    html! { @if !next.is_empty() { p { a href={ "?" (list) "=" (next) "#" (list) } { "More: " (list.replace("held", "who holds what").replace("aside", "put aside")) } } } }
}

fn last_escalation(delivery: &pb::Delivery) -> String {
    let step = delivery.history.iter().rfind(|step| step.kind == "ESCALATED");
    step.map_or_else(String::new, |step| {
        format!(
            "{} {}",
            words::step(&step.kind, &step.code),
            words::moment(step.step_time.as_ref()).unwrap_or_default()
        )
    })
}

impl Visit {
    fn held_rows(&self, held: &[pb::HeldDelivery], now: Timestamp) -> Result<Markup, Trouble> {
        let mut rows = Vec::new();
        for one in held {
            let delivery = one.delivery.clone().unwrap_or_default();
            let offered = one.handed_over || delivery.transfer.is_some();
            let back = if offered { self.taking_back(&delivery)? } else { self.handing(&delivery)? };
            rows.push(html! {
                tr.overdue[delivery.overdue] {
                    th scope="row" { (class(&delivery)) }
                    td { (one.holder.rsplit_once("//").map_or(one.holder.as_str(), |(_, who)| who)) @if one.handed_over { ", not taken yet" } }
                    td { (age(one.since_time.as_ref(), now).unwrap_or_default()) ", until " (words::moment(one.lease_expire_time.as_ref()).unwrap_or_default()) }
                    td { (deadline(&delivery, now)) (back) }
                }
            });
        }
        Ok(html! {
            @if rows.is_empty() { p { "Nobody holds anything." } } @else {
                table {
                    caption.unseen { "Who holds what" }
                    thead { tr { th scope="col" { "Class" } th scope="col" { "Who" } th scope="col" { "For" } th scope="col" { "Due" } } }
                    tbody { @for row in &rows { (row) } }
                }
            }
        })
    }

    /// The form that hands over what somebody else has in hand.
    fn handing(&self, delivery: &pb::Delivery) -> Result<Markup, Trouble> {
        let (to, note) = (format!("to-{}", delivery.delivery_id), format!("note-{}", delivery.delivery_id));
        let address = handing_over(&delivery.queue, &delivery.delivery_id);
        let given = self.given(&address, &[]);
        let inside = html! {
            p { "Their lease ends. What was not opened goes back to the queue." }
            label for=(to) { "To whom" }
            input id=(to) name="to" list="colleagues" required maxlength="300" autocomplete="off" spellcheck="false" value=(given.text("to"));
            label for=(note) { "Note for them" }
            textarea id=(note) name="text" rows="2" maxlength="5000" required spellcheck="false" { "\n" (given.text("text")) }
            button { "Hand it over" }
        };
        let form = given.form(&inside)?;
        Ok(html! { details open[given.again()] { summary { "Hand it over" } (form) } })
    }

    fn dead_rows(&self, queue: &str, dead: &[pb::Delivery]) -> Result<Markup, Trouble> {
        let mut rows = Vec::new();
        for one in dead {
            let (id, address) = (format!("back-{}", one.delivery_id), replaying(queue, &one.delivery_id));
            let given = self.given(&address, &[]);
            let inside = html! {
                label for=(id) { "Why can it be worked on now?" }
                textarea id=(id) name="text" rows="2" maxlength="5000" required spellcheck="false" { "\n" (given.text("text")) }
                button { "Send it back to the queue" }
            };
            let form = given.form(&inside)?;
            let why = one.history.iter().rfind(|step| step.kind == "REJECTED").map_or("", |step| step.code.as_str());
            rows.push(html! { article { h3 { (class(one)) } p { (words::plain(why)) ", received " (words::moment(one.received_time.as_ref()).unwrap_or_default()) } (form) } });
        }
        Ok(html! { @if rows.is_empty() { p { "Nothing." } } @for row in &rows { (row) } })
    }
}

fn handing_over(queue: &str, id: &str) -> String {
    format!("/supervision/{queue}/deliveries/{id}/hand-over")
}

/// To whom, and what they should know.
#[derive(Deserialize)]
pub(super) struct Over {
    #[serde(flatten)]
    answer: Answer,
    to: String,
}

/// `POST …/hand-over`: what somebody has in hand goes to a colleague of theirs.
pub(super) async fn hand_over(
    visit: Visit,
    Path((queue, id)): Path<(String, String)>,
    headers: HeaderMap,
    Form(Over { answer, to }): Form<Over>,
) -> Result<Response, Trouble> {
    let address = handing_over(&queue, &id);
    let request_id = visit.sent(&headers, &address, &answer.sealed)?;
    let written = vec![("to", to.clone()), ("text", answer.text.clone())];
    let asked = pb::HandOverRequest {
        request_id: request_id.clone(),
        delivery_id: id,
        to: to.trim().to_owned(),
        note: answer.text,
        ..Default::default()
    };
    let done = call!(visit, hand_over, asked).map(drop);
    let refused = done.map_err(|status| Refused::new(&address, &request_id, written, status)).err();
    Ok(visit.goes_back((&queue, "hand-over"), refused).await)
}

fn replaying(queue: &str, id: &str) -> String {
    format!("/supervision/{queue}/deliveries/{id}/replay")
}

/// `POST …/replay`: what was put aside waits in its queue again.
pub(super) async fn replay(
    visit: Visit,
    Path((queue, id)): Path<(String, String)>,
    headers: HeaderMap,
    Form(answer): Form<Answer>,
) -> Result<Response, Trouble> {
    let address = replaying(&queue, &id);
    let request_id = visit.sent(&headers, &address, &answer.sealed)?;
    let written = vec![("text", answer.text.clone())];
    let asked = pb::ReplayDeadLetterRequest { request_id: request_id.clone(), delivery_id: id, reason: answer.text };
    let done = call!(visit, replay_dead_letter, asked).map(drop);
    let refused = done.map_err(|status| Refused::new(&address, &request_id, written, status)).err();
    Ok(visit.goes_back((&queue, "replay"), refused).await)
}

impl Visit {
    /// The queue from above once more: with what was done, or with the form that was refused.
    async fn goes_back(self, (queue, done): (&str, &str), refused: Option<Refused>) -> Response {
        let Some(refused) = refused else {
            return Redirect::to(&format!("/supervision/{queue}?done={done}")).into_response();
        };
        let visit = self.refusing(refused);
        let page = page(&visit, queue, &Asked::default()).await;
        visit.once_more(page)
    }
}

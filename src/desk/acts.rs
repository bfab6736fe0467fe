//! What is done with a delivery in hand. Each form is done once, however often it is sent, and says at once if the lease is gone.

use axum::{http::HeaderMap, response::Redirect};
use maud::{Markup, html};
use serde::Deserialize;
use tonic::Status;

use super::{
    calls::{InHand, Visit},
    delivery::act,
    forms::Sealed,
    grading,
    offers::given,
    sent::{Form, Path},
    trouble::Trouble,
};
use crate::{
    domain::{
        outcome::{DeadReason, NoActionReason},
        policy::{QueueKind, QueueSide},
        queue::QueueId,
    },
    wire::pb,
};

/// Every form of an act, with its fields; those that are not of this one are empty.
#[derive(Deserialize)]
pub(super) struct Fields {
    #[serde(flatten)]
    sealed: Sealed,
    #[serde(default)]
    code: String,
    #[serde(default)]
    why: String,
    #[serde(default)]
    text: String,
    #[serde(default)]
    to: String,
    #[serde(default)]
    tell: String,
    #[serde(default)]
    item: String,
    #[serde(flatten)]
    grade: Grade,
}

/// A 3x5x2 grade, as it is chosen.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Grade {
    source: String,
    information: String,
    handling: String,
    action_code: String,
    sanitisation_code: String,
}

/// `POST …/deliveries/{id}/{act}`: back to the delivery, or to its queue where it is no longer in hand.
pub(super) async fn done(
    visit: Visit,
    Path((queue, id, what)): Path<(String, String, String)>,
    headers: HeaderMap,
    Form(fields): Form<Fields>,
) -> Result<Redirect, Trouble> {
    let keeps = visit.keeps(&headers, [fields.text.clone()]);
    visit.does((queue, id, what), &headers, fields).await.map_err(keeps)
}

impl Visit {
    async fn does(
        &self,
        (queue, id, what): (String, String, String),
        headers: &HeaderMap,
        fields: Fields,
    ) -> Result<Redirect, Trouble> {
        let request_id = self.sent(headers, &act(&queue, &id, &what), &fields.sealed)?;
        let held = self.held(&queue, &id).await?;
        let is_over = match what.as_str() {
            "extend" | "ask" | "confirm" | "transfer" => {
                self.goes_on(&what, request_id, &held, fields).await.map(|()| false)?
            }
            "complete" | "release" | "reject" | "hand-over" | "resolve" => {
                self.ends(&what, request_id, &held, fields).await.map(|()| true)?
            }
            _ => return Err(Trouble::nowhere()),
        };
        Ok(Redirect::to(&if is_over {
            format!("/queues/{queue}?done={what}")
        } else {
            format!("/queues/{queue}/deliveries/{id}")
        }))
    }

    /// What leaves the delivery in hand.
    async fn goes_on(&self, what: &str, request_id: String, held: &InHand, fields: Fields) -> Result<(), Status> {
        let (delivery_id, lease_token) = held.handle();
        let Fields { why, text, to, tell, item, grade, .. } = fields;
        let item = item.parse().unwrap_or_default();
        match what {
            "extend" => self.extend(request_id, held).await.map(drop),
            "transfer" => {
                let (to_queue, reason) = (to, text);
                let asked = pb::TransferDeliveryRequest { request_id, delivery_id, lease_token, to_queue, reason };
                self.transfer(asked).await.map(drop)
            }
            "ask" => {
                let (question, nothing_of_the_child) = (text, tell == "yes");
                let asked = pb::RequestClarificationRequest {
                    request_id,
                    delivery_id,
                    lease_token,
                    question,
                    item,
                    nothing_of_the_child,
                };
                self.ask(asked).await.map(drop)
            }
            _ => {
                let Grade { source, information, handling, action_code, sanitisation_code } = grade;
                let asked = pb::ConfirmGradingRequest {
                    request_id,
                    delivery_id,
                    lease_token,
                    item,
                    source,
                    information,
                    handling,
                    action_code,
                    sanitisation_code,
                    instructions: text,
                    reason: why,
                };
                self.confirm(asked).await.map(drop)
            }
        }
    }

    /// What takes it out of their hands.
    async fn ends(&self, what: &str, request_id: String, held: &InHand, fields: Fields) -> Result<(), Status> {
        let (delivery_id, lease_token) = held.handle();
        let Fields { code, why, text, to, tell, .. } = fields;
        match what {
            "complete" => {
                let (outcome, reason_code, note, release_detail) = (code, why, text, tell == "yes");
                let asked = pb::CompleteDeliveryRequest {
                    request_id,
                    delivery_id,
                    lease_token,
                    outcome,
                    reason_code,
                    note,
                    release_detail,
                };
                self.complete(asked).await.map(drop)
            }
            "resolve" => {
                let (to_queue, reason) = (to, text);
                let asked = pb::ResolveHeldRequest { request_id, delivery_id, lease_token, to_queue, reason };
                self.resolve(asked).await.map(drop)
            }
            "release" => {
                let asked =
                    pb::ReleaseDeliveryRequest { request_id, delivery_id, lease_token, reason: text, delay: None };
                self.release(asked).await.map(drop)
            }
            "reject" => {
                let (reason_code, note) = (code, text);
                let asked = pb::RejectDeliveryRequest { request_id, delivery_id, lease_token, reason_code, note };
                self.reject(asked).await.map(drop)
            }
            _ => {
                let asked =
                    pb::HandOverRequest { request_id, delivery_id, lease_token, to, note: text, keep_for: None };
                self.hand_over(asked).await.map(drop)
            }
        }
    }
}

/// Every act, as forms; the one that ends the matter first. What is to be answered comes before all others.
pub(super) fn all(visit: &Visit, held: &InHand) -> Result<Markup, Trouble> {
    let delivery = &held.delivery;
    let (queue, id) = (&delivery.queue, &delivery.delivery_id);
    let form = |what: &str, inside: &Markup| visit.form(&act(queue, id, what), inside);
    let put_back = html! { (words_of("release", "Why? Colleagues read it.", true)) button { "Put it back" } };
    let mut acts = vec![("Put it back", form("release", &put_back)?)];
    let answering = visit.answering(held)?;
    if answering.is_none() {
        acts.push(("Put it aside", form("reject", &rejecting())?));
        acts.splice(0..0, visit.working(held)?);
    }
    let given = given(delivery).is_some();
    Ok(html! {
        section aria-label="What to do" {
            @if let Some(answering) = &answering { (answering) }
            (form("extend", &html! { button { "I need more time" } })?)
            @for (title, form) in &acts { details { summary { (title) } (form) } }
            @if given { (visit.taking_back(delivery)?) }
        }
    })
}

/// A form under its title.
type Titled = (&'static str, Markup);

impl Visit {
    /// What is done by those who work on it.
    fn working(&self, held: &InHand) -> Result<Vec<Titled>, Trouble> {
        let delivery = &held.delivery;
        let form = |what: &str, inside: &Markup| self.form(&act(&delivery.queue, &delivery.delivery_id, what), inside);
        let rulebook = self.desk.broker.rulebook();
        let kind = QueueId::parse(&delivery.queue).and_then(|queue| rulebook.policy.queues.kind_of(&queue));
        let side = kind.map(|kind| kind.side);
        let mut acts = vec![("Complete it", form("complete", &kind.map_or_else(|| html! {}, completing))?)];
        if side == Some(QueueSide::Police) && !delivery.items.is_empty() {
            acts.push(("Confirm a grade", grading::forms(self, held)?));
        }
        acts.push(("Ask the sender", form("ask", &asking())?));
        // What nobody has opened goes back to the queue, and what is opened to whom it is given.
        if delivery.opened_time.is_some() || delivery.openable.is_empty() {
            acts.push(("Hand it over", form("hand-over", &handing())?));
        }
        if delivery.opened_time.is_some() && given(delivery).is_none() && side != Some(QueueSide::Triage) {
            acts.push(("Offer it to another unit", form("transfer", &transferring())?));
        }
        Ok(acts)
    }
}

fn completing(kind: &QueueKind) -> Markup {
    html! {
        fieldset {
            legend { "Outcome" }
            @for outcome in &kind.outcomes {
                @let id = format!("outcome-{}", outcome.code);
                div { input type="radio" #(id) name="code" value=(outcome.code) required; label for=(id) { (outcome.label) } }
            }
        }
        label for="why" { "Reason, for no further action only" }
        select #why name="why" {
            option value="" { "" }
            @for reason in NoActionReason::ALL { option value=(reason.code()) { (reason.words()) } }
        }
        (words_of("complete", "Note for your unit", false))
        div { input type="checkbox" #tell name="tell" value="yes"; label for="tell" { "The sender may see the outcome itself. Not where that could tip somebody off." } }
        button { "Complete it" }
    }
}

fn rejecting() -> Markup {
    html! {
        fieldset {
            legend { "Why can nothing be done with it here?" }
            @for reason in DeadReason::ALL.iter().filter(|reason| reason.is_officers()) {
                @let id = format!("reject-{}", reason.code());
                div { input type="radio" #(id) name="code" value=(reason.code()) required; label for=(id) { (reason.words()) } }
            }
        }
        (words_of("reject", "Note for your supervisor", false))
        button { "Put it aside" }
    }
}

fn handing() -> Markup {
    html! {
        label for="to" { "To whom? Their whole identity, as their own first page shows it." }
        input #to name="to" required maxlength="300" autocomplete="off" spellcheck="false";
        (words_of("hand-over", "Note for your colleague", true))
        button { "Hand it over" }
    }
}

fn transferring() -> Markup {
    html! {
        label for="to-queue" { "To which queue? For example MPU.NE." }
        input #to-queue name="to" required maxlength="100" autocomplete="off" spellcheck="false";
        (words_of("transfer", "Why there?", true))
        p.quiet { "It stays yours, with its deadlines, until they accept." }
        button { "Offer it" }
    }
}

fn asking() -> Markup {
    html! {
        label for="item" { "About which item? 0 for the whole." }
        input #item name="item" type="number" min="0" max="1000" value="0";
        (words_of("ask", "What do they know already? Nobody is to set the child to find things out.", true))
        div { input type="checkbox" #nothing name="tell" value="yes"; label for="nothing" { "It asks nothing of the child, whatever its words look like." } }
        button { "Ask the sender" }
    }
}

fn words_of(what: &str, label: &str, required: bool) -> Markup {
    let id = format!("text-{what}");
    html! {
        label for=(id) { (label) }
        textarea #(id) name="text" rows="3" maxlength="5000" required[required] {}
    }
}

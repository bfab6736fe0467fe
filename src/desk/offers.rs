//! What is answered and not settled: a notice that the sender has corrected or recalled something, what another unit offers, and
//! what one has given away and nobody has taken yet.

use axum::{
    http::HeaderMap,
    response::{Html, IntoResponse, Redirect, Response},
};
use maud::{Markup, html};
use serde::Deserialize;

use super::{
    calls::{InHand, Visit},
    delivery::{Which, act},
    forms::Sealed,
    frame,
    refused::{Given, Refused},
    sent::{Form, Path},
    trouble::Trouble,
    words,
};
use crate::wire::{
    convert,
    pb::{self, DeliveryState, RetractionKind},
};

/// An answer, with its reason.
#[derive(Deserialize)]
pub(super) struct Answer {
    #[serde(flatten)]
    pub(super) sealed: Sealed,
    #[serde(default)]
    pub(super) text: String,
}

/// What the sender has done to a referral, where a delivery is a notice of it.
pub(super) fn retracted(delivery: &pb::Delivery) -> Option<&'static str> {
    Some(match delivery.notice.as_ref()?.kind() {
        RetractionKind::Corrected => "corrected by the sender",
        RetractionKind::Recalled => "recalled by the sender",
        RetractionKind::Unspecified => "changed by the sender",
    })
}

/// The offer of another unit that waits for this unit's answer.
pub(super) fn offered(delivery: &pb::Delivery) -> Option<&pb::Transfer> {
    delivery.offered.as_ref().filter(|offer| offer.accepted_time.is_none())
}

/// What this unit offers and the other has not answered.
pub(super) fn given(delivery: &pb::Delivery) -> Option<&pb::Transfer> {
    delivery.transfer.as_ref().filter(|offer| offer.accepted_time.is_none())
}

/// Whether it is theirs to take back: they handed it over or offered it, and it is settled nowhere yet.
pub(super) fn is_to_be_taken_back(delivery: &pb::Delivery, who: &str) -> bool {
    let last = delivery.history.last();
    let handed = last.is_some_and(|step| step.kind == "HANDED_OVER" && step.by == who && !step.code.is_empty());
    let live = delivery.state() == DeliveryState::Leased;
    given(delivery).is_some_and(|offer| offer.by == who) || (handed && live)
}

/// `POST …/acknowledge`: the notice is settled, and its page says why the sender did it.
pub(super) async fn acknowledge(
    visit: Visit,
    Path((queue, id)): Which,
    headers: HeaderMap,
    Form(sealed): Form<Sealed>,
) -> Result<Html<String>, Trouble> {
    let request_id = visit.sent(&headers, &act(&queue, &id, "acknowledge"), &sealed)?;
    let (delivery_id, lease_token) = visit.handle(&queue, &id).await?;
    let heard = visit.acknowledge(pb::AcknowledgeNoticeRequest { request_id, delivery_id, lease_token }).await?;
    let notice = heard.delivery.unwrap_or_default();
    let body = html! {
        p { a href={ "/queues/" (queue) } { "Back to " (queue) } }
        h1 { "Acknowledged: " (retracted(&notice).unwrap_or_default()) }
        (about(&notice))
        dl {
            dt { "Why" }
            dd { @if heard.reason.is_empty() { "Erased." } @else { bdi { (heard.reason) } } }
        }
    };
    Ok(frame::page("A notice", Some(&visit), &visit.marked(convert::MARKING, &id, &body)))
}

/// `POST …/accept`: it is this unit's from now on, and goes on in hand.
pub(super) async fn accept(
    visit: Visit,
    Path((queue, id)): Which,
    headers: HeaderMap,
    Form(answer): Form<Answer>,
) -> Result<Response, Trouble> {
    let after = format!("/queues/{queue}/deliveries/{id}");
    let keeps = visit.keeps(&headers, vec![answer.text.clone()]);
    let accepts = (pb::TransferDecision::Accept, after);
    visit.answered((&queue, &id, "accept"), &headers, answer, accepts).await.map_err(keeps)
}

/// `POST …/refuse`: it goes on where it was.
pub(super) async fn refuse(
    visit: Visit,
    Path((queue, id)): Which,
    headers: HeaderMap,
    Form(answer): Form<Answer>,
) -> Result<Response, Trouble> {
    let after = format!("/queues/{queue}?done=refuse");
    let keeps = visit.keeps(&headers, vec![answer.text.clone()]);
    let refuses = (pb::TransferDecision::Refuse, after);
    visit.answered((&queue, &id, "refuse"), &headers, answer, refuses).await.map_err(keeps)
}

/// `POST …/take-back`: nobody has taken it, and it waits here again. It need not be in hand.
pub(super) async fn take_back(
    visit: Visit,
    Path((queue, id)): Which,
    headers: HeaderMap,
    Form(answer): Form<Answer>,
) -> Result<Response, Trouble> {
    let address = act(&queue, &id, "take-back");
    let request_id = visit.sent(&headers, &address, &answer.sealed)?;
    let written = vec![("text", answer.text.clone())];
    let asked = pb::TakeBackRequest { request_id: request_id.clone(), delivery_id: id.clone(), reason: answer.text };
    match visit.take_back(asked).await {
        Ok(_) => Ok(Redirect::to(&format!("/queues/{queue}?done=take-back")).into_response()),
        Err(status) => Ok(visit.refill((&queue, &id), Refused::new(&address, &request_id, written, status)).await),
    }
}

impl Visit {
    async fn answered(
        self,
        (queue, id, what): (&str, &str, &str),
        headers: &HeaderMap,
        answer: Answer,
        (decision, after): (pb::TransferDecision, String),
    ) -> Result<Response, Trouble> {
        let address = act(queue, id, what);
        let request_id = self.sent(headers, &address, &answer.sealed)?;
        let (delivery_id, lease_token) = self.handle(queue, id).await?;
        let written = vec![("text", answer.text.clone())];
        let (decision, reason) = (decision.into(), answer.text);
        let asked =
            pb::AnswerTransferRequest { request_id: request_id.clone(), delivery_id, lease_token, decision, reason };
        match self.answer(asked).await {
            Ok(_) => Ok(Redirect::to(&after).into_response()),
            Err(status) => Ok(self.refill((queue, id), Refused::new(&address, &request_id, written, status)).await),
        }
    }

    /// The form that takes a delivery back.
    pub(super) fn taking_back(&self, delivery: &pb::Delivery) -> Result<Markup, Trouble> {
        let address = act(&delivery.queue, &delivery.delivery_id, "take-back");
        let given = self.given(&address, &[]);
        let inside = why(&format!("take-back-{}", delivery.delivery_id), "Why?", (true, &given), "Take it back");
        Ok(html! { details open[given.again()] { summary { "Take it back" } (given.form(&inside)?) } })
    }

    /// The forms for what is answered before anything else can be done, where a delivery is such a thing.
    pub(super) fn answering(&self, held: &InHand) -> Result<Option<Markup>, Trouble> {
        let delivery = &held.delivery;
        let address = |what: &str| act(&delivery.queue, &delivery.delivery_id, what);
        if retracted(delivery).is_some() {
            let inside = html! {
                button.main { "Acknowledge it" }
                p.quiet { "The next page says why the sender did it. The ledger keeps who acknowledged it, and when." }
            };
            return Ok(Some(self.form(&address("acknowledge"), &inside)?));
        }
        let Some(offer) = offered(delivery) else { return Ok(None) };
        let (accepting, refusing) = (address("accept"), address("refuse"));
        let (accept, refuse) = (self.given(&accepting, &[]), self.given(&refusing, &[]));
        let refused = refuse.again();
        let accept = accept.form(&why("text-accept", "What you have to say to it", (false, &accept), "Accept it"))?;
        let refuse = refuse.form(&why("text-refuse", "Why?", (true, &refuse), "Refuse it"))?;
        Ok(Some(html! {
            p { "Open what you need to decide. Accepted, it is yours and its deadlines are too; refused, it goes on in " (offer.queue) "." }
            details open { summary { "Accept it" } (accept) }
            details open[refused] { summary { "Refuse it" } (refuse) }
        }))
    }
}

/// What a notice is about.
pub(super) fn about(delivery: &pb::Delivery) -> Markup {
    let Some(notice) = &delivery.notice else { return html! {} };
    html! {
        dl {
            dt { "Referral" } dd { (delivery.referral_id) }
            dt { "When" } dd { (words::moment(notice.retract_time.as_ref()).unwrap_or_default()) }
            @if !notice.successor_referral_id.is_empty() { dt { "In its place" } dd { "referral " (notice.successor_referral_id) } }
        }
    }
}

fn why(id: &str, label: &str, (required, given): (bool, &Given<'_>), button: &str) -> Markup {
    html! {
        label for=(id) { (label) }
        textarea id=(id) name="text" rows="2" maxlength="5000" required[required] spellcheck="false" { "\n" (given.text("text")) }
        button { (button) }
    }
}

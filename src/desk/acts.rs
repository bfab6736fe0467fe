//! What is done with a delivery in hand. Each form is done once, however often it is sent, and says at once if the lease is gone.

use axum::{
    http::HeaderMap,
    response::{IntoResponse, Redirect, Response},
};
use maud::{Markup, html};
use serde::Deserialize;
use tonic::Status;

use super::{
    calls::{InHand, Visit},
    delivery::act,
    forms::Sealed,
    grading,
    offers::given,
    refused::{Given, Refused, Written},
    sent::{Form, Path},
    trouble::Trouble,
};
use crate::{
    domain::{
        grants::Action,
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

impl Fields {
    /// What was written, for the form to have it again.
    fn written(&self) -> Written {
        let grade = &self.grade;
        let all = [
            ("code", &self.code),
            ("why", &self.why),
            ("text", &self.text),
            ("to", &self.to),
            ("tell", &self.tell),
            ("item", &self.item),
            ("source", &grade.source),
            ("information", &grade.information),
            ("handling", &grade.handling),
            ("action_code", &grade.action_code),
            ("sanitisation_code", &grade.sanitisation_code),
        ];
        all.into_iter().map(|(name, value)| (name, value.clone())).collect()
    }
}

/// `POST …/deliveries/{id}/{act}`: back to the delivery, or to its queue where it is no longer in hand. What is refused stands in its form again.
pub(super) async fn done(
    visit: Visit,
    Path((queue, id, what)): Path<(String, String, String)>,
    headers: HeaderMap,
    Form(fields): Form<Fields>,
) -> Result<Response, Trouble> {
    let keeps = visit.keeps(&headers, vec![fields.text.clone()]);
    visit.does((queue, id, what), &headers, fields).await.map_err(keeps)
}

/// What every call about something in hand begins with: delivery and token.
type Handle = (String, String);

impl Visit {
    async fn does(
        self,
        (queue, id, what): (String, String, String),
        headers: &HeaderMap,
        fields: Fields,
    ) -> Result<Response, Trouble> {
        let address = act(&queue, &id, &what);
        let request_id = self.sent(headers, &address, &fields.sealed)?;
        let handle = self.handle(&queue, &id).await?;
        let written = fields.written();
        // Of what was typed only the code of a queue that there is becomes part of an address.
        let to = self.place_typed(&fields.to);
        let sent_to =
            self.place_said(&to).filter(|_| what == "resolve").map_or_else(String::new, |_| format!("&to={to}"));
        let (done, after) = match what.as_str() {
            "extend" | "ask" | "confirm" | "transfer" => {
                let done = self.goes_on(&what, request_id.clone(), handle, fields).await;
                (done, format!("/queues/{queue}/deliveries/{id}"))
            }
            "complete" | "release" | "reject" | "hand-over" | "resolve" => (
                self.ends(&what, request_id.clone(), handle, fields).await,
                format!("/queues/{queue}?done={what}{sent_to}"),
            ),
            _ => return Err(Trouble::nowhere()),
        };
        match done {
            Ok(()) => Ok(Redirect::to(&after).into_response()),
            Err(status) => Ok(self.refill((&queue, &id), Refused::new(&address, &request_id, written, status)).await),
        }
    }

    /// The delivery once more, with the form that was refused.
    pub(super) async fn refill(self, (queue, id): (&str, &str), refused: Refused) -> Response {
        let visit = self.refusing(refused);
        let page = match visit.held(queue, id).await {
            Ok(held) => visit.page(&held, &[]).await,
            Err(trouble) => Err(trouble),
        };
        visit.once_more(page)
    }

    /// What leaves the delivery in hand.
    async fn goes_on(&self, what: &str, request_id: String, handle: Handle, fields: Fields) -> Result<(), Status> {
        let (delivery_id, lease_token) = handle;
        let Fields { why, text, to, tell, item, grade, .. } = fields;
        let item = item.parse().unwrap_or_default();
        match what {
            "extend" => self.extend(request_id, (delivery_id, lease_token)).await.map(drop),
            "transfer" => {
                let (to_queue, reason) = (self.place_typed(&to), text);
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
    async fn ends(&self, what: &str, request_id: String, handle: Handle, fields: Fields) -> Result<(), Status> {
        let (delivery_id, lease_token) = handle;
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
                let (to_queue, reason) = (self.place_typed(&to), text);
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

/// A form under its title; open where it was refused.
struct Titled(&'static str, bool, Markup);

/// Every act, as forms; the one that ends the matter first. What is to be answered comes before all others.
pub(super) async fn all(visit: &Visit, held: &InHand) -> Result<Markup, Trouble> {
    let delivery = &held.delivery;
    let putting_back = |given: &Given<'_>| {
        html! { (words_of("release", "Why? Colleagues read it.", (true, given))) button { "Put it back" } }
    };
    let mut acts = vec![visit.titled(held, ("release", "Put it back"), putting_back)?];
    let answering = visit.answering(held)?;
    if answering.is_none() {
        acts.push(visit.titled(held, ("reject", "Put it aside"), rejecting)?);
        acts.splice(0..0, visit.working(held, &visit.colleagues(&held.delivery.queue).await?)?);
    }
    let more_time = act(&delivery.queue, &delivery.delivery_id, "extend");
    let more_time = visit.given(&more_time, &[]).form(&html! { button { "I need more time" } })?;
    let given = given(delivery).is_some();
    Ok(html! {
        section aria-label="What to do" {
            @if let Some(answering) = &answering { (answering) }
            (more_time)
            @for Titled(title, open, form) in &acts { details open[*open] { summary { (title) } (form) } }
            @if given { (visit.taking_back(delivery)?) }
        }
    })
}

impl Visit {
    fn titled(
        &self,
        held: &InHand,
        (what, title): (&str, &'static str),
        inside: impl FnOnce(&Given<'_>) -> Markup,
    ) -> Result<Titled, Trouble> {
        let address = act(&held.delivery.queue, &held.delivery.delivery_id, what);
        let given = self.given(&address, &[]);
        Ok(Titled(title, given.again(), given.form(&inside(&given))?))
    }

    /// To whom it may be handed over: by their whole identities, each with who that is in short.
    pub(super) async fn colleagues(&self, queue: &str) -> Result<Markup, Trouble> {
        let all = self.desk.services.colleagues(&self.session, queue).await?;
        let short = |who: &str| who.rsplit_once("//").map_or_else(String::new, |(_, who)| who.to_owned());
        Ok(html! { datalist #colleagues { @for who in &all { option value=(who) { (short(who)) } } } })
    }

    /// What is done by those who work on it.
    fn working(&self, held: &InHand, colleagues: &Markup) -> Result<Vec<Titled>, Trouble> {
        let delivery = &held.delivery;
        let rulebook = self.desk.broker.rulebook();
        let kind = QueueId::parse(&delivery.queue).and_then(|queue| rulebook.policy.queues.kind_of(&queue));
        let side = kind.map(|kind| kind.side);
        let outcomes = |given: &Given<'_>| kind.map_or_else(|| html! {}, |kind| completing(kind, given));
        let mut acts = vec![self.titled(held, ("complete", "Complete it"), outcomes)?];
        if side == Some(QueueSide::Police) && !delivery.items.is_empty() && self.may(Action::ConfirmGrading) {
            let (forms, open) = grading::forms(self, held)?;
            acts.push(Titled("Confirm a grade", open, forms));
        }
        acts.push(self.titled(held, ("ask", "Ask the sender"), asking)?);
        // What nobody has opened goes back to the queue, and what is opened to whom it is given.
        if delivery.opened_time.is_some() || delivery.openable.is_empty() {
            acts.push(self.titled(held, ("hand-over", "Hand it over"), |given| handing(given, colleagues))?);
        }
        if delivery.opened_time.is_some() && given(delivery).is_none() && side != Some(QueueSide::Triage) {
            acts.push(
                self.titled(held, ("transfer", "Offer it to another unit"), |given| {
                    transferring(given, &self.places())
                })?,
            );
        }
        Ok(acts)
    }
}

/// What a way to settle it does not do by itself, where its name sounds as if it did.
fn caution(kind: &QueueKind, code: &str) -> Option<&'static str> {
    match (kind.side, code) {
        (QueueSide::Triage, _) => Some("This ends it here, and sends it to nobody."),
        (_, "transferred") => Some(
            "“Transferred” only notes that it went elsewhere by another way. To give it to another unit here, use “Offer it to another unit”.",
        ),
        _ => None,
    }
}

fn completing(kind: &QueueKind, given: &Given<'_>) -> Markup {
    let mut cautions: Vec<_> = kind.outcomes.iter().filter_map(|outcome| caution(kind, &outcome.code)).collect();
    cautions.dedup();
    html! {
        fieldset {
            legend { "Outcome" }
            @for words in &cautions { p.quiet { (words) } }
            @for outcome in &kind.outcomes {
                @let id = format!("outcome-{}", outcome.code);
                div { input type="radio" #(id) name="code" value=(outcome.code) required checked[given.is("code", &outcome.code)]; label for=(id) { (outcome.label) } }
            }
        }
        label for="why" { "Reason, for no further action only" }
        select #why name="why" {
            option value="" { "" }
            @for reason in NoActionReason::ALL { option value=(reason.code()) selected[given.is("why", reason.code())] { (reason.words()) } }
        }
        (words_of("complete", "Note for your unit", (false, given)))
        div { input type="checkbox" #tell name="tell" value="yes" checked[given.is("tell", "yes")]; label for="tell" { "The sender may see the outcome itself. Not where that could tip somebody off." } }
        button { "Complete it" }
    }
}

fn rejecting(given: &Given<'_>) -> Markup {
    html! {
        fieldset {
            legend { "Why can nothing be done with it here?" }
            @for reason in DeadReason::ALL.iter().filter(|reason| reason.is_officers()) {
                @let id = format!("reject-{}", reason.code());
                div { input type="radio" #(id) name="code" value=(reason.code()) required checked[given.is("code", reason.code())]; label for=(id) { (reason.words()) } }
            }
        }
        (words_of("reject", "Note for your supervisor", (false, given)))
        button { "Put it aside" }
    }
}

fn handing(given: &Given<'_>, colleagues: &Markup) -> Markup {
    html! {
        (colleagues)
        label for="to" { "To whom? Begin with their number or role, and choose." }
        input #to name="to" list="colleagues" required maxlength="300" autocomplete="off" spellcheck="false" value=(given.text("to"));
        (words_of("hand-over", "Note for your colleague", (true, given)))
        button { "Hand it over" }
    }
}

fn transferring(given: &Given<'_>, places: &Markup) -> Markup {
    html! {
        (places)
        label for="to-queue" { "To which unit? Begin with a name, and choose: for example North East (MPU)." }
        input #to-queue name="to" list="places" required maxlength="100" autocomplete="off" spellcheck="false" value=(given.text("to"));
        (words_of("transfer", "Why there?", (true, given)))
        p.quiet { "It stays yours, with its deadlines, until they accept." }
        button { "Offer it" }
    }
}

fn asking(given: &Given<'_>) -> Markup {
    let item = if given.again() { given.text("item") } else { "0" };
    html! {
        label for="item" { "About which item? 0 for the whole." }
        input #item name="item" type="number" min="0" max="1000" value=(item);
        (words_of("ask", "What do they know already? Nobody is to set the child to find things out.", (true, given)))
        div { input type="checkbox" #nothing name="tell" value="yes" checked[given.is("tell", "yes")]; label for="nothing" { "It asks nothing of the child, whatever its words look like." } }
        button { "Ask the sender" }
    }
}

fn words_of(what: &str, label: &str, (required, given): (bool, &Given<'_>)) -> Markup {
    let id = format!("text-{what}");
    html! {
        label for=(id) { (label) }
        textarea #(id) name="text" rows="3" maxlength="5000" required[required] spellcheck="false" { "\n" (given.text("text")) }
    }
}

//! One delivery in hand: what it carries, what was opened of it, and what can be done with it.

use axum::{
    http::HeaderMap,
    response::{Html, IntoResponse, Response},
};
use maud::{Markup, html};
use serde::Deserialize;

use super::{
    acts,
    calls::{InHand, Visit},
    council::chain::happened,
    forms::Sealed,
    frame, grading, offers,
    queues::address,
    refused::Refused,
    rows::{class, deadline},
    sent::{Form, Path},
    trouble::Trouble,
    words,
};
use crate::{
    domain::unit::Part,
    wire::{convert, offline::submission_as_received, pb},
};

/// Which delivery: the queue and the id.
pub(super) type Which = Path<(String, String)>;

/// `GET …/deliveries/{id}`: nothing of it is opened by looking.
pub(super) async fn show(visit: Visit, Path((queue, id)): Which) -> Result<Html<String>, Trouble> {
    let held = visit.held(&queue, &id).await?;
    visit.page(&held, &[]).await
}

/// What a part is opened with.
#[derive(Deserialize)]
pub(super) struct Opening {
    #[serde(flatten)]
    sealed: Sealed,
    part: String,
    item: String,
    reason: String,
}

/// `POST …/read`: opens all that is theirs to read without saying why.
pub(super) async fn read(
    visit: Visit,
    Path((queue, id)): Which,
    headers: HeaderMap,
    Form(sealed): Form<Sealed>,
) -> Result<Html<String>, Trouble> {
    visit.sent(&headers, &act(&queue, &id, "read"), &sealed)?;
    let held = visit.held(&queue, &id).await?;
    let mut opened = Vec::new();
    for (number, unit) in held.units() {
        if !words::wants_a_reason(unit.0) {
            opened.push(visit.open(&held, (number, unit.1), "").await?);
        }
    }
    visit.page(&visit.held(&queue, &id).await?, &opened).await
}

/// `POST …/open`: opens one part, and says why.
pub(super) async fn open(
    visit: Visit,
    Path((queue, id)): Which,
    headers: HeaderMap,
    Form(opening): Form<Opening>,
) -> Result<Response, Trouble> {
    let address = act(&queue, &id, "open");
    let request_id = visit.sent(&headers, &address, &opening.sealed)?;
    let held = visit.held(&queue, &id).await?;
    let number = |text: &str| text.parse::<u32>().unwrap_or(u32::MAX);
    let unit = (i32::try_from(number(&opening.part)).unwrap_or_default(), number(&opening.item));
    match visit.open(&held, unit, &opening.reason).await {
        Ok(opened) => Ok(visit.page(&visit.held(&queue, &id).await?, &[opened]).await?.into_response()),
        Err(status) => {
            let written = vec![("part", opening.part), ("item", opening.item), ("reason", opening.reason)];
            Ok(visit.refill((&queue, &id), Refused::new(&address, &request_id, written, status)).await)
        }
    }
}

/// The address of something done with a delivery.
pub(super) fn act(queue: &str, id: &str, act: &str) -> String {
    address(queue, &format!("deliveries/{id}/{act}"))
}

impl InHand {
    /// The units that may be opened: the number of the part on the wire, and the unit.
    fn units(&self) -> impl Iterator<Item = (i32, (Part, u32))> {
        self.delivery.openable.iter().filter_map(|unit| Some((unit.part, (convert::part(unit.part)?, unit.item))))
    }
}

impl Visit {
    /// What they hold under this id.
    pub(super) async fn held(&self, queue: &str, id: &str) -> Result<InHand, Trouble> {
        let in_hand = self.in_hand(queue).await?;
        in_hand.into_iter().find(|held| held.delivery.delivery_id == id).ok_or_else(Trouble::not_in_hand)
    }

    /// The page of a delivery, with what was opened of it.
    pub(super) async fn page(&self, held: &InHand, opened: &[pb::OpenPartResponse]) -> Result<Html<String>, Trouble> {
        let (delivery, now) = (&held.delivery, self.desk.broker.now());
        let marking = opened.first().map(|opened| opened.marking.as_str());
        let caveat = opened.iter().map(|opened| opened.caveat.as_str()).find(|caveat| !caveat.is_empty());
        let (triage, acts) = (self.triage(held).await?, acts::all(self, held).await?);
        // What was opened is in the ledger as read: it is shown whatever becomes of this.
        let none = |_| html! { p.quiet { "The receipt chain cannot be shown just now." } };
        let chain = self.chain(delivery).await.unwrap_or_else(none);
        let body = html! {
            p { a href={ "/queues/" (delivery.queue) } { "Back to " (delivery.queue) } }
            h1 { (class(delivery)) }
            @if let Some(caveat) = caveat { p.caveat { (caveat) } }
            @if let Some((why, _)) = &triage { (why) }
            (first_of_all(opened))
            @for unit in in_order(opened) { (shown(unit)) }
            (self.summary(held, now))
            @if !delivery.openable.is_empty() { (self.openings(held, opened.is_empty())?) }
            @if let Some((_, sends_on)) = &triage { (sends_on) }
            (acts)
            (chain)
        };
        let body = match marking {
            Some(marking) => self.marked(marking, &format!("Delivery {}", delivery.delivery_id), &body),
            None => body,
        };
        Ok(frame::live("A delivery", self, &body))
    }

    /// The header: no content is in it.
    fn summary(&self, held: &InHand, now: jiff::Timestamp) -> Markup {
        let delivery = &held.delivery;
        let rulebook = self.desk.broker.rulebook();
        let rules = rulebook.policy.rules_at(now);
        let said = |id: &String| rules.rule(id).map(|rule| rule.words.clone()).unwrap_or_default();
        html! {
            dl {
                dt { "Due" } dd { (deadline(delivery, now)) }
                dt { "Yours for" } dd { @if let Some(left) = words::yours_for("", held.until.as_ref(), now) { (left) } }
                dt { "Received" } dd { (words::moment(delivery.received_time.as_ref()).unwrap_or_default()) }
                @if !delivery.linked_from.is_empty() { dt { "Linked" } dd { "the record of another child in the same referral" } }
                @if delivery.provisional { dt { "Provisional" } dd { "here only until HOLD has found the child's home" } }
                @if let Some(held) = &delivery.held { dt { "Held" } dd { (words::plain(&held.reason)) @if !held.meant_for.is_empty() { ", meant for " (held.meant_for.join(" or ")) } } }
                @if let Some(retracted) = offers::retracted(delivery) { dt { "Notice" } dd { (retracted) "; there is nothing to open" } }
                @if let Some(offer) = offers::offered(delivery) { dt { "Offered" } dd { "by " (offer.queue) ", " (offer.by) } }
                @if let Some(offer) = offers::given(delivery) { dt { "Offered" } dd { "to " (offer.queue) ", who " (words::due(offer.answer_due_time.as_ref(), now).map_or("answer".to_owned(), |(when, _)| format!("have to answer {when}"))) } }
                @if !delivery.corrects_referral_id.is_empty() { dt { "Corrects" } dd { "the referral " (delivery.corrects_referral_id) } }
                @if !delivery.rules.is_empty() { dt { "Why here" } }
                @if !delivery.rules.is_empty() { dd { ul.plain { @for rule in &delivery.rules { li { strong { (rule) } " " (said(rule)) } } } } }
                @if !delivery.prompts.is_empty() {
                    dt { "To be done" }
                    dd { ul.plain { @for prompt in &delivery.prompts {
                        li { (words::plain(&prompt.kind)) @if let Some(when) = words::counts_down("", prompt.due_time.as_ref(), now) { ", " (when) } @if let Some(stands) = stands(delivery, &prompt.kind) { ", " (stands) } }
                    } } }
                }
                @if !delivery.history.is_empty() {
                    dt { "Before" }
                    dd { ul.plain { @for step in &delivery.history {
                        li { (words::moment(step.step_time.as_ref()).unwrap_or_default()) ": " (words::step(&step.kind, &step.code)) }
                    } } }
                }
            }
            (offers::about(delivery))
            (grading::items(delivery))
        }
    }

    /// The receipt chain: what the sender is shown of this delivery, and where it stands in the ledger.
    async fn chain(&self, delivery: &pb::Delivery) -> Result<Markup, Trouble> {
        let chain = self.desk.services.chain(&self.session, &delivery.delivery_id).await?;
        let Some((accepted, here)) = chain else { return Ok(html! {}) };
        let signed = self.checkpoint().await?;
        let mut lines = signed.checkpoint.lines();
        let (ledger, size) = (lines.next().unwrap_or_default(), lines.next().unwrap_or_default());
        Ok(html! {
            section aria-labelledby="chain" {
                h2 #chain { "Receipt chain" }
                p.quiet { "This is what the sender is shown of it here." }
                (happened(&here))
                dl {
                    dt { "Referral" } dd { (delivery.referral_id) }
                    @if let Some(index) = accepted { dt { "Ledger entry" } dd { (index) } }
                    dt { "The ledger now" } dd { (size) " entries of " (ledger) ", signed: " a download="" href="/ledger-key" { "its public key" } }
                }
                p.quiet { "The sender has the receipt. An auditor proves each step from the ledger." }
            }
        })
    }

    /// What can be opened: all at once, or the source side with a reason.
    fn openings(&self, held: &InHand, unopened: bool) -> Result<Markup, Trouble> {
        let (queue, id) = (&held.delivery.queue, &held.delivery.delivery_id);
        let opening = act(queue, id, "open");
        let with_reason: Vec<_> = held.units().filter(|(_, unit)| words::wants_a_reason(unit.0)).collect();
        let read = html! { button.main[unopened] { @if unopened { "Open it" } @else { "Open it again" } } p.quiet { "Opening acknowledges it. The ledger keeps who opened what, and when." } };
        let mut forms = vec![self.form(&act(queue, id, "read"), &read)?];
        for (number, (part, item)) in with_reason {
            let name = format!("reason-{number}-{item}");
            let given = self.given(&opening, &[("part", &number.to_string()), ("item", &item.to_string())]);
            let inside = html! {
                input type="hidden" name="part" value=(number);
                input type="hidden" name="item" value=(item);
                label for=(name) { "Why do you need it?" }
                input #(name) name="reason" required maxlength="5000" autocomplete="off" spellcheck="false" value=(given.text("reason"));
                button { "Open" }
            };
            let form = given.form(&inside)?;
            forms.push(html! { details open[given.again()] { summary { (words::part(part)) @if item > 0 { ", item " (item) } } (form) } });
        }
        Ok(html! { section aria-label="Opening" { @for form in &forms { (form) } } })
    }
}

/// How a prompt stands that is followed: who will do it, or how it ended.
fn stands(delivery: &pb::Delivery, kind: &str) -> Option<String> {
    let prompt = delivery.tracked_prompts.iter().find(|prompt| prompt.kind == kind)?;
    let owner = prompt.owner.as_ref().map(|owner| format!("{} will do it", owner.queue));
    let end = prompt.end.as_ref().map(|end| words::plain(&end.outcome));
    Some(end.or(owner).unwrap_or_else(|| "nobody is named to do it".to_owned()))
}

/// A field for reading: the original in its JSON form, a card without codes, and every other text as it is.
fn readable(part: Option<Part>, field: &pb::Field) -> String {
    match part {
        Some(Part::Original) if field.name == "submission" => {
            submission_as_received(&field.value).unwrap_or_else(|| field.value.clone())
        }
        Some(Part::EpisodeCard | Part::Card) => words::value(&field.name, &field.value),
        _ => field.value.clone(),
    }
}

/// What whoever picks up the telephone has to know before: dangers, the number, the child.
fn first_of_all(opened: &[pb::OpenPartResponse]) -> Markup {
    const WARNINGS: [(&str, &str); 3] = [
        ("no_family_contact", "Do not contact the family."),
        ("safe_contact_no", "No contact at home is safe."),
        ("self_harm_risk", "The child may be a danger to themselves."),
    ];
    let fields = || opened.iter().filter_map(|unit| unit.view.as_ref()).flat_map(|view| &view.fields);
    let said = |flag: &str| fields().any(|field| field.name == "flag" && field.value == flag);
    let first = |names: &[&str]| {
        fields().find(|field| names.contains(&field.name.as_str()) && !field.value.is_empty()).map(|field| &field.value)
    };
    let warnings: Vec<_> = WARNINGS.iter().filter(|(flag, _)| said(flag)).map(|(_, words)| *words).collect();
    let number = first(&["call_back", "reporter.call_back"]);
    let child = first(&["child.name", "notice.child", "prompt.child", "closure.child"]);
    html! {
        @if !warnings.is_empty() { p.alarm role="alert" { strong { (warnings.join(" ")) } } }
        @if number.is_some() || child.is_some() {
            dl.vital {
                @if let Some(number) = number { dt { "Ring back" } dd { bdi { (number) } } }
                @if let Some(child) = child { dt { "Child" } dd { bdi { (child) } @if let Some(born) = first(&["child.date_of_birth"]) { ", born " (born) } } }
            }
        }
    }
}

/// What was said comes first, then what is proposed about the child, then cards.
fn in_order(opened: &[pb::OpenPartResponse]) -> Vec<&pb::OpenPartResponse> {
    let rank = |unit: &&pb::OpenPartResponse| match unit.view.as_ref().and_then(|view| Part::from_code(&view.part)) {
        Some(Part::Item) => 0,
        Some(Part::Safeguarding) => 1,
        _ => 2,
    };
    let mut units: Vec<_> = opened.iter().collect();
    units.sort_by_key(rank);
    units
}

/// An opened unit. Its text is shown as text, whatever it holds.
fn shown(opened: &pb::OpenPartResponse) -> Markup {
    let Some(view) = &opened.view else { return html! {} };
    let part = Part::from_code(&view.part);
    let advice = |name: &str| name.starts_with("advice[");
    html! {
        article {
            h2 { (part.map_or("", words::part)) @if view.item > 0 { ", item " (view.item) } }
            dl {
                @for field in view.fields.iter().filter(|field| !advice(&field.name)) {
                    dt { (words::field(&field.name)) }
                    dd.withheld[field.withheld] { bdi { (readable(part, field)) } }
                }
                @if let Some(grading) = &opened.grading {
                    dt { "proposed grade" } dd { (grading.proposed) " " (grading.handling) ": " (grading::words(&grading.proposed, &grading.handling)) }
                    @for confirmed in &grading.confirmed {
                        dt { "confirmed" }
                        dd { (confirmed.grade) " " (confirmed.handling) ": " (grading::words(&confirmed.grade, &confirmed.handling)) ", version " (confirmed.version) " " bdi { (confirmed.instructions) " " (confirmed.reason) } }
                    }
                }
            }
            @for field in view.fields.iter().filter(|field| advice(&field.name)) {
                p.quiet { "Advice on the wording: " bdi { (field.value) } }
            }
            @for step in opened.history.iter().filter(|step| !step.note.is_empty()) {
                p { (words::moment(step.step_time.as_ref()).unwrap_or_default()) ", " (words::plain(&step.kind)) ": " bdi { (step.note) } }
            }
        }
    }
}

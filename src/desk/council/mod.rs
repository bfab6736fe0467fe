//! A council's side: what became of each referral, what is asked about it, and its receipt to file. No content is on these pages:
//! the sender has it.

pub(super) mod chain;

use axum::{
    http::{HeaderMap, header},
    response::{Html, IntoResponse, Redirect, Response},
};
use jiff::Timestamp;
use maud::{Markup, html};
use serde::Deserialize;
use tonic::Status;

use super::{
    calls::{ROWS, Visit, call},
    forms::Sealed,
    frame,
    refused::{Given, Refused},
    sent::{Form, Path, Query},
    trouble::Trouble,
    words,
};
use crate::wire::{
    pb::{self, ReferralState},
    server::{audit_service_server::AuditService, referral_service_server::ReferralService},
};

/// Referrals that are looked through for questions, at most.
const LOOKED_THROUGH: usize = 1_000;

/// What was asked for beside the path.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Asked {
    /// Where the page begins.
    page: String,
    /// What was just done.
    done: String,
}

/// An answer to a question, and who gives it.
#[derive(Deserialize)]
pub(super) struct Answer {
    #[serde(flatten)]
    sealed: Sealed,
    #[serde(default)]
    question: String,
    #[serde(default)]
    text: String,
    #[serde(default)]
    staff: String,
    #[serde(default)]
    job: String,
}

type Called<T> = Result<T, Status>;

impl Visit {
    async fn referrals(&self, page_token: &str) -> Called<pb::ListReferralsResponse> {
        let page_token = page_token.to_owned();
        call!(
            self,
            list_referrals,
            pb::ListReferralsRequest { page_size: ROWS, page_token, on_behalf_of: String::new() }
        )
    }

    /// Those with something to answer, wherever in the list they stand; and whether all of it was looked through. On a later page its own
    /// alone: the first has said the rest.
    async fn asking(&self, from: &str, shown: &pb::ListReferralsResponse) -> Called<(Vec<pb::Referral>, bool)> {
        let open = |referral: &&pb::Referral| open_questions(referral) > 0;
        let mut found: Vec<pb::Referral> = shown.referrals.iter().filter(open).cloned().collect();
        let (mut next, mut looked) = (shown.next_page_token.clone(), shown.referrals.len());
        while from.is_empty() && !next.is_empty() && looked < LOOKED_THROUGH {
            let page = self.referrals(&next).await?;
            looked += page.referrals.len();
            found.extend(page.referrals.into_iter().filter(|referral| open_questions(referral) > 0));
            next = page.next_page_token;
        }
        Ok((found, next.is_empty() || !from.is_empty()))
    }

    async fn referral(&self, id: &str) -> Called<pb::Referral> {
        let found = call!(self, get_referral, pb::GetReferralRequest { referral_id: id.to_owned() })?;
        Ok(found.referral.unwrap_or_default())
    }

    async fn proof(&self, id: &str, erasure: bool) -> Called<pb::ProveReferralResponse> {
        call!(self, prove_referral, pb::ProveReferralRequest { referral_id: id.to_owned(), erasure })
    }

    /// The signed checkpoint of the ledger as it is now, with its public key.
    pub(super) async fn checkpoint(&self) -> Called<pb::GetCheckpointResponse> {
        call!(self, get_checkpoint, pb::GetCheckpointRequest {})
    }
}

/// `GET /referrals`: theirs, newest first, what is asked of them before all else.
pub(super) async fn mine(visit: Visit, Query(asked): Query<Asked>) -> Result<Html<String>, Trouble> {
    let list = visit.referrals(&asked.page).await?;
    let now = visit.desk.broker.now();
    let (asking, all) = visit.asking(&asked.page, &list).await?;
    let body = html! {
        h1 { "Referrals" }
        @if !asking.is_empty() {
            section.notice aria-labelledby="asked" {
                h2 #asked { "You are asked" }
                ul.plain { @for referral in &asking {
                    li { (way(referral)) ": " (count(open_questions(referral), "question", "questions")) " to answer" }
                } }
                @if !all { p.quiet { "Only your last " (LOOKED_THROUGH) " referrals are looked through for this: open older ones from the list below." } }
            }
        }
        @if list.referrals.is_empty() { p { "None yet." } } @else { (table(&list.referrals, now)) }
        @if !list.next_page_token.is_empty() { p { a href={ "?page=" (list.next_page_token) } { "Earlier" } } }
    };
    Ok(frame::live("Referrals", &visit, &body))
}

fn table(referrals: &[pb::Referral], now: Timestamp) -> Markup {
    let received = |referral: &pb::Referral| {
        referral.receipt.as_ref().and_then(|receipt| words::moment(receipt.received_time.as_ref()))
    };
    html! {
        table {
            caption.unseen { "Your referrals, newest first" }
            thead { tr { th scope="col" { "Referral" } th scope="col" { "Received" } th scope="col" { "Class" } th scope="col" { "How far" } th scope="col" { "72 hours" } } }
            tbody { @for referral in referrals {
                tr.overdue[is_overdue(referral)] {
                    th scope="row" { (way(referral)) }
                    td { (received(referral).unwrap_or_default()) }
                    td { (class(referral)) }
                    td { (state(referral)) @if is_overdue(referral) { ", " span.late { "late" } } }
                    td { (chain::clocks_in_short(referral.clocks.as_ref(), now)) }
                }
            } }
        }
    }
}

/// The way to a referral, under its sender's own reference where it has one.
fn way(referral: &pb::Referral) -> Markup {
    let id = referral.receipt.as_ref().map_or("", |receipt| &receipt.referral_id);
    let name = if referral.sender_reference.is_empty() { id } else { &referral.sender_reference };
    html! { a href={ "/referrals/" (id) } { (name) } }
}

fn class(referral: &pb::Referral) -> Markup {
    let class = referral.receipt.as_ref().map_or("", |receipt| &receipt.class);
    html! { span class={ "class " (class.to_ascii_lowercase()) } { (class) } }
}

/// Where it stands, in a word or two.
fn state(referral: &pb::Referral) -> &'static str {
    match (&referral.retraction, referral.state()) {
        (Some(told), _) if told.kind() == pb::RetractionKind::Recalled => "recalled by you",
        (Some(_), _) => "corrected by you",
        (None, ReferralState::Settled) => "settled everywhere",
        (None, ReferralState::InProgress) => "being worked on",
        (None, ReferralState::Received | ReferralState::Unspecified) => "with them, not opened yet",
    }
}

fn is_overdue(referral: &pb::Referral) -> bool {
    referral.destinations.iter().any(|destination| destination.overdue)
}

fn open_questions(referral: &pb::Referral) -> usize {
    questions(referral).filter(|(from, question)| is_open(from, question)).count()
}

/// Not answered, and not settled without the answer.
fn is_open(from: &pb::Destination, question: &pb::Clarification) -> bool {
    question.answered_time.is_none() && from.outcome_time.is_none()
}

/// Every question, with who asks.
fn questions(referral: &pb::Referral) -> impl Iterator<Item = (&pb::Destination, &pb::Clarification)> {
    referral.destinations.iter().flat_map(|from| from.clarifications.iter().map(move |question| (from, question)))
}

fn count(number: usize, one: &str, many: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { many })
}

/// `GET /referrals/{id}`: one of them.
pub(super) async fn one(
    visit: Visit,
    Path(id): Path<String>,
    Query(asked): Query<Asked>,
) -> Result<Html<String>, Trouble> {
    visit.page_of(&id, &asked.done).await
}

/// A word of ours, whatever the address says.
fn done(code: &str) -> Markup {
    let said = match code {
        "answer" => "Answered. Whoever has it reads your answer, redacted for them.",
        "sent" => "Sent. It is in every queue named below, and in the ledger: keep the receipt.",
        _ => return html! {},
    };
    html! { p.notice role="status" { (said) } }
}

/// What to download, and how to check it years later.
fn to_file(referral: &pb::Referral) -> Markup {
    let id = referral.receipt.as_ref().map_or("", |receipt| &receipt.referral_id);
    html! {
        section aria-labelledby="file" {
            h2 #file { "To file" }
            p { a download="" href={ "/referrals/" (id) "/receipt" } { "Download the receipt" } ": what you sent, when, and to whom it went, with its proof." }
            @if referral.erasure.is_some() {
                p { a download="" href={ "/referrals/" (id) "/destruction" } { "Download the certificate of destruction" } "." }
            }
            p { a download="" href="/ledger-key" { "Download the ledger's public key" } ". With it anybody can check the receipt, without us: " code { "homeward audit check" } "." }
        }
    }
}

impl Visit {
    /// The page of a referral.
    async fn page_of(&self, id: &str, code: &str) -> Result<Html<String>, Trouble> {
        let referral = self.referral(id).await?;
        let now = self.desk.broker.now();
        let name = if referral.sender_reference.is_empty() { "Referral" } else { &referral.sender_reference };
        let body = html! {
            p { a href="/referrals" { "Back to your referrals" } }
            h1 { (class(&referral)) " " (name) ": " (state(&referral)) }
            (done(code))
            (self.questions_of(&referral)?)
            (chain::summary(self, &referral, now))
            (chain::destinations(self, &referral, now))
            (to_file(&referral))
        };
        Ok(frame::live(name, self, &body))
    }

    /// What is asked, each with its form until it is answered.
    fn questions_of(&self, referral: &pb::Referral) -> Result<Markup, Trouble> {
        let id = referral.receipt.as_ref().map_or("", |receipt| &receipt.referral_id);
        let (mut asked, address) = (Vec::new(), answering(id));
        for (number, (from, question)) in questions(referral).enumerate() {
            let given = self.given(&address, &[("question", &question.clarification_id)]);
            let form = match is_open(from, question) {
                false => None,
                true => Some(given.form(&answer_fields(number, question, &given))?),
            };
            asked.push(html! {
                article {
                    h3 { (from.queue) " asks" @if question.item > 0 { " about item " (question.item) } ", " (words::moment(question.asked_time.as_ref()).unwrap_or_default()) }
                    p { bdi { (question.question) } }
                    @if let Some(form) = &form { (form) } @else { p.quiet { @match words::moment(question.answered_time.as_ref()) { Some(when) => { "Answered " (when) }, None => "Settled without an answer: none is needed any more." } } }
                }
            });
        }
        Ok(
            html! { @if !asked.is_empty() { section aria-labelledby="questions" { h2 #questions { "You are asked" } @for one in &asked { (one) } } } },
        )
    }
}

fn answering(id: &str) -> String {
    format!("/referrals/{id}/answer")
}

fn answer_fields(number: usize, question: &pb::Clarification, given: &Given<'_>) -> Markup {
    let name = |what: &str| format!("{what}-{number}");
    html! {
        input type="hidden" name="question" value=(question.clarification_id);
        label for=(name("answer")) { "Your answer, from what you know already. Nobody is to ask the child to find anything out." }
        textarea id=(name("answer")) name="text" rows="4" maxlength="5000" required spellcheck="false" { "\n" (given.text("text")) }
        label for=(name("staff")) { "Your staff number" }
        input id=(name("staff")) name="staff" required maxlength="200" autocomplete="off" value=(given.text("staff"));
        label for=(name("job")) { "Your job" }
        input id=(name("job")) name="job" required maxlength="200" autocomplete="organization-title" value=(given.text("job"));
        button.main { "Send the answer" }
    }
}

/// `POST /referrals/{id}/answer`: the answer goes to whoever has the delivery.
pub(super) async fn answer(
    visit: Visit,
    Path(id): Path<String>,
    headers: HeaderMap,
    Form(given): Form<Answer>,
) -> Result<Response, Trouble> {
    let keeps = visit.keeps(&headers, vec![given.text.clone()]);
    visit.answers(&id, &headers, given).await.map_err(keeps)
}

impl Visit {
    async fn answers(self, id: &str, headers: &HeaderMap, given: Answer) -> Result<Response, Trouble> {
        let address = answering(id);
        let request_id = self.sent(headers, &address, &given.sealed)?;
        let written = vec![
            ("question", given.question.clone()),
            ("text", given.text.clone()),
            ("staff", given.staff.clone()),
            ("job", given.job.clone()),
        ];
        let actor = Some(pb::Actor { scheme: "staff-number".to_owned(), id: given.staff, role: given.job });
        let asked = pb::AnswerClarificationRequest {
            request_id: request_id.clone(),
            referral_id: id.to_owned(),
            clarification_id: given.question,
            answer: given.text,
            actor,
        };
        match call!(self, answer_clarification, asked) {
            Ok(_) => Ok(Redirect::to(&format!("/referrals/{id}?done=answer")).into_response()),
            Err(status) => {
                let visit = self.refusing(Refused::new(&address, &request_id, written, status));
                let page = visit.page_of(id, "").await;
                Ok(visit.once_more(page))
            }
        }
    }
}

/// `GET /referrals/{id}/receipt`: the receipt to file.
pub(super) async fn receipt(visit: Visit, Path(id): Path<String>) -> Result<Response, Trouble> {
    let proof = visit.proof(&id, false).await?;
    Ok(file(&format!("homeward-receipt-{}.txt", letters(&id)), proof.receipt_file))
}

/// `GET /referrals/{id}/destruction`: the certificate that its content was destroyed.
pub(super) async fn destruction(visit: Visit, Path(id): Path<String>) -> Result<Response, Trouble> {
    let proof = visit.proof(&id, true).await?;
    Ok(file(&format!("homeward-destruction-{}.txt", letters(&id)), proof.receipt_file))
}

/// `GET /ledger-key`: what receipts are checked with.
pub(super) async fn ledger_key(visit: Visit) -> Result<Response, Trouble> {
    Ok(file("homeward-ledger-key.txt", visit.checkpoint().await?.verifier_key))
}

/// Of an id only what may stand in the name of a file.
fn letters(id: &str) -> String {
    id.chars().filter(|letter| letter.is_ascii_alphanumeric() || *letter == '-').collect()
}

fn file(name: &str, text: String) -> Response {
    let head = [
        (header::CONTENT_TYPE, "text/plain; charset=utf-8".to_owned()),
        (header::CONTENT_DISPOSITION, format!("attachment; filename=\"{name}\"")),
    ];
    (head, text).into_response()
}

//! What waits for a second person: who proposed what, and the form that approves it with the fingerprint that was read out to them.

use axum::{
    http::HeaderMap,
    response::{Html, IntoResponse, Redirect, Response},
};
use base64::{Engine, prelude::BASE64_STANDARD};
use jiff::Timestamp;
use maud::{Markup, html};
use serde::Deserialize;

use super::{
    super::{
        calls::{ROWS, Visit, call},
        forms::Sealed,
        frame,
        queues::Asked,
        refused::{Given, Refused},
        sent::{Form, Path, Query},
        trouble::Trouble,
        words,
    },
    done, short,
};
use crate::wire::{
    pb::{self, approve_proposal_response::Effect},
    server::admin_service_server::AdminService,
};

/// What was read out.
#[derive(Deserialize)]
pub(in crate::desk) struct Said {
    #[serde(flatten)]
    sealed: Sealed,
    #[serde(default)]
    fingerprint: String,
    /// The page of the list on which the form stands.
    #[serde(default)]
    page: String,
}

/// `GET /approvals`: every proposal that is theirs to see.
pub(in crate::desk) async fn all(visit: Visit, Query(asked): Query<Asked>) -> Result<Html<String>, Trouble> {
    page(&visit, &asked.page, &asked.done).await
}

async fn page(visit: &Visit, at: &str, code: &str) -> Result<Html<String>, Trouble> {
    let page_token = at.to_owned();
    let list = call!(visit, list_proposals, pb::ListProposalsRequest { page_size: ROWS, page_token })?;
    let now = visit.desk.broker.now();
    let mut proposals: Vec<_> = list.proposals.iter().collect();
    // What waits, then what nobody can approve any more, then what was approved.
    proposals.sort_by_key(|one| (!one.approver.is_empty(), is_void(one, now)));
    let mut rows = Vec::new();
    for (number, one) in proposals.into_iter().enumerate() {
        let address = approving(&one.proposal_id);
        let given = visit.given(&address, &[]);
        let waits = one.approver.is_empty() && !is_void(one, now);
        let form = if waits && one.proposer != visit.identity() {
            Some(given.form(&inside((number, at), &given))?)
        } else {
            None
        };
        rows.push(html! {
            article {
                h2 { (words::plain(&one.kind)) ": " (short(&one.subject)) }
                dl {
                    dt { "Proposed" } dd { (words::moment(one.create_time.as_ref()).unwrap_or_default()) " by " (short(&one.proposer)) @if !one.reason.is_empty() { ", " (words::plain(&one.reason)) } }
                    @if one.approver.is_empty() { dt { "Open still" } dd { (open_for(one, now)) } }
                    @else { dt { "Approved" } dd { (words::moment(one.approve_time.as_ref()).unwrap_or_default()) " by " (short(&one.approver)) } }
                    @if one.proposer == visit.identity() { dt { "Fingerprint" } dd { code { (one.fingerprint) } } }
                }
                @if let Some(form) = &form { (form) } @else if waits { p.quiet { "You proposed it: somebody else approves it. Read the fingerprint out to them." } }
            }
        });
    }
    let body = html! {
        h1 { "Approvals" }
        (done(code))
        @if rows.is_empty() { p { "Nothing waits." } }
        @for row in &rows { (row) }
        @if !list.next_page_token.is_empty() { p { a href={ "?page=" (list.next_page_token) } { "More" } } }
    };
    Ok(frame::page("Approvals", Some(visit), &body))
}

/// The form of one proposal, by its number on the page of the list that begins at `at`.
fn inside((number, at): (usize, &str), given: &Given<'_>) -> Markup {
    let id = format!("fingerprint-{number}");
    html! {
        input type="hidden" name="page" value=(at);
        label for=(id) { "Its fingerprint, as its sender or proposer read it out to you" }
        input id=(id) name="fingerprint" required maxlength="200" autocomplete="off" spellcheck="false" value=(given.text("fingerprint"));
        button { "Approve it" }
    }
}

/// Nobody can approve it any more.
fn is_void(one: &pb::Proposal, now: Timestamp) -> bool {
    one.approver.is_empty() && words::due(one.expire_time.as_ref(), now).is_some_and(|(_, late)| late)
}

/// How long it can be approved still, and until when.
fn open_for(one: &pb::Proposal, now: Timestamp) -> Markup {
    let until = words::moment(one.expire_time.as_ref()).unwrap_or_default();
    html! {
        @match words::due(one.expire_time.as_ref(), now) {
            Some((_, true)) => "no longer: it is void, and has to be proposed again",
            Some((left, false)) => { "for " (left.trim_start_matches("in ")) ", until " (until) }
            None => "until it is approved"
        }
    }
}

fn approving(id: &str) -> String {
    format!("/approvals/{id}/approve")
}

/// `POST /approvals/{id}/approve`: done by two persons. Of a certificate that was signed by it only this answer has what its holder is given.
pub(in crate::desk) async fn approve(
    visit: Visit,
    Path(id): Path<String>,
    headers: HeaderMap,
    Form(said): Form<Said>,
) -> Result<Response, Trouble> {
    let address = approving(&id);
    let request_id = visit.sent(&headers, &address, &said.sealed)?;
    let (fingerprint, known) = (said.fingerprint.clone(), request_id.clone());
    let asked = pb::ApproveProposalRequest { request_id: known, proposal_id: id, fingerprint };
    let approved = match call!(visit, approve_proposal, asked) {
        Ok(approved) => approved,
        Err(status) => {
            let written = vec![("fingerprint", said.fingerprint)];
            let visit = visit.refusing(Refused::new(&address, &request_id, written, status));
            let page = page(&visit, &said.page, "").await;
            return Ok(visit.once_more(page));
        }
    };
    let Some(Effect::Enrolled(enrolled)) = approved.effect else {
        return Ok(Redirect::to("/approvals?done=approved").into_response());
    };
    let certificate = enrolled.certificate.unwrap_or_default();
    let body = html! {
        p { a href="/approvals" { "Back to approvals" } }
        h1 { "Approved: the certificate is signed" }
        p { "It is of " strong { (short(&certificate.holder)) } ", serial number " code { (certificate.serial) } ", good until " (words::moment(certificate.expire_time.as_ref()).unwrap_or_default()) "." }
        p.notice { "Give both files to whoever holds the key, now: they stand on this page alone. Neither is secret." }
        (file("The certificate with its chain", "cert.pem", &certificate.chain))
        (file("What to trust", "trust.pem", &enrolled.trust_bundle))
    };
    Ok(frame::page("Approved", Some(&visit), &body).into_response())
}

/// Something public, to read and to download; nothing of it is kept for that.
fn file(title: &str, name: &str, pem: &str) -> Markup {
    let address = format!("data:application/x-pem-file;base64,{}", BASE64_STANDARD.encode(pem));
    html! {
        section aria-label=(title) {
            h2 { (title) }
            p { a download=(name) href=(address) { "Download " (name) } }
            pre tabindex="0" { (pem) }
        }
    }
}

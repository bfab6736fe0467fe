//! Certificates by organisation, what runs out first at the top; and the form that asks for a new one.

use std::collections::BTreeMap;

use axum::{
    http::HeaderMap,
    response::{Html, IntoResponse, Redirect, Response},
};
use jiff::Timestamp;
use maud::{Markup, html};
use serde::Deserialize;

use super::{
    super::{
        calls::{Called, Visit, call},
        forms::Sealed,
        frame,
        queues::Asked,
        refused::Refused,
        sent::{Form, Query},
        trouble::Trouble,
        words,
    },
    done, is_client,
    revoking::of,
    short,
};
use crate::wire::{
    pb::{self, CertificateState},
    server::admin_service_server::AdminService,
    status,
};

/// Where a request is sent.
const SIGN: &str = "/certificates/sign";

/// Fields of the forms of this page.
#[derive(Deserialize)]
pub(in crate::desk) struct Fields {
    #[serde(flatten)]
    sealed: Sealed,
    #[serde(default)]
    request: String,
    #[serde(default)]
    days: String,
}

impl Visit {
    async fn certificates(&self) -> Called<Vec<pb::Certificate>> {
        let (mut all, mut page_token) = (Vec::new(), String::new());
        loop {
            let page = call!(self, list_certificates, pb::ListCertificatesRequest { page_size: 200, page_token })?;
            all.extend(page.certificates);
            page_token = page.next_page_token;
            if page_token.is_empty() {
                return Ok(all);
            }
        }
    }
}

/// `GET /certificates`: the calendar, and the form that asks for a new one.
pub(in crate::desk) async fn all(visit: Visit, Query(asked): Query<Asked>) -> Result<Html<String>, Trouble> {
    page(&visit, &asked.done).await
}

async fn page(visit: &Visit, code: &str) -> Result<Html<String>, Trouble> {
    let (mut all, now) = (visit.certificates().await?, visit.desk.broker.now());
    all.sort_by_key(|one| one.expire_time.as_ref().map_or(i64::MAX, |time| time.seconds));
    let mut by: BTreeMap<String, Vec<&pb::Certificate>> = BTreeMap::new();
    for one in &all {
        by.entry(organisation(&one.holder)).or_default().push(one);
    }
    let given = visit.given(SIGN, &[]);
    let sign = html! {
        label for="request" { "The request (CSR), in PEM" }
        textarea #request name="request" rows="6" required spellcheck="false" { "\n" (given.text("request")) }
        label for="days" { "For how many days; empty for the usual" }
        input #days name="days" type="number" min="1" max="825" value=(given.text("days"));
        p.quiet { "A second administrator approves it, once its sender has read its fingerprint out to them." }
        button { "Propose it" }
    };
    let sign = given.form(&sign)?;
    let body = html! {
        h1 { "Certificates" }
        (done(code))
        @for (organisation, certificates) in by {
            section aria-label=(organisation) {
                h2 { (organisation) }
                (calendar(&certificates, now))
            }
        }
        details open[given.again()] { summary { "Ask for a new one" } (sign) }
    };
    Ok(frame::page("Certificates", Some(visit), &body))
}

/// Those that are good, what runs out first at the top; those that are no more are folded away.
fn calendar(certificates: &[&pb::Certificate], now: Timestamp) -> Markup {
    let (good, over): (Vec<&pb::Certificate>, Vec<&pb::Certificate>) =
        certificates.iter().copied().partition(|one| one.state() == CertificateState::Valid);
    let table = |rows: &[&pb::Certificate]| {
        html! {
            table {
                caption.unseen { "What runs out first" }
                thead { tr { th scope="col" { "Runs out" } th scope="col" { "Whose" } th scope="col" { "State" } th scope="col" { "Serial number" } } }
                tbody { @for one in rows { (row(one, now)) } }
            }
        }
    };
    html! {
        @if good.is_empty() { p { "None is good." } } @else { (table(&good)) }
        @if !over.is_empty() { details { summary { "Revoked or run out: " (over.len()) } (table(&over)) } }
    }
}

/// The organisation of a client, the rest under one name.
fn organisation(holder: &str) -> String {
    let who = short(holder);
    if !is_client(holder) {
        return "Servers and authorities".to_owned();
    }
    who.split('/').take(if who.starts_with("operator") { 1 } else { 2 }).collect::<Vec<_>>().join("/")
}

fn row(one: &pb::Certificate, now: Timestamp) -> Markup {
    let soon = words::due(one.expire_time.as_ref(), now);
    let valid = one.state() == CertificateState::Valid;
    let late = valid
        && one
            .expire_time
            .as_ref()
            .and_then(words::read)
            .is_some_and(|end| end.duration_since(now).as_hours() < 30 * 24);
    html! {
        tr {
            th scope="row" { span.late[late] { (words::moment(one.expire_time.as_ref()).unwrap_or_default()) @if let (true, Some((when, _))) = (valid, &soon) { ", " (when) } } }
            td { @if valid && is_client(&one.holder) { a href=(of(&one.holder)) { (short(&one.holder)) } } @else { (short(&one.holder)) } }
            td { (state(one)) }
            td { @if valid { a href={ "/certificates/" (one.serial) } { (one.serial) } } @else { (one.serial) } }
        }
    }
}

fn state(one: &pb::Certificate) -> Markup {
    let why = one.revocation.as_ref().map_or_else(String::new, |told| format!(", {}", words::plain(&told.reason)));
    match one.state() {
        CertificateState::Revoked => html! { "revoked" (why) },
        CertificateState::Expired => html! { "run out" },
        _ if one.tainted => html! { span.late { "its authority is tainted: renew it" } },
        _ => html! { "good" },
    }
}

/// `POST /certificates/sign`: a request is proposed to be signed.
pub(in crate::desk) async fn sign(
    visit: Visit,
    headers: HeaderMap,
    Form(fields): Form<Fields>,
) -> Result<Response, Trouble> {
    let keeps = visit.keeps(&headers, vec![fields.request.clone()]);
    let request_id = visit.sent(&headers, SIGN, &fields.sealed).map_err(keeps)?;
    match visit.signs(&request_id, &fields).await {
        Ok(()) => Ok(Redirect::to("/approvals?done=proposed").into_response()),
        Err(status) => {
            let written = vec![("request", fields.request), ("days", fields.days)];
            let visit = visit.refusing(Refused::new(SIGN, &request_id, written, status));
            let page = page(&visit, "").await;
            Ok(visit.once_more(page))
        }
    }
}

impl Visit {
    async fn signs(&self, request_id: &str, fields: &Fields) -> Called<()> {
        let number = |given: &str| {
            let wrong = status::Refused::field("days", "write them as a whole number, or nothing for the usual");
            given.parse().map_err(|_| wrong.into_status())
        };
        let days = if fields.days.trim().is_empty() { 0 } else { number(fields.days.trim())? };
        let request = fields.request.replace("\r\n", "\n").into_bytes();
        let request_id = request_id.to_owned();
        call!(self, sign_certificate, pb::SignCertificateRequest { request_id, request, days }).map(drop)
    }
}

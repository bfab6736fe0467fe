//! Certificates by organisation, what runs out first at the top; what breaks if one is revoked, before it is.

use std::collections::BTreeMap;

use axum::{
    http::HeaderMap,
    response::{Html, Redirect},
};
use jiff::Timestamp;
use maud::{Markup, html};
use serde::Deserialize;
use tonic::Status;

use super::{
    super::{
        calls::{Visit, call},
        forms::Sealed,
        frame,
        queues::Asked,
        sent::{Form, Path, Query},
        trouble::Trouble,
        words,
    },
    done, short,
};
use crate::wire::{
    pb::{self, CertificateState, revoke_certificate_response::Outcome},
    server::admin_service_server::AdminService,
};

/// Why a certificate is revoked, in the words of X.509.
const REASONS: [(&str, &str); 6] = [
    ("key_compromise", "Its key is lost, or somebody else may have it"),
    ("cessation_of_operation", "The person or system works here no longer"),
    ("affiliation_changed", "They have another post now"),
    ("superseded", "Another stands in its place"),
    ("privilege_withdrawn", "They may do this no longer"),
    ("unspecified", "Another reason"),
];

/// Fields of the forms of this page.
#[derive(Deserialize)]
pub(in crate::desk) struct Fields {
    #[serde(flatten)]
    sealed: Sealed,
    #[serde(default)]
    request: String,
    #[serde(default)]
    days: String,
    #[serde(default)]
    reason: String,
}

impl Visit {
    async fn certificates(&self) -> Result<Vec<pb::Certificate>, Status> {
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
    let (mut all, now) = (visit.certificates().await?, visit.desk.broker.now());
    all.sort_by_key(|one| one.expire_time.as_ref().map_or(i64::MAX, |time| time.seconds));
    let mut by: BTreeMap<String, Vec<&pb::Certificate>> = BTreeMap::new();
    for one in &all {
        by.entry(organisation(&one.holder)).or_default().push(one);
    }
    let sign = html! {
        label for="request" { "The request (CSR), in PEM" }
        textarea #request name="request" rows="6" required spellcheck="false" {}
        label for="days" { "For how many days; empty for the usual" }
        input #days name="days" type="number" min="1" max="825";
        p.quiet { "A second administrator approves it, once its sender has read its fingerprint out to them." }
        button { "Propose it" }
    };
    let sign = visit.form("/certificates/sign", &sign)?;
    let body = html! {
        h1 { "Certificates" }
        (done(&asked.done))
        @for (organisation, certificates) in by {
            section aria-label=(organisation) {
                h2 { (organisation) }
                table {
                    caption.unseen { "What runs out first" }
                    thead { tr { th scope="col" { "Runs out" } th scope="col" { "Whose" } th scope="col" { "State" } th scope="col" { "Serial number" } } }
                    tbody { @for one in &certificates { (row(one, now)) } }
                }
            }
        }
        details { summary { "Ask for a new one" } (sign) }
    };
    Ok(frame::page("Certificates", Some(&visit), &body))
}

/// The organisation of a client, the rest under one name.
fn organisation(holder: &str) -> String {
    let who = short(holder);
    if who == holder {
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
            td { (short(&one.holder)) }
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

/// `GET /certificates/{serial}`: what breaks if it is revoked, and the form that does it.
pub(in crate::desk) async fn one(visit: Visit, Path(serial): Path<String>) -> Result<Html<String>, Trouble> {
    let breaks = call!(visit, preview_revocation, pb::PreviewRevocationRequest { serial: serial.clone() })?;
    let inside = html! {
        fieldset {
            legend { "Why?" }
            @for (code, said) in REASONS {
                div { input type="radio" id=(code) name="reason" value=(code) required; label for=(code) { (said) } }
            }
        }
        button { "Revoke it" }
        p.quiet { @if breaks.needs_approval { "It is an administrator's: a second one approves it." } @else { "At once, and for good." } }
    };
    let form = visit.form(&revoking(&serial), &inside)?;
    let body = html! {
        p { a href="/certificates" { "Back to all certificates" } }
        h1 { "If this certificate is revoked" }
        p { code { (serial) } ", " (short(&breaks.holder)) }
        @if !breaks.unattended_queues.is_empty() { p.alarm { strong { "Nobody is left on " } (breaks.unattended_queues.join(", ")) "." } }
        dl {
            dt { "Connections that end" } dd { (breaks.live_sessions) }
            dt { "In their hands" } dd { (breaks.leases) " deliveries, which go back to their queues" }
            dt { "Good certificates of theirs besides" } dd { (breaks.other_certificates) }
            @if breaks.dependent_certificates > 0 { dt { "Certificates that hang on it" } dd.late { (breaks.dependent_certificates) } }
        }
        (form)
    };
    Ok(frame::page("Revoke a certificate", Some(&visit), &body))
}

fn revoking(serial: &str) -> String {
    format!("/certificates/{serial}/revoke")
}

/// `POST /certificates/{serial}/revoke`.
pub(in crate::desk) async fn revoke(
    visit: Visit,
    Path(serial): Path<String>,
    headers: HeaderMap,
    Form(fields): Form<Fields>,
) -> Result<Redirect, Trouble> {
    let request_id = visit.sent(&headers, &revoking(&serial), &fields.sealed)?;
    let asked = pb::RevokeCertificateRequest { request_id, serial, reason: fields.reason };
    let outcome = call!(visit, revoke_certificate, asked)?.outcome;
    let done = if matches!(outcome, Some(Outcome::Revocation(_))) { "revoked" } else { "proposed" };
    Ok(Redirect::to(&format!("/certificates?done={done}")))
}

/// `POST /certificates/sign`: a request is proposed to be signed.
pub(in crate::desk) async fn sign(
    visit: Visit,
    headers: HeaderMap,
    Form(fields): Form<Fields>,
) -> Result<Redirect, Trouble> {
    let request_id = visit.sent(&headers, "/certificates/sign", &fields.sealed)?;
    let days = match fields.days.trim() {
        "" => 0,
        given => {
            given.parse().map_err(|_| Trouble::unread("Write the days as a whole number, or nothing for the usual."))?
        }
    };
    let request = fields.request.replace("\r\n", "\n").into_bytes();
    call!(visit, sign_certificate, pb::SignCertificateRequest { request_id, request, days })?;
    Ok(Redirect::to("/approvals?done=proposed"))
}

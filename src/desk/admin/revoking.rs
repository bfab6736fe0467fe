//! What breaks if a certificate is revoked, or everything of an identity, and the form that does it.

use axum::{
    http::HeaderMap,
    response::{Html, IntoResponse, Redirect, Response},
};
use maud::{Markup, html};
use serde::Deserialize;

use super::{
    super::{
        calls::{Visit, call},
        forms::Sealed,
        frame,
        refused::{Given, Refused},
        sent::{Form, Path},
        trouble::Trouble,
    },
    is_client, short,
};
use crate::wire::{
    pb::{self, revoke_certificate_response::Outcome},
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

/// Fields of both forms.
#[derive(Deserialize)]
pub(in crate::desk) struct Fields {
    #[serde(flatten)]
    sealed: Sealed,
    #[serde(default)]
    reason: String,
}

/// `GET /certificates/{serial}`: what breaks if it is revoked.
pub(in crate::desk) async fn one(visit: Visit, Path(serial): Path<String>) -> Result<Html<String>, Trouble> {
    of_one(&visit, &serial).await
}

async fn of_one(visit: &Visit, serial: &str) -> Result<Html<String>, Trouble> {
    let asked = pb::PreviewRevocationRequest { serial: serial.to_owned(), holder: String::new() };
    let breaks = call!(visit, preview_revocation, asked)?;
    let address = revoking(serial);
    let given = visit.given(&address, &[]);
    let form = given.form(&inside("Revoke it", breaks.needs_approval, &given))?;
    let body = html! {
        p { a href="/certificates" { "Back to all certificates" } }
        h1 { "If this certificate is revoked" }
        p { code { (serial) } ", " (short(&breaks.holder)) }
        (breaking(&breaks))
        (form)
        @if is_client(&breaks.holder) {
            p { "Lost or stolen, with whatever was on it? " a href=(of(&breaks.holder)) { "Revoke everything of " (short(&breaks.holder)) } ", also what was renewed meanwhile." }
        }
    };
    Ok(frame::page("Revoke a certificate", Some(visit), &body))
}

/// `GET /identities/{who}`: what breaks if everything of theirs is revoked.
pub(in crate::desk) async fn all(visit: Visit, Path(who): Path<String>) -> Result<Html<String>, Trouble> {
    of_all(&visit, visit.whole(&who)).await
}

async fn of_all(visit: &Visit, holder: String) -> Result<Html<String>, Trouble> {
    let asked = pb::PreviewRevocationRequest { serial: String::new(), holder };
    let breaks = call!(visit, preview_revocation, asked)?;
    let address = of(&breaks.holder);
    let given = visit.given(&address, &[]);
    let form = given.form(&inside("Revoke all of it", breaks.needs_approval, &given))?;
    let body = html! {
        p { a href="/certificates" { "Back to all certificates" } }
        h1 { "If everything of this identity is revoked" }
        p { (short(&breaks.holder)) }
        (breaking(&breaks))
        p { "What is renewed until then ends with it." }
        (form)
        section aria-labelledby="ending" {
            h2 #ending { "Certificates that end: " (breaks.serials.len()) }
            ul { @for serial in &breaks.serials { li { code { (serial) } } } }
        }
    };
    Ok(frame::page("Revoke an identity", Some(visit), &body))
}

fn breaking(breaks: &pb::PreviewRevocationResponse) -> Markup {
    html! {
        @if !breaks.unattended_queues.is_empty() { p.alarm { strong { "Nobody is left on " } (breaks.unattended_queues.join(", ")) "." } }
        dl {
            dt { "Connections that end" } dd { (breaks.live_sessions) }
            dt { "In their hands" } dd { (breaks.leases) " deliveries, which go back to their queues" }
            dt { "Good certificates of theirs besides" } dd { (breaks.other_certificates) }
            @if breaks.dependent_certificates > 0 { dt { "Certificates that hang on it" } dd.late { (breaks.dependent_certificates) } }
        }
    }
}

fn inside(button: &str, needs_approval: bool, given: &Given<'_>) -> Markup {
    html! {
        fieldset {
            legend { "Why?" }
            @for (code, said) in REASONS {
                div { input type="radio" id=(code) name="reason" value=(code) required checked[given.is("reason", code)]; label for=(code) { (said) } }
            }
        }
        button { (button) }
        p.quiet { @if needs_approval { "It is an administrator's: a second one approves it." } @else { "At once, and for good." } }
    }
}

fn revoking(serial: &str) -> String {
    format!("/certificates/{serial}/revoke")
}

/// The address of everything that an identity has.
pub(super) fn of(holder: &str) -> String {
    format!("/identities/{}", short(holder))
}

impl Visit {
    /// An identity as it is written whole: everybody here is of one trust domain, their own.
    fn whole(&self, who: &str) -> String {
        let all = self.identity().len() - short(self.identity()).len();
        format!("{}{who}", &self.identity()[..all])
    }
}

/// `POST /certificates/{serial}/revoke`.
pub(in crate::desk) async fn revoke(
    visit: Visit,
    Path(serial): Path<String>,
    headers: HeaderMap,
    Form(fields): Form<Fields>,
) -> Result<Response, Trouble> {
    let address = revoking(&serial);
    let request_id = visit.sent(&headers, &address, &fields.sealed)?;
    let (reason, id) = (fields.reason.clone(), request_id.clone());
    let asked = pb::RevokeCertificateRequest { request_id: id, serial: serial.clone(), reason };
    match call!(visit, revoke_certificate, asked) {
        Ok(done) => Ok(revoked(matches!(done.outcome, Some(Outcome::Revocation(_))))),
        Err(status) => {
            let visit = visit.refusing(Refused::new(&address, &request_id, vec![("reason", fields.reason)], status));
            let page = of_one(&visit, &serial).await;
            Ok(visit.once_more(page))
        }
    }
}

/// `POST /identities/{who}`.
pub(in crate::desk) async fn revoke_all(
    visit: Visit,
    Path(who): Path<String>,
    headers: HeaderMap,
    Form(fields): Form<Fields>,
) -> Result<Response, Trouble> {
    let holder = visit.whole(&who);
    let address = of(&holder);
    let request_id = visit.sent(&headers, &address, &fields.sealed)?;
    let (reason, id) = (fields.reason.clone(), request_id.clone());
    let asked = pb::RevokeHolderRequest { request_id: id, holder: holder.clone(), reason };
    match call!(visit, revoke_holder, asked) {
        Ok(done) => Ok(revoked(done.proposal.is_none())),
        Err(status) => {
            let visit = visit.refusing(Refused::new(&address, &request_id, vec![("reason", fields.reason)], status));
            let page = of_all(&visit, holder).await;
            Ok(visit.once_more(page))
        }
    }
}

/// Where it goes on: done, or to be approved by somebody else.
fn revoked(at_once: bool) -> Response {
    Redirect::to(if at_once { "/certificates?done=revoked" } else { "/approvals?done=proposed" }).into_response()
}

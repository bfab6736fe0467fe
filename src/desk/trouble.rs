//! What goes wrong, as a page: what it means and what to do next, in fixed words; the reference finds it in the log.

use axum::{
    http::StatusCode,
    response::{IntoResponse, Response},
};
use maud::{Markup, html};
use tonic::{Code, Status, body::Body};
use tonic_types::StatusExt;

use super::frame;
use crate::wire::{convert, status::Refused};

/// A page in the place of the one that was asked for.
pub(super) struct Trouble {
    code: StatusCode,
    title: &'static str,
    advice: String,
    /// Which fields, and what to do.
    fields: Vec<(String, String)>,
    /// What they wrote in the form that was not taken.
    written: Vec<String>,
    reference: String,
}

impl Trouble {
    /// Not a form of ours, or of an earlier start.
    pub(super) fn stale() -> Self {
        Self::of(
            StatusCode::FORBIDDEN,
            "This page is out of date",
            "Nothing was done now. Begin at your first page and open this one again: it says what was done before.",
        )
    }

    /// With what they wrote: it stands on the page, to be copied.
    pub(super) fn keeping(mut self, written: Vec<String>) -> Self {
        self.written = written.into_iter().filter(|text| !text.trim().is_empty()).collect();
        self
    }

    /// No such address.
    pub(super) fn nowhere() -> Self {
        Self::of(StatusCode::NOT_FOUND, "There is no such page", "Go on from your first page.")
    }

    /// The lease ran out, or was settled: by somebody else or in another window.
    pub(super) fn not_in_hand() -> Self {
        Self::of(
            StatusCode::CONFLICT,
            "You no longer hold this delivery",
            "It was settled already, or the time you had it ran out and it is back in its queue. What you did before that was kept.",
        )
    }

    /// Fields are missing, or it is no form at all.
    pub(super) fn garbled() -> Self {
        Self::of(
            StatusCode::BAD_REQUEST,
            "What was sent cannot be read",
            "Nothing was done. Go back, load the page again and send it from there; a link is best followed from your own pages.",
        )
    }

    /// More than any form of ours needs.
    pub(super) fn too_large() -> Self {
        Self::of(
            StatusCode::PAYLOAD_TOO_LARGE,
            "That is too much for one form",
            "Nothing was done, and nothing of it was read. Open the page again and send a shorter text; files are never taken here.",
        )
    }

    /// Their role has no use for it.
    pub(super) fn not_yours() -> Self {
        Self::of(StatusCode::FORBIDDEN, "This is not yours to do", "Your administrator grants what you may do.")
    }

    /// What to do about it.
    pub(super) fn advice(&self) -> &str {
        &self.advice
    }

    /// Every field that is not right, with what to do.
    pub(super) fn fields(&self) -> &[(String, String)] {
        &self.fields
    }

    /// The status of the answer.
    pub(super) fn code(&self) -> StatusCode {
        self.code
    }
    /// The same, where the form stands again with what was written.
    pub(super) fn at_the_form(&self) -> Markup {
        html! {
            div.problems role="alert" {
                p { strong { (self.title) "." } @if self.fields.is_empty() { " " (self.advice) } }
                (self.faults())
                p { "Nothing was done. What you wrote is still here." }
                (self.found_by())
            }
        }
    }

    /// A fault of ours.
    pub(super) fn ours() -> Self {
        Self::of(
            StatusCode::INTERNAL_SERVER_ERROR,
            "Something went wrong here",
            "Nothing was lost. Try again in a minute.",
        )
    }

    fn of(code: StatusCode, title: &'static str, advice: &str) -> Self {
        Self {
            code,
            title,
            advice: advice.to_owned(),
            fields: Vec::new(),
            written: Vec::new(),
            reference: String::new(),
        }
    }

    fn faults(&self) -> Markup {
        html! {
            @if !self.fields.is_empty() {
                ul.faults { @for (field, advice) in &self.fields { li { strong { (field.replace('_', " ")) } ": " (advice) } } }
            }
        }
    }

    fn found_by(&self) -> Markup {
        html! { @if !self.reference.is_empty() { p.quiet { "Reference for your administrator: " code { (self.reference) } } } }
    }

    fn body(&self) -> Markup {
        html! {
            @if !self.written.is_empty() { p.marking { (convert::MARKING) } }
            h1 { (self.title) }
            p { (self.advice) }
            (self.faults())
            @if !self.written.is_empty() {
                @for (number, text) in self.written.iter().enumerate() {
                    @let id = format!("written-{number}");
                    label for=(id) { "What you wrote. It was not sent: copy it to where you write it again." }
                    textarea id=(id) rows="6" readonly { "\n" (text) }
                }
            }
            (self.found_by())
            p { a href="/" { "Your first page" } }
            @if !self.written.is_empty() { p.marking { (convert::MARKING) } }
        }
    }
}

impl From<Status> for Trouble {
    fn from(status: Status) -> Self {
        let details = status.get_error_details();
        let reason = details.error_info().map(|info| info.reason.clone()).unwrap_or_default();
        let (code, title) = match status.code() {
            Code::InvalidArgument => (StatusCode::UNPROCESSABLE_ENTITY, "Something on the form is not right yet"),
            Code::NotFound => (StatusCode::NOT_FOUND, "There is nothing here for you"),
            Code::PermissionDenied => (StatusCode::FORBIDDEN, "This is not yours to do"),
            Code::Unauthenticated => (StatusCode::FORBIDDEN, "Your certificate is no longer good"),
            Code::FailedPrecondition if reason == "LEASE_LOST" => return Self::not_in_hand(),
            Code::FailedPrecondition | Code::AlreadyExists => {
                (StatusCode::CONFLICT, "That cannot be done as things stand")
            }
            Code::ResourceExhausted => (StatusCode::TOO_MANY_REQUESTS, "Too much at once"),
            Code::Unavailable | Code::DeadlineExceeded => (StatusCode::SERVICE_UNAVAILABLE, "Not now"),
            _ => (StatusCode::INTERNAL_SERVER_ERROR, "Something went wrong here"),
        };
        let fields = details.bad_request().map_or_else(Vec::new, |bad| {
            bad.field_violations.iter().map(|field| (field.field.clone(), field.description.clone())).collect()
        });
        let reference = details.error_info().and_then(|info| info.metadata.get("reference").cloned());
        // The reference stands by itself.
        let mut advice = status.message().split(" (reference").next().unwrap_or_default().to_owned();
        if let Some(first) = advice.get_mut(..1) {
            first.make_ascii_uppercase();
        }
        Self { code, title, advice, fields, written: Vec::new(), reference: reference.unwrap_or_default() }
    }
}

impl IntoResponse for Trouble {
    fn into_response(self) -> Response {
        (self.code, frame::page(self.title, None, &self.body())).into_response()
    }
}

/// A refusal of the guard, which stands before every page.
pub(super) fn told(refused: Refused) -> http::Response<Body> {
    let answer = Trouble::from(refused.into_status()).into_response();
    let (mut head, body) = answer.into_parts();
    frame::guard(&mut head.headers);
    http::Response::from_parts(head, Body::new(body))
}

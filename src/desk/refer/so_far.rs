//! What would be decided of what is written so far: a piece of a page, for which the script asks as somebody writes. Nothing of it is kept.

use axum::{http::HeaderMap, response::Html};
use maud::{Markup, html};
use tonic::Code;

use super::{
    super::{calls::Visit, forms::Sealed, sent::Form, trouble::Trouble, words},
    ACT,
    draft::{Draft, Fault, Places},
    shown::versions,
};
use crate::{
    domain::grants::Action,
    wire::{convert, pb},
};

/// Of what is missing so many are named.
const NAMED: usize = 6;

/// `POST /refer/preview`: the form as it stands on its page, under the seal of that page.
pub(in crate::desk) async fn so_far(
    visit: Visit,
    headers: HeaderMap,
    Form(sent): Form<Vec<(String, String)>>,
) -> Result<Html<String>, Trouble> {
    if !visit.may(Action::PreviewReferral) {
        return Err(Trouble::not_yours());
    }
    let mut draft = Draft::read(sent);
    visit.sent(&headers, ACT, &Sealed::of(draft.first("request_id"), draft.first("seal")))?;
    draft.tidy();
    let places = draft.places();
    let submission = match draft.submission(&visit.session.peer().identity) {
        Ok(submission) => submission,
        Err(faults) => return Ok(Html(not_yet(&places, &faults).into_string())),
    };
    let asked = visit.request(pb::PreviewReferralRequest { submission: Some(submission) })?.into_inner().message;
    let piece = match visit.desk.services.so_far(&visit.session, asked).await {
        Ok(decided) => {
            let body = html! { (visit.decision(&decided)) @if !decided.written.is_empty() { (versions(&decided)) } };
            visit.marked(convert::MARKING, "A referral that is being written", &body)
        }
        Err(status) if status.code() == Code::InvalidArgument => not_yet(&places, Trouble::from(status).fields()),
        Err(status) => return Err(status.into()),
    };
    Ok(Html(piece.into_string()))
}

/// What is to be answered first, by its step and its name.
fn not_yet(places: &Places, faults: &[Fault]) -> Markup {
    let field = |name: &str| match places.of(name) {
        Some((step, _, label)) => format!("{}, {label}", step.title),
        None => words::field(name.strip_prefix("submission.").unwrap_or(name)),
    };
    html! {
        p { "There is a preview once this is right:" }
        ul {
            @for (name, advice) in faults.iter().take(NAMED) { li { (field(name)) ": " (advice) } }
            @if faults.len() > NAMED { li { "and " (faults.len() - NAMED) " more" } }
        }
    }
}

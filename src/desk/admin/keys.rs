//! Keys: what wraps how many records, and how far a rotation is.

use axum::{
    http::HeaderMap,
    response::{Html, IntoResponse, Redirect, Response},
};
use jiff::Timestamp;
use maud::{Markup, html};

use super::{
    super::{
        calls::{Visit, call},
        forms::Sealed,
        frame,
        queues::Asked,
        refused::Refused,
        sent::{Form, Path, Query},
        trouble::Trouble,
        words,
    },
    done,
};
use crate::wire::{
    pb::{self, outer_key, rewrap},
    server::admin_service_server::AdminService,
};

/// `GET /keys`.
pub(in crate::desk) async fn all(visit: Visit, Query(asked): Query<Asked>) -> Result<Html<String>, Trouble> {
    page(&visit, &asked.done).await
}

async fn page(visit: &Visit, code: &str) -> Result<Html<String>, Trouble> {
    let (list, now) = (call!(visit, list_keys, pb::ListKeysRequest {})?, visit.desk.broker.now());
    let button =
        |what: &str, said: &str| visit.given(&format!("/keys/{what}"), &[]).form(&html! { button.less { (said) } });
    let going = list.rewrap.as_ref().map(|rewrap| rewrap.state());
    let acts = match going {
        Some(rewrap::State::Paused) => button("resume", "Go on with it")?,
        Some(rewrap::State::Wrapping | rewrap::State::Proving) => button("pause", "Pause it")?,
        _ => html! {},
    };
    let rotate = button("rotate", "A new key now")?;
    let body = html! {
        h1 { "Keys" }
        (done(code))
        @if let Some(rewrap) = &list.rewrap { (progress(rewrap, now)) (acts) }
        table {
            caption { "Keys that wrap records" }
            thead { tr { th scope="col" { "Key" } th scope="col" { "Since" } th scope="col" { "Records" } th scope="col" { "State" } } }
            tbody { @for key in &list.keys {
                tr { th scope="row" { (key.key_id) } td { (words::moment(key.create_time.as_ref()).unwrap_or_default()) } td { (key.records) } td { @if key.current { "in use" } @else { "wraps what is not rewrapped yet" } } }
            } }
        }
        (rotate)
        table {
            caption { "The key outside the store" }
            thead { tr { th scope="col" { "Key" } th scope="col" { "Where" } th scope="col" { "Due" } th scope="col" { "Wraps" } th scope="col" { "State" } } }
            tbody { @for key in &list.outer_keys {
                tr {
                    th scope="row" { (key.key_id) }
                    td { (key.provider) }
                    td { @if let Some((when, late)) = words::due(key.due_time.as_ref(), now) { span.late[late] { (when) } } }
                    td { (key.wraps) }
                    td { (match key.state() { outer_key::State::Current => "in use", outer_key::State::Previous => "the one before", outer_key::State::Gone => "gone", outer_key::State::Unspecified => "" }) }
                }
            } }
        }
        @if let Some(rotation) = &list.outer_rotation { @if rotation.finish_time.is_none() { p { "Changing to another one: " (rotation.rewrapped) " rewrapped, " (rotation.left) " left." } } }
    };
    Ok(frame::page("Keys", Some(visit), &body))
}

/// How far records are wrapped anew: in words, and as a bar of its own.
fn progress(rewrap: &pb::Rewrap, now: Timestamp) -> Markup {
    let (done, all) = (rewrap.rewrapped, rewrap.rewrapped.saturating_add(rewrap.left));
    let state = match rewrap.state() {
        rewrap::State::Wrapping => "Records are wrapped anew",
        rewrap::State::Proving => "It is proven that nothing hangs on the old key",
        rewrap::State::Paused => "Paused",
        rewrap::State::Finished => "All records are under the key in use",
        rewrap::State::Unspecified => "",
    };
    html! {
        section aria-label="Rotation" {
            p { strong { (state) } ": " (done) " of " (all) @if let Some((when, _)) = words::due(rewrap.expected_time.as_ref(), now) { ", finished " (when) } }
            @if all > 0 { progress aria-label="Records wrapped anew" max=(all) value=(done) { } }
        }
    }
}

/// `POST /keys/{act}`: a new key, or a pause of what the last one began, or an end of that pause.
pub(in crate::desk) async fn act(
    visit: Visit,
    Path(what): Path<String>,
    headers: HeaderMap,
    Form(sealed): Form<Sealed>,
) -> Result<Response, Trouble> {
    let address = format!("/keys/{what}");
    let known = visit.sent(&headers, &address, &sealed)?;
    let request_id = known.clone();
    let done = match what.as_str() {
        "rotate" => call!(visit, rotate_key, pb::RotateKeyRequest { request_id }).map(drop),
        "pause" => call!(visit, pause_rewrap, pb::PauseRewrapRequest { request_id }).map(drop),
        "resume" => call!(visit, resume_rewrap, pb::ResumeRewrapRequest { request_id }).map(drop),
        _ => return Err(Trouble::nowhere()),
    };
    match done {
        Ok(()) => Ok(Redirect::to(&format!("/keys?done={what}")).into_response()),
        Err(status) => {
            let visit = visit.refusing(Refused::new(&address, &known, Vec::new(), status));
            let page = page(&visit, "").await;
            Ok(visit.once_more(page))
        }
    }
}

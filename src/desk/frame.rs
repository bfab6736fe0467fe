//! The frame of every page: one stylesheet, one script of ours, nothing of others, nothing kept by the browser.

use axum::{
    extract::Request,
    http::{HeaderMap, HeaderValue, Method, header},
    middleware::Next,
    response::{Html, IntoResponse, Response},
};
use maud::{DOCTYPE, Markup, html};

use super::{calls::Visit, trouble::Trouble, words};
use crate::{domain::grants::Action, wire::PAGES_STREAM};

/// The one stylesheet.
pub(super) const STYLE: &str = include_str!("style.css");
/// The one script: what stands on a page already, kept up to date.
pub(super) const SCRIPT: &str = include_str!("desk.js");

/// What a page may load and who may hold it: nothing from elsewhere, nobody.
const POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; form-action 'self'; \
                      frame-ancestors 'none'; base-uri 'none'";

/// A whole page; with whose it is, where somebody is known.
pub(super) fn page(title: &str, visit: Option<&Visit>, body: &Markup) -> Html<String> {
    whole(title, visit, None, body)
}

/// A page with deadlines and counts that go on: with script they follow, and the page ends with whoever may see it; without, it is as it was
/// when it was asked for.
pub(super) fn live(title: &str, visit: &Visit, body: &Markup) -> Html<String> {
    whole(title, Some(visit), Some(visit.desk.broker.now().as_second()), body)
}

fn whole(title: &str, visit: Option<&Visit>, now: Option<i64>, body: &Markup) -> Html<String> {
    // Whoever has no queues has nothing to hear.
    let listens = now.is_some() && visit.is_some_and(|visit| visit.may(Action::ListQueues));
    let page = html! {
        (DOCTYPE)
        html lang="en-GB" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { (title) " – Homeward" }
                link rel="stylesheet" href="/style.css";
                @if now.is_some() { script src="/desk.js" defer {} }
            }
            body data-now=[now] data-live[listens] {
                a.skip href="#main" { "Skip to the main content" }
                header {
                    a.home href="/" { "Homeward" }
                    @if let Some(visit) = visit {
                        span.who { (visit.identity().rsplit_once("//").map_or("", |(_, who)| who)) }
                    }
                }
                @if let Some(visit) = visit { (navigation(visit, title)) }
                @if listens { p.connection #connection role="status" {} }
                main #main tabindex="-1" { (body) }
            }
        }
    };
    Html(page.into_string())
}

impl Visit {
    /// Content with its marking above and below, on every sheet of paper too; there also what it is, who had it shown, and when.
    pub(super) fn marked(&self, marking: &str, what: &str, body: &Markup) -> Markup {
        let shown = words::at(self.desk.broker.now());
        html! {
            div.marked {
                div.edge { p.marking { (marking) } p.on-paper { (what) ", shown to " (self.identity()) " on " (shown) } }
                div.inside { (body) }
                div.edge { p.marking { (marking) } }
            }
        }
    }
}

/// The pages that are of use to somebody: address and name, the first one first.
pub(super) fn pages(visit: &Visit) -> Vec<(&'static str, &'static str)> {
    let all = [
        (Action::ListHeld, "/supervision", "Supervision"),
        (Action::Pull, "/", "Your queues"),
        (Action::ListReferrals, "/referrals", "Referrals"),
        (Action::SubmitReferral, "/refer", "New referral"),
        (Action::ListCertificates, "/certificates", "Certificates"),
        (Action::ListKeys, "/keys", "Keys"),
        (Action::CheckPolicy, "/policies", "Policy"),
        (Action::ListProposals, "/approvals", "Approvals"),
        (Action::ListProposals, "/health", "Health"),
    ];
    all.into_iter().filter(|(needs, ..)| visit.may(*needs)).map(|(_, page, name)| (page, name)).collect()
}

fn navigation(visit: &Visit, title: &str) -> Markup {
    let pages = pages(visit);
    html! {
        @if pages.len() > 1 {
            nav aria-label="Pages" {
                ul { @for (page, name) in pages { li { a href=(page) aria-current=[(name == title).then_some("page")] { (name) } } } }
            }
        }
    }
}

/// What every answer says to the browser.
pub(super) fn guard(headers: &mut HeaderMap) {
    for (name, value) in [
        (header::CACHE_CONTROL, "no-store"),
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        // With "no-referrer" a browser says of its own forms that they come from nowhere.
        (header::REFERRER_POLICY, "same-origin"),
        (header::X_FRAME_OPTIONS, "DENY"),
        (header::HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
        (header::HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
}

/// Whether a page of another site asks: for a piece of its own, or to have something done. Whoever follows a link from there to a page of
/// ours, which does nothing by being shown, is let through.
fn is_of_another_site(request: &Request) -> bool {
    let word = |name: &str| request.headers().get(name).and_then(|value| value.to_str().ok());
    let elsewhere = matches!(word("sec-fetch-site"), Some("cross-site" | "same-site"));
    let page = word("sec-fetch-mode") == Some("navigate") && word("sec-fetch-dest") == Some("document");
    elsewhere && !(page && request.method() == Method::GET && request.uri().path() != PAGES_STREAM)
}

/// The layer that says so, and that nothing is asked for in the name of somebody who looks at another site.
pub(super) async fn guarded(request: Request, next: Next) -> Response {
    let mut answer = match is_of_another_site(&request) {
        true => Trouble::stale().into_response(),
        false => next.run(request).await,
    };
    guard(answer.headers_mut());
    answer
}

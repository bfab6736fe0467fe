//! The form has whatever the contract has, and what cannot be read is answered by a page that says what to do.

use std::collections::BTreeSet;

use homeward::wire::DESCRIPTOR;
use http::StatusCode;
use prost_reflect::{DescriptorPool, Kind, MessageDescriptor};

use crate::{
    house::{House, LEWISHAM, MPU},
    pages::{Browser, in_hand},
    pages_refer::{CHILD, Typed},
};

/// What the form does not ask, and why.
const NOT_ASKED: &[(&str, &str)] = &[
    ("envelope.submitting_organisation", "the certificate says it"),
    ("envelope.actor.scheme", "a staff number, always"),
    ("envelope.actor.role", "the same as the reporter's job"),
    ("envelope.marking.", "the form sends what the law asks of every record"),
    ("envelope.marks.", "counted in characters: the own wording for police is there for it"),
    (".id", "given by the form itself"),
    ("answers.nil_intelligence", "on the first step"),
    ("answers.stop_screen.", "on the first step"),
    ("items.at", "once there is a place"),
    ("items.who", "once there is a person"),
];

/// Every field below a message, by its path; a place is one field.
fn fields(of: &MessageDescriptor, before: &str, found: &mut BTreeSet<String>) {
    for field in of.fields() {
        let path = format!("{before}{}", field.name());
        match field.kind() {
            Kind::Message(inner) if inner.full_name().starts_with("homeward.v1.") && inner.name() != "Area" => {
                fields(&inner, &format!("{path}."), found);
            }
            _ => drop(found.insert(path)),
        }
    }
}

/// A name of the form as a path of the contract: without the places in lists.
fn path(name: &str) -> String {
    name.split('[').map(|piece| piece.split_once(']').map_or(piece, |(_, rest)| rest)).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_form_asks_for_every_field_of_a_submission() {
    let house = House::open().await;
    let council = Browser::of(&house, LEWISHAM).await;
    let first = Typed::on(&council.get("/refer").await).with(&[("answers.nil_intelligence", "YES_NO_NO")]);
    let mut page = first.go(&council, "next").await;
    let mut asked = BTreeSet::new();
    for _ in 0..8 {
        let lists = page.text.split("value=\"add:").skip(1).filter_map(|rest| rest.split('"').next());
        for list in lists.map(str::to_owned).collect::<Vec<_>>() {
            page = Typed::on(&page).go(&council, &format!("add:{list}")).await;
        }
        asked.extend(page.text.split(" name=\"").skip(1).filter_map(|rest| rest.split('"').next()).map(path));
        if page.text.contains("name=\"child.school\"") && page.text.contains("type=\"text\"") {
            page = Typed::on(&page).with(CHILD).go(&council, "drop:episode.offers:0").await;
        }
        for list in ["persons", "places", "phones", "accounts", "objects", "items", "interview.account.questions"] {
            if page.text.contains(&format!("value=\"drop:{list}:0\"")) {
                page = Typed::on(&page).go(&council, &format!("drop:{list}:0")).await;
            }
        }
        page = Typed::on(&page).go(&council, "next").await;
    }
    let pool = DescriptorPool::decode(DESCRIPTOR).unwrap();
    let mut all = BTreeSet::new();
    fields(&pool.get_message_by_name("homeward.v1.Submission").unwrap(), "", &mut all);
    let excused = |path: &str| NOT_ASKED.iter().any(|(name, _)| path.starts_with(name) || path.ends_with(name));
    let missing: Vec<_> = all.iter().filter(|path| !asked.contains(*path) && !excused(path)).collect();
    assert!(missing.is_empty() && all.len() > 150, "{missing:?} of {}", all.len());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_nil_return_says_when_an_interview_was_offered_and_declined() {
    let house = House::open().await;
    let council = Browser::of(&house, LEWISHAM).await;
    let first = Typed::on(&council.get("/refer").await).with(&[("answers.nil_intelligence", "YES_NO_YES")]);
    let page = first.go(&council, "next").await;
    let page = Typed::on(&page).with(CHILD).go(&council, "add:episode.offers").await;
    let declined = [
        ("episode.offers[0].at", "2026-11-20T09:00"),
        ("episode.offers[0].method", "OFFER_METHOD_PHONE"),
        ("episode.offers[0].result", "OFFER_RESULT_DECLINED"),
        ("episode.outcome", "INTERVIEW_OUTCOME_DECLINED_CHILD"),
        ("interview.held_at", ""),
    ];
    let last = Typed::on(&page).with(&declined).go(&council, "next").await;
    assert!(last.text.contains("Who would get what"), "{}", last.text);
    let sent = Typed::on(&last).go(&council, "send").await.goes_to();
    assert!(council.get(&sent).await.text.contains("in time"), "the clock of the offer was met");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_cannot_be_read_gets_a_page_that_says_what_to_do() {
    let house = House::open().await;
    let (officer, address) = in_hand(&house).await;
    let form = "application/x-www-form-urlencoded";
    let entries = house.ledger_size().await;
    for (kind, body, status) in [
        (form, String::new(), StatusCode::BAD_REQUEST),
        (form, "%%%=&&&\u{0}".to_owned(), StatusCode::BAD_REQUEST),
        (form, "request_id=a&request_id=b&seal=c".to_owned(), StatusCode::BAD_REQUEST),
        ("application/json", "{}".to_owned(), StatusCode::BAD_REQUEST),
        ("multipart/form-data", "x".repeat(1000), StatusCode::BAD_REQUEST),
        (form, format!("text={}", "x".repeat(200 << 10)), StatusCode::PAYLOAD_TOO_LARGE),
        (form, "a&".repeat(50_000), StatusCode::PAYLOAD_TOO_LARGE),
    ] {
        let told = officer.post_raw(&format!("{address}/release"), kind, body, &[]).await;
        assert_eq!(told.status, status, "{kind}: {}", told.text);
        assert!(told.text.contains("Nothing was done") && told.text.contains("<h1>"), "{}", told.text);
        assert_eq!(told.header("cache-control"), "no-store");
    }
    for path in ["/queues/MPU.SE?page=a&page=b", "/queues/%ff"] {
        let told = officer.get(path).await;
        assert!(told.status.is_client_error() && told.text.contains("<h1>"), "{path}: {}", told.text);
    }
    let told = officer.post_raw("/style.css", form, String::new(), &[]).await;
    assert!(told.text.contains("There is no such page"), "{}", told.text);
    let council = Browser::of(&house, LEWISHAM).await;
    // Too long, and too many: what is repeated 250,000 times is not looked at one by one.
    for body in [format!("child.name={}", "x".repeat(5 << 20)), "persons.count=100&a=b&".repeat(125_000)] {
        let told = council.post_raw("/refer", form, body, &[]).await;
        assert_eq!(told.status, StatusCode::PAYLOAD_TOO_LARGE, "{}", told.text);
    }
    assert_eq!(house.ledger_size().await, entries, "nothing came of any of it");
    assert!(Browser::of(&house, MPU).await.get(&address).await.text.contains("Open it"), "and nothing was lost");
}

//! Finding something by its header in a queue of many; long lists page by page; and counts that follow what happens while a page is open.

use std::time::Duration;

use homeward::wire::pb;
use http::StatusCode;
use http_body_util::BodyExt;
use serde_json::Value;
use tokio::time::timeout;
use tonic::body::Body;

use crate::{
    PATIENCE,
    certificates::{FIRST, serial_of},
    house::{GRANTS, House, LEWISHAM, MPU, MPU_TOO, SUPERVISOR, narrative},
    pages::{Browser, Page},
    person::{fresh, submission},
};

/// So many rows wait.
fn rows(page: &Page) -> usize {
    page.text.matches("<th scope=\"row\"").count()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_delivery_is_found_by_its_header_and_never_by_what_it_carries() {
    let house = House::open().await;
    let mut council = house.person(LEWISHAM).await;
    let ids = [
        council.submit(submission(&narrative(1))).await.unwrap(),
        council.submit(submission(&narrative(1))).await.unwrap(),
    ];
    let officer = Browser::of(&house, MPU).await;
    let form = officer.get("/queues/MPU.SE").await.form("/queues/MPU.SE/find");
    let found = |what: String| {
        let (officer, form) = (&officer, form.clone());
        async move {
            let fields: Vec<_> = what.split('&').filter_map(|pair| pair.split_once('=')).collect();
            let page = officer.send(&form.with(&fields), &[]).await;
            assert_eq!(page.status, StatusCode::OK, "{what}");
            rows(&page)
        }
    };
    let all = found(String::new()).await;
    assert_eq!(all, 2);
    for (what, count) in [
        ("class=P1", 2),
        ("class=P4", 0),
        ("kind=referral", 2),
        ("kind=notice", 0),
        ("kind=held", 0),
        ("with=nobody", 2),
        ("with=colleague", 0),
        ("unopened=yes", 2),
        ("overdue=yes", 0),
        ("text=r07", 2),
        ("class=P1&unopened=yes&text=R07", 2),
        // Of the child, of who is accused, of the reporter, of the sender's own reference.
        ("text=Fennimore", 0),
        ("text=Marcus", 0),
        ("text=Priya", 0),
        ("text=LEW-RHI", 0),
    ] {
        assert_eq!(found(what.to_owned()).await, count, "{what}");
    }
    let (_, last) = ids[0].referral_id.split_at(24);
    for text in [last.to_owned(), format!(" {} ", last.to_uppercase()), ids[0].referral_id.clone()] {
        assert_eq!(found(format!("text={text}")).await, 1, "{text}");
    }
    house.person(MPU_TOO).await.pull("MPU.SE").await.unwrap();
    house.later(jiff::SignedDuration::from_mins(61));
    assert_eq!((found("with=colleague".into()).await, found("overdue=yes".into()).await), (2, 2));
    let hit = officer.send(&form.clone().with(&[("text", last)]), &[]).await;
    assert!(hit.text.contains(&format!("<span class=\"quiet\">{}.", ids[0].referral_id)), "with its id: {}", hit.text);
    assert_eq!(officer.get("/queues/MPU.SE/find").await.goes_to(), "/queues/MPU.SE", "it is in no address");
    let wild = [("text", "\"><script>alert(1)</script>"), ("class", "<b>")];
    let wild = officer.send(&form.with(&wild), &[]).await;
    assert!(!wild.text.contains("<script>") && !wild.text.contains("<b>"), "{}", wild.text);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_queue_of_many_is_paged_and_never_cut_for_officers_and_supervisors() {
    let house = House::open().await;
    let mut council = house.person(LEWISHAM).await;
    for _ in 0..60 {
        council.submit(submission(&narrative(1))).await.unwrap();
    }
    let officer = Browser::of(&house, MPU).await;
    let form = officer.get("/queues/MPU.SE").await.form("/find").with(&[("unopened", "yes")]);
    let first = officer.send(&form, &[]).await;
    let more = first.forms("/find").into_iter().find(|form| form.fields.contains_key("page")).unwrap();
    assert_eq!((rows(&first), more.fields["unopened"].as_str()), (50, "yes"));
    let second = officer.send(&more, &[]).await;
    assert_eq!((rows(&second), second.forms("/find").len()), (10, 1), "the end: {}", second.text);
    let mut colleague = house.person(MPU_TOO).await;
    for _ in 0..3 {
        assert_eq!(colleague.pull("MPU.SE").await.unwrap().len(), 20);
    }
    let supervisor = Browser::of(&house, SUPERVISOR).await;
    let held = supervisor.get("/supervision/MPU.SE").await;
    assert_eq!(rows(&held), 50);
    let next = held.text.split("href=\"?held=").nth(1).unwrap().split('#').next().unwrap();
    let rest = supervisor.get(&format!("/supervision/MPU.SE?held={next}")).await;
    assert_eq!(rows(&rest), 10);
    assert!(!rest.text.contains("?held="), "{}", rest.text);
    // Late, all of them: each is escalated.
    house.later(jiff::SignedDuration::from_mins(61));
    house.caretake().await;
    let above = supervisor.get("/supervision").await;
    assert!(above.text.contains("<dt>Escalated</dt><dd>60</dd>"), "{}", above.text);
    let late = supervisor.get("/supervision/MPU.SE").await;
    let next = late.text.split("href=\"?escalated=").nth(1).unwrap().split('#').next().unwrap();
    let rest = supervisor.get(&format!("/supervision/MPU.SE?escalated={next}")).await;
    assert!(rest.text.contains("escalated queue supervisor") && !rest.text.contains("?escalated="), "{}", rest.text);
}

/// The next counts that come, within a minute; nothing where the stream has ended.
async fn counts(body: &mut Body) -> Option<Value> {
    let mut text = String::new();
    loop {
        let frame = timeout(PATIENCE, body.frame()).await.expect("nothing came in a minute")?;
        let data = frame.ok()?.data_ref().map(|data| String::from_utf8(data.to_vec()).unwrap())?;
        text.push_str(&data);
        if let Some(data) = text.strip_suffix("\n\n").and_then(|event| event.split("data: ").nth(1)) {
            return Some(serde_json::from_str(data).unwrap());
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn counts_follow_what_happens_and_end_with_the_certificate_and_with_the_grant() {
    let house = House::open_issuing().await;
    let officer = Browser::of(&house, MPU).await;
    let answer = officer.stream("/live").await;
    assert_eq!(answer.headers()["content-type"], "text/event-stream");
    assert_eq!(answer.headers()["cache-control"], "no-store");
    let mut live = answer.into_body();
    let first = counts(&mut live).await.unwrap();
    assert_eq!(
        (first.as_object().unwrap().len(), &first["MPU.SE"]["unopened"]),
        (1, &Value::from(0)),
        "their queue alone"
    );
    house.person(LEWISHAM).await.submit(submission(&narrative(1))).await.unwrap();
    assert_eq!(counts(&mut live).await.unwrap()["MPU.SE"]["unopened"], 1);
    let colleague = Browser::of(&house, MPU_TOO).await;
    let mut other = colleague.stream("/live").await.into_body();
    counts(&mut other).await.unwrap();
    let council = Browser::of(&house, LEWISHAM).await;
    assert_eq!(council.stream("/live").await.status(), StatusCode::FORBIDDEN);

    let mut admin = house.person(FIRST).await;
    let serial = serial_of(&mut admin, MPU).await;
    let asked = pb::RevokeCertificateRequest { request_id: fresh(), serial, reason: "key_compromise".into() };
    admin.admin.revoke_certificate(asked).await.unwrap();
    assert_eq!(counts(&mut live).await, None, "revoked");
    house.grant(&GRANTS.replace("[\"MPU.SE\"]", "[\"MPU.NW\"]"));
    let now = counts(&mut other).await;
    assert!(now.is_none_or(|now| now.get("MPU.SE").is_none()), "they have lost that queue");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_person_has_no_more_open_pages_than_streams() {
    let mut house = House::open().await;
    house.close().await;
    house.limits.streams_per_identity = 2;
    house.start().await;
    let officer = Browser::of(&house, MPU).await;
    let (one, two) = (officer.stream("/live").await, officer.stream("/live").await);
    let third = officer.stream("/live").await;
    assert_eq!(third.status(), StatusCode::TOO_MANY_REQUESTS);
    drop(one);
    let mut tries = 0;
    while officer.stream("/live").await.status() != StatusCode::OK {
        tries += 1;
        assert!(tries < 1200, "whoever leaves makes room");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    drop(two);
}

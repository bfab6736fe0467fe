//! The pages of administrators: a certificate is asked for and approved by two persons with its fingerprint, and revoked with what breaks in
//! view, which ends its pages; keys, policy and health; no content on any of them.

use std::time::Duration;

use base64::{Engine, prelude::BASE64_STANDARD};
use http::StatusCode;

use crate::{
    PATIENCE,
    certificates::{FIRST, SECOND, requested, serial_of},
    house::{House, LEWISHAM, MPU, narrative},
    pages::{Browser, Page, between, in_hand},
    pages_refused::open_form,
    person::submission,
    rotation::renewed,
};

const CUSTODIAN: &str = "operator/key_custodian/k1";
const POLICIES: &str = "operator/policy_admin/p1";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_administrators_enrol_by_a_fingerprint_and_a_revocation_ends_the_page_that_is_open() {
    let house = House::open_issuing().await;
    let (officer, address) = in_hand(&house).await;
    let (_, request, fingerprint) = requested(&house, "met/SE/mpu_officer/p125", "new");
    let (one, other) = (Browser::of(&house, FIRST).await, Browser::of(&house, SECOND).await);
    assert_eq!(one.get("/").await.goes_to(), "/certificates");
    let calendar = one.get("/certificates").await;
    assert!(
        calendar.text.contains("<h2>met/SE</h2>") && calendar.text.contains("mpu_officer/p123"),
        "{}",
        calendar.text
    );
    let request = String::from_utf8(request).unwrap().replace('\n', "\r\n");
    // What is refused stands there again, as it was written; a form of an earlier start says what was in it.
    let faulty = calendar.form("/sign").with(&[("request", "no <request>"), ("days", "soon")]);
    let calendar = one.send(&faulty, &[]).await;
    assert_eq!(calendar.status, StatusCode::UNPROCESSABLE_ENTITY);
    let form = open_form(&calendar, "Ask for a new one");
    for said in ["no &lt;request&gt;", "value=\"soon\"", "role=\"alert\"", "<strong>days</strong>"] {
        assert!(form.contains(said), "{said} in {form}");
    }
    let old = one.send(&faulty.with(&[("seal", "00")]), &[]).await;
    assert!(old.status == StatusCode::FORBIDDEN && old.text.contains("no &lt;request&gt;"), "{}", old.text);
    let sign = calendar.form("/sign").with(&[("request", &request), ("days", "")]);
    for _ in 0..2 {
        assert_eq!(one.send(&sign, &[]).await.goes_to(), "/approvals?done=proposed");
    }
    let own = one.get("/approvals").await;
    assert!(own.forms("/approve").is_empty() && own.text.contains("somebody else approves it"), "{}", own.text);
    let theirs = other.get("/approvals").await;
    assert_eq!(theirs.forms("/approve").len(), 1, "sent twice, it is proposed once: {}", theirs.text);
    assert!(!theirs.text.contains(&fingerprint), "who approves has it from its sender, not from the page");
    let wrong = other.send(&theirs.form("/approve").with(&[("fingerprint", &"0".repeat(64))]), &[]).await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(wrong.text.contains(&format!("value=\"{}\"", "0".repeat(64))), "{}", wrong.text);
    assert!(wrong.text.contains("<strong>fingerprint</strong>"), "{}", wrong.text);
    let right = wrong.form("/approve").with(&[("fingerprint", &fingerprint)]);
    for _ in 0..2 {
        let approved = other.send(&right, &[]).await;
        assert_eq!(approved.status, StatusCode::OK, "{}", approved.text);
        hands_out_the_certificate(&approved);
    }
    // Nothing waits any more: what is refused now has no form to stand in, and is told.
    let late = other.send(&theirs.form("/approve").with(&[("fingerprint", &"1".repeat(64))]), &[]).await;
    assert!(late.status.is_client_error() && !late.text.contains("<h1>Approvals"), "{}", late.text);
    assert!(one.get("/certificates").await.text.contains("mpu_officer/p125"));

    let serial = serial_of(&mut house.person(FIRST).await, MPU).await;
    let breaks = one.get(&format!("/certificates/{serial}")).await;
    assert!(breaks.text.contains("1 deliveries, which go back"), "{}", breaks.text);
    assert!(officer.get(&address).await.status.is_success());
    let revoke = breaks.form("/revoke").with(&[("reason", "key_compromise")]);
    assert_eq!(one.send(&revoke, &[]).await.goes_to(), "/certificates?done=revoked");
    let ended = tokio::time::timeout(PATIENCE, async {
        while officer.is_let_in().await {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    });
    assert!(ended.await.is_ok(), "its page goes on");
}

/// The certificate with its authority's, and what its holder trusts: to read and to download. A second click has them again.
fn hands_out_the_certificate(approved: &Page) {
    for (title, least) in [("The certificate with its chain", 2), ("What to trust", 1)] {
        let file = between(&approved.text, &format!("aria-label=\"{title}\""), "</section>").unwrap();
        let pem = between(file, "<pre tabindex=\"0\">", "</pre>").unwrap();
        assert!(pem.matches("-----BEGIN CERTIFICATE-----").count() >= least, "{title}: {pem}");
        let data = between(file, "href=\"data:application/x-pem-file;base64,", "\"").unwrap();
        assert_eq!(BASE64_STANDARD.decode(data).unwrap(), pem.as_bytes(), "{title}");
    }
    assert!(!approved.text.contains("PRIVATE KEY"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn keys_policy_and_health_are_seen_by_those_who_keep_them_and_no_content_is_on_any_page() {
    let house = House::open_issuing().await;
    house.person(LEWISHAM).await.submit(submission(&narrative(1))).await.unwrap();
    let (custodian, policies, admin) =
        (Browser::of(&house, CUSTODIAN).await, Browser::of(&house, POLICIES).await, Browser::of(&house, FIRST).await);
    let keys = custodian.get("/keys").await;
    assert!(keys.text.contains("in use"), "{}", keys.text);
    let rotate = keys.form("/rotate");
    for _ in 0..2 {
        assert_eq!(custodian.send(&rotate, &[]).await.goes_to(), "/keys?done=rotate");
    }
    let rotated = custodian.get("/keys").await;
    assert!(
        rotated.text.contains("Records are wrapped anew") || rotated.text.contains("All records are under"),
        "{}",
        rotated.text
    );
    let policy = policies.get("/policies?check=true").await;
    assert!(policy.text.contains("contacts.toml") && policy.text.contains("it is sound"), "{}", policy.text);
    let health = admin.get("/health").await;
    assert!(health.text.contains("Serving: ") && health.text.contains("pilot.example/ledger"), "{}", health.text);
    for page in [&keys, &policy, &health] {
        assert!(!page.text.contains("Fennimore") && !page.text.contains("LEW-RHI"));
    }
    let officer = Browser::of(&house, MPU).await;
    for page in ["/certificates", "/approvals", "/keys", "/policies", "/health"] {
        assert_eq!(officer.get(page).await.status, StatusCode::FORBIDDEN, "{page}");
    }
    for (who, page) in [
        (&custodian, "/certificates"),
        (&admin, "/keys"),
        (&admin, "/policies"),
        (&policies, "/keys"),
        (&admin, "/queues/MPU.SE"),
    ] {
        assert_eq!(who.get(page).await.status, StatusCode::FORBIDDEN, "{page}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everything_of_an_identity_is_revoked_with_what_breaks_in_view_and_an_administrators_by_two_persons() {
    let house = House::open_issuing().await;
    let (officer, address) = in_hand(&house).await;
    let mut person = house.person(MPU).await;
    renewed(&house, &mut person, MPU, "renewed").await;
    let (one, other) = (Browser::of(&house, FIRST).await, Browser::of(&house, SECOND).await);
    let all = format!("/identities/{MPU}");
    assert!(one.get("/certificates").await.text.contains(&format!("href=\"{all}\"")));
    let breaks = one.get(&all).await;
    for said in ["Certificates that end: 2", "1 deliveries, which go back", "At once, and for good"] {
        assert!(breaks.text.contains(said), "{said} in {}", breaks.text);
    }
    let refused = one.send(&breaks.form(&all), &[]).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "why?");
    assert!(refused.text.contains("<strong>reason</strong>") && refused.text.contains("Certificates that end: 2"));
    let form = refused.form(&all).with(&[("reason", "key_compromise")]);
    let forged = form.clone().with(&[("seal", "00")]);
    for (who, sent, headers) in
        [(&one, &forged, vec![]), (&one, &form, vec![("sec-fetch-site", "cross-site")]), (&other, &form, vec![])]
    {
        assert_eq!(who.send(sent, &headers).await.status, StatusCode::FORBIDDEN);
    }
    assert!(officer.get(&address).await.status.is_success(), "nothing came of any of them");
    for _ in 0..2 {
        assert_eq!(one.send(&form, &[]).await.goes_to(), "/certificates?done=revoked");
    }
    let ended = tokio::time::timeout(PATIENCE, async {
        while officer.is_let_in().await {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    });
    assert!(ended.await.is_ok(), "its page goes on");
    assert_eq!(one.get(&all).await.status, StatusCode::NOT_FOUND, "nothing good is left");

    // An administrator's: by two others.
    let third = "operator/certificate_admin/admin-3";
    let theirs = Browser::of(&house, third).await;
    let page = one.get(&format!("/identities/{third}")).await;
    assert!(page.text.contains("a second one approves it"), "{}", page.text);
    let form = page.form(third).with(&[("reason", "privilege_withdrawn")]);
    assert_eq!(one.send(&form, &[]).await.goes_to(), "/approvals?done=proposed");
    let own = one.get("/approvals").await;
    assert!(own.forms("/approve").is_empty() && own.text.contains(third), "{}", own.text);
    let fingerprint = own.text.split("<code>").nth(1).unwrap().split('<').next().unwrap().to_owned();
    let approve = other.get("/approvals").await.form("/approve").with(&[("fingerprint", &fingerprint)]);
    assert!(theirs.is_let_in().await);
    assert_eq!(other.send(&approve, &[]).await.goes_to(), "/approvals?done=approved");
    let ended = tokio::time::timeout(PATIENCE, async {
        while theirs.is_let_in().await {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    });
    assert!(ended.await.is_ok(), "its page goes on");
    let council = Browser::of(&house, LEWISHAM).await;
    assert_eq!(council.get(&format!("/identities/{third}")).await.status, StatusCode::FORBIDDEN);
}

//! A scripted attacker at the pages: forged seals on every form, deliveries and referrals of others, line breaks for headers, and markup in
//! every field of the form, read back on every page that shows it.

use http::{StatusCode, header};

use crate::{
    house::{BROMLEY, House, INTELLIGENCE, LEWISHAM, MASH, MPU, MPU_TOO, SUPERVISOR, narrative},
    pages::{Browser, Page, in_hand},
    pages_refer::{CHILD, Typed},
    person::submission,
};

const MARKUP: &str =
    "</textarea></title>\"'><script>alert(1)</script><img src=x onerror=alert(2)>&#x3c;svg onload=x&#62;{{7*7}}";

/// Nothing of what somebody wrote became part of the page.
fn is_inert(page: &Page, name: &str) {
    let text = page.text.replacen("<script src=\"/desk.js\" defer></script>", "", 1);
    for never in ["<script", "<img", "<svg", "onerror=alert(2)>"] {
        assert!(!text.contains(never), "{name}: {never} in {text}");
    }
}

/// What each unit is shown of it is text, also where they write the same themselves.
async fn read_by_each(house: &House) {
    for (who, queue) in [(MPU, "MPU.SE"), (MASH, "MASH.E09000023"), (INTELLIGENCE, "REFDESK.SE")] {
        let officer = Browser::of(house, who).await;
        let list = officer.get(&format!("/queues/{queue}")).await;
        is_inert(&list, queue);
        let address = officer.send(&list.form("/take"), &[]).await.goes_to();
        let opened = officer.send(&officer.get(&address).await.form("/read"), &[]).await;
        assert!(opened.text.contains("&lt;script&gt;"), "{queue} shows it as text: {}", opened.text);
        is_inert(&opened, queue);
        for form in opened.forms("/open") {
            let part = officer.send(&form.with(&[("reason", MARKUP)]), &[]).await;
            is_inert(&part, "a part that is opened with a reason");
        }
        let asked = officer.get(&address).await.form("/ask").with(&[("text", MARKUP), ("tell", "yes")]);
        officer.send(&asked, &[]).await.goes_to();
        let over = officer.get(&address).await.form("/hand-over");
        is_inert(&officer.send(&over.with(&[("to", MARKUP), ("text", MARKUP)]), &[]).await, "a refusal");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn markup_in_every_field_of_the_form_is_text_on_every_page_that_shows_it() {
    let house = House::open().await;
    let council = Browser::of(&house, LEWISHAM).await;
    let mut page = council.get("/refer").await;
    page = Typed::on(&page).with(&[("answers.nil_intelligence", "YES_NO_NO")]).go(&council, "next").await;
    let mut steps = 0;
    while !page.text.contains("<h1>Check and send</h1>") {
        for list in ["persons", "places", "vehicles", "phones", "accounts", "objects", "items"] {
            if page.text.contains(&format!("value=\"add:{list}\"")) {
                page = Typed::on(&page).go(&council, &format!("add:{list}")).await;
            }
        }
        let wild = Typed::on(&page).wild(MARKUP);
        let choices = [
            ("items[0].kind", "ITEM_KIND_INTELLIGENCE"),
            ("items[0].provenance.source_role", "SOURCE_ROLE_CHILD"),
            ("items[0].provenance.how_known", "HOW_KNOWN_SAW"),
            ("persons[0].role", "PERSON_ROLE_SUSPECT"),
            ("persons[0].category", "DATA_SUBJECT_CATEGORY_SUSPECT"),
            ("persons[0].works_in_queue", ""),
            ("persons[0].nhs_number", ""),
            ("child.nhs_number", ""),
            ("persons[0].identity", ""),
            ("places[0].kind", "PLACE_KIND_OTHER"),
            ("answers.significant_harm_suspected", "YES_NO_YES"),
        ];
        let here: Vec<_> =
            choices.into_iter().filter(|(name, _)| page.text.contains(&format!("name=\"{name}\""))).collect();
        let dated: Vec<_> = CHILD
            .iter()
            .copied()
            .filter(|(name, _)| page.text.contains("name=\"child.school\"") && !name.ends_with(".name"))
            .collect();
        is_inert(&page, "a step");
        page = wild.with(&dated).with(&here).go(&council, "next").await;
        is_inert(&page, "the next step");
        steps += 1;
        assert!(steps < 12, "it does not go on: {}", page.text);
    }
    assert!(page.text.contains("Who would get what"), "{}", page.text);
    let sent = Typed::on(&page).go(&council, "send").await.goes_to();
    for path in ["/referrals", &sent] {
        is_inert(&council.get(path).await, path);
    }
    read_by_each(&house).await;
    is_inert(&council.get(&sent).await, "questions");
    let supervisor = Browser::of(&house, SUPERVISOR).await;
    for path in ["/supervision", "/supervision/MPU.SE"] {
        is_inert(&supervisor.get(path).await, path);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn forged_seals_others_deliveries_and_line_breaks_get_nothing_from_any_form() {
    let house = House::open().await;
    let (officer, address) = in_hand(&house).await;
    officer.send(&officer.get(&address).await.form("/read"), &[]).await;
    let (colleague, council, bromley) =
        (Browser::of(&house, MPU_TOO).await, Browser::of(&house, LEWISHAM).await, Browser::of(&house, BROMLEY).await);
    let id = house.person(LEWISHAM).await.submit(submission(&narrative(1))).await.unwrap().referral_id;
    let entries = house.ledger_size().await;
    let page = officer.get(&address).await;
    let forms = page.forms("");
    assert!(forms.len() >= 6, "{}", page.text);
    for form in &forms {
        for seal in ["", "00", &"00".repeat(32), "\r\nset-cookie: a=b"] {
            let forged = form.clone().with(&[("seal", seal), ("text", "x"), ("code", "arrest")]);
            assert_eq!(officer.send(&forged, &[]).await.status, StatusCode::FORBIDDEN, "{form:?}");
        }
        // The whole form, by somebody else of the same unit.
        assert_eq!(colleague.send(form, &[]).await.status, StatusCode::FORBIDDEN, "{form:?}");
    }
    assert_eq!(colleague.get(&address).await.status, StatusCode::CONFLICT);
    for path in [format!("/referrals/{id}"), format!("/referrals/{id}/receipt")] {
        assert_eq!(bromley.get(&path).await.status, StatusCode::NOT_FOUND, "{path}");
    }
    for path in [
        "/referrals/%0d%0aset-cookie:a=b/receipt",
        "/queues/%0d%0ax:y",
        "/referrals?done=%0d%0ax:y&page=%0d%0a",
        "/supervision/%0d%0ax",
    ] {
        let page = council.get(path).await;
        assert!(!page.has(header::SET_COOKIE) && !page.has(header::HeaderName::from_static("x")), "{path}");
        assert!(page.status.is_client_error() || page.status.is_success(), "{path}: {}", page.status);
    }
    // What was refused is told of in the ledger, once a minute and peer; nothing else came of it.
    house.caretake().await;
    let after = house.person(MPU).await.deliveries("MPU.SE").await.unwrap();
    assert_eq!(after.len(), 2);
    assert!(after.iter().all(|one| one.settled_time.is_none()));
    assert!(house.ledger_size().await - entries <= 4, "only refusals");
}

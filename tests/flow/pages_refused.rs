//! A form that is refused stands there again, open, with what was written; and one that is sent again hears what was answered.

use http::StatusCode;

use crate::{
    house::{House, LEWISHAM, MPU, MPU_NE, MPU_TOO, RESOLVER},
    pages::{Browser, Form, Page, between, in_hand},
    retracting::{plain, recalling},
};

/// The page of a delivery that was opened.
async fn opened(officer: &Browser, address: &str) -> Page {
    let opened = officer.send(&officer.get(address).await.form("/read"), &[]).await;
    assert_eq!(opened.status, StatusCode::OK, "{}", opened.text);
    opened
}

/// The form under a title that stands open, from its title on.
pub fn open_form<'p>(page: &'p Page, title: &str) -> &'p str {
    let from = format!("<details open><summary>{title}</summary>");
    between(&page.text, &from, "</details>").unwrap_or_else(|| panic!("{title} is not open in {}", page.text))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_question_that_the_lint_refuses_is_asked_anew_from_its_own_form_and_no_word_is_lost() {
    let house = House::open().await;
    let (officer, address) = in_hand(&house).await;
    let page = opened(&officer, &address).await;
    let question = "Can the worker find out where he <lives>?";
    let asked = page.form("/ask").with(&[("text", question), ("item", "2")]);
    let refused = officer.send(&asked, &[]).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    let form = open_form(&refused, "Ask the sender");
    assert!(form.contains("Can the worker find out where he &lt;lives&gt;?") && form.contains("value=\"2\""), "{form}");
    assert!(form.contains("role=\"alert\"") && form.contains("<strong>question</strong>"), "{form}");
    assert!(!refused.text.contains("back button"), "{}", refused.text);
    // Nothing else of the page was refused, and what it is about is not shown without opening it.
    assert_eq!(refused.text.matches("<details open>").count(), 1);
    assert!(!refused.text.contains("Fennimore"));
    let again = refused.form("/ask").with(&[("text", question), ("tell", "yes")]);
    assert_eq!(officer.send(&again, &[]).await.goes_to(), address);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_outcome_without_its_reason_keeps_its_note_and_what_was_chosen() {
    let house = House::open().await;
    let (officer, address) = in_hand(&house).await;
    let page = opened(&officer, &address).await;
    let given = [("code", "no_further_action"), ("text", "Spoken with the school."), ("tell", "yes")];
    let refused = officer.send(&page.form("/complete").with(&given), &[]).await;
    let form = open_form(&refused, "Complete it");
    for said in ["value=\"no_further_action\" required checked", "Spoken with the school.", "value=\"yes\" checked"] {
        assert!(form.contains(said), "{said} in {form}");
    }
    let again = refused.form("/complete").with(&[("code", "no_further_action"), ("why", "ALREADY_KNOWN")]);
    assert_eq!(officer.send(&again, &[]).await.goes_to(), "/queues/MPU.SE?done=complete");
    // Where the delivery is theirs no longer, what they wrote is there to be copied.
    let late = officer.send(&page.form("/release").with(&[("text", "I go home.")]), &[]).await;
    assert_eq!(late.status, StatusCode::CONFLICT);
    assert!(
        late.text.contains("You no longer hold this delivery") && late.text.contains("I go home."),
        "{}",
        late.text
    );
}

/// Sends a form until it has been answered twice, and says where both answers lead.
async fn twice(officer: &Browser, form: &Form) -> String {
    let first = officer.send(form, &[]).await.goes_to();
    assert_eq!(officer.send(form, &[]).await.goes_to(), first, "a second click");
    first
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_ended_it_says_so_again_to_a_second_click() {
    let house = House::open().await;
    house.issue(MPU_TOO);
    Browser::of(&house, MPU_TOO).await.get("/").await;
    let colleague = format!("homeward://pilot.example/{MPU_TOO}");
    for (what, fields) in [
        ("complete", vec![("code", "arrest"), ("text", "Arrested.")]),
        ("release", vec![("text", "Not mine.")]),
        ("reject", vec![("code", "DUPLICATE")]),
        ("hand-over", vec![("to", colleague.as_str()), ("text", "Ring at seven.")]),
    ] {
        let (officer, address) = in_hand(&house).await;
        opened(&officer, &address).await;
        let form = officer.get(&address).await.form(&format!("/{what}")).with(&fields);
        let entries = house.ledger_size().await;
        assert_eq!(twice(&officer, &form).await, format!("/queues/MPU.SE?done={what}"));
        assert_eq!(house.ledger_size().await, entries + 1, "{what} is done once");
        // What else was on the page is of no use any more, and says so.
        let other = officer.get(&address).await;
        assert!([StatusCode::CONFLICT, StatusCode::OK].contains(&other.status), "{what}: {}", other.text);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_notice_an_offer_and_what_was_on_hold_say_so_again_to_a_second_click() {
    let house = House::open().await;
    let mut council = house.person(LEWISHAM).await;
    let referral = council.submit(plain()).await.unwrap().referral_id;
    let officer = Browser::of(&house, MPU).await;
    let address = officer.send(&officer.get("/queues/MPU.SE").await.form("/take"), &[]).await.goes_to();
    let page = opened(&officer, &address).await;
    let offer = page.form("/transfer").with(&[("to", "MPU.NE"), ("text", "She moved.")]);
    assert_eq!(twice(&officer, &offer).await, address);
    let there = Browser::of(&house, MPU_NE).await;
    let here = there.send(&there.get("/queues/MPU.NE").await.form("/take"), &[]).await.goes_to();
    let refuse = there.get(&here).await.form("/refuse");
    let empty = there.send(&refuse, &[]).await;
    assert!(open_form(&empty, "Refuse it").contains("<strong>reason</strong>"), "{}", empty.text);
    assert_eq!(twice(&there, &refuse.with(&[("text", "She did not.")])).await, "/queues/MPU.NE?done=refuse");

    council.referrals.recall_referral(recalling(&referral)).await.unwrap();
    let notice = officer.send(&officer.get("/queues/MPU.SE").await.form("/take"), &[]).await.goes_to();
    let form = officer.get(&notice).await.form("/acknowledge");
    for _ in 0..2 {
        let heard = officer.send(&form, &[]).await;
        assert!(heard.status == StatusCode::OK && heard.text.contains("another man"), "{}", heard.text);
        assert!(heard.text.contains("Acknowledged: recalled by the sender"), "{}", heard.text);
    }
    // Whoever never had it in hand hears nothing of it.
    let stranger = Browser::of(&house, RESOLVER).await;
    assert_eq!(stranger.send(&form, &[]).await.status, StatusCode::FORBIDDEN);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_page_of_another_site_gets_no_piece_of_ours_and_whoever_follows_a_link_gets_the_page() {
    let house = House::open().await;
    let (officer, address) = in_hand(&house).await;
    let entries = house.ledger_size().await;
    for (site, mode, dest, path, let_in) in [
        ("cross-site", "no-cors", "image", address.as_str(), false),
        ("cross-site", "cors", "empty", "/", false),
        ("same-site", "no-cors", "script", "/desk.js", false),
        ("cross-site", "navigate", "iframe", "/", false),
        ("cross-site", "navigate", "document", "/live", false),
        ("cross-site", "navigate", "document", address.as_str(), true),
        ("same-origin", "no-cors", "style", "/style.css", true),
        ("none", "navigate", "document", "/", true),
    ] {
        let headers = [("sec-fetch-site", site), ("sec-fetch-mode", mode), ("sec-fetch-dest", dest)];
        let told = officer.get_as(path, &headers).await;
        let status = if let_in { StatusCode::OK } else { StatusCode::FORBIDDEN };
        assert_eq!(told.status, status, "{headers:?} {path}: {}", told.text);
    }
    assert_eq!(house.ledger_size().await, entries);
}

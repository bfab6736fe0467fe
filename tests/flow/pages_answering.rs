//! The pages: notices of corrections and recalls, offers of other units, and what is taken back.

use http::StatusCode;
use jiff::SignedDuration;

use crate::{
    house::{House, LEWISHAM, MPU, MPU_NE, MPU_TOO},
    pages::{Browser, between, in_hand},
    retracting::{correcting, plain, recalling},
};

/// A delivery of a referral that may be recalled, opened by an officer at the desk; with the referral's id.
async fn opened(house: &House) -> (Browser, String, String) {
    let referral = house.person(LEWISHAM).await.submit(plain()).await.unwrap().referral_id;
    let officer = Browser::of(house, MPU).await;
    let address = officer.send(&officer.get("/queues/MPU.SE").await.form("/take"), &[]).await.goes_to();
    let page = officer.get(&address).await;
    assert_eq!(officer.send(&page.form("/read"), &[]).await.status, StatusCode::OK);
    (officer, address, referral)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_notice_is_seen_with_its_deadline_and_acknowledged_and_says_why() {
    let house = House::open().await;
    let (officer, address, referral) = opened(&house).await;
    let mut council = house.person(LEWISHAM).await;
    council.referrals.recall_referral(recalling(&referral)).await.unwrap();
    let queue = officer.get("/queues/MPU.SE").await;
    assert!(queue.text.contains("<strong>NOTICE</strong>: recalled by the sender"), "{}", queue.text);
    let waiting = queue.text.split("id=\"waiting\"").nth(1).unwrap();
    assert!(waiting.contains("acknowledge in") && !waiting.contains("<td>none</td>"), "{waiting}");
    let notice = officer.send(&queue.form("/take"), &[]).await.goes_to();
    assert_ne!(notice, address);
    let page = officer.get(&notice).await;
    assert!(page.text.contains("recalled by the sender") && page.text.contains(&referral), "{}", page.text);
    for never in ["Complete it", "Put it aside", "Open it", "Hand it over"] {
        assert!(!page.text.contains(never), "{never}: nothing else settles a notice");
    }
    let heard = officer.send(&page.form("/acknowledge"), &[]).await;
    assert_eq!(heard.status, StatusCode::OK, "{}", heard.text);
    assert!(heard.text.contains("another man") && heard.text.contains("OFFICIAL-SENSITIVE"), "{}", heard.text);
    assert!(!officer.get("/queues/MPU.SE").await.text.contains("NOTICE"), "settled");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_correction_is_told_apart_from_what_it_corrects() {
    let house = House::open().await;
    let (officer, _, referral) = opened(&house).await;
    let mut council = house.person(LEWISHAM).await;
    council.referrals.correct_referral(correcting(&referral, plain())).await.unwrap();
    let queue = officer.get("/queues/MPU.SE").await;
    assert!(queue.text.contains("<strong>NOTICE</strong>: corrected by the sender"), "{}", queue.text);
    assert!(queue.text.contains("<strong>CORRECTION</strong>"), "{}", queue.text);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_another_unit_offers_is_answered_before_anything_else() {
    let house = House::open().await;
    let (officer, address, _) = opened(&house).await;
    let there = Browser::of(&house, MPU_NE).await;
    let offer = |page: crate::pages::Page| page.form("/transfer").with(&[("to", "MPU.NE"), ("text", "She moved.")]);
    let first = offer(officer.get(&address).await);
    assert_eq!(officer.send(&first, &[]).await.goes_to(), address);
    let given = officer.get(&address).await;
    assert!(given.text.contains("to MPU.NE, who have to answer in") && given.forms("/transfer").is_empty());

    let queue = there.get("/queues/MPU.NE").await;
    assert!(queue.text.contains("<strong>OFFERED</strong> by MPU.SE") && queue.text.contains("answer in"));
    let here = there.send(&queue.form("/take"), &[]).await.goes_to();
    let page = there.get(&here).await;
    assert!(!page.text.contains("Complete it") && !page.text.contains("Put it aside"), "{}", page.text);
    assert_eq!(there.send(&page.form("/refuse"), &[]).await.status, StatusCode::UNPROCESSABLE_ENTITY, "why?");
    let refused = page.form("/refuse").with(&[("text", "She did not.")]);
    assert_eq!(there.send(&refused, &[]).await.goes_to(), "/queues/MPU.NE?done=refuse");
    let back = officer.get(&address).await;
    assert!(back.text.contains("transfer refused MPU.NE") && !back.forms("/transfer").is_empty(), "{}", back.text);

    // Offered again, and accepted.
    officer.send(&offer(back), &[]).await.goes_to();
    let queue = there.get("/queues/MPU.NE").await;
    let here = there.send(&queue.form("/take"), &[]).await.goes_to();
    let accept = there.get(&here).await.form("/accept").with(&[("text", "She did.")]);
    assert_eq!(there.send(&accept, &[]).await.goes_to(), here);
    assert!(there.get(&here).await.text.contains("Complete it"), "theirs");
    assert_eq!(officer.get(&address).await.status, StatusCode::CONFLICT, "and no longer ours");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_nobody_has_taken_yet_is_taken_back() {
    let house = House::open().await;
    house.issue(MPU_TOO);
    let (officer, address) = in_hand(&house).await;
    let page = officer.get(&address).await;
    assert!(page.forms("/hand-over").is_empty(), "unopened it goes back to the queue, to nobody");
    officer.send(&page.form("/read"), &[]).await;
    Browser::of(&house, MPU_TOO).await.get("/").await;
    let page = officer.get(&address).await;
    let offered = between(&page.text, "<datalist id=\"colleagues\">", "</datalist>").unwrap();
    assert!(offered.contains(&format!("value=\"homeward://pilot.example/{MPU_TOO}\"")), "{offered}");
    assert!(!offered.contains(MPU_NE) && !offered.contains(&format!("{MPU}\"")), "nobody else's colleague: {offered}");
    let form = page.form("/hand-over");
    assert_eq!(officer.send(&form, &[]).await.status, StatusCode::UNPROCESSABLE_ENTITY, "to whom?");
    let form = form.with(&[("to", &format!("homeward://pilot.example/{MPU_TOO}")), ("text", "Ring at seven.")]);
    assert_eq!(officer.send(&form, &[]).await.goes_to(), "/queues/MPU.SE?done=hand-over");
    let queue = officer.get("/queues/MPU.SE").await;
    let back = queue.form("/take-back").with(&[("text", "I stay.")]);
    assert_eq!(officer.send(&back, &[]).await.goes_to(), "/queues/MPU.SE?done=take-back");
    assert!(officer.get("/queues/MPU.SE").await.forms("/take-back").is_empty());

    let colleague = Browser::of(&house, MPU_TOO).await;
    let theirs = colleague.send(&colleague.get("/queues/MPU.SE").await.form("/take"), &[]).await.goes_to();
    let offer = colleague.get(&theirs).await.form("/transfer").with(&[("to", "MPU.NE"), ("text", "She moved.")]);
    colleague.send(&offer, &[]).await.goes_to();
    let back = colleague.get(&theirs).await.form("/take-back").with(&[("text", "She did not.")]);
    assert_eq!(colleague.send(&back, &[]).await.goes_to(), "/queues/MPU.SE?done=take-back");
    assert!(colleague.get(&theirs).await.text.contains("taken back"), "in hand still, with what happened");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_in_hand_is_told_apart_and_is_not_what_colleagues_have() {
    let house = House::open().await;
    let (officer, _) = in_hand(&house).await;
    house.later(SignedDuration::from_mins(3));
    let queue = officer.get("/queues/MPU.SE").await;
    let mine = queue.text.split("id=\"in-hand\"").nth(1).unwrap().split("id=\"waiting\"").next().unwrap();
    for part in ["acknowledge in", "yours for 27 min", "unopened", "R07", "Go on with it"] {
        assert!(mine.contains(part), "{part} in {mine}");
    }
    let counts = |text: &str| {
        text.split("<td").skip(1).map(|cell| cell.split_once('>').unwrap().1[..1].to_owned()).collect::<Vec<_>>()
    };
    let yours = counts(&officer.get("/").await.text);
    let theirs = counts(&Browser::of(&house, MPU_TOO).await.get("/").await.text);
    assert_eq!((yours[5..].concat(), theirs[5..].concat()), ("11".into(), "01".into()), "{yours:?} {theirs:?}");
}

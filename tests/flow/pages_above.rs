//! The pages of HOLD and of supervisors: why something is held and where it went all the same, who holds what, and what lies there.

use homeward::wire::pb;
use http::StatusCode;
use jiff::SignedDuration;

use crate::{
    accused::about,
    house::{House, LEWISHAM, MPU, RESOLVER, SUPERVISOR, narrative},
    pages::Browser,
    pages_refused::open_form,
    person::submission,
};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn hold_says_why_and_what_was_sent_already_and_sends_it_on_with_a_reason() {
    let house = House::open().await;
    let mut draft = submission(&narrative(1));
    draft.lives_now = Some(pb::Area { unknown: true, ..Default::default() });
    draft.responsible_authority = Some(pb::Area { unknown: true, ..Default::default() });
    house.person(LEWISHAM).await.submit(draft).await.unwrap();
    let resolver = Browser::of(&house, RESOLVER).await;
    // The other child's record is held as well: the one of this child was sent to somebody already.
    let mut seen = Vec::new();
    let held = loop {
        let queue = resolver.get("/queues/HOLD.human").await;
        let address = resolver.send(&queue.form("/take"), &[]).await.goes_to();
        assert!(address.contains("/deliveries/"), "{seen:?}");
        let page = resolver.get(&address).await;
        if page.text.contains("<strong>MPU.SE</strong>") && page.text.contains("Held: geography unknown") {
            break page;
        }
        seen.push(page.text);
    };
    assert!(held.text.contains("Sent already") && !held.text.contains("Fennimore"), "{}", held.text);
    assert!(held.text.contains("<option value=\"Lewisham (MASH): MASH.E09000023\">"), "{}", held.text);
    let form = held.form("/resolve");
    let told = resolver.send(&form.clone().with(&[("to", "nowhere")]), &[]).await;
    assert_eq!(told.status, StatusCode::UNPROCESSABLE_ENTITY);
    for field in ["to queue", "reason"] {
        assert!(told.text.contains(&format!("<strong>{field}</strong>")), "{}", told.text);
    }
    let form =
        form.with(&[("to", "Lewisham (MASH): MASH.E09000023"), ("text", "The school confirmed where she lives.")]);
    for _ in 0..2 {
        let answer = resolver.send(&form, &[]).await;
        assert_eq!(
            answer.goes_to(),
            "/queues/HOLD.human?done=resolve&to=MASH.E09000023",
            "a second click: the same answer"
        );
    }
    let after = resolver.get("/queues/HOLD.human?done=resolve&to=MASH.E09000023").await;
    assert!(after.text.contains("Sent to Lewisham (MASH), MASH.E09000023."), "{}", after.text);
    let mash = house.person(crate::house::MASH).await.deliveries("MASH.E09000023").await.unwrap();
    assert_eq!(mash.iter().filter(|one| one.linked_from.is_empty()).count(), 1, "sent twice, it is there once");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_works_where_somebody_is_accused_sees_on_hold_nothing_of_where_it_went_and_puts_it_back() {
    let house = House::open().await;
    let mut draft = about("met/SE/mpu_officer/p777", "MPU.SE");
    draft.lives_now = Some(pb::Area { unknown: true, ..Default::default() });
    draft.responsible_authority = Some(pb::Area { unknown: true, ..Default::default() });
    house.person(LEWISHAM).await.submit(draft).await.unwrap();
    for (path, settles) in [("met/SE/hold_resolver/h2", false), (RESOLVER, true)] {
        let resolver = Browser::of(&house, path).await;
        let queue = resolver.get("/queues/HOLD.human").await;
        let address = resolver.send(&queue.form("/take"), &[]).await.goes_to();
        let page = resolver.get(&address).await;
        for said in ["Sent already", "Send it on"] {
            assert_eq!(page.text.contains(said), settles, "{path} {said}: {}", page.text);
        }
        let back = page.form("/release").with(&[("text", "Not mine to settle.")]);
        resolver.send(&back, &[]).await.goes_to();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_accuses_somebody_of_the_unit_that_would_have_it_says_so() {
    let house = House::open().await;
    house.person(LEWISHAM).await.submit(about("met/SE/mpu_officer/p777", "MPU.SE")).await.unwrap();
    let resolver = Browser::of(&house, RESOLVER).await;
    let mut seen = String::new();
    while !seen.contains("it accuses somebody who works there") {
        let taken = resolver.send(&resolver.get("/queues/HOLD.human").await.form("/take"), &[]).await.goes_to();
        assert!(taken.contains("/deliveries/"), "{seen}");
        seen = resolver.get(&taken).await.text;
    }
    assert!(seen.contains("Never to: ") && !seen.contains("The rules say two things"), "{seen}");
    // An outcome ends it here: that it sends it to nobody is said where it is chosen.
    assert!(seen.contains("This ends it here, and sends it to nobody."), "{seen}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_supervisor_sees_what_is_silent_and_late_who_holds_what_and_sends_back_what_was_put_aside() {
    let house = House::open().await;
    house.person(LEWISHAM).await.submit(submission(&narrative(1))).await.unwrap();
    let supervisor = Browser::of(&house, SUPERVISOR).await;
    assert_eq!(supervisor.get("/").await.goes_to(), "/supervision");
    house.later(SignedDuration::from_mins(61));
    house.caretake().await;
    let late = supervisor.get("/supervision").await;
    for said in ["Silent: ", "the oldest for 61 min", "On cover"] {
        assert!(late.text.contains(said), "{said} in {}", late.text);
    }
    assert!(supervisor.get("/supervision/MPU.SE").await.text.contains("escalated queue supervisor"));
    let officer = Browser::of(&house, MPU).await;
    let address = officer.send(&officer.get("/queues/MPU.SE").await.form("/take"), &[]).await.goes_to();
    let held = supervisor.get("/supervision/MPU.SE").await;
    assert!(held.text.contains("met/SE/mpu_officer/p123"), "{}", held.text);
    assert!(!held.text.contains("Fennimore") && !held.text.contains("Open it"));
    // Handed over by their supervisor; what nobody had opened goes back to the queue, and they take it again.
    let nobody = held.form("/hand-over").with(&[("to", "nobody"), ("text", "Gone <home>.")]);
    let refused = supervisor.send(&nobody, &[]).await;
    let form = open_form(&refused, "Hand it over");
    for said in ["value=\"nobody\"", "Gone &lt;home&gt;.", "role=\"alert\""] {
        assert!(form.contains(said), "{said} in {form}");
    }
    let over = refused
        .form("/hand-over")
        .with(&[("to", "homeward://pilot.example/met/SE/mpu_officer/p124"), ("text", "Gone home.")]);
    for _ in 0..2 {
        assert_eq!(supervisor.send(&over, &[]).await.goes_to(), "/supervision/MPU.SE?done=hand-over");
    }
    assert!(supervisor.get("/supervision/MPU.SE").await.text.contains("Nobody holds anything."));
    officer.send(&officer.get("/queues/MPU.SE").await.form("/take"), &[]).await.goes_to();
    let aside = officer.get(&address).await.form("/reject").with(&[("code", "DUPLICATE")]);
    officer.send(&aside, &[]).await.goes_to();
    let form = supervisor.get("/supervision/MPU.SE").await.form("/replay").with(&[("text", "It is none.")]);
    for _ in 0..2 {
        assert_eq!(supervisor.send(&form, &[]).await.goes_to(), "/supervision/MPU.SE?done=replay");
    }
    assert!(officer.get("/queues/MPU.SE").await.text.contains("waiting"));
    for page in ["/supervision", "/supervision/MPU.SE"] {
        assert_eq!(officer.get(page).await.status, StatusCode::FORBIDDEN, "{page}");
    }
    assert_eq!(supervisor.get("/supervision/MPU.NE").await.status, StatusCode::FORBIDDEN);
}

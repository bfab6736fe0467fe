//! What stands first: on a first page the queue with the most urgent matter, in a queue the most urgent delivery, on a delivery that was opened
//! what whoever picks up the telephone has to know.

use homeward::wire::pb;

use crate::{
    house::{House, LEWISHAM, MASH, MPU, SUPERVISOR, narrative},
    pages::{Browser, between},
    person::submission,
};

/// The first narrative, with somebody in danger now.
fn danger() -> pb::Submission {
    let mut draft = submission(&narrative(1));
    draft.answers.as_mut().unwrap().stop_screen = Some(pb::StopScreen {
        danger_now: pb::YesNo::Yes.into(),
        emergency_call: pb::EmergencyCall::Cannot.into(),
        ..Default::default()
    });
    draft
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_most_urgent_queue_and_the_most_urgent_delivery_come_first() {
    let house = House::open().await;
    let mut council = house.person(LEWISHAM).await;
    council.submit(submission(&narrative(1))).await.unwrap();
    let mash = Browser::of(&house, MASH).await.get("/").await;
    let place = |queue: &str| mash.text.find(&format!("href=\"/queues/{queue}\"")).unwrap();
    assert!(place("MASH.E09000023") < place("ALLOC.E09000023"), "{}", mash.text);
    let first = mash.text.split("<tr>").nth(2).unwrap();
    assert!(first.contains("<span class=\"class p1\">P1</span>") && first.contains("data-due="), "{first}");

    council.submit(danger()).await.unwrap();
    let queue = Browser::of(&house, MPU).await.get("/queues/MPU.SE").await;
    let rows = queue.text.split("<th scope=\"row\">").skip(1).map(|row| between(row, "class ", "\"").unwrap());
    assert_eq!(rows.collect::<Vec<_>>(), ["p0", "p1"], "what came last is taken first");
    for (who, page) in [(MPU, "/"), (SUPERVISOR, "/supervision")] {
        let page = Browser::of(&house, who).await.get(page).await;
        assert!(page.text.contains("<span class=\"class p0\">P0</span>"), "{}", page.text);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_picks_up_the_telephone_reads_first_whom_not_to_ring() {
    let house = House::open().await;
    let mut draft = submission(&narrative(1));
    draft.items[2].text = "Ella-Mae disclosed on 20 November that he has asked her back.".to_owned();
    let answers = draft.answers.as_mut().unwrap();
    (answers.harm_source_at_home, answers.suicidal_intent) = (pb::YesNo::Yes.into(), pb::YesNo::Yes.into());
    house.person(LEWISHAM).await.submit(draft).await.unwrap();
    let officer = Browser::of(&house, MPU).await;
    let address = officer.send(&officer.get("/queues/MPU.SE").await.form("/take"), &[]).await.goes_to();
    let before = officer.get(&address).await;
    assert!(!before.text.contains("Ring back") && !before.text.contains("class=\"alarm\""), "{}", before.text);
    let opened = officer.send(&before.form("/read"), &[]).await;
    let order = [
        "class=\"alarm\" role=\"alert\"",
        "No contact at home is safe. The child may be a danger to themselves.",
        "<dt>Ring back</dt>",
        "Ella-Mae Fennimore",
        "What was said, item 1",
        "The child and the episode",
        "<dt>Yours for</dt>",
        "<caption>Items</caption>",
    ];
    let places = order.map(|said| opened.text.find(said).unwrap_or_else(|| panic!("{said} in {}", opened.text)));
    assert!(places.is_sorted(), "{places:?} in {}", opened.text);
    for advice in ["Advice on the wording: ", "source_words"] {
        assert!(opened.text.contains(advice), "the lint's advice stands beside the text: {}", opened.text);
    }
    // On paper: what it is, who had it shown, and when, in which year.
    assert!(
        opened.text.contains(&format!("homeward://pilot.example/{MPU} on Sat 21 Nov 2026 12:00")),
        "{}",
        opened.text
    );
}

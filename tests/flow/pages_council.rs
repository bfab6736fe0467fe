//! The pages of a council: what became of its referrals, what it is asked, and the receipt that anybody can check.

use std::{fs, process::Command};

use http::StatusCode;

use crate::{
    house::{BROMLEY, House, INTELLIGENCE, LEWISHAM, MPU, narrative},
    pages::{Browser, Page, between},
    person::submission,
};

/// What `homeward audit check` says of a receipt, with a key.
pub fn checked(house: &House, receipt: &str, key: &str) -> (bool, String) {
    let (file, by) = (house.folder("receipt.txt"), house.folder("ledger-key.txt"));
    fs::write(&file, receipt).unwrap();
    fs::write(&by, key).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_homeward"));
    let done = command.args(["audit", "check", "--key"]).arg(&by).arg(&file).output().unwrap();
    let said = [done.stdout, done.stderr].concat();
    (done.status.success(), String::from_utf8(said).unwrap())
}

/// The addresses of the referrals in a list, in its order.
fn referrals(list: &Page) -> Vec<String> {
    let rows = list.text.split("<a href=\"/referrals/").skip(1);
    rows.map(|row| format!("/referrals/{}", row.split('"').next().unwrap())).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_council_sees_its_clocks_and_its_chain_answers_what_it_is_asked_and_files_a_receipt_that_anybody_can_check() {
    let house = House::open().await;
    house.person(LEWISHAM).await.submit(submission(&narrative(1))).await.unwrap();
    let council = Browser::of(&house, LEWISHAM).await;
    assert_eq!(council.get("/").await.goes_to(), "/referrals", "the first page is the one that they have a use for");
    let list = council.get("/referrals").await;
    for said in ["LEW-RHI-0117", "with them, not opened yet", "interview: <span class=\"\">in time</span>"] {
        assert!(list.text.contains(said), "{said} in {}", list.text);
    }
    let address = referrals(&list).remove(0);
    let before = council.get(&address).await;
    assert!(before.text.contains("MPU.SE") && before.text.contains("acknowledge in"), "{}", before.text);
    assert!(before.text.contains("26 hours after the return"), "{}", before.text);
    assert!(!before.text.contains("Fennimore") && !before.text.contains("Marcus"), "no content is on it");

    let officer = Browser::of(&house, MPU).await;
    let delivery = officer.send(&officer.get("/queues/MPU.SE").await.form("/take"), &[]).await.goes_to();
    officer.send(&officer.get(&delivery).await.form("/read"), &[]).await;
    let ask =
        officer.get(&delivery).await.form("/ask").with(&[("text", "Which <b>Saturday</b> was meant?"), ("item", "3")]);
    officer.send(&ask, &[]).await.goes_to();

    assert!(council.get("/referrals").await.text.contains("1 question to answer"));
    let asked = council.get(&address).await;
    assert!(asked.text.contains("Which &lt;b&gt;Saturday&lt;/b&gt; was meant?"), "{}", asked.text);
    assert!(asked.text.contains("asks about item 3") && asked.text.contains("opened: acknowledged"), "{}", asked.text);
    let empty = council.send(&asked.form("/answer"), &[]).await;
    assert_eq!(empty.status, StatusCode::UNPROCESSABLE_ENTITY);
    for field in ["answer", "actor.id", "actor.role"] {
        assert!(empty.text.contains(&format!("<strong>{field}</strong>")), "{field} in {}", empty.text);
    }
    let given = [("text", "The 28th."), ("staff", "L20417"), ("job", "practitioner")];
    let form = asked.form("/answer").with(&given);
    for _ in 0..2 {
        let after = council.send(&form, &[]).await.goes_to();
        assert_eq!(after, format!("{address}?done=answer"), "sent twice, it is answered once");
    }
    let answered = council.get(&address).await;
    assert!(answered.forms("/answer").is_empty() && answered.text.contains("Answered "), "{}", answered.text);
    let complete = officer.get(&delivery).await.form("/complete").with(&[("code", "arrest")]);
    officer.send(&complete, &[]).await.goes_to();
    let settled = council.get(&address).await;
    assert!(settled.text.contains("acted on") && !settled.text.contains("arrest"), "{}", settled.text);

    let receipt = council.get(&format!("{address}/receipt")).await;
    let named = receipt.header("content-disposition");
    assert!(named.starts_with("attachment; filename=\"homeward-receipt-"), "{named}");
    let key = council.get("/ledger-key").await;
    let (holds, said) = checked(&house, &receipt.text, &key.text);
    assert!(holds, "{said}");
    let (holds, said) = checked(&house, &receipt.text.replace("MPU.SE", "MPU.NE"), &key.text);
    assert!(!holds, "{said}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_councils_referral_and_none_look_alike_and_an_officer_has_no_page_of_them() {
    let house = House::open().await;
    let id = house.person(LEWISHAM).await.submit(submission(&narrative(1))).await.unwrap().referral_id;
    let (bromley, nowhere) = (Browser::of(&house, BROMLEY).await, crate::person::fresh());
    let told =
        |page: &Page| between(&page.text, "<main", "</main>").unwrap().split("Reference").next().unwrap().to_owned();
    for path in ["", "/receipt", "/destruction"] {
        let (theirs, none) = (
            bromley.get(&format!("/referrals/{id}{path}")).await,
            bromley.get(&format!("/referrals/{nowhere}{path}")).await,
        );
        assert_eq!((theirs.status, told(&theirs)), (StatusCode::NOT_FOUND, told(&none)), "{path}");
    }
    let own = Browser::of(&house, LEWISHAM).await;
    // An id of no form, with what would end a header or a file's name.
    for id in ["x%0d%0aset-cookie:%20a=b", "%22;x"] {
        let page = own.get(&format!("/referrals/{id}/receipt")).await;
        assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", page.text);
    }
    for path in [MPU, INTELLIGENCE] {
        let officer = Browser::of(&house, path).await;
        assert!(!officer.get("/").await.text.contains("/referrals"), "no way leads there");
        for page in ["/referrals".to_owned(), format!("/referrals/{id}")] {
            assert_eq!(officer.get(&page).await.status, StatusCode::FORBIDDEN);
        }
    }
}

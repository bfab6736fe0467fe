//! The form of a council without a case system: step by step as a browser without script sends it, what was typed never lost, and one
//! referral however often it is sent.

use homeward::wire::pb;
use http::StatusCode;

use crate::{
    house::{House, LEWISHAM, MPU},
    pages::{Browser, Page, between},
};

/// A form as it stands on a page: every field with what is in it.
pub struct Typed(Vec<(String, String)>, Vec<String>);

fn plain(text: &str) -> String {
    text.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"").replace("&amp;", "&")
}

impl Typed {
    pub fn on(page: &Page) -> Self {
        let form = between(&page.text, "<form ", "</form>").unwrap_or_else(|| panic!("no form in {}", page.text));
        let word = |tag: &str, name: &str| plain(between(tag, &format!(" {name}=\""), "\"").unwrap_or_default());
        let (mut fields, mut free) = (Vec::new(), Vec::new());
        for (at, _) in form.match_indices('<') {
            let tag = &form[at..];
            let head = tag.split('>').next().unwrap();
            if head.starts_with("<textarea") || head.contains("type=\"text\"") {
                free.push(word(head, "name"));
            }
            if head.starts_with("<input") {
                let ticked = !head.contains("type=\"radio\"") && !head.contains("type=\"checkbox\"");
                if ticked || head.contains(" checked") {
                    fields.push((word(head, "name"), word(head, "value")));
                }
            } else if head.starts_with("<textarea") {
                // As a browser does: the first line break is not part of it.
                fields.push((word(head, "name"), plain(between(tag, ">\n", "</textarea>").unwrap())));
            } else if head.starts_with("<select") {
                let chosen = tag
                    .split("</select>")
                    .next()
                    .unwrap()
                    .split("<option ")
                    .find(|option| option.contains(" selected"));
                fields.push((
                    word(head, "name"),
                    chosen.map(|option| word(&format!(" {option}"), "value")).unwrap_or_default(),
                ));
            }
        }
        Self(fields, free)
    }

    pub fn with(mut self, given: &[(&str, &str)]) -> Self {
        for (name, _) in given {
            self.0.retain(|(known, _)| known != name);
        }
        self.0.extend(given.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
        self
    }

    /// With the same in every field that takes any text.
    pub fn wild(mut self, text: &str) -> Self {
        let free = self.1.clone();
        for (name, value) in &mut self.0 {
            if free.contains(name) {
                *value = text.to_owned();
            }
        }
        self
    }

    fn value(&self, name: &str) -> &str {
        self.0.iter().find(|(known, _)| known == name).map_or("", |(_, value)| value)
    }

    pub async fn go(self, council: &Browser, where_to: &str) -> Page {
        self.go_from(council, where_to, &[]).await
    }

    /// As its page asks for a preview while it is written.
    async fn so_far(self, council: &Browser, headers: &[(&str, &str)]) -> Page {
        council.post("/refer/preview", &self.0, headers).await
    }

    /// The same with what a browser says of where it comes from.
    async fn go_from(self, council: &Browser, where_to: &str, headers: &[(&str, &str)]) -> Page {
        council.post("/refer", &self.with(&[("go", where_to)]).0, headers).await
    }
}

pub const CHILD: &[(&str, &str)] = &[
    ("envelope.on_behalf_of", "E09000023"),
    ("envelope.sender_reference", "LEW-FORM-1"),
    ("envelope.reporter.name", "Priya Castellane"),
    ("envelope.reporter.role", "missing children practitioner"),
    ("envelope.actor.id", "L20417"),
    ("envelope.reporter.call_back", "020 7946 0117"),
    ("envelope.lawful_basis", "LAWFUL_BASIS_SAFEGUARDING_PUBLIC_TASK"),
    ("child.name", "Ella-Mae Fennimore"),
    ("child.date_of_birth", "2011-03-14"),
    ("missing_from", "Lewisham"),
    ("lives_now", "E09000023"),
    ("responsible_authority", "Lewisham"),
    ("answers.case", "CASE_STATUS_CLOSED"),
    ("episode.kind", "EPISODE_KIND_MISSING"),
    ("episode.started", "2026-11-18T19:00"),
    ("episode.returned", "2026-11-19T12:00"),
    ("episode.outcome", "INTERVIEW_OUTCOME_COMPLETED"),
    ("interview.held_at", "2026-11-20T14:00"),
];

/// A nil return, at its last page.
async fn nil(council: &Browser) -> Page {
    let first = council.get("/refer").await;
    let child = Typed::on(&first).with(&[("answers.nil_intelligence", "YES_NO_YES")]).go(council, "next").await;
    Typed::on(&child).with(CHILD).go(council, "next").await
}

async fn receipts(house: &House) -> Vec<pb::Receipt> {
    let asked = pb::ListReferralsRequest::default();
    let list = house.person(LEWISHAM).await.referrals.list_referrals(asked).await.unwrap().into_inner();
    list.referrals.into_iter().map(|referral| referral.receipt.unwrap()).collect()
}

/// The form at its fourth phase, of a return with something to send.
async fn at_the_account(council: &Browser) -> Page {
    let first = Typed::on(&council.get("/refer").await).with(&[("answers.nil_intelligence", "YES_NO_NO")]);
    let mut page = first.go(council, "next").await;
    page = Typed::on(&page).with(CHILD).go(council, "next").await;
    for title in ["Plan and prepare", "Engage and explain"] {
        assert!(page.text.contains(&format!("<h1>{title}</h1>")), "{title} in {}", page.text);
        page = Typed::on(&page).go(council, "next").await;
    }
    assert!(page.text.contains("<h1>Account</h1>"), "{}", page.text);
    page
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_nil_return_takes_two_pages_and_is_one_referral_however_often_it_is_sent() {
    let house = House::open().await;
    let council = Browser::of(&house, LEWISHAM).await;
    let first = council.get("/refer").await;
    assert!(first.text.find("Ring 999 first").unwrap() < first.text.find("<form").unwrap(), "{}", first.text);
    let last = nil(&council).await;
    assert!(last.text.contains("Who would get what") && last.text.contains("MPU.SE"), "{}", last.text);
    assert_eq!(last.text.matches("OFFICIAL-SENSITIVE - PERSONAL DATA").count(), 2, "top and bottom");
    assert!(receipts(&house).await.is_empty(), "nothing is kept before it is sent");
    let sent = Typed::on(&last).go(&council, "send").await.goes_to();
    assert_eq!(Typed::on(&last).go(&council, "send").await.goes_to(), sent, "a second click");
    assert!(council.get(&sent).await.text.contains("in time"));
    // By the back button, changed, and sent again.
    let changed = Typed::on(&last).with(&[("child.name", "Ella Fennimore")]).go(&council, "send").await;
    assert!(changed.text.contains("This form was sent already"), "{}", changed.text);
    let found = receipts(&house).await;
    assert_eq!((found.len(), found[0].class.as_str()), (1, "P4"));
    // It was another child: it can be sent all the same, as what it is, and once.
    assert!(changed.text.contains("Send as another referral"), "{}", changed.text);
    let another = Typed::on(&changed).go(&council, "send").await.goes_to();
    assert_ne!(another, sent);
    assert_eq!(Typed::on(&changed).go(&council, "send").await.goes_to(), another, "a second click");
    assert_eq!(receipts(&house).await.len(), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn in_danger_the_form_asks_once_more_about_999_and_then_lets_it_go() {
    let house = House::open().await;
    let council = Browser::of(&house, LEWISHAM).await;
    let danger = [("answers.nil_intelligence", "YES_NO_NO"), ("answers.stop_screen.danger_now", "YES_NO_YES")];
    let asked = Typed::on(&council.get("/refer").await).with(&danger).go(&council, "next").await;
    assert!(
        asked.text.contains("href=\"#answers-stop_screen-emergency_call\"")
            && asked.text.contains("ring 999, then say so here"),
        "{}",
        asked.text
    );
    let on = Typed::on(&asked).go(&council, "next").await;
    assert!(
        on.text.contains("<h1>The child and the episode</h1>"),
        "nothing that they cannot say keeps it: {}",
        on.text
    );
    let back = Typed::on(&on).go(&council, "back").await;
    assert!(
        Typed::on(&back).go(&council, "next").await.text.contains("<h1>The child and the episode</h1>"),
        "asked once"
    );
    let answered = [danger[0], danger[1], ("answers.stop_screen.emergency_call", "EMERGENCY_CALL_MADE")];
    let on = Typed::on(&council.get("/refer").await).with(&answered).go(&council, "next").await;
    assert!(on.text.contains("<h1>The child and the episode</h1>"), "{}", on.text);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_larger_than_a_call_may_be_is_not_sent_and_stays_in_the_form() {
    let house = House::open().await;
    let council = Browser::of(&house, LEWISHAM).await;
    let large = "x".repeat(1 << 20);
    let told = Typed::on(&nil(&council).await).with(&[("child.school", &large)]).go(&council, "send").await;
    assert!(told.text.contains(&large), "what was typed is lost");
    let said = told.text.replace(&large, "LARGE");
    assert!(said.contains("A message has at most 1 MiB"), "{said}");
    assert!(receipts(&house).await.is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_not_right_is_told_at_its_field_and_nothing_typed_is_lost() {
    let house = House::open().await;
    let council = Browser::of(&house, LEWISHAM).await;
    let asked = Typed::on(&council.get("/refer").await).go(&council, "next").await;
    assert!(
        asked.text.contains("href=\"#answers-nil_intelligence\"") && asked.text.contains("Error: "),
        "{}",
        asked.text
    );
    let child = Typed::on(&asked).with(&[("answers.nil_intelligence", "YES_NO_YES")]).go(&council, "next").await;
    let wild = "</textarea><script>alert(1)</script>\"'&";
    let typed = Typed::on(&child).with(CHILD).with(&[
        ("child.name", wild),
        ("missing_from", ""),
        ("episode.returned", "yesterday"),
    ]);
    let told = typed.go(&council, "next").await;
    for said in ["href=\"#missing_from\"", "href=\"#episode-returned\"", "id=\"missing_from-wrong\""] {
        assert!(told.text.contains(said), "{said} in {}", told.text);
    }
    assert!(!told.text.contains("<script>"), "{}", told.text);
    let kept = Typed::on(&told);
    assert_eq!((kept.value("child.name"), kept.value("envelope.actor.id")), (wild, "L20417"));
    // What only the broker can see is told at its field too.
    let last = kept.with(CHILD).with(&[("episode.returned", "2027-01-01T00:00")]).go(&council, "next").await;
    assert!(last.text.contains("href=\"#episode-returned\""), "{}", last.text);
    // Of an earlier start of the daemon, or made up: nothing is sent, and it can go on.
    let old = nil(&council).await;
    let again = Typed::on(&old).with(&[("seal", "00")]).go(&council, "send").await;
    assert!(again.text.contains("This page was out of date"), "{}", again.text);
    assert_eq!(Typed::on(&again).value("child.name"), "Ella-Mae Fennimore");
    assert!(receipts(&house).await.is_empty());
    let refused = Browser::of(&house, MPU).await.get("/refer").await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_typed_for_a_broker_that_is_no_more_goes_on_at_the_one_that_answers_and_is_sent_once() {
    let mut house = House::open().await;
    let council = Browser::of(&house, LEWISHAM).await;
    let account = at_the_account(&council).await;
    let words = "\"He waits by the school.\"\r\nShe would not say who.";
    let typed = [("interview.account.first_account", words)];
    let (half, whole) = (Typed::on(&account).with(&typed), nil(&council).await);
    house.reopen().await;
    let council = Browser::of(&house, LEWISHAM).await;
    // In the middle of it: the same step, nothing lost, and it goes on from there.
    let again = half.go(&council, "next").await;
    assert_eq!(again.status, StatusCode::OK);
    for said in
        ["<h1>Account</h1>", "This page was out of date", "What you typed is still here", "go on from this step"]
    {
        assert!(again.text.contains(said), "{said} in {}", again.text);
    }
    let kept = Typed::on(&again);
    assert_eq!(
        (kept.value("interview.account.first_account"), kept.value("child.name")),
        (words, "Ella-Mae Fennimore")
    );
    let next = kept.go(&council, "next").await;
    assert!(next.text.contains("<h1>Clarify</h1>") && !next.text.contains("out of date"), "{}", next.text);
    // At its end: not sent by that, then sent, once, also where it was sent before the restart.
    let last = Typed::on(&whole).go(&council, "send").await;
    assert!(
        last.text.contains("This page was out of date") && last.text.contains("Who would get what"),
        "{}",
        last.text
    );
    assert!(receipts(&house).await.is_empty());
    let sent = Typed::on(&last).go(&council, "send").await.goes_to();
    house.reopen().await;
    let council = Browser::of(&house, LEWISHAM).await;
    let late = Typed::on(&last).go(&council, "send").await;
    assert!(late.text.contains("is not sent twice"), "{}", late.text);
    assert_eq!(Typed::on(&late).go(&council, "send").await.goes_to(), sent);
    assert_eq!(receipts(&house).await.len(), 1);
    // Of another site's making it is shown to nobody.
    let foreign = Typed::on(&last).go_from(&council, "send", &[("sec-fetch-site", "cross-site")]).await;
    assert!(foreign.status == StatusCode::FORBIDDEN && !foreign.text.contains("Fennimore"), "{}", foreign.text);
}

/// As it is written, what each reader would see so far: of this page, for whoever has it, and nothing of it is kept.
async fn the_preview_follows(house: &House, council: &Browser, page: &Page, matter: &[(&'static str, &'static str)]) {
    let entries = house.ledger_size().await;
    let early = Typed::on(page).with(&[("items[0].text", "Ella-Mae said so.")]).so_far(council, &[]).await;
    assert!(early.text.contains("There is a preview once this is right:"), "{}", early.text);
    let typed = || Typed::on(page).with(matter);
    let live = typed().so_far(council, &[("sec-fetch-site", "same-origin")]).await;
    for said in ["Who would get what", "<mark>Ella-Mae</mark>", "<strong>Police: </strong>", "OFFICIAL-SENSITIVE"] {
        assert!(live.text.contains(said), "{said} in {}", live.text);
    }
    assert!(live.status == StatusCode::OK && !live.text.contains("<html") && !live.text.contains("<form"));
    assert_eq!(live.header("cache-control"), "no-store");
    for (who, typed, site) in [
        (council, typed(), "cross-site"),
        (council, typed().with(&[("seal", "00")]), "same-origin"),
        (&Browser::of(house, MPU).await, typed(), "same-origin"),
    ] {
        let told = typed.so_far(who, &[("sec-fetch-site", site)]).await;
        assert!(told.status == StatusCode::FORBIDDEN && !told.text.contains("Ella"), "{site}: {}", told.text);
    }
    assert_eq!(house.ledger_size().await, entries, "nothing came of any of it");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_matter_with_its_source_goes_where_the_rules_say_and_the_preview_shows_each_reader() {
    let house = House::open().await;
    let council = Browser::of(&house, LEWISHAM).await;
    let go = |page: Page, given: Vec<(&'static str, &'static str)>, to: &'static str| {
        let council = &council;
        async move { Typed::on(&page).with(&given).go(council, to).await }
    };
    let page = at_the_account(&council).await;
    let page = go(
        page,
        vec![("interview.account.first_account", "\"A man called Marcus Dray.\"\r\nShe was quiet.")],
        "add:persons",
    )
    .await;
    let blank = go(page, vec![], "add:persons").await;
    assert_eq!(Typed::on(&blank).value("persons[1].id"), "p2");
    let page = go(blank, vec![], "drop:persons:0").await;
    let suspect = vec![
        ("persons[0].name", "Marcus Dray"),
        ("persons[0].role", "PERSON_ROLE_SUSPECT"),
        ("persons[0].category", "DATA_SUBJECT_CATEGORY_SUSPECT"),
    ];
    let page = go(page, suspect, "add:phones").await;
    // A blank one: it is left out when it is sent.
    let page = go(page, vec![("phones[0].number", "07700 900142"), ("phones[0].owner", "p2")], "add:vehicles").await;
    let page = go(page, vec![], "next").await;
    let page = go(page, vec![], "add:items").await;
    let matter = vec![
        ("items[0].kind", "ITEM_KIND_INTELLIGENCE"),
        ("items[0].text", "Ella-Mae said that Marcus Dray rings her from 07700 900142 and took photos of her."),
        ("items[0].codes", "HARM_CODE_CSE"),
        ("items[0].images", "YES_NO_YES"),
        ("items[0].who", "p2"),
        ("items[0].things", "t1"),
        ("items[0].provenance.source_role", "SOURCE_ROLE_CHILD"),
        ("items[0].provenance.how_known", "HOW_KNOWN_EXPERIENCED"),
    ];
    the_preview_follows(&house, &council, &page, &matter).await;
    let page = go(page, matter, "next").await;
    assert!(page.text.contains("<h1>Evaluate</h1>") && page.text.contains("A crime is disclosed"), "{}", page.text);
    let last = go(page, vec![("answers.significant_harm_suspected", "YES_NO_YES")], "next").await;
    let seen =
        between(&last.text, "aria-label=\"item 1, text\"", "</section>").unwrap_or_else(|| panic!("{}", last.text));
    for said in
        ["<mark>Ella-Mae</mark>", "<strong>Police: </strong>", "<strong>Safeguarding: </strong>", "No word of it"]
    {
        assert!(seen.contains(said), "{said} in {seen}");
    }
    let police = between(seen, "<strong>Police: </strong>", "</p>").unwrap();
    assert!(police.contains("Marcus Dray") && !police.contains("Ella"), "{police}");
    // Back to a step and on again: nothing is lost on the way.
    let back = Typed::on(&last).go(&council, "to:clarify").await;
    assert_eq!(Typed::on(&back).value("items[0].provenance.how_known"), "HOW_KNOWN_EXPERIENCED");
    let sent = Typed::on(&last).go(&council, "send").await.goes_to();
    assert!(council.get(&sent).await.text.contains("REFDESK.SE"));
    let found = receipts(&house).await;
    assert_eq!((found.len(), found[0].class.as_str()), (1, "P1"));
    assert!(
        ["R01", "R03", "R07"].iter().all(|rule| found[0].rules.iter().any(|fired| fired == rule)),
        "{:?}",
        found[0].rules
    );
}

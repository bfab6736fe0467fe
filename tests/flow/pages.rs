//! The pages: an officer's whole work in a browser's terms, over the real door; and what forms, strangers and markup cannot do.

use std::{collections::BTreeMap, path::Path};

use homeward::wire::pb;
use http::{Request, Response, StatusCode, header};
use http_body_util::BodyExt;
use jiff::SignedDuration;
use tonic::{body::Body, transport::Channel};
use tower::ServiceExt;

use crate::{
    house::{BROMLEY, House, INTELLIGENCE, LEWISHAM, MASH, MPU, MPU_TOO, narrative},
    person::submission,
};

/// The kind of what a form sends.
const FORM: &str = "application/x-www-form-urlencoded";

/// Somebody at a browser.
pub struct Browser {
    channel: Channel,
    url: String,
}

/// A page as it came.
pub struct Page {
    pub status: StatusCode,
    head: header::HeaderMap,
    pub text: String,
}

/// A form of a page: where it goes, and its fields.
#[derive(Clone, Debug)]
pub struct Form {
    act: String,
    pub fields: BTreeMap<String, String>,
}

impl Browser {
    pub async fn of(house: &House, path: &str) -> Self {
        Self::with(house, &house.profile(path)).await.unwrap()
    }

    /// Somebody with this profile; who is refused may hear of it with the first page only.
    pub async fn with(house: &House, profile: &Path) -> Result<Self, String> {
        let url = house.desk();
        Ok(Self { channel: house.connect_at(profile, &url).await?, url })
    }

    /// Whether the door lets them in: what they are shown then is their grants' affair.
    pub async fn is_let_in(&self) -> bool {
        let asked = Request::get(format!("{}/", self.url)).body(Body::empty()).unwrap();
        self.ask(asked).await.is_ok_and(|page| !page.text.contains("Your certificate is no longer good"))
    }

    async fn ask(&self, request: Request<Body>) -> Result<Page, String> {
        let answer = self.channel.clone().oneshot(request).await.map_err(|error| error.to_string())?;
        Page::read(answer).await
    }

    pub async fn get(&self, path: &str) -> Page {
        self.ask(Request::get(format!("{}{path}", self.url)).body(Body::empty()).unwrap()).await.unwrap()
    }

    /// The same with further headers, as a browser says where it comes from.
    pub async fn get_as(&self, path: &str, headers: &[(&str, &str)]) -> Page {
        let mut request = Request::get(format!("{}{path}", self.url));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        self.ask(request.body(Body::empty()).unwrap()).await.unwrap()
    }

    /// The answer of a page that stays open.
    pub async fn stream(&self, path: &str) -> Response<Body> {
        let asked = Request::get(format!("{}{path}", self.url)).body(Body::empty()).unwrap();
        self.channel.clone().oneshot(asked).await.unwrap()
    }

    /// Sends bytes as they are, as a form.
    pub async fn post_raw(&self, path: &str, kind: &str, body: String, headers: &[(&str, &str)]) -> Page {
        let mut request = Request::post(format!("{}{path}", self.url)).header(header::CONTENT_TYPE, kind);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        self.ask(request.body(Body::new(http_body_util::Full::from(body))).unwrap()).await.unwrap()
    }

    /// Sends fields, in their order and as often as they are there.
    pub async fn post(&self, path: &str, fields: &[(String, String)], headers: &[(&str, &str)]) -> Page {
        let body = fields.iter().map(|(name, value)| format!("{}={}", encoded(name), encoded(value)));
        let body = body.collect::<Vec<_>>().join("&");
        self.post_raw(path, FORM, body, headers).await
    }

    /// Sends a form; further headers as another site's browser might.
    pub async fn send(&self, form: &Form, headers: &[(&str, &str)]) -> Page {
        let fields = form.fields.iter().map(|(name, value)| format!("{name}={}", encoded(value)));
        let body = fields.collect::<Vec<_>>().join("&");
        self.post_raw(&form.act, FORM, body, headers).await
    }
}

/// As a browser writes a value into a form.
fn encoded(value: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    value.bytes().map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") }).collect()
}

impl Page {
    async fn read(answer: Response<Body>) -> Result<Self, String> {
        let (head, body) = answer.into_parts();
        let bytes = body.collect().await.map_err(|error| error.to_string())?.to_bytes();
        Ok(Self { status: head.status, head: head.headers, text: String::from_utf8(bytes.to_vec()).unwrap() })
    }

    /// Its first form that goes to an address which ends so, as it is before anybody has chosen anything.
    pub fn form(&self, end: &str) -> Form {
        self.forms(end).into_iter().next().unwrap_or_else(|| panic!("no form {end} in {}", self.text))
    }

    /// All of them.
    pub fn forms(&self, end: &str) -> Vec<Form> {
        let forms = self.text.split("<form ").skip(1).filter_map(|form| {
            let act = between(form, "action=\"", "\"")?.to_owned();
            let inside = form.split("</form>").next()?;
            let name = |tag: &str| between(tag, "name=\"", "\"").unwrap_or_default().to_owned();
            let hidden = inside.split("<input type=\"hidden\" ").skip(1);
            let hidden = hidden.map(|tag| (name(tag), between(tag, "value=\"", "\"").unwrap_or_default().to_owned()));
            let chosen = inside.split("<select ").skip(1).filter_map(|tag| {
                let option =
                    tag.split("</select>").next()?.split("<option ").find(|tag| tag.contains("\" selected>"))?;
                Some((name(tag), between(option, "value=\"", "\"")?.to_owned()))
            });
            let written = inside.split("<textarea ").skip(1);
            // The first line break is not part of it, as a browser reads it.
            let text = |tag| between(tag, ">", "</textarea>").unwrap_or_default().trim_start_matches('\n').to_owned();
            let written = written.map(|tag| (name(tag), text(tag)));
            act.ends_with(end).then(|| Form { fields: hidden.chain(chosen).chain(written).collect(), act })
        });
        forms.collect()
    }

    /// What its head says under this name.
    pub fn header(&self, name: &str) -> &str {
        self.head[name].to_str().unwrap()
    }

    /// Whether its head says anything under this name.
    pub fn has(&self, name: header::HeaderName) -> bool {
        self.head.contains_key(name)
    }

    /// Where it leads on.
    pub fn goes_to(&self) -> String {
        assert_eq!(self.status, StatusCode::SEE_OTHER, "{}", self.text);
        self.head[header::LOCATION].to_str().unwrap().to_owned()
    }
}

impl Form {
    /// With these fields filled in.
    pub fn with(mut self, fields: &[(&str, &str)]) -> Self {
        self.fields.extend(fields.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
        self
    }
}

pub fn between<'t>(text: &'t str, from: &str, to: &str) -> Option<&'t str> {
    text.split_once(from)?.1.split_once(to).map(|(found, _)| found)
}

/// A delivery of narrative 1 in the hands of an officer: the browser, and the page of the delivery.
pub async fn in_hand(house: &House) -> (Browser, String) {
    house.person(LEWISHAM).await.submit(submission(&narrative(1))).await.unwrap();
    let officer = Browser::of(house, MPU).await;
    let queue = officer.get("/queues/MPU.SE").await;
    let address = officer.send(&queue.form("/take"), &[]).await.goes_to();
    (officer, address)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_officer_takes_opens_grades_and_completes_and_the_sender_sees_what_came_of_it() {
    let house = House::open().await;
    let receipt = house.person(LEWISHAM).await.submit(submission(&narrative(1))).await.unwrap();
    let officer = Browser::of(&house, MPU).await;
    let queues = officer.get("/").await;
    assert!(queues.text.contains("/queues/MPU.SE") && !queues.text.contains("MASH."), "{}", queues.text);
    let queue = officer.get("/queues/MPU.SE").await;
    assert!(queue.text.contains("unopened"), "{}", queue.text);
    let address = officer.send(&queue.form("/take"), &[]).await.goes_to();
    let before = officer.get(&address).await;
    assert!(
        before.text.contains("Open it") && !before.text.contains("OFFICIAL-SENSITIVE"),
        "nothing is opened by looking"
    );
    assert!(before.text.contains("R07"), "the rules with their words");
    let opened = officer.send(&before.form("/read"), &[]).await;
    assert_eq!(opened.status, StatusCode::OK);
    assert_eq!(
        opened.text.matches("OFFICIAL-SENSITIVE - PERSONAL DATA - RECIPIENTS ONLY").count(),
        2,
        "top and bottom"
    );
    for part in ["The child and the episode", "What was said, item 1", "For intelligence use only"] {
        assert!(opened.text.contains(part), "{part} in {}", opened.text);
    }
    assert!(!opened.text.contains("Who said it, and how they know</h2>"), "the source side says why first");
    assert!(
        opened.forms("/confirm").is_empty(),
        "grading is for police intelligence: nobody else writes it for nothing"
    );
    let again = officer.get(&address).await;
    assert!(again.text.contains("decide in"), "acknowledged: {}", again.text);
    // What its sender sees of it here, and no more of the receipt than where it stands in the ledger.
    let chain = between(&again.text, "Receipt chain</h2>", "</section>").unwrap();
    let entry = format!("<dt>Ledger entry</dt><dd>{}</dd>", receipt.ledger_index);
    for said in ["received ", "taken ", "opened: acknowledged ", " read by mpu officer", &receipt.referral_id, &entry] {
        assert!(chain.contains(said), "{said} in {chain}");
    }
    let others = receipt.legs.iter().map(|leg| &leg.queue).filter(|queue| *queue != "MPU.SE").collect::<Vec<_>>();
    assert!(!others.is_empty() && others.iter().all(|queue| !chain.contains(*queue)), "{others:?} in {chain}");
    assert!(!again.text.contains(&receipt.digest) && !chain.contains("p123"), "{chain}");
    assert!(officer.get("/ledger-key").await.text.contains("pilot.example/ledger"));
    let outcome = between(&again.text, "name=\"code\" value=\"", "\"").unwrap().to_owned();
    let complete = again.form("/complete").with(&[("code", &outcome), ("text", "Strategy discussion held.")]);
    assert_eq!(officer.send(&complete, &[]).await.goes_to(), "/queues/MPU.SE?done=complete");
    assert!(officer.get("/queues/MPU.SE?done=complete").await.text.contains("Completed."));
    assert_eq!(officer.get(&address).await.status, StatusCode::CONFLICT, "it is in nobody's hands any more");
    let mut council = house.person(LEWISHAM).await;
    let seen =
        council.referrals.get_referral(pb::GetReferralRequest { referral_id: receipt.referral_id }).await.unwrap();
    let destinations = seen.into_inner().referral.unwrap().destinations;
    let own = destinations.iter().find(|destination| destination.queue == "MPU.SE").unwrap();
    assert!(!own.outcome.is_empty(), "in the words for senders");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_form_is_done_once_and_only_for_who_was_given_it_for_what_it_says() {
    let house = House::open().await;
    let (officer, address) = in_hand(&house).await;
    let page = officer.get(&address).await;
    let release = page.form("/release").with(&[("text", "Not mine.")]);
    let entries = house.ledger_size().await;
    let mut forged = release.clone();
    forged.fields.insert("seal".into(), "00".repeat(32));
    let mut fresh = release.clone();
    fresh.fields.insert("request_id".into(), crate::person::fresh());
    let other_act = Form { act: page.form("/reject").act, ..release.clone().with(&[("code", "DUPLICATE")]) };
    for form in [&forged, &fresh, &other_act] {
        let refused = officer.send(form, &[]).await;
        assert_eq!(refused.status, StatusCode::FORBIDDEN, "{form:?}");
        assert!(refused.text.contains("Nothing was done"));
    }
    for headers in [
        [("sec-fetch-site", "cross-site")],
        [("sec-fetch-site", "same-site")],
        [("origin", "https://elsewhere.example")],
        [("origin", "null")],
    ] {
        assert_eq!(officer.send(&release, &headers).await.status, StatusCode::FORBIDDEN, "{headers:?}");
    }
    let colleague = Browser::of(&house, MPU_TOO).await;
    assert_eq!(colleague.send(&release, &[]).await.status, StatusCode::FORBIDDEN, "a form of somebody else's");
    assert_eq!(house.ledger_size().await, entries, "nothing came of any of them");

    // What was left out of a form is told by its name, and what was right stays possible.
    let empty = officer.send(&page.form("/release"), &[]).await;
    assert_eq!(empty.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(empty.text.contains("<strong>reason</strong>"), "{}", empty.text);
    let own = [("sec-fetch-site", "same-origin"), ("origin", officer.url.as_str())];
    assert_eq!(officer.send(&release, &own).await.goes_to(), "/queues/MPU.SE?done=release");
    let after = house.ledger_size().await;
    // Sent twice, by the back button or by a slow hand: the same answer, and nothing is done.
    assert_eq!(officer.send(&release, &own).await.goes_to(), "/queues/MPU.SE?done=release");
    assert_eq!(house.ledger_size().await, after);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_an_officer_wrote_stands_on_the_page_that_says_why_it_was_not_taken() {
    let mut house = House::open().await;
    let (officer, address) = in_hand(&house).await;
    let note = "</textarea>Rang the school: <b>nobody</b> there.";
    let form = officer.get(&address).await.form("/ask").with(&[("text", note), ("tell", "yes")]);
    let kept = "&lt;/textarea&gt;Rang the school: &lt;b&gt;nobody&lt;/b&gt; there.";
    let foreign = officer.send(&form, &[("sec-fetch-site", "cross-site")]).await;
    assert!(foreign.status == StatusCode::FORBIDDEN && !foreign.text.contains("Rang"), "{}", foreign.text);
    house.reopen().await;
    let officer = Browser::of(&house, MPU).await;
    let stale = officer.send(&form, &[]).await;
    assert_eq!(stale.status, StatusCode::FORBIDDEN);
    assert!(stale.text.contains("This page is out of date") && stale.text.contains(kept), "{}", stale.text);
    let form = officer.get(&address).await.form("/ask").with(&[("text", note), ("tell", "yes")]);
    house.later(SignedDuration::from_mins(31));
    house.caretake().await;
    let late = officer.send(&form, &[]).await;
    assert_eq!(late.status, StatusCode::CONFLICT);
    assert!(late.text.contains("You no longer hold this delivery") && late.text.contains(kept), "{}", late.text);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_delivery_says_who_will_do_what_a_prompt_asks_by_a_date() {
    let house = House::open().await;
    let mut draft = submission(&narrative(1));
    draft.episode.as_mut().unwrap().risk = pb::RiskLevel::High.into();
    house.person(LEWISHAM).await.submit(draft).await.unwrap();
    let officer = Browser::of(&house, MPU).await;
    let address = officer.send(&officer.get("/queues/MPU.SE").await.form("/take"), &[]).await.goes_to();
    assert!(officer.get(&address).await.text.contains("nobody is named to do it"));
    let mut colleague = house.person(MPU_TOO).await;
    let asked = pb::ListPromptsRequest { queue: "MPU.SE".into(), ..Default::default() };
    let prompt = colleague.queues.list_prompts(asked).await.unwrap().into_inner().prompts.remove(0);
    let request = pb::MarkPromptRequest {
        request_id: crate::person::fresh(),
        queue: "MPU.SE".into(),
        referral_id: prompt.referral_id,
        kind: prompt.kind,
        version: prompt.version,
        owner_queue: "MPU.SE".into(),
        ..Default::default()
    };
    colleague.queues.mark_prompt(request).await.unwrap();
    assert!(officer.get(&address).await.text.contains("MPU.SE will do it"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_has_no_grant_sees_nothing_and_who_lost_the_lease_is_told() {
    let house = House::open().await;
    let (officer, address) = in_hand(&house).await;
    let stranger = Browser::of(&house, MASH).await;
    let (theirs, none) = (stranger.get("/queues/MPU.SE").await, stranger.get("/queues/MPU.XX").await);
    assert_eq!((theirs.status, none.status), (StatusCode::FORBIDDEN, StatusCode::FORBIDDEN));
    let told =
        |page: &Page| between(&page.text, "<main", "</main>").unwrap().split("Reference").next().unwrap().to_owned();
    assert_eq!(told(&theirs), told(&none), "unknown and forbidden look alike");
    assert_eq!(stranger.get(&address).await.status, StatusCode::FORBIDDEN);
    assert_eq!(
        Browser::of(&house, MPU_TOO).await.get(&address).await.status,
        StatusCode::CONFLICT,
        "a colleague has it"
    );
    let council = Browser::of(&house, BROMLEY).await;
    assert_eq!(council.get("/").await.goes_to(), "/referrals");
    assert_eq!(Browser::of(&house, "met/SE/analyst/a1").await.get("/").await.status, StatusCode::FORBIDDEN);

    let page = officer.get(&address).await;
    house.later(SignedDuration::from_mins(31));
    house.caretake().await;
    let late = officer.send(&page.form("/read"), &[]).await;
    assert_eq!(late.status, StatusCode::CONFLICT);
    assert!(late.text.contains("You no longer hold this delivery") && !late.text.contains("OFFICIAL-SENSITIVE"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn markup_that_somebody_wrote_is_text_and_the_browser_keeps_nothing() {
    let house = House::open().await;
    let markup = "<script>alert(1)</script><img src=x onerror=alert(2)>";
    let mut wild = submission(&narrative(1));
    for item in &mut wild.items {
        item.text.push(' ');
        item.text.push_str(markup);
    }
    house.person(LEWISHAM).await.submit(wild).await.unwrap();
    let officer = Browser::of(&house, MPU).await;
    let queue = officer.get("/queues/MPU.SE").await;
    let address = officer.send(&queue.form("/take"), &[]).await.goes_to();
    let opened = officer.send(&officer.get(&address).await.form("/read"), &[]).await;
    assert!(opened.text.contains("&lt;script&gt;"), "{}", opened.text);
    for page in [
        &opened,
        &officer.get("/").await,
        &officer.get("/%3Cscript%3E").await,
        &officer.get("/queues/%3Cscript%3E").await,
    ] {
        assert!(!page.text.contains("<script>") && !page.text.contains("<img"), "{}", page.text);
        for (name, value) in [
            ("cache-control", "no-store"),
            ("x-content-type-options", "nosniff"),
            ("referrer-policy", "same-origin"),
            ("x-frame-options", "DENY"),
        ] {
            assert_eq!(page.head[name], value);
        }
        let policy = page.head["content-security-policy"].to_str().unwrap();
        assert!(policy.starts_with("default-src 'none'") && !policy.contains("unsafe"), "{policy}");
        assert!(!page.head.contains_key(header::SET_COOKIE));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_page_ends_with_the_certificate() {
    let house = House::open().await;
    let (officer, address) = in_hand(&house).await;
    house.later(SignedDuration::from_hours(24 * 91));
    let refused = officer.get(&address).await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN);
    assert!(refused.text.contains("Your certificate is no longer good") && refused.head["cache-control"] == "no-store");
}

/// What an officer does by a grade can get a child hurt: the page says what the contract says, and proposes what was proposed.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_grade_is_said_in_the_words_of_the_contract_and_its_form_opens_on_what_was_proposed() {
    let house = House::open().await;
    house.person(LEWISHAM).await.submit(submission(&narrative(1))).await.unwrap();
    let officer = Browser::of(&house, INTELLIGENCE).await;
    let address = officer.send(&officer.get("/queues/MPU.SE").await.form("/take"), &[]).await.goes_to();
    let opened = officer.send(&officer.get(&address).await.form("/read"), &[]).await;
    for (code, words) in [
        ("A1", "no direct action, ask the originator first"),
        ("A2", "covert action allowed, not alone as evidence or for arrest"),
        ("A3", "overt action allowed as the owner specifies"),
        ("S2", "consult the originator first"),
    ] {
        let option = format!(">{code} {words}</option>");
        assert!(opened.text.contains(&option), "{option} in {}", opened.text);
    }
    assert!(opened.text.contains("<strong>2A C A1 S2</strong><br>untested; known directly; "), "{}", opened.text);
    let forms = opened.forms("/confirm");
    assert_eq!(forms.len(), opened.text.matches("Confirm item ").count());
    let as_it_is = &forms[0];
    for (field, code) in [
        ("item", "1"),
        ("source", "2"),
        ("information", "A"),
        ("handling", "C"),
        ("action_code", "A1"),
        ("sanitisation_code", "S2"),
    ] {
        assert_eq!(as_it_is.fields[field], code, "{field}");
    }
    assert!(as_it_is.fields["text"].starts_with("No direct action on this alone"));
    // Confirmed as it was proposed, nobody is asked why.
    assert_eq!(officer.send(as_it_is, &[]).await.goes_to(), address);
    let mut police = house.person(INTELLIGENCE).await;
    let seen = police.deliveries("MPU.SE").await.unwrap().remove(0);
    let confirmed = seen.items[0].confirmed.clone().unwrap();
    assert_eq!((confirmed.grade.as_str(), confirmed.handling.as_str()), ("2A", "C A1 S2"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_original_is_read_as_it_was_written_and_a_card_without_codes() {
    let house = House::open().await;
    house.person(LEWISHAM).await.submit(submission(&narrative(1))).await.unwrap();
    let officer = Browser::of(&house, INTELLIGENCE).await;
    let address = officer.send(&officer.get("/queues/MPU.SE").await.form("/take"), &[]).await.goes_to();
    let page = officer.get(&address).await;
    let original = i32::from(pb::Part::O).to_string();
    let form = page.forms("/open").into_iter().find(|form| form.fields["part"] == original).unwrap();
    let opened = officer.send(&form.with(&[("reason", "The court asks for it.")]), &[]).await;
    assert_eq!(opened.status, StatusCode::OK, "{}", opened.text);
    let text = opened.text.replace("&quot;", "\"");
    let (from, to) = (text.find("<bdi>{\n  \"").unwrap() + 5, text.find("\n}</bdi>").unwrap() + 2);
    let shown = text[from..to].replace("&amp;", "&").replace("&lt;", "<").replace("&gt;", ">");
    assert!(submission(&shown) == submission(&narrative(1)), "{shown}");

    let card = officer.send(&officer.get(&address).await.form("/read"), &[]).await;
    let card = between(&card.text, "The child and the episode</h2>", "</article>").unwrap().to_owned();
    assert!(!card.contains("00Z") && !card.contains('_'), "{card}");
}

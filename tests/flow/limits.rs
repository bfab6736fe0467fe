//! Sizes: exactly at a limit is accepted, one over is refused by the name of the field or list (domain 3.2).

use homeward::wire::pb;
use tonic::Code;

use crate::{
    every::{documented_limit, every, formed},
    house::{House, LEWISHAM, narrative},
    person::{Person, Refusal, bytes, fresh, referral, refusal, submission},
};

async fn previewed(council: &mut Person, submission: pb::Submission) -> Result<(), Refusal> {
    let asked = pb::PreviewReferralRequest { submission: Some(submission) };
    match council.referrals.preview_referral(asked).await {
        Ok(_) => Ok(()),
        refused => Err(refusal(refused)),
    }
}

/// As many letters as wanted, other ones for each path.
fn words(path: &str, length: usize) -> String {
    path.chars().chain(" one word after another".chars().cycle()).take(length - 1).chain(['x']).collect()
}

#[tokio::test]
async fn every_text_of_the_contract_is_accepted_at_its_documented_limit_and_refused_one_over() {
    let house = House::open().await;
    let mut council = house.person(LEWISHAM).await;
    let (_, texts) = every(&mut |_| "x".to_owned());
    let limits: Vec<(String, usize)> = texts
        .iter()
        .filter(|(path, _)| !formed(path))
        .map(|(path, field)| {
            (path.clone(), documented_limit(field).unwrap_or_else(|| panic!("{path}: the contract states no limit")))
        })
        .collect();
    assert!(limits.len() > 80, "{}", limits.len());
    let limit = |path: &str| limits.iter().find(|(known, _)| known == path).map_or(200, |(_, limit)| *limit);
    let form = |path: &str| path.ends_with(".vrm");
    let mut at = |path: &str| if form(path) { "QQ19 KLM".to_owned() } else { words(path, limit(path)) };
    let (full, _) = every(&mut at);
    if let Err(refused) = previewed(&mut council, full).await {
        panic!("at the limits: {:?}", refused.fields);
    }
    // A few at a time, so that each refusal is told in full.
    for some in limits.chunks(15) {
        let over = |path: &str| some.iter().any(|(over, _)| over == path);
        let (wrong, _) = every(&mut |path| match over(path) {
            true => words(path, limit(path) + 1),
            false if form(path) => "QQ19 KLM".to_owned(),
            false => path.to_owned(),
        });
        let refused = previewed(&mut council, wrong).await.err().unwrap();
        assert_eq!(refused.code, Code::InvalidArgument);
        for (path, limit) in some {
            let field = format!("submission.{path}");
            let advice = refused.fields.iter().filter(|(name, _)| *name == field).map(|(_, advice)| advice.as_str());
            let advice: Vec<_> = advice.collect();
            assert!(
                advice.iter().any(|advice| advice.contains("at most")) || form(path),
                "{path} over {limit}: {advice:?}"
            );
        }
        let named: Vec<_> = some.iter().map(|(path, _)| format!("submission.{path}")).collect();
        for field in refused.field_names() {
            // What points to an id that is too long points to nothing.
            let reference = formed(field.trim_start_matches("submission."));
            assert!(reference || named.iter().any(|name| name == field), "{field} is not over its limit");
        }
    }
}

/// A narrative with lists of these lengths.
fn listed(list: &str, count: usize) -> pb::Submission {
    let mut base = submission(&narrative(1));
    let (mut filled, _) = every(&mut |path| if path.ends_with(".vrm") { "QQ19 KLM".into() } else { "word".into() });
    let item = filled.items.remove(0);
    let number = |n: usize| format!("{list}{n}");
    match list {
        "items" => base.items = (0..count).map(|n| base.items[n % base.items.len()].clone()).collect(),
        "persons" => {
            let has = base.persons.len();
            let more = (has..count).map(|n| pb::Person { id: number(n), ..filled.persons[0].clone() });
            base.persons.extend(more.collect::<Vec<_>>());
        }
        "questions" => {
            let question = filled.interview.unwrap().account.unwrap().questions.remove(0);
            base.interview.as_mut().unwrap().account.as_mut().unwrap().questions = vec![question; count];
        }
        "offers" => {
            let offer = filled.episode.unwrap().offers.remove(0);
            base.episode.as_mut().unwrap().offers = vec![offer; count];
        }
        "marks" => {
            let mark = filled.envelope.unwrap().marks.remove(0);
            base.envelope.as_mut().unwrap().marks = vec![mark; count];
        }
        "descriptors" => {
            base.envelope.as_mut().unwrap().marking.as_mut().unwrap().descriptors = (0..count).map(number).collect();
        }
        "child.aliases" => base.child.as_mut().unwrap().aliases = (0..count).map(number).collect(),
        "present" => {
            base.interview.as_mut().unwrap().engage.as_mut().unwrap().present = (0..count).map(number).collect();
        }
        "corroboration" => {
            let who = base.persons[0].id.clone();
            let support = item.provenance.unwrap().corroboration.remove(0);
            let support = pb::Corroboration { by: who, ..support };
            base.items[0].provenance.as_mut().unwrap().corroboration = vec![support; count];
        }
        other => panic!("no list {other}"),
    }
    base
}

#[tokio::test]
async fn every_list_is_accepted_at_its_limit_and_refused_by_its_own_name_one_over() {
    let house = House::open().await;
    let mut council = house.person(LEWISHAM).await;
    for (list, most, field) in [
        ("items", 50, "submission.items"),
        ("persons", 100, "submission.persons"),
        ("questions", 200, "submission.interview.account.questions"),
        ("offers", 20, "submission.episode.offers"),
        ("marks", 200, "submission.envelope.marks"),
        ("descriptors", 20, "submission.envelope.marking.descriptors"),
        ("child.aliases", 20, "submission.child.aliases"),
        ("present", 20, "submission.interview.engage.present"),
        ("corroboration", 20, "submission.items[0].provenance.corroboration"),
    ] {
        if let Err(refused) = previewed(&mut council, listed(list, most)).await {
            panic!("{most} {list}: {:?}", refused.fields);
        }
        let refused = previewed(&mut council, listed(list, most + 1)).await.err().unwrap();
        assert_eq!((refused.code, refused.field_names()), (Code::InvalidArgument, vec![field]), "{list}");
        let mut thousands = listed(list, most * 5);
        if list == "items" {
            thousands.items = vec![pb::Item::default(); 5_000];
        }
        let refused = previewed(&mut council, thousands).await.err().unwrap();
        assert_eq!(refused.code, Code::InvalidArgument, "{list}");
        assert!(refused.names(field), "thousands of {list}: {:?}", refused.field_names());
    }
}

#[tokio::test]
async fn places_vehicles_phones_accounts_and_objects_are_counted_together() {
    let house = House::open().await;
    let mut council = house.person(LEWISHAM).await;
    let things = |each: [usize; 5]| {
        let mut base = submission(&narrative(8));
        let (filled, _) = every(&mut |path| if path.ends_with(".vrm") { "QQ19 KLM".into() } else { "word".into() });
        let id = |list: &str, n: usize| format!("{list}{n}");
        let nobody = String::new;
        let [places, vehicles, phones, accounts, objects] = each;
        base.places =
            (0..places).map(|n| pb::Place { id: id("l", n), owner: nobody(), ..filled.places[0].clone() }).collect();
        base.vehicles = (0..vehicles)
            .map(|n| pb::Vehicle { id: id("v", n), owner: nobody(), ..filled.vehicles[0].clone() })
            .collect();
        base.phones =
            (0..phones).map(|n| pb::Phone { id: id("t", n), owner: nobody(), ..filled.phones[0].clone() }).collect();
        base.accounts = (0..accounts)
            .map(|n| pb::OnlineAccount { id: id("h", n), owner: nobody(), ..filled.accounts[0].clone() })
            .collect();
        base.objects = (0..objects)
            .map(|n| pb::OtherObject { id: id("o", n), owner: nobody(), ..filled.objects[0].clone() })
            .collect();
        base.envelope.as_mut().unwrap().on_behalf_of = "E09000023".into();
        base
    };
    for most in [[40, 40, 40, 40, 40], [0, 200, 0, 0, 0]] {
        if let Err(refused) = previewed(&mut council, things(most)).await {
            panic!("{most:?}: {:?}", refused.fields);
        }
    }
    let refused = previewed(&mut council, things([40, 41, 40, 40, 40])).await.err().unwrap();
    let lists = ["places", "vehicles", "phones", "accounts", "objects"].map(|list| format!("submission.{list}"));
    assert_eq!(refused.field_names(), lists);
    let refused = previewed(&mut council, things([0, 201, 0, 0, 0])).await.err().unwrap();
    assert!(refused.field_names().iter().all(|field| *field == "submission.vehicles"), "{:?}", refused.field_names());
}

#[tokio::test]
async fn a_message_of_one_mebibyte_is_read_and_one_byte_more_is_not() {
    let house = House::open().await;
    let council = house.person(LEWISHAM).await;
    let sized = |size: usize| {
        let mut asked = pb::SubmitReferralRequest { request_id: fresh(), submission: Some(submission(&narrative(1))) };
        // An unknown field fills it up: tag 1000, length-delimited.
        let mut body = bytes(&asked);
        asked.submission = None;
        let left = size - body.len() - 5;
        body.extend_from_slice(&[
            0xc2,
            0x3e,
            (left & 0x7f) as u8 | 0x80,
            (left >> 7 & 0x7f) as u8 | 0x80,
            (left >> 14) as u8,
        ]);
        body.resize(size, b'x');
        body
    };
    council.call(&referral("SubmitReferral"), sized(1 << 20)).await.unwrap();
    let size = house.ledger_size().await;
    let refused = refusal(council.call(&referral("SubmitReferral"), sized((1 << 20) + 1)).await);
    assert_eq!((refused.code, refused.reason.as_str()), (Code::ResourceExhausted, "MESSAGE_TOO_LARGE"));
    assert_eq!(house.ledger_size().await, size);
}

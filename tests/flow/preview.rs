//! What an author is shown before anything goes: three versions side by side, and nothing of it to anybody else.

use homeward::wire::pb;
use prost::Message;

use crate::{
    house::{House, LEWISHAM, MPU, narrative},
    person::{Person, submission},
};

const N1_RECEIVED: &str = "2026-11-20T16:30:00Z";

async fn preview(council: &mut Person, submission: pb::Submission) -> pb::Explanation {
    let asked = pb::PreviewReferralRequest { submission: Some(submission) };
    council.referrals.preview_referral(asked).await.unwrap().into_inner().explanation.unwrap()
}

/// What stands at a span.
fn at<'t>(text: &'t str, span: &pb::TextSpan) -> &'t str {
    let byte = |place: u32| text.char_indices().nth(place as usize).map_or(text.len(), |(byte, _)| byte);
    &text[byte(span.start)..byte(span.end)]
}

#[tokio::test]
async fn every_text_as_written_has_its_spans_and_the_row_that_asked_for_each_replacement() {
    let house = House::open_at(N1_RECEIVED).await;
    let mut council = house.person(LEWISHAM).await;
    let sent = submission(&narrative(1));
    let explanation = preview(&mut council, sent.clone()).await;
    let field = |name: &str| explanation.written.iter().find(|text| text.field == name).unwrap();
    let text = field("items[0].text");
    assert_eq!(text.text, sent.items[0].text);
    let reading = |word: &str, lens: &str| {
        let span = text.spans.iter().find(|span| at(&text.text, span) == word).unwrap_or_else(|| panic!("no {word}"));
        assert_eq!(span.readings.len(), 4, "one for each reader");
        let reading = span.readings.iter().find(|reading| reading.lens == lens).unwrap();
        [&span.r#type, &reading.action, &reading.class, &reading.role, &reading.shown].map(Clone::clone)
    };
    assert_eq!(reading("Ella-Mae", "item"), ["PERSON", "token", "person", "subject_source", "[CHILD]"]);
    assert_eq!(reading("Ella-Mae", "mash"), ["PERSON", "keep", "person", "subject_source", ""]);
    assert_eq!(reading("Marcus Dray", "item"), ["PERSON", "keep", "person", "suspect", ""]);
    assert_eq!(reading("07700 900142", "mash"), ["PHONE", "mask", "contact", "suspect", "[PHONE]"]);

    // Each place that is named shows what the replacements make of the text.
    let views = explanation.views.as_ref().unwrap();
    assert_eq!(text.shown_as.len(), 1, "police read the sender's own wording");
    let shown = &text.shown_as[0];
    assert_eq!((shown.audience.as_str(), shown.part.as_str(), shown.item), ("mash", "B", 1));
    let unit = views.mash.iter().find(|unit| (unit.part.as_str(), unit.item) == ("B", 1)).unwrap();
    let value = &unit.fields.iter().find(|field| field.name == shown.field).unwrap().value;
    let mut made = String::new();
    let mut done = 0;
    let letters: Vec<char> = text.text.chars().collect();
    for span in &text.spans {
        let mash = span.readings.iter().find(|reading| reading.lens == "mash").unwrap();
        let (start, end) = (span.start as usize, span.end as usize);
        made.extend(&letters[done..start]);
        if mash.action == "keep" {
            made.extend(&letters[start..end])
        } else {
            made.push_str(&mash.shown)
        }
        done = end;
    }
    made.extend(&letters[done..]);
    assert_eq!(&made, value);
}

#[tokio::test]
async fn the_ledger_keeps_what_the_preview_said_that_it_would_and_no_content() {
    let house = House::open_at(N1_RECEIVED).await;
    let mut council = house.person(LEWISHAM).await;
    let explanation = preview(&mut council, submission(&narrative(1))).await;
    assert_eq!(house.ledger_size().await, 0, "a preview leaves nothing");
    council.submit(submission(&narrative(1))).await.unwrap();
    let entries = house.ledger().await;
    assert_eq!(entries.len(), explanation.ledger.len());
    for (entry, told) in entries.iter().zip(&explanation.ledger) {
        assert_eq!((entry.verb.code(), &entry.action, &entry.who), (told.verb.as_str(), &told.action, &told.who));
        assert_eq!(entry.recipients.iter().map(ToString::to_string).collect::<Vec<_>>(), told.recipients);
        assert_eq!(entry.details, told.details);
        let kept: Vec<&str> =
            [entry.record.map(|_| "record"), entry.actor.map(|_| "actor"), entry.commitment.map(|_| "commitment")]
                .into_iter()
                .flatten()
                .collect();
        assert_eq!(kept, told.references);
    }
    let policy = explanation.redaction_policy.unwrap();
    assert_eq!(policy.sha256.len(), 64);
    for detail in [
        format!("redaction={}", policy.version),
        format!("redaction_sha256={}", policy.sha256),
        format!("redaction_engine={}", policy.engine),
    ] {
        assert!(entries[0].details.contains(&detail), "{detail}: {:?}", entries[0].details);
    }
    let kept = format!("{:?} {:?}", explanation.ledger[0].details, explanation.ledger[0].recipients);
    for word in ["Ella", "Fennimore", "Dray", "07700", "Harbinger"] {
        assert!(!kept.contains(word), "{word}");
    }
}

#[tokio::test]
async fn advice_is_the_authors_and_what_the_view_shows_goes_with_the_delivery() {
    let house = House::open_at(N1_RECEIVED).await;
    let (mut council, mut officer) = (house.person(LEWISHAM).await, house.person(MPU).await);
    let mut sent = submission(&narrative(1));
    sent.items[2].text =
        "Ella-Mae disclosed on 20 November that he has asked her back. It was a lifestyle choice.".to_owned();
    let explanation = preview(&mut council, sent.clone()).await;
    let kinds: Vec<&str> = explanation.advice.iter().filter(|one| one.item == 3).map(|one| one.kind.as_str()).collect();
    for kind in ["harmful_language", "source_words", "interview_date", "lacks_place"] {
        assert!(kinds.contains(&kind), "{kind}: {kinds:?}");
    }
    assert!(explanation.advice.iter().all(|one| !one.say.is_empty() && !one.say.contains("Ella")));
    assert_eq!(explanation.completeness.len(), 3);
    assert!(explanation.completeness.iter().all(|meter| meter.questions.len() == 6));

    council.submit(sent).await.unwrap();
    let taken = officer.pull("MPU.SE").await.unwrap().remove(0);
    let read = officer.read(&taken, (pb::Part::B, 3), "").await.unwrap();
    assert!(read.contains("\nadvice[0]: rule ") && read.contains("source_words at 8-17"), "{read}");
    for authors in ["harmful_language", "interview_date", "Another wording"] {
        assert!(!read.contains(authors), "{authors} is for the author alone: {read}");
    }
    let plain = officer.read(&taken, (pb::Part::B, 1), "").await.unwrap();
    assert!(!plain.contains("advice["), "the printed wording passes: {plain}");
}

#[tokio::test]
async fn the_longest_submission_has_a_preview_that_any_client_takes() {
    let house = House::open_at(N1_RECEIVED).await;
    let mut council = house.person(LEWISHAM).await;
    let mut sent = submission(&narrative(1));
    // As many names as there is room for, in one item after the other.
    while sent.encoded_len() < 1_000_000 && sent.items.len() < 50 {
        let mut item = sent.items[2].clone();
        item.text = "Ella-Mae met Dray. ".repeat(526);
        sent.items.push(item);
    }
    sent.interview.as_mut().unwrap().account.as_mut().unwrap().first_account = "Jas and Ella-Mae. ".repeat(5_500);
    let explanation = preview(&mut council, sent.clone()).await;
    // Clients refuse more than 4 MiB unless told otherwise.
    assert!(explanation.encoded_len() < 4 * 1024 * 1024 - 1024, "{}", explanation.encoded_len());
    assert!(explanation.written.iter().any(|text| text.left_off), "and what was left off is said");
    let views = explanation.views.unwrap();
    assert_eq!(views.mpu.len(), sent.items.len(), "every view is whole all the same");

    // A name of two letters for which police read a label of fifteen, and as much advice as there ever is.
    let friend = sent.persons.iter_mut().find(|person| person.name == "Jas").unwrap();
    friend.name = "Jo".to_owned();
    for item in &mut sent.items {
        item.text = "Jo. ".repeat(2_470) + &"£4. ".repeat(20);
        item.exactly = "Jo. ".repeat(2_400);
        item.sanitised_text = String::new();
    }
    sent.interview.as_mut().unwrap().account.as_mut().unwrap().first_account = "Jo. ".to_owned();
    let explanation = preview(&mut council, sent).await;
    assert!(explanation.encoded_len() < 4 * 1024 * 1024 - 1024, "{}", explanation.encoded_len());
    let longest =
        explanation.views.unwrap().mpu.iter().flat_map(|unit| &unit.fields).map(|field| field.value.len()).max();
    assert!(longest > Some(40_000), "{longest:?}");
}

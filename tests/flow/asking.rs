//! Clarification: the sender is asked what is known already, and the answer reaches the delivery, redacted for its reader.

use std::time::Duration;

use homeward::{broker::Turn, domain::identity::Identity, ledger::Verb, wire::pb};
use jiff::SignedDuration;
use tonic::Code;

use crate::{
    accused::about,
    house::{BROMLEY, House, INTELLIGENCE, LEAD, LEWISHAM, MASH, MPU, MPU_NE, MPU_TOO, RESOLVER, domain, narrative},
    person::{Person, Taken, fresh, refusal, submission, why},
    retracting::{plain, recalling},
};

const QUESTION: &str = "Which Saturday was meant?";
/// The child, her mother's address, a name that nobody has listed, and the suspect with his number.
const ANSWER: &str = "Ella-Mae Fennimore meant the 28th. Her mother at 27 Tallow Lane knows it too. \
                      Marcus Dray wrote it from 07700 900142.";

pub fn asking(taken: &Taken, question: &str) -> pb::RequestClarificationRequest {
    pb::RequestClarificationRequest {
        request_id: fresh(),
        delivery_id: taken.id.clone(),
        lease_token: taken.token.clone(),
        question: question.into(),
        ..Default::default()
    }
}

fn saying(referral: &str, question: &str, answer: &str) -> pb::AnswerClarificationRequest {
    pb::AnswerClarificationRequest { answer: answer.into(), ..answering(referral, question) }
}

pub fn answering(referral: &str, question: &str) -> pb::AnswerClarificationRequest {
    pb::AnswerClarificationRequest {
        request_id: fresh(),
        referral_id: referral.into(),
        clarification_id: question.into(),
        answer: ANSWER.into(),
        actor: Some(pb::Actor { scheme: "staff-number".into(), id: "L20417".into(), role: "practitioner".into() }),
    }
}

/// Takes what is in a queue, and opens the first unit of the first delivery of the referral itself; on those of another child that it
/// named nothing can be asked.
async fn begun(person: &mut Person, queue: &str) -> Taken {
    let (linked, own): (Vec<Taken>, Vec<Taken>) =
        person.pull(queue).await.unwrap().into_iter().partition(|taken| !taken.header.linked_from.is_empty());
    for other in linked {
        let refused = why(person.queues.request_clarification(asking(&other, QUESTION)).await);
        assert_eq!(refused, (Code::FailedPrecondition, "ASK_ON_THE_REFERRAL".into()));
    }
    let taken = own.into_iter().find(|taken| !taken.header.openable.is_empty()).unwrap();
    again(person, &taken).await;
    taken
}

/// Opens its first unit; the history with its words.
async fn again(person: &mut Person, taken: &Taken) -> Vec<pb::DeliveryStep> {
    let unit = taken.header.openable[0];
    person.open(taken, (unit.part(), unit.item), "").await.unwrap().history
}

fn release(taken: &Taken) -> pb::ReleaseDeliveryRequest {
    pb::ReleaseDeliveryRequest {
        request_id: fresh(),
        delivery_id: taken.id.clone(),
        lease_token: taken.token.clone(),
        reason: "Waits for the answer.".into(),
        delay: None,
    }
}

async fn ask(person: &mut Person, taken: &Taken) -> String {
    let asked = person.queues.request_clarification(asking(taken, QUESTION)).await.unwrap().into_inner();
    asked.clarification_id
}

pub async fn questions(person: &mut Person, referral: &str, delivery: &str) -> Vec<pb::Clarification> {
    let seen = person.referral(referral).await.unwrap();
    seen.destinations.into_iter().find(|found| found.delivery_id == delivery).unwrap().clarifications
}

#[tokio::test]
async fn a_question_reaches_the_sender_and_the_answer_whoever_holds_the_delivery() {
    let mut house = House::open().await;
    let mut council = house.person(LEWISHAM).await;
    let referral = council.submit(submission(&narrative(1))).await.unwrap().referral_id;
    let mut officer = house.person(MPU).await;
    let taken = begun(&mut officer, "MPU.SE").await;
    let request = asking(&taken, QUESTION);
    let asked = officer.queues.request_clarification(request.clone()).await.unwrap().into_inner();
    assert!(officer.queues.request_clarification(request.clone()).await.unwrap().into_inner() == asked, "once");
    let header = asked.delivery.unwrap();
    assert!(header.state() == pb::DeliveryState::Leased && header.decide_due_time == taken.header.decide_due_time);
    assert_eq!((header.history[0].kind.as_str(), header.history[0].note.as_str()), ("ASKED", ""));
    let open = questions(&mut council, &referral, &taken.id).await;
    let [question] = open.as_slice() else { panic!("one question") };
    assert_eq!((question.question.as_str(), question.item), (QUESTION, 0));
    assert!(question.answered_time.is_none() && question.clarification_id == request.request_id);
    assert!(question.clarification_id == asked.clarification_id);

    let answer = answering(&referral, &question.clarification_id);
    let answered = council.referrals.answer_clarification(answer.clone()).await.unwrap().into_inner();
    house.later(SignedDuration::from_mins(1));
    house.reopen().await;
    let (mut council, mut officer) = (house.person(LEWISHAM).await, house.person(MPU).await);
    assert!(council.referrals.answer_clarification(answer.clone()).await.unwrap().into_inner() == answered, "once");
    let other = pb::AnswerClarificationRequest { answer: "Another.".into(), ..answer.clone() };
    let refused = why(council.referrals.answer_clarification(other).await);
    assert_eq!(refused, (Code::AlreadyExists, "REQUEST_ID_REUSED".into()));
    let second = answering(&referral, &question.clarification_id);
    assert_eq!(why(council.referrals.answer_clarification(second).await).1, "NOTHING_TO_ANSWER");
    let closed = questions(&mut council, &referral, &taken.id).await;
    assert!(closed[0].answered_time == answered.answered_time && answered.answered_time.is_some());

    // The same holder reads it, as police may: nothing of the child, nor of who sent it.
    let history = again(&mut officer, &taken).await;
    let [_, step] = history.as_slice() else { panic!("two steps") };
    assert_eq!(
        (step.kind.as_str(), step.by.as_str(), step.code.as_str()),
        ("ANSWERED", "", answer.clarification_id.as_str())
    );
    assert!(step.note.contains("meant the 28th") && step.note.contains("Marcus Dray wrote it from 07700 900142"));
    for hidden in ["Ella", "Fennimore", "Tallow"] {
        assert!(!step.note.contains(hidden), "{hidden}: {}", step.note);
    }
    officer.complete(&taken, "recorded").await.unwrap();

    let entries = house.ledger().await;
    let of = |action: &str| entries.iter().filter(|entry| entry.action == action).collect::<Vec<_>>();
    let (asks, answers) = (of("REQUEST_CLARIFICATION"), of("ANSWER_CLARIFICATION"));
    let ([asked], [answered]) = (asks.as_slice(), answers.as_slice()) else { panic!("one entry each") };
    assert_eq!((asked.verb, asked.details.as_slice()), (Verb::Disclosure, ["to=gss/E09000023".to_owned()].as_slice()));
    assert!(answered.verb == Verb::Collection && answered.actor.is_some() && answered.who.ends_with(LEWISHAM));
    for word in ["Saturday", "28th", "Tallow", "L20417"] {
        assert!(!format!("{entries:?}").contains(word), "{word}");
    }
}

#[tokio::test]
async fn each_side_reads_the_answer_as_it_reads_the_record_and_the_queue_has_it_where_nobody_does() {
    let house = House::open().await;
    let mut council = house.person(LEWISHAM).await;
    let referral = council.submit(submission(&narrative(1))).await.unwrap().referral_id;
    let (mut mash, mut officer) = (house.person(MASH).await, house.person(MPU).await);
    let queue =
        if mash.deliveries("ALLOC.E09000023").await.unwrap().is_empty() { "MASH.E09000023" } else { "ALLOC.E09000023" };
    let (at_mash, at_mpu) = (begun(&mut mash, queue).await, begun(&mut officer, "MPU.SE").await);
    for (person, taken) in [(&mut mash, &at_mash), (&mut officer, &at_mpu)] {
        let id = ask(person, taken).await;
        // Nobody holds it when the answer comes.
        person.queues.release_delivery(release(taken)).await.unwrap();
        council.referrals.answer_clarification(answering(&referral, &id)).await.unwrap();
    }
    let taken = begun(&mut mash, queue).await;
    let read = again(&mut mash, &taken).await.pop().unwrap().note;
    assert!(taken.id == at_mash.id && !read.contains("07700 900142"), "{read}");
    let mut colleague = house.person(MPU_TOO).await;
    let taken = begun(&mut colleague, "MPU.SE").await;
    let read = again(&mut colleague, &taken).await.pop().unwrap().note;
    assert!(taken.id == at_mpu.id && read.contains("07700 900142") && !read.contains("Ella"), "{read}");
}

#[tokio::test]
async fn nobody_sets_a_child_to_find_things_out() {
    let house = House::open().await;
    house.person(LEWISHAM).await.submit(submission(&narrative(1))).await.unwrap();
    let mut officer = house.person(MPU).await;
    let taken = begun(&mut officer, "MPU.SE").await;
    for question in [
        "Could she get the number of his van?",
        "Please ask her who else was there.",
        "Can the worker find out where he lives?",
        "Ask the young person to keep the messages coming.",
        "Please speak to her again about the flat.",
        "Could she take a photo of the door?",
        "Would she keep in touch with him until Saturday?",
    ] {
        let refused = refusal(officer.queues.request_clarification(asking(&taken, question)).await);
        assert_eq!((refused.code, refused.field_names()), (Code::InvalidArgument, vec!["question"]), "{question}");
    }
    for question in
        ["Which colour was the van?", "Is the school told?", "What did he say, in her words?", "Was it before 9pm?"]
    {
        officer.queues.request_clarification(asking(&taken, question)).await.unwrap();
    }
    // Who says that it asks nothing of her is heard, and it is written down.
    let stated = pb::RequestClarificationRequest {
        nothing_of_the_child: true,
        ..asking(&taken, "Did you find out at the school, or from the mother?")
    };
    officer.queues.request_clarification(stated).await.unwrap();
    let entries = house.ledger().await;
    let stated = entries.iter().filter(|entry| entry.details.contains(&"nothing_of_the_child=stated".to_owned()));
    assert_eq!(stated.count(), 1);
}

#[tokio::test]
async fn every_fault_is_named_and_nobody_asks_or_answers_for_another() {
    let house = House::open().await;
    let mut council = house.person(LEWISHAM).await;
    let referral = council.submit(about("met/SE/mpu_officer/p124", "")).await.unwrap().referral_id;
    let (mut officer, mut accused) = (house.person(MPU).await, house.person(MPU_TOO).await);
    let taken = officer.pull("MPU.SE").await.unwrap().remove(0);
    assert_eq!(why(officer.queues.request_clarification(asking(&taken, QUESTION)).await).1, "OPEN_FIRST");
    again(&mut officer, &taken).await;
    let wrong = pb::RequestClarificationRequest { item: 99, ..asking(&taken, QUESTION) };
    assert_eq!(refusal(officer.queues.request_clarification(wrong).await).field_names(), ["item"]);
    let wrong = pb::RequestClarificationRequest { item: 99_999, request_id: "x".into(), ..asking(&taken, " ") };
    let refused = refusal(officer.queues.request_clarification(wrong).await);
    assert_eq!(refused.field_names(), ["request_id", "question", "item"]);
    // The accused asks nothing, with whatever token, and a stranger finds nothing.
    assert_eq!(why(accused.queues.request_clarification(asking(&taken, QUESTION)).await).1, "LEASE_LOST");
    let mut resolver = house.person(RESOLVER).await;
    assert_eq!(refusal(resolver.queues.request_clarification(asking(&taken, QUESTION)).await).code, Code::NotFound);

    let id = ask(&mut officer, &taken).await;
    let mut neighbour = house.person(BROMLEY).await;
    let refused = refusal(neighbour.referrals.answer_clarification(answering(&referral, &id)).await);
    assert_eq!(refused.code, Code::NotFound);
    let refused = refusal(council.referrals.answer_clarification(answering(&referral, &fresh())).await);
    assert_eq!((refused.code, refused.field_names()), (Code::InvalidArgument, vec!["clarification_id"]));
    let wrong = pb::AnswerClarificationRequest {
        actor: Some(pb::Actor { scheme: "s".into(), id: "\u{202e}".into(), role: String::new() }),
        answer: "\u{7}".into(),
        ..answering("x", "y")
    };
    let refused = refusal(council.referrals.answer_clarification(wrong).await);
    let named = ["referral_id", "clarification_id", "answer", "actor.id", "actor.role"];
    assert_eq!(refused.field_names(), named);
    // What is settled needs no answer.
    officer.complete(&taken, "recorded").await.unwrap();
    assert_eq!(why(council.referrals.answer_clarification(answering(&referral, &id)).await).1, "NOTHING_TO_ANSWER");
}

/// An answer that goes to police names nobody who told: not the source whom the record lists, not somebody whom it lists as another
/// and who, says the answer, told us; and not one who stands in the answer alone, nor what they are to anybody.
#[tokio::test]
async fn who_told_is_in_no_answer_that_police_read() {
    let house = House::open().await;
    let mut council = house.person(LEWISHAM).await;
    let mut draft = submission(&narrative(1));
    let witness = pb::Person {
        id: "p9".into(),
        name: "Oksana Brightwell".into(),
        role: pb::PersonRole::Friend.into(),
        category: pb::DataSubjectCategory::Witness.into(),
        ..Default::default()
    };
    draft.persons.push(witness);
    let referral = council.submit(draft).await.unwrap().referral_id;
    let (mut officer, mut mash) = (house.person(MPU).await, house.person(MASH).await);
    let taken = begun(&mut officer, "MPU.SE").await;
    for (told, hidden) in [
        ("Oksana Brightwell told us that Marcus Dray drives it.", "Oksana"),
        ("Her aunt Perpetua Nightingale told the worker that Marcus Dray drives it.", "Perpetua"),
        ("Her aunt Perpetua Nightingale told the worker that Marcus Dray drives it.", "aunt"),
        ("Ella-Mae Fennimore told me that Marcus Dray drives it.", "Fennimore"),
    ] {
        let id = ask(&mut officer, &taken).await;
        council.referrals.answer_clarification(saying(&referral, &id, told)).await.unwrap();
        let read = again(&mut officer, &taken).await.pop().unwrap().note;
        assert!(read.contains("Marcus Dray drives it") && !read.contains(hidden), "{hidden}: {read}");
    }
    // Whom the answer does not make a source stays who they are.
    let id = ask(&mut officer, &taken).await;
    let seen = saying(&referral, &id, "Marcus Dray drives it, and Oksana Brightwell was with him.");
    council.referrals.answer_clarification(seen).await.unwrap();
    let read = again(&mut officer, &taken).await.pop().unwrap().note;
    assert_eq!(read, "Marcus Dray drives it, and Oksana Brightwell was with him.");
    let queue =
        if mash.deliveries("ALLOC.E09000023").await.unwrap().is_empty() { "MASH.E09000023" } else { "ALLOC.E09000023" };
    let taken = begun(&mut mash, queue).await;
    let id = ask(&mut mash, &taken).await;
    let told = "Her aunt Perpetua Nightingale told the worker that Marcus Dray drives it.";
    council.referrals.answer_clarification(saying(&referral, &id, told)).await.unwrap();
    let read = again(&mut mash, &taken).await.pop().unwrap().note;
    assert!(!read.contains("Perpetua"), "nor does safeguarding read who told: {read}");
}

#[tokio::test]
async fn an_answer_as_it_was_given_is_read_by_whoever_may_read_the_original() {
    let house = House::open().await;
    let mut council = house.person(LEWISHAM).await;
    let referral = council.submit(submission(&narrative(1))).await.unwrap().referral_id;
    let mut officer = house.person(MPU).await;
    let taken = begun(&mut officer, "MPU.SE").await;
    let id = ask(&mut officer, &taken).await;
    council.referrals.answer_clarification(answering(&referral, &id)).await.unwrap();
    let whole = (pb::Part::O, 0);
    assert_eq!(refusal(officer.open(&taken, whole, "To be sure.").await).code, Code::PermissionDenied);
    officer.queues.release_delivery(release(&taken)).await.unwrap();
    let mut intelligence = house.person(INTELLIGENCE).await;
    let at_mpu = intelligence.pull("MPU.SE").await.unwrap().into_iter().find(|one| one.id == taken.id).unwrap();
    assert_eq!(refusal(intelligence.open(&at_mpu, whole, "").await).code, Code::InvalidArgument, "with a reason");
    let read = intelligence.read(&at_mpu, whole, "Evidence of what was said.").await.unwrap();
    assert!(read.contains(&format!("answers[0].clarification_id: {id}\n")), "{read}");
    assert!(read.contains(&format!("answers[0].text: {ANSWER}\n")), "{read}");
    // The sender's lead practitioner, on whatever leg the question was.
    let mut lead = house.person(LEAD).await;
    let at_mash = lead.pull("MASH.E09000023").await.unwrap();
    let carries = |one: &&Taken| one.header.openable.iter().any(|unit| unit.part() == pb::Part::O);
    let at_mash = at_mash.iter().find(carries).unwrap();
    assert!(lead.read(at_mash, whole, "For the file.").await.unwrap().contains(ANSWER));
    assert!(
        !format!("{:?}", house.ledger().await).contains("sealed_answer"),
        "it lies with the delivery, and goes with it"
    );
}

#[tokio::test]
async fn on_an_alert_of_what_may_not_be_kept_there_is_nobody_to_ask() {
    let house = House::open().await;
    let mut secret = submission(&narrative(1));
    secret.envelope.as_mut().unwrap().marking.as_mut().unwrap().level = pb::MarkingLevel::Secret.into();
    refusal(house.person(LEWISHAM).await.submit(secret).await);
    let mut resolver = house.person(RESOLVER).await;
    let alert = resolver.pull("HOLD.human").await.unwrap().remove(0);
    let refused = refusal(resolver.queues.request_clarification(asking(&alert, QUESTION)).await);
    assert_eq!((refused.code, refused.reason.as_str()), (Code::FailedPrecondition, "NOBODY_TO_ASK"));
    assert!(refused.status.message().contains("ring its sender"), "{}", refused.status.message());
    let named = house.ledger().await;
    let named = named.iter().find(|entry| entry.action == "UNSUPPORTED_MARKING").unwrap();
    assert!(named.who.ends_with(LEWISHAM) && named.record.unwrap().to_string() == alert.header.referral_id);
}

/// Every seat in which submissions are judged, taken by others: one of them has all that are anybody's, and another the one kept.
async fn all_seats(house: &House) -> Vec<Turn> {
    let (broker, mut seats) = (house.lives(), Vec::new());
    for path in [BROMLEY, MASH] {
        let who = Identity::parse(&format!("homeward://pilot.example/{path}"), &domain()).unwrap();
        loop {
            tokio::select! {
                biased;
                seat = broker.turn(&who) => seats.push(seat.unwrap()),
                () = std::future::ready(()) => break,
            }
        }
    }
    seats
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_waits_its_turn_and_one_that_was_given_costs_nothing() {
    let house = House::open().await;
    let mut council = house.person(LEWISHAM).await;
    let referral = council.submit(submission(&narrative(1))).await.unwrap().referral_id;
    let mut officer = house.person(MPU).await;
    let taken = begun(&mut officer, "MPU.SE").await;
    let recalled = council.submit(plain()).await.unwrap().referral_id;
    let (first, second) = (ask(&mut officer, &taken).await, ask(&mut officer, &taken).await);
    let given = answering(&referral, &first);
    let answered = council.referrals.answer_clarification(given.clone()).await.unwrap().into_inner();

    let seats = all_seats(&house).await;
    let (mut answers, mut recalls) = (council.clone(), council.clone());
    let other = answering(&referral, &second);
    let answers = tokio::spawn(async move { answers.referrals.answer_clarification(other).await.map(|_| ()) });
    let recalls =
        tokio::spawn(async move { recalls.referrals.recall_referral(recalling(&recalled)).await.map(|_| ()) });
    let once_more = async {
        for _ in 0..20 {
            let again = council.referrals.answer_clarification(given.clone()).await.unwrap().into_inner();
            assert!(again == answered, "the first answer");
            let refused = why(council.referrals.answer_clarification(answering(&referral, &first)).await);
            assert_eq!(refused, (Code::FailedPrecondition, "NOTHING_TO_ANSWER".into()));
        }
    };
    tokio::time::timeout(Duration::from_secs(30), once_more).await.expect("nobody waits for a seat");
    assert!(!answers.is_finished() && !recalls.is_finished(), "they wait for one");
    drop(seats);
    answers.await.unwrap().unwrap();
    recalls.await.unwrap().unwrap();
}

/// Answered before another unit has it, while it is only offered, and afterwards: they read the answer, and the sender sees one question.
#[tokio::test]
async fn an_answer_reaches_whoever_has_it_after_a_transfer() {
    let house = House::open().await;
    let (mut council, mut officer, mut other) =
        (house.person(LEWISHAM).await, house.person(MPU).await, house.person(MPU_NE).await);
    for answered in ["before", "while it is offered", "afterwards"] {
        let referral = council.submit(submission(&narrative(1))).await.unwrap().referral_id;
        let taken = begun(&mut officer, "MPU.SE").await;
        let question = ask(&mut officer, &taken).await;
        let mut answer = async |moment: &str| {
            if answered == moment {
                council.referrals.answer_clarification(answering(&referral, &question)).await.unwrap();
            }
        };
        answer("before").await;
        let offer = pb::TransferDeliveryRequest {
            request_id: fresh(),
            delivery_id: taken.id.clone(),
            lease_token: taken.token.clone(),
            to_queue: "MPU.NE".into(),
            reason: "She moved.".into(),
        };
        officer.queues.transfer_delivery(offer).await.unwrap();
        answer("while it is offered").await;
        let got = other.pull("MPU.NE").await.unwrap().remove(0);
        let accept = pb::AnswerTransferRequest {
            request_id: fresh(),
            delivery_id: got.id.clone(),
            lease_token: got.token.clone(),
            decision: pb::TransferDecision::Accept.into(),
            reason: "She lives here now.".into(),
        };
        other.queues.answer_transfer(accept).await.unwrap();
        answer("afterwards").await;
        let history = again(&mut other, &got).await;
        let read = |kind: &str| {
            let of = history.iter().filter(|step| step.kind == kind);
            of.map(|step| step.note.as_str()).collect::<Vec<_>>()
        };
        assert_eq!((read("ASKED"), read("OFFERED")), (vec![QUESTION], vec!["She moved."]), "{answered}");
        let [said] = read("ANSWERED")[..] else { panic!("one answer, {answered}") };
        assert!(said.contains("meant the 28th") && !said.contains("Ella"), "as police read it: {said}");
        let again = council.referrals.answer_clarification(answering(&referral, &question)).await;
        assert_eq!(why(again).1, "NOTHING_TO_ANSWER");
        let seen = council.referral(&referral).await.unwrap();
        let asked: Vec<_> = seen.destinations.iter().filter(|found| !found.clarifications.is_empty()).collect();
        let [at] = asked.as_slice() else { panic!("one destination, {answered}") };
        let [question] = at.clarifications.as_slice() else { panic!("one question, {answered}") };
        assert_eq!((at.delivery_id.as_str(), question.question.as_str()), (got.id.as_str(), QUESTION));
        assert!(question.answered_time.is_some());
        // As it was given it stands once with the original.
        let mut lead = house.person(LEAD).await;
        let at_mash = lead.pull("MASH.E09000023").await.unwrap();
        let carries = |one: &&Taken| one.header.openable.iter().any(|unit| unit.part() == pb::Part::O);
        let whole = lead.read(at_mash.iter().find(carries).unwrap(), (pb::Part::O, 0), "For the file.").await.unwrap();
        assert_eq!(whole.matches(ANSWER).count(), 1, "{whole}");
    }
}

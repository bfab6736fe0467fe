//! Retention: what everybody has settled is erased when its days are over, once, with a certificate; what is open, asked about or under
//! legal hold never is, and a clock that leapt is not believed.

use homeward::{
    ledger::{Entry, FiledErasure, Verb, VerifierKey},
    reference::FileSet,
    sealing::wrapped_under,
    store::{Amendment, Change, Expect, Shelf},
    wire::pb::{self, Part, approve_proposal_response::Effect},
};
use jiff::SignedDuration;
use tonic::{Code, Status};

use crate::{
    house::{House, LEWISHAM, MASH, MPU, REFDESK, RESOLVER, narrative},
    person::{Person, Taken, bytes, fresh, refusal, submission, why},
    policy::{change, shipped},
    retracting::{acknowledging, correct, correcting, plain, recalling},
};

pub const FIRST: &str = "operator/key_custodian/k1";
pub const SECOND: &str = "operator/key_custodian/k2";

async fn submitted(house: &House) -> String {
    house.person(LEWISHAM).await.submit(submission(&narrative(1))).await.unwrap().referral_id
}

/// A house where content is kept for a week, so that nobody's certificate runs out meanwhile.
pub async fn a_week() -> House {
    let mut house = House::open().await;
    let mut set = shipped();
    change(&mut set, "memory.toml", "days = 30", "days = 7");
    house.goes_by(FileSet::gather(set).0, None);
    house.reopen().await;
    house
}

/// Everything of narrative 1, everywhere.
pub async fn settle_all(house: &House) {
    house.person(RESOLVER).await.resolve_all("MASH.E09000023").await;
    for queue in ["MASH.E09000023", "EDT.E09000023"] {
        house.person(MASH).await.settle_all(queue, "early_help").await;
    }
    house.person(MPU).await.settle_all("MPU.SE", "recorded").await;
    house.person(REFDESK).await.settle_all("REFDESK.SE", "recorded").await;
}

async fn erased(council: &mut Person, id: &str) -> Option<pb::Erasure> {
    council.referral(id).await.unwrap().erasure
}

async fn erasures(house: &House) -> Vec<Entry> {
    house.ledger().await.into_iter().filter(|entry| entry.verb == Verb::Erasure).collect()
}

pub fn placing(id: &str, reason: &str, reference: &str) -> pb::PlaceLegalHoldRequest {
    let (referral_id, reason, reference) = (id.to_owned(), reason.to_owned(), reference.to_owned());
    pb::PlaceLegalHoldRequest { request_id: fresh(), referral_id, reason, reference }
}

async fn proven(council: &Person, id: &str, erasure: bool) -> Result<pb::ProveReferralResponse, Status> {
    let asked = pb::ProveReferralRequest { referral_id: id.to_owned(), erasure };
    let answer = council.call("/homeward.v1.AuditService/ProveReferral", bytes(&asked)).await?;
    Ok(prost::Message::decode(answer.as_slice()).unwrap())
}

async fn holds(who: &mut Person) -> Vec<pb::LegalHold> {
    let (mut found, mut page_token) = (Vec::new(), String::new());
    loop {
        let asked = pb::ListLegalHoldsRequest { page_size: 1, page_token };
        let page = who.admin.list_legal_holds(asked).await.unwrap().into_inner();
        found.extend(page.holds);
        page_token = page.next_page_token;
        if page_token.is_empty() {
            return found;
        }
    }
}

async fn release(who: &mut Person, hold: &pb::LegalHold) -> Result<pb::Proposal, Status> {
    let (referral_id, hold_id) = (hold.referral_id.clone(), hold.hold_id.clone());
    let asked = pb::ReleaseLegalHoldRequest { request_id: fresh(), referral_id, hold_id };
    Ok(who.admin.release_legal_hold(asked).await?.into_inner().proposal.unwrap())
}

pub async fn approve(who: &mut Person, of: &pb::Proposal) -> Result<Option<Effect>, Status> {
    let (proposal_id, fingerprint) = (of.proposal_id.clone(), of.fingerprint.clone());
    let asked = pb::ApproveProposalRequest { request_id: fresh(), proposal_id, fingerprint };
    Ok(who.admin.approve_proposal(asked).await?.into_inner().effect)
}

/// Takes the delivery of the referral itself, opens it, asks its sender; the question.
async fn asked(officer: &mut Person) -> (Taken, String) {
    let all = officer.pull("MPU.SE").await.unwrap();
    let taken = all.into_iter().find(|one| one.header.linked_from.is_empty()).unwrap();
    officer.open(&taken, (Part::E, 0), "").await.unwrap();
    let asked = pb::RequestClarificationRequest {
        request_id: fresh(),
        delivery_id: taken.id.clone(),
        lease_token: taken.token.clone(),
        question: "Which Saturday was meant?".into(),
        ..Default::default()
    };
    let asked = officer.queues.request_clarification(asked).await.unwrap().into_inner();
    (taken, asked.clarification_id)
}

async fn answer(council: &mut Person, referral: &str, question: &str) {
    let actor = Some(pb::Actor { scheme: "staff-number".into(), id: "L20417".into(), role: "practitioner".into() });
    let answered = pb::AnswerClarificationRequest {
        request_id: fresh(),
        referral_id: referral.into(),
        clarification_id: question.into(),
        answer: "The 28th was meant.".into(),
        actor,
    };
    council.referrals.answer_clarification(answered).await.unwrap();
}

#[tokio::test]
async fn what_was_settled_long_enough_ago_is_erased_once_with_a_certificate_and_what_is_open_is_not() {
    let mut house = a_week().await;
    house.replica().await;
    let mut council = house.person(LEWISHAM).await;
    let id = submitted(&house).await;
    let mut officer = house.person(MPU).await;
    let (taken, question) = asked(&mut officer).await;
    answer(&mut council, &id, &question).await;
    officer.complete(&taken, "recorded").await.unwrap();
    settle_all(&house).await;
    let open = submitted(&house).await;
    house.later(SignedDuration::from_mins(1));
    house.days(6).await;
    assert!(erased(&mut council, &id).await.is_none(), "not before its time");
    let sender = council.referral(&id).await.unwrap().sender_reference;
    assert!(!sender.is_empty());
    house.days(1).await;
    let gone = erased(&mut council, &id).await.unwrap();
    assert_eq!((gone.reason.as_str(), gone.state().as_str_name()), ("retention_over", "ERASURE_STATE_ERASED"));
    assert!(erased(&mut council, &open).await.is_none(), "what is open is never erased");

    // Notes too; outcomes, receipt and times stay.
    let seen = council.referral(&id).await.unwrap();
    assert!(seen.sender_reference.is_empty() && seen.receipt.is_some());
    let asked = seen.destinations.iter().flat_map(|one| &one.clarifications);
    assert_eq!(asked.map(|one| (one.question.as_str(), one.answered_time.is_some())).collect::<Vec<_>>(), [("", true)]);
    assert!(seen.destinations.iter().all(|one| one.outcome_time.is_some()));
    let record = id.parse().unwrap();
    let stored = house.store().find(record).await.unwrap().unwrap();
    assert!(stored.deliveries.iter().flat_map(|one| &one.history).all(|step| step.note.is_empty()));

    // Once, whichever replica came to it: the record and the one linked from it.
    house.later(SignedDuration::from_mins(11));
    house.caretake_everywhere().await;
    let entries = erasures(&house).await;
    assert_eq!(entries.len(), 2, "{entries:?}");
    assert!(entries.iter().all(|entry| entry.action == "ERASE_AFTER_RETENTION" && entry.who.is_empty()));
    let words = &entries[0].details;
    assert!(
        ["reason=retention_over", "kept_days=7"].iter().all(|word| words.contains(&(*word).to_owned())),
        "{words:?}"
    );

    // The sender is told, and can prove it.
    let asked = pb::WatchReferralsRequest { resume_token: "0".into(), on_behalf_of: String::new() };
    let mut stream = council.referrals.watch_referrals(asked).await.unwrap().into_inner();
    let told = loop {
        let next = stream.message().await.unwrap().unwrap();
        if next.event() == pb::ReferralEvent::Erased {
            break next;
        }
    };
    assert!(told.referral_id == id && told.destination.is_none());
    let filed = proven(&council, &id, true).await.unwrap();
    let key = VerifierKey::parse(&filed.verifier_key).unwrap();
    let (_, entry, _) = FiledErasure::verify(&filed.receipt_file, &key).unwrap();
    assert_eq!(entry.record, Some(record));
    assert!(proven(&council, &id, false).await.is_ok(), "the receipt stays");
    let early = why(proven(&council, &open, true).await);
    assert_eq!(early, (Code::FailedPrecondition, "NOT_ERASED".to_owned()));
}

#[tokio::test]
async fn a_legal_hold_wins_until_two_custodians_end_it() {
    let mut house = a_week().await;
    let mut first = house.person(FIRST).await;
    let id = submitted(&house).await;
    settle_all(&house).await;
    let wrong = refusal(first.admin.place_legal_hold(placing("x", "because", "a name!")).await);
    assert_eq!(wrong.field_names(), ["referral_id", "reason", "reference"]);
    let nobody = refusal(first.admin.place_legal_hold(placing(&fresh(), "inquiry", "INQ-7")).await);
    assert_eq!(nobody.code, Code::NotFound);
    let ask = placing(&id, "inquiry", "INQ-7");
    let placed = first.admin.place_legal_hold(ask.clone()).await.unwrap().into_inner().hold.unwrap();
    assert_eq!((placed.reason.as_str(), placed.reference.as_str()), ("inquiry", "INQ-7"));
    let again = first.admin.place_legal_hold(ask).await.unwrap().into_inner().hold.unwrap();
    assert!(again == placed, "once");
    let other =
        first.admin.place_legal_hold(placing(&id, "complaint", "C/1")).await.unwrap().into_inner().hold.unwrap();
    house.reopen().await;
    let (mut first, mut second) = (house.person(FIRST).await, house.person(SECOND).await);
    let mut council = house.person(LEWISHAM).await;
    assert_eq!(holds(&mut first).await.len(), 4, "two, on the referral and on the one linked from it");
    house.days(20).await;
    assert!(erased(&mut council, &id).await.is_none());
    let asked = pb::EraseReferralRequest { request_id: fresh(), referral_id: id.clone(), reason: "ordered".into() };
    let held = why(first.admin.erase_referral(asked).await);
    assert_eq!(held, (Code::FailedPrecondition, "LEGAL_HOLD".to_owned()), "nor by custodians");

    let unknown = pb::LegalHold { hold_id: fresh(), ..placed.clone() };
    assert_eq!(refusal(release(&mut first, &unknown).await).code, Code::NotFound);
    let proposal = release(&mut first, &placed).await.unwrap();
    assert_eq!(refusal(approve(&mut first, &proposal).await).code, Code::PermissionDenied, "one's own");
    let ended = approve(&mut second, &proposal).await.unwrap();
    assert!(matches!(ended, Some(Effect::ReleasedHoldId(hold)) if hold == placed.hold_id));
    house.days(1).await;
    assert!(erased(&mut council, &id).await.is_none(), "the other one holds it still");
    let proposal = release(&mut first, &other).await.unwrap();
    approve(&mut second, &proposal).await.unwrap();
    assert!(holds(&mut first).await.is_empty());
    house.days(1).await;
    assert_eq!(erased(&mut council, &id).await.unwrap().reason, "retention_over");
    let late = why(first.admin.place_legal_hold(placing(&id, "inquiry", "INQ-8")).await);
    assert_eq!(late, (Code::FailedPrecondition, "ERASED".to_owned()));
    let ledger = house.ledger().await;
    let of = |action: &str| ledger.iter().filter(|entry| entry.action == action).count();
    assert_eq!((of("PLACE_LEGAL_HOLD"), of("RELEASE_LEGAL_HOLD")), (4, 4), "each for the record and the linked one");
}

/// Neither notified under the statutory duty nor with a prompt that is followed.
pub fn neglected() -> pb::Submission {
    let mut draft = plain();
    let codes = vec![pb::HarmCode::Neg.into()];
    draft.items.iter_mut().for_each(|item| item.codes.clone_from(&codes));
    draft.answers.as_mut().unwrap().codes = codes;
    draft
}

#[tokio::test]
async fn a_legal_hold_on_a_referral_keeps_what_corrects_it() {
    let house = a_week().await;
    let (mut council, mut first) = (house.person(LEWISHAM).await, house.person(FIRST).await);
    let id = council.submit(neglected()).await.unwrap().referral_id;
    first.admin.place_legal_hold(placing(&id, "inquiry", "INQ-7")).await.unwrap();
    let correcting = pb::CorrectReferralRequest {
        request_id: fresh(),
        submission: Some(neglected()),
        referral_id: id,
        reason: "The day was another.".into(),
    };
    let corrected = council.referrals.correct_referral(correcting).await.unwrap().into_inner().receipt.unwrap();
    settle_all(&house).await;
    house.days(20).await;
    assert!(erased(&mut council, &corrected.referral_id).await.is_none());
    let mut second = house.person(SECOND).await;
    for hold in holds(&mut first).await {
        if let Ok(proposal) = release(&mut first, &hold).await {
            let _ = approve(&mut second, &proposal).await;
        }
    }
    assert!(holds(&mut first).await.is_empty());
    house.days(1).await;
    assert!(erased(&mut council, &corrected.referral_id).await.is_some());
}

#[tokio::test]
async fn a_legal_hold_on_one_of_three_that_correct_each_other_keeps_all_of_them() {
    for held in 0..3 {
        let house = a_week().await;
        let (mut council, mut first) = (house.person(LEWISHAM).await, house.person(FIRST).await);
        let mut chain = vec![council.submit(neglected()).await.unwrap().referral_id];
        for _ in 0..2 {
            let asked = correcting(chain.last().unwrap(), neglected());
            chain.push(correct(&mut council, asked).await.unwrap().referral_id);
        }
        first.admin.place_legal_hold(placing(&chain[held], "inquiry", "INQ-7")).await.unwrap();
        settle_all(&house).await;
        house.days(20).await;
        for (number, id) in chain.iter().enumerate() {
            assert!(erased(&mut council, id).await.is_none(), "{number} of three, with a hold on {held}");
        }
    }
}

#[tokio::test]
async fn a_question_that_nobody_answered_ends_with_its_delivery_and_keeps_nothing() {
    let house = a_week().await;
    let mut council = house.person(LEWISHAM).await;
    let id = submitted(&house).await;
    let mut officer = house.person(MPU).await;
    let (taken, _) = asked(&mut officer).await;
    officer.complete(&taken, "recorded").await.unwrap();
    settle_all(&house).await;
    assert!(erased(&mut council, &id).await.is_none());
    house.days(15).await;
    assert!(
        erased(&mut council, &id).await.is_some(),
        "whoever asked has settled it, and nobody can answer any longer"
    );
}

#[tokio::test]
async fn a_clock_that_leapt_erases_nothing_for_a_day_and_what_cannot_be_erased_is_said_aloud() {
    let house = a_week().await;
    let id = submitted(&house).await;
    settle_all(&house).await;
    house.days(1).await;
    house.later(SignedDuration::from_hours(400 * 24));
    house.caretake().await;
    let alarms = || house.lives().alarms().names();
    assert_eq!(alarms().iter().filter(|name| *name == "RETENTION_PAUSED").count(), 1, "{:?}", alarms());
    assert!(erasures(&house).await.is_empty());
    house.later(SignedDuration::from_hours(-400 * 24));
    house.days(3).await;
    assert!(!alarms().contains(&"RETENTION_PAUSED".to_owned()), "it was set right, and went on evenly");
    let mut council = house.person(LEWISHAM).await;
    assert!(erased(&mut council, &id).await.is_none());

    // The document of the key that wrapped it is not where it should be.
    let wraps = house.store().wraps(None, 1).await.unwrap().remove(0);
    let name = wrapped_under(&wraps.bytes).unwrap().remove(0);
    let key = house.store().document(Shelf::EpochKey, &name).await.unwrap().unwrap();
    let change = |expect, bytes| Change { shelf: Shelf::EpochKey, name: key.name.clone(), expect, bytes };
    let alone = |change| Amendment { once: None, changes: vec![change], entries: Vec::new(), answer: Vec::new() };
    house.store().amend(alone(change(Expect::Version(key.version), None))).await.unwrap();
    house.days(6).await;
    assert!(alarms().contains(&"RETENTION_BEHIND".to_owned()), "{:?}", alarms());
    house.store().amend(alone(change(Expect::New, Some(key.bytes.clone())))).await.unwrap();
    house.days(1).await;
    house.days(1).await;
    assert!(erased(&mut council, &id).await.is_some());
    assert!(!alarms().contains(&"RETENTION_BEHIND".to_owned()), "{:?}", alarms());
}

/// With something of a day ago that is settled, `leaps` the clock by twenty days; asks whether it was erased.
async fn erased_by_a_leap(late: bool, leaps: impl AsyncFnOnce(&mut House, SignedDuration)) -> bool {
    let mut house = a_week().await;
    let id = submitted(&house).await;
    settle_all(&house).await;
    if late {
        // What the caretaker writes about it, at the moment to which the clock leapt, says nothing of the clock.
        submitted(&house).await;
    }
    house.days(1).await;
    leaps(&mut house, SignedDuration::from_hours(20 * 24)).await;
    house.caretake().await;
    assert!(house.lives().alarms().names().contains(&"RETENTION_PAUSED".to_owned()));
    let mut council = house.person(LEWISHAM).await;
    erased(&mut council, &id).await.is_some()
}

#[tokio::test]
async fn a_clock_that_leapt_while_nobody_looked_is_not_believed_after_a_start() {
    for late in [false, true] {
        let while_down = async |house: &mut House, by| {
            house.close().await;
            house.later(by);
            house.start().await;
        };
        assert!(!erased_by_a_leap(late, while_down).await, "something late: {late}");
    }
}

#[tokio::test]
async fn a_start_does_not_make_a_clock_believed_that_leapt() {
    let then_started = async |house: &mut House, by| {
        house.later(by);
        house.caretake().await;
        house.later(SignedDuration::from_mins(1));
        house.reopen().await;
    };
    assert!(!erased_by_a_leap(true, then_started).await);
}

#[tokio::test]
async fn days_that_were_agreed_with_an_authority_count_from_the_day_on_which_they_hold() {
    let mut house = House::open().await;
    let mut set = shipped();
    let agreed = "[[exception]]\nauthority = \"E09000023\"\nfrom = \"2026-12-01\"\ndays = 7\n\n[readings]";
    change(&mut set, "memory.toml", "[readings]", agreed);
    house.goes_by(FileSet::gather(set).0, None);
    house.reopen().await;
    let mut council = house.person(LEWISHAM).await;
    let id = submitted(&house).await;
    settle_all(&house).await;
    house.days(9).await;
    assert!(erased(&mut council, &id).await.is_none(), "until 30 November thirty days are kept");
    house.days(1).await;
    assert!(erased(&mut council, &id).await.is_some());
}

/// Another child's record was at an end and is erased; the referral itself is still in work.
#[tokio::test]
async fn what_is_in_work_is_corrected_and_recalled_though_a_linked_record_was_erased() {
    let house = a_week().await;
    let mut council = house.person(LEWISHAM).await;
    let receipt = council.submit(neglected()).await.unwrap();
    house.person(RESOLVER).await.resolve_all("MASH.E09000023").await;
    for queue in ["MASH.E09000023", "EDT.E09000023"] {
        house.person(MASH).await.settle_all(queue, "early_help").await;
    }
    house.person(REFDESK).await.settle_all("REFDESK.SE", "recorded").await;
    let mut officer = house.person(MPU).await;
    for one in officer.pull("MPU.SE").await.unwrap() {
        let unit = one.header.openable[0];
        officer.open(&one, (unit.part(), unit.item), "").await.unwrap();
        if one.header.referral_id != receipt.referral_id {
            officer.complete(&one, "recorded").await.unwrap();
        }
    }
    house.days(9).await;
    let gone = house.store().document(Shelf::Erasure, &receipt.linked_referral_ids[0]).await.unwrap();
    assert!(gone.is_some() && erased(&mut council, &receipt.referral_id).await.is_none());
    let second = correct(&mut council, correcting(&receipt.referral_id, plain())).await.unwrap();
    council.referrals.recall_referral(recalling(&second.referral_id)).await.unwrap();
    // Whoever has read either is told; why, where there is a key that can seal it.
    let (mut heard, mut mash) = (Vec::new(), house.person(MASH).await);
    for (who, queue) in [(&mut officer, "MPU.SE"), (&mut mash, "MASH.E09000023")] {
        for one in who.pull(queue).await.unwrap().iter().filter(|one| one.header.notice.is_some()) {
            let said = who.queues.acknowledge_notice(acknowledging(one)).await.unwrap().into_inner().reason;
            heard.push((one.header.referral_id == receipt.referral_id, !said.is_empty()));
        }
    }
    assert!(heard.contains(&(false, false)) && heard.contains(&(true, true)), "{heard:?}");
    assert!(heard.iter().all(|(has_a_key, says_why)| has_a_key == says_why), "{heard:?}");
}

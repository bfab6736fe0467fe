//! Erasure: two custodians, only what is settled, nobody reads it any longer, and irrecoverable with the last key that wrapped it.

use homeward::{
    ledger::Verb,
    sealing::wrapped_under,
    wire::pb::{self, approve_proposal_response::Effect, rewrap::State},
};
use jiff::SignedDuration;
use tonic::{Code, Status};

use crate::{
    house::{House, LEWISHAM, MASH, MPU, REFDESK, RESOLVER, narrative},
    person::{Person, bytes, fresh, referral, refusal, request, submission, why},
};

const ERASED: &str = "ERASURE_STATE_ERASED";
const IRRECOVERABLE: &str = "ERASURE_STATE_IRRECOVERABLE";
const FIRST: &str = "operator/key_custodian/k1";
const SECOND: &str = "operator/key_custodian/k2";

async fn erase(who: &mut Person, id: &str, reason: &str) -> Result<pb::Proposal, Status> {
    let (referral_id, reason) = (id.to_owned(), reason.to_owned());
    let asked = pb::EraseReferralRequest { request_id: fresh(), referral_id, reason };
    Ok(who.admin.erase_referral(asked).await?.into_inner().proposal.unwrap())
}

async fn approve(who: &mut Person, of: &pb::Proposal) -> Result<Option<Effect>, Status> {
    let (proposal_id, fingerprint) = (of.proposal_id.clone(), of.fingerprint.clone());
    let asked = pb::ApproveProposalRequest { request_id: fresh(), proposal_id, fingerprint };
    Ok(who.admin.approve_proposal(asked).await?.into_inner().effect)
}

/// Everything of narrative 1, everywhere.
async fn settle_all(house: &House) {
    house.person(RESOLVER).await.resolve_all("MASH.E09000023").await;
    for queue in ["MASH.E09000023", "EDT.E09000023"] {
        house.person(MASH).await.settle_all(queue, "early_help").await;
    }
    house.person(MPU).await.settle_all("MPU.SE", "recorded").await;
    house.person(REFDESK).await.settle_all("REFDESK.SE", "recorded").await;
}

/// Keys turn, and everything is wrapped anew and proven.
async fn turn(house: &House, custodian: &mut Person) {
    house.later(SignedDuration::from_mins(1));
    custodian.admin.rotate_key(pb::RotateKeyRequest { request_id: fresh() }).await.unwrap();
    let status = pb::RewrapStatusRequest {};
    while custodian.admin.rewrap_status(status).await.unwrap().into_inner().rewrap.unwrap().state() != State::Finished {
        house.caretake().await;
    }
}

async fn keys(who: &mut Person) -> pb::ListKeysResponse {
    who.admin.list_keys(pb::ListKeysRequest {}).await.unwrap().into_inner()
}

async fn destroy(first: &mut Person, second: &mut Person, key: &str) {
    let asked = pb::DestroyKeyRequest { request_id: fresh(), key_id: key.to_owned() };
    let proposal = first.admin.destroy_key(asked).await.unwrap().into_inner().proposal.unwrap();
    approve(second, &proposal).await.unwrap();
}

#[tokio::test]
async fn content_is_erased_by_two_when_all_is_settled_and_irrecoverable_with_its_last_key() {
    let mut house = House::open().await;
    let (mut first, mut second) = (house.person(FIRST).await, house.person(SECOND).await);
    let council = house.person(LEWISHAM).await;
    let sent = bytes(&request(submission(&narrative(1))));
    let answer = council.call(&referral("SubmitReferral"), sent.clone()).await.unwrap();
    let answered: pb::SubmitReferralResponse = prost::Message::decode(answer.as_slice()).unwrap();
    let id = answered.receipt.unwrap().referral_id;
    // The key turns: the record has been under two.
    let oldest = keys(&mut first).await.keys.remove(0).key_id;
    turn(&house, &mut first).await;

    let open = why(erase(&mut first, &id, "retention_over").await);
    assert_eq!(open, (Code::FailedPrecondition, "REFERRAL_NOT_SETTLED".to_owned()));
    assert_eq!(refusal(erase(&mut first, &fresh(), "retention_over").await).code, Code::NotFound);
    let wrong = refusal(erase(&mut first, "x", "because").await);
    assert_eq!(wrong.field_names(), ["referral_id", "reason"]);
    settle_all(&house).await;
    let proposal = erase(&mut first, &id, "retention_over").await.unwrap();
    assert_eq!(refusal(approve(&mut first, &proposal).await).code, Code::PermissionDenied, "one's own");
    let again = erase(&mut first, &id, "retention_over").await.unwrap();
    // While a rewrapping has begun and has not come to it yet.
    house.later(SignedDuration::from_mins(1));
    first.admin.rotate_key(pb::RotateKeyRequest { request_id: fresh() }).await.unwrap();
    let effect = approve(&mut second, &proposal).await.unwrap();
    assert!(matches!(effect, Some(Effect::ErasedReferralId(erased)) if erased == id));
    assert_eq!(why(approve(&mut second, &again).await), (Code::FailedPrecondition, "ERASED".to_owned()));
    assert_eq!(why(erase(&mut first, &id, "ordered").await).1, "ERASED");
    turn(&house, &mut first).await;

    house.reopen().await;
    let (mut first, mut second) = (house.person(FIRST).await, house.person(SECOND).await);
    let mut council = house.person(LEWISHAM).await;
    assert_eq!(council.call(&referral("SubmitReferral"), sent).await.unwrap(), answer, "the receipt stays");
    let seen = council.referral(&id).await.unwrap();
    let erasure = seen.erasure.unwrap();
    assert_eq!((erasure.state().as_str_name(), erasure.reason.as_str()), (ERASED, "retention_over"));
    assert!(erasure.erase_time.is_some() && seen.sender_reference.is_empty());
    assert!(seen.destinations.iter().all(|one| one.outcome_time.is_some()), "what became of it stays");
    let wraps = house.store().wraps(None, 10).await.unwrap();
    assert_eq!(wraps.len(), 2, "the record and the one linked from it");
    assert!(wraps.iter().all(|one| wrapped_under(&one.bytes).unwrap().is_empty()));

    // Each key that has wrapped it must go, the oldest too.
    let listed = keys(&mut first).await;
    let (row, rest) = listed.erased.split_first().unwrap();
    assert_eq!((row.records, row.state().as_str_name(), rest.len()), (2, ERASED, 0));
    assert_ne!(row.key_id, oldest);
    destroy(&mut first, &mut second, &row.key_id).await;
    assert_eq!(keys(&mut first).await.erased[0].state().as_str_name(), ERASED, "an older one is there");
    destroy(&mut first, &mut second, &oldest).await;
    let last = keys(&mut first).await;
    assert_eq!((last.erased.len(), last.erased[0].state().as_str_name()), (1, IRRECOVERABLE));
    let erasure = council.referral(&id).await.unwrap().erasure.unwrap();
    assert_eq!(erasure.state().as_str_name(), IRRECOVERABLE);

    let ledger = house.ledger().await;
    let erased: Vec<_> = ledger.iter().filter(|entry| entry.verb == Verb::Erasure).collect();
    assert_eq!(erased.len(), 2, "one for each record");
    assert!(erased.iter().all(|entry| entry.action == "ERASE_REFERRAL" && entry.who.ends_with("/k2")));
    assert!(erased.iter().all(|entry| entry.details.iter().any(|word| word.ends_with("/k1"))), "{erased:?}");
    assert_eq!(erased[0].record.unwrap().to_string(), id);
}

async fn copies_gone(who: &mut Person) -> Result<pb::Proposal, Status> {
    let asked = pb::CertifyCopiesGoneRequest { request_id: fresh() };
    Ok(who.admin.certify_copies_gone(asked).await?.into_inner().proposal.unwrap())
}

/// One custodian withdraws what was certified, by this request.
async fn withdraw(who: &mut Person, request_id: String) -> String {
    who.admin.withdraw_copies_gone(pb::WithdrawCopiesGoneRequest { request_id: request_id.clone() }).await.unwrap();
    request_id
}

#[tokio::test]
async fn content_is_irrecoverable_once_the_store_is_compacted_and_two_certify_that_no_older_copy_is_left() {
    let mut house = House::open().await;
    let (mut first, mut second) = (house.person(FIRST).await, house.person(SECOND).await);
    let mut council = house.person(LEWISHAM).await;
    let erased = async |house: &House, first: &mut Person, second: &mut Person, council: &mut Person| {
        let id = council.submit(submission(&narrative(1))).await.unwrap().referral_id;
        settle_all(house).await;
        let proposal = erase(first, &id, "ordered").await.unwrap();
        approve(second, &proposal).await.unwrap();
        id
    };
    let before = erased(&house, &mut first, &mut second, &mut council).await;
    let nothing = (Code::FailedPrecondition, "NOT_COMPACTED".to_owned());
    assert_eq!(why(copies_gone(&mut first).await), nothing);
    if !house.compact().await {
        // A database is not written anew, and nothing is certified of it.
        return assert_eq!(why(copies_gone(&mut house.person(FIRST).await).await), nothing);
    }
    let (mut first, mut second) = (house.person(FIRST).await, house.person(SECOND).await);
    let mut council = house.person(LEWISHAM).await;
    let after = erased(&house, &mut first, &mut second, &mut council).await;
    let state = async |council: &mut Person, id: &str| {
        council.referral(id).await.unwrap().erasure.unwrap().state().as_str_name()
    };
    let rows = async |first: &mut Person| -> Vec<_> {
        keys(first).await.erased.iter().map(|row| (row.records, row.state().as_str_name())).collect()
    };
    let proposal = copies_gone(&mut first).await.unwrap();
    assert_eq!(refusal(approve(&mut first, &proposal).await).code, Code::PermissionDenied, "one's own");
    assert_eq!(state(&mut council, &before).await, ERASED, "a compaction alone certifies nothing");
    assert_eq!(rows(&mut first).await, [(4, ERASED)]);
    assert!(matches!(approve(&mut second, &proposal).await.unwrap(), Some(Effect::CopiesGoneBefore(1))));
    assert_eq!(state(&mut council, &before).await, IRRECOVERABLE);
    assert_eq!(state(&mut council, &after).await, ERASED, "it was erased after the compaction");
    assert_eq!(rows(&mut first).await, [(2, ERASED), (2, IRRECOVERABLE)]);
    assert_eq!(why(copies_gone(&mut first).await), nothing, "until it is compacted again");
    let ledger = house.ledger().await;
    let entry = ledger.iter().find(|entry| entry.action == "CERTIFY_COPIES_GONE").unwrap();
    assert!(entry.verb == Verb::Erasure && entry.who.ends_with("/k2"));
    assert!(entry.details.iter().any(|word| word.starts_with("proposer=") && word.ends_with("/k1")), "{entry:?}");

    // A copy has turned up.
    let withdrawal = withdraw(&mut second, fresh()).await;
    assert_eq!(rows(&mut first).await, [(4, ERASED)]);
    let proposal = copies_gone(&mut first).await.unwrap();
    approve(&mut second, &proposal).await.unwrap();
    withdraw(&mut second, withdrawal).await;
    assert_eq!(rows(&mut first).await, [(2, ERASED), (2, IRRECOVERABLE)], "the same call once more withdraws nothing");
    assert!(
        house.ledger().await.iter().any(|entry| entry.action == "WITHDRAW_COPIES_GONE" && entry.who.ends_with("/k2"))
    );

    assert_eq!(why(copies_gone(&mut first).await), nothing);
    withdraw(&mut second, fresh()).await;
    // Proposed before a copy turned up, approved after it: one person would have undone the withdrawal.
    let early = copies_gone(&mut first).await.unwrap();
    withdraw(&mut second, fresh()).await;
    assert_eq!(why(approve(&mut second, &early).await).1, "COPIES_CHANGED_SINCE");
    let stale = copies_gone(&mut first).await.unwrap();
    house.compact().await;
    let (mut first, mut second) = (house.person(FIRST).await, house.person(SECOND).await);
    assert_eq!(why(approve(&mut second, &stale).await).1, "COPIES_CHANGED_SINCE", "it was about another compaction");
    let proposal = copies_gone(&mut first).await.unwrap();
    assert!(matches!(approve(&mut second, &proposal).await.unwrap(), Some(Effect::CopiesGoneBefore(2))));
    assert_eq!(state(&mut house.person(LEWISHAM).await, &after).await, IRRECOVERABLE);
    assert_eq!(rows(&mut first).await, [(4, IRRECOVERABLE)]);
}

/// Everything but the key that wraps and `kept` is destroyed.
async fn destroy_all_but(first: &mut Person, second: &mut Person, kept: &str) {
    for key in keys(first).await.keys.iter().filter(|key| !key.current && key.key_id != kept) {
        destroy(first, second, &key.key_id).await;
    }
}

#[tokio::test]
async fn a_clock_that_ran_ahead_and_was_set_back_makes_nothing_irrecoverable_that_a_key_still_opens() {
    let house = House::open().await;
    let (mut first, mut second) = (house.person(FIRST).await, house.person(SECOND).await);
    let mut council = house.person(LEWISHAM).await;
    let id = council.submit(submission(&narrative(1))).await.unwrap().referral_id;
    // An hour fast, a key is made that wraps the record; set right, others are that seem to be older than it.
    house.later(SignedDuration::from_mins(60));
    turn(&house, &mut first).await;
    let ahead = keys(&mut first).await.keys.into_iter().find(|one| one.current).unwrap().key_id;
    house.later(SignedDuration::from_mins(-58));
    turn(&house, &mut first).await;
    let listed = keys(&mut first).await.keys;
    assert!(listed.iter().any(|one| one.key_id == ahead && one.records == 0));
    assert!(listed.last().unwrap().current, "the newest is last, whatever its clock said");
    settle_all(&house).await;
    let proposal = erase(&mut first, &id, "retention_over").await.unwrap();
    approve(&mut second, &proposal).await.unwrap();
    turn(&house, &mut first).await;

    destroy_all_but(&mut first, &mut second, &ahead).await;
    let state = async |first: &mut Person, council: &mut Person| {
        let told = council.referral(&id).await.unwrap().erasure.unwrap().state().as_str_name();
        let rows = keys(first).await.erased;
        assert!(rows.iter().all(|row| row.state().as_str_name() == told));
        told
    };
    assert_eq!(state(&mut first, &mut council).await, ERASED, "the key of the fast clock has wrapped it");
    destroy(&mut first, &mut second, &ahead).await;
    assert_eq!(state(&mut first, &mut council).await, IRRECOVERABLE);
}

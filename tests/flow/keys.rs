//! Epoch keys turn over under the house's feet: what was sealed before opens after, here, after a restart and on a replica
//! that missed it.

use std::{sync::atomic::Ordering, time::Duration};

use homeward::{
    sealing::wrapped_under,
    store::{Shelf, Store},
    wire::pb::{self, Part, approve_proposal_response::Effect, rewrap::State},
};
use jiff::SignedDuration;
use tokio::{
    sync::watch,
    time::{Instant, timeout},
};
use tonic::Code;

use crate::{
    PATIENCE,
    house::{House, LEWISHAM, MPU, narrative},
    person::{Person, bytes, fresh, referral, refusal, request, submission, why},
};

/// The epoch keys of each record, in the order of record ids, and how many epoch keys are on the shelf.
async fn wrapped(store: &dyn Store) -> (Vec<(String, Vec<String>)>, usize) {
    let wraps = store.wraps(None, 1_000).await.unwrap();
    let of = |one: &homeward::store::Wraps| (one.record.to_string(), wrapped_under(&one.bytes).unwrap());
    (wraps.iter().map(of).collect(), store.documents(Shelf::EpochKey, "", 100).await.unwrap().len())
}

async fn opens(person: &mut Person, of: &str) {
    let taken = person.pull("MPU.SE").await.unwrap();
    let taken = taken.iter().find(|taken| taken.header.referral_id == of).unwrap();
    let card = person.read(taken, (Part::E, 0), "").await.unwrap();
    assert!(card.contains("clock.carried_out"), "{card}");
}

#[tokio::test]
async fn a_day_later_another_key_wraps_and_what_was_sealed_before_opens() {
    let mut house = House::open().await;
    let mut council = house.person(LEWISHAM).await;
    let (first, _) = (council.submit(submission(&narrative(1))).await.unwrap().referral_id, house.caretake().await);
    assert_eq!(wrapped(house.store()).await.1, 1, "a round within the day changes nothing");
    let url = house.replica().await;
    house.later(SignedDuration::from_hours(25));
    house.caretake().await;
    // The replica has not looked since: what it seals under the old key is not accepted, and sealed anew.
    let profile = house.folder(&format!("profile-{}", LEWISHAM.replace('/', "-")));
    let mut elsewhere = Person::new(house.connect_at(&profile, &url).await.unwrap());
    let second = elsewhere.submit(submission(&narrative(1))).await.unwrap().referral_id;
    let (records, keys) = wrapped(house.store()).await;
    let under = |id: &str| records.iter().find(|(record, _)| record == id).unwrap().1.clone();
    assert_eq!((under(&first).len(), under(&second).len(), keys), (1, 1, 2));
    assert_ne!(under(&first), under(&second));
    opens(&mut house.person(MPU).await, &second).await;
    house.reopen().await;
    house.later(SignedDuration::from_hours(1));
    house.caretake().await;
    opens(&mut house.person(MPU).await, &first).await;
}

const FIRST: &str = "operator/key_custodian/k1";
const SECOND: &str = "operator/key_custodian/k2";

async fn keys(who: &mut Person) -> pb::ListKeysResponse {
    who.admin.list_keys(pb::ListKeysRequest {}).await.unwrap().into_inner()
}

async fn destroy(who: &mut Person, key: &str) -> Result<pb::Proposal, tonic::Status> {
    let asked = pb::DestroyKeyRequest { request_id: fresh(), key_id: key.to_owned() };
    Ok(who.admin.destroy_key(asked).await?.into_inner().proposal.unwrap())
}

async fn approve(who: &mut Person, of: &pb::Proposal) -> Result<Option<Effect>, tonic::Status> {
    let (proposal_id, fingerprint) = (of.proposal_id.clone(), of.fingerprint.clone());
    let asked = pb::ApproveProposalRequest { request_id: fresh(), proposal_id, fingerprint };
    Ok(who.admin.approve_proposal(asked).await?.into_inner().effect)
}

/// Rotates, and wraps everything anew.
async fn rotated(house: &House, who: &mut Person) {
    who.admin.rotate_key(pb::RotateKeyRequest { request_id: fresh() }).await.unwrap();
    while keys(who).await.rewrap.unwrap().finish_time.is_none() {
        house.caretake().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_that_is_destroyed_while_a_rotation_begins_takes_nothing_with_it() {
    let house = House::open().await;
    let (mut first, mut second) = (house.person(FIRST).await, house.person(SECOND).await);
    let mut council = house.person(LEWISHAM).await;
    let mut all = vec![council.submit(submission(&narrative(1))).await.unwrap().referral_id];
    let mut destroyed = 0;
    for _ in 0..8 {
        let old = keys(&mut first).await.keys.into_iter().find(|key| key.current).unwrap().key_id;
        rotated(&house, &mut first).await;
        let proposal = destroy(&mut first, &old).await.unwrap();
        let (asked, mut writer) = (pb::RotateKeyRequest { request_id: fresh() }, council.clone());
        let (gone, begun, written, ()) = tokio::join!(
            approve(&mut second, &proposal),
            first.admin.rotate_key(asked),
            writer.submit(submission(&narrative(1))),
            house.caretake(),
        );
        begun.unwrap();
        all.push(written.unwrap().referral_id);
        match gone {
            Ok(_) => destroyed += 1,
            Err(status) => assert_eq!(status.code(), Code::FailedPrecondition, "{status:?}"),
        }
    }
    rotated(&house, &mut first).await;
    assert!(destroyed > 0, "nothing was destroyed beside a rotation");
    let (records, _) = wrapped(house.store()).await;
    let there: Vec<_> = keys(&mut first).await.keys.into_iter().map(|key| key.key_id).collect();
    assert!(
        records.iter().flat_map(|(_, under)| under).all(|key| there.contains(key)),
        "each is under a key that is there"
    );
    let mut officer = house.person(MPU).await;
    let taken = officer.pull("MPU.SE").await.unwrap();
    for referral in &all {
        let taken = taken.iter().find(|taken| taken.header.referral_id == *referral).unwrap();
        assert!(officer.read(taken, (Part::E, 0), "").await.unwrap().contains("clock.carried_out"));
    }
}

/// How many are wrapped anew here; the daemon's test has more.
const RECORDS: usize = 300;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everything_is_wrapped_anew_while_people_read_and_write_and_the_old_key_is_destroyed_by_two() {
    let mut house = House::open().await;
    let mut first = house.person(FIRST).await;
    let mut council = house.person(LEWISHAM).await;
    for _ in 0..RECORDS {
        council.submit(submission(&narrative(1))).await.unwrap();
    }
    let old = keys(&mut first).await.keys.remove(0);
    assert!(old.current && old.records >= RECORDS as u64);
    assert_eq!(refusal(destroy(&mut first, &old.key_id).await).code, Code::FailedPrecondition);
    assert_eq!(refusal(destroy(&mut first, "nothing").await).code, Code::InvalidArgument);

    let asked = pb::RotateKeyRequest { request_id: fresh() };
    let new = first.admin.rotate_key(asked.clone()).await.unwrap().into_inner().key_id;
    assert_eq!(first.admin.rotate_key(asked).await.unwrap().into_inner().key_id, new, "a replay rotates nothing");
    assert_eq!(refusal(destroy(&mut first, &old.key_id).await).code, Code::FailedPrecondition, "records are under it");
    let mut writer = council.clone();
    let writing = tokio::spawn(async move {
        for _ in 0..20 {
            writer.submit(submission(&narrative(1))).await.unwrap();
        }
    });
    let mut officer = house.person(MPU).await;
    let taken = officer.pull("MPU.SE").await.unwrap();
    house.caretake().await;
    for one in &taken {
        officer.read(one, (Part::E, 0), "").await.unwrap();
    }
    writing.await.unwrap();
    house.reopen().await;
    first = house.person(FIRST).await;
    let mut second = house.person(SECOND).await;
    while keys(&mut first).await.rewrap.unwrap().finish_time.is_none() {
        house.caretake().await;
    }
    let listed = keys(&mut second).await;
    let [before, after] = &listed.keys[..] else { panic!("two keys") };
    assert_eq!((&before.key_id, before.records, before.current), (&old.key_id, 0, false));
    assert_eq!(before.scanned_records, Some(0), "the scan found none under it");
    assert!(after.key_id == new && after.current && after.records >= old.records + 20, "{}", after.records);
    let rewrap = listed.rewrap.unwrap();
    assert_eq!((rewrap.rewrapped, rewrap.left, rewrap.scanned), (old.records, 0, after.records));

    let proposal = destroy(&mut first, &old.key_id).await.unwrap();
    assert_eq!(refusal(approve(&mut first, &proposal).await).code, Code::PermissionDenied);
    let effect = approve(&mut second, &proposal).await.unwrap();
    assert!(effect == Some(Effect::DestroyedKeyId(old.key_id.clone())));
    assert_eq!(keys(&mut first).await.keys.len(), 1);
    let entry = house.ledger().await.into_iter().rfind(|entry| entry.action == "DESTROY_KEY").unwrap();
    assert!(entry.who.ends_with("k2") && entry.details.contains(&format!("subject={}", old.key_id)), "{entry:?}");
    house.reopen().await;
    house.later(SignedDuration::from_hours(1));
    house.caretake().await;
    let mut officer = house.person(MPU).await;
    let taken = officer.pull("MPU.SE").await.unwrap();
    assert!(!taken.is_empty());
    for one in &taken {
        officer.read(one, (Part::E, 0), "").await.unwrap();
    }
}

async fn status(who: &mut Person) -> pb::Rewrap {
    who.admin.rewrap_status(pb::RewrapStatusRequest {}).await.unwrap().into_inner().rewrap.unwrap()
}

#[tokio::test]
async fn a_rewrapping_is_paused_on_every_replica_and_resumed_where_it_was() {
    let mut house = House::open().await;
    let mut first = house.person(FIRST).await;
    let mut council = house.person(LEWISHAM).await;
    for _ in 0..150 {
        council.submit(submission(&narrative(1))).await.unwrap();
    }
    let pause = || pb::PauseRewrapRequest { request_id: fresh() };
    let resume = || pb::ResumeRewrapRequest { request_id: fresh() };
    assert_eq!(why(first.admin.pause_rewrap(pause()).await).1, "NO_REWRAP");
    let old = keys(&mut first).await.keys.remove(0);
    first.admin.rotate_key(pb::RotateKeyRequest { request_id: fresh() }).await.unwrap();
    assert_eq!(why(first.admin.resume_rewrap(resume()).await).1, "REWRAP_NOT_PAUSED");
    house.caretake().await;
    let asked = pause();
    let paused = first.admin.pause_rewrap(asked.clone()).await.unwrap().into_inner().rewrap.unwrap();
    let done = (paused.rewrapped, paused.left);
    assert!(paused.state() == State::Paused && done.0 == 128 && done.0 + done.1 == old.records);
    let again = first.admin.pause_rewrap(asked).await.unwrap().into_inner().rewrap.unwrap();
    assert!(again == paused, "a replay answers as the first time");
    assert_eq!(why(first.admin.pause_rewrap(pause()).await).1, "REWRAP_NOT_RUNNING");
    let url = house.replica().await;
    let profile = house.folder(&format!("profile-{}", FIRST.replace('/', "-")));
    let mut elsewhere = Person::new(house.connect_at(&profile, &url).await.unwrap());
    assert!(status(&mut elsewhere).await.state() == State::Paused);
    house.reopen().await;
    first = house.person(FIRST).await;
    for _ in 0..3 {
        house.caretake().await;
        let now = status(&mut first).await;
        assert!(now.state() == State::Paused && (now.rewrapped, now.left) == done);
    }
    house.person(LEWISHAM).await.submit(submission(&narrative(1))).await.unwrap();
    assert_eq!(status(&mut first).await.left, done.1, "what comes meanwhile is under the new key");
    first.admin.resume_rewrap(resume()).await.unwrap();
    while status(&mut first).await.state() != State::Finished {
        house.caretake().await;
    }
    let end = status(&mut first).await;
    assert_eq!((end.rewrapped, end.left), (old.records, 0));
    assert_eq!(why(first.admin.pause_rewrap(pause()).await).1, "REWRAP_NOT_RUNNING");
    let mut officer = house.person(MPU).await;
    for one in officer.pull("MPU.SE").await.unwrap() {
        officer.read(&one, (Part::E, 0), "").await.unwrap();
    }
    let ledger = house.ledger().await;
    let steps = ledger.iter().map(|entry| entry.action.as_str()).filter(|action| action.contains("REWRAP"));
    assert_eq!(steps.collect::<Vec<_>>(), ["PAUSE_REWRAP", "RESUME_REWRAP", "REWRAP_DONE"]);
}

#[tokio::test]
async fn a_key_that_counts_none_is_destroyed_only_when_a_scan_of_all_has_shown_it() {
    let house = House::open().await;
    let (mut first, mut second) = (house.person(FIRST).await, house.person(SECOND).await);
    let old = keys(&mut first).await.keys.remove(0);
    // Its day is over before it has wrapped anything.
    house.later(SignedDuration::from_hours(25));
    house.caretake().await;
    let listed = keys(&mut first).await.keys.remove(0);
    assert_eq!((&listed.key_id, listed.records, listed.scanned_records), (&old.key_id, 0, None));
    assert_eq!(why(destroy(&mut first, &old.key_id).await), (Code::FailedPrecondition, "KEY_NOT_PROVEN".to_owned()));
    first.admin.rotate_key(pb::RotateKeyRequest { request_id: fresh() }).await.unwrap();
    while status(&mut first).await.state() != State::Finished {
        house.caretake().await;
    }
    let proposal = destroy(&mut first, &old.key_id).await.unwrap();
    // Another rewrapping begins before the second person comes: what was proven is to be proven again.
    first.admin.rotate_key(pb::RotateKeyRequest { request_id: fresh() }).await.unwrap();
    assert_eq!(why(approve(&mut second, &proposal).await).1, "KEY_NOT_PROVEN");
    while status(&mut first).await.state() != State::Finished {
        house.caretake().await;
    }
    approve(&mut second, &proposal).await.unwrap();
    assert!(keys(&mut first).await.keys.iter().all(|key| key.key_id != old.key_id));
}

#[tokio::test]
async fn no_epoch_key_wraps_more_records_than_it_may_whoever_wraps_and_however_often_they_restart() {
    const MOST: u64 = 64;
    let mut house = House::open_wrapping(MOST).await;
    let profile = house.folder(&format!("profile-{}", LEWISHAM.replace('/', "-")));
    for _ in 0..2 {
        let mut councils = vec![house.person(LEWISHAM).await];
        let url = house.replica().await;
        councils.push(Person::new(house.connect_at(&profile, &url).await.unwrap()));
        let mut tasks = tokio::task::JoinSet::new();
        for mut council in councils {
            tasks.spawn(async move {
                for _ in 0..40 {
                    council.submit(submission(&narrative(1))).await.unwrap();
                }
            });
        }
        tasks.join_all().await;
        // What had been reserved is lost, never used twice.
        house.reopen().await;
    }
    let wrapped = house.store().wrapped().await.unwrap();
    let all: u64 = wrapped.iter().map(|(_, records)| records).sum();
    assert!(all >= 160 && wrapped.len() as u64 >= all / MOST, "{wrapped:?}");
    assert!(wrapped.iter().all(|(_, records)| *records <= MOST), "{wrapped:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_is_refused_while_keys_turn_over_again_and_again() {
    let house = House::open().await;
    let mut custodian = house.person(FIRST).await;
    let mut writers = tokio::task::JoinSet::new();
    for _ in 0..4 {
        let mut council = house.person(LEWISHAM).await;
        writers.spawn(async move {
            for _ in 0..25 {
                council.submit(submission(&narrative(1))).await.unwrap();
            }
        });
    }
    for _ in 0..20 {
        custodian.admin.rotate_key(pb::RotateKeyRequest { request_id: fresh() }).await.unwrap();
        tokio::time::sleep(std::time::Duration::from_millis(40)).await;
    }
    writers.join_all().await;
    assert_eq!(keys(&mut custodian).await.keys.len(), 21);
}

#[tokio::test]
async fn a_key_that_a_fast_clock_made_wraps_no_longer_for_it_and_an_alarm_says_so() {
    let mut house = House::open().await;
    let mut first = house.person(FIRST).await;
    let current = async |who: &mut Person| keys(who).await.keys.into_iter().find(|one| one.current).unwrap().key_id;
    let alarms =
        async |who: &mut Person| who.identity.who_am_i(pb::WhoAmIRequest {}).await.unwrap().into_inner().alarms;
    house.later(SignedDuration::from_hours(48));
    house.caretake().await;
    let ahead = current(&mut first).await;
    assert!(alarms(&mut first).await.is_empty());
    house.later(SignedDuration::from_hours(-48));
    house.caretake().await;
    let next = current(&mut first).await;
    assert_ne!(ahead, next, "it would have wrapped for three days");
    assert_eq!(alarms(&mut first).await, ["CLOCK_SET_BACK", "RETENTION_PAUSED"]);
    house.later(SignedDuration::from_hours(1));
    house.caretake().await;
    assert_eq!(current(&mut first).await, next, "one is enough");
    house.reopen().await;
    house.caretake().await;
    let mut first = house.person(FIRST).await;
    assert_eq!(current(&mut first).await, next);
    assert_eq!(alarms(&mut first).await, ["CLOCK_SET_BACK", "RETENTION_PAUSED"], "a start makes no clock right");
}

#[tokio::test]
async fn a_key_outside_the_store_that_was_not_replaced_within_30_days_raises_an_alarm() {
    let house = House::open().await;
    let old = || house.lives().alarms().names().iter().any(|name| name == "OUTER_KEY_OLD");
    // Day by day, for a clock that leaps is another matter.
    house.days(29).await;
    assert!(!old());
    house.days(2).await;
    assert!(old());
}

/// How often the key outside the store was used.
async fn uses(who: &mut Person) -> u64 {
    keys(who).await.outer_keys[0].uses
}

#[tokio::test]
async fn what_is_not_settled_opens_without_the_key_outside_the_store_after_a_restart_and_for_days() {
    let mut house = House::open().await;
    let (mut council, mut first) = (house.person(LEWISHAM).await, house.person(FIRST).await);
    let mut waiting = Vec::new();
    for _ in 0..4 {
        waiting.push(council.submit(submission(&narrative(1))).await.unwrap().referral_id);
        house.later(SignedDuration::from_hours(25));
        house.caretake().await;
    }
    assert_eq!(keys(&mut first).await.keys.len(), 5);
    for restart in [true, false] {
        if restart {
            house.reopen().await;
            first = house.person(FIRST).await;
        }
        for _ in 0..2 {
            let before = uses(&mut first).await;
            let mut officer = house.person(MPU).await;
            let taken = officer.pull("MPU.SE").await.unwrap();
            let mut read: Vec<_> = taken.iter().map(|taken| taken.header.referral_id.clone()).collect();
            read.retain(|id| waiting.contains(id));
            assert_eq!(read.len(), waiting.len());
            for one in &taken {
                officer.read(one, (Part::E, 0), "").await.unwrap();
            }
            assert_eq!(uses(&mut first).await, before, "openings asked for a key");
            // Turns with nobody reading: what nobody uses is gone after two.
            for _ in 0..3 {
                house.later(SignedDuration::from_hours(25));
                house.caretake().await;
            }
        }
    }
}

#[tokio::test]
async fn what_was_reserved_is_used_up_while_the_device_is_away_then_refused_whole_and_taken_when_it_is_back() {
    // 21 records are reserved at a time, and few are left below 5; each submission makes two.
    let mut house = House::open_wrapping(84).await;
    let council = house.person(LEWISHAM).await;
    let stored = async |house: &House| house.store().wraps(None, 1_000).await.unwrap().len();
    let one = || bytes(&request(submission(&narrative(1))));
    for _ in 0..6 {
        council.call(&referral("SubmitReferral"), one()).await.unwrap();
    }
    // The day of the key is over, and no other can be made.
    house.later(SignedDuration::from_hours(25));
    house.away.store(true, Ordering::Relaxed);
    let refused = loop {
        let before = (stored(&house).await, house.ledger_size().await);
        let sent = one();
        match council.call(&referral("SubmitReferral"), sent.clone()).await {
            Ok(_) => assert_eq!(stored(&house).await, before.0 + 2),
            Err(status) => {
                assert_eq!(why::<()>(Err(status)), (Code::Unavailable, "KEY_UNAVAILABLE".to_owned()));
                assert_eq!((stored(&house).await, house.ledger_size().await), before, "half accepted");
                break sent;
            }
        }
    };
    assert_eq!(stored(&house).await, 20, "one more than fits was reserved");
    let again = why(council.call(&referral("SubmitReferral"), refused.clone()).await);
    assert_eq!(again, (Code::Unavailable, "KEY_UNAVAILABLE".to_owned()));
    assert_eq!(house.person(MPU).await.pull("MPU.SE").await.unwrap().len(), 10, "who reads notices nothing");

    house.away.store(false, Ordering::Relaxed);
    council.call(&referral("SubmitReferral"), refused).await.unwrap();
    assert_eq!(stored(&house).await, 22);
    house.reopen().await;
    let taken = house.person(MPU).await.pull("MPU.SE").await.unwrap();
    assert_eq!(taken.len(), 1, "and it is at its desk");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_device_that_neither_answers_nor_refuses_stops_no_lease_from_ending_and_lets_no_submission_wait() {
    let house = House::open_wrapping(84).await;
    let council = house.person(LEWISHAM).await;
    let one = || bytes(&request(submission(&narrative(1))));
    for _ in 0..6 {
        council.call(&referral("SubmitReferral"), one()).await.unwrap();
    }
    let mut officer = house.person(MPU).await;
    let taken = officer.pull("MPU.SE").await.unwrap();
    // The day of the key is over, and so is the lease; whoever is asked for another key says nothing.
    house.hangs.store(true, Ordering::Relaxed);
    let (stop, stopping) = watch::channel(false);
    let keeping = tokio::spawn(house.lives().keep_house(stopping));
    house.later(SignedDuration::from_hours(25));
    let back = async {
        loop {
            house.later(SignedDuration::from_secs(6));
            let back = officer.pull("MPU.SE").await.unwrap();
            if !back.is_empty() {
                return back.len();
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    let given_up = || house.lives().alarms().names().contains(&"OUTER_KEY_UNAVAILABLE".to_owned());
    let back = timeout(PATIENCE, back).await.expect("leases end");
    assert!(!given_up(), "leases end before the device is given up");
    assert_eq!(back, taken.len());
    let refused = loop {
        let sent = one();
        let told = timeout(PATIENCE, council.call(&referral("SubmitReferral"), sent.clone())).await;
        if let Err(status) = told.expect("it waits for the device") {
            assert_eq!(why::<()>(Err(status)), (Code::Unavailable, "KEY_UNAVAILABLE".to_owned()));
            break sent;
        }
    };
    // What else the machine does takes time too: of three attempts one has to be refused before a device would be given up.
    let mut at_once = false;
    for _ in 0..3 {
        let asked = Instant::now();
        let again = council.call(&referral("SubmitReferral"), refused.clone()).await;
        assert_eq!(why(again), (Code::Unavailable, "KEY_UNAVAILABLE".to_owned()));
        at_once |= asked.elapsed() < Duration::from_secs(8);
    }
    assert!(at_once, "it waits for the device again");
    let alarmed = async {
        while !given_up() {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    timeout(PATIENCE, alarmed).await.expect("nobody is told");

    house.hangs.store(false, Ordering::Relaxed);
    let taken = async {
        while council.call(&referral("SubmitReferral"), refused.clone()).await.is_err() {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    timeout(PATIENCE, taken).await.expect("it answers again");
    stop.send_replace(true);
    keeping.await.unwrap();
}

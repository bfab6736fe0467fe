//! The main job: a council submits, officers act, the council hears.

use homeward::wire::pb;
use jiff::SignedDuration;
use tonic::Code;

use crate::{
    house::{BROMLEY, House, LEWISHAM, MASH, MPU, PROVIDER, REFDESK, RESOLVER, narrative},
    person::{Person, Refusal, completion, fresh, refusal, submission, why},
};

const N1_RECEIVED: &str = "2026-11-20T16:30:00Z";

fn destination<'a>(referral: &'a pb::Referral, queue: &str, of: &str) -> &'a pb::Destination {
    let found = referral.destinations.iter().find(|found| found.queue == queue && found.referral_id == of);
    found.unwrap_or_else(|| panic!("no destination {queue}"))
}

/// The last word of a state's name.
fn word(name: &'static str) -> &'static str {
    name.split("_STATE_").last().unwrap()
}

async fn state(council: &mut Person, id: &str, queue: &str) -> (&'static str, &'static str) {
    let referral = council.referral(id).await.unwrap();
    let state = destination(&referral, queue, id).state();
    (word(referral.state().as_str_name()), word(state.as_str_name()))
}

#[tokio::test]
async fn a_council_submits_an_officer_acts_and_the_council_hears() {
    let house = House::open_at(N1_RECEIVED).await;
    let (mut council, mut officer) = (house.person(LEWISHAM).await, house.person(MPU).await);
    let receipt = council.submit(submission(&narrative(1))).await.unwrap();
    assert_eq!((receipt.class.as_str(), receipt.digest.len(), receipt.commitment.len()), ("P1", 64, 32));
    let id = receipt.referral_id.clone();
    assert_eq!(state(&mut council, &id, "MPU.SE").await, ("RECEIVED", "RECEIVED"));

    let listed = officer.deliveries("MPU.SE").await.unwrap();
    assert_eq!(listed.len(), 1);
    assert_eq!((listed[0].referral_id.as_str(), listed[0].class.as_str(), listed[0].overdue), (&*id, "P1", false));
    assert_eq!(listed[0].received_time, receipt.received_time);
    house.later(SignedDuration::from_mins(3));
    let taken = officer.pull("MPU.SE").await.unwrap().remove(0);
    assert_eq!(taken.header.items.iter().map(|item| item.proposed.as_str()).collect::<Vec<_>>(), ["2A", "2C", "2A"]);
    assert_eq!(state(&mut council, &id, "MPU.SE").await, ("RECEIVED", "DELIVERED"));

    let early = why(officer.complete(&taken, "arrest").await);
    assert_eq!(early, (Code::FailedPrecondition, "OPEN_FIRST".to_owned()));
    house.later(SignedDuration::from_mins(2));
    let card = officer.open(&taken, (pb::Part::E, 0), "").await.unwrap();
    assert!(card.marking.starts_with("OFFICIAL-SENSITIVE"), "{}", card.marking);
    assert!(card.view.unwrap().fields.iter().any(|field| field.value.contains("Fennimore")));
    let item = officer.read(&taken, (pb::Part::B, 1), "").await.unwrap();
    assert!(item.contains("Marcus Dray") && item.contains("QQ19 KLM"), "{item}");
    assert!(!item.contains("Fennimore") && !item.contains("Ella"), "{item}");
    assert_eq!(state(&mut council, &id, "MPU.SE").await, ("IN_PROGRESS", "OPENED"));

    house.later(SignedDuration::from_mins(4));
    let mut settled = completion(&taken, "arrest");
    settled.note = "For the unit alone.".into();
    let settled = officer.queues.complete_delivery(settled).await.unwrap().into_inner();
    assert_eq!(settled.sender_wording, "acted on");
    let referral = council.referral(&id).await.unwrap();
    let leg = destination(&referral, "MPU.SE", &id);
    assert_eq!(
        (word(leg.state().as_str_name()), leg.outcome.as_str()),
        ("SETTLED", "acted on"),
        "an arrest is not told"
    );
    let times = [&leg.received_time, &leg.delivered_time, &leg.opened_time, &leg.outcome_time];
    let minutes: Vec<_> = times.iter().map(|time| time.as_ref().unwrap().seconds / 60).collect();
    assert_eq!(minutes.iter().map(|minute| minute - minutes[0]).collect::<Vec<_>>(), [0, 3, 5, 9]);
    assert_eq!(word(referral.state().as_str_name()), "IN_PROGRESS", "other destinations are still to come");
    assert!(officer.deliveries("MPU.SE").await.unwrap().is_empty());
}

#[tokio::test]
async fn the_sender_may_see_the_outcome_itself_where_the_unit_releases_it() {
    let house = House::open_at(N1_RECEIVED).await;
    let (mut council, mut officer) = (house.person(LEWISHAM).await, house.person(MPU).await);
    let id = council.submit(submission(&narrative(1))).await.unwrap().referral_id;
    let taken = officer.pull("MPU.SE").await.unwrap().remove(0);
    officer.open(&taken, (pb::Part::E, 0), "").await.unwrap();
    let mut settled = completion(&taken, "arrest");
    settled.release_detail = true;
    officer.queues.complete_delivery(settled).await.unwrap();
    let referral = council.referral(&id).await.unwrap();
    assert_eq!(destination(&referral, "MPU.SE", &id).outcome, "acted on (Arrest)");
}

#[tokio::test]
async fn outcomes_are_a_closed_list_and_no_further_action_needs_its_reason() {
    let house = House::open_at(N1_RECEIVED).await;
    let (mut council, mut officer) = (house.person(LEWISHAM).await, house.person(MPU).await);
    let id = council.submit(submission(&narrative(1))).await.unwrap().referral_id;
    let taken = officer.pull("MPU.SE").await.unwrap().remove(0);
    officer.open(&taken, (pb::Part::E, 0), "").await.unwrap();
    let fields =
        |refused: Refusal| (refused.code, refused.fields.into_iter().map(|(name, _)| name).collect::<Vec<_>>());
    let wrong = fields(refusal(officer.complete(&taken, "s47_enquiry").await));
    assert_eq!(wrong, (Code::InvalidArgument, vec!["outcome".to_owned()]), "a council's outcome");
    let wrong = fields(refusal(officer.complete(&taken, "no_further_action").await));
    assert_eq!(wrong, (Code::InvalidArgument, vec!["reason_code".to_owned()]));
    let advice = refusal(officer.complete(&taken, "no_further_action").await).fields.remove(0).1;
    let code = advice.strip_prefix("choose one of ").unwrap().split(", ").next().unwrap().to_owned();
    let mut settled = completion(&taken, "no_further_action");
    settled.reason_code = code;
    officer.queues.complete_delivery(settled).await.unwrap();
    let referral = council.referral(&id).await.unwrap();
    let outcome = &destination(&referral, "MPU.SE", &id).outcome;
    assert!(outcome.starts_with("no further action: "), "{outcome}");
    let queue =
        officer.queues.list_queues(pb::ListQueuesRequest::default()).await.unwrap().into_inner().queues.remove(0);
    assert_eq!((queue.queue.as_str(), queue.waiting_count, queue.unopened_count), ("MPU.SE", 0, 0));
    assert!(queue.outcomes.contains(&"arrest".to_owned()) && !queue.outcomes.contains(&"s47_enquiry".to_owned()));
}

#[tokio::test]
async fn the_front_door_reads_the_mash_view() {
    let house = House::open_at(N1_RECEIVED).await;
    let (mut council, mut mash) = (house.person(LEWISHAM).await, house.person(MASH).await);
    let id = council.submit(submission(&narrative(1))).await.unwrap().referral_id;
    let taken = mash.pull("MASH.E09000023").await.unwrap();
    let own = taken.iter().find(|taken| taken.header.referral_id == id).unwrap();
    let opened = mash.open(own, (pb::Part::B, 1), "").await.unwrap().view.unwrap();
    assert_eq!(opened.audience, "mash");
    let item = mash.read(own, (pb::Part::B, 1), "").await.unwrap();
    assert!(item.contains("Marcus Dray"), "{item}");
    for masked in ["07700 900142", "QQ19 KLM", "example.mdray_studio"] {
        assert!(!item.contains(masked), "the mash view masks {masked}: {item}");
    }
    let narrative = mash.read(own, (pb::Part::C, 0), "").await.unwrap();
    assert!(narrative.contains("Ella-Mae"), "{narrative}");
}

#[tokio::test]
async fn a_linked_record_has_its_own_id_and_its_sender_sees_only_that_it_exists() {
    let house = House::open_at(N1_RECEIVED).await;
    let (mut council, mut mash) = (house.person(LEWISHAM).await, house.person(MASH).await);
    let receipt = council.submit(submission(&narrative(1))).await.unwrap();
    let id = receipt.referral_id.clone();
    let [linked] = receipt.linked_referral_ids.as_slice() else { panic!("one linked child") };
    assert_ne!(*linked, id);
    let referral = council.referral(&id).await.unwrap();
    let leg = destination(&referral, "MASH.E09000023", linked);
    assert_eq!(word(leg.state().as_str_name()), "RECEIVED");
    let taken = mash.pull("MASH.E09000023").await.unwrap();
    let jas = taken.iter().find(|taken| taken.header.referral_id == *linked).unwrap();
    assert_eq!(jas.header.linked_from, id);
    let referral = council.referral(&id).await.unwrap();
    assert_eq!(word(destination(&referral, "MASH.E09000023", linked).state().as_str_name()), "DELIVERED");
    assert_eq!(refusal(council.referral(linked).await).code, Code::NotFound);
    let listed = council.referrals.list_referrals(pb::ListReferralsRequest::default()).await.unwrap().into_inner();
    let listed: Vec<_> =
        listed.referrals.iter().map(|found| found.receipt.as_ref().unwrap().referral_id.as_str()).collect();
    assert_eq!(listed, [id.as_str()]);
}

#[tokio::test]
async fn another_councils_referral_and_one_that_never_was_look_alike() {
    let house = House::open_at(N1_RECEIVED).await;
    let (mut council, mut other) = (house.person(LEWISHAM).await, house.person(BROMLEY).await);
    let id = council.submit(submission(&narrative(1))).await.unwrap().referral_id;
    let mut foreign = refusal(other.referral(&id).await);
    let mut unknown = refusal(other.referral(&fresh()).await);
    assert_eq!((foreign.code, unknown.code), (Code::NotFound, Code::NotFound));
    for refused in [&mut foreign, &mut unknown] {
        let words = refused.status.message().to_owned();
        refused.reason.push_str(words.split(" (reference").next().unwrap());
    }
    assert_eq!((foreign.reason, foreign.fields), (unknown.reason, unknown.fields));
    let listed = other.referrals.list_referrals(pb::ListReferralsRequest::default()).await.unwrap().into_inner();
    assert!(listed.referrals.is_empty());
}

#[tokio::test]
async fn what_is_on_hold_is_pulled_by_a_person_and_resolved_to_a_named_queue() {
    let house = House::open_at(N1_RECEIVED).await;
    let (mut council, mut resolver) = (house.person(LEWISHAM).await, house.person(RESOLVER).await);
    let receipt = council.submit(submission(&narrative(1))).await.unwrap();
    let taken = resolver.pull("HOLD.human").await.unwrap().remove(0);
    let held = taken.header.held.clone().unwrap();
    assert_eq!(held.reason, "geography_unknown");
    assert_eq!(taken.header.referral_id, receipt.linked_referral_ids[0]);
    let ask = |queue: &str| pb::ResolveHeldRequest {
        request_id: fresh(),
        delivery_id: taken.id.clone(),
        lease_token: taken.token.clone(),
        to_queue: queue.to_owned(),
        reason: "The school confirmed where she lives.".into(),
    };
    let nowhere = refusal(resolver.queues.resolve_held(ask("MASH.E09999999")).await);
    assert_eq!((nowhere.code, nowhere.field_names()), (Code::InvalidArgument, vec!["to_queue"]));
    let first = ask("REFDESK.SE");
    let resolved = resolver.queues.resolve_held(first.clone()).await.unwrap().into_inner();
    assert_eq!(word(resolved.delivery.as_ref().unwrap().state().as_str_name()), "RESOLVED");
    let again = resolver.queues.resolve_held(first).await.unwrap().into_inner();
    assert!(again == resolved, "a replay is the first answer");
    let mut desk = house.person(REFDESK).await;
    let listed = desk.deliveries("REFDESK.SE").await.unwrap();
    let made = listed.iter().find(|found| found.delivery_id == resolved.created_delivery_ids[0]).unwrap();
    assert_eq!((made.held.is_none(), made.class.as_str(), made.provisional), (true, "P1", false));
    assert!(resolver.deliveries("HOLD.human").await.unwrap().is_empty());
    let twice = why(resolver.queues.resolve_held(ask("MPU.SE")).await);
    assert_eq!(twice, (Code::FailedPrecondition, "LEASE_LOST".to_owned()));
}

/// Takes from a watch until `enough` says so.
async fn watched(
    council: &mut Person,
    resume: &str,
    mut enough: impl FnMut(&[pb::WatchReferralsResponse]) -> bool,
) -> Vec<pb::WatchReferralsResponse> {
    let asked = pb::WatchReferralsRequest { resume_token: resume.to_owned(), on_behalf_of: String::new() };
    let mut stream = council.referrals.watch_referrals(asked).await.unwrap().into_inner();
    let mut seen = Vec::new();
    while !enough(&seen) {
        let next = tokio::time::timeout(std::time::Duration::from_secs(20), stream.message()).await;
        seen.push(next.expect("the watch fell silent").unwrap().unwrap());
    }
    seen
}

#[tokio::test]
async fn a_watch_tells_every_step_at_least_once_and_goes_on_from_a_token() {
    let house = House::open_at(N1_RECEIVED).await;
    let (mut council, mut officer) = (house.person(LEWISHAM).await, house.person(MPU).await);
    let mut watcher = council.clone();
    let asked = pb::WatchReferralsRequest::default();
    let mut stream = watcher.referrals.watch_referrals(asked).await.unwrap().into_inner();
    let id = council.submit(submission(&narrative(1))).await.unwrap().referral_id;
    let first = stream.message().await.unwrap().unwrap();
    assert_eq!((first.referral_id.as_str(), first.sender_reference.as_str()), (&*id, "LEW-RHI-0117"));
    drop(stream);

    // While nobody listens, everything happens.
    let taken = officer.pull("MPU.SE").await.unwrap().remove(0);
    officer.open(&taken, (pb::Part::E, 0), "").await.unwrap();
    officer.complete(&taken, "recorded").await.unwrap();
    let settled = |seen: &[pb::WatchReferralsResponse]| {
        let last = seen.last().and_then(|seen| seen.destination.as_ref());
        last.is_some_and(|leg| leg.queue == "MPU.SE" && leg.outcome_time.is_some())
    };
    let seen = watched(&mut council, &first.resume_token, settled).await;
    assert!(seen.iter().all(|seen| seen.referral_id == id && seen.resume_token.len() <= 512));
    let last = seen.last().unwrap().destination.as_ref().unwrap();
    assert_eq!(last.outcome, "recorded");
    // From the same token again: the same, for a reader who lost it all.
    let again = watched(&mut council, &first.resume_token, settled).await;
    assert!(again == seen);
    let mut other = house.person(BROMLEY).await;
    let asked = pb::WatchReferralsRequest { resume_token: "0".into(), on_behalf_of: String::new() };
    let mut stream = other.referrals.watch_referrals(asked).await.unwrap().into_inner();
    let nothing = tokio::time::timeout(std::time::Duration::from_millis(300), stream.message()).await;
    assert!(nothing.is_err(), "nothing of another council's is told");
}

#[tokio::test]
async fn a_watch_that_breaks_off_within_one_pull_misses_nothing_of_it() {
    let house = House::open_at(N1_RECEIVED).await;
    let (mut council, mut mash) = (house.person(LEWISHAM).await, house.person(MASH).await);
    council.submit(submission(&narrative(1))).await.unwrap();
    let first = watched(&mut council, "0", |seen| !seen.is_empty()).await.remove(0);
    // The child's own delivery and the linked child's, in one pull.
    assert_eq!(mash.pull("MASH.E09000023").await.unwrap().len(), 2);
    let delivered = watched(&mut council, &first.resume_token, |seen| seen.len() == 2).await;
    let ids = |seen: &[pb::WatchReferralsResponse]| {
        let ids = seen.iter().filter_map(|seen| seen.destination.as_ref()).map(|leg| leg.delivery_id.clone());
        ids.collect::<std::collections::BTreeSet<_>>()
    };
    assert_eq!(ids(&delivered).len(), 2);
    let mut officer = house.person(MPU).await;
    officer.pull("MPU.SE").await.unwrap();
    let again = watched(&mut council, &delivered[0].resume_token, |seen| {
        seen.iter().any(|seen| seen.destination.as_ref().is_some_and(|leg| leg.queue == "MPU.SE"))
    })
    .await;
    assert!(ids(&again).contains(&delivered[1].destination.as_ref().unwrap().delivery_id), "the second is told again");
    let after = watched(&mut council, &delivered[1].resume_token, |seen| !seen.is_empty()).await;
    assert_eq!(after[0].destination.as_ref().unwrap().queue, "MPU.SE", "and nothing is told for ever");
}

#[tokio::test]
async fn a_filter_is_checked_like_any_on_behalf_of_and_a_token_from_elsewhere_is_refused() {
    let house = House::open_at(N1_RECEIVED).await;
    let mut council = house.person(LEWISHAM).await;
    council.submit(submission(&narrative(1))).await.unwrap();
    for (filter, code) in [("E09000006", Code::PermissionDenied), ("Lewisham", Code::InvalidArgument)] {
        let asked = pb::ListReferralsRequest { on_behalf_of: filter.into(), ..Default::default() };
        assert_eq!(refusal(council.referrals.list_referrals(asked).await).code, code, "{filter}");
        let asked = pb::WatchReferralsRequest { on_behalf_of: filter.into(), ..Default::default() };
        assert_eq!(refusal(council.referrals.watch_referrals(asked).await).code, code, "{filter}");
    }
    let asked = pb::ListReferralsRequest { on_behalf_of: "E09000023".into(), ..Default::default() };
    assert_eq!(council.referrals.list_referrals(asked).await.unwrap().into_inner().referrals.len(), 1);
    for token in ["99999999", "-1", "x", "18446744073709551616"] {
        let asked = pb::WatchReferralsRequest { resume_token: token.into(), ..Default::default() };
        let refused = refusal(council.referrals.watch_referrals(asked).await);
        assert_eq!((refused.code, refused.field_names()), (Code::InvalidArgument, vec!["resume_token"]), "{token}");
    }
}

#[tokio::test]
async fn a_preview_says_what_a_submission_would_and_stores_nothing() {
    let house = House::open_at(N1_RECEIVED).await;
    let mut council = house.person(LEWISHAM).await;
    let asked = pb::PreviewReferralRequest { submission: Some(submission(&narrative(1))) };
    let previewed = council.referrals.preview_referral(asked).await.unwrap().into_inner().explanation.unwrap();
    assert_eq!(house.ledger_size().await, 0);
    let listed = council.referrals.list_referrals(pb::ListReferralsRequest::default()).await.unwrap().into_inner();
    assert!(listed.referrals.is_empty());
    let receipt = council.submit(submission(&narrative(1))).await.unwrap();
    assert_eq!(
        (&previewed.class, &previewed.rules, &previewed.flags),
        (&receipt.class, &receipt.rules, &receipt.flags)
    );
    let told: std::collections::BTreeSet<_> = previewed.legs.iter().map(|leg| &leg.queue).collect();
    assert_eq!(told, receipt.legs.iter().map(|leg| &leg.queue).collect());
    let views = previewed.views.unwrap();
    assert!(views.mash.iter().any(|view| view.part == "C" && view.audience == "mash"));
    assert!(views.none.iter().all(|view| view.part != "O"), "the sender has it already");
}

#[tokio::test]
async fn naming_a_childs_council_sends_her_record_to_its_police_and_at_night_to_its_duty_team() {
    let house = House::open_at(N1_RECEIVED).await;
    let (mut council, mut resolver) = (house.person(LEWISHAM).await, house.person(RESOLVER).await);
    council.submit(submission(&narrative(1))).await.unwrap();
    house.clock.set("2026-11-20T22:00:00Z".parse().unwrap());
    let taken = resolver.pull("HOLD.human").await.unwrap().remove(0);
    let units: Vec<_> = taken.header.openable.iter().map(|unit| (unit.part(), unit.item)).collect();
    assert!(units == [(pb::Part::B, 2), (pb::Part::E, 0)], "one view of the item, and the card");
    let ask = pb::ResolveHeldRequest {
        request_id: fresh(),
        delivery_id: taken.id.clone(),
        lease_token: taken.token.clone(),
        to_queue: "MASH.E09000010".into(),
        reason: "The school knows where she lives.".into(),
    };
    let resolved = resolver.queues.resolve_held(ask.clone()).await.unwrap().into_inner();
    assert_eq!(resolved.delivery.as_ref().unwrap().outcome, "MASH.E09000010 REFDESK.NA EDT.E09000010");
    assert_eq!(resolved.created_delivery_ids.len(), 3);
    house.clock.set("2026-11-23T10:00:00Z".parse().unwrap());
    let again = resolver.queues.resolve_held(ask).await.unwrap().into_inner();
    assert!(again == resolved, "a replay is the first answer, also when the office is open again");
}

#[tokio::test]
async fn a_council_follows_what_its_provider_submitted_for_it_and_no_other_council_does() {
    let house = House::open_at(N1_RECEIVED).await;
    let (mut provider, mut council) = (house.person(PROVIDER).await, house.person(LEWISHAM).await);
    let mut other = house.person(BROMLEY).await;
    let id = provider.submit(submission(&narrative(1))).await.unwrap().referral_id;
    house.person(MPU).await.pull("MPU.SE").await.unwrap();
    for follower in [&mut provider, &mut council] {
        let listed = follower.referrals.list_referrals(pb::ListReferralsRequest::default()).await.unwrap().into_inner();
        let ids: Vec<_> =
            listed.referrals.iter().map(|found| found.receipt.as_ref().unwrap().referral_id.as_str()).collect();
        assert_eq!(ids, [id.as_str()]);
        let seen = watched(follower, "0", |seen| seen.len() == 2).await;
        let events: Vec<_> = seen.iter().map(|message| word(message.event().as_str_name())).collect();
        assert_eq!(events, ["REFERRAL_EVENT_RECEIVED", "REFERRAL_EVENT_DELIVERED"]);
        assert!(seen.iter().all(|message| message.referral_id == id));
    }
    let listed = other.referrals.list_referrals(pb::ListReferralsRequest::default()).await.unwrap().into_inner();
    assert!(listed.referrals.is_empty());
}

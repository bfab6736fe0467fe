//! Prompts with a date (R06, R12): every unit that has one sees the same of it, and so does the sender; it outlives its deliveries, nobody
//! overwrites another, and what is late is told of once.

use homeward::{ledger::Verb, wire::pb};
use jiff::SignedDuration;
use tonic::{Code, Status};

use crate::{
    accused::about,
    house::{BROMLEY, House, LEWISHAM, MASH, MPU, MPU_TOO, REFDESK, RESOLVER, SUPERVISOR, narrative},
    person::{Person, bytes, fresh, refusal, submission, why},
};

const CUSTODIAN: &str = "operator/key_custodian/k1";

/// Narrative 1, of a child at high risk who is trafficked, or a submission like it.
fn with_prompts(mut draft: pb::Submission) -> pb::Submission {
    draft.episode.as_mut().unwrap().risk = pb::RiskLevel::High.into();
    // What is said of another child is that one's.
    for item in draft.items.iter_mut().filter(|item| item.about.is_empty()) {
        item.codes.push(pb::HarmCode::Msht.into());
    }
    draft.answers.as_mut().unwrap().codes.push(pb::HarmCode::Msht.into());
    draft
}

fn both() -> pb::Submission {
    with_prompts(submission(&narrative(1)))
}

async fn list(officer: &mut Person, queue: &str, ended: bool) -> Vec<pb::TrackedPrompt> {
    let asked = pb::ListPromptsRequest { queue: queue.into(), ended, ..Default::default() };
    officer.queues.list_prompts(asked).await.unwrap().into_inner().prompts
}

/// A prompt of this kind among what is to be done.
async fn open(officer: &mut Person, queue: &str, kind: &str) -> pb::TrackedPrompt {
    list(officer, queue, false).await.into_iter().find(|prompt| prompt.kind == kind).unwrap()
}

fn marking(queue: &str, prompt: &pb::TrackedPrompt) -> pb::MarkPromptRequest {
    pb::MarkPromptRequest {
        request_id: fresh(),
        queue: queue.into(),
        referral_id: prompt.referral_id.clone(),
        kind: prompt.kind.clone(),
        version: prompt.version,
        ..Default::default()
    }
}

fn owning(queue: &str, prompt: &pb::TrackedPrompt, owner: &str) -> pb::MarkPromptRequest {
    pb::MarkPromptRequest { owner_queue: owner.into(), owner_role: "mash_officer".into(), ..marking(queue, prompt) }
}

fn ending(queue: &str, prompt: &pb::TrackedPrompt, outcome: &str, reason: &str) -> pb::MarkPromptRequest {
    pb::MarkPromptRequest { outcome: outcome.into(), reason_code: reason.into(), ..marking(queue, prompt) }
}

async fn mark(officer: &mut Person, request: pb::MarkPromptRequest) -> Result<pb::TrackedPrompt, Status> {
    Ok(officer.queues.mark_prompt(request).await?.into_inner().prompt.unwrap())
}

async fn seen(council: &mut Person, referral: &str, kind: &str) -> pb::TrackedPrompt {
    let seen = council.referral(referral).await.unwrap();
    seen.prompts.into_iter().find(|prompt| prompt.kind == kind && prompt.referral_id == referral).unwrap()
}

/// The events about prompts that a council is told, up to so many.
async fn told(council: &mut Person, most: usize) -> Vec<(pb::ReferralEvent, pb::TrackedPrompt)> {
    let asked = pb::WatchReferralsRequest { resume_token: "0".into(), on_behalf_of: String::new() };
    let mut watch = council.referrals.watch_referrals(asked).await.unwrap().into_inner();
    let mut told = Vec::new();
    while told.len() < most {
        let message = watch.message().await.unwrap().unwrap();
        assert!(message.prompt.is_none() || message.destination.is_none());
        let event = message.event();
        told.extend(message.prompt.map(|prompt| (event, prompt)));
    }
    told
}

async fn the_ledger_has_each(house: &House, referral: &str) {
    let entries = house.ledger().await;
    let marks: Vec<_> = entries.iter().filter(|entry| entry.action == "MARK_PROMPT").collect();
    assert!(marks.iter().all(|entry| entry.verb == Verb::Alteration && entry.record.unwrap().to_string() == referral));
    let details: Vec<_> = marks.iter().map(|entry| entry.details.join(" ")).collect();
    assert_eq!(
        details,
        [
            "prompt=NRM owner=MASH.E09000023 owner_role=mash_officer",
            "prompt=NRM outcome=NOT_REFERRED reason=OTHERS_ACTING",
            "prompt=STRATEGY outcome=HELD",
        ]
    );
}

#[tokio::test]
async fn what_one_unit_says_of_a_prompt_all_who_have_it_see_and_so_does_the_sender() {
    let house = House::open().await;
    let mut council = house.person(LEWISHAM).await;
    let referral = council.submit(both()).await.unwrap().referral_id;
    let (mut mpu, mut mash) = (house.person(MPU).await, house.person(MASH).await);
    let listed = list(&mut mpu, "MPU.SE", false).await;
    let shown = |one: &pb::TrackedPrompt| (one.kind.clone(), one.rule.clone(), one.state().as_str_name(), one.version);
    let open_now = pb::PromptState::Open.as_str_name();
    let expected = [("NRM", "R06"), ("STRATEGY", "R12")].map(|(kind, rule)| (kind.into(), rule.into(), open_now, 1));
    assert_eq!(listed.iter().map(shown).collect::<Vec<_>>(), expected, "what is due first is first");
    let nrm = &listed[0];
    assert!(
        nrm.queues.iter().any(|queue| queue == "MASH.E09000023") && nrm.queues.iter().any(|queue| queue == "MPU.SE")
    );
    assert!(!nrm.queues.iter().any(|queue| queue.starts_with("EDT") || queue.starts_with("HOLD")));
    for prompt in &listed {
        let text = String::from_utf8_lossy(&bytes(prompt)).into_owned();
        assert!(!text.contains("Fennimore") && !text.contains("Ella"), "no name: {text}");
    }

    // The MPU says who; the MASH reads it, on its list and on its delivery, and so does the council.
    let request = owning("MPU.SE", nrm, "MASH.E09000023");
    let marked = mark(&mut mpu, request.clone()).await.unwrap();
    assert!(mark(&mut mpu, request.clone()).await.unwrap() == marked, "as the first time");
    let other = pb::MarkPromptRequest { owner_role: String::new(), ..request };
    assert_eq!(why(mark(&mut mpu, other).await), (Code::AlreadyExists, "REQUEST_ID_REUSED".into()));
    let at_mash = open(&mut mash, "MASH.E09000023", "NRM").await;
    assert!(at_mash.owner == marked.owner);
    let owner = marked.owner.clone().unwrap();
    assert!(owner.queue == "MASH.E09000023" && owner.role == "mash_officer" && owner.by.ends_with("/mpu_officer/p123"));
    let headers = mash.deliveries("MASH.E09000023").await.unwrap();
    let header = headers.iter().find(|one| one.delivery_id == at_mash.delivery_id).unwrap();
    let tracked = header.tracked_prompts.iter().find(|prompt| prompt.kind == "NRM").unwrap();
    assert!(tracked.owner == marked.owner && tracked.version == 2);
    let by_sender = seen(&mut council, &referral, "NRM").await;
    let owner = by_sender.owner.unwrap();
    assert!(owner.queue == "MASH.E09000023" && owner.by.is_empty() && by_sender.version == 0);
}

#[tokio::test]
async fn nobody_overwrites_another_and_how_it_ended_is_told_to_the_sender_in_its_own_words() {
    let mut house = House::open().await;
    let mut council = house.person(LEWISHAM).await;
    let referral = council.submit(both()).await.unwrap().referral_id;
    let (mut mpu, mut mash) = (house.person(MPU).await, house.person(MASH).await);
    let first = open(&mut mpu, "MPU.SE", "NRM").await;
    mark(&mut mpu, owning("MPU.SE", &first, "MASH.E09000023")).await.unwrap();
    let stale = ending("MASH.E09000023", &first, "REFERRED", "");
    assert_eq!(why(mark(&mut mash, stale).await), (Code::FailedPrecondition, "CHANGED_MEANWHILE".into()));
    let second = open(&mut mash, "MASH.E09000023", "NRM").await;
    let not = ending("MASH.E09000023", &second, "NOT_REFERRED", "OTHERS_ACTING");
    mark(&mut mash, not.clone()).await.unwrap();
    let strategy = open(&mut mash, "MASH.E09000023", "STRATEGY").await;
    mark(&mut mash, ending("MASH.E09000023", &strategy, "HELD", "")).await.unwrap();
    house.reopen().await;
    (council, mpu, mash) = (house.person(LEWISHAM).await, house.person(MPU).await, house.person(MASH).await);
    let again = mark(&mut mash, not).await.unwrap();
    assert_eq!(again.version, 3, "after a restart, too");
    assert!(list(&mut mpu, "MPU.SE", false).await.is_empty());
    let ended = list(&mut mpu, "MPU.SE", true).await;
    let how = |kind: &str| ended.iter().find(|one| one.kind == kind).unwrap().end.clone().unwrap();
    assert_eq!((how("NRM").outcome, how("NRM").reason_code), ("NOT_REFERRED".into(), "OTHERS_ACTING".into()));
    assert_eq!(how("STRATEGY").outcome, "HELD");
    let late = ending("MPU.SE", &again, "REFERRED", "");
    assert_eq!(why(mark(&mut mpu, late).await).1, "PROMPT_ENDED");
    let end = seen(&mut council, &referral, "NRM").await.end.unwrap();
    assert_eq!(end.wording, "no further action: others are acting on it");
    assert!(end.outcome.is_empty() && end.reason_code.is_empty() && end.by.is_empty(), "what was done is the unit's");
    let events: Vec<_> =
        told(&mut council, 3).await.into_iter().map(|(event, prompt)| (event.as_str_name(), prompt.kind)).collect();
    let expected = [
        ("REFERRAL_EVENT_PROMPT_OWNED", "NRM".to_owned()),
        ("REFERRAL_EVENT_PROMPT_ENDED", "NRM".to_owned()),
        ("REFERRAL_EVENT_PROMPT_ENDED", "STRATEGY".to_owned()),
    ];
    assert_eq!(events, expected, "each once");
    the_ledger_has_each(&house, &referral).await;
}

#[tokio::test]
async fn every_fault_of_a_mark_is_named_and_anothers_prompt_is_as_one_that_is_not_there() {
    let house = House::open().await;
    let (mut council, mut neighbour) = (house.person(LEWISHAM).await, house.person(BROMLEY).await);
    council.submit(both()).await.unwrap();
    let theirs = with_prompts(submission(&narrative(1).replace("E09000023", "E09000006")));
    let theirs = neighbour.submit(theirs).await.unwrap().referral_id;
    let mut mpu = house.person(MPU).await;
    let wrong = pb::MarkPromptRequest { owner_role: "typist".into(), outcome: "HELD".into(), ..Default::default() };
    let fields = refusal(mark(&mut mpu, wrong).await);
    assert_eq!(fields.code, Code::InvalidArgument);
    let named = ["request_id", "queue", "referral_id", "kind", "version", "owner_queue", "outcome"];
    assert_eq!(fields.field_names(), named);
    let nrm = open(&mut mpu, "MPU.SE", "NRM").await;
    for (request, field) in [
        (marking("MPU.SE", &nrm), "outcome"),
        (ending("MPU.SE", &nrm, "HELD", ""), "outcome"),
        (ending("MPU.SE", &nrm, "RECALLED", ""), "outcome"),
        (ending("MPU.SE", &nrm, "NOT_REFERRED", ""), "reason_code"),
        (ending("MPU.SE", &nrm, "NOT_REFERRED", "BUSY"), "reason_code"),
        (ending("MPU.SE", &nrm, "REFERRED", "OTHERS_ACTING"), "reason_code"),
        (owning("MPU.SE", &nrm, "MPU.NE"), "owner_queue"),
        (owning("MPU.SE", &nrm, "nobody"), "owner_queue"),
        (pb::MarkPromptRequest { owner_role: "auditor".into(), ..owning("MPU.SE", &nrm, "MPU.SE") }, "owner_role"),
    ] {
        let refused = refusal(mark(&mut mpu, request).await);
        assert!(refused.code == Code::InvalidArgument && refused.names(field), "{field}: {:?}", refused.fields);
    }
    let elsewhere = |referral: &str| pb::TrackedPrompt { referral_id: referral.into(), ..nrm.clone() };
    for nowhere in [theirs.as_str(), &fresh()] {
        let refused = why(mark(&mut mpu, ending("MPU.SE", &elsewhere(nowhere), "REFERRED", "")).await);
        assert_eq!(refused.0, Code::NotFound, "{nowhere}");
    }
    let refused = why(mark(&mut mpu, ending("MASH.E09000023", &nrm, "REFERRED", "")).await);
    assert_eq!(refused, (Code::PermissionDenied, "QUEUE_NOT_GRANTED".into()));
    // A supervisor sees what is not done, and does nothing about it here.
    let mut supervisor = house.person(SUPERVISOR).await;
    assert_eq!(list(&mut supervisor, "MPU.SE", false).await.len(), 2);
    let refused = why(mark(&mut supervisor, ending("MPU.SE", &nrm, "REFERRED", "")).await);
    assert_eq!(refused, (Code::PermissionDenied, "METHOD_NOT_GRANTED".into()));
    assert!(open(&mut mpu, "MPU.SE", "NRM").await == nrm, "nothing of this has changed anything");
}

#[tokio::test]
async fn what_is_late_is_told_of_once_by_every_replica_together_and_what_came_late_is_not() {
    let mut house = House::open().await;
    house.replica().await;
    let mut council = house.person(LEWISHAM).await;
    let referral = council.submit(both()).await.unwrap().referral_id;
    let mut mpu = house.person(MPU).await;
    let due = open(&mut mpu, "MPU.SE", "NRM").await.due_time.unwrap().seconds;
    house.later(SignedDuration::from_secs(due - house.clock_seconds()));
    house.caretake_everywhere().await;
    let at_its_date = open(&mut mpu, "MPU.SE", "NRM").await.state();
    assert!(at_its_date == pb::PromptState::Open, "late is after, not at");
    house.later(SignedDuration::from_secs(1));
    for _ in 0..3 {
        house.caretake_everywhere().await;
    }
    let late = open(&mut mpu, "MPU.SE", "NRM").await;
    assert!(late.state() == pb::PromptState::Overdue && late.late_time.is_some() && late.version == 1);
    let state = seen(&mut council, &referral, "NRM").await.state();
    assert!(state == pb::PromptState::Overdue);
    // One that is overdue when it comes is so at once, and no news.
    let mut old = both();
    old.items.iter_mut().for_each(|item| item.codes.retain(|code| *code != i32::from(pb::HarmCode::Msht)));
    old.answers.as_mut().unwrap().codes.retain(|code| *code != i32::from(pb::HarmCode::Msht));
    let episode = old.episode.as_mut().unwrap();
    let before = |time: &mut Option<prost_types::Timestamp>| time.iter_mut().for_each(|at| at.seconds -= 6 * 86_400);
    before(&mut episode.started);
    before(&mut episode.returned);
    let old = council.submit(old).await.unwrap().referral_id;
    house.caretake_everywhere().await;
    let first = list(&mut mpu, "MPU.SE", false).await.remove(0);
    assert!(first.referral_id == old && first.state() == pb::PromptState::Overdue && first.kind == "STRATEGY");
    let entries = house.ledger().await;
    let late: Vec<_> = entries.iter().filter(|entry| entry.action == "PROMPT_LATE").collect();
    assert_eq!(late.len(), 1, "once, and not of what was late on arrival");
    assert_eq!((late[0].who.as_str(), late[0].details.join(" ")), ("", "prompt=NRM rule=R06".to_owned()));
    assert!(told(&mut council, 1).await[0].0 == pb::ReferralEvent::PromptLate);
}

#[tokio::test]
async fn completing_a_delivery_ends_no_prompt_and_its_record_is_not_erased_before() {
    let house = House::open().await;
    let mut council = house.person(LEWISHAM).await;
    let referral = council.submit(both()).await.unwrap().referral_id;
    house.person(RESOLVER).await.resolve_all("MASH.E09000023").await;
    for queue in ["MASH.E09000023", "EDT.E09000023"] {
        house.person(MASH).await.settle_all(queue, "early_help").await;
    }
    let mut mpu = house.person(MPU).await;
    mpu.settle_all("MPU.SE", "recorded").await;
    house.person(REFDESK).await.settle_all("REFDESK.SE", "recorded").await;
    let mut custodian = house.person(CUSTODIAN).await;
    let erasing = || pb::EraseReferralRequest {
        request_id: fresh(),
        referral_id: referral.clone(),
        reason: "retention_over".into(),
    };
    assert_eq!(why(custodian.admin.erase_referral(erasing()).await).1, "PROMPT_OPEN");
    let left = list(&mut mpu, "MPU.SE", false).await;
    assert_eq!(left.len(), 2, "on the list all the same");
    for prompt in &left {
        let outcome = if prompt.kind == "NRM" { "REFERRED" } else { "HELD" };
        mark(&mut mpu, ending("MPU.SE", prompt, outcome, "")).await.unwrap();
    }
    custodian.admin.erase_referral(erasing()).await.unwrap();
}

#[tokio::test]
async fn whoever_is_accused_and_people_of_their_queue_never_see_it() {
    let house = House::open().await;
    house.person(LEWISHAM).await.submit(with_prompts(about(MPU, ""))).await.unwrap();
    let (mut accused, mut colleague) = (house.person(MPU).await, house.person(MPU_TOO).await);
    let nrm = open(&mut colleague, "MPU.SE", "NRM").await;
    assert!(list(&mut accused, "MPU.SE", false).await.is_empty());
    let refused = why(mark(&mut accused, ending("MPU.SE", &nrm, "REFERRED", "")).await);
    assert_eq!(refused.0, Code::NotFound, "as if there were none");
    mark(&mut colleague, ending("MPU.SE", &nrm, "REFERRED", "")).await.unwrap();
    assert!(list(&mut accused, "MPU.SE", true).await.is_empty());

    let house = House::open().await;
    house.person(LEWISHAM).await.submit(with_prompts(about("met/SE/mpu_officer/p900", "MPU.SE"))).await.unwrap();
    let (mut officer, mut mash) = (house.person(MPU).await, house.person(MASH).await);
    let elsewhere = open(&mut mash, "MASH.E09000023", "NRM").await;
    assert!(!elsewhere.queues.iter().any(|queue| queue == "MPU.SE"), "{:?}", elsewhere.queues);
    assert!(list(&mut officer, "MPU.SE", false).await.is_empty());
    let refused = why(mark(&mut officer, ending("MPU.SE", &elsewhere, "REFERRED", "")).await);
    assert_eq!(refused.0, Code::NotFound);
    let asked = owning("MASH.E09000023", &elsewhere, "MPU.SE");
    assert!(refusal(mark(&mut mash, asked).await).names("owner_queue"), "nor does anybody make it theirs");
}

//! A policy over the wire: checked, proposed by one, approved by another, in force on every replica and after a restart; what
//! was decided before stays under what decided it.

use std::time::Duration;

use homeward::{
    broker::fingerprint,
    reference::{FileSet, LARGEST_SET},
    store::{Amendment, Change, Document, Expect, Shelf},
    wire::pb::{self, approve_proposal_response::Effect},
};
use jiff::SignedDuration;
use tonic::{Code, Status};

use crate::{
    PATIENCE,
    house::{House, LEWISHAM, narrative},
    person::{Person, fresh, refusal, submission},
};

pub(crate) const FIRST: &str = "operator/policy_admin/p1";
pub(crate) const SECOND: &str = "operator/policy_admin/p2";
pub(crate) const RULES: &str = "rules/2026-11-3.toml";

pub(crate) type Set = Vec<(String, String)>;

pub(crate) fn shipped() -> Set {
    FileSet::embedded().iter().map(|(name, text)| (name.to_owned(), text.to_owned())).collect()
}

pub(crate) fn text<'s>(set: &'s mut Set, name: &str) -> &'s mut String {
    &mut set.iter_mut().find(|(known, _)| known == name).unwrap().1
}

pub(crate) fn change(set: &mut Set, name: &str, from: &str, to: &str) {
    let text = text(set, name);
    assert!(text.contains(from), "{from} in {name}");
    *text = text.replacen(from, to, 1);
}

/// What is shipped, with another version of the rule table in force since the second of the month.
pub(crate) fn with_rules(version: &str) -> Set {
    let mut set = shipped();
    let newer = text(&mut set, RULES).replacen("version = \"2026-11-3\"", &format!("version = \"{version}\""), 1);
    let newer = newer.replacen("effective_from = \"2026-11-01\"", "effective_from = \"2026-11-02\"", 1);
    set.push((format!("rules/{version}.toml"), newer));
    set
}

pub(crate) fn print_of(set: &Set) -> String {
    hex::encode(fingerprint(&FileSet::gather(set.clone()).0))
}

pub(crate) fn sent(set: &Set) -> Vec<pb::PolicyFile> {
    set.iter().map(|(name, text)| pb::PolicyFile { name: name.clone(), text: text.clone() }).collect()
}

pub(crate) fn asked(set: &Set) -> pb::ActivatePolicyRequest {
    pb::ActivatePolicyRequest { request_id: fresh(), files: sent(set), fingerprint: print_of(set) }
}

async fn propose(who: &mut Person, asked: pb::ActivatePolicyRequest) -> Result<pb::Proposal, Status> {
    Ok(who.admin.activate_policy(asked).await?.into_inner().proposal.unwrap())
}

pub(crate) fn approval(of: &pb::Proposal) -> pb::ApproveProposalRequest {
    let (proposal_id, fingerprint) = (of.proposal_id.clone(), of.fingerprint.clone());
    pb::ApproveProposalRequest { request_id: fresh(), proposal_id, fingerprint }
}

async fn approve(who: &mut Person, asked: pb::ApproveProposalRequest) -> Result<pb::PolicyActivation, Status> {
    match who.admin.approve_proposal(asked).await?.into_inner().effect {
        Some(Effect::ActivatedPolicy(activation)) => Ok(activation),
        _ => panic!("a policy was approved"),
    }
}

async fn check(who: &mut Person, set: &Set) -> Result<pb::CheckPolicyResponse, Status> {
    Ok(who.admin.check_policy(pb::CheckPolicyRequest { files: sent(set) }).await?.into_inner())
}

async fn get(who: &mut Person, fingerprint: &str, file: &str) -> Result<pb::GetPolicyResponse, Status> {
    let file_names = Some(file.to_owned()).filter(|name| !name.is_empty()).into_iter().collect();
    let asked = pb::GetPolicyRequest { fingerprint: fingerprint.to_owned(), file_names };
    Ok(who.admin.get_policy(asked).await?.into_inner())
}

pub(crate) async fn in_force(who: &mut Person) -> (String, String) {
    let shown = who.identity.who_am_i(pb::WhoAmIRequest {}).await.unwrap().into_inner();
    (shown.policy_fingerprint, shown.rule_set)
}

/// Waits until a replica has taken what another one activated.
async fn taken(who: &mut Person, fingerprint: &str) {
    let seen = async {
        while in_force(who).await.0 != fingerprint {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(PATIENCE, seen).await.expect("a replica takes what another one activated");
}

fn reason(refused: Result<impl Sized, Status>) -> (Code, String) {
    let refused = refusal(refused);
    (refused.code, refused.reason)
}

async fn details(house: &House, action: &str) -> Vec<String> {
    house.ledger().await.into_iter().rfind(|entry| entry.action == action).unwrap().details
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_persons_put_a_policy_in_force_on_every_replica_and_every_decision_names_its_own() {
    let mut house = House::open().await;
    let url = house.replica().await;
    let (mut first, mut second) = (house.person(FIRST).await, house.person(SECOND).await);
    let mut council = house.person(LEWISHAM).await;
    let profile = house.folder(&format!("profile-{}", LEWISHAM.replace('/', "-")));
    let mut elsewhere = Person::new(house.connect_at(&profile, &url).await.unwrap());
    let mut stream =
        council.referrals.watch_referrals(pb::WatchReferralsRequest::default()).await.unwrap().into_inner();
    let (old, new) = (print_of(&shipped()), with_rules("2026-11-4"));
    let before = council.submit(submission(&narrative(1))).await.unwrap();
    assert_eq!((before.policy_fingerprint.as_str(), before.rule_set.as_str()), (old.as_str(), "2026-11-3"));
    stream.message().await.unwrap().unwrap();

    let found = check(&mut first, &new).await.unwrap();
    assert!(found.sound && found.faults.is_empty() && found.proven.iter().any(|one| one.name == "routes"));
    assert_eq!(found.fingerprint, print_of(&new));
    let asked = asked(&new);
    let proposal = propose(&mut first, asked.clone()).await.unwrap();
    assert_eq!(proposal.fingerprint, print_of(&new));
    assert_eq!(
        propose(&mut first, asked).await.unwrap().proposal_id,
        proposal.proposal_id,
        "a replay proposes nothing"
    );
    assert_eq!(in_force(&mut council).await.0, old, "a proposal changes nothing");
    let reviewed = get(&mut second, &proposal.fingerprint, "rules/2026-11-4.toml").await.unwrap().policy.unwrap();
    assert!(!reviewed.in_force && reviewed.files.iter().any(|file| file.text.contains("2026-11-4")));

    assert_eq!(
        reason(approve(&mut first, approval(&proposal)).await),
        (Code::PermissionDenied, "SECOND_PERSON_NEEDED".into())
    );
    let mut custodian = house.person("operator/key_custodian/k1").await;
    assert_eq!(reason(approve(&mut custodian, approval(&proposal)).await).0, Code::NotFound);
    let approval = approval(&proposal);
    let activation = approve(&mut second, approval.clone()).await.unwrap();
    assert!(approve(&mut second, approval).await.unwrap() == activation, "a replay activates nothing");
    assert_eq!((activation.number, &activation.fingerprint), (1, &print_of(&new)));
    assert_eq!(in_force(&mut council).await, (print_of(&new), "2026-11-4".into()));
    taken(&mut elsewhere, &print_of(&new)).await;

    for who in [&mut council, &mut elsewhere] {
        let after = who.submit(submission(&narrative(1))).await.unwrap();
        assert_eq!((after.policy_fingerprint, after.rule_set), (print_of(&new), "2026-11-4".into()));
    }
    stream.message().await.unwrap().expect("the stream of before goes on");
    let referral = council.referral(&before.referral_id).await.unwrap();
    assert!(referral.receipt.unwrap() == before, "what was decided before stays under what decided it");
    let kept = get(&mut first, &old, "rules/2026-11-3.toml").await.unwrap();
    let file = kept.policy.unwrap().files.into_iter().find(|file| file.name == RULES).unwrap();
    assert_eq!((file.version.as_str(), file.text), ("2026-11-3", text(&mut shipped(), RULES).clone()));
    assert!(kept.activations == [activation]);

    assert!(details(&house, "SUBMIT").await.contains(&format!("policy_sha256={}", print_of(&new))));
    let entry = details(&house, "ACTIVATE_POLICY").await;
    for words in [format!("subject={}", print_of(&new)), format!("policy_before={old}"), "rules=2026-11-4".into()] {
        assert!(entry.contains(&words), "{words}: {entry:?}");
    }
    house.reopen().await;
    assert_eq!(in_force(&mut house.person(LEWISHAM).await).await, (print_of(&new), "2026-11-4".into()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_set_with_faults_is_refused_with_all_of_them_and_changes_nothing() {
    let house = House::open().await;
    let mut first = house.person(FIRST).await;
    let before = (house.ledger_size().await, in_force(&mut first).await);
    let mut set = shipped();
    set.retain(|(name, _)| name != "contacts.toml");
    set.push(("notes.txt".to_owned(), String::new()));
    change(&mut set, RULES, "to = \"owner\"", "to = \"moon\"");
    change(&mut set, "redaction-words.toml", "titles = ", "tittles = ");
    let source = r#"source = ["token", "token", "token", "token"]"#;
    change(&mut set, "redaction.toml", source, r#"source = ["keep", "token", "token", "token"]"#);
    let found = check(&mut first, &set).await.unwrap();
    let told = |file: &str, what: &str| found.faults.iter().any(|one| one.file == file && one.what.contains(what));
    for (file, what) in [
        ("contacts.toml", "is missing"),
        ("notes.txt", "no file of a policy"),
        (RULES, "`moon` is no word this broker knows"),
        ("redaction-words.toml", "titles is missing or empty"),
        ("redaction.toml", "it would tell police who told us"),
    ] {
        assert!(told(file, what), "{file}: {what}");
    }
    assert!(!found.sound && found.faults.iter().all(|one| !one.at.is_empty()));
    let refused = refusal(propose(&mut first, asked(&set)).await);
    assert_eq!(refused.code, Code::InvalidArgument);
    for field in ["files", "files[contacts.toml]", "files[redaction.toml]", "files[rules/2026-11-3.toml]"] {
        assert!(refused.fields.iter().any(|(named, _)| named == field), "{field}: {:?}", refused.fields);
    }

    // A set that can be read and leaves somebody without a destination; one that rewrites what decisions name.
    let mut ends = shipped();
    change(&mut ends, "directory.toml", "gss = \"E09000023\"", "gss = \"E09000023\"\nuntil = \"2026-11-20\"");
    change(&mut ends, RULES, "effective_from = \"2026-11-01\"", "effective_from = \"2026-11-02\"");
    let found = check(&mut first, &ends).await.unwrap();
    let files: Vec<&str> = found.faults.iter().map(|one| one.file.as_str()).collect();
    assert!(files.contains(&"directory.toml") && files.contains(&RULES), "{files:?}");
    assert!(found.faults.iter().any(|one| one.what.contains("says something else now") && !one.to_do.is_empty()));

    let mut large = shipped();
    large.push(("rules/2027-01-1.toml".to_owned(), "#".repeat(820_000)));
    assert!(check(&mut first, &large).await.unwrap().faults.iter().any(|one| one.what.contains("bytes in all")));
    let other = pb::ActivatePolicyRequest { fingerprint: "0".repeat(64), ..asked(&shipped()) };
    assert_eq!(refusal(propose(&mut first, other.clone()).await).fields[0].0, "fingerprint");
    let unknown = pb::ActivatePolicyRequest { files: Vec::new(), ..other };
    assert_eq!(reason(propose(&mut first, unknown).await).0, Code::NotFound);
    assert_eq!(reason(get(&mut first, &"0".repeat(64), "").await).0, Code::NotFound);
    assert_eq!(refusal(get(&mut first, "", "nothing.toml").await).fields[0].0, "file_names[0]");
    assert_eq!((house.ledger_size().await, in_force(&mut first).await), before, "nothing has changed");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_policies_proposed_side_by_side_one_comes_in_force_and_an_old_one_comes_back() {
    let mut house = House::open().await;
    let (mut first, mut second) = (house.person(FIRST).await, house.person(SECOND).await);
    let (one, other) = (with_rules("2026-11-4"), with_rules("2026-11-5"));
    let mine = propose(&mut first, asked(&one)).await.unwrap();
    let yours = propose(&mut second, asked(&other)).await.unwrap();
    let (mut a, mut b) = (second.clone(), first.clone());
    let (approved, refused) = tokio::join!(approve(&mut a, approval(&mine)), approve(&mut b, approval(&yours)));
    let winner = if approved.is_ok() { print_of(&one) } else { print_of(&other) };
    let (won, lost) = if approved.is_ok() { (approved, refused) } else { (refused, approved) };
    assert_eq!(won.unwrap().number, 1);
    let (code, why) = reason(lost);
    assert!(
        code == Code::FailedPrecondition && why.starts_with("CHANGED_MEANWHILE") || why == "POLICY_CHANGED_MEANWHILE"
    );
    assert_eq!(in_force(&mut first).await.0, winner);
    // Afterwards too: what was compared with something else is not put in force.
    let late = if winner == print_of(&one) { approval(&yours) } else { approval(&mine) };
    let mut who = if winner == print_of(&one) { first.clone() } else { second.clone() };
    assert_eq!(reason(approve(&mut who, late).await), (Code::FailedPrecondition, "POLICY_CHANGED_MEANWHILE".into()));
    let again = pb::ActivatePolicyRequest { request_id: fresh(), files: Vec::new(), fingerprint: winner };
    assert_eq!(reason(propose(&mut first, again).await), (Code::FailedPrecondition, "POLICY_IN_FORCE".into()));

    // What was in force before anything was activated is kept, and comes back by its fingerprint alone.
    house.later(SignedDuration::from_hours(8 * 24));
    house.reopen().await;
    let (mut first, mut second) = (house.person(FIRST).await, house.person(SECOND).await);
    let shipped = print_of(&shipped());
    let back = pb::ActivatePolicyRequest { request_id: fresh(), files: Vec::new(), fingerprint: shipped.clone() };
    let proposal = propose(&mut second, back).await.unwrap();
    let activation = approve(&mut first, approval(&proposal)).await.unwrap();
    assert_eq!((activation.number, activation.fingerprint), (2, shipped.clone()));
    assert_eq!(in_force(&mut first).await, (shipped, "2026-11-3".into()));
    // What nobody approved in time is gone with the next proposal.
    propose(&mut first, asked(&with_rules("2026-11-6"))).await.unwrap();
    let gone = [&one, &other].map(print_of);
    let mut kept = 0;
    for fingerprint in &gone {
        kept += usize::from(get(&mut first, fingerprint, "").await.is_ok());
    }
    assert_eq!(kept, 1, "the one that was in force stays");
}

/// Puts a set in force, by two persons.
pub(crate) async fn put_in_force(first: &mut Person, second: &mut Person, set: &Set) -> pb::PolicyActivation {
    let proposal = propose(first, asked(set)).await.unwrap();
    approve(second, approval(&proposal)).await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_replica_takes_what_another_one_activated_within_a_second() {
    let mut house = House::open().await;
    let url = house.replica().await;
    let (mut first, mut second) = (house.person(FIRST).await, house.person(SECOND).await);
    let mut elsewhere = Person::new(house.connect_at(&house.profile(LEWISHAM), &url).await.unwrap());
    // What else the machine does takes time too: of three attempts one has to be in time.
    for version in ["2026-11-4", "2026-11-5", "2026-11-6"] {
        let set = with_rules(version);
        let fingerprint = print_of(&set);
        put_in_force(&mut first, &mut second, &set).await;
        let activated = tokio::time::Instant::now();
        taken(&mut elsewhere, &fingerprint).await;
        if activated.elapsed() < Duration::from_secs(1) {
            return;
        }
    }
    panic!("of three policies none was taken within a second");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_set_as_large_as_may_be_goes_through() {
    let mut house = House::open().await;
    let (mut first, mut second) = (house.person(FIRST).await, house.person(SECOND).await);
    let mut set = shipped();
    let table = text(&mut set, RULES).clone();
    let size = |set: &Set| set.iter().map(|(name, text)| name.len() + text.len()).sum::<usize>();
    for number in 1.. {
        let version = format!("2020-{number}");
        let begins = format!("effective_from = \"20{:02}-{:02}-01\"", number / 12, number % 12 + 1);
        let older = table.replacen("version = \"2026-11-3\"", &format!("version = \"{version}\""), 1);
        set.push((format!("rules/{version}.toml"), older.replacen("effective_from = \"2026-11-01\"", &begins, 1)));
        if size(&set) > LARGEST_SET {
            set.pop();
            break;
        }
    }
    // To the last byte: what is left is a remark at the end of a file.
    let left = LARGEST_SET - size(&set);
    text(&mut set, "calendar.toml").push_str(&format!("\n{}", "#".repeat(left - 1)));
    assert_eq!(size(&set), LARGEST_SET);
    put_in_force(&mut first, &mut second, &set).await;
    house.reopen().await;
    let mut first = house.person(FIRST).await;
    assert_eq!(in_force(&mut first).await, (print_of(&set), "2026-11-3".into()));
    let names = set.iter().map(|(name, _)| name.clone()).collect();
    let asked = pb::GetPolicyRequest { fingerprint: String::new(), file_names: names };
    let files = first.admin.get_policy(asked).await.unwrap().into_inner().policy.unwrap().files;
    assert_eq!(files.iter().map(|file| file.text.len() + file.name.len()).sum::<usize>(), LARGEST_SET);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_activated_and_cannot_be_read_changes_nothing_and_raises_an_alarm() {
    let house = House::open().await;
    let (mut first, mut second) = (house.person(FIRST).await, house.person(SECOND).await);
    let (one, other) = (with_rules("2026-11-4"), with_rules("2026-11-5"));
    put_in_force(&mut first, &mut second, &one).await;
    put_in_force(&mut second, &mut first, &other).await;
    // As a newer program might have written it: the first one is in force again, and its files are nothing we know.
    let (store, shelf) = (house.store(), Shelf::PolicyVersion);
    let name = format!("set/{}", print_of(&one));
    let files = store.document(shelf, &name).await.unwrap().unwrap();
    let before = store.document(shelf, "in_force").await.unwrap().unwrap();
    let activation = store.document(shelf, &format!("activation/{:020}", 1)).await.unwrap().unwrap();
    let put = async |document: &Document, version, bytes: &[u8]| {
        let (name, bytes) = (document.name.clone(), Some(bytes.to_vec()));
        let changes = vec![Change { shelf, name, expect: Expect::Version(version), bytes }];
        let amendment = Amendment { once: None, changes, entries: Vec::new(), answer: Vec::new() };
        store.amend(amendment).await.unwrap();
    };
    put(&files, files.version, &[]).await;
    put(&before, before.version, &activation.bytes).await;
    let alarmed = async |first: &mut Person, wanted: &[&str]| {
        let alarms = async {
            while first.identity.who_am_i(pb::WhoAmIRequest {}).await.unwrap().into_inner().alarms != wanted {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        tokio::time::timeout(PATIENCE, alarms).await.expect("the alarms are as they should be");
    };
    alarmed(&mut first, &["POLICY_NOT_TAKEN"]).await;
    assert_eq!(in_force(&mut first).await, (print_of(&other), "2026-11-5".into()), "what was in force stays");
    put(&files, files.version + 1, &files.bytes).await;
    put(&before, before.version + 1, &activation.bytes).await;
    alarmed(&mut first, &[]).await;
    assert_eq!(in_force(&mut first).await, (print_of(&one), "2026-11-4".into()));
}

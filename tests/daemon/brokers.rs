//! Two real brokers over one database: what one accepted the other delivers, also when the first was killed, and a database
//! that is gone for a while is waited for.

use std::{collections::BTreeSet, fs, os::unix::fs::PermissionsExt, process::Command, time::Duration};

use homeward::{
    broker::fingerprint,
    ledger,
    platform::clock::Stopwatch,
    reference::FileSet,
    wire::pb::{
        self, approve_proposal_response::Effect, rewrap::State, stream_pull_request::Step, stream_pull_response::Event,
    },
};
use tokio::{
    sync::mpsc,
    time::{sleep, timeout},
};
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Code, Streaming};
use tonic_types::StatusExt;

use crate::{
    daemon::{Daemon, recent},
    house::{
        BROMLEY, LEWISHAM, MASH, MPU, MPU_TOO, REFDESK, RESOLVER,
        place::{
            Place,
            postgres::{Other, Server, value},
        },
    },
    person::{Person, Refusal, Taken, bytes, fresh, referral, refusal, request, submission, why},
};

/// A broker over `server`, with the papers and the key of `like`.
pub fn broker(server: &Server, like: Option<&Daemon>) -> Daemon {
    let store = format!("store.engine = \"postgres\"\nstore.url = \"{}\"\n", server.database());
    let daemon = Daemon::prepared(&store);
    match like {
        Some(like) => {
            fs::remove_dir_all(daemon.folder("certs")).unwrap();
            for name in ["certs", "data"] {
                let copied = Command::new("cp").arg("-a").arg(like.folder(name)).arg(daemon.folder(name)).status();
                assert!(copied.unwrap().success());
            }
        }
        None => {
            fs::create_dir(daemon.folder("data")).unwrap();
            fs::set_permissions(daemon.folder("data"), fs::Permissions::from_mode(0o700)).unwrap();
        }
    }
    daemon
}

/// Makes the key of a store, which no broker over a database makes by itself.
pub fn keyed(broker: &Daemon) {
    let made = Command::new(env!("CARGO_BIN_EXE_homeward"))
        .args(["admin", "keys", "init-file", "data/keyring", "--clear"])
        .current_dir(broker.folder("."))
        .output()
        .unwrap();
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
}

/// A receipt of what is submitted.
pub async fn receipt(daemon: &Daemon, number: u8) -> Vec<u8> {
    let council = daemon.person(LEWISHAM).await;
    let text = recent(number, "2026-11-20T16:30:00Z");
    council.call(&referral("SubmitReferral"), bytes(&request(submission(&text)))).await.unwrap()
}

/// Two over one database, under one key, with one delivery.
async fn two(server: &Server) -> (Daemon, Daemon) {
    let mut one = broker(server, None);
    keyed(&one);
    let mut other = broker(server, Some(&one));
    one.restart().await;
    other.restart().await;
    receipt(&one, 1).await;
    (one, other)
}

/// How often the ledger has an action.
async fn entered(server: &Server, action: &str) -> usize {
    let store = Place::Database(server.database()).open().await.unwrap();
    let entries = store.entries(0, 10_000).await.unwrap();
    entries.iter().filter(|(_, bytes)| ledger::decode(bytes).unwrap().action == action).count()
}

/// Waits until something is so.
async fn becomes(what: &str, mut is_so: impl AsyncFnMut() -> bool) {
    let so = async {
        while !is_so().await {
            sleep(Duration::from_millis(50)).await;
        }
    };
    timeout(Duration::from_secs(30), so).await.unwrap_or_else(|_| panic!("not so: {what}"));
}

async fn current_key(custodian: &mut Person) -> String {
    let keys = custodian.admin.list_keys(pb::ListKeysRequest {}).await.unwrap().into_inner().keys;
    keys.into_iter().find(|key| key.current).unwrap().key_id
}

/// A key rotated at one is in use at the other, which answers a repeat as the one did; and both carry it through, once.
async fn rotated(server: &Server, one: &Daemon, other: &Daemon) {
    let (mut here, mut there) = (one.person(FIRST).await, other.person(FIRST).await);
    let old = current_key(&mut there).await;
    let asked = pb::RotateKeyRequest { request_id: fresh() };
    let done = here.admin.rotate_key(asked.clone()).await.unwrap().into_inner();
    becomes("it is the other's key too", async || current_key(&mut there).await != old).await;
    assert!(there.admin.rotate_key(asked).await.unwrap().into_inner() == done, "the first answer");
    assert_eq!(current_key(&mut here).await, current_key(&mut there).await);
    receipt(other, 1).await;
    becomes("everything is under it", async || {
        let status = there.admin.rewrap_status(pb::RewrapStatusRequest {}).await.unwrap().into_inner();
        status.rewrap.unwrap().state() == State::Finished
    })
    .await;
    assert_eq!((entered(server, "ROTATE_KEY").await, entered(server, "REWRAP_DONE").await), (1, 1));
}

/// A policy proposed at one and approved through both is in force at both, and in the ledger once.
async fn activated(server: &Server, one: &Daemon, other: &Daemon) {
    let mut set: Vec<_> = FileSet::embedded().iter().map(|(name, text)| (name.to_owned(), text.to_owned())).collect();
    let (_, rules) = set.iter().find(|(name, _)| name == "rules/2026-11-3.toml").unwrap();
    let rules = rules.replacen("version = \"2026-11-3\"", "version = \"2026-11-4\"", 1);
    let rules = rules.replacen("effective_from = \"2026-11-01\"", "effective_from = \"2026-11-02\"", 1);
    set.push(("rules/2026-11-4.toml".into(), rules));
    let print = hex::encode(fingerprint(&FileSet::gather(set.clone()).0));
    let files = set.into_iter().map(|(name, text)| pb::PolicyFile { name, text }).collect();
    let mut first = one.person(PROPOSER).await;
    let asked = pb::ActivatePolicyRequest { request_id: fresh(), files, fingerprint: print.clone() };
    let proposal = first.admin.activate_policy(asked).await.unwrap().into_inner().proposal.unwrap();
    let (proposal_id, fingerprint) = (proposal.proposal_id, proposal.fingerprint);
    let approval = pb::ApproveProposalRequest { request_id: fresh(), proposal_id, fingerprint };
    let [mut here, mut there] = [one.person(APPROVER).await, other.person(APPROVER).await];
    let answers = tokio::join!(here.admin.approve_proposal(approval.clone()), there.admin.approve_proposal(approval));
    let effects = [answers.0, answers.1].map(|answer| answer.unwrap().into_inner().effect);
    let [Some(Effect::ActivatedPolicy(activation)), also] = effects else { panic!("a policy was approved") };
    assert!(also == Some(Effect::ActivatedPolicy(activation)), "it was activated once");
    for who in [&mut here, &mut there] {
        becomes("it is in force", async || {
            let shown = who.identity.who_am_i(pb::WhoAmIRequest {}).await.unwrap().into_inner();
            shown.policy_fingerprint == print
        })
        .await;
    }
    for broker in [one, other] {
        let under: pb::SubmitReferralResponse = prost::Message::decode(receipt(broker, 1).await.as_slice()).unwrap();
        assert_eq!(under.receipt.unwrap().policy_fingerprint, print);
    }
    assert_eq!(entered(server, "ACTIVATE_POLICY").await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_one_broker_rotated_or_activated_is_so_at_the_other_and_in_the_ledger_once() {
    let server = Server::start();
    let (one, other) = two(&server).await;
    rotated(&server, &one, &other).await;
    activated(&server, &one, &other).await;
}

/// No transaction is open that was begun by now, however long what was given by now is held.
async fn none_is_open(server: &Server) {
    let url = server.database();
    let now = value(&url, "SELECT now()").unwrap();
    let ours = "FROM pg_stat_activity WHERE application_name LIKE 'homeward%'";
    let open = format!("SELECT count(*) {ours} AND xact_start <= '{now}'");
    becomes("no transaction is open", async || value(&url, &open).as_deref() == Some("0")).await;
    assert_ne!(value(&url, &format!("SELECT count(*) {ours}")).as_deref(), Some("0"), "they are connected");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_one_broker_accepted_the_other_delivers_also_when_the_first_was_killed() {
    let server = Server::start();
    let mut one = broker(&server, None);
    let (code, said) = one.refuses();
    assert!(code != 0 && said.contains("homeward admin keys init-file"), "no broker makes a key of its own: {said}");
    keyed(&one);
    let mut other = broker(&server, Some(&one));
    one.restart().await;
    other.restart().await;
    for _ in 0..3 {
        receipt(&one, 1).await;
        receipt(&other, 1).await;
    }
    let mut backup = Command::new(env!("CARGO_BIN_EXE_homeward"));
    backup.args(["backup", "kept", "--config", "homeward.toml"]).current_dir(other.folder("."));
    let backup = backup.output().unwrap();
    assert!(backup.status.success(), "{}", String::from_utf8_lossy(&backup.stderr));
    one.kill();
    let mut officer = other.person(MPU).await;
    let taken = officer.pull("MPU.SE").await.unwrap();
    assert_eq!(taken.len(), 6, "{}", other.log());
    for each in &taken {
        let unit = (pb::Part::E, 0);
        assert!(officer.read(each, unit, "").await.is_ok(), "it opens under the key that both have");
    }
    none_is_open(&server).await;
    officer.complete(&taken[0], "linked").await.unwrap();
    one.restart().await;
    let mut officer = one.person(MPU).await;
    assert!(officer.pull("MPU.SE").await.unwrap().is_empty(), "nothing is given twice");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_its_database_a_broker_is_not_serving_and_serves_again_by_itself() {
    let mut server = Server::start();
    let mut broker = broker(&server, None);
    keyed(&broker);
    also(&broker, "store.statement_seconds = 2");
    broker.restart().await;
    receipt(&broker, 1).await;
    let (pid, from) = (broker.pid(), broker.log().len());
    let text = recent(1, "2026-11-20T16:30:00Z");
    let [held, lost] = [(), ()].map(|()| bytes(&request(submission(&text))));
    let accepted = async |body: &Vec<u8>| {
        let council = broker.person(LEWISHAM).await;
        becomes("it is accepted", async || council.call(&referral("SubmitReferral"), body.clone()).await.is_ok()).await;
    };

    // Somebody holds what every statement needs.
    let mut other = Other::at(&server.database());
    other.does("BEGIN; LOCK TABLE homeward_keys");
    let council = broker.person(LEWISHAM).await;
    let refused = refusal(council.call(&referral("SubmitReferral"), held.clone()).await);
    assert!(is_told_when(&refused), "{:?}: {}", refused.code, broker.log());
    broker.says(from, "ended a wait for a lock").await;
    other.does("ROLLBACK");
    accepted(&held).await;
    // It says so again only once it has served in between.
    if broker.log()[from..].contains("NOT SERVING") {
        broker.says(from, "\"SERVING\"").await;
    }

    let from = broker.log().len();
    server.kill();
    broker.says(from, "NOT SERVING").await;
    let council = broker.person(LEWISHAM).await;
    let refused = refusal(council.call(&referral("SubmitReferral"), lost.clone()).await);
    assert!(is_told_when(&refused), "{:?}: {}", refused.code, broker.log());
    let from = broker.log().len();
    server.again();
    broker.says(from, "\"SERVING\"").await;
    accepted(&lost).await;
    assert_eq!(broker.pid(), pid);
    let mut officer = broker.person(MPU).await;
    assert_eq!(officer.pull("MPU.SE").await.unwrap().len(), 3, "what was accepted before, and once what was refused");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broker_that_stood_still_with_its_officers_leases_settles_nothing_that_another_officer_has_by_then() {
    let server = Server::start();
    let (one, other) = two(&server).await;
    let short = |officer: &Person| {
        let mut queues = officer.queues.clone();
        async move {
            let asked = pb::PullRequest {
                request_id: fresh(),
                queue: "MPU.SE".into(),
                max_deliveries: 20,
                lease_duration: Some(prost_types::Duration { seconds: 30, nanos: 0 }),
                ..Default::default()
            };
            let taken = queues.pull(asked).await.unwrap().into_inner().deliveries;
            taken.into_iter().map(Taken::of).collect::<Vec<_>>()
        }
    };
    let (mut officer, elsewhere) = (one.person(MPU).await, other.person(MPU_TOO).await);
    let taken = short(&officer).await;
    assert!(!taken.is_empty() && short(&elsewhere).await.is_empty(), "one holder");
    officer.read(&taken[0], (pb::Part::E, 0), "").await.unwrap();
    one.signal("STOP");
    let mut again = Vec::new();
    for _ in 0..90 {
        again.extend(short(&elsewhere).await);
        if again.len() == taken.len() {
            break;
        }
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    let (before, after): (BTreeSet<_>, BTreeSet<_>) =
        (taken.iter().map(|one| &one.id).collect(), again.iter().map(|one| &one.id).collect());
    assert_eq!(before, after, "what the one held is given to another once its time is over");
    let read = taken[0].id.clone();
    let late = tokio::spawn(async move {
        let refused = why(officer.complete(&taken[0], "linked").await);
        (refused, why(officer.complete(&taken[0], "linked").await))
    });
    tokio::time::sleep(Duration::from_millis(200)).await;
    one.signal("CONT");
    let lost = (Code::FailedPrecondition, "LEASE_LOST".to_owned());
    assert_eq!(late.await.unwrap(), (lost.clone(), lost), "{}", one.log());
    let mut elsewhere = elsewhere;
    let first = again.iter().find(|one| one.id == read).unwrap();
    elsewhere.read(first, (pb::Part::E, 0), "").await.unwrap();
    elsewhere.complete(first, "linked").await.unwrap();
}

/// UNAVAILABLE, and when to call again.
fn is_told_when(refused: &Refusal) -> bool {
    let again = refused.status.get_error_details().retry_info().and_then(|retry| retry.retry_delay);
    refused.code == Code::Unavailable && again.is_some_and(|again| again > Duration::ZERO)
}

const PROPOSER: &str = "operator/policy_admin/p1";
const APPROVER: &str = "operator/policy_admin/p2";
const ADMIN: &str = "operator/certificate_admin/admin-1";
const FIRST: &str = "operator/key_custodian/k1";
const SECOND: &str = "operator/key_custodian/k2";

/// Each has the authority's folder.
pub fn registered(brokers: &[&Daemon]) {
    brokers.iter().for_each(|broker| also(broker, "pki.folder = \"certs\""));
}

/// A line more in a broker's configuration.
fn also(broker: &Daemon, line: &str) {
    let file = broker.folder("homeward.toml");
    fs::write(&file, format!("{}{line}\n", fs::read_to_string(&file).unwrap())).unwrap();
}

/// Revokes somebody's certificate: its serial number.
async fn revoked(admin: &mut Person, whose: &str) -> String {
    let asked = pb::ListCertificatesRequest { page_size: 200, ..Default::default() };
    let all = admin.admin.list_certificates(asked).await.unwrap().into_inner().certificates;
    let serial = all.into_iter().find(|one| one.holder.ends_with(whose)).unwrap().serial;
    let (request_id, reason) = (fresh(), "key_compromise".into());
    let revoke = pb::RevokeCertificateRequest { request_id, serial: serial.clone(), reason };
    admin.admin.revoke_certificate(revoke).await.unwrap();
    serial
}

/// Revokes somebody's certificate: how long what they hear goes on after that.
async fn cut_off<T>(admin: &mut Person, whose: &str, hears: &mut Streaming<T>) -> Duration {
    revoked(admin, whose).await;
    let since = Stopwatch::start();
    let ended = timeout(Duration::from_secs(60), async {
        loop {
            match hears.message().await {
                Ok(heard) => assert!(heard.is_some(), "it ended without a word"),
                Err(status) => return status,
            }
        }
    });
    let ended = why::<()>(Err(ended.await.expect("it goes on")));
    assert_eq!(ended, (Code::Unauthenticated, "CERTIFICATE_REVOKED".into()));
    since.spent()
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_is_revoked_at_one_broker_is_cut_off_at_the_other_within_a_second() {
    let server = Server::start();
    let mut one = broker(&server, None);
    keyed(&one);
    // The other broker's copy of the register has everybody.
    let profiles = [LEWISHAM, MPU, MPU_TOO, ADMIN, BROMLEY].map(|path| one.profile(path));
    let mut other = broker(&server, Some(&one));
    registered(&[&one, &other]);
    one.restart().await;
    other.restart().await;
    receipt(&one, 1).await;
    let mut officer = other.person_with(&profiles[1]).await;
    let (steps, receiver) = mpsc::channel(4);
    let start = pb::StreamPullStart {
        queue: "MPU.SE".into(),
        session: "early".into(),
        max_outstanding_messages: 5,
        ..Default::default()
    };
    steps.send(pb::StreamPullRequest { step: Some(Step::Start(start)) }).await.unwrap();
    let mut events = officer.queues.stream_pull(ReceiverStream::new(receiver)).await.unwrap().into_inner();
    let held = loop {
        if let Some(Event::Delivery(leased)) = events.message().await.unwrap().unwrap().event {
            break Taken::of(leased);
        }
    };

    let mut councils = Vec::new();
    for (profile, whose) in [(&profiles[0], LEWISHAM), (&profiles[4], BROMLEY)] {
        let mut council = other.person_with(profile).await;
        let watched = council.referrals.watch_referrals(pb::WatchReferralsRequest::default()).await;
        councils.push((whose, council, watched.unwrap().into_inner()));
    }

    let mut admin = one.person_with(&profiles[3]).await;
    let mut took = vec![cut_off(&mut admin, MPU, &mut events).await];
    let mut colleague = other.person_with(&profiles[2]).await;
    let back = timeout(Duration::from_secs(60), async {
        loop {
            if let Some(taken) = colleague.pull("MPU.SE").await.unwrap().pop() {
                return taken;
            }
            sleep(Duration::from_millis(50)).await;
        }
    });
    let back = back.await.expect("its lease never returned");
    assert_eq!((&back.id, back.header.failed_count), (&held.id, 0));
    assert!(back.header.opened_time.is_none(), "unread");
    for (whose, _council, watched) in &mut councils {
        took.push(cut_off(&mut admin, whose, watched).await);
    }
    // The machine may stand still for one of them.
    assert!(took.iter().any(|time| *time < Duration::from_secs(1)), "they go on after a second: {took:?}");
}

async fn approved(second: &mut Person, of: Option<pb::Proposal>) {
    let pb::Proposal { proposal_id, fingerprint, .. } = of.unwrap();
    let asked = pb::ApproveProposalRequest { request_id: fresh(), proposal_id, fingerprint };
    second.admin.approve_proposal(asked).await.unwrap();
}

/// The oldest epoch key is destroyed by two: its id.
async fn destroyed(first: &mut Person, second: &mut Person) -> String {
    first.admin.rotate_key(pb::RotateKeyRequest { request_id: fresh() }).await.unwrap();
    let status = pb::RewrapStatusRequest {};
    while first.admin.rewrap_status(status).await.unwrap().into_inner().rewrap.unwrap().state() != State::Finished {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let keys = first.admin.list_keys(pb::ListKeysRequest {}).await.unwrap().into_inner().keys;
    let key_id = keys.into_iter().find(|key| !key.current).unwrap().key_id;
    let asked = pb::DestroyKeyRequest { request_id: fresh(), key_id: key_id.clone() };
    approved(second, first.admin.destroy_key(asked).await.unwrap().into_inner().proposal).await;
    key_id
}

/// Waits until a broker's list has a line that begins so, once.
async fn listed(broker: &Daemon, begins: &str) {
    let list = || fs::read_to_string(broker.folder("data/store.revoked")).unwrap_or_default();
    let count = || list().lines().filter(|line| line.starts_with(&format!("{begins}\t"))).count();
    let comes = async {
        while count() == 0 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    assert!(timeout(Duration::from_secs(20), comes).await.is_ok(), "no line says {begins}: {}", list());
    assert_eq!(count(), 1, "{begins} once: {}", list());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_one_broker_revoked_destroyed_and_erased_is_in_the_list_of_the_other_once_also_if_it_was_down() {
    let server = Server::start();
    let mut one = broker(&server, None);
    keyed(&one);
    let people = [LEWISHAM, RESOLVER, MASH, MPU, REFDESK, MPU_TOO, ADMIN, FIRST, SECOND];
    let profiles = people.map(|path| one.profile(path));
    let mut other = broker(&server, Some(&one));
    registered(&[&one, &other]);
    one.restart().await;
    other.restart().await;
    let answer: pb::SubmitReferralResponse = prost::Message::decode(receipt(&one, 1).await.as_slice()).unwrap();
    let referral_id = answer.receipt.unwrap().referral_id;
    one.person_with(&profiles[1]).await.resolve_all("MASH.E09000023").await;
    for queue in ["MASH.E09000023", "EDT.E09000023"] {
        one.person_with(&profiles[2]).await.settle_all(queue, "early_help").await;
    }
    one.person_with(&profiles[3]).await.settle_all("MPU.SE", "recorded").await;
    one.person_with(&profiles[4]).await.settle_all("REFDESK.SE", "recorded").await;

    let mut admin = one.person_with(&profiles[6]).await;
    let (mut first, mut second) = (one.person_with(&profiles[7]).await, one.person_with(&profiles[8]).await);
    let asked =
        pb::EraseReferralRequest { request_id: fresh(), referral_id: referral_id.clone(), reason: "ordered".into() };
    approved(&mut second, first.admin.erase_referral(asked).await.unwrap().into_inner().proposal).await;
    let mut lines = vec![format!("erased\t{referral_id}")];
    lines.push(format!("destroyed\t{}", destroyed(&mut first, &mut second).await));
    let serial = revoked(&mut admin, MPU_TOO).await;
    lines.extend([format!("issued\t{serial}"), format!("revoked\t{serial}")]);
    for line in &lines {
        listed(&other, line).await;
    }

    other.kill();
    lines.push(format!("destroyed\t{}", destroyed(&mut first, &mut second).await));
    lines.push(format!("revoked\t{}", revoked(&mut admin, MPU).await));
    other.restart().await;
    // What is there is not written again, by whoever did it either, nor at the next start; and each line is as it was written.
    tokio::time::sleep(Duration::from_secs(2)).await;
    let kept = fs::read(other.folder("data/store.revoked")).unwrap();
    other.stop();
    other.restart().await;
    for broker in [&one, &other] {
        for line in &lines {
            listed(broker, line).await;
        }
        assert!(!broker.log().contains("LIST_BESIDE"), "{}", broker.log());
    }
    assert_eq!(fs::read(other.folder("data/store.revoked")).unwrap(), kept);
}

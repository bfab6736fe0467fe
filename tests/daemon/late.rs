//! Two brokers over one database, each with a caretaker and a pager of its own: what is late is escalated once and paged once (R25), a prompt
//! is told of once, and what is over is erased once, whichever comes to it, under a clock that is set.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    os::unix::fs::PermissionsExt,
    process::Command,
    time::Duration,
};

use homeward::wire::pb;
use serde_json::Value;

use crate::{
    brokers::{broker, keyed, receipt},
    daemon::{Daemon, recent},
    house::{
        GRANTS, LEWISHAM, MASH, MPU, REFDESK, RESOLVER,
        place::postgres::{Server, value},
    },
    person::{Person, submission},
    preloaded::Disk,
};

const AUDITOR: &str = "operator/auditor/a1";
/// Past the hour in which P1 is to be acknowledged; the next step comes a quarter of an hour after it.
const LATE: i64 = 3_700;
const HOUR: i64 = 3_600;
/// Content is kept for thirty days.
const OVER: i64 = 31 * 24 * HOUR;

/// The pages that wait: the key of each, delivery and number.
fn waiting(server: &Server) -> Vec<String> {
    let sql = "SELECT encode(k, 'hex') FROM homeward_keys WHERE get_byte(k, 0) = ascii('p')";
    value(&server.database(), sql).unwrap().lines().map(str::to_owned).collect()
}

/// The ledger, by the auditor.
fn ledger(daemon: &Daemon) -> Vec<Value> {
    let profile = daemon.profile(AUDITOR);
    fs::write(profile.join("endpoint"), daemon.url()).unwrap();
    let listed = Command::new(env!("CARGO_BIN_EXE_homeward"))
        .args(["audit", "list", "--json", "--profile"])
        .arg(profile)
        .output()
        .unwrap();
    assert!(listed.status.success(), "{}", String::from_utf8_lossy(&listed.stderr));
    String::from_utf8(listed.stdout).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// How often the ledger says this of each delivery and each of its pages, or of each record and each of its prompts.
fn said(ledger: &[Value], action: &str) -> BTreeMap<String, usize> {
    let mut said = BTreeMap::new();
    for entry in ledger.iter().filter(|entry| entry["action"] == action) {
        let details = entry["details"].as_array().unwrap().iter().filter_map(Value::as_str);
        let of = details.filter(|one| one.starts_with("page=") || one.starts_with("prompt=")).collect::<String>();
        let about = entry["delivery_ids"][0].as_str().or(entry["referral_id"].as_str()).unwrap();
        *said.entry(format!("{about} {of}")).or_default() += 1;
    }
    said
}

/// Everything that was submitted.
async fn referrals(council: &mut Person) -> Vec<pb::Referral> {
    let asked = pb::ListReferralsRequest { page_size: 50, ..Default::default() };
    let listed = council.referrals.list_referrals(asked).await.unwrap().into_inner().referrals;
    let mut all = Vec::new();
    for referral in listed {
        all.push(council.referral(&referral.receipt.unwrap().referral_id).await.unwrap());
    }
    all
}

/// Every destination of all that.
async fn destinations(council: &mut Person) -> Vec<pb::Destination> {
    referrals(council).await.into_iter().flat_map(|referral| referral.destinations).collect()
}

/// One whose prompts are followed until somebody says how they ended.
async fn prompting(council: &mut Person) -> String {
    let mut draft = submission(&recent(1, "2026-11-20T16:30:00Z"));
    let own = draft.items.iter_mut().filter(|item| item.about.is_empty());
    own.for_each(|item| item.codes.push(pb::HarmCode::Msht.into()));
    draft.answers.as_mut().unwrap().codes.push(pb::HarmCode::Msht.into());
    council.submit(draft).await.unwrap().referral_id
}

/// Everybody deals with everything.
async fn settle_all(daemon: &Daemon) {
    daemon.person(RESOLVER).await.resolve_all("MASH.E09000023").await;
    let mut mash = daemon.person(MASH).await;
    for queue in ["MASH.E09000023", "EDT.E09000023"] {
        mash.settle_all(queue, "early_help").await;
    }
    daemon.person(MPU).await.settle_all("MPU.SE", "recorded").await;
    daemon.person(REFDESK).await.settle_all("REFDESK.SE", "recorded").await;
}

/// Both clocks are so many seconds ahead, and a caretaker has written down what they say.
async fn set(server: &Server, disks: &[Disk], seconds: i64) {
    let sql = "SELECT md5(v) FROM homeward_keys WHERE get_byte(k, 0) = ascii('s') AND k LIKE '%retention'::bytea";
    let written = || value(&server.database(), sql).unwrap();
    let before = written();
    disks.iter().for_each(|disk| disk.clock(seconds));
    for _ in 0..300 {
        if written() != before {
            return;
        }
        tokio::time::sleep(Duration::from_millis(300)).await;
    }
    panic!("no caretaker looks at its clock");
}

/// Has every page delivered by a program, which keeps what names it.
fn hooked(daemon: &Daemon) {
    let (program, pages) = (daemon.folder("page.sh"), daemon.folder("pages"));
    fs::write(&program, format!("#!/bin/sh\ncat > /dev/null; echo \"$HOMEWARD_PAGE\" >> {}\n", pages.display()))
        .unwrap();
    fs::set_permissions(&program, fs::Permissions::from_mode(0o700)).unwrap();
    let mut configuration = fs::read_to_string(daemon.folder("homeward.toml")).unwrap();
    configuration.push_str(&format!("[[paging.hooks]]\nname = \"all\"\ncommand = [\"{}\"]\n", program.display()));
    fs::write(daemon.folder("homeward.toml"), configuration).unwrap();
}

/// Two brokers over one database, each under a clock of its own, that serve.
async fn two(server: &Server) -> (Daemon, Daemon, Vec<Disk>) {
    let mut one = broker(server, None);
    keyed(&one);
    let mut other = broker(server, Some(&one));
    let grant = format!(
        "{GRANTS}\n[[grant]]\nidentity = \"homeward://pilot.example/{AUDITOR}\"\nnot_before = \"2020-01-01T00:00:00Z\"\n\
         not_after = \"2096-01-01T00:00:00Z\"\n"
    );
    let mut disks = Vec::new();
    for daemon in [&mut one, &mut other] {
        fs::write(daemon.folder("grants.toml"), &grant).unwrap();
        disks.push(Disk::below(daemon));
        daemon.restart().await;
    }
    (one, other, disks)
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_late_is_escalated_once_and_paged_once_with_two_caretakers_over_one_database() {
    let server = Server::start();
    let (mut one, mut other, disks) = two(&server).await;
    for _ in 0..2 {
        receipt(&one, 1).await;
        receipt(&other, 1).await;
    }
    let mut council = one.person(LEWISHAM).await;
    let prompted = prompting(&mut council).await;
    let due = |found: &pb::Destination| found.class == "P1" && found.ack_due_time.is_some();
    let late: BTreeSet<_> =
        destinations(&mut council).await.iter().filter(|one| due(one)).map(|one| one.delivery_id.clone()).collect();
    assert!(late.len() >= 5, "{late:?}");
    let before = waiting(&server).len();
    disks.iter().for_each(|disk| disk.clock(LATE));
    let escalated = |all: &[pb::Destination]| {
        let escalated = all.iter().filter(|one| !one.escalations.is_empty());
        escalated.map(|one| one.delivery_id.clone()).collect::<BTreeSet<_>>()
    };
    for _ in 0..600 {
        if escalated(&destinations(&mut council).await).is_superset(&late) {
            break;
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    // Both have made two rounds more by then.
    tokio::time::sleep(Duration::from_secs(12)).await;
    let all = destinations(&mut council).await;
    let escalated = escalated(&all);
    assert!(escalated.is_superset(&late), "{} of {}", escalated.len(), late.len());
    assert!(all.iter().all(|one| one.escalations.len() <= 1), "both sides see one step");
    let told = said(&ledger(&one), "ESCALATE");
    assert_eq!((told.len(), told.values().copied().max()), (escalated.len(), Some(1)), "{told:?}");
    let pages = waiting(&server);
    assert_eq!(pages.len(), before + escalated.len(), "one page for each escalation: {pages:?}");

    // Whichever pager is first: each page is noted once, and none is left.
    for daemon in [&mut one, &mut other] {
        daemon.stop();
        hooked(daemon);
        daemon.restart().await;
    }
    for _ in 0..600 {
        if waiting(&server).is_empty() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    assert!(waiting(&server).is_empty(), "{}", one.log());
    let paged = said(&ledger(&other), "PAGED");
    assert_eq!((paged.len(), paged.values().copied().max()), (pages.len(), Some(1)), "{paged:?}");
    let sent = [&one, &other].map(|daemon| fs::read_to_string(daemon.folder("pages")).unwrap_or_default()).concat();
    let sent: BTreeSet<_> = sent.lines().collect();
    assert_eq!(sent.len(), pages.len(), "each went out, by the one or the other or both: {sent:?}");
    a_month_later(&server, &disks, (&one, &other), &prompted).await;
}

/// Everything is settled, and a month goes by.
async fn a_month_later(server: &Server, disks: &[Disk], (one, other): (&Daemon, &Daemon), prompted: &str) {
    settle_all(one).await;
    let mut council = other.person(LEWISHAM).await;
    // Clocks that leapt are believed once they have gone on evenly for a day.
    for ahead in [OVER, OVER + 13 * HOUR, OVER + 26 * HOUR] {
        set(server, disks, ahead).await;
    }
    let mut minutes = 0;
    let left = loop {
        let left: Vec<_> = referrals(&mut council).await.into_iter().filter(|one| one.erasure.is_none()).collect();
        if left.len() == 1 || minutes == 110 {
            break left;
        }
        // Whoever has looked at all of it rests for ten minutes.
        minutes += 11;
        set(server, disks, OVER + 26 * HOUR + minutes * 60).await;
    };
    let left: Vec<_> = left.into_iter().map(|one| one.receipt.unwrap().referral_id).collect();
    assert_eq!(left, [prompted], "what prompts are open of is kept: {}", one.log());
    let ledger = ledger(one);
    let erased = said(&ledger, "ERASE_AFTER_RETENTION");
    assert!(erased.len() >= 4 && erased.values().all(|times| *times == 1), "{erased:?}");
    let told = said(&ledger, "PROMPT_LATE");
    assert!(told.keys().any(|about| about.contains(prompted) && about.contains("prompt=NRM")), "{told:?}");
    assert!(told.values().all(|times| *times == 1), "{told:?}");
}

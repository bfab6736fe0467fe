//! Nothing that a sender or an officer writes is found outside the seals: not in the store's files, not in the log with
//! everything logged, not in the text of any refusal.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
};

use homeward::{
    platform::{SystemEntropy, entropy},
    wire::pb::{self, Part},
};
use tonic::Status;

use crate::{
    daemon::{Daemon, files, recent},
    every::every,
    house::{INTELLIGENCE, LEAD, LEWISHAM, MASH, MPU, REFDESK, RESOLVER},
    person::{Person, Taken, bytes, completion, fresh, queue, referral, request, submission},
    scan::Scan,
};

/// Twelve letters that occur nowhere else.
fn marker() -> String {
    let chance: [u8; 12] = entropy::random(&SystemEntropy::new()).unwrap();
    chance.iter().map(|byte| char::from(b'A' + byte % 26)).collect()
}

/// Markers by where they were planted, and what was said in refusals.
#[derive(Default)]
struct Planted {
    markers: BTreeMap<String, String>,
    said: Vec<String>,
}

impl Planted {
    fn at(&mut self, path: &str) -> String {
        self.markers.entry(path.to_owned()).or_insert_with(marker).clone()
    }

    /// A submission with a marker in every text.
    fn submission(&mut self, kind: &str) -> pb::Submission {
        let (mut full, texts) = every(&mut |path| {
            let marker = self.at(&format!("{kind} {path}"));
            // A mark of a vehicle has a form: letters, digits, spaces.
            if path.ends_with(".vrm") { marker[..8].to_owned() } else { marker }
        });
        assert!(texts.len() > 100, "{}", texts.len());
        let account = full.interview.as_mut().unwrap().account.as_mut().unwrap();
        account.first_account = format!("{} said \"{}\".", account.first_account, self.at("in quotation marks"));
        full
    }

    fn refused<T>(&mut self, answered: Result<T, Status>) {
        let Err(status) = answered else { panic!("it was not refused") };
        self.said.push(format!("{status:?} {status} {}", String::from_utf8_lossy(status.details())));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_daemon_dumps_no_core() {
    let daemon = Daemon::start().await;
    let limits = fs::read_to_string(format!("/proc/{}/limits", daemon.pid())).unwrap();
    let core = limits.lines().find(|line| line.starts_with("Max core file size")).unwrap();
    assert_eq!(core.split_whitespace().skip(4).collect::<Vec<_>>(), ["0", "0", "bytes"]);
}

/// Opens everything that this person may; gives the parts.
async fn open_all(person: &mut Person, taken: &Taken, reason: &str) -> BTreeSet<&'static str> {
    let mut parts = BTreeSet::new();
    for unit in taken.header.openable.clone() {
        let view = person.open(taken, (unit.part(), unit.item), reason).await.unwrap().view.unwrap();
        assert!(!view.fields.is_empty() || unit.part() == Part::Carer, "{}", view.part);
        parts.insert(unit.part().as_str_name());
    }
    parts
}

/// Every queue of the submission is pulled, opened, released, settled.
async fn act(daemon: &Daemon, planted: &mut Planted) {
    let mut parts = BTreeSet::new();
    for (path, queue, outcome) in [
        (MPU, "MPU.SE", "recorded"),
        (REFDESK, "REFDESK.SE", "recorded"),
        (MASH, "MASH.E09000023", "s47_enquiry"),
        (MASH, "ALLOC.E09000023", "s47_enquiry"),
    ] {
        let mut officer = daemon.person(path).await;
        for taken in officer.pull(queue).await.unwrap() {
            parts.extend(open_all(&mut officer, &taken, &planted.at("reason to open")).await);
            let release = pb::ReleaseDeliveryRequest {
                request_id: fresh(),
                delivery_id: taken.id.clone(),
                lease_token: taken.token.clone(),
                reason: planted.at("reason of a release"),
                delay: None,
            };
            officer.queues.release_delivery(release).await.unwrap();
        }
        let other = match queue {
            "MPU.SE" | "REFDESK.SE" => INTELLIGENCE,
            _ => LEAD,
        };
        let mut other = daemon.person(other).await;
        for taken in other.pull(queue).await.unwrap() {
            parts.extend(open_all(&mut other, &taken, &planted.at("reason to open")).await);
            let settled = pb::CompleteDeliveryRequest { note: planted.at("note"), ..completion(&taken, outcome) };
            other.queues.complete_delivery(settled).await.unwrap();
        }
    }
    let expected = ["PART_A", "PART_B", "PART_C", "PART_CARER", "PART_E", "PART_O"];
    assert!(expected.iter().all(|part| parts.contains(part)), "only {parts:?} were opened");
    let mut resolver = daemon.person(RESOLVER).await;
    let held = resolver.pull("HOLD.human").await.unwrap();
    assert!(!held.is_empty(), "narrative 1 leaves something on HOLD");
    for taken in held {
        open_all(&mut resolver, &taken, &planted.at("reason to open")).await;
        let resolve = pb::ResolveHeldRequest {
            request_id: fresh(),
            delivery_id: taken.id,
            lease_token: taken.token,
            to_queue: "REFDESK.SE".into(),
            reason: planted.at("reason of a resolution"),
        };
        resolver.queues.resolve_held(resolve).await.unwrap();
    }
}

/// Every kind of refusal of a submission, with markers wherever a sender can put one.
async fn provoke_as_sender(daemon: &Daemon, planted: &mut Planted) {
    let (mut council, mut officer) = (daemon.person(LEWISHAM).await, daemon.person(MPU).await);
    let mut invalid = planted.submission("invalid");
    invalid.items[0].provenance.as_mut().unwrap().how_known = 99;
    invalid.child.as_mut().unwrap().date_of_birth = planted.at("a date that is none");
    invalid.child.as_mut().unwrap().nhs_number = planted.at("a number that is none");
    invalid.items[0].about = planted.at("nobody");
    invalid.items[0].text.push('\0');
    invalid.missing_from.as_mut().unwrap().code = planted.at("a code that is none");
    invalid.places[0].owner = planted.at("an owner that is none");
    let refused = council.submit(invalid.clone()).await;
    planted.refused(refused);
    let asked = pb::PreviewReferralRequest { submission: Some(invalid.clone()) };
    let refused = council.referrals.preview_referral(asked).await;
    planted.refused(refused);
    let mut secret = planted.submission("secret");
    secret.envelope.as_mut().unwrap().marking.as_mut().unwrap().level = pb::MarkingLevel::Secret.into();
    let refused = council.submit(secret).await;
    planted.refused(refused);
    let mut foreign = planted.submission("foreign");
    foreign.envelope.as_mut().unwrap().on_behalf_of = "E09000006".into();
    let refused = council.submit(foreign.clone()).await;
    planted.refused(refused);
    foreign.envelope.as_mut().unwrap().on_behalf_of = planted.at("on behalf of nobody");
    let refused = council.submit(foreign.clone()).await;
    planted.refused(refused);
    let refused = officer.submit(foreign).await;
    planted.refused(refused);
    let mut body = bytes(&request(invalid));
    body.truncate(body.len() - 3);
    let refused = council.call(&referral("SubmitReferral"), body).await;
    planted.refused(refused);
}

/// Every kind of refusal of a reader, with markers wherever one can be put.
async fn provoke_as_reader(daemon: &Daemon, planted: &mut Planted) {
    let (mut council, mut officer) = (daemon.person(LEWISHAM).await, daemon.person(MPU).await);
    let marker = planted.at("an id that is none");
    let refused = council.referral(&marker).await;
    planted.refused(refused);
    let asked = pb::ListReferralsRequest { page_token: marker.clone(), ..Default::default() };
    let refused = council.referrals.list_referrals(asked).await;
    planted.refused(refused);
    let asked = pb::WatchReferralsRequest { resume_token: marker.clone(), ..Default::default() };
    let refused = council.referrals.watch_referrals(asked).await;
    planted.refused(refused);
    for queue in [marker.clone(), format!("MPU.{marker}")] {
        let refused = officer.deliveries(&queue).await;
        planted.refused(refused);
        let refused = officer.pull(&queue).await;
        planted.refused(refused);
    }
    let header = pb::Delivery { delivery_id: marker.clone(), ..Default::default() };
    let nothing = Taken { id: marker.clone(), token: marker.clone(), header };
    let refused = officer.open(&nothing, (Part::E, 0), &marker).await;
    planted.refused(refused);
    let refused = officer.complete(&nothing, &marker).await;
    planted.refused(refused);
    let reused = planted.submission("reused");
    let mut asked = request(reused);
    council.referrals.submit_referral(asked.clone()).await.unwrap();
    asked.submission.as_mut().unwrap().child.as_mut().unwrap().name = planted.at("another body");
    let refused = council.referrals.submit_referral(asked).await;
    planted.refused(refused);
    let taken = officer.pull("MPU.SE").await.unwrap().remove(0);
    officer.open(&taken, (Part::E, 0), "").await.unwrap();
    let wrong = pb::CompleteDeliveryRequest { reason_code: marker.clone(), ..completion(&taken, &marker) };
    let refused = officer.call(&queue("CompleteDelivery"), bytes(&wrong)).await;
    planted.refused(refused);
    let lost = Taken { token: marker.clone(), ..taken };
    let refused = officer.complete(&lost, "recorded").await;
    planted.refused(refused);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_written_is_nowhere_but_under_its_seals() {
    let mut daemon = Daemon::start().await;
    let mut planted = Planted::default();
    let mut council = daemon.person(LEWISHAM).await;
    let full = planted.submission("accepted");
    let sent = bytes(&full);
    council.referrals.preview_referral(pb::PreviewReferralRequest { submission: Some(full.clone()) }).await.unwrap();
    let receipt = council.submit(full).await.unwrap();
    assert_eq!(receipt.class, "P0");
    let mut held = submission(&recent(1, "2026-11-20T16:30:00Z"));
    held.child.as_mut().unwrap().name = planted.at("narrative 1");
    council.submit(held).await.unwrap();
    act(&daemon, &mut planted).await;
    provoke_as_sender(&daemon, &mut planted).await;
    provoke_as_reader(&daemon, &mut planted).await;
    council.referrals.list_referrals(pb::ListReferralsRequest::default()).await.unwrap();
    daemon.stop();

    let mut markers: Vec<String> = planted.markers.values().cloned().collect();
    let vehicles = planted.markers.iter().filter(|(path, _)| path.ends_with(".vrm"));
    markers.extend(vehicles.map(|(_, marker)| marker[..8].to_owned()));
    markers.extend(["943 476 5919", "2011-03-14"].map(str::to_owned));
    assert!(markers.len() > 400, "{}", markers.len());
    let scan = Scan::new(markers);
    assert!(scan.find(&sent).len() > 90, "the scan sees what was sent");
    let log = daemon.log();
    assert!(log.contains("call refused") && log.lines().count() > 20, "the log says what happened:\n{log}");
    let (mut leaks, mut looked) = (Vec::new(), 0);
    let places = |marker: &str| {
        let at = planted.markers.iter().find(|(_, planted)| planted.starts_with(marker));
        at.map_or_else(|| marker.to_owned(), |(path, _)| path.clone())
    };
    for file in files(&daemon.folder("data")).into_iter().chain([daemon.folder("log")]) {
        let bytes = fs::read(&file).unwrap();
        looked += bytes.len();
        let found = scan.find(&bytes);
        leaks.extend(found.iter().map(|(marker, form)| format!("{} ({form}) in {}", places(marker), file.display())));
    }
    assert!(looked > 100_000, "{looked} bytes: where is the store?");
    for said in &planted.said {
        let found = scan.find(said.as_bytes());
        leaks.extend(found.iter().map(|(marker, form)| format!("{} ({form}) in: {said}", places(marker))));
    }
    assert!(leaks.is_empty(), "{} leaks:\n{}", leaks.len(), leaks.join("\n"));
}

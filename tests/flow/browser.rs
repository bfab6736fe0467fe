//! The pages in a real Chromium with client certificates: see `tests/browser/pages.mjs`. What it downloads is checked here.

use std::{
    collections::BTreeSet,
    fs,
    io::{BufRead, BufReader, Write},
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use homeward::wire::pb;
use serde_json::json;
use tokio::sync::oneshot;

use crate::{
    asking::asking,
    certificates::{FIRST, serial_of},
    house::{House, INTELLIGENCE, LEWISHAM, MASH, MPU, MPU_NE, MPU_TOO, RESOLVER, SUPERVISOR, narrative},
    pages::between,
    pages_council::checked,
    person::{Taken, fresh, submission},
    retracting::{plain, recalling},
};

/// The folder with playwright-core and axe-core that tests/run prepared. Without it nothing is tested, which CI does not let pass.
fn modules() -> Option<PathBuf> {
    let modules = std::env::var("HOMEWARD_TEST_BROWSER").ok().filter(|modules| !modules.is_empty());
    if modules.is_none() {
        let ci = std::env::var("CI").is_ok_and(|ci| ci == "true");
        assert!(!ci, "HOMEWARD_TEST_BROWSER is not set: run tests/run, which prepares the browser");
        // Past the capture of the test runner, so that it is seen.
        let said = b"\n*** SKIPPED: HOMEWARD_TEST_BROWSER is not set; tests/run sets it. The pages were NOT tested in a browser. ***\n";
        std::io::stderr().write_all(said).unwrap();
    }
    modules.map(PathBuf::from)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everybody_does_their_work_in_a_browser_and_axe_finds_nothing_on_any_page() {
    let Some(modules) = modules() else { return };
    let mut house = House::open_issuing().await;
    let mut council = house.person(LEWISHAM).await;
    // One for each journey of a council, in which an officer has asked something.
    for _ in 0..2 {
        council.submit(submission(&narrative(1))).await.unwrap();
    }
    let mut asker = house.person(MPU_TOO).await;
    let mut asked = asker.pull("MPU.SE").await.unwrap();
    for taken in &asked {
        asker.open(taken, (pb::Part::E, 0), "").await.unwrap();
        asker.queues.request_clarification(asking(taken, "Which Saturday was meant?")).await.unwrap();
    }
    // One of them is offered to a colleague's unit.
    let Taken { id, token, .. } = asked.remove(0);
    let offer = pb::TransferDeliveryRequest {
        request_id: fresh(),
        delivery_id: id,
        lease_token: token,
        to_queue: "MPU.NE".into(),
        reason: "She moved.".into(),
    };
    asker.queues.transfer_delivery(offer).await.unwrap();
    // One for each journey of an officer, and one that is held.
    for _ in 0..3 {
        council.submit(submission(&narrative(1))).await.unwrap();
    }
    let mut draft = submission(&narrative(1));
    draft.lives_now = Some(pb::Area { unknown: true, ..Default::default() });
    council.submit(draft).await.unwrap();
    recalled_at_the_front_door(&house).await;
    let out = Path::new(env!("CARGO_TARGET_TMPDIR")).join("pages");
    _ = fs::remove_dir_all(&out);
    fs::create_dir_all(&out).unwrap();
    let who = |path: &str| {
        let profile = house.profile(path);
        json!({ "cert": profile.join("cert.pem"), "key": profile.join("key.pem") })
    };
    let people = json!({
        "officer": who(MPU), "colleague": who(MPU_NE), "council": who(LEWISHAM), "resolver": who(RESOLVER),
        "supervisor": who(SUPERVISOR), "admin": who(FIRST), "custodian": who("operator/key_custodian/k1"),
        "policies": who("operator/policy_admin/p1"),
        "mash": who(MASH), "intelligence": who(INTELLIGENCE),
    });
    let serial = serial_of(&mut house.person(FIRST).await, MPU).await;
    let plan = json!({
        "url": house.desk(), "modules": modules, "chromium": "/usr/bin/chromium", "out": out, "people": people,
        "identities": { "colleague": MPU_NE, "resolver": RESOLVER },
        "serial": serial, "returned": "2026-11-19T12:00", "held": "2026-11-20T14:00",
    });
    let file = house.folder("plan.json");
    fs::write(&file, plan.to_string()).unwrap();
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/browser/pages.mjs");
    let (holds, said) = run(&mut house, &script, &file).await;
    assert!(holds, "pictures are in {}\n{said}", out.display());
    let read = |name: &str| fs::read_to_string(out.join(name)).unwrap();
    assert!(read("seen.txt").lines().count() >= 36, "{said}");
    let (holds, words) = checked(&house, &read("receipt.txt"), &read("ledger-key.txt"));
    assert!(holds, "{words}");
    for name in ["opened", "preview"] {
        is_marked_on_every_sheet(&out.join(name));
    }
}

/// A referral that was opened at the front door and recalled: its notice is the only thing that waits there.
async fn recalled_at_the_front_door(house: &House) {
    let mut council = house.person(LEWISHAM).await;
    let recalled = council.submit(plain()).await.unwrap().referral_id;
    let mut front = house.person(MASH).await;
    for taken in front.pull("MASH.E09000023").await.unwrap() {
        if taken.id.starts_with(&recalled) {
            front.open(&taken, (pb::Part::E, 0), "").await.unwrap();
        }
    }
    council.referrals.recall_referral(recalling(&recalled)).await.unwrap();
}

/// Runs the browser, and stops the daemon when it says so; whether all was well, and what was said.
async fn run(house: &mut House, script: &Path, plan: &Path) -> (bool, String) {
    let mut browser = Command::new("node").arg(script).arg(plan).stdout(Stdio::piped()).spawn().unwrap();
    let (stop, stopped) = oneshot::channel();
    let running = tokio::task::spawn_blocking(move || {
        let (mut said, mut stop) = (String::new(), Some(stop));
        for line in BufReader::new(browser.stdout.take().unwrap()).lines().map_while(Result::ok) {
            if let Some(stop) = stop.take_if(|_| line == "STOP") {
                _ = stop.send(());
            }
            said = format!("{said}{line}\n");
        }
        (browser.wait().unwrap().success(), said)
    });
    if stopped.await.is_ok() {
        house.close().await;
    }
    running.await.unwrap()
}

/// A word on a sheet, with its box: left, top, right, bottom.
type Word = (String, [f64; 4]);

/// Every sheet of a page that was printed, with its words.
fn sheets(pdf: &Path) -> Vec<Vec<Word>> {
    let done = Command::new("pdftotext").arg("-bbox").arg(pdf).arg("-").output().unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    let said = String::from_utf8(done.stdout).unwrap();
    let word = |line: &str| {
        let side = |name: &str| between(line, &format!("{name}=\""), "\"")?.parse().ok();
        let text = between(line, "\">", "</word>")?.replace("&quot;", "\"").replace("&lt;", "<").replace("&gt;", ">");
        Some((text.replace("&amp;", "&"), [side("xMin")?, side("yMin")?, side("xMax")?, side("yMax")?]))
    };
    said.split("<page ").skip(1).map(|page| page.lines().filter_map(word).collect()).collect()
}

/// The marking is the first and the last of every sheet, nothing covers anything, and no word is lost.
fn is_marked_on_every_sheet(file: &Path) {
    let sheets = sheets(&file.with_extension("pdf"));
    assert!(sheets.len() >= 2, "{} has {} sheets", file.display(), sheets.len());
    for words in &sheets {
        let first = words.iter().min_by(|one, other| one.1[1].total_cmp(&other.1[1])).unwrap().1[1];
        let last = words.iter().max_by(|one, other| one.1[3].total_cmp(&other.1[3])).unwrap().1[3];
        let marked = |edge: usize, at: f64| {
            words.iter().any(|(word, sides)| word == "OFFICIAL-SENSITIVE" && (sides[edge] - at).abs() < 1.0)
        };
        assert!(marked(1, first) && marked(3, last), "{}: {words:?}", file.display());
        assert!(words.iter().any(|(word, _)| word == "2026"), "when, in which year");
        for (at, (one, a)) in words.iter().enumerate() {
            for (other, b) in &words[at + 1..] {
                let (wide, high) = (a[2].min(b[2]) - a[0].max(b[0]), a[3].min(b[3]) - a[1].max(b[1]));
                // Boxes of lines touch; what is covered lies within.
                assert!(wide < 1.0 || high < 4.0, "{}: {one} and {other} lie on each other", file.display());
            }
        }
    }
    let there: BTreeSet<&str> = sheets.iter().flatten().map(|(word, _)| word.as_str()).collect();
    let wanted = fs::read_to_string(file.with_extension("txt")).unwrap();
    let short = |word: &&str| word.len() < 20 && word.chars().all(|letter| letter.is_ascii_alphanumeric());
    let lost: Vec<_> = wanted.split_whitespace().filter(short).filter(|word| !there.contains(word)).collect();
    assert!(lost.is_empty() && wanted.len() > 100, "{}: lost {lost:?}", file.display());
}

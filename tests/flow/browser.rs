//! The pages in a real Chromium with client certificates: see `tests/browser/pages.mjs`. What it downloads is checked here.

use std::{
    fs,
    io::Write,
    path::{Path, PathBuf},
    process::Command,
};

use homeward::wire::pb;
use serde_json::json;

use crate::{
    asking::asking,
    certificates::{FIRST, serial_of},
    house::{House, LEWISHAM, MPU, MPU_NE, MPU_TOO, RESOLVER, SUPERVISOR, narrative},
    pages_council::checked,
    person::submission,
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
    let house = House::open_issuing().await;
    let mut council = house.person(LEWISHAM).await;
    // One for each journey of a council, in which an officer has asked something.
    for _ in 0..2 {
        council.submit(submission(&narrative(1))).await.unwrap();
    }
    let mut asker = house.person(MPU_TOO).await;
    for taken in asker.pull("MPU.SE").await.unwrap() {
        asker.open(&taken, (pb::Part::E, 0), "").await.unwrap();
        asker.queues.request_clarification(asking(&taken, "Which Saturday was meant?")).await.unwrap();
    }
    // One for each journey of an officer, and one that is held.
    for _ in 0..3 {
        council.submit(submission(&narrative(1))).await.unwrap();
    }
    let mut draft = submission(&narrative(1));
    draft.lives_now = Some(pb::Area { unknown: true, ..Default::default() });
    council.submit(draft).await.unwrap();
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
    let run = move || Command::new("node").arg(script).arg(file).output().unwrap();
    let done = tokio::task::spawn_blocking(run).await.unwrap();
    let said = String::from_utf8([done.stdout, done.stderr].concat()).unwrap();
    assert!(done.status.success(), "pictures are in {}\n{said}", out.display());
    let read = |name: &str| fs::read_to_string(out.join(name)).unwrap();
    assert!(read("seen.txt").lines().count() >= 28, "{said}");
    let (holds, words) = checked(&house, &read("receipt.txt"), &read("ledger-key.txt"));
    assert!(holds, "{words}");
}

//! What is read again while the daemon runs: server certificate, authorities, grants, reference data. Nobody's connection
//! is dropped by it but theirs who lost a grant; a faulty file changes nothing and raises an alarm.

use std::{fs, path::Path};

use homeward::{
    pki::{self, Tools},
    platform::{SystemClock, SystemEntropy},
    wire::pb,
};
use serde_json::Value;
use tonic::{Code, Streaming};

use crate::{
    daemon::{Daemon, recent},
    house::{BROMLEY, GRANTS, INTELLIGENCE, LEWISHAM, MPU, domain, narrative},
    person::{Person, submission, why},
};

const OPERATOR: &str = "operator/auditor/a1";

async fn watching(council: &mut Person) -> Streaming<pb::WatchReferralsResponse> {
    council.referrals.watch_referrals(pb::WatchReferralsRequest::default()).await.unwrap().into_inner()
}

async fn alarms(daemon: &Daemon) -> Vec<String> {
    let mut operator = daemon.person(OPERATOR).await;
    let mut alarms = operator.identity.who_am_i(pb::WhoAmIRequest {}).await.unwrap().into_inner().alarms;
    // Nobody set up paging here.
    alarms.retain(|alarm| alarm != "PAGING_NOT_CONFIGURED");
    alarms
}

/// Puts `text` there as an editor or a deployment does.
fn put(path: &Path, text: &str) {
    let beside = path.with_extension("new");
    fs::write(&beside, text).unwrap();
    fs::rename(beside, path).unwrap();
}

/// The alarm's name and words in a log line.
fn alarm(line: &str) -> (String, String) {
    let line: Value = serde_json::from_str(line).unwrap();
    assert_eq!(line["level"], "ERROR");
    let field = |name: &str| line["fields"][name].as_str().unwrap().to_owned();
    (field("alarm"), field("words"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn grants_change_while_running_and_those_who_lost_something_are_told_at_once() {
    let daemon = Daemon::start().await;
    let file = daemon.folder("grants.toml");
    let (mut council, mut other) = (daemon.person(LEWISHAM).await, daemon.person(BROMLEY).await);
    let mut officer = daemon.person(MPU).await;
    let mut stream = watching(&mut council).await;
    let mut others = watching(&mut other).await;
    officer.pull("MPU.SE").await.unwrap();

    let from = daemon.log().len();
    put(&file, &GRANTS.replacen("E09000023", "Lewisham", 1).replacen("not_after", "until", 1));
    let (name, words) = alarm(&daemon.says(from, "RELOAD_REFUSED grants").await);
    assert!(words.contains("grants.toml") && words.contains("until"), "{words}");
    assert_eq!(alarms(&daemon).await, [name], "an operator sees it");
    assert!(other.identity.who_am_i(pb::WhoAmIRequest {}).await.unwrap().into_inner().alarms.is_empty());
    officer.pull("MPU.SE").await.unwrap();

    let from = daemon.log().len();
    // Bromley's case system loses its authority, everybody else keeps theirs, and somebody new comes.
    let less = GRANTS.replacen("submit_for = [\"E09000006\"]", "submit_for = [\"E09000008\"]", 1);
    assert_ne!(less, GRANTS);
    put(&file, &less);
    daemon.says(from, "grants replaced").await;
    let ended = tokio::time::timeout(std::time::Duration::from_secs(60), others.message()).await.unwrap();
    assert_eq!(why(ended), (Code::PermissionDenied, "GRANT_ENDED".into()));
    // The alarm ends when the change stands in the ledger.
    daemon.says(from, "read again").await;
    assert_eq!(alarms(&daemon).await, Vec::<String>::new());
    let mut again = daemon.person(BROMLEY).await;
    let shown = again.identity.who_am_i(pb::WhoAmIRequest {}).await.unwrap().into_inner();
    assert_eq!(shown.grants[0].authorities, ["E09000008"]);

    officer.pull("MPU.SE").await.unwrap();
    council.submit(submission(&recent(1, "2026-11-20T16:30:00Z"))).await.unwrap();
    let told = tokio::time::timeout(std::time::Duration::from_secs(60), stream.message()).await.unwrap();
    assert!(told.unwrap().is_some(), "the stream of before goes on");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_new_server_certificate_and_authority_are_taken_up_and_faulty_ones_named_file_by_file() {
    let daemon = Daemon::start().await;
    let (certs, server) = (daemon.folder("certs"), daemon.folder("certs/server"));
    let mut council = daemon.person(LEWISHAM).await;
    let mut stream = watching(&mut council).await;

    let old = fs::read_to_string(server.join("cert.pem")).unwrap();
    let from = daemon.log().len();
    put(&server.join("cert.pem"), "nothing");
    put(&server.join("ca.pem"), "nothing either");
    let (_, words) = alarm(&daemon.says(from, "RELOAD_REFUSED tls").await);
    assert!(words.contains("cert.pem") && words.contains("ca.pem"), "both are named: {words}");
    daemon.person(BROMLEY).await.identity.who_am_i(pb::WhoAmIRequest {}).await.expect("what was before stays");

    // Another authority beside the old one, and a new certificate for the server: asked for by SIGHUP.
    let entropy = SystemEntropy::new();
    let tools = Tools { clock: &SystemClock, entropy: &entropy };
    let (next, other) = (daemon.folder("next"), daemon.folder("other"));
    pki::issue_server(&certs, &next, &[], tools).unwrap();
    pki::init(&other, &domain(), &[], tools).unwrap();
    let both = ["certs/ca.pem", "other/ca.pem"].map(|name| fs::read_to_string(daemon.folder(name)).unwrap()).concat();
    let from = daemon.log().len();
    fs::rename(next.join("key.pem"), server.join("key.pem")).unwrap();
    fs::rename(next.join("cert.pem"), server.join("cert.pem")).unwrap();
    put(&server.join("ca.pem"), &both);
    daemon.signal("HUP");
    daemon.says(from, "read again").await;
    assert_ne!(fs::read_to_string(server.join("cert.pem")).unwrap(), old);
    let identity =
        homeward::domain::identity::Identity::parse(&format!("homeward://pilot.example/{MPU}"), &domain()).unwrap();
    let out = daemon.folder("profile-new");
    let wish = pki::Issue { identity: &identity, endpoint: &daemon.url(), out: &out, days: 90 };
    pki::issue(&other, &wish, tools).unwrap();
    fs::copy(certs.join("ca.pem"), out.join("ca.pem")).unwrap();
    daemon.person_with(&out).await.pull("MPU.SE").await.expect("an officer under the new authority");

    council.submit(submission(&recent(1, "2026-11-20T16:30:00Z"))).await.unwrap();
    let told = tokio::time::timeout(std::time::Duration::from_secs(60), stream.message()).await.unwrap();
    assert!(told.unwrap().is_some(), "the stream of before goes on");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn reference_data_is_read_again_and_a_folder_with_a_fault_is_refused_as_a_whole() {
    let daemon = Daemon::start_with(FOLDER, shipped_reference).await;
    let mut council = daemon.person(LEWISHAM).await;
    let rules = daemon.folder("reference/rules/2026-11-3.toml");
    let text = fs::read_to_string(&rules).unwrap();
    let newer = text.replacen("version = \"2026-11-3\"", "version = \"2026-11-4\"", 1);
    let newer = newer.replacen("effective_from = \"2026-11-01\"", "effective_from = \"2026-11-02\"", 1);

    let from = daemon.log().len();
    fs::write(daemon.folder("reference/rules/2026-11-4.toml"), newer.replacen("\"danger_now\"", "\"danger_soon\"", 1))
        .unwrap();
    let (_, words) = alarm(&daemon.says(from, "RELOAD_REFUSED reference").await);
    assert!(words.contains("danger_soon"), "{words}");
    let rule_set = |council: &Person| {
        let mut council = council.clone();
        async move { council.identity.who_am_i(pb::WhoAmIRequest {}).await.unwrap().into_inner().rule_set }
    };
    assert_eq!(rule_set(&council).await, "2026-11-3");

    let from = daemon.log().len();
    fs::write(daemon.folder("reference/rules/2026-11-4.toml"), newer).unwrap();
    daemon.says(from, "read again").await;
    assert_eq!(rule_set(&council).await, "2026-11-4");
    let receipt = council.submit(submission(&recent(1, "2026-11-20T16:30:00Z"))).await.unwrap();
    assert_eq!(receipt.rule_set, "2026-11-4");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn vetting_that_is_asked_for_ends_the_sessions_of_those_who_have_none_and_of_nobody_else() {
    let daemon = Daemon::start_with(FOLDER, |daemon| {
        shipped_reference(daemon);
        let role = "role = \"mpu_officer\"\n";
        fs::write(daemon.folder("grants.toml"), GRANTS.replace(role, &format!("{role}vetting = \"MV\"\n"))).unwrap();
    });
    let daemon = daemon.await;
    let (mut officer, mut intelligence) = (daemon.person(MPU).await, daemon.person(INTELLIGENCE).await);
    let mut council = daemon.person(LEWISHAM).await;
    council.submit(submission(&recent(1, "2026-11-20T16:30:00Z"))).await.unwrap();
    let theirs = officer.pull("MPU.SE").await.unwrap();
    council.submit(submission(&recent(1, "2026-11-20T16:30:00Z"))).await.unwrap();
    let held = intelligence.pull("MPU.SE").await.unwrap();
    assert_eq!((theirs.len(), held.len()), (1, 1));
    let from = daemon.log().len();
    edit(&daemon, "queues.toml", "kind = \"MPU\"\n", "kind = \"MPU\"\nvetting = { work = [\"RV\"] }\n");
    let told = daemon.says(from, "what peers may do has changed").await;
    assert!(told.contains("\"sessions_ended\":1"), "{told}");
    // What they hold waits again, and what others hold stays theirs.
    let told = daemon.says(from, "leases of whoever may no longer work there have returned").await;
    assert!(told.contains("\"leases\":1"), "{told}");
    let back = officer.pull("MPU.SE").await.unwrap();
    assert_eq!(back.iter().map(|one| &one.id).collect::<Vec<_>>(), [&held[0].id]);
    officer.read(&theirs[0], (pb::Part::E, 0), "").await.unwrap();
    let mut again = daemon.person(INTELLIGENCE).await;
    assert_eq!(why(again.pull("MPU.SE").await), (Code::PermissionDenied, "QUEUE_NOT_GRANTED".into()));
}

/// The line that has the broker go by a folder of its own.
const FOLDER: &str = "policy.reference = \"reference\"\n";

/// A copy of what is shipped, as that folder.
fn shipped_reference(daemon: &Daemon) {
    let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("deploy/reference");
    for file in crate::daemon::files(&shipped) {
        let to = daemon.folder("reference").join(file.strip_prefix(&shipped).unwrap());
        fs::create_dir_all(to.parent().unwrap()).unwrap();
        fs::copy(&file, to).unwrap();
    }
}

/// Puts `to` for `from` in a file of the folder, which has it; answers with what was there.
fn edit(daemon: &Daemon, name: &str, from: &str, to: &str) -> String {
    let file = daemon.folder("reference").join(name);
    let before = fs::read_to_string(&file).unwrap();
    assert!(before.contains(from), "{from} in {name}");
    put(&file, &before.replace(from, to));
    before
}

const RULES: &str = "rules/2026-11-3.toml";
/// A child who must not be rung at home, and a table that forgets to say so: it loads, and does not pass the check.
const NO_SAFE_CONTACT: &str = "flags = [{ flag = \"safe_contact_no\" }]";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_folder_that_does_not_pass_the_check_is_neither_started_with_nor_taken_up() {
    let mut daemon = Daemon::prepared(FOLDER);
    shipped_reference(&daemon);
    let before = edit(&daemon, RULES, NO_SAFE_CONTACT, "");
    let (code, told) = daemon.refuses();
    assert_eq!(code, 65, "{told}");
    for words in [
        "/reference: the broker does not go by reference data that has 2 faults",
        "rules/2026-11-3.toml: rule R19: lacks what it must have: flag safe_contact_no: put it back",
        "policy check --policy",
    ] {
        assert!(told.contains(words), "{words} in {told}");
    }
    put(&daemon.folder("reference").join(RULES), &before);
    daemon.restart().await;

    let from = daemon.log().len();
    edit(&daemon, RULES, NO_SAFE_CONTACT, "");
    let (name, words) = alarm(&daemon.says(from, "RELOAD_REFUSED reference").await);
    assert!(words.contains("rule R19: lacks") && words.contains("what was in force before stays"), "{words}");
    assert_eq!(alarms(&daemon).await, [name]);
    let mut home: Value = serde_json::from_str(&recent(1, "2026-11-20T16:30:00Z")).unwrap();
    home["answers"]["harm_source_at_home"] = "YES_NO_YES".into();
    let receipt = daemon.person(LEWISHAM).await.submit(submission(&home.to_string())).await.unwrap();
    assert!(
        receipt.flags.iter().any(|flag| flag == "safe_contact_no"),
        "the table of before decides: {:?}",
        receipt.flags
    );
    daemon.stop();
    assert_eq!(daemon.refuses().0, 65, "nor is it started with");
    let from = daemon.log().len();
    put(&daemon.folder("reference").join(RULES), &before);
    daemon.restart().await;
    daemon.says(from, "serving").await;
    assert_eq!(alarms(&daemon).await, Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn how_much_is_logged_changes_while_it_runs_and_a_wrong_file_changes_nothing() {
    let daemon = Daemon::start().await;
    let file = daemon.folder("homeward.toml");
    let written = |from: &str, to: &str| {
        let text = fs::read_to_string(&file).unwrap();
        assert!(text.contains(from), "{text}");
        fs::write(&file, text.replacen(from, to, 1)).unwrap();
        let before = daemon.log().len();
        daemon.signal("HUP");
        before
    };
    let before = written("\"trace\"", "\"warn\"");
    let line = daemon.says(before, "log level changed").await;
    assert!(line.contains("Trace") && line.contains("Warn"), "{line}");
    let quiet = daemon.log().len();
    daemon.signal("HUP");
    daemon.person(LEWISHAM).await.submit(submission(&narrative(1))).await.unwrap();
    assert!(
        !daemon.log()[quiet..].contains("\"INFO\"") && !daemon.log()[quiet..].contains("\"DEBUG\""),
        "{}",
        daemon.log()
    );
    let before = written("\"warn\"", "\"loud\"");
    let line = daemon.says(before, "the log level stays").await;
    assert!(line.contains("loud"), "what is wrong is named: {line}");
    let before = written("\"loud\"", "\"info\"");
    daemon.says(before, "log level changed").await;
    daemon.says(before, "read again").await;
}

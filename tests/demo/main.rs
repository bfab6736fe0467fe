//! The README's first command, as a newcomer runs it: any directory, one command, everything checked.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod browser;

use std::{
    fs,
    io::{BufRead, BufReader},
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
    sync::Arc,
};

use homeward::{platform::ManualClock, wire::profile::Profile};
use http::Request;
use http_body_util::BodyExt;
use serde_json::Value;
use tonic::body::Body;
use tower::ServiceExt;

fn homeward() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_homeward"));
    command.env_remove("HOMEWARD_PROFILE");
    command
}

#[test]
fn the_demo_comes_out_as_specified_and_leaves_nothing_behind() {
    let folder = tempfile::tempdir().unwrap();
    let scratch = tempfile::tempdir().unwrap();
    let output =
        homeward().args(["demo", "--json"]).current_dir(&folder).env("TMPDIR", scratch.path()).output().unwrap();
    assert!(output.status.success(), "{}", told(&output));
    let accounts: Vec<Value> =
        String::from_utf8(output.stdout).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(accounts.len(), 8);
    for account in &accounts {
        assert_eq!(account["matched"], true, "{}: {}", account["narrative"], account["differences"]);
        assert!(!account["receipt"]["referral_id"].as_str().unwrap().is_empty());
        assert_eq!(account["referral"]["state"], "REFERRAL_STATE_SETTLED");
    }
    let opened = accounts.iter().flat_map(|account| account["deliveries"].as_array().unwrap());
    assert!(opened.filter(|one| !one["opened"].as_array().unwrap().is_empty()).count() > 40);
    assert!(empty(folder.path()), "the demo left something in the directory it was run in");
    assert!(empty(scratch.path()), "the demo left something in the temporary directory");
}

#[test]
fn the_demo_says_in_words_who_saw_what() {
    let output = homeward().arg("demo").output().unwrap();
    assert!(output.status.success(), "{}", told(&output));
    let text = String::from_utf8(output.stdout).unwrap();
    for words in ["N1", "who opened what", "side by side", "what the council sees now", "as specified", "0 differences"]
    {
        assert!(text.contains(words), "the account does not say `{words}`");
    }
}

/// The words behind a mark in a text, up to the next space.
fn behind<'t>(text: &'t str, mark: &str) -> &'t str {
    text.split(mark).nth(1).unwrap_or_else(|| panic!("no `{mark}` in {text}")).split_whitespace().next().unwrap()
}

/// What somebody with this PKCS#12 file sees at an address: openssl opens it, and certificate and key are shown to the daemon.
async fn page(said: &str, file: &Path, path: &str) -> String {
    let profile = tempfile::tempdir().unwrap();
    fs::set_permissions(profile.path(), fs::Permissions::from_mode(0o700)).unwrap();
    let password = format!("pass:{}", behind(said, "password ").trim_end_matches(','));
    for (what, name) in [(["-nokeys"].as_slice(), "cert.pem"), (&["-nocerts", "-nodes"], "key.pem")] {
        let mut openssl = Command::new("openssl");
        openssl.args(["pkcs12", "-passin", &password]).args(what).arg("-in").arg(file);
        let output = openssl.arg("-out").arg(profile.path().join(name)).output().unwrap();
        assert!(output.status.success(), "{}", told(&output));
    }
    fs::set_permissions(profile.path().join("key.pem"), fs::Permissions::from_mode(0o600)).unwrap();
    fs::copy(behind(said, "does not know: ").trim_end_matches('.'), profile.path().join("ca.pem")).unwrap();
    let url = behind(said, "Pages: ");
    fs::write(profile.path().join("endpoint"), url).unwrap();
    let clock = ManualClock::new(behind(said, "Its clock stands at ").trim_end_matches('.').parse().unwrap());
    let channel = Profile::load(profile.path()).unwrap().connect(Arc::new(clock)).await.unwrap();
    let answer = channel.oneshot(Request::get(format!("{url}{path}")).body(Body::empty()).unwrap()).await.unwrap();
    assert!(answer.status().is_success() || answer.status().is_redirection(), "{path}: {}", answer.status());
    String::from_utf8(answer.into_body().collect().await.unwrap().to_bytes().to_vec()).unwrap()
}

#[tokio::test]
async fn a_demo_that_is_kept_has_pages_with_the_eight_narratives() {
    let (demo, said) = Kept::begin();
    let files = said.lines().filter_map(|line| line.trim().split("  ").next().filter(|file| file.ends_with(".p12")));
    let files: Vec<_> = files.map(PathBuf::from).collect();
    for (name, path, words) in [
        ("officer", "/", "Your queues"),
        ("hold", "/queues/HOLD.human", "HOLD.human"),
        ("supervisor", "/supervision", "Supervision"),
        ("council", "/referrals", "LEW-RHI-0117"),
        ("administrator", "/certificates", "Certificates"),
        ("custodian", "/keys", "Keys that wrap records"),
    ] {
        let file = files.iter().find(|file| file.file_stem().is_some_and(|stem| stem == name)).unwrap();
        assert!(page(&said, file, path).await.contains(words), "{name} sees no `{words}` at {path}");
    }
    let all =
        page(&said, &files.iter().find(|file| file.ends_with("provider.p12")).unwrap().clone(), "/referrals").await;
    assert_eq!(all.matches("<th scope=\"row\"").count(), 8, "{all}");
    let units = page(&said, files.first().unwrap(), "/").await;
    assert_eq!(units.matches("href=\"/queues/MPU.").count(), 9, "{units}");
    demo.end();
    assert!(!files[0].exists(), "a key was left behind");
}

#[test]
fn a_demo_that_is_kept_answers_the_commands_it_prints() {
    let (demo, said) = Kept::begin();
    let commands: Vec<String> =
        said.lines().filter_map(|line| line.trim().strip_prefix("homeward ")).map(str::to_owned).collect();
    let ready = commands.iter().filter(|command| !command.contains("TOKEN"));
    let mut outputs: Vec<(String, Output)> = ready.map(|command| (command.clone(), paste(command))).collect();
    let pulled = String::from_utf8_lossy(&outputs.last().unwrap().1.stdout).into_owned();
    let delivery = pulled.split_whitespace().next().unwrap_or_default();
    let token = pulled.split("--lease ").nth(1).and_then(|rest| rest.split_whitespace().next()).unwrap_or_default();
    for command in commands.iter().filter(|command| command.contains("TOKEN")) {
        let command = command.replace("TOKEN", token).replace("DELIVERY", delivery);
        outputs.push((command.clone(), paste(&command)));
    }
    demo.end();
    assert_eq!(outputs.len(), 7);
    for (command, output) in &outputs {
        assert!(output.status.success(), "{command}: {}", told(output));
        assert!(!output.stdout.is_empty(), "{command} said nothing");
    }
    assert!(String::from_utf8_lossy(&outputs[5].1.stdout).contains("Marcus Dray"), "the officer read no item");
}

fn paste(command: &str) -> Output {
    homeward().args(command.split_whitespace()).output().unwrap()
}

/// A demo that is kept, until it is interrupted or the test is over.
struct Kept(Child);

impl Kept {
    /// Begins it, and gives what it says.
    fn begin() -> (Self, String) {
        let mut demo = Self(homeward().args(["demo", "--keep"]).stdout(Stdio::piped()).spawn().unwrap());
        let mut said = String::new();
        for line in BufReader::new(demo.0.stdout.take().unwrap()).lines().map(Result::unwrap) {
            said.push_str(&line);
            said.push('\n');
            if line.contains("goes by its own clock") {
                break;
            }
        }
        (demo, said)
    }

    /// Ctrl-C: it stops cleanly.
    fn end(mut self) {
        interrupt(&self.0);
        assert!(self.0.wait().unwrap().success(), "the demo did not stop cleanly");
    }
}

impl Drop for Kept {
    fn drop(&mut self) {
        // A test that failed leaves nothing running.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn interrupt(child: &Child) {
    let sent = Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    assert!(sent.success());
}

fn empty(folder: &Path) -> bool {
    folder.read_dir().unwrap().next().is_none()
}

fn told(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

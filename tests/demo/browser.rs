//! The browser's own handshake: the certificate that the demo hands out lies in the browser's own store, its authority is trusted there, and
//! a policy chooses it, as on a managed desktop. Other tests drive the pages; here nothing stands between the browser and the daemon.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use super::{Kept, behind, told};

/// Where a managed machine keeps what its browser may.
const POLICIES: &str = "/etc/chromium/policies/managed";

/// A policy for this test's address alone, gone with the test.
struct Policy(PathBuf);

impl Policy {
    fn choosing(url: &str) -> std::io::Result<Self> {
        let file = Path::new(POLICIES).join(format!("homeward-test-{}.json", std::process::id()));
        let choice = serde_json::json!({ "pattern": url, "filter": {} }).to_string();
        fs::create_dir_all(POLICIES)?;
        fs::write(&file, serde_json::json!({ "AutoSelectCertificateForUrls": [choice] }).to_string())?;
        Ok(Self(file))
    }
}

impl Drop for Policy {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}

fn run(program: &str, args: &[&str]) {
    let output = Command::new(program).args(args).output().unwrap();
    assert!(output.status.success(), "{program}: {}", told(&output));
}

/// What a browser shows whose home has these certificates, or none.
fn shown(home: &Path, url: &str) -> String {
    let mut browser = Command::new("timeout");
    browser.args(["120", "chromium", "--headless=new", "--no-sandbox", "--disable-gpu", "--dump-dom"]);
    let output = browser.arg(format!("--user-data-dir={}", home.join("profile").display())).arg(url).env("HOME", home);
    String::from_utf8_lossy(&output.output().unwrap().stdout).into_owned()
}

fn missing() -> bool {
    let there = |program: &str| Command::new(program).arg("--version").output().is_ok();
    let all = there("chromium") && there("certutil") && there("pk12util");
    let ci = std::env::var("CI").is_ok_and(|ci| ci == "true");
    assert!(all || !ci, "chromium, certutil or pk12util is not there: run tests/run, which installs them");
    !all
}

#[test]
fn a_browser_with_the_demos_certificate_shows_its_holders_pages_and_without_it_nothing() {
    if missing() {
        return;
    }
    let (demo, said) = Kept::begin();
    let (url, authority) = (behind(&said, "Pages: "), behind(&said, "does not know: ").trim_end_matches('.'));
    let policy = match Policy::choosing(url) {
        Ok(policy) => policy,
        // Only who may configure the machine can try what a configured machine does.
        Err(error) if std::env::var_os("CI").is_none() => return eprintln!("{POLICIES}: {error}: not tried"),
        Err(error) => panic!("{POLICIES}: {error}"),
    };
    let password = behind(&said, "password ").trim_end_matches(',').to_owned();
    let files = said.lines().filter_map(|line| line.trim().split("  ").next().filter(|file| file.ends_with(".p12")));
    for file in files
        .map(Path::new)
        .filter(|file| ["officer", "administrator"].iter().any(|who| file.ends_with(format!("{who}.p12"))))
    {
        for with in [true, false] {
            let home = tempfile::tempdir().unwrap();
            let folder = home.path().join(".pki/nssdb");
            fs::create_dir_all(&folder).unwrap();
            let database = format!("sql:{}", folder.display());
            run("certutil", &["-d", &database, "-N", "--empty-password"]);
            run("certutil", &["-d", &database, "-A", "-n", "homeward", "-t", "C,,", "-i", authority]);
            if with {
                run("pk12util", &["-d", &database, "-i", file.to_str().unwrap(), "-W", &password, "-K", ""]);
            }
            let page = shown(home.path(), url);
            let who = if file.ends_with("officer.p12") { "mpu_officer/duty" } else { "certificate_admin" };
            let served = page.contains("<title>") && page.contains("Homeward") && page.contains(who);
            assert_eq!(served, with, "{}: {page}", file.display());
        }
    }
    drop(policy);
    demo.end();
}

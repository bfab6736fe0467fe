//! The issuing authority and the root are replaced by command: killed anywhere, each step goes on.

use std::{fs, path::Path, process::Command};

use super::{
    homeward,
    house::{LEWISHAM, OFFICER},
    struck::{CALLS, killed, strace_is_missing},
};

fn pki(at: &Path, args: &[&str]) -> super::Ended {
    homeward(at, &[&["pki"], args].concat())
}

/// Issues a certificate, which openssl accepts by the root that everybody trusts.
fn issues(at: &Path, out: &str) {
    pki(at, &["issue", OFFICER, "--out", out]).with(0);
    assert!(accepted(&at.join(out), Path::new("ca.pem")), "{out}");
}

/// Whether openssl accepts the certificate of a profile by a bundle.
fn accepted(profile: &Path, bundle: &Path) -> bool {
    let args = ["verify", "-untrusted", "cert.pem", "-CAfile"];
    let mut command = Command::new("openssl");
    command.args(args).arg(bundle).arg("cert.pem").current_dir(profile);
    command.output().unwrap().status.success()
}

/// Whether the profile itself trusts who signed it, and the server does.
fn accepted_by_all(at: &Path, profile: &str) -> bool {
    let server = at.join("certs/server/ca.pem");
    [Path::new("ca.pem"), &server].iter().all(|bundle| accepted(&at.join(profile), bundle))
}

/// How many roots stand in what clients are given, and in what the server trusts.
fn trusted(at: &Path) -> [usize; 2] {
    let roots = |name: &str| fs::read_to_string(at.join(name)).unwrap().matches("BEGIN CERTIFICATE").count();
    ["certs/ca.pem", "certs/server/ca.pem"].map(roots)
}

/// Whether nothing is left to do of the step with this number.
fn is_done(at: &Path, step: usize) -> bool {
    match step {
        0 => !at.join("root-2/unfinished").exists() && trusted(at) == [2, 2],
        1 => at.join("certs/next/issuing.pem").exists(),
        2 => !at.join("certs/next").exists(),
        5 => trusted(at) == [1, 1],
        _ => false,
    }
}

/// Copies a folder into another one.
fn copied(from: &Path, to: &Path) {
    assert!(Command::new("cp").arg("-a").arg(from).arg(to).status().unwrap().success());
}

#[test]
fn a_step_of_a_rotation_that_is_killed_anywhere_goes_on() {
    if strace_is_missing() {
        eprintln!(
            "SKIPPED, strace is missing: install the package strace to prove that a step that was killed goes on"
        );
        return;
    }
    let made = tempfile::tempdir().unwrap();
    pki(made.path(), &["init", "--trust-domain", "pilot.example"]).with(0);
    let steps: [&[&str]; 6] = [
        &["rotate", "prepare-root", "--root", "root-2"],
        &["rotate", "prepare", "--root", "root-2"],
        &["rotate", "activate"],
        &["rotate", "taint"],
        &["rotate", "revoke", "--root", "certs/root"],
        &["rotate", "retire-root"],
    ];
    let mut kills = [0; 6];
    for (number, step) in steps.iter().enumerate() {
        // Every call of every kind, until there is none more.
        let mut kinds = CALLS.iter();
        let (mut kind, mut count) = (kinds.next(), 1);
        while let Some(name) = kind {
            let call = (*name, count);
            let place = tempfile::tempdir().unwrap();
            let at = place.path();
            for folder in ["certs", "root-2"].map(|name| made.path().join(name)).iter().filter(|one| one.exists()) {
                copied(folder, at);
            }
            if !killed(at, &[&["pki"], *step].concat(), call) {
                (kind, count) = (kinds.next(), 1);
                continue;
            }
            (kills[number], count) = (kills[number] + 1, count + 1);
            assert!(count < 50, "it is killed for ever: is strace allowed here?");
            // Meanwhile nothing is signed that nobody accepts.
            let during = pki(at, &["issue", OFFICER, "--out", "during"]);
            if during.code == 0 {
                assert!(accepted_by_all(at, "during"), "{step:?} {call:?}");
            } else {
                assert!(during.err.contains("rotate activate` again"), "{step:?} {call:?}: {during:?}");
            }
            // It goes on, unless it was killed after all was done.
            let again = pki(at, step);
            assert!(again.code == 0 || is_done(at, number), "{step:?} {call:?}: {again:?}");
            for step in &steps[number + 1..] {
                pki(at, step).with(0);
            }
            issues(at, "after");
            assert!(accepted_by_all(at, "after") && trusted(at) == [1, 1], "{step:?} {call:?}");
            let old = fs::read_dir(at.join("certs/old")).unwrap().next().unwrap().unwrap().path();
            assert!(old.join("issuing.pem").exists() && !old.join("issuing.key").exists());
            assert!(!at.join("certs/next").exists() && at.join("certs/root-crl.pem").exists());
        }
        pki(made.path(), step).with(0);
    }
    println!("killed so often in each step: {kills:?}");
    assert!(kills[0] >= 10 && kills[1] >= 4 && kills[2] >= 6 && kills[4] >= 2 && kills[5] >= 2, "{kills:?}");
}

#[test]
fn the_root_is_replaced_and_whoever_has_both_notices_nothing() {
    let place = tempfile::tempdir().unwrap();
    let at = place.path();
    pki(at, &["init", "--trust-domain", "pilot.example"]).with(0);
    pki(at, &["issue", LEWISHAM, "--out", "before"]).with(0);
    pki(at, &["rotate", "retire-root"]).refused(65, &["no root is to be retired"]);
    // A root that nobody trusts yet signs nothing.
    fs::create_dir(at.join("elsewhere")).unwrap();
    pki(&at.join("elsewhere"), &["init", "--trust-domain", "pilot.example"]).with(0);
    pki(at, &["rotate", "prepare", "--root", "elsewhere/certs/root"]).refused(65, &["not in ca.pem", "prepare-root"]);

    let said = pki(at, &["rotate", "prepare-root", "--root", "root-2"]).with(0);
    assert!(said.contains("trusted beside the old one") && said.contains("MOVE root-2 OFFLINE NOW"), "{said}");
    pki(at, &["rotate", "prepare-root", "--root", "root-3"]).refused(65, &["two roots are trusted already"]);
    assert_eq!(fs::read(at.join("certs/ca.pem")).unwrap(), fs::read(at.join("certs/server/ca.pem")).unwrap());
    pki(at, &["issue", LEWISHAM, "--out", "between"]).with(0);
    let both = at.join("between/ca.pem");
    assert!(accepted(&at.join("before"), &both) && accepted(&at.join("between"), &at.join("before/ca.pem")));

    pki(at, &["rotate", "prepare", "--root", "root-2"]).with(0);
    pki(at, &["rotate", "activate"]).with(0);
    pki(at, &["issue", LEWISHAM, "--out", "after"]).with(0);
    assert!(accepted(&at.join("after"), &both) && accepted(&at.join("between"), &both));
    assert!(
        !accepted(&at.join("after"), &at.join("before/ca.pem")),
        "whoever has the old root alone must fetch the bundle"
    );
    pki(at, &["rotate", "retire-root"]).refused(65, &["accepted still", "revoke"]);
    pki(at, &["rotate", "taint"]).with(0);
    pki(at, &["rotate", "retire-root"]).refused(65, &["accepted still"]);
    pki(at, &["rotate", "revoke", "--root", "certs/root"]).with(0);
    let said = pki(at, &["rotate", "retire-root"]).with(0);
    assert!(said.contains("trusted no longer"), "{said}");
    let new = at.join("certs/ca.pem");
    assert_eq!(fs::read(&new).unwrap(), fs::read(at.join("certs/server/ca.pem")).unwrap());
    assert!(accepted(&at.join("after"), &new) && !accepted(&at.join("between"), &new));
    issues(at, "later");
    // The next one goes the same way.
    pki(at, &["rotate", "prepare", "--root", "certs/root"]).refused(65, &["not in ca.pem"]);
    pki(at, &["rotate", "prepare-root", "--root", "root-3"]).with(0);
}

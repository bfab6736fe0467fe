//! Backup and restore by command, with the daemon running, killed, and gone.

use std::{
    fs,
    io::{Read, Write},
    os::unix::{
        fs::{MetadataExt, PermissionsExt},
        net::UnixStream,
    },
    path::Path,
    process::{Command, Stdio},
    thread,
    time::Duration,
};

use super::{
    Ended, fed, homeward,
    house::{AUDITOR, Daemon, House, LEWISHAM, OFFICER},
    narrative, one_line,
    struck::{CALLS, killed, strace_is_missing},
};

const REQUEST: &str = "7a4a1b9e-3c55-4c0e-9d0a-2f3f7d1f7b02";

fn backup(at: &Path) -> Ended {
    homeward(at, &["backup", "kept", "--config", "homeward.toml", "--json"])
}

fn restore(at: &Path, more: &[&str]) -> Ended {
    homeward(at, &[&["restore", "kept", "--config", "homeward.toml", "--json"], more].concat())
}

/// Everything under a folder, as bytes.
fn all_of(folder: &Path) -> Vec<u8> {
    let mut bytes = Vec::new();
    for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
        bytes.extend(if entry.path().is_dir() { all_of(&entry.path()) } else { fs::read(entry.path()).unwrap() });
    }
    bytes
}

#[test]
fn a_backup_of_a_running_daemon_is_restored_and_goes_on() {
    let house = House::new();
    let at = house.path();
    backup(at).refused(69, &["start it"]);
    let daemon = Daemon::start(&house);
    let council = house.profile(LEWISHAM, daemon.port);
    fs::write(at.join("n1.json"), narrative(1)).unwrap();
    let submit = |council: &str| {
        one_line(&homeward(at, &["submit", "n1.json", "--request-id", REQUEST, "--profile", council, "--json"]).with(0))
    };
    let receipt = submit(&council);
    for _ in 0..8 {
        fed(at, &["submit", "-", "--profile", &council], &narrative(1)).with(0);
    }
    let ask = |council: &str, more: &[&str]| {
        homeward(at, &[&["audit", "checkpoint", "--profile", council], more].concat()).with(0)
    };
    fs::write(at.join("key"), ask(&council, &["--key"])).unwrap();
    fs::write(at.join("before"), ask(&council, &[])).unwrap();
    killed_again_and_again(at);
    let whole = one_line(&backup(at).with(0));
    let parts = whole["parts"].as_u64().unwrap();
    nothing_can_be_read(at);
    let again = one_line(&backup(at).with(0));
    assert!(again["written"].as_u64().unwrap() <= parts, "{again}");

    let data = at.join("data/store");
    restore(at, &[]).refused(65, &["something is here already"]);
    // What a kill leaves: no manifest, half a part, a part too few.
    let part = fs::read_dir(at.join("kept/parts")).unwrap().next().unwrap().unwrap().path();
    fs::remove_file(&part).unwrap();
    fs::remove_file(at.join("kept/manifest")).unwrap();
    fs::write(at.join("kept/parts/0.unfinished"), b"half").unwrap();
    // The daemon is killed, too: its socket stays behind, and the next one takes backups again.
    drop(daemon);
    backup(at).refused(69, &["start it"]);
    fs::rename(&data, at.join("aside")).unwrap();
    restore(at, &[]).refused(65, &["never finished"]);
    fs::rename(at.join("aside"), &data).unwrap();
    let daemon = Daemon::start(&house);
    let council = house.profile(LEWISHAM, daemon.port);
    assert_eq!(submit(&council)["receipt"], receipt["receipt"]);
    backup(at).with(0);
    assert!(part.exists() || fs::read_dir(at.join("kept/parts")).unwrap().count() > 0);
    assert!(!at.join("kept/parts/0.unfinished").exists());
    fed(at, &["submit", "-", "--profile", &council], &narrative(1)).with(0);
    fs::write(at.join("after"), ask(&council, &[])).unwrap();
    daemon.stop();
    assert!(!data.join("backup.sock").exists());

    fs::rename(&data, at.join("aside")).unwrap();
    refusals(at);
    let restored = one_line(&restore(at, &["--at-least", "before", "--key", "key"]).with(0));
    assert_eq!(restored["records"].as_u64().map(|records| records >= 9), Some(true), "{restored}");
    homeward(at, &["audit", "verify", "--deep", "data/store", "--key", "key", "--since", "kept/checkpoint"]).with(0);
    let daemon = Daemon::start(&house);
    let council = house.profile(LEWISHAM, daemon.port);
    assert_eq!(submit(&council)["receipt"], receipt["receipt"], "a repeat is known");
    fed(at, &["submit", "-", "--profile", &council], &narrative(1)).with(0);
    backup(at).with(0);
    daemon.stop();
}

#[test]
fn an_older_backup_than_the_list_beside_the_store_knows_is_restored_only_by_who_gives_up_what_came_later() {
    let house = House::new();
    let at = house.path();
    let daemon = Daemon::start(&house);
    let council = house.profile(LEWISHAM, daemon.port);
    let entries_of = |folder: &str| {
        let checkpoint = fs::read_to_string(at.join(folder).join("checkpoint")).unwrap();
        checkpoint.lines().nth(1).unwrap().parse::<u64>().unwrap()
    };
    backup(at).with(0);
    fed(at, &["submit", "-", "--profile", &council], &narrative(1)).with(0);
    homeward(at, &["backup", "newer", "--config", "homeward.toml", "--json"]).with(0);
    daemon.stop();
    let (store, list) = (at.join("data/store"), at.join("data/store.revoked"));
    fs::rename(&store, at.join("aside")).unwrap();
    let missing = format!("entries {} to {} of the ledger", entries_of("kept"), entries_of("newer") - 1);
    let words = ["RESTORE_WOULD_ROLL_BACK", "a later backup was taken at", &missing, "--give-up-later"];
    restore(at, &[]).refused(65, &words);
    // Whatever is stated of revocations, and without the line of the older one.
    restore(at, &["--nothing-revoked-since"]).refused(65, &words);
    let whole = fs::read_to_string(&list).unwrap();
    let set = fs::read_to_string(at.join("kept/set")).unwrap().lines().nth(1).unwrap().replace("set ", "\t");
    let without: String = whole.split_inclusive('\n').filter(|line| !line.contains(&set)).collect();
    assert_eq!(whole.lines().count(), without.lines().count() + 2, "copied, and taken");
    fs::write(&list, without).unwrap();
    restore(at, &["--nothing-revoked-since"]).refused(65, &words);
    fs::write(&list, whole).unwrap();
    assert!(!store.exists() || fs::read_dir(&store).unwrap().next().is_none());
    homeward(at, &["restore", "newer", "--config", "homeward.toml"]).with(0);
    fs::remove_dir_all(&store).unwrap();
    let knowingly = ["restore", "kept", "--config", "homeward.toml", "--give-up-later"];
    let said = homeward(at, &knowingly).with(0);
    assert!(said.contains(&format!("given up, as stated: {missing}")), "{said}");
    // The ledger says so; and the next backup is the newest there is.
    let daemon = Daemon::start(&house);
    let auditor = house.profile(AUDITOR, daemon.port);
    let ledger = homeward(at, &["audit", "list", "--profile", &auditor, "--json"]).with(0);
    assert!(ledger.contains("later=given_up"), "{ledger}");
    backup(at).with(0);
    // Of one that nobody has whole it says no more than what it knew of the ledger.
    taken_and_lost(at);
    daemon.stop();
    fs::remove_dir_all(&store).unwrap();
    // What another broker wrote after the newest backup is lost with any: that is said, and nobody is stopped.
    let known = fs::read_to_string(&list).unwrap();
    assert!(known.lines().next_back().unwrap().starts_with("copied\t"), "{known}");
    let heard = format!("heard\t{}\t{}\tsignature\n", entries_of("kept") + 5, "00".repeat(32));
    fs::write(&list, format!("{known}{heard}")).unwrap();
    let said: serde_json::Value = serde_json::from_str(&restore(at, &[]).with(0)).unwrap();
    let last = entries_of("kept") + 4;
    assert_eq!(said["missing_entries"], serde_json::json!([entries_of("kept"), last]), "{said}");
    fs::remove_dir_all(&store).unwrap();
    let said = homeward(at, &["restore", "kept", "--config", "homeward.toml"]).with(0);
    assert!(said.contains("lost, for no later backup is known: entries "), "{said}");
    // The list of another store knows nothing of this one, and takes nothing with it that is stated.
    let title = "homeward beside 1\tsum.golang.org+033de0ae+Ac4zctda0e5eza+HJyk9SxEdh+s3Ux18htTTAD8OuAn8";
    fs::write(&list, format!("{title}\nbackup\t00ff\t2090-01-01T00:00:00Z\t999\tsignature\n")).unwrap();
    fs::remove_dir_all(&store).unwrap();
    restore(at, &["--give-up-later"]).refused(65, &["RESTORED_REVOCATIONS", "of another store"]);
    fs::write(at.join("since"), "5a\n").unwrap();
    let said: serde_json::Value = serde_json::from_str(&restore(at, &["--revoked", "since"]).with(0)).unwrap();
    assert!(said["missing_entries"].is_null(), "{said}");
    assert_eq!(fs::read_to_string(&list).unwrap(), "stated\t5a\n");
    assert!(fs::read_to_string(at.join("data/store.revoked-of-another-store")).unwrap().starts_with(title));
}

/// Takes a backup as far as its manifest, and is gone before anybody can have kept that.
fn taken_and_lost(at: &Path) {
    let mut stream = UnixStream::connect(at.join("data/store/backup.sock")).unwrap();
    stream.write_all(&[b'S', 0, 0, 0, 0, b'T', 0, 0, 0, 0]).unwrap();
    let mut head = [0; 5];
    while head[0] != b'M' {
        stream.read_exact(&mut head).unwrap();
        let mut bytes = vec![0; u32::from_be_bytes([head[1], head[2], head[3], head[4]]) as usize];
        stream.read_exact(&mut bytes).unwrap();
    }
}

#[test]
fn whoever_connects_and_says_nothing_keeps_no_backup_waiting() {
    let house = House::new();
    let at = house.path();
    let daemon = Daemon::start(&house);
    let silent: Vec<_> = (0..4).map(|_| UnixStream::connect(at.join("data/store/backup.sock")).unwrap()).collect();
    backup(at).with(0);
    drop(silent);
    daemon.stop();
}

/// Revokes a certificate through the daemon.
fn revoke(at: &Path, serial: &str) {
    let said =
        homeward(at, &["pki", "revoke", serial, "--reason", "key-compromise", "--profile", "certs/admin-1"]).with(0);
    assert!(said.contains("revoked"), "{said}");
}

/// The serial number of the newest certificate of an identity, by the folder's register.
fn serial_of(at: &Path, identity: &str) -> String {
    let register = fs::read_to_string(at.join("certs/issued.tsv")).unwrap();
    let line = register.lines().rfind(|line| line.contains(identity)).unwrap();
    line.split('\t').next().unwrap().to_owned()
}

/// After a backup somebody's certificate was revoked; answers with their profile, and with another's. Nothing runs.
fn revoked_since(house: &House) -> (String, String) {
    let at = house.path();
    let administers = "[[grant]]\norganisation = \"operator\"\nrole = \"certificate_admin\"\n\
                       not_before = \"2020-01-01T00:00:00Z\"\nnot_after = \"2090-01-01T00:00:00Z\"\n";
    let grants = fs::read_to_string(at.join("grants.toml")).unwrap();
    fs::write(at.join("grants.toml"), format!("{grants}{administers}")).unwrap();
    house.configure("pki.folder = \"certs\"\n");
    let daemon = Daemon::start(house);
    let (thief, honest) = (house.profile(LEWISHAM, daemon.port), house.profile(OFFICER, daemon.port));
    let endpoint = format!("https://localhost:{}\n", daemon.port);
    fs::write(at.join("certs/admin-1/endpoint"), &endpoint).unwrap();
    let who = |profile: &str| homeward(at, &["whoami", "--profile", profile]);
    who(&thief).with(0);
    backup(at).with(0);
    revoke(at, &serial_of(at, LEWISHAM));
    homeward(at, &["admin", "crl", "--out", "since.pem", "--profile", "certs/admin-1"]).with(0);
    daemon.stop();
    (thief, honest)
}

#[test]
fn a_list_beside_the_store_in_which_a_line_has_rotted_is_written_anew_and_kept_as_it_was() {
    let house = House::new();
    let at = house.path();
    let (thief, _) = revoked_since(&house);
    let (list, revoked) = (at.join("data/store.revoked"), format!("revoked\t{}", serial_of(at, LEWISHAM)));
    let text = fs::read_to_string(&list).unwrap();
    assert_eq!(text.matches(&revoked).count(), 1);
    // A digit of its time: the line is about the same certificate, and is not as it was written.
    let (before, after) = text.split_once(&revoked).unwrap();
    fs::write(&list, format!("{before}{revoked}{}", after.replacen("T", "t", 1))).unwrap();
    Daemon::start(&house).stop();
    let text = fs::read_to_string(&list).unwrap();
    assert_eq!(text.matches(&revoked).count(), 1, "{text}");
    assert!(!text.contains(&format!("{before}{revoked}{}", after.replacen("T", "t", 1))), "{text}");
    let kept = || {
        let files = fs::read_dir(at.join("data")).unwrap().map(|entry| entry.unwrap().path());
        files.filter(|file| file.to_string_lossy().contains("store.revoked-damaged-")).collect::<Vec<_>>()
    };
    assert_eq!(kept().len(), 1);
    assert!(fs::read_to_string(&kept()[0]).unwrap().contains(&after.replacen("T", "t", 1)), "as it was");
    Daemon::start(&house).stop();
    assert_eq!((fs::read_to_string(&list).unwrap(), kept().len()), (text, 1), "once");

    fs::remove_dir_all(at.join("data/store")).unwrap();
    restore(at, &[]).with(0);
    let daemon = Daemon::start(&house);
    fs::write(at.join(&thief).join("endpoint"), format!("https://localhost:{}\n", daemon.port)).unwrap();
    assert_ne!(homeward(at, &["whoami", "--profile", &thief]).code, 0);
    daemon.stop();
}

#[test]
fn whoever_was_revoked_since_the_backup_stays_out_of_what_is_restored() {
    let house = House::new();
    let at = house.path();
    let (thief, honest) = revoked_since(&house);
    let who = |profile: &str| homeward(at, &["whoami", "--profile", profile]);
    let (data, list) = (at.join("data/store"), at.join("data/store.revoked"));
    let served = |restored: &[&str], profiles: [(&str, bool); 2]| {
        fs::remove_dir_all(&data).unwrap();
        let said = restore(at, restored).with(0);
        let daemon = Daemon::start(&house);
        for (profile, good) in profiles {
            fs::write(at.join(profile).join("endpoint"), format!("https://localhost:{}\n", daemon.port)).unwrap();
            assert_eq!(who(profile).code == 0, good, "{profile} after {restored:?}: {said}");
        }
        daemon.stop();
    };
    // The list beside the store knows it, also when it is restored twice.
    served(&[], [(&thief, false), (&honest, true)]);
    served(&[], [(&thief, false), (&honest, true)]);

    let kept = fs::read(&list).unwrap();
    // A first line and another that have rotted, and half a line, as a cut of the power leaves it: a store that knows nothing of the rest
    // obeys it.
    let changed = [b"\xff".as_slice(), &kept[1..], b"erased\t\xff\xfe\n", b"revoked\t5a"].concat();
    fs::write(&list, changed).unwrap();
    served(&[], [(&thief, false), (&honest, true)]);

    // Without it nothing is restored, until somebody says what was revoked.
    fs::remove_file(&list).unwrap();
    fs::rename(&data, at.join("aside")).unwrap();
    restore(at, &[]).refused(65, &["RESTORED_REVOCATIONS", "store.revoked", "--revoked", "--nothing-revoked-since"]);
    // One that ends before the backup was taken is as good as none.
    let text = String::from_utf8(kept).unwrap();
    let older: String =
        text.lines().take_while(|line| !line.starts_with("copied")).map(|line| format!("{line}\n")).collect();
    fs::write(&list, older).unwrap();
    restore(at, &[]).refused(65, &["RESTORED_REVOCATIONS"]);
    fs::remove_file(&list).unwrap();
    fs::write(at.join("nonsense"), "not a serial number\n").unwrap();
    restore(at, &["--revoked", "nonsense"]).refused(65, &["neither a revocation list"]);
    fs::rename(at.join("aside"), &data).unwrap();
    served(&["--revoked", "since.pem"], [(&thief, false), (&honest, true)]);
    // It has come into the list by then.
    let list = fs::read_to_string(&list).unwrap();
    assert!(list.contains(&format!("revoked\t{}", serial_of(at, LEWISHAM))), "{list}");

    fs::remove_file(at.join("data/store.revoked")).unwrap();
    served(&["--nothing-revoked-since"], [(&thief, true), (&honest, true)]);
}

#[test]
fn a_restore_that_is_killed_anywhere_leaves_no_store_that_would_let_in_whoever_was_revoked() {
    if strace_is_missing() {
        eprintln!(
            "SKIPPED, strace is missing: install the package strace to prove what a restore that was killed leaves"
        );
        return;
    }
    let house = House::new();
    let at = house.path();
    let daemon = Daemon::start(&house);
    backup(at).with(0);
    daemon.stop();
    let (store, list) = (at.join("data/store"), at.join("data/store.revoked"));
    let away = || {
        fs::remove_dir_all(&store).unwrap();
        fs::remove_file(&list).unwrap_or_default();
    };
    away();
    fs::write(at.join("since"), "5a5a\n").unwrap();
    let args = ["restore", "kept", "--config", "homeward.toml", "--revoked", "since"];
    let is_known = || fs::read_to_string(&list).is_ok_and(|text| text.contains("stated\t5a5a\n"));
    let (mut kills, mut after) = (0, 0);
    for call in
        CALLS.iter().chain(&["fsync", "fdatasync", "chmod", "fchmodat", "chown", "lchown", "fchownat", "exit_group"])
    {
        for number in 1.. {
            assert!(number < 100, "it is killed for ever: is strace allowed here?");
            if !killed(at, &args, (call, number)) {
                break;
            }
            kills += 1;
            if fs::read_dir(&store).is_ok_and(|mut files| files.next().is_some()) {
                after += 1;
                assert!(is_known(), "{call} {number}");
            }
            if store.exists() {
                away();
            }
        }
        // What the killed ones have left is in nobody's way.
        assert!(is_known() && store.join("conf").exists(), "{call}");
        away();
    }
    println!("killed {kills} times, {after} of them with a store in its place");
    assert!(kills >= 10 && after >= 1, "{kills} {after}");
}

/// The user `nobody`, whoever that is on this machine.
const NOBODY: u32 = 65534;

/// Owner and mode of a folder and of all in it.
fn owners(folder: &Path) -> Vec<(u32, u32)> {
    let of = |about: fs::Metadata| (about.uid(), about.mode() & 0o7777);
    let mut found = vec![of(fs::metadata(folder).unwrap())];
    for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
        let about = entry.metadata().unwrap();
        found.extend(if about.is_dir() { owners(&entry.path()) } else { vec![of(about)] });
    }
    found
}

#[test]
fn what_root_compacts_and_restores_belongs_to_whom_it_belonged_to() {
    let house = House::new();
    let at = house.path();
    let daemon = Daemon::start(&house);
    backup(at).with(0);
    daemon.stop();
    let (data, store) = (at.join("data"), at.join("data/store"));
    let root = fs::metadata(at).unwrap().uid() == 0;
    let whose = if root { NOBODY } else { fs::metadata(at).unwrap().uid() };
    let belongs = |mode: u32| {
        let all = owners(&store);
        assert!(all.iter().all(|(owner, _)| *owner == whose) && all.len() > 2, "{all:?}");
        assert_eq!(all[0].1, mode);
    };
    if root {
        Command::new("chown").args(["-R", "nobody"]).arg(&data).status().unwrap();
    }
    fs::set_permissions(&store, fs::Permissions::from_mode(0o750)).unwrap();
    homeward(at, &["compact", "data/store"]).with(0);
    belongs(0o750);
    // Into an empty folder that is there, and into one that is not.
    fs::rename(&store, at.join("aside")).unwrap();
    fs::create_dir(&store).unwrap();
    fs::set_permissions(&store, fs::Permissions::from_mode(0o750)).unwrap();
    if root {
        Command::new("chown").arg("nobody").arg(&store).status().unwrap();
    }
    restore(at, &[]).with(0);
    belongs(0o750);
    fs::remove_dir_all(&store).unwrap();
    restore(at, &[]).with(0);
    belongs(0o700);
}

/// It is not whole then, or it is; what is there is not written again.
fn killed_again_and_again(at: &Path) {
    for turn in 0..6 {
        let mut command = Command::new(env!("CARGO_BIN_EXE_homeward"));
        command.args(["backup", "kept", "--config", "homeward.toml"]).current_dir(at);
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        thread::sleep(Duration::from_millis(5 * turn));
        child.kill().unwrap();
        child.wait().unwrap();
    }
}

fn nothing_can_be_read(at: &Path) {
    let bytes = all_of(&at.join("kept"));
    for word in ["E09000023", "council_submitter", "Lewisham", "MPU.SE", "SUBMIT"] {
        assert!(!bytes.windows(word.len()).any(|part| part == word.as_bytes()), "{word} can be read in the backup");
    }
}

/// Everything for which a restore is refused; nothing is put in the store's place, and no key is made.
fn refusals(at: &Path) {
    let data = at.join("data/store");
    let nothing = || assert!(!data.exists() || fs::read_dir(&data).unwrap().next().is_none());
    let refused = restore(at, &["--at-least", "after", "--key", "key"]);
    assert_eq!(refused.code, 65, "{refused:?}");
    for word in ["is refused", "its ledger ends before entry", "are missing", "restore a later backup"] {
        assert!(refused.err.contains(word), "{refused:?}");
    }
    nothing();
    restore(at, &["--at-least", "after"]).refused(64, &["--key"]);
    let part = fs::read_dir(at.join("kept/parts")).unwrap().next().unwrap().unwrap().path();
    let name = part.file_name().unwrap().to_string_lossy().into_owned();
    let whole = fs::read(&part).unwrap();
    let mut spoilt = whole.clone();
    let last = spoilt.len() - 1;
    spoilt[last] ^= 1;
    fs::write(&part, &spoilt).unwrap();
    restore(at, &[]).refused(65, &["missing or damaged", &name]);
    fs::remove_file(&part).unwrap();
    restore(at, &[]).refused(65, &["missing or damaged", &name]);
    fs::write(&part, whole).unwrap();
    let (manifest, away) = (at.join("kept/manifest"), at.join("manifest"));
    fs::rename(&manifest, &away).unwrap();
    restore(at, &[]).refused(65, &["the backup was never finished", "run `homeward backup` again"]);
    fs::rename(&away, &manifest).unwrap();
    nothing();
    let keyring = at.join("data/keyring");
    fs::rename(&keyring, at.join("keyring")).unwrap();
    assert_eq!(restore(at, &[]).code, 65);
    assert!(!keyring.exists(), "no key is made for a backup");
    fs::rename(at.join("keyring"), &keyring).unwrap();
    // No empty store is begun where one was to be restored.
    homeward(at, &["serve", "--config", "homeward.toml"]).refused(1, &["a restore was begun here and never finished"]);
    homeward(at, &["restore", "nowhere", "--config", "homeward.toml"]).refused(65, &["there is no backup here"]);
}

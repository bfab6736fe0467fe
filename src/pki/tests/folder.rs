//! The life of an authority's folder: the locked root, renewal, revocation, rotation, export.

use x509_parser::{prelude::FromDer, revocation_list::CertificateRevocationList};

use super::{requests::openssl, *};
use crate::domain::certificate::RevocationReason;

#[test]
fn the_roots_key_opens_with_its_passphrase_alone_and_openssl_reads_it() {
    let house = House::new();
    let words = "correct horse battery staple";
    let passphrase = Passphrase::chosen(&format!("{words}\n")).unwrap();
    let root = house.root.path().join("safe/root");
    let plan = Plan {
        trust_domain: &domain(),
        server_names: &[],
        endpoint: "https://localhost:7443",
        root: Some(&root),
        passphrase: Some(&passphrase),
        limits: Limits::default(),
    };
    let made = init_with(&house.dir(), &plan, house.tools()).unwrap();
    assert_eq!((made.root_folder, made.passphrase_file), (root.clone(), None));
    assert_eq!((mode(&root.join("root.key")), mode(&root)), (0o600, 0o700));
    assert!(!house.dir().join("root").exists());
    let wrong = Passphrase::chosen("incorrect horse battery").unwrap();
    let refused = rotation::prepare(&house.dir(), &root, Some(&wrong), house.tools());
    assert!(matches!(refused, Err(PkiError::WrongPassphrase)), "{refused:?}");
    assert!(matches!(rotation::prepare(&house.dir(), &root, None, house.tools()), Err(PkiError::File(_))));
    assert!(!house.dir().join("next").exists());
    let key = openssl(&root, &["pkey", "-in", "root.key", "-passin", &format!("pass:{words}"), "-pubout"]);
    assert_eq!(openssl(&root, &["x509", "-in", "root.pem", "-noout", "-pubkey"]), key);
    assert!(matches!(Passphrase::chosen("short"), Err(PkiError::Passphrase)));
    assert!(fs::read_to_string(root.join("root.key")).unwrap().starts_with("-----BEGIN ENCRYPTED PRIVATE "));
}

#[test]
fn a_passphrase_that_nobody_chose_is_written_beside_the_key() {
    let house = House::new();
    let made = house.init().unwrap();
    let file = made.passphrase_file.unwrap();
    assert_eq!((mode(&file), file.parent()), (0o600, Some(made.root_folder.as_path())));
    let words = fs::read_to_string(&file).unwrap();
    assert_eq!(words.trim().len(), 44, "160 bits in groups");
    openssl(&made.root_folder, &["pkey", "-in", "root.key", "-passin", "file:passphrase", "-noout"]);
}

#[test]
fn two_administrators_have_profiles_of_their_own() {
    let house = House::new();
    let made = house.init().unwrap();
    let names: Vec<_> = made.administrators.iter().map(|one| one.certificate.holder.as_str()).collect();
    let expected =
        ["admin-1", "admin-2"].map(|name| format!("homeward://pilot.example/operator/certificate_admin/{name}"));
    assert_eq!(names, expected);
    let keys = ["admin-1", "admin-2"].map(|name| fs::read(house.dir().join(name).join("key.pem")).unwrap());
    assert_ne!(keys[0], keys[1]);
}

#[test]
fn a_profile_is_renewed_under_the_same_name_with_a_new_key_while_it_is_good() {
    let house = House::new();
    house.init().unwrap();
    let first = house.issue(URI, "first", 10).unwrap();
    let renewed = |from: &str, to: &str| {
        let path = |name: &str| house.root.path().join(name);
        renew(&house.dir(), &path(from), &path(to), house.tools())
    };
    let second = renewed("first", "second").unwrap();
    assert_eq!(second.certificate.holder, first.certificate.holder);
    assert_ne!(second.certificate.serial, first.certificate.serial);
    let text = |one: &Issued, name: &str| fs::read_to_string(one.folder.join(name)).unwrap();
    assert_eq!(text(&first, "endpoint"), text(&second, "endpoint"));
    assert_ne!(text(&first, "key.pem"), text(&second, "key.pem"));
    revoke(&house.dir(), &second.certificate.serial, RevocationReason::Superseded, house.tools()).unwrap();
    assert!(matches!(renewed("second", "third"), Err(PkiError::NotRenewable)));
    house.clock.advance(jiff::SignedDuration::from_hours(11 * 24));
    assert!(matches!(renewed("first", "third"), Err(PkiError::NotRenewable)), "run out");
    assert!(!house.root.path().join("third").exists());
    let stranger = House::new();
    stranger.init().unwrap();
    let foreign = stranger.issue(URI, "foreign", 10).unwrap();
    let refused = renew(&house.dir(), &foreign.folder, &house.root.path().join("third"), house.tools());
    assert!(matches!(refused, Err(PkiError::Serial)), "of another authority");
}

#[test]
fn revoked_certificates_are_on_a_list_that_openssl_obeys() {
    let house = House::new();
    house.init().unwrap();
    let (good, stolen) = (house.issue(URI, "good", 9).unwrap(), house.issue(URI, "stolen", 9).unwrap());
    house.clock.advance(jiff::SignedDuration::from_hours(1));
    let serial = stolen.certificate.serial.as_str();
    revoke(&house.dir(), serial, RevocationReason::KeyCompromise, house.tools()).unwrap();
    let again = revoke(&house.dir(), serial, RevocationReason::Superseded, house.tools());
    assert!(matches!(again, Err(PkiError::Revoked)));
    for wrong in ["", "4", "471", "4711\t", "AB", "0x4711", &"ab".repeat(21)] {
        let unknown = revoke(&house.dir(), wrong, RevocationReason::Superseded, house.tools());
        assert!(matches!(unknown, Err(PkiError::Serial)), "{wrong}");
    }
    let online = revoke(&house.dir(), "4711", RevocationReason::Superseded, house.tools());
    assert_eq!(online.unwrap(), None, "a daemon may have signed it");
    let pem = fs::read(house.dir().join("crl.pem")).unwrap();
    let (_, pem) = parse_x509_pem(&pem).unwrap();
    let (_, list) = CertificateRevocationList::from_der(&pem.contents).unwrap();
    let on_it: Vec<_> = list.iter_revoked_certificates().collect();
    let serials: Vec<_> = on_it.iter().map(|one| hex::encode(one.raw_serial())).collect();
    assert_eq!(serials, [serial, "4711"]);
    assert_eq!(on_it[0].reason_code().unwrap().1.0, 1, "key compromise");
    assert_eq!(list.next_update().unwrap().timestamp() - list.last_update().timestamp(), 7 * 86_400);
    let at = house.clock.now().as_second().to_string();
    let verify = |one: &Issued| {
        let crl = house.dir().join("crl.pem");
        let args = ["verify", "-attime", &at, "-crl_check", "-CRLfile", crl.to_str().unwrap(), "-CAfile", "ca.pem"];
        let args = [&args[..], &["-untrusted", "cert.pem", "cert.pem"]].concat();
        let ran = std::process::Command::new("openssl").args(args).current_dir(&one.folder).output().unwrap();
        (ran.status.success(), String::from_utf8_lossy(&ran.stderr).into_owned())
    };
    assert!(verify(&good).0, "{}", verify(&good).1);
    let (accepted, words) = verify(&stolen);
    assert!(!accepted && words.contains("certificate revoked"), "{words}");
    assert_eq!(revoked(&house.dir()).unwrap().len(), 2);
}

#[test]
fn the_next_issuing_authority_takes_over_and_what_the_old_one_signed_stays_good() {
    let house = House::new();
    let made = house.init().unwrap();
    let before = house.issue(URI, "before", 9).unwrap();
    assert!(matches!(rotation::activate(&house.dir(), house.tools()), Err(PkiError::File(_))), "nothing is prepared");
    house.clock.advance(jiff::SignedDuration::from_mins(1));
    let next = rotation::prepare(&house.dir(), &made.root_folder, None, house.tools()).unwrap();
    let between = house.issue(URI, "between", 9).unwrap();
    let old = rotation::activate(&house.dir(), house.tools()).unwrap();
    assert_eq!(old, house.dir().join("old").join(&made.authority.serial));
    assert!(old.join("issuing.key").exists() && !house.dir().join("next").exists());
    let after = house.issue(URI, "after", 9).unwrap();
    let issuer = |one: &Issued| openssl(&one.folder, &["x509", "-in", "cert.pem", "-noout", "-issuer"]);
    assert_eq!(issuer(&before), issuer(&between));
    assert_ne!(issuer(&before), issuer(&after));
    let at = house.clock.now().as_second().to_string();
    for one in [&before, &between, &after] {
        // Everybody's trust bundle is as it was.
        let ca = before.folder.join("ca.pem");
        let args = ["verify", "-attime", &at, "-CAfile", ca.to_str().unwrap(), "-untrusted", "cert.pem", "cert.pem"];
        assert!(openssl(&one.folder, &args).contains("OK"));
    }
    assert!(list(&house.dir()).unwrap().contains(&next));
}

#[test]
fn what_a_tainted_authority_signed_is_good_until_it_is_revoked_and_it_signs_lists_only() {
    let house = House::new();
    let made = house.init().unwrap();
    let (dir, root) = (house.dir(), &made.root_folder);
    assert!(matches!(rotation::taint(&dir, house.tools()), Err(PkiError::NothingReplaced)));
    let (before, stolen) = (house.issue(URI, "before", 9).unwrap(), house.issue(URI, "stolen", 9).unwrap());
    house.issue(URI, "short", 1).unwrap();
    house.clock.advance(jiff::SignedDuration::from_hours(25));
    rotation::prepare(&dir, root, None, house.tools()).unwrap();
    let old = rotation::activate(&dir, house.tools()).unwrap();
    assert!(matches!(rotation::revoke(&dir, root, None, house.tools()), Err(PkiError::NothingTainted)));
    let after = house.issue(URI, "after", 9).unwrap();
    revoke(&dir, &stolen.certificate.serial, RevocationReason::KeyCompromise, house.tools()).unwrap();
    let tainted_now = rotation::taint(&dir, house.tools()).unwrap();
    // Server, two administrators, `before`; neither what ran out nor what was revoked.
    let ours = rotation::Replaced { serial: made.authority.serial.clone(), good: 4 };
    assert_eq!(tainted_now, std::slice::from_ref(&ours));
    let first = tainted(&dir).unwrap();
    house.clock.advance(jiff::SignedDuration::from_mins(1));
    assert_eq!(rotation::taint(&dir, house.tools()).unwrap(), tainted_now, "again");
    assert_eq!(tainted(&dir).unwrap(), first, "as it was said first");
    assert_eq!((first.len(), first[0].serial.as_str()), (1, made.authority.serial.as_str()));
    let accepted = |one: &Issued, lists: &[&str]| verified(&house, one, lists);
    assert!(accepted(&before, &["crl.pem"]).0 && accepted(&after, &["crl.pem"]).0, "each under a list of its own");
    assert!(accepted(&stolen, &["crl.pem"]).1.contains("certificate revoked"));

    // Its key, put back from a copy, signs nothing.
    let next: Vec<_> = ["issuing.key", "issuing.pem"].map(|name| fs::read(dir.join(name)).unwrap()).into();
    let put = |name: &str, bytes: &[u8]| fs::write(dir.join(name), bytes).unwrap();
    for name in ["issuing.key", "issuing.pem"] {
        put(name, &fs::read(old.join(name)).unwrap());
    }
    assert!(matches!(house.issue(URI, "again", 9), Err(PkiError::AuthorityTainted)));
    put("issuing.key", &next[0]);
    put("issuing.pem", &next[1]);

    let revoked_now = rotation::revoke(&dir, root, None, house.tools()).unwrap();
    assert_eq!(revoked_now, [ours]);
    assert_eq!(rotation::revoke(&dir, root, None, house.tools()).unwrap(), revoked_now, "again");
    assert!(!old.join("issuing.key").exists(), "the old key is gone");
    assert!(matches!(rotation::taint(&dir, house.tools()), Err(PkiError::NothingReplaced)));
    let lists = ["root-crl.pem", "crl.pem"];
    assert!(accepted(&after, &lists).0, "{}", accepted(&after, &lists).1);
    let (still, words) = accepted(&before, &lists);
    assert!(!still && words.contains("certificate revoked"), "{words}");
    revoke(&dir, &after.certificate.serial, RevocationReason::Superseded, house.tools()).unwrap();
    assert!(!accepted(&after, &lists).0);
}

/// Whether openssl accepts a certificate by these lists: its own authority's, and the root's where that is given.
fn verified(house: &House, one: &Issued, lists: &[&str]) -> (bool, String) {
    let file = house.root.path().join("lists.pem");
    let text: String = lists.iter().map(|name| fs::read_to_string(house.dir().join(name)).unwrap()).collect();
    fs::write(&file, text).unwrap();
    let (at, check) =
        (house.clock.now().as_second().to_string(), if lists.len() > 1 { "-crl_check_all" } else { "-crl_check" });
    let args = ["verify", "-attime", &at, check, "-CRLfile", file.to_str().unwrap(), "-CAfile", "ca.pem"];
    let args = [&args[..], &["-untrusted", "cert.pem", "cert.pem"]].concat();
    let ran = std::process::Command::new("openssl").args(args).current_dir(&one.folder).output().unwrap();
    (ran.status.success(), String::from_utf8_lossy(&ran.stderr).into_owned())
}

#[test]
fn openssl_reads_what_is_exported_and_only_with_the_password() {
    let house = House::new();
    house.init().unwrap();
    let issued = house.issue(URI, "officer", 9).unwrap();
    let password = Passphrase::chosen("twelve letters at least").unwrap();
    let file = house.root.path().join("officer.p12");
    export(&issued.folder, &file, &password).unwrap();
    assert_eq!(mode(&file), 0o600);
    let read = |words: &str, more: &[&str]| {
        let args = ["pkcs12", "-in", "officer.p12", "-passin", words];
        std::process::Command::new("openssl").args(args).args(more).current_dir(house.root.path()).output().unwrap()
    };
    let right = "pass:twelve letters at least";
    let opened = read(right, &["-nodes"]);
    let text = String::from_utf8(opened.stdout).unwrap();
    assert!(opened.status.success(), "{}", String::from_utf8_lossy(&opened.stderr));
    assert_eq!(text.matches("BEGIN CERTIFICATE").count(), 3, "leaf, issuing authority, root: {text}");
    assert!(text.contains("friendlyName: case-system"), "{text}");
    fs::write(house.root.path().join("key"), &text).unwrap();
    let key = openssl(house.root.path(), &["pkey", "-in", "key", "-pubout"]);
    assert_eq!(openssl(&issued.folder, &["pkey", "-in", "key.pem", "-pubout"]), key);
    assert!(!read("pass:another one of them", &["-nodes"]).status.success());
    assert!(matches!(export(&issued.folder, &file, &password), Err(PkiError::File(FileError::Exists { .. }))));
}

/// NSS, which Firefox and, on Linux, Chromium keep certificates with.
#[test]
fn nss_takes_in_what_is_exported_as_a_browser_does() {
    let house = House::new();
    house.init().unwrap();
    let issued = house.issue(URI, "officer", 9).unwrap();
    let at = house.root.path();
    export(&issued.folder, &at.join("officer.p12"), &Passphrase::chosen("twelve letters at least").unwrap()).unwrap();
    let run = |program: &str, args: &[&str]| {
        let ran = std::process::Command::new(program).args(args).current_dir(at).output().ok()?;
        let said = String::from_utf8_lossy(&[ran.stdout, ran.stderr].concat()).into_owned();
        Some((ran.status.success(), said))
    };
    fs::create_dir(at.join("nss")).unwrap();
    let Some((made, said)) = run("certutil", &["-N", "-d", "sql:nss", "--empty-password"]) else {
        assert!(
            std::env::var_os("CI").is_none(),
            "certutil is missing: no browser's store is tried (apt: libnss3-tools)"
        );
        eprintln!("SKIPPED, certutil is missing: install the package libnss3-tools to try a browser's store");
        return;
    };
    assert!(made, "{said}");
    let import = |words| run("pk12util", &["-i", "officer.p12", "-d", "sql:nss", "-W", words]).unwrap();
    assert!(!import("another one of them").0);
    let (taken, said) = import("twelve letters at least");
    assert!(taken, "{said}");
    let (_, keys) = run("certutil", &["-K", "-d", "sql:nss"]).unwrap();
    assert!(keys.contains("case-system"), "the key under the name that people choose by: {keys}");
    let (_, listed) = run("certutil", &["-L", "-d", "sql:nss"]).unwrap();
    let lines = listed.lines().filter(|line| line.trim_end().ends_with(['u', ',']) && line.contains(','));
    assert!(lines.count() >= 3, "leaf, issuing authority, root: {listed}");
}

#[test]
fn the_limits_of_a_folder_are_kept_and_obeyed() {
    let house = House::new();
    let limits = Limits { client_days: 30, server_days: 14, ..Limits::default() };
    let domain = domain();
    let plan = |limits| Plan {
        trust_domain: &domain,
        server_names: &[],
        endpoint: "https://localhost:7443",
        root: None,
        passphrase: None,
        limits,
    };
    let foolish = Limits { client_days: 4000, ..limits };
    assert!(matches!(init_with(&house.dir(), &plan(foolish), house.tools()), Err(PkiError::Limits)));
    let made = init_with(&house.dir(), &plan(limits), house.tools()).unwrap();
    assert_eq!(made.server.not_after.to_string(), "2026-12-05T12:00:00Z");
    assert_eq!(Limits::of(&house.dir()).unwrap(), limits);
    assert!(matches!(house.issue(URI, "a", 31), Err(PkiError::Days { longest: 30 })));
    house.issue(URI, "a", 30).unwrap();
    let days = |entry: &Entry| (entry.not_after.duration_since(entry.not_before).as_hours() + 12) / 24;
    assert_eq!((days(&made.root), days(&made.authority)), (3650, 730));
    let other = House::new();
    let short = Limits { authority_days: 400, root_days: 800, root_list_days: 60, revocation_list_days: 3, ..limits };
    let made = init_with(&other.dir(), &plan(short), other.tools()).unwrap();
    assert_eq!((days(&made.root), days(&made.authority)), (800, 400));
    assert_eq!(Limits::of(&other.dir()).unwrap(), short);
    for foolish in [
        Limits { root_days: 300, authority_days: 200, ..limits },
        Limits { root_days: 9132, ..limits },
        Limits { root_days: 700, ..limits },
        Limits { root_list_days: 29, ..limits },
        Limits { root_list_days: 801, ..limits },
        Limits { revocation_list_days: 31, ..limits },
    ] {
        assert!(matches!(init_with(&House::new().dir(), &plan(foolish), house.tools()), Err(PkiError::Limits)));
    }
    fs::write(house.dir().join("limits.json"), "{\"client_days\": 500}").unwrap();
    assert!(matches!(house.issue(URI, "b", 30), Err(PkiError::Limits)));
    fs::write(house.dir().join("limits.json"), "{\"client_dayz\": 5}").unwrap();
    assert!(matches!(house.issue(URI, "b", 30), Err(PkiError::Damaged { .. })));
}

#[test]
fn nothing_outlives_whoever_signed_it() {
    let house = House::new();
    let made = house.init().unwrap();
    house.clock.set(made.authority.not_after);
    house.clock.advance(jiff::SignedDuration::from_hours(-24));
    let last = house.issue(URI, "last", 90).unwrap();
    assert_eq!(last.certificate.not_after, made.authority.not_after);
    house.clock.advance(jiff::SignedDuration::from_hours(25));
    assert!(matches!(house.issue(URI, "too-late", 90), Err(PkiError::AuthorityEnded)));
}

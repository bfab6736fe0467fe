//! `serve` that cannot serve: the exit code tells a supervisor whether to try again, the words tell a person what to do.

use std::{
    fs,
    net::TcpListener,
    os::unix::fs::PermissionsExt,
    process::{Command, Stdio},
    thread,
    time::Duration,
};

use super::{
    Ended, fed,
    house::{Daemon, House, LEWISHAM, shipped_reference},
    narrative,
};

/// Starts a daemon that must end by itself; one that serves after all is killed.
fn serve(house: &House) -> Ended {
    let log = house.path().join("log");
    let mut child = Command::new(env!("CARGO_BIN_EXE_homeward"))
        .args(["serve", "--config", "homeward.toml"])
        .current_dir(house.path())
        .stdin(Stdio::null())
        .stderr(fs::File::create(&log).unwrap())
        .spawn()
        .unwrap();
    // A reference folder is proved first, which takes its time on a busy machine.
    for _ in 0..1200 {
        if let Some(status) = child.try_wait().unwrap() {
            let err = fs::read_to_string(&log).unwrap();
            return Ended { code: status.code().unwrap(), out: String::new(), err };
        }
        thread::sleep(Duration::from_millis(100));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    panic!("the daemon serves what it must not:\n{}", fs::read_to_string(&log).unwrap());
}

#[test]
fn what_is_not_right_is_named_and_ends_with_65() {
    let house = House::new();
    house.configure("colour = true\n");
    serve(&house).refused(65, &["homeward.toml", "colour"]);
    house.configure("keys.epoch_hours = 721\n");
    serve(&house).refused(65, &["keys.epoch_hours is 721", "1 to 720"]);
    house.configure("policy.reference = \"nowhere\"\n");
    serve(&house).refused(65, &["nowhere/directory.toml"]);
    unsound_reference(&house);
    house.configure("policy.reference = \"unsound\"\n");
    serve(&house).refused(65, &["unsound: the broker does not go by", "E09000023"]);
    house.configure("[pki]\nfolder = \"nobody\"\n");
    serve(&house).refused(65, &["nobody"]);
    house.configure("");
    let grants = house.path().join("grants.toml");
    let right = fs::read_to_string(&grants).unwrap();
    fs::write(&grants, right.replace("MPU.SE", "nowhere")).unwrap();
    serve(&house).refused(65, &["grants.toml", "queues"]);
    fs::write(&grants, right).unwrap();
    let key = house.path().join("certs/server/key.pem");
    fs::set_permissions(&key, fs::Permissions::from_mode(0o644)).unwrap();
    serve(&house).refused(65, &["can be used by others", "chmod 600"]);
    assert!(!house.path().join("data").exists(), "a daemon that cannot serve makes neither key nor store");
}

/// Reference data that loads and does not pass the check: a council that ended, and nothing follows.
fn unsound_reference(house: &House) {
    let own = house.path().join("unsound");
    shipped_reference(&own);
    let directory = fs::read_to_string(own.join("directory.toml")).unwrap();
    let ends = directory.replacen("gss = \"E09000023\"", "gss = \"E09000023\"\nuntil = \"2026-11-20\"", 1);
    fs::write(own.join("directory.toml"), ends).unwrap();
}

#[test]
fn an_address_or_a_store_in_use_ends_with_69() {
    let house = House::new();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let config = house.path().join("homeward.toml");
    let text = fs::read_to_string(&config).unwrap();
    fs::write(&config, text.replace("127.0.0.1:0", &taken.local_addr().unwrap().to_string())).unwrap();
    let ended = serve(&house);
    assert!(ended.err.contains("cannot be listened on"), "{ended:?}");
    assert_eq!(ended.code, 69);
    house.configure("");
    let daemon = Daemon::start(&house);
    let second = serve(&house);
    assert!(second.err.contains("data/store"), "{second:?}");
    assert_eq!(second.code, 69);
    daemon.stop();
}

#[test]
fn a_lost_key_is_never_replaced_and_a_damaged_store_never_served() {
    let house = House::new();
    Daemon::start(&house).stop();
    let key = house.path().join("data/keyring");
    let kept = house.path().join("kept");
    fs::rename(&key, &kept).unwrap();
    serve(&house).refused(65, &["keyring is missing", "restore the key file"]);
    assert!(!key.exists());
    fs::write(&key, [7; 31]).unwrap();
    fs::set_permissions(&key, fs::Permissions::from_mode(0o600)).unwrap();
    serve(&house).refused(65, &["does not hold 32 bytes"]);
    fs::write(&key, [7; 32]).unwrap();
    serve(&house).refused(65, &["is not the key of this store", "restore the key that belongs to it"]);
    fs::rename(&kept, &key).unwrap();
    let daemon = Daemon::start(&house);
    let council = house.profile(LEWISHAM, daemon.port);
    fed(house.path(), &["submit", "-", "--profile", &council], &narrative(1)).with(0);
    daemon.stop();
    let head = house.path().join("data/store/head");
    fs::write(&head, b"not a head").unwrap();
    serve(&house).refused(1, &["the store is damaged", "restore"]);
    assert_eq!(fs::read(&head).unwrap(), b"not a head", "nothing is changed in a damaged store");
}

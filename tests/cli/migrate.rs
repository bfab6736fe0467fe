//! A store moved into PostgreSQL by command, killed on the way again and again, and brought back by backup and restore.

use std::{
    fs,
    path::Path,
    process::{Command, Stdio},
    thread,
    time::Duration,
};

use super::{
    Ended, fed, homeward,
    house::{Daemon, House, LEWISHAM, OFFICER},
    narrative, one_line, postgres,
};

const REQUEST: &str = "7a4a1b9e-3c55-4c0e-9d0a-2f3f7d1f7b03";
const MIGRATE: [&str; 6] = ["migrate", "--to", "postgres", "--config", "homeward.toml", "--json"];

fn migrate(at: &Path) -> Ended {
    homeward(at, &MIGRATE)
}

/// The configuration of a store in the database, or, with `sled`, of one in the folder beside which a database is named.
fn configured(house: &House, engine: &str, url: &str) {
    house.configure(&format!("store.engine = \"{engine}\"\nstore.url = \"{url}\"\n"));
}

fn submit(at: &Path, council: &str) -> serde_json::Value {
    one_line(&homeward(at, &["submit", "n1.json", "--request-id", REQUEST, "--profile", council, "--json"]).with(0))
}

/// A daemon on the folder as it is, which must end by itself.
fn refuses(at: &Path, words: &str) {
    homeward(at, &["serve", "--config", "homeward.toml"]).refused_among(69, words);
}

impl Ended {
    /// It ended with this code and said these words, among others.
    #[track_caller]
    fn refused_among(self, code: i32, words: &str) {
        assert!(self.code == code && format!("{}{}", self.out, self.err).contains(words), "{words:?}: {self:?}");
    }
}

/// A house whose store has some records and is closed in order; with the council's profile and the first receipt.
fn filled(house: &House) -> serde_json::Value {
    let at = house.path();
    let daemon = Daemon::start(house);
    let council = house.profile(LEWISHAM, daemon.port);
    fs::write(at.join("n1.json"), narrative(1)).unwrap();
    let receipt = submit(at, &council);
    let more: Vec<&str> = [&["submit"][..], &["n1.json"; 60], &["--profile", &council]].concat();
    homeward(at, &more).with(0);
    let officer = house.profile(OFFICER, daemon.port);
    homeward(at, &["queue", "pull", "MPU.SE", "--profile", &officer]).with(0);
    let ask = |more: &[&str]| homeward(at, &[&["audit", "checkpoint", "--profile", &council], more].concat()).with(0);
    fs::write(at.join("key"), ask(&["--key"])).unwrap();
    fs::write(at.join("before"), ask(&[])).unwrap();
    migrate(at).refused(69, &["another process has the store open", "stop it"]);
    daemon.stop();
    receipt
}

/// How many keys there are in a database.
fn keys(url: &str) -> u64 {
    postgres::value(url, "SELECT count(*) FROM homeward_keys").map_or(0, |count| count.parse().unwrap())
}

/// Kills the command when the database has so many keys or more; false where it ended before.
fn killed_at(at: &Path, url: &str, args: &[&str], many: u64) -> bool {
    let mut command = Command::new(env!("CARGO_BIN_EXE_homeward"));
    let mut child = command.args(args).current_dir(at).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    loop {
        if child.try_wait().unwrap().is_some() {
            return false;
        }
        if keys(url) >= many {
            child.kill().unwrap();
            child.wait().unwrap();
            return true;
        }
        thread::sleep(Duration::from_millis(2));
    }
}

#[test]
fn a_store_moves_into_a_database_however_often_it_is_killed_and_comes_back_by_backup() {
    let house = House::new();
    let (at, url) = (house.path(), postgres::database());
    migrate(at).refused(65, &["there is no store here"]);
    configured(&house, "sled", &url);
    let receipt = filled(&house);
    let deep = |more: &[&str]| homeward(at, &[&["audit", "verify", "--deep"], more].concat());
    let old = deep(&["data/store"]).with(0);

    // A database in which there is something is left as it is.
    let other = postgres::database();
    postgres::run(&other, "CREATE TABLE homeward_keys (k bytea PRIMARY KEY, v bytea NOT NULL)");
    configured(&house, "sled", &other);
    migrate(at).refused(69, &["the database refused"]);
    configured(&house, "postgres", &url);
    deep(&["--config", "homeward.toml"]).refused(65, &["there is no store in this database"]);

    let is_on_its_way = || {
        refuses(at, "a store is on its way into this database");
        deep(&["--config", "homeward.toml"]).refused(69, &["a store is on its way into this database"]);
    };
    killed_as_it_waits(at, &url, &MIGRATE, SECOND_PART);
    is_on_its_way();
    for many in [200, 700] {
        if killed_at(at, &url, &MIGRATE, many) {
            is_on_its_way();
        }
    }
    // Nothing of the old store is lost by it, and until the end it is served from.
    configured(&house, "sled", &url);
    assert_eq!(deep(&["data/store"]).with(0), old);
    killed_at_the_last_step(at, &url);
    let moved = one_line(&migrate(at).with(0));
    assert_eq!((&moved["records"], &moved["already"]), (&122.into(), &false.into()), "{moved}");
    assert_eq!(moved["resumed"], true, "{moved}");
    assert_eq!(moved["keys"].as_u64().map(|many| many <= keys(&url)), Some(true), "{moved}");

    refuses(at, "this store was moved into a database");
    assert_eq!(one_line(&migrate(at).with(0))["already"], true, "a second time says so");
    homeward(at, &["compact", "data/store"]).refused(69, &["this store was moved into a database"]);
    refuses(at, "this store was moved into a database");
    configured(&house, "postgres", &url);
    let whole = deep(&["--config", "homeward.toml", "--key", "key", "--since", "before"]).with(0);
    assert!(whole.contains("everything agrees, and continues"), "{whole}");
    homeward(at, &["compact", "--config", "homeward.toml"]).refused(65, &["needs no compaction", "VACUUM"]);

    let daemon = Daemon::start(&house);
    let council = house.profile(LEWISHAM, daemon.port);
    assert_eq!(submit(at, &council)["receipt"], receipt["receipt"], "a repeat is known");
    fed(at, &["submit", "-", "--profile", &council], &narrative(1)).with(0);
    fs::write(at.join("after"), homeward(at, &["audit", "checkpoint", "--profile", &council]).with(0)).unwrap();
    deep(&["--config", "homeward.toml"]).with(0);
    homeward(at, &["backup", "kept", "--config", "homeward.toml"]).with(0);
    daemon.stop();
    migrate(at).with(0);
    comes_back(&house, &url, &receipt);
}

/// Killed when all is there and the old store is closed for good, but no broker may serve from the database yet.
fn killed_at_the_last_step(at: &Path, url: &str) {
    killed_as_it_waits(at, url, &MIGRATE, LAST_STEP);
    assert!(at.join("data/store/moved").exists());
    refuses(at, "run `homeward migrate` again");
    homeward(at, &["audit", "verify", "--deep", "data/store"]).with(0);
}

/// A trigger, and when it waits: as brokers are to be let in.
const LAST_STEP: (&str, &str) = ("BEFORE DELETE ON homeward_arriving FOR EACH ROW", "true");
/// The first part is there, the next is about to be.
const SECOND_PART: (&str, &str) =
    ("BEFORE INSERT ON homeward_keys FOR EACH STATEMENT", "EXISTS (SELECT FROM homeward_keys)");
/// In the middle: some parts are there, the next is about to be.
const MIDDLE: (&str, &str) =
    ("AFTER INSERT ON homeward_keys FOR EACH STATEMENT", "(SELECT count(*) FROM homeward_keys) > 600");

/// Has the database keep whoever it concerns waiting; where there are no tables yet, from when they are made.
fn waits(url: &str, (trigger, when): (&str, &str)) {
    let function = format!(
        "CREATE FUNCTION waits() RETURNS trigger LANGUAGE plpgsql
         AS 'BEGIN IF {when} THEN PERFORM pg_sleep(60); END IF; RETURN old; END'"
    );
    postgres::run(url, &function);
    let made = format!("CREATE TRIGGER waits {trigger} EXECUTE FUNCTION waits()");
    if postgres::value(url, "SELECT to_regclass('homeward_arriving') IS NOT NULL").as_deref() == Some("t") {
        postgres::run(url, &made);
        return;
    }
    let begins = format!(
        "CREATE FUNCTION begins() RETURNS event_trigger LANGUAGE plpgsql
         AS 'BEGIN IF to_regclass(''homeward_arriving'') IS NOT NULL THEN {made}; END IF; END';
         CREATE EVENT TRIGGER begins ON ddl_command_end WHEN TAG IN ('CREATE TABLE') EXECUTE FUNCTION begins()"
    );
    postgres::run(url, &begins);
}

/// Kills a command where the database keeps it waiting.
fn killed_as_it_waits(at: &Path, url: &str, args: &[&str], place: (&str, &str)) {
    waits(url, place);
    let mut command = Command::new(env!("CARGO_BIN_EXE_homeward"));
    let mut child = command.args(args).current_dir(at).stdout(Stdio::null()).spawn().unwrap();
    let waiting = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event = 'PgSleep'";
    while postgres::value(url, waiting).as_deref() != Some("1") {
        assert!(child.try_wait().unwrap().is_none(), "it ended before it was to wait");
        thread::sleep(Duration::from_millis(2));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    let ends = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND application_name LIKE 'homeward%'";
    postgres::run(url, ends);
    postgres::run(url, "DROP FUNCTION IF EXISTS begins CASCADE");
    postgres::run(url, "DROP FUNCTION waits CASCADE");
}

/// The backup becomes a store in another database, and one in a folder.
fn comes_back(house: &House, url: &str, receipt: &serde_json::Value) {
    let at = house.path();
    let at_least = ["restore", "kept", "--config", "homeward.toml", "--at-least", "after", "--key", "key"];
    let restoring = [&at_least[..], &["--nothing-revoked-since", "--json"]].concat();
    let restore = || homeward(at, &restoring);
    restore().refused(65, &["there is a store in this database already"]);
    let again = postgres::database();
    for (engine, url) in [("postgres", again.as_str()), ("sled", url)] {
        configured(house, engine, url);
        if engine == "sled" {
            restore().refused(65, &["something is here already"]);
            fs::rename(at.join("data/store"), at.join("aside")).unwrap();
        } else {
            // Killed after its first part, in the middle, and before brokers are let in: none is, and it is run again.
            for place in [SECOND_PART, MIDDLE, LAST_STEP] {
                killed_as_it_waits(at, url, &restoring, place);
                refuses(at, "a store is on its way into this database");
                assert!(keys(url) > 0, "nothing was there: it was not in the middle");
            }
        }
        let restored = one_line(&restore().with(0));
        assert_eq!(restored["records"], 124, "{restored}");
        let verify = ["audit", "verify", "--deep", "--config", "homeward.toml", "--key", "key", "--since", "after"];
        homeward(at, &verify).with(0);
        let daemon = Daemon::start(house);
        let council = house.profile(LEWISHAM, daemon.port);
        assert_eq!(submit(at, &council)["receipt"], receipt["receipt"], "a repeat is known");
        fed(at, &["submit", "-", "--profile", &council], &narrative(1)).with(0);
        daemon.stop();
    }
}

#[test]
fn what_was_begun_from_another_store_or_has_changed_since_is_begun_anew() {
    let house = House::new();
    let (at, url) = (house.path(), postgres::database());
    configured(&house, "sled", &url);
    filled(&house);
    killed_as_it_waits(at, &url, &MIGRATE, SECOND_PART);
    // The operator goes on with the old store meanwhile.
    let daemon = Daemon::start(&house);
    let council = house.profile(LEWISHAM, daemon.port);
    fed(at, &["submit", "-", "--profile", &council], &narrative(1)).with(0);
    daemon.stop();
    let moved = one_line(&migrate(at).with(0));
    assert_eq!((&moved["records"], &moved["resumed"]), (&124.into(), &false.into()), "{moved}");
    configured(&house, "postgres", &url);
    // What is damaged is named, with what mends it in a database.
    postgres::run(
        &url,
        "DELETE FROM homeward_keys WHERE k = (SELECT k FROM homeward_keys WHERE k >= 'w' ORDER BY k LIMIT 1)",
    );
    let damaged = homeward(at, &["audit", "verify", "--deep", "--config", "homeward.toml"]);
    assert!(damaged.code == 65 && damaged.err.contains("restore the last backup"), "{damaged:?}");
}

//! The README, held to its word: every `sh` block runs, in order, in one folder; every line of a `text` block that follows
//! one was printed by it (`…` stands for anything); `console` blocks and other `text` blocks are shown only.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "helpers of tests stand outside #[test] functions"
)]

use std::{
    fs,
    net::TcpListener,
    os::unix::{fs::PermissionsExt, process::CommandExt},
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
    thread,
    time::Duration,
};

use regex::Regex;

/// The port that the README speaks of; another is used here.
const PORT: &str = "7443";
/// Printed before each block's output.
const MARK: &str = "##### block ";
/// Longer than any machine needs.
const MOST_SECONDS: u32 = 600;

#[test]
fn every_command_runs_and_prints_what_is_shown() {
    let blocks = blocks(&read("README.md"));
    let (script, shown) = script(&blocks);
    let output = run(&script);
    for (number, text) in shown {
        let printed = output.split(MARK).find_map(|part| part.strip_prefix(&format!("{number}\n"))).unwrap_or_default();
        for line in text.lines() {
            let found = printed.lines().any(|printed| looks_like(line, printed));
            assert!(found, "README.md shows this line, and block {number} did not print it:\n{line}\n\n{printed}");
        }
    }
}

/// How many commands of ours each journey takes; the page says it, so that nobody lets it grow unseen.
#[test]
fn the_journeys_are_short() {
    let page = read("README.md");
    let command = Regex::new(r"(?m)(^|until |if )homeward ").unwrap();
    for (journey, most) in [
        ("### A new council, from nothing to its first accepted referral", 6),
        ("### An officer's laptop is stolen", 3),
        ("### The rules change", 9),
        ("### The issuing authority is replaced", 6),
    ] {
        let section = page.split(journey).nth(1).unwrap();
        let section = section.split("\n### ").next().unwrap();
        let first = blocks(section).into_iter().find(|block| block.tag == "sh").unwrap();
        let ours = command.find_iter(&first.text).count();
        println!("{journey}: {ours} commands");
        assert!((1..=most).contains(&ours), "{journey} takes {ours} commands");
        let words = ["One command", "Two commands", "Three commands", "Four commands", "Five commands", "Six commands"];
        let words = words.iter().chain(&["Seven commands", "Eight commands", "Nine commands"]).nth(ours - 1).unwrap();
        assert!(section.trim_start().starts_with(&format!("**{words}.** ")), "{journey}: {words}");
    }
}

#[test]
fn every_test_that_the_page_on_threats_names_is_there() {
    let page = read("deploy/THREATS.md");
    assert!(tests_named(&page).len() > 20, "{:?}", tests_named(&page));
    are_there("deploy/THREATS.md", &tests_named(&page));
}

/// Each row of the table says which test does the damage and mends it; of the key outside the store a whole folder does.
#[test]
fn every_damage_that_the_runbook_mends_is_done_by_a_test() {
    let page = read("deploy/RUNBOOK.md");
    let table = page.split("\n## Damage, and what mends it\n").nth(1).unwrap().split("\n## ").next().unwrap();
    let rows: Vec<&str> = table.lines().filter(|line| line.starts_with("| ")).skip(1).collect();
    assert!(rows.len() > 12, "{rows:?}");
    for row in rows {
        let cell = row.trim_end_matches(" |").rsplit(" | ").next().unwrap();
        assert!(!tests_named(cell).is_empty() || cell == "`tests/custody/`", "no test does this damage: {row}");
        are_there("deploy/RUNBOOK.md", &tests_named(cell));
    }
}

fn tests_named(page: &str) -> Vec<&str> {
    let name = Regex::new("`([a-z0-9_]{20,})`").unwrap();
    name.captures_iter(page).map(|found| found.get(1).unwrap().as_str()).collect()
}

fn are_there(page: &str, named: &[&str]) {
    let mut sources = String::new();
    for folder in ["src", "tests"] {
        sources_of(&Path::new(env!("CARGO_MANIFEST_DIR")).join(folder), &mut sources);
    }
    for test in named {
        assert!(sources.contains(&format!("fn {test}()")), "{page} names a test that is not there: {test}");
    }
}

fn sources_of(folder: &Path, into: &mut String) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() && !path.ends_with("target") {
            sources_of(&path, into);
        } else if path.extension().is_some_and(|kind| kind == "rs") {
            into.push_str(&fs::read_to_string(&path).unwrap());
        }
    }
}

/// A verdict of systemd's: `tests/run` sees to it that it is there, so that CI never goes without.
fn systemd_analyze(args: &[&str], unit: &Path) -> Option<Output> {
    let ran = Command::new("systemd-analyze").args(args).arg(unit).output().ok();
    if ran.is_none() {
        assert!(std::env::var_os("CI").is_none(), "systemd-analyze is missing: nothing rates the unit (apt: systemd)");
        eprintln!("SKIPPED, systemd-analyze is missing: install the package systemd to have the unit rated");
    }
    ran
}

/// The rating that the README shows.
#[test]
fn the_unit_shuts_the_daemon_in_as_well_as_the_readme_says() {
    let unit = Path::new(env!("CARGO_MANIFEST_DIR")).join("deploy/homeward.service");
    let Some(rated) = systemd_analyze(&["security", "--offline=true", "--no-pager"], &unit) else { return };
    let printed = String::from_utf8_lossy(&rated.stdout);
    let line = printed.lines().find(|line| line.contains("Overall exposure level")).unwrap_or_default();
    println!("{line}");
    let level = Regex::new(r"([0-9]+\.[0-9]) (OK|SAFE|PERFECT)").unwrap();
    let level = level.captures(line).unwrap_or_else(|| panic!("worse than OK: {line}"));
    assert!(read("README.md").contains(&format!("exposure {}", &level[1])), "the README shows another figure: {line}");
}

/// 69, such as a device that is away after a power cut, is tried again for ever; what somebody has to mend is not.
#[test]
fn the_unit_is_sound_and_gives_up_on_what_only_a_person_can_mend() {
    let unit = read("deploy/homeward.service");
    let of = |name: &str| {
        let mut lines = unit.lines().filter_map(|line| line.strip_prefix(name)?.strip_prefix('='));
        lines.next().unwrap_or_else(|| panic!("no {name}")).to_owned()
    };
    assert_eq!((of("Restart").as_str(), of("StartLimitIntervalSec").as_str()), ("on-failure", "0"));
    let never = of("RestartPreventExitStatus");
    let never: Vec<_> = never.split_whitespace().collect();
    assert!(["1", "64", "65", "78"].iter().all(|code| never.contains(code)) && !never.contains(&"69"), "{never:?}");

    // As it will be installed, but for the place of the program.
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path().join("homeward.service");
    fs::write(&here, unit.replace("/usr/local/bin/homeward", env!("CARGO_BIN_EXE_homeward"))).unwrap();
    let Some(verified) = systemd_analyze(&["verify", "--man=no"], &here) else { return };
    let said = String::from_utf8_lossy(&verified.stderr);
    assert!(verified.status.success() && !said.contains("homeward.service"), "{said}");
}

/// As they will be installed beside a database, but for the places of the programs.
#[test]
fn the_units_beside_a_database_are_sound() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("homeward.service.d")).unwrap();
    let backup = ["homeward-backup.service", "homeward-backup.timer"];
    let beside = backup.map(|name| (format!("deploy/cluster/systemd/{name}"), name));
    let broker = [("deploy/homeward.service", "homeward.service")].map(|(from, to)| (from.to_owned(), to));
    let dropped = "deploy/cluster/systemd/homeward-database.conf".to_owned();
    for (from, to) in beside.into_iter().chain(broker).chain([(dropped, "homeward.service.d/database.conf")]) {
        let places = ["/usr/local/bin/homeward", "/usr/bin/curl", "/usr/bin/pgbackrest"];
        let text = places.iter().fold(read(&from), |text, place| text.replace(place, "/bin/true"));
        fs::write(folder.path().join(to), text).unwrap();
    }
    for unit in ["homeward-backup.service", "homeward-backup.timer", "homeward.service"] {
        let Some(verified) = systemd_analyze(&["verify", "--man=no"], &folder.path().join(unit)) else { return };
        let said = String::from_utf8_lossy(&verified.stderr);
        assert!(verified.status.success() && !said.contains("homeward"), "{unit}: {said}");
    }
}

#[test]
fn the_two_commands_are_named_and_there() {
    let blocks = blocks(&read("README.md"));
    let first = blocks.first().unwrap();
    assert_eq!((first.tag.as_str(), first.text.as_str()), ("console", "$ cargo run --release -- demo\n$ tests/run\n"));
    let mode = fs::metadata(root().join("tests/run")).unwrap().permissions().mode();
    assert_eq!(mode & 0o111, 0o111, "tests/run cannot be executed");
    let calls = |line: &str| !line.trim_start().starts_with('#') && line.contains("tests/run");
    assert!(read(".ci/run").lines().any(calls), ".ci/run does not call tests/run");
}

#[test]
fn the_python_shown_is_the_python_that_is_tested() {
    let script = read("tests/python/council.py");
    let marked =
        script.split("# readme: begin\n").nth(1).and_then(|rest| rest.split("# readme: end\n").next()).unwrap();
    let blocks = blocks(&read("README.md"));
    let shown: Vec<&str> = blocks.iter().filter(|block| block.tag == "python").map(|block| &*block.text).collect();
    assert_eq!(shown, [marked]);
}

#[test]
fn every_file_that_a_page_names_is_there() {
    let named = Regex::new(r"`((?:deploy|proto|src|tests|certs|\.ci)/[A-Za-z0-9_./-]*)`").unwrap();
    let pages = pages();
    assert!(pages.len() > 12, "the plaques were not found: {pages:?}");
    for page in pages {
        for found in named.captures_iter(&without_blocks(&read(&page))) {
            assert!(root().join(&found[1]).exists(), "{page} names {}, which is not there", &found[1]);
        }
    }
}

#[test]
fn every_room_has_its_plaque() {
    let mut rooms: Vec<PathBuf> =
        ["proto", "src", "certs", "tests", "deploy"].iter().map(|room| root().join(room)).collect();
    rooms.extend(
        fs::read_dir(root().join("src")).unwrap().map(|entry| entry.unwrap().path()).filter(|path| path.is_dir()),
    );
    for room in rooms {
        let lines = fs::read_to_string(room.join("README.md")).map(|text| text.lines().count()).unwrap_or_default();
        assert!((3..=80).contains(&lines), "{} has no README.md of 3 to 80 lines on its door", room.display());
    }
}

/// A fenced block of a page.
struct Block {
    tag: String,
    text: String,
}

fn blocks(page: &str) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut open: Option<Block> = None;
    for line in page.lines() {
        match (line.strip_prefix("```"), &mut open) {
            (Some(_), Some(_)) => blocks.extend(open.take()),
            (Some(tag), None) => open = Some(Block { tag: tag.trim().to_owned(), text: String::new() }),
            (None, Some(block)) => block.text.extend([line, "\n"]),
            (None, None) => {}
        }
    }
    assert!(open.is_none(), "a block is not closed");
    blocks
}

fn without_blocks(page: &str) -> String {
    page.split("```").step_by(2).collect()
}

/// All `sh` blocks as one script, and what each is said to print, by its number.
fn script(blocks: &[Block]) -> (String, Vec<(usize, &str)>) {
    let mut script = "set -eu\ntrap 'kill $(jobs -p) 2> /dev/null || true' EXIT\n".to_owned();
    let mut shown = Vec::new();
    for (number, block) in blocks.iter().enumerate() {
        if block.tag == "sh" {
            script.push_str(&format!("echo '{MARK}{number}'\n{}", block.text));
        } else if block.tag == "text" && number > 0 && blocks[number - 1].tag == "sh" {
            shown.push((number - 1, block.text.as_str()));
        }
    }
    assert!(shown.len() > 5, "the README shows hardly any output");
    (script.replace(PORT, &free_port().to_string()), shown)
}

/// Runs the script where the README says, the binary on the path; returns what it printed. Nothing is left running.
fn run(script: &str) -> String {
    let place = tempfile::tempdir().unwrap();
    for folder in ["tests", "deploy", "proto"] {
        std::os::unix::fs::symlink(root().join(folder), place.path().join(folder)).unwrap();
    }
    let (file, log) = (place.path().join("readme.sh"), place.path().join("output"));
    fs::write(&file, script).unwrap();
    let binaries = Path::new(env!("CARGO_BIN_EXE_homeward")).parent().unwrap();
    let path = format!("{}:{}", binaries.display(), std::env::var("PATH").unwrap());
    let output = fs::File::create(&log).unwrap();
    let child = Command::new("bash")
        .arg(&file)
        .current_dir(place.path())
        .env("PATH", path)
        .env_remove("HOMEWARD_PROFILE")
        .stdin(Stdio::null())
        .stderr(output.try_clone().unwrap())
        .stdout(output)
        .process_group(0)
        .spawn()
        .unwrap();
    let ended = wait(child);
    let printed = fs::read_to_string(&log).unwrap();
    let daemon = fs::read_to_string(place.path().join("pilot/homeward.log")).unwrap_or_default();
    assert_eq!(
        ended,
        Some(0),
        "the commands of the README ended with {ended:?}\n{printed}\nThe daemon said:\n{daemon}"
    );
    printed
}

/// Waits for the end; after a while ends the whole group of processes.
fn wait(mut child: Child) -> Option<i32> {
    for _ in 0..MOST_SECONDS * 10 {
        if let Some(status) = child.try_wait().unwrap() {
            return status.code();
        }
        thread::sleep(Duration::from_millis(100));
    }
    let _ = Command::new("kill").args(["-KILL", "--", &format!("-{}", child.id())]).status();
    child.wait().unwrap().code()
}

/// Does a line look like the one shown? `…` stands for anything.
fn looks_like(shown: &str, printed: &str) -> bool {
    let parts: Vec<String> = shown.split('…').map(regex::escape).collect();
    Regex::new(&format!("^{}$", parts.join(".*"))).unwrap().is_match(printed)
}

/// Of those that the system gives to nobody by itself: it is still free when the daemon takes it.
fn free_port() -> u16 {
    let first = 20_000 + u16::try_from(std::process::id() % 10_000).unwrap();
    (first..32_000).find(|port| TcpListener::bind(("127.0.0.1", *port)).is_ok()).unwrap()
}

/// Every page in git's care.
fn pages() -> Vec<String> {
    let listed =
        Command::new("git").args(["ls-files", "-co", "--exclude-standard", "*.md"]).current_dir(root()).output();
    let listed = String::from_utf8(listed.unwrap().stdout).unwrap();
    listed.lines().map(str::to_owned).collect()
}

fn read(name: &str) -> String {
    fs::read_to_string(root().join(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

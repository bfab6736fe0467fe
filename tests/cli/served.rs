//! Commands against a running daemon, and what they say without one.

use super::{
    fed, homeward,
    house::{Daemon, House, INTELLIGENCE, LEAD, LEWISHAM, OFFICER, STRANGER},
    narrative, one_line,
};

#[test]
fn a_council_and_an_officer_do_their_work_by_command() {
    let house = House::new();
    let daemon = Daemon::start(&house);
    let (council, officer) = (house.profile(LEWISHAM, daemon.port), house.profile(OFFICER, daemon.port));
    let run = |profile: &str, args: &[&str], stdin: &str| {
        fed(house.path(), &[args, &["--json", "--profile", profile]].concat(), stdin)
    };
    let request = ["submit", "-", "--request-id", "7a4a1b9e-3c55-4c0e-9d0a-2f3f7d1f7b01"];
    let first = run(&council, &request, &narrative(1)).with(0);
    assert_eq!(run(&council, &request, &narrative(1)).with(0), first, "the same request has the same receipt");
    run(&council, &request, &narrative(1).replace("LEW-RHI-0117", "LEW-RHI-0118")).refused(65, &["REQUEST_ID_REUSED"]);
    let receipt = one_line(&first);
    let id = receipt["receipt"]["referral_id"].as_str().unwrap();

    let preview = one_line(&run(&council, &["preview", "-"], &narrative(1)).with(0));
    assert_eq!(preview["rules"], receipt["receipt"]["rules"]);
    let pulled = one_line(&run(&officer, &["queue", "pull", "MPU.SE"], "").with(0));
    let lease = pulled["deliveries"][0]["lease"]["token"].as_str().unwrap();
    let delivery = pulled["deliveries"][0]["delivery"]["delivery_id"].as_str().unwrap();
    assert!(delivery.starts_with(id));

    // Whoever follows in a session has what it holds first.
    run(&council, &["submit", "-"], &narrative(1)).with(0);
    let follow = ["queue", "pull", "MPU.SE", "--follow", "--session", "shift", "--most", "2", "--stop-after", "1"];
    let followed = one_line(&run(&officer, &follow, "").with(0));
    assert_ne!(followed["delivery"]["delivery_id"], delivery);
    assert_eq!(one_line(&run(&officer, &follow, "").with(0))["lease"]["token"], followed["lease"]["token"]);
    run(&council, &follow, "").refused(77, &["METHOD_NOT_GRANTED"]);

    let opened = run(&officer, &["queue", "open", delivery, "b", "--item", "2", "--lease", lease], "").with(0);
    assert!(opened.contains("[OTHER CHILD 1]") && !opened.contains("Jas"), "{opened}");
    let elsewhere = ["queue", "open", delivery, "E", "--lease", "00000000000000000000000000000000"];
    run(&officer, &elsewhere, "").refused(1, &["FAILED_PRECONDITION LEASE_LOST"]);
    let settle = |outcome: &'static str| ["queue", "complete", delivery, outcome, "--lease", lease];
    run(&officer, &settle("flown_away"), "").refused(65, &["outcome"]);
    run(&officer, &settle("no_further_action"), "").refused(65, &["reason_code", "ALREADY_KNOWN"]);
    run(&officer, &settle("disruption"), "").with(0);

    let shown = homeward(house.path(), &["referrals", id, "--profile", &council]).with(0);
    assert!(shown.lines().any(|line| line.contains("MPU.SE") && line.ends_with("settled: acted on")), "{shown}");
    let watched = run(&council, &["watch", "--resume", "0", "--most", "2"], "").with(0);
    assert_eq!(watched.lines().count(), 2);
    daemon.stop();
}

#[test]
fn many_files_go_on_one_stream_and_what_is_refused_is_named() {
    let house = House::new();
    let daemon = Daemon::start(&house);
    let council = house.profile(LEWISHAM, daemon.port);
    let write = |name: &str, text: &str| std::fs::write(house.path().join(name), text).unwrap();
    write("good.json", &narrative(1));
    write("foreign.json", &narrative(1).replace("E09000023", "E09000006"));
    write("none.json", "{\"child\": ");
    write("also.json", &narrative(1).replace("LEW-RHI-0117", "LEW-RHI-0118"));
    let run = |files: &[&str]| homeward(house.path(), &[&["submit", "--profile", &council, "--json"], files].concat());
    let lines = run(&["good.json", "also.json"]).with(0);
    assert_eq!(lines.matches("\"receipt\":{").count(), 2, "{lines}");
    let refused = run(&["good.json", "foreign.json", "none.json", "missing.json", "also.json"]);
    let lines: Vec<serde_json::Value> = refused.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let reasons: Vec<&str> =
        lines.iter().map(|line| line["refusal"]["reason"].as_str().unwrap_or("taken in")).collect();
    assert_eq!(reasons, ["taken in", "AUTHORITY_NOT_GRANTED", "NOT_A_SUBMISSION", "taken in"]);
    let named =
        ["foreign.json: PERMISSION_DENIED", "none.json: ", "missing.json", "3 of 5 submissions were not accepted"];
    assert_eq!(refused.code, 77, "{}", refused.err);
    assert!(named.iter().all(|words| refused.err.contains(words)), "{}", refused.err);
    daemon.stop();
    let after = run(&["good.json", "also.json"]);
    after.refused(69, &[]);
}

#[test]
fn police_intelligence_grades_by_command() {
    let house = House::new();
    let daemon = Daemon::start(&house);
    let (council, officer) = (house.profile(LEWISHAM, daemon.port), house.profile(INTELLIGENCE, daemon.port));
    fed(house.path(), &["submit", "-", "--profile", &council], &narrative(1)).with(0);
    let run = |args: &[&str]| homeward(house.path(), &[args, &["--profile", &officer]].concat());
    let pulled = one_line(&run(&["queue", "pull", "MPU.SE", "--json"]).with(0));
    let lease = pulled["deliveries"][0]["lease"]["token"].as_str().unwrap();
    let delivery = pulled["deliveries"][0]["delivery"]["delivery_id"].as_str().unwrap();
    let grade = |words: &[&str], more: &[&str]| {
        run(&[&["queue", "grade", delivery], words, &["--item", "2", "--lease", lease], more].concat())
    };
    grade(&["4B", "C"], &[]).refused(65, &["source: ", "action_code: ", "sanitisation_code: ", "instructions: "]);
    grade(&["3B", "P"], &[]).refused(65, &["reason: "]);
    let words = ["--instructions", "Ring the desk first.", "--reason", "Item 3 agrees."];
    let graded = one_line(&grade(&["2b", "c", "a2", "s1"], &[&words[..], &["--json"]].concat()).with(0));
    let item = &graded["delivery"]["items"][1];
    assert_eq!((&item["proposed"], &item["handling"]), (&"2C".into(), &"C A1 S2".into()));
    assert_eq!((&item["confirmed"]["grade"], &item["confirmed"]["handling"]), (&"2B".into(), &"C A2 S1".into()));
    let again = grade(&["2DP"], &words[2..]).with(0);
    assert!(again.contains("item 2  proposed 2C C A1 S2  confirmed 2D P (version 2)"), "{again}");
    let open = ["queue", "open", delivery, "A", "--item", "2", "--lease", lease, "--reason", "To see the grade."];
    let opened = run(&open).with(0);
    for said in
        ["confirmed 2B C A2 S1 (version 1) by homeward://", "instructions: Ring the desk first.", "Item 3 agrees."]
    {
        assert!(opened.contains(said), "{said}: {opened}");
    }
    let watched = homeward(house.path(), &["watch", "--resume", "0", "--most", "5", "--profile", &council]).with(0);
    assert!(watched.contains("graded") && !watched.contains("2B") && !watched.contains("desk"), "{watched}");
    daemon.stop();
}

#[test]
fn the_lead_practitioner_releases_the_carer_copy_by_command() {
    let house = House::new();
    let daemon = Daemon::start(&house);
    let (council, lead) = (house.profile(LEWISHAM, daemon.port), house.profile(LEAD, daemon.port));
    fed(house.path(), &["submit", "-", "--profile", &council], &narrative(1)).with(0);
    let run = |args: &[&str]| homeward(house.path(), &[args, &["--profile", &lead]].concat());
    let pulled = one_line(&run(&["queue", "pull", "MASH.E09000023", "--most", "2", "--json"]).with(0));
    let own = |each: &&serde_json::Value| each["delivery"]["linked_from"].as_str().unwrap_or_default().is_empty();
    let taken = pulled["deliveries"].as_array().unwrap().iter().find(own).unwrap();
    let (lease, delivery) = (&taken["lease"]["token"], &taken["delivery"]["delivery_id"]);
    let release = |more: &[&str]| {
        let args = ["queue", "release-carer", delivery.as_str().unwrap(), "--lease", lease.as_str().unwrap()];
        run(&[&args[..], &["--reason", "She asked for it."], more].concat())
    };
    release(&[]).refused(1, &["CARER_COPY_NOT_PROPOSED"]);
    let copy = release(&["--against-proposal"]).with(0);
    let marking = "OFFICIAL-SENSITIVE - PERSONAL DATA - RECIPIENTS ONLY";
    assert!(copy.starts_with(marking) && copy.trim_end().ends_with(marking), "{copy}");
    assert!(copy.contains("interview.outcome: ") && !copy.contains("Dray"), "{copy}");
    let told = one_line(&release(&["--against-proposal", "--json"]).with(0));
    assert_eq!((&told["marking_top"], &told["marking_bottom"]), (&marking.into(), &marking.into()));
    assert_eq!(told["copy"]["part"], "CARER");
    daemon.stop();
}

#[test]
fn who_has_no_grant_is_not_permitted_and_who_finds_no_server_is_told_so() {
    let house = House::new();
    let daemon = Daemon::start(&house);
    let (stranger, officer) = (house.profile(STRANGER, daemon.port), house.profile(OFFICER, daemon.port));
    let submit = |profile: &str| fed(house.path(), &["submit", "-", "--profile", profile], &narrative(1));
    submit(&stranger).refused(77, &["PERMISSION_DENIED"]);
    submit(&officer).refused(77, &["PERMISSION_DENIED"]);
    let queue = ["queue", "pull", "MASH.E09000023", "--profile", &officer];
    homeward(house.path(), &queue).refused(77, &["PERMISSION_DENIED"]);
    let known = homeward(house.path(), &["whoami", "--profile", &stranger]).with(0);
    assert!(known.contains("no grant is in force"), "{known}");
    let council = house.profile(LEWISHAM, daemon.port);
    fed(house.path(), &["submit", "-", "--profile", &council], r#"{"envelope":{"on_behalf_of":"E09000023"}}"#)
        .refused(65, &["submission.envelope.actor: required", "submission.child: required"]);
    daemon.stop();

    let gone = ["whoami", "--profile", &council];
    homeward(house.path(), &gone).refused(69, &["is the daemon running"]);
    homeward(house.path(), &["whoami", "--profile", "nowhere"]).refused(65, &["homeward pki issue"]);
}

#[test]
fn certificates_are_made_listed_and_never_overwritten() {
    let house = House::new();
    let made = ["pki", "issue", OFFICER, "--out", "officer", "--json"];
    let made = one_line(&homeward(house.path(), &made).with(0));
    assert_eq!(made["holder"], format!("homeward://pilot.example/{OFFICER}"));
    let again = ["pki", "issue", OFFICER, "--out", "officer"];
    homeward(house.path(), &again).refused(1, &["never overwritten"]);
    homeward(house.path(), &["pki", "init", "--trust-domain", "pilot.example"]).refused(1, &["never overwritten"]);
    homeward(house.path(), &["pki", "issue", OFFICER, "--out", "long", "--days", "91"]).refused(64, &["1 to 90 days"]);
    let next = ["pki", "issue", "--server-name", "localhost", "--out", "next", "--json"];
    assert_eq!(one_line(&homeward(house.path(), &next).with(0))["holder"], "server localhost");
    let listed = homeward(house.path(), &["pki", "list", "--json"]).with(0);
    let serials: Vec<String> = listed.lines().map(|line| one_line(line)["serial"].to_string()).collect();
    assert_eq!(serials.len(), 7, "{listed}");
    assert!(serials.contains(&made["serial"].to_string()));

    house.configure("");
    let config = house.path().join("homeward.toml");
    let text = std::fs::read_to_string(&config).unwrap().replace("certs/server", "next");
    std::fs::write(&config, text).unwrap();
    let daemon = Daemon::start(&house);
    let officer = house.profile(OFFICER, daemon.port);
    homeward(house.path(), &["whoami", "--profile", &officer]).with(0);
    daemon.stop();
}

#[test]
fn the_laptop_of_one_of_only_two_administrators_is_stolen_and_its_thief_has_renewed() {
    let house = House::new();
    let at = house.path();
    let administers = "[[grant]]\norganisation = \"operator\"\nrole = \"certificate_admin\"\n\
                       not_before = \"2020-01-01T00:00:00Z\"\nnot_after = \"2090-01-01T00:00:00Z\"\n";
    let grants = std::fs::read_to_string(at.join("grants.toml")).unwrap();
    std::fs::write(at.join("grants.toml"), format!("{grants}{administers}")).unwrap();
    house.configure("pki.folder = \"certs\"\n");
    let daemon = Daemon::start(&house);
    let endpoint = format!("https://localhost:{}\n", daemon.port);
    for one in ["certs/admin-1/endpoint", "certs/admin-2/endpoint"] {
        std::fs::write(at.join(one), &endpoint).unwrap();
    }
    let run = |args: &[&str]| homeward(at, args);
    let stolen = "homeward://pilot.example/operator/certificate_admin/admin-2";
    run(&["pki", "renew", "certs/admin-2", "--online", "--out", "thief"]).with(0);
    run(&["whoami", "--profile", "thief"]).with(0);

    // Two others would be needed, and there is one.
    let revoke = ["pki", "revoke", stolen, "--reason", "key-compromise", "--profile", "certs/admin-1", "--json"];
    let proposal = one_line(&run(&revoke).with(0))["proposal"].clone();
    let (id, fingerprint) = (proposal["proposal_id"].as_str().unwrap(), proposal["fingerprint"].as_str().unwrap());
    let approve = |by: &str| run(&["admin", "approve", id, "--fingerprint", fingerprint, "--profile", by]);
    approve("certs/admin-1").refused(77, &["SECOND_PERSON_NEEDED"]);
    approve("thief").refused(77, &["SECOND_PERSON_NEEDED"]);

    // What the thief renewed is in the daemon's register; whoever has the folder revokes it by its serial number.
    let listed = run(&["pki", "list", "--profile", "certs/admin-1", "--json"]).with(0);
    let rows = listed.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
    let theirs: Vec<_> = rows.filter(|one| one["holder"] == stolen).collect();
    assert_eq!(theirs.len(), 2);
    let thiefs = theirs
        .iter()
        .map(|one| one["serial"].as_str().unwrap())
        .find(|serial| !std::fs::read_to_string(at.join("certs/issued.tsv")).unwrap().contains(serial));
    let said = run(&["pki", "revoke", thiefs.unwrap(), "--reason", "key-compromise", "--dir", "certs"]).with(0);
    assert!(said.contains("which this folder did not issue"), "{said}");
    shut_out(&house, "thief");
    run(&["whoami", "--profile", "certs/admin-2"]).with(0);

    // A third is issued with the folder, and approves: everything that the second has ends in one step.
    let third =
        ["pki", "issue", "operator/certificate_admin/admin-3", "--out", "admin-3", "--endpoint", endpoint.trim()];
    run(&third).with(0);
    approve("admin-3").with(0);
    shut_out(&house, "certs/admin-2");
    run(&["whoami", "--profile", "certs/admin-1"]).with(0);
    daemon.stop();
}

/// Waits until a profile is not let in any longer.
fn shut_out(house: &House, profile: &str) {
    for _ in 0..100 {
        if homeward(house.path(), &["whoami", "--profile", profile]).code != 0 {
            return;
        }
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    panic!("{profile} is served after five seconds");
}

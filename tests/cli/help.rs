//! `--help` of everything there is, and bad usage.

use super::homeward;

/// Every command and the commands below it.
pub const TREE: &[(&str, &[&str])] = &[
    ("demo", &[]),
    ("serve", &[]),
    ("pki", &["init", "request", "sign", "issue", "renew", "revoke", "list", "rotate", "export"]),
    ("admin", &["keys", "proposals", "crl", "trust-bundle", "erase", "copies-gone", "hold", "replay", "approve"]),
    ("audit", &["list", "checkpoint", "export", "verify", "prove", "check"]),
    ("submit", &[]),
    ("preview", &[]),
    ("referrals", &[]),
    ("watch", &[]),
    ("answer", &[]),
    ("correct", &[]),
    ("recall", &[]),
    ("subject-access", &[]),
    (
        "queue",
        &[
            "list",
            "pull",
            "open",
            "extend",
            "complete",
            "release",
            "hand-over",
            "take-back",
            "transfer",
            "accept",
            "refuse",
            "acknowledge",
            "ask",
            "grade",
            "release-carer",
            "reject",
            "dead-letters",
            "held",
            "prompts",
            "mark-prompt",
            "resolve",
        ],
    ),
    ("redact", &[]),
    ("backup", &[]),
    ("restore", &[]),
    ("compact", &[]),
    ("migrate", &[]),
    ("policy", &["check", "get", "activate", "diff", "explain"]),
    ("bench", &["growth", "stores", "redact"]),
    ("whoami", &[]),
];

#[test]
fn every_command_has_help() {
    let folder = tempfile::tempdir().unwrap();
    let top = homeward(folder.path(), &["--help"]).with(0);
    assert!(top.contains("Start here: `homeward demo`") && top.contains("Exit codes: 0 done, 64 bad usage"));
    assert_eq!(named(&top), TREE.iter().map(|(name, _)| *name).collect::<Vec<_>>());
    for (name, below) in TREE {
        let help = homeward(folder.path(), &[name, "--help"]).with(0);
        assert_eq!(named(&help), *below, "{name}");
        assert!(help.contains("Usage: homeward"), "{help}");
        for inner in *below {
            let help = homeward(folder.path(), &[name, inner, "--help"]).with(0);
            assert!(help.contains(&format!("Usage: homeward {name} {inner}")), "{help}");
            if (*name, *inner) == ("admin", "keys") {
                assert_eq!(
                    named(&help),
                    ["list", "rotate", "rotate-outer", "rewrap-status", "rewrap", "init-file", "init-token", "destroy"]
                );
                continue;
            }
            if (*name, *inner) == ("admin", "hold") {
                assert_eq!(named(&help), ["place", "release", "list"]);
                continue;
            }
            assert!(help.contains("--json"), "{name} {inner} has no --json");
        }
        // The daemon answers nobody here, and the engine answers in JSON always.
        let leaf = below.is_empty() && !["serve", "redact"].contains(name);
        assert!(!leaf || help.contains("--json"), "{name} has no --json");
    }
}

#[test]
fn bad_usage_ends_with_64_and_says_what_is_wrong() {
    let folder = tempfile::tempdir().unwrap();
    for (args, word) in [
        (&[][..], "Usage: homeward"),
        (&["fly"], "unrecognized subcommand 'fly'"),
        (&["submit", "--profile", "p"], "<FILE>"),
        (&["preview", "x.json"], "--profile"),
        (&["preview", "x.json", "--profile", "p", "--at", "2026-11-20T16:30:00Z"], "--offline"),
        (&["policy", "explain", "x.json", "--at", "yesterday"], "--at"),
        (&["submit", "--profile", "p", "--request-id", "1", "a", "b"], "--request-id goes with one FILE"),
        (&["queue", "open", "--profile", "p", "--lease", "l", "d", "Q"], "E, B, C, CARD"),
        (&["queue", "grade", "--profile", "p", "--lease", "l", "d", "2B"], "--item"),
        (&["queue", "grade", "--profile", "p", "--lease", "l", "d", "2B C A1 S2 S1", "--item", "1"], "2B C A1 S2"),
        (&["pki", "init", "--trust-domain", "no/domain"], "trust domain"),
        (&["pki", "issue", "--out", "p"], "IDENTITY"),
        (&["pki", "issue", "--out", "p", "--server-name", "s", "gss/E1/council_submitter/x"], "cannot be used with"),
    ] {
        let ended = homeward(folder.path(), args);
        assert!(ended.err.contains(word), "{args:?} does not say {word:?}: {ended:?}");
        ended.with(64);
    }
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "bad usage left something behind");
}

/// The commands that a help text lists, `help` itself apart.
fn named(help: &str) -> Vec<&str> {
    let list = help.split("Commands:\n").nth(1).unwrap_or_default().split("\n\n").next().unwrap_or_default();
    let names = list.lines().filter(|line| line.starts_with("  ") && !line.starts_with("   "));
    names.filter_map(|line| line.split_whitespace().next()).filter(|name| *name != "help").collect()
}

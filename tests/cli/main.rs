//! The binary as a person or a script meets it: help, exit codes, JSON, errors that say what to do (contract 5).

#![expect(clippy::unwrap_used, clippy::panic, reason = "helpers of tests stand outside #[test] functions")]

mod advice;
mod audit;
mod backup;
mod bench;
mod container;
mod daemon;
mod deep;
mod grading;
mod help;
mod house;
mod migrate;
mod offline;
mod policies;
mod policy;
#[path = "../support/postgres.rs"]
#[allow(dead_code, reason = "shared with the tests of the store")]
mod postgres;
mod redact;
mod rotate;
mod served;
mod shell;
mod struck;

use std::{
    io::Write,
    path::Path,
    process::{Command, Stdio},
};

/// How a command ended.
#[derive(Debug)]
struct Ended {
    code: i32,
    out: String,
    err: String,
}

impl Ended {
    /// Checks the exit code; returns what went to stdout.
    #[track_caller]
    fn with(self, code: i32) -> String {
        assert_eq!(self.code, code, "{self:?}");
        self.out
    }

    /// Checks the exit code, and that stderr says every one of `words` and stdout nothing.
    #[track_caller]
    fn refused(self, code: i32, words: &[&str]) {
        assert_eq!((self.code, self.out.as_str()), (code, ""), "{self:?}");
        for word in words {
            assert!(self.err.contains(word), "stderr does not say {word:?}: {self:?}");
        }
    }
}

/// Runs one command line in `folder`, with nothing on stdin.
fn homeward(folder: &Path, args: &[&str]) -> Ended {
    fed(folder, args, "")
}

/// Runs one command line in `folder`, with `stdin`.
fn fed(folder: &Path, args: &[&str], stdin: &str) -> Ended {
    let mut child = Command::new(env!("CARGO_BIN_EXE_homeward"))
        .args(args)
        .current_dir(folder)
        .env_remove("HOMEWARD_PROFILE")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // A command that reads nothing may have gone already.
    let _ = child.stdin.take().unwrap().write_all(stdin.as_bytes());
    let output = child.wait_with_output().unwrap();
    Ended {
        code: output.status.code().unwrap_or_else(|| panic!("{args:?} was killed")),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
    }
}

/// A narrative of the demo.
fn narrative(number: u8) -> String {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/narratives/n{number}.json"));
    std::fs::read_to_string(file).unwrap()
}

/// One line of JSON.
#[track_caller]
fn one_line(text: &str) -> serde_json::Value {
    assert_eq!(text.lines().count(), 1, "{text}");
    serde_json::from_str(text).unwrap()
}

//! Commands that are killed at one system call, whichever it is.

use std::{path::Path, process::Command};

/// Whether what is said of killed commands can be tried on this machine.
pub fn strace_is_missing() -> bool {
    if Command::new("strace").arg("--version").output().is_ok() {
        return false;
    }
    let ci = std::env::var("CI").is_ok_and(|ci| ci == "true");
    assert!(
        !ci,
        "strace is missing: without it nothing proves what a command that was killed leaves behind (apt: strace)"
    );
    true
}

/// The calls that change a name in a folder.
pub const CALLS: [&str; 10] =
    ["rename", "renameat", "renameat2", "link", "linkat", "unlink", "unlinkat", "rmdir", "mkdir", "mkdirat"];

/// Kills `homeward` at its `number`th call of this kind; false where it ended before.
pub fn killed(at: &Path, args: &[&str], (call, number): (&str, usize)) -> bool {
    let mut command = Command::new("strace");
    command.args(["-f", "-qq", "-o", "/dev/null", "-e", &format!("trace=?{call}")]);
    command.args(["-e", &format!("inject=?{call}:signal=KILL:when={number}")]);
    command.arg(env!("CARGO_BIN_EXE_homeward")).args(args).current_dir(at);
    !command.output().unwrap().status.success()
}

//! A hook that is a program of this machine: no shell, the page on its standard input, delivered when it ends with 0.

use std::{io, path::PathBuf, process::Stdio};

use async_trait::async_trait;
use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process_group, waitid};
use tokio::{
    io::AsyncWriteExt,
    process::{Child, Command as Process},
    task::spawn_blocking,
};

use super::{Common, body};
use crate::broker::{Hook, HookFailed, PageMessage};

/// Where a program finds what names the page, the same at each attempt.
const PAGE: &str = "HOMEWARD_PAGE";
/// What else of the environment a program finds: nothing of ours.
const ENVIRONMENT: [(&str, &str); 2] = [("PATH", "/usr/local/bin:/usr/bin:/bin"), ("LANG", "C.UTF-8")];

/// A program with its arguments.
#[derive(Debug, Clone)]
pub struct Command {
    /// What every hook has.
    pub common: Common,
    /// The program, an absolute path.
    pub program: PathBuf,
    /// What it is given.
    pub arguments: Vec<String>,
}

#[async_trait]
impl Hook for Command {
    fn name(&self) -> &str {
        &self.common.name
    }

    fn reaches(&self, message: &PageMessage) -> bool {
        self.common.reaches(message)
    }

    fn is_fallback(&self) -> bool {
        self.common.fallback
    }

    async fn deliver(&self, message: &PageMessage) -> Result<(), HookFailed> {
        let failed = |words: String| Err(HookFailed(words));
        let mut group = match self.start(message) {
            Ok(group) => group,
            Err(error) => return failed(format!("the program cannot be started: {}", error.kind())),
        };
        let told = body(message);
        match tokio::time::timeout(self.common.timeout, group.ended(&told)).await {
            Ok(Ok(status)) if status.success() => Ok(()),
            Ok(Ok(status)) => failed(format!("the program ended with {status}")),
            Ok(Err(error)) => failed(format!("the program was lost: {}", error.kind())),
            Err(_) => {
                failed(format!("the program took longer than {} s and was killed", self.common.timeout.as_secs()))
            }
        }
    }
}

impl Command {
    fn start(&self, message: &PageMessage) -> io::Result<Group> {
        let mut process = Process::new(&self.program);
        process.args(&self.arguments).env_clear().envs(ENVIRONMENT).current_dir("/").process_group(0);
        // Who has the page already can tell.
        process.env(PAGE, message.page.to_string());
        // What it writes may hold a secret of its own: nobody reads it.
        process.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
        process.spawn().map(Group)
    }
}

/// A program with those that it started: none of them outlives the attempt.
struct Group(Child);

impl Group {
    /// Tells it the page, and waits until it ends.
    async fn ended(&mut self, told: &str) -> io::Result<std::process::ExitStatus> {
        if let Some(mut input) = self.0.stdin.take() {
            // One that does not care to read may still deliver.
            let _ = input.write_all(told.as_bytes()).await;
        }
        if let Some(leader) = self.number() {
            let ended = move || waitid(WaitId::Pid(leader), WaitIdOptions::EXITED | WaitIdOptions::NOWAIT);
            let _ = spawn_blocking(ended).await?;
            self.kill();
        }
        self.0.wait().await
    }

    /// Its number, which is its group's, and nobody else's until it is waited for.
    fn number(&self) -> Option<Pid> {
        self.0.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw)
    }

    fn kill(&self) {
        if let Some(group) = self.number() {
            let _ = kill_process_group(group, Signal::KILL);
        }
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        self.kill();
    }
}

#[cfg(test)]
mod tests {
    use std::{fs, os::unix::fs::PermissionsExt, path::Path, time::Duration};

    use super::*;
    use crate::paging::tests::{of_hook, of_page};

    fn hook(folder: &Path, script: &str, timeout: Duration) -> Command {
        let program = folder.join("hook.sh");
        fs::write(&program, format!("#!/bin/sh\n{script}\n")).unwrap();
        fs::set_permissions(&program, fs::Permissions::from_mode(0o700)).unwrap();
        Command {
            common: Common { timeout, ..of_hook() },
            program,
            arguments: vec!["--to".into(), "$HOME; true".into()],
        }
    }

    #[tokio::test]
    async fn a_program_has_the_page_its_arguments_and_nothing_of_our_environment() {
        let folder = tempfile::tempdir().unwrap();
        let script = "cd \"$(dirname \"$0\")\"; cat > page; printf '%s\\n' \"$@\" > arguments; env > environment";
        hook(folder.path(), script, Duration::from_secs(50)).deliver(&of_page(None)).await.unwrap();
        let read = |name: &str| fs::read_to_string(folder.path().join(name)).unwrap();
        assert_eq!(read("page"), body(&of_page(None)));
        assert_eq!(read("arguments"), "--to\n$HOME; true\n", "no shell has seen them");
        let names: Vec<String> =
            read("environment").lines().map(|line| line.split('=').next().unwrap().to_owned()).collect();
        assert!(read("environment").contains(&format!("{PAGE}={}\n", of_page(None).page)));
        let ours = |name: &str| ![PAGE, "PATH", "LANG", "PWD", "OLDPWD", "SHLVL", "_"].contains(&name);
        assert!(!names.iter().any(|name| ours(name)), "{names:?}");
    }

    /// Waits until what the script has left the number of is gone.
    async fn gone(folder: &Path) {
        let number = fs::read_to_string(folder.join("number")).unwrap();
        let stat = Path::new("/proc").join(number.trim()).join("stat");
        while fs::read_to_string(&stat).is_ok_and(|stat| !stat.contains(") Z")) {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    #[tokio::test]
    async fn what_a_program_leaves_running_ends_with_it() {
        let folder = tempfile::tempdir().unwrap();
        let script = "sleep 600 & echo $! > \"$(dirname \"$0\")/number\"";
        hook(folder.path(), script, Duration::from_secs(50)).deliver(&of_page(None)).await.unwrap();
        gone(folder.path()).await;
    }

    #[tokio::test]
    async fn one_that_fails_is_missing_or_takes_too_long_has_not_delivered() {
        let folder = tempfile::tempdir().unwrap();
        let failed = hook(folder.path(), "exit 3", Duration::from_secs(50)).deliver(&of_page(None)).await.unwrap_err();
        assert!(failed.0.contains("exit status: 3"), "{failed}");
        let slow =
            hook(folder.path(), "sleep 600 & echo $! > \"$(dirname \"$0\")/number\"; wait", Duration::from_secs(2));
        assert!(slow.deliver(&of_page(None)).await.unwrap_err().0.contains("was killed"));
        if folder.path().join("number").exists() {
            gone(folder.path()).await;
        }
        fs::remove_file(folder.path().join("hook.sh")).unwrap();
        assert!(slow.deliver(&of_page(None)).await.unwrap_err().0.contains("cannot be started"));
        let deaf = hook(folder.path(), "exec 0<&-; exit 0", Duration::from_secs(50));
        deaf.deliver(&of_page(None)).await.unwrap();
    }
}

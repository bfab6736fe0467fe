//! A server as a process of its own, so that what it uses is told apart from what the load generator uses.

use std::{
    fs,
    path::Path,
    process::{Child, Command, Stdio},
    time::Duration,
};

use crate::{app::failure::Failure, platform::clock::Stopwatch};

/// Times in `/proc` are in hundredths of a second, whatever the kernel counts in.
const TICK: Duration = Duration::from_millis(10);
/// Longest wait for a server.
const READY_WITHIN: Duration = Duration::from_secs(120);

/// How often the log of a server is looked at.
const LOOK: Duration = Duration::from_millis(2);

/// A running process of this program; killed when dropped.
pub(super) struct Process {
    child: Child,
    /// Time until it served.
    pub(super) start: Duration,
}

impl Process {
    /// Starts this program in `folder` with its log in `name`.log, and waits until the log says what comes behind `mark`.
    pub(super) async fn start(folder: &Path, name: &str, args: &[&str], mark: &str) -> Result<(Self, String), Failure> {
        let failed = |error: std::io::Error| Failure::other(format!("{name} does not start: {error}"));
        let log = folder.join(format!("{name}.log"));
        let waited = Stopwatch::start();
        let child = Command::new(std::env::current_exe().map_err(failed)?)
            .args(args)
            .current_dir(folder)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(fs::File::create(&log).map_err(failed)?)
            .spawn()
            .map_err(failed)?;
        let mut process = Self { child, start: Duration::ZERO };
        loop {
            let said = fs::read_to_string(&log).map_err(failed)?;
            let behind = said.split_once(mark).and_then(|(_, behind)| behind.split_once('\n'));
            if let Some((line, _)) = behind {
                process.start = waited.spent();
                return Ok((process, line.trim().to_owned()));
            }
            if process.child.try_wait().map_err(failed)?.is_some() || waited.spent() > READY_WITHIN {
                return Err(Failure::other(format!("{name} does not serve")).advise(said.trim()));
            }
            tokio::time::sleep(LOOK).await;
        }
    }

    /// Time of the processors used so far, its own and the kernel's for it.
    pub(super) fn cpu(&self) -> Option<Duration> {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.child.id())).ok()?;
        spent(&stat)
    }

    /// Megabytes of memory it has now.
    pub(super) fn megabytes(&self) -> Option<f64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id())).ok()?;
        resident(&status)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended already; its folder goes with it.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// `utime` and `stime` stand 12th and 13th behind the name, which is in brackets and may hold anything.
fn spent(stat: &str) -> Option<Duration> {
    let (_, behind) = stat.rsplit_once(')')?;
    let mut fields = behind.split_whitespace().skip(11);
    let ticks: u32 = fields.next()?.parse::<u32>().ok()?.checked_add(fields.next()?.parse().ok()?)?;
    Some(TICK * ticks)
}

fn resident(status: &str) -> Option<f64> {
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kilobytes: f64 = line.trim().trim_end_matches("kB").trim().parse().ok()?;
    Some(kilobytes / 1024.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_kernel_says_is_read_whatever_the_name() {
        let stat = "7 (a) b) S 1 2 3 4 5 6 7 8 9 10 150 50 0 0 20";
        assert_eq!(spent(stat), Some(Duration::from_secs(2)));
        assert_eq!(resident("Name:\tx\nVmRSS:\t   20480 kB\n"), Some(20.0));
        assert_eq!((spent("7 (a"), resident("")), (None, None));
    }
}

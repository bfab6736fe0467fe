//! Three machines on one network: network namespaces of the kernel, whose cable can be pulled; where those are not to be had, three
//! loopback addresses, and a machine is cut off by stopping all that runs on it.

use std::{fs, path::Path, process::Command};

/// Machines.
pub const MACHINES: usize = 3;

/// The network.
pub struct Net {
    /// What our namespaces and devices are called; `None` where there are none.
    name: Option<String>,
    /// The first three numbers of every address.
    prefix: String,
}

fn ip(args: &[&str]) -> bool {
    Command::new("ip").args(args).output().is_ok_and(|done| done.status.success())
}

impl Net {
    /// A new one, and whatever tests that were killed have left goes.
    pub fn made() -> Self {
        for left in fs::read_dir("/run/netns").into_iter().flatten().flatten() {
            let name = left.file_name().to_string_lossy().into_owned();
            let of = name.strip_prefix("hw").and_then(|name| name.split_once('m')).map(|(pid, _)| pid.to_owned());
            if let Some(pid) = of.filter(|pid| pid.parse::<u32>().is_ok() && !Path::new("/proc").join(pid).exists()) {
                ip(&["netns", "del", &name]);
                ip(&["link", "del", &format!("hw{pid}b")]);
            }
        }
        let (pid, name) = (std::process::id(), format!("hw{}", std::process::id()));
        let prefix = format!("10.{}.{}", 64 + (pid >> 8) % 64, pid % 256);
        let net = Self { name: Some(name.clone()), prefix: prefix.clone() };
        let bridge = format!("{name}b");
        let made = ip(&["link", "add", &bridge, "type", "bridge"])
            && ip(&["addr", "add", &format!("{prefix}.1/24"), "dev", &bridge])
            && ip(&["link", "set", &bridge, "up"])
            && (0..MACHINES).all(|machine| net.joined(&bridge, machine));
        if made { net } else { Self { name: None, prefix: "127.0.0".into() } }
    }

    fn joined(&self, bridge: &str, machine: usize) -> bool {
        let (space, outer) = (self.space(machine), self.cable(machine));
        let inner = format!("{outer}i");
        let address = format!("{}/24", self.address(machine));
        ip(&["netns", "add", &space])
            && ip(&["link", "add", &outer, "type", "veth", "peer", "name", &inner])
            && ip(&["link", "set", &inner, "netns", &space])
            && ip(&["-n", &space, "addr", "add", &address, "dev", &inner])
            && ip(&["-n", &space, "link", "set", "lo", "up"])
            && ip(&["-n", &space, "link", "set", &inner, "up"])
            && ip(&["link", "set", &outer, "master", bridge])
            && ip(&["link", "set", &outer, "up"])
    }

    fn space(&self, machine: usize) -> String {
        format!("{}m{machine}", self.name.as_deref().unwrap_or_default())
    }

    fn cable(&self, machine: usize) -> String {
        format!("{}c{machine}", self.name.as_deref().unwrap_or_default())
    }

    /// A machine's address.
    pub fn address(&self, machine: usize) -> String {
        format!("{}.{}", self.prefix, 11 + machine)
    }

    /// What a command on a machine begins with.
    pub fn on(&self, machine: usize) -> Vec<String> {
        match self.name {
            Some(_) => ["ip", "netns", "exec", &self.space(machine)].map(str::to_owned).to_vec(),
            None => Vec::new(),
        }
    }

    /// Ends whatever still runs on a machine at once, also what nobody here has started (a copy that a replica is made from).
    pub fn ends_all_on(&self, machine: usize) {
        if self.name.is_none() {
            return;
        }
        loop {
            let listed = Command::new("ip").args(["netns", "pids", &self.space(machine)]).output().unwrap();
            let pids = String::from_utf8(listed.stdout).unwrap();
            if pids.trim().is_empty() {
                return;
            }
            let _ = Command::new("kill").arg("-KILL").args(pids.split_whitespace()).output();
            std::thread::sleep(std::time::Duration::from_millis(20));
        }
    }

    /// Pulls a machine's cable, or puts it back; false where there is none.
    pub fn cable_is(&self, machine: usize, state: &str) -> bool {
        self.name.is_some() && ip(&["link", "set", &self.cable(machine), state])
    }
}

impl Drop for Net {
    fn drop(&mut self) {
        if let Some(name) = &self.name {
            for machine in 0..MACHINES {
                ip(&["netns", "del", &self.space(machine)]);
            }
            ip(&["link", "del", &format!("{name}b")]);
        }
    }
}

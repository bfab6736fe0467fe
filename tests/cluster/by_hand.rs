//! What whoever runs three machines does by hand, as the runbook says it.

use std::{fs, thread, time::Duration};

use homeward::platform::clock::Stopwatch;

use crate::{
    net::MACHINES,
    nodes::{Cluster, PASSWORD, command, gone, name_of},
};

/// What Patroni says when a machine has the leader's data.
const COPIED: &str = "bootstrapped from leader 'db";
const RUNBOOK: &str = include_str!("../../deploy/RUNBOOK.md");

/// It stands in a box of the runbook.
fn is_told(words: &str) {
    assert!(RUNBOOK.contains(&format!("\n$ {words}\n")), "the runbook does not say: {words}");
}

impl Cluster {
    /// Does on a machine what the runbook says; what it said.
    pub fn does(&self, machine: usize, words: &str) -> String {
        self.does_with(machine, words, "")
    }

    /// The same, with the number of a member of etcd in the place of `ID`.
    pub fn does_with(&self, machine: usize, words: &str, id: &str) -> String {
        is_told(words);
        self.runs(machine, &words.replace(" ID", &format!(" {id}")))
    }

    /// The same, again until it succeeds.
    fn does_in_time(&self, machine: usize, words: &str) {
        is_told(words);
        let since = Stopwatch::start();
        while let Err(said) = self.tries(machine, words) {
            assert!(since.spent() < Duration::from_secs(60), "{said}");
            thread::sleep(Duration::from_millis(100));
        }
    }

    /// Runs a command on a machine; what it said.
    pub fn runs(&self, machine: usize, words: &str) -> String {
        self.tries(machine, words).unwrap_or_else(|said| panic!("{said}"))
    }

    /// The same, with the addresses, files and password that there are, or why it failed.
    fn tries(&self, machine: usize, words: &str) -> Result<String, String> {
        let (place, name) = (self.path(), name_of(machine));
        let config = place.join(format!("{name}.yml")).display().to_string();
        let mut here =
            words.replace("/etc/patroni/config.yml", &config).replace("'PASSWORD'", &format!("'{PASSWORD}'"));
        here = here.replace("/etc/haproxy/haproxy.cfg", &place.join("haproxy.cfg").display().to_string());
        for other in 0..MACHINES {
            here = here.replace(&format!("DB{}:", other + 1), &format!("{}:", self.net.address(other)));
        }
        let since = Stopwatch::start();
        let mut command = command(place, &name, &self.net.on(machine), &["sh", "-c", &here]);
        let done = command.env("PGHOST", place.join(format!("{name}-sockets"))).output().unwrap();
        let said = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        if !done.status.success() {
            return Err(format!("{words}: {}{}", said(&done.stdout), said(&done.stderr)));
        }
        eprintln!("{:6.1} s for {words}", since.spent().as_secs_f64());
        Ok(said(&done.stdout))
    }

    /// A machine ends with all that it has.
    fn is_lost(&mut self, machine: usize) {
        self.loses_power(machine);
        for folder in [name_of(machine), format!("etcd{}", machine + 1)] {
            gone(&self.path().join(folder));
        }
    }

    /// The third machine is lost with all that it has, and a new one takes its place.
    pub fn has_a_new_machine(&mut self) {
        const NEW: usize = 2;
        self.is_lost(NEW);
        // It may have led etcd, and those that are left elect.
        self.does_in_time(0, "etcdctl --endpoints=http://DB1:2379,http://DB2:2379 endpoint health");
        let members = self.does(0, "etcdctl --endpoints=http://DB1:2379,http://DB2:2379 member list");
        let lost = members.lines().find(|line| line.contains(", db3,")).unwrap();
        let id = lost.split(',').next().unwrap();
        self.does_with(0, "etcdctl --endpoints=http://DB1:2379,http://DB2:2379 member remove ID", id);
        let adds = "etcdctl --endpoints=http://DB1:2379,http://DB2:2379 member add db3 --peer-urls=http://DB3:2380";
        assert!(self.does(0, adds).contains("ETCD_INITIAL_CLUSTER_STATE=\"existing\""));
        let log = self.path().join(format!("{}.log", name_of(NEW)));
        let before = fs::metadata(&log).unwrap().len();
        self.votes(NEW, "existing");
        self.serves(NEW);
        // Patroni shows the lost one for a while yet.
        let since = Stopwatch::start();
        while !String::from_utf8_lossy(&fs::read(&log).unwrap()[before.try_into().unwrap()..]).contains(COPIED) {
            assert!(since.spent() < Duration::from_secs(120), "nothing comes from the leader: {}", self.said());
            thread::sleep(Duration::from_millis(100));
        }
        self.whole();
    }

    /// Everything at the three machines is lost, but for the repository, and three others begin with that: with all of it, or with what was
    /// there at a moment.
    pub fn begins_elsewhere(&mut self, moment: Option<String>) {
        (0..MACHINES).for_each(|machine| self.is_lost(machine));
        self.method = if moment.is_some() { "moment" } else { "pgbackrest" };
        self.moment = moment.unwrap_or_default();
        (0..MACHINES).for_each(|machine| self.boots(machine));
        self.whole();
        self.method = "initdb";
    }

    /// What a wrong hand does; it is archived, and the next backup is taken after it.
    pub fn is_destroyed(&self) {
        let primary = self.primary();
        self.runs(primary, "psql -d homeward -c 'DROP TABLE homeward_keys'");
        self.does(primary, "pgbackrest --stanza=homeward check");
        self.does(primary, "pgbackrest --stanza=homeward backup");
    }

    /// A moment, apart from what is before it and after it.
    pub async fn moment(&self) -> String {
        tokio::time::sleep(Duration::from_secs(1)).await;
        let now = self.does(self.primary(), "psql -Atc \"SELECT now()\"").trim().to_owned();
        tokio::time::sleep(Duration::from_secs(1)).await;
        now
    }
}

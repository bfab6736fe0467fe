//! Floors and goals, as ratios inside one run. Other brokers are there as their share of the echo at 64 callers on the machine
//! where they were measured, acknowledging after fsync: RabbitMQ's quorum queue, Redis with appendfsync always, PostgreSQL.

use serde_json::{Value, json};

use super::rounds::{Measured, What};

/// Callers at which targets are set.
const AT: usize = 64;
const ECHO: f64 = 16_334.0;
const RABBITMQ: f64 = 6_258.0 / ECHO;
const REDIS: f64 = 11_538.0 / ECHO;
const POSTGRESQL_CONSUMES: f64 = 1_432.0 / ECHO;
const RABBITMQ_CONSUMES: f64 = 4_382.0 / ECHO;

/// One figure with what it should be.
struct Target {
    what: &'static str,
    unit: &'static str,
    value: f64,
    floor: f64,
    goal: f64,
    /// More is better.
    more: bool,
}

/// Everything that has a floor and was measured.
pub(super) fn of(measured: &mut Measured) -> Vec<Value> {
    let at = nearest(measured);
    let (one, greeters) = ((What::Submit, at), measured.callers_of(What::Handshake));
    let mut all = Vec::new();
    let mut more = |what, value: Option<f64>, floor, goal| {
        let one = |value| Target { what, unit: "of the echo", value, floor, goal, more: true };
        all.extend(value.map(one));
    };
    let echo = measured.rate(What::Echo, at);
    let share = |rate: Option<f64>| rate.zip(echo).map(|(rate, echo)| rate / echo);
    more("submit, one call each", share(measured.rate(one.0, at)), 0.25, 0.45);
    more(
        "submit on a stream: ahead of RabbitMQ, of Redis",
        share(measured.rate(What::SubmitStream, at)),
        RABBITMQ,
        REDIS,
    );
    let settled = share(measured.rate(What::Settle, at));
    more("pull, open, complete: ahead of PostgreSQL, of RabbitMQ", settled, POSTGRESQL_CONSUMES, RABBITMQ_CONSUMES);
    let many = share(measured.rate(What::SettleMany, at));
    more("the same by 16", many, POSTGRESQL_CONSUMES, RABBITMQ_CONSUMES);
    let bare = measured.rate(What::BareHandshake, greeters);
    let handshakes = measured.rate(What::Handshake, greeters).zip(bare);
    let handshakes = handshakes.map(|(ours, bare)| ours / bare);
    let of_bare = |value| Target {
        what: "new connections",
        unit: "of bare handshakes",
        value,
        floor: 0.4,
        goal: 0.6,
        more: true,
    };
    all.extend(handshakes.map(of_bare));
    all.extend(slowest(measured, at));
    let cpu = |what| measured.tallies.get(&(what, at)).and_then(super::measure::Tally::cpu_per_10000);
    let above = cpu(What::Submit).zip(cpu(What::Echo)).map(|(ours, echo)| ours - echo);
    let less = |what, unit, value, floor, goal| Target { what, unit, value, floor, goal, more: false };
    all.extend(above.map(|value| less("processor for 10 000 submissions, above the echo", "s", value, 2.5, 1.2)));
    let start = measured.start.map(|start| start.as_secs_f64());
    all.extend(start.map(|value| less("start to serving, an empty store", "s", value, 1.0, 0.3)));
    all.extend(measured.idle_megabytes.map(|value| less("memory, idle", "MB", value, 40.0, 20.0)));
    let after = measured.after_megabytes;
    all.extend(after.map(|value| less("memory at the end (meant for 200 000 records)", "MB", value, 150.0, 100.0)));
    all.iter().map(Target::json).collect()
}

/// The slowest hundredth of calls: the echo's twice, and two syncs.
fn slowest(measured: &mut Measured, at: usize) -> Option<Target> {
    let mut p99 = |what, at| Some(measured.tallies.get_mut(&(what, at))?.milliseconds(99));
    let (value, echo) = (p99(What::Submit, at)?, p99(What::Echo, at)?);
    let sync = measured.tallies.get_mut(&(What::Disk, 1))?.milliseconds(50);
    let bound = |times: f64| times * echo + 2.0 * sync;
    let what = "slowest hundredth of submissions: 2 (1.3) of the echo's and two syncs";
    Some(Target { what, unit: "ms", value, floor: bound(2.0), goal: bound(1.3), more: false })
}

/// The measured number of callers that is nearest to where targets are set.
fn nearest(measured: &Measured) -> usize {
    let all = measured.tallies.keys().filter(|(what, _)| *what == What::Echo).map(|(_, callers)| *callers);
    all.min_by_key(|callers| callers.abs_diff(AT)).unwrap_or(AT)
}

impl Measured {
    fn callers_of(&self, what: What) -> usize {
        self.tallies.keys().find(|(one, _)| *one == what).map_or(0, |(_, callers)| *callers)
    }

    /// How many a second, where there were any.
    pub(super) fn rate(&self, what: What, callers: usize) -> Option<f64> {
        self.tallies.get(&(what, callers)).map(super::measure::Tally::per_second).filter(|rate| *rate > 0.0)
    }
}

impl Target {
    fn json(&self) -> Value {
        let within = |bound: f64| if self.more { self.value >= bound } else { self.value <= bound };
        let met = if within(self.goal) {
            "goal"
        } else if within(self.floor) {
            "floor"
        } else {
            "neither"
        };
        json!({
            "what": self.what, "unit": self.unit, "value": self.value, "floor": self.floor, "goal": self.goal, "met": met
        })
    }
}

//! The `[limits]` of the configuration: what is not said has its default.

use std::time::Duration;

use serde::Deserialize;

use super::failure::Failure;
use crate::wire::serve::Limits;

/// What bounds the server. Times are in seconds.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LimitsConfig {
    /// Handshakes at the same time; more are closed at once.
    pub handshakes: usize,
    /// Handshakes of one address at the same time; more are closed at once.
    pub handshakes_per_address: usize,
    /// Handshakes of one address in a second; more are closed at once.
    pub handshakes_per_second: u32,
    /// Time for a handshake.
    pub handshake_seconds: u64,
    /// Connections at the same time; more are closed at once.
    pub connections: usize,
    /// Connections of one identity at the same time; more are closed at once.
    pub connections_per_identity: usize,
    /// Calls at the same time on one connection; more wait at the peer.
    pub calls_per_connection: u32,
    /// Calls of one identity being answered at the same time; more are refused.
    pub calls_per_identity: usize,
    /// Calls of one identity worked on at the same time; the others wait unread.
    pub work_per_identity: usize,
    /// Streams of one identity open at the same time; more are refused.
    pub streams_per_identity: usize,
    /// Calls of one identity in a second; more are refused with the time to wait.
    pub calls_per_second: u32,
    /// HTTP/2 frames of one identity in a second; with more the connection is cut.
    pub frames_per_second: u32,
    /// Bytes of one identity in a second, received and sent; more wait.
    pub bytes_per_second: u32,
    /// Calls of one connection that were begun and reset before we looked at them; with more it is cut.
    pub pending_resets: usize,
    /// Streams of one connection that were reset for its faults; with more it is cut.
    pub faulty_streams: usize,
    /// Size of all headers of a call, in bytes.
    pub header_bytes: u32,
    /// Time until an answer begins.
    pub answer_seconds: u64,
    /// Time until the peer has read what it asked for.
    pub read_seconds: u64,
    /// Ping a quiet connection this often.
    pub keepalive_seconds: u64,
    /// Close it when the ping is not answered within this.
    pub keepalive_timeout_seconds: u64,
    /// At this age a connection takes no new calls.
    pub age_seconds: u64,
    /// This much later its running calls are ended.
    pub age_grace_seconds: u64,
    /// On shutdown running calls may go on for this long.
    pub drain_seconds: u64,
}

impl Default for LimitsConfig {
    fn default() -> Self {
        let usual = Limits::default();
        Self {
            handshakes: usual.handshakes,
            handshakes_per_address: usual.handshakes_per_address,
            handshakes_per_second: usual.handshakes_per_second,
            handshake_seconds: usual.handshake_time.as_secs(),
            connections: usual.connections,
            connections_per_identity: usual.connections_per_identity,
            calls_per_connection: usual.calls_per_connection,
            calls_per_identity: usual.calls_per_identity,
            work_per_identity: usual.work_per_identity,
            streams_per_identity: usual.streams_per_identity,
            calls_per_second: usual.calls_per_second,
            frames_per_second: usual.frames_per_second,
            bytes_per_second: usual.bytes_per_second,
            pending_resets: usual.pending_resets,
            faulty_streams: usual.faulty_streams,
            header_bytes: usual.header_bytes,
            answer_seconds: usual.answer_within.as_secs(),
            read_seconds: usual.read_within.as_secs(),
            keepalive_seconds: usual.keepalive.as_secs(),
            keepalive_timeout_seconds: usual.keepalive_timeout.as_secs(),
            age_seconds: usual.age.as_secs(),
            age_grace_seconds: usual.age_grace.as_secs(),
            drain_seconds: usual.drain.as_secs(),
        }
    }
}

impl LimitsConfig {
    /// What the server is told.
    ///
    /// # Errors
    /// Exit 65: every limit that is zero, for nobody would get in.
    pub(super) fn limits(&self) -> Result<Limits, Failure> {
        let wrong: Vec<&str> = self.each().into_iter().filter(|(_, value)| *value == 0).map(|(name, _)| name).collect();
        if !wrong.is_empty() {
            return Err(Failure::bad_data(format!("[limits] must be larger than 0: {}", wrong.join(", "))));
        }
        Ok(Limits {
            handshakes: self.handshakes,
            handshakes_per_address: self.handshakes_per_address,
            handshakes_per_second: self.handshakes_per_second,
            handshake_time: Duration::from_secs(self.handshake_seconds),
            connections: self.connections,
            connections_per_identity: self.connections_per_identity,
            calls_per_connection: self.calls_per_connection,
            calls_per_identity: self.calls_per_identity,
            work_per_identity: self.work_per_identity,
            streams_per_identity: self.streams_per_identity,
            calls_per_second: self.calls_per_second,
            frames_per_second: self.frames_per_second,
            bytes_per_second: self.bytes_per_second,
            pending_resets: self.pending_resets,
            faulty_streams: self.faulty_streams,
            header_bytes: self.header_bytes,
            answer_within: Duration::from_secs(self.answer_seconds),
            read_within: Duration::from_secs(self.read_seconds),
            keepalive: Duration::from_secs(self.keepalive_seconds),
            keepalive_timeout: Duration::from_secs(self.keepalive_timeout_seconds),
            age: Duration::from_secs(self.age_seconds),
            age_grace: Duration::from_secs(self.age_grace_seconds),
            drain: Duration::from_secs(self.drain_seconds),
            ..Limits::default()
        })
    }

    /// All but `age_grace_seconds` and `drain_seconds`, which may be 0.
    fn each(&self) -> [(&'static str, u64); 21] {
        let number = |value: usize| u64::try_from(value).unwrap_or(u64::MAX);
        [
            ("handshakes", number(self.handshakes)),
            ("handshakes_per_address", number(self.handshakes_per_address)),
            ("handshakes_per_second", u64::from(self.handshakes_per_second)),
            ("handshake_seconds", self.handshake_seconds),
            ("connections", number(self.connections)),
            ("connections_per_identity", number(self.connections_per_identity)),
            ("calls_per_connection", u64::from(self.calls_per_connection)),
            ("calls_per_identity", number(self.calls_per_identity)),
            ("work_per_identity", number(self.work_per_identity)),
            ("streams_per_identity", number(self.streams_per_identity)),
            ("calls_per_second", u64::from(self.calls_per_second)),
            ("frames_per_second", u64::from(self.frames_per_second)),
            ("bytes_per_second", u64::from(self.bytes_per_second)),
            ("pending_resets", number(self.pending_resets)),
            ("faulty_streams", number(self.faulty_streams)),
            ("header_bytes", u64::from(self.header_bytes)),
            ("answer_seconds", self.answer_seconds),
            ("read_seconds", self.read_seconds),
            ("keepalive_seconds", self.keepalive_seconds),
            ("keepalive_timeout_seconds", self.keepalive_timeout_seconds),
            ("age_seconds", self.age_seconds),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_said_is_as_usual_and_nothing_is_zero() {
        let config: LimitsConfig = toml::from_str("").unwrap();
        assert_eq!(config.limits().unwrap(), Limits::default());
        let config: LimitsConfig = toml::from_str("calls_per_second = 5\ndrain_seconds = 0").unwrap();
        assert_eq!((config.limits().unwrap().calls_per_second, config.limits().unwrap().drain), (5, Duration::ZERO));
        let config: LimitsConfig = toml::from_str("connections = 0\nage_seconds = 0").unwrap();
        let told = format!("{:?}", config.limits().unwrap_err());
        assert!(told.contains("connections, age_seconds"), "{told}");
        assert!(toml::from_str::<LimitsConfig>("conections = 1").is_err());
    }

    #[test]
    fn the_example_shows_every_limit_with_its_default() {
        let example = include_str!("../../deploy/homeward.example.toml");
        let shown: String = example
            .split("\n[limits]\n")
            .nth(1)
            .unwrap()
            .lines()
            .take_while(|line| !line.trim_start_matches("# ").starts_with('['))
            .filter_map(|line| line.strip_prefix("# "))
            .filter(|line| line.split(' ').nth(1) == Some("="))
            .flat_map(|line| [line, "\n"])
            .collect();
        let config: LimitsConfig = toml::from_str(&shown).unwrap();
        assert_eq!(shown.lines().count(), config.each().len() + 2);
        assert_eq!(config.limits().unwrap(), Limits::default());
    }
}

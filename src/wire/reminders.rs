//! A client whose certificate runs out soon is told with every answer, and whoever runs the server once a day.

use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
};

use http::{HeaderMap, HeaderName, HeaderValue};
use jiff::{SignedDuration, Timestamp};

use crate::domain::{expiry, identity::Peer};

/// In headers and trailers of every answer, from 30 days before the end of the caller's certificate: when it runs out.
pub const EXPIRES: HeaderName = HeaderName::from_static("homeward-certificate-expires");

/// Most certificates remembered; beyond that some are said again.
const MOST: usize = 10_000;
const AGAIN: SignedDuration = SignedDuration::from_hours(24);

/// What was said in the log about which certificate.
#[derive(Debug, Default)]
pub(super) struct Reminders(Mutex<BTreeMap<String, (i64, Timestamp)>>);

impl Reminders {
    /// A peer has connected: says once a threshold and once a day that its certificate runs out. True where it was said.
    pub(super) fn met(&self, peer: &Peer, now: Timestamp) -> bool {
        let Some(days) = expiry::due(peer.not_after, now) else { return false };
        let mut said = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if said.get(&peer.serial).is_some_and(|(at, when)| *at == days && now.duration_since(*when) < AGAIN) {
            return false;
        }
        if said.len() >= MOST {
            said.clear();
        }
        said.insert(peer.serial.clone(), (days, now));
        let (expires, serial) = (peer.not_after, &peer.serial);
        tracing::warn!(peer = %peer.identity, serial, within_days = days, %expires, "CLIENT_CERTIFICATE_EXPIRES");
        true
    }
}

/// The value of [`EXPIRES`], where it is due.
pub(super) fn reminder(peer: &Peer, now: Timestamp) -> Option<HeaderValue> {
    expiry::due(peer.not_after, now)?;
    HeaderValue::try_from(peer.not_after.to_string()).ok()
}

/// Puts it there.
pub(super) fn remind(headers: &mut HeaderMap, reminder: Option<&HeaderValue>) {
    if let Some(value) = reminder {
        headers.insert(EXPIRES, value.clone());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::identity::{Identity, TrustDomain};

    #[test]
    fn it_is_said_once_a_threshold_and_again_after_a_day() {
        let domain = TrustDomain::parse("pilot.example").unwrap();
        let identity = Identity::parse("homeward://pilot.example/met/SE/mpu_officer/p1", &domain).unwrap();
        let end: Timestamp = "2026-12-31T00:00:00Z".parse().unwrap();
        let peer = Peer { identity, serial: "1".into(), not_after: end };
        let reminders = Reminders::default();
        let said: Vec<bool> = [31 * 24, 30 * 24, 30 * 24 - 23, 29 * 24, 14 * 24, 14 * 24 - 1, 7 * 24, 24, 1]
            .into_iter()
            .map(|hours| reminders.met(&peer, end - SignedDuration::from_hours(hours)))
            .collect();
        assert_eq!(said, [false, true, false, true, true, false, true, true, false]);
        assert_eq!(reminder(&peer, end - SignedDuration::from_hours(31 * 24)), None);
        assert_eq!(reminder(&peer, end - SignedDuration::from_hours(24)).unwrap(), "2026-12-31T00:00:00Z");
    }
}

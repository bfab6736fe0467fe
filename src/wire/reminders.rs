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
/// In the same places, while the authority that signed the caller's certificate is tainted: why to renew it now.
pub const RENEW: HeaderName = HeaderName::from_static("homeward-certificate-renew");
const TAINTED: HeaderValue = HeaderValue::from_static("AUTHORITY_TAINTED");

/// Most certificates remembered; beyond that some are said again.
const MOST: usize = 10_000;
const AGAIN: SignedDuration = SignedDuration::from_hours(24);

/// Why a certificate is to be renewed: within so many days it runs out; its authority is tainted.
type Due = (Option<i64>, bool);

/// What was said in the log about which certificate.
#[derive(Debug, Default)]
pub(super) struct Reminders(Mutex<BTreeMap<String, (Due, Timestamp)>>);

impl Reminders {
    /// A peer has connected: says once a threshold and once a day that its certificate runs out, or that its authority is
    /// tainted. True where it was said.
    pub(super) fn met(&self, peer: &Peer, tainted: bool, now: Timestamp) -> bool {
        let due = (expiry::due(peer.not_after, now), tainted);
        if due == (None, false) {
            return false;
        }
        let mut said = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if said.get(&peer.serial).is_some_and(|(at, when)| *at == due && now.duration_since(*when) < AGAIN) {
            return false;
        }
        if said.len() >= MOST {
            said.clear();
        }
        said.insert(peer.serial.clone(), (due, now));
        let (expires, serial) = (peer.not_after, &peer.serial);
        if let Some(days) = due.0 {
            tracing::warn!(peer = %peer.identity, serial, within_days = days, %expires, "CLIENT_CERTIFICATE_EXPIRES");
        }
        if tainted {
            tracing::warn!(peer = %peer.identity, serial, "CLIENT_CERTIFICATE_TAINTED");
        }
        true
    }
}

/// What is said with an answer.
#[derive(Debug, Clone, Default)]
pub(super) struct Reminder {
    expires: Option<HeaderValue>,
    tainted: bool,
}

impl Reminder {
    /// What is due to this peer.
    pub(super) fn of(peer: &Peer, tainted: bool, now: Timestamp) -> Self {
        let due = expiry::due(peer.not_after, now);
        Self { expires: due.and_then(|_| HeaderValue::try_from(peer.not_after.to_string()).ok()), tainted }
    }

    /// Puts it there.
    pub(super) fn put(&self, headers: &mut HeaderMap) {
        if let Some(value) = &self.expires {
            headers.insert(EXPIRES, value.clone());
        }
        if self.tainted {
            headers.insert(RENEW, TAINTED);
        }
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
        let peer = Peer { identity, serial: "1".into(), not_after: end, unlisted: false };
        let reminders = Reminders::default();
        let said: Vec<bool> = [31 * 24, 30 * 24, 30 * 24 - 23, 29 * 24, 14 * 24, 14 * 24 - 1, 7 * 24, 24, 1]
            .into_iter()
            .map(|hours| reminders.met(&peer, false, end - SignedDuration::from_hours(hours)))
            .collect();
        assert_eq!(said, [false, true, false, true, true, false, true, true, false]);
        let far = end - SignedDuration::from_hours(31 * 24);
        let told = |tainted, now| {
            let mut headers = HeaderMap::new();
            Reminder::of(&peer, tainted, now).put(&mut headers);
            let value = |name| headers.get(name).map(|value| value.to_str().unwrap().to_owned());
            (value(EXPIRES), value(RENEW))
        };
        assert_eq!(told(false, far), (None, None));
        assert_eq!(told(true, far), (None, Some("AUTHORITY_TAINTED".into())));
        assert_eq!(told(false, end - SignedDuration::from_hours(24)), (Some("2026-12-31T00:00:00Z".into()), None));
    }

    #[test]
    fn a_tainted_authority_is_said_as_soon_as_it_is_and_once_a_day() {
        let domain = TrustDomain::parse("pilot.example").unwrap();
        let identity = Identity::parse("homeward://pilot.example/met/SE/mpu_officer/p1", &domain).unwrap();
        let end: Timestamp = "2026-12-31T00:00:00Z".parse().unwrap();
        let peer = Peer { identity, serial: "1".into(), not_after: end, unlisted: false };
        let reminders = Reminders::default();
        let said: Vec<bool> =
            [(60 * 24, false), (59 * 24, true), (59 * 24 - 23, true), (58 * 24, true), (30 * 24, true)]
                .into_iter()
                .map(|(hours, tainted)| reminders.met(&peer, tainted, end - SignedDuration::from_hours(hours)))
                .collect();
        assert_eq!(said, [false, true, false, true, true]);
    }
}

//! Reading what a request asks for, every fault named: ids, page sizes, durations.

use std::ops::RangeInclusive;

use jiff::SignedDuration;
use uuid::Uuid;

use crate::{
    broker::Error,
    domain::{
        delivery::DeliveryId,
        identity::{Identity, Peer, TrustDomain},
        text::{Text, is_printable},
        violation::Violations,
    },
    wire::{pb, received::sha256},
};

/// Rows of a page unless asked otherwise.
const PAGE: usize = 50;
/// Most rows of a page.
pub(super) const LARGEST_PAGE: usize = 200;
/// Most deliveries of one pull.
pub(super) const LARGEST_PULL: u32 = 20;
/// Longest lease.
pub(super) const LONGEST_LEASE: SignedDuration = SignedDuration::from_hours(1);
const SHORTEST_LEASE: SignedDuration = SignedDuration::from_secs(30);
const USUAL_LEASE: SignedDuration = SignedDuration::from_mins(10);
const USUAL_HEARTBEAT: SignedDuration = SignedDuration::from_secs(15);
const USUAL_KEEPING: SignedDuration = SignedDuration::from_mins(30);
const LONGEST_KEEPING: SignedDuration = SignedDuration::from_hours(4);
const SHORTEST_KEEPING: SignedDuration = SignedDuration::from_mins(5);
const LONGEST_DELAY: SignedDuration = SignedDuration::from_hours(24);
/// Most characters of any free text of an officer (domain 3.2).
const LONGEST_TEXT: usize = 5_000;
/// Most characters of a short name.
const LONGEST_NAME: usize = 200;

/// Reads fields and gathers what is wrong with them.
#[derive(Default)]
pub(super) struct Ask(Violations);

impl Ask {
    /// `value` if nothing was wrong with any field.
    pub(super) fn done<T>(self, value: T) -> Result<T, Error> {
        if self.0.is_empty() { Ok(value) } else { Err(Error::Invalid(self.0)) }
    }

    pub(super) fn wrong(&mut self, field: &str, advice: &str) {
        self.0.add(field, advice);
    }

    /// What was checked elsewhere, its violations gathered here.
    pub(super) fn checked<T>(&mut self, checked: Result<T, Violations>) -> Option<T> {
        checked.map_err(|wrong| self.0.0.extend(wrong.0)).ok()
    }

    /// A UUID in its 36-character form.
    pub(super) fn uuid(&mut self, field: &str, text: &str) -> Uuid {
        let read = Some(text).filter(|text| text.len() == 36).and_then(|text| Uuid::try_parse(text).ok());
        read.unwrap_or_else(|| {
            self.wrong(field, "give a UUID in its 36-character form");
            Uuid::nil()
        })
    }

    /// SHA-256 in hex; spaces and dashes do not count.
    pub(super) fn fingerprint(&mut self, text: &str) -> [u8; 32] {
        let digits: String = text.chars().filter(char::is_ascii_alphanumeric).take(65).collect();
        let read = hex::decode(digits).ok().and_then(|bytes| bytes.try_into().ok());
        read.unwrap_or_else(|| {
            self.wrong("fingerprint", "give the fingerprint of a policy, 64 hexadecimal digits");
            [0; 32]
        })
    }

    pub(super) fn delivery(&mut self, text: &str) -> DeliveryId {
        DeliveryId::parse(text).unwrap_or_else(|| {
            self.wrong("delivery_id", "give the id of a delivery as ListDeliveries or Pull gave it");
            DeliveryId { record: Uuid::nil(), leg: 0 }
        })
    }

    pub(super) fn token(&mut self, text: String) -> String {
        if text.is_empty() || text.len() > 100 {
            self.wrong("lease_token", "give the token of the lease as Pull gave it");
        }
        text
    }

    /// Free text that must be there and printable.
    pub(super) fn required(&mut self, field: &str, text: String) -> Text {
        let text = self.optional(field, text);
        if text.is_blank() {
            self.wrong(field, "say why, in words");
        }
        text
    }

    /// Free text that may be empty.
    pub(super) fn optional(&mut self, field: &str, text: String) -> Text {
        if text.chars().count() > LONGEST_TEXT {
            self.wrong(field, "at most 5,000 characters");
        }
        if text.chars().any(|letter| letter.is_control() && !matches!(letter, '\t' | '\n' | '\r')) {
            self.wrong(field, "remove control characters");
        }
        text.into()
    }

    /// Length of a lease: 30 seconds to 1 hour, 10 minutes if not said.
    pub(super) fn lease(&mut self, duration: Option<prost_types::Duration>) -> SignedDuration {
        self.lease_in("lease_duration", duration)
    }

    /// The same, in a field of another name.
    pub(super) fn lease_in(&mut self, field: &str, duration: Option<prost_types::Duration>) -> SignedDuration {
        let Some(duration) = duration else { return USUAL_LEASE };
        self.within(field, duration, SHORTEST_LEASE..=LONGEST_LEASE, "30 seconds to 1 hour")
    }

    /// Between two heartbeats: 1 second to 1 minute, 15 seconds if not said.
    pub(super) fn heartbeat(&mut self, duration: Option<prost_types::Duration>) -> SignedDuration {
        let Some(duration) = duration else { return USUAL_HEARTBEAT };
        let limits = SignedDuration::from_secs(1)..=SignedDuration::from_mins(1);
        self.within("start.heartbeat_interval", duration, limits, "1 second to 1 minute")
    }

    /// Delay of a release: 0 to 24 hours, none if not said.
    pub(super) fn delay(&mut self, duration: Option<prost_types::Duration>) -> SignedDuration {
        let Some(duration) = duration else { return SignedDuration::ZERO };
        self.within("delay", duration, SignedDuration::ZERO..=LONGEST_DELAY, "0 to 24 hours")
    }

    /// A short name that must be there: 1 to 200 characters that show.
    pub(super) fn named(&mut self, field: &str, text: String) -> Text {
        if text.trim().is_empty() || text.chars().count() > LONGEST_NAME || !is_printable(&text) {
            self.wrong(field, "say it, in at most 200 printable characters");
        }
        text.into()
    }

    /// Who acts: scheme, id, role.
    pub(super) fn actor(&mut self, actor: Option<pb::Actor>) -> [Text; 3] {
        let pb::Actor { scheme, id, role } = actor.unwrap_or_default();
        [self.named("actor.scheme", scheme), self.named("actor.id", id), self.named("actor.role", role)]
    }

    /// For how long something is kept for a colleague: 5 minutes to 4 hours, half an hour if not said.
    pub(super) fn kept_for(&mut self, duration: Option<prost_types::Duration>) -> SignedDuration {
        let Some(duration) = duration else { return USUAL_KEEPING };
        self.within("keep_for", duration, SHORTEST_KEEPING..=LONGEST_KEEPING, "5 minutes to 4 hours")
    }

    /// A whole identity of the peer's own trust domain.
    pub(super) fn identity(&mut self, field: &str, text: &str, peer: &Peer) -> Option<Identity> {
        let domain = TrustDomain::parse(peer.identity.trust_domain()).ok()?;
        let read = Identity::parse(text, &domain).ok();
        if read.is_none() {
            self.wrong(
                field,
                "give a whole identity, homeward://<trust-domain>/<scheme>/<id>/<role>/<name>, as WhoAmI shows it",
            );
        }
        read
    }

    fn within(
        &mut self,
        field: &str,
        given: prost_types::Duration,
        limits: RangeInclusive<SignedDuration>,
        advice: &str,
    ) -> SignedDuration {
        let read = SignedDuration::new(given.seconds, 0).saturating_add(SignedDuration::from_nanos(given.nanos.into()));
        if !limits.contains(&read) {
            self.wrong(field, advice);
        }
        read
    }

    /// Rows of a page.
    pub(super) fn page_size(&mut self, asked: i32) -> usize {
        if asked < 0 {
            self.wrong("page_size", "0 for the usual size, or a positive number");
        }
        match usize::try_from(asked) {
            Ok(0) | Err(_) => PAGE,
            Ok(asked) => asked.min(LARGEST_PAGE),
        }
    }

    /// A page token that is a number; `start` where it is empty.
    pub(super) fn number_token(&mut self, field: &str, token: &str, start: u64) -> u64 {
        if token.is_empty() {
            return start;
        }
        token.parse().unwrap_or_else(|_| {
            self.wrong(field, "give the token exactly as the last answer gave it");
            start
        })
    }

    /// A page token that is bytes.
    pub(super) fn bytes_token(&mut self, token: &str) -> Option<Vec<u8>> {
        if token.is_empty() {
            return None;
        }
        let read = hex::decode(token).ok();
        if read.is_none() {
            self.wrong("page_token", "give the token exactly as the last answer gave it");
        }
        read
    }
}

/// SHA-256 of a request's bytes as received.
pub(super) fn digest_of(raw: &[u8]) -> [u8; 32] {
    sha256(raw)
}

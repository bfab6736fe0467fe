//! Handshakes by address: silent sockets of one stranger must not keep everybody else out, nor may one who comes again and again
//! take the processors from those who are here.

use std::{
    collections::BTreeMap,
    net::IpAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::time::Instant;

/// What one address may have of handshakes.
#[derive(Debug, Clone, Copy)]
pub(in crate::wire) struct Greetings {
    /// At the same time.
    pub(in crate::wire) at_once: usize,
    /// In a second, as many at once after a rest. Not below one.
    pub(in crate::wire) a_second: u32,
}

/// So many times what one network of version 6 may have, all those together that are given to one customer: half of what all may have
/// at once, as things are set, so that nobody can take the whole door.
const SITE: u32 = 2;

/// So many places are remembered before those that have rested are forgotten for the first time.
const REMEMBERED: usize = 1024;

/// Who has handshakes going on, or had some a moment ago.
#[derive(Debug, Default)]
pub(in crate::wire) struct Addresses(Mutex<Known>);

#[derive(Debug)]
struct Known {
    places: BTreeMap<Place, Own>,
    /// When there are so many, those that have rested are forgotten: twice as many as were left the last time.
    forget_at: usize,
}

/// Where somebody comes from: its first bits, the rest nothing; and how many those are.
type Place = (IpAddr, u32);

/// What one place has.
#[derive(Debug, Clone, Copy)]
struct Own {
    going_on: usize,
    /// Until then it has had what it may have: never further ahead than a second.
    spent_until: Instant,
}

impl Default for Known {
    fn default() -> Self {
        Self { places: BTreeMap::new(), forget_at: REMEMBERED }
    }
}

impl Addresses {
    /// Room for one more handshake of `address` at `now`, until it is dropped.
    pub(super) fn enter(self: &Arc<Self>, address: IpAddr, most: Greetings, now: Instant) -> Option<Greeted> {
        let mut known = self.locked();
        known.forget(now);
        let mut own = Vec::with_capacity(2);
        for (place, times) in places(address) {
            own.push((place, known.own(place, now).greeted(most, times, now)?));
        }
        known.places.extend(own);
        Some(Greeted { address, addresses: Arc::clone(self) })
    }

    fn locked(&self) -> MutexGuard<'_, Known> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Known {
    fn own(&self, place: Place, now: Instant) -> Own {
        self.places.get(&place).copied().unwrap_or(Own { going_on: 0, spent_until: now })
    }

    fn forget(&mut self, now: Instant) {
        if self.places.len() >= self.forget_at {
            self.places.retain(|_, own| own.going_on > 0 || own.spent_until > now);
            self.forget_at = self.places.len().saturating_mul(2).max(REMEMBERED);
        }
    }
}

impl Own {
    /// With one more handshake, where so many times `most` leaves room for it.
    fn greeted(self, most: Greetings, times: u32, now: Instant) -> Option<Self> {
        let spent_until =
            self.spent_until.max(now) + Duration::from_secs(1) / most.a_second.max(1).saturating_mul(times);
        let has_room = self.going_on < most.at_once.saturating_mul(times as usize);
        let rested = spent_until <= now + Duration::from_secs(1);
        (has_room && rested).then_some(Self { going_on: self.going_on + 1, spent_until })
    }
}

/// Where an address is counted, and how many times what an address may have the place may. Whoever has one address of version 6
/// has 2^64 of them: what counts is the network, its first 64 bits. Whoever has one network has often 256 of them, with the same
/// first 56 bits: they count together, too.
fn places(address: IpAddr) -> impl Iterator<Item = (Place, u32)> {
    let places = match address.to_canonical() {
        IpAddr::V6(address) => {
            let first = |bits: u32| IpAddr::V6((address.to_bits() >> (128 - bits) << (128 - bits)).into());
            [Some(((first(64), 64), 1)), Some(((first(56), 56), SITE))]
        }
        address => [Some(((address, 32), 1)), None],
    };
    places.into_iter().flatten()
}

/// A handshake that is counted.
#[derive(Debug)]
pub(super) struct Greeted {
    address: IpAddr,
    addresses: Arc<Addresses>,
}

impl Drop for Greeted {
    fn drop(&mut self) {
        let mut known = self.addresses.locked();
        for (place, _) in places(self.address) {
            if let Some(own) = known.places.get_mut(&place) {
                own.going_on = own.going_on.saturating_sub(1);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_network_of_version_6_counts_as_one_address_and_one_of_version_4_however_it_is_written() {
        let of = |address: &str| places(address.parse().unwrap()).next().unwrap();
        assert_eq!(of("2001:db8:1:2::1"), of("2001:db8:1:2:ffff:ffff:ffff:ffff"));
        assert_ne!(of("2001:db8:1:2::1"), of("2001:db8:1:3::1"));
        assert_eq!(of("::ffff:192.0.2.1"), of("192.0.2.1"));
        assert_ne!(of("::ffff:192.0.2.1"), of("::ffff:192.0.2.2"));
        let (addresses, most) = (Arc::new(Addresses::default()), Greetings { at_once: 1, a_second: 100 });
        let met = |address: &str| addresses.enter(address.parse().unwrap(), most, Instant::now());
        let first = met("2001:db8:1:2::1").unwrap();
        assert!(met("2001:db8:1:2::2").is_none() && met("2001:db8:1:3::1").is_some());
        drop(first);
        assert!(met("2001:db8:1:2::2").is_some());
    }

    #[test]
    fn all_networks_of_one_customer_have_twice_what_one_has_and_their_neighbour_has_its_own() {
        let (addresses, start) = (Arc::new(Addresses::default()), Instant::now());
        let met = |network: u16, most: Greetings| {
            let address = format!("2001:db8:1:{network:x}::1").parse().unwrap();
            addresses.enter(address, most, start)
        };
        let at_once = Greetings { at_once: 2, a_second: 1000 };
        let four: Vec<_> = (0x100..0x104).map(|network| met(network, at_once).expect("twice two")).collect();
        assert!(met(0x1ff, at_once).is_none(), "the same first 56 bits");
        let neighbour = met(0x200, at_once).expect("another customer");
        drop((four, neighbour));
        let most = |a_second| Greetings { at_once: 1000, a_second };
        let addresses = Arc::new(Addresses::default());
        let met = |network: u16, later| {
            let address = format!("2001:db8:1:{network:x}::1").parse().unwrap();
            addresses.enter(address, most(10), start + Duration::from_millis(later)).is_some()
        };
        assert_eq!((0..256).filter(|network| met(*network, 0)).count(), 20, "twice ten in a second");
        assert!(met(0x100, 0) && !met(0xff, 49) && met(0xff, 50), "and one more a twentieth of a second later");
    }

    #[test]
    fn one_address_has_so_many_handshakes_at_once_and_in_a_second_and_others_are_met_all_the_same() {
        let addresses = Arc::new(Addresses::default());
        let [one, other] = [1, 2].map(|last| IpAddr::from([192, 0, 2, last]));
        let most = Greetings { at_once: 2, a_second: 4 };
        let start = Instant::now();
        let met = |address, milliseconds| addresses.enter(address, most, start + Duration::from_millis(milliseconds));
        let both = [met(one, 0).unwrap(), met(one, 0).unwrap()];
        assert!(met(one, 0).is_none(), "two at once");
        drop(both);
        drop([met(one, 0).unwrap(), met(one, 0).unwrap()]);
        assert!(met(one, 0).is_none() && met(one, 249).is_none(), "four in a second");
        assert!(met(other, 249).is_some());
        drop(met(one, 250).unwrap());
        assert!(met(one, 250).is_none());
        for address in 0..=u16::MAX / 16 {
            let [high, low] = address.to_be_bytes();
            drop(met(IpAddr::from([203, 0, high, low]), 260).unwrap());
        }
        assert!(met(one, 260).is_none(), "nobody is forgotten before it has rested");
        let known = || addresses.0.lock().unwrap().places.len();
        // It is looked when there are twice as many as were left, and then nobody is left but who came since.
        let before = known();
        for address in 0..before {
            let [high, low] = u16::try_from(address).unwrap().to_be_bytes();
            drop(met(IpAddr::from([198, 18, high, low]), 5000).unwrap());
        }
        assert!(known() <= before, "{before} and {}", known());
    }
}

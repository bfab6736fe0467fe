//! Reading a part of a record's legs, where no more is needed: most calls are about one delivery, or about whom a record is kept from.

use prost::Message;
use uuid::Uuid;

use super::{Legs, damaged, delivery, grade, pb, prompt, show};
use crate::{
    domain::delivery::{Delivery, DeliveryId},
    store::{Reference, StoreError},
};

impl Legs {
    /// The organisation that submitted `record`, and its wraps.
    pub fn decode_wraps(record: Uuid, bytes: &[u8]) -> Result<(String, Vec<u8>), StoreError> {
        let legs = pb::LegsWraps::decode(bytes).map_err(|_| damaged("the wraps", record))?;
        let organisation = legs.followers.into_iter().next().ok_or_else(|| damaged("the wraps", record))?;
        Ok((organisation, legs.wraps))
    }

    /// Whom `record` is kept from.
    pub fn decode_excluded(record: Uuid, bytes: &[u8]) -> Result<Vec<Reference>, StoreError> {
        let read = || -> Option<Vec<Reference>> {
            let legs = pb::LegsExcluded::decode(bytes).ok()?;
            legs.excluded.into_iter().map(|bytes| bytes.try_into().ok()).collect()
        };
        read().ok_or_else(|| damaged("deliveries", record))
    }

    /// One delivery, as the whole would give it; `None` where the record has no such leg.
    pub fn decode_one(id: DeliveryId, bytes: &[u8]) -> Result<Option<Delivery>, StoreError> {
        let read = || {
            let legs = pb::LegsOfOne::decode(bytes).ok()?;
            let mut found = None;
            for each in legs.deliveries {
                if pb::LegNumber::decode(each.as_slice()).ok()?.leg == u32::from(id.leg) {
                    found = Some(delivery::take(Some(id.record), pb::Delivery::decode(each.as_slice()).ok()?)?);
                    break;
                }
            }
            let Some(mut found) = found else { return Some(None) };
            let confirmed: Vec<_> = legs.confirmed.into_iter().map(grade::take).collect::<Option<_>>()?;
            let prompts: Vec<_> = legs.prompts.into_iter().map(prompt::take).collect::<Option<_>>()?;
            show(&mut found, &confirmed, &prompts);
            Some(Some(found))
        };
        read().ok_or_else(|| damaged("deliveries", id.record))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::ordered::{
        accept::tests::everything,
        keys,
        transaction::{Books, Transaction},
        view::tests::Memory,
    };

    #[test]
    fn a_part_is_what_the_whole_has_there() {
        let (kept, mut books) = (Memory::default(), Books::default());
        let mut tx = Transaction::new(&kept, &mut books);
        everything(&mut tx);
        let mut written = Memory::default();
        written.apply(tx.view.into_writes());
        let (mut deliveries, mut shown) = (0, 0);
        for record in written.0.keys().filter_map(|key| keys::record_of_legs(key)) {
            let bytes = crate::store::ordered::view::Look::large(&written, &keys::legs(record)).unwrap().unwrap();
            let mut whole = Legs::decode(record, &bytes).unwrap();
            whole.excluded.push([7; 32]);
            let bytes = whole.encode();
            for delivery in &whole.deliveries {
                assert_eq!(Legs::decode_one(delivery.id, &bytes).unwrap().as_ref(), Some(delivery));
                deliveries += 1;
                shown += delivery.prompts.len() + delivery.confirmed.len();
            }
            assert_eq!(Legs::decode_one(DeliveryId { record, leg: 999 }, &bytes).unwrap(), None);
            assert_eq!(Legs::decode_excluded(record, &bytes).unwrap(), whole.excluded);
            assert_eq!(Legs::decode_wraps(record, &bytes).unwrap(), (whole.followers[0].clone(), whole.wraps));
            let torn = &bytes[..bytes.len() - 1];
            assert!(
                Legs::decode_one(whole.deliveries[0].id, torn).is_err() && Legs::decode_wraps(record, torn).is_err()
            );
            assert!(Legs::decode_excluded(record, torn).is_err());
        }
        assert!(deliveries > 3 && shown > 0, "{deliveries}, {shown}: it proves little");
    }
}

//! The books of several replicas over one set of keys: what one has changed of them, the others follow.

use std::collections::BTreeSet;

use jiff::Timestamp;
use prost::Message;
use uuid::Uuid;

use super::{
    Books, Look, late,
    pages::{self, Rows},
    read,
};
use crate::{
    domain::{delivery::DeliveryId, paging::PageId, queue::QueueId},
    store::{
        StoreError,
        stored::{moment, pb, time},
    },
};

/// What a batch changed of what is kept in memory.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(in crate::store) struct Trace {
    /// After when deliveries are late: `true` where that is so from now on, `false` where it no longer is. In order.
    pub deadlines: Vec<(Timestamp, DeliveryId, bool)>,
    /// Pages that were written, changed or taken away.
    pub pages: Vec<PageId>,
    /// Queues whose counts changed.
    pub queues: BTreeSet<QueueId>,
}

/// A moment after which a delivery is late.
type Late = (Timestamp, DeliveryId);

impl Trace {
    /// A delivery of `queue` is late after another moment than before.
    pub fn note(&mut self, before: Option<Late>, after: Option<Late>, queue: &QueueId) {
        if before != after {
            self.deadlines.extend(before.map(|(at, id)| (at, id, false)));
            self.deadlines.extend(after.map(|(at, id)| (at, id, true)));
        }
        if !self.queues.contains(queue) {
            self.queues.insert(queue.clone());
        }
    }

    /// To its bytes.
    pub fn encode(&self) -> Vec<u8> {
        let deadline = |(at, id, there): &(Timestamp, DeliveryId, bool)| pb::Deadline {
            at: Some(time(*at)),
            record: id.record.as_bytes().to_vec(),
            leg: id.leg.into(),
            gone: !there,
        };
        pb::Trace {
            deadlines: self.deadlines.iter().map(deadline).collect(),
            pages: self.pages.iter().map(|id| pages::key(*id)).collect(),
            queues: self.queues.iter().map(|queue| queue.as_str().to_owned()).collect(),
        }
        .encode_to_vec()
    }

    /// From its bytes.
    pub fn decode(bytes: &[u8]) -> Result<Self, StoreError> {
        let read = || {
            let pb::Trace { deadlines, pages, queues } = pb::Trace::decode(bytes).ok()?;
            let deadline = |each: pb::Deadline| {
                let id = DeliveryId { record: Uuid::from_slice(&each.record).ok()?, leg: each.leg.try_into().ok()? };
                Some((moment(each.at)?, id, !each.gone))
            };
            Some(Self {
                deadlines: deadlines.into_iter().map(deadline).collect::<Option<_>>()?,
                pages: pages.iter().map(|key| pages::read_key(key)).collect::<Option<_>>()?,
                queues: queues.iter().map(|queue| QueueId::parse(queue)).collect::<Option<_>>()?,
            })
        };
        read().ok_or_else(|| StoreError::Damaged("what a batch changed cannot be read".into()))
    }
}

impl Books {
    /// Reads them whole.
    pub fn read(view: &impl Look) -> Result<Self, StoreError> {
        let (awaited, pages, wrapped) = (late::awaited(view)?, Rows::read(view)?, read::wrapped(view)?);
        Ok(Self { meta: read::meta(view)?, awaited, pages, wrapped: wrapped.into_iter().collect(), ..Self::default() })
    }

    /// Follows what other replicas did since, in the order in which they did it; `view` is as they have left it.
    pub fn follow(&mut self, traces: &[Trace], view: &impl Look) -> Result<(), StoreError> {
        for (at, id, there) in traces.iter().flat_map(|trace| &trace.deadlines) {
            if *there {
                self.awaited.insert((*at, *id));
            } else {
                self.awaited.remove(&(*at, *id));
            }
        }
        for id in traces.iter().flat_map(|trace| &trace.pages).collect::<BTreeSet<_>>() {
            self.pages.read_again(*id, view)?;
        }
        for queue in traces.iter().flat_map(|trace| &trace.queues) {
            self.tallies.remove(queue);
        }
        self.wrapped = read::wrapped(view)?.into_iter().collect();
        self.meta = read::meta(view)?;
        Ok(())
    }
}

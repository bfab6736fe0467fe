//! The figures of queues and of the ledger, beside those of `metrics`.

use std::{collections::BTreeMap, fmt};

use jiff::Timestamp;
use prometheus_client::{encoding::DescriptorEncoder, metrics::gauge::ConstGauge};

use super::metrics::family;
use crate::broker::{Broker, KindCounts};

/// No labels.
const BARE: [(&str, &str); 0] = [];

/// As of one moment; nothing where the store cannot be read, which `homeward_writable` says.
#[derive(Debug)]
pub(super) struct Counted {
    kinds: BTreeMap<String, KindCounts>,
    entries: u64,
    now: Timestamp,
}

impl Counted {
    pub(super) async fn of(broker: &Broker) -> Option<Self> {
        let (kinds, entries) = broker.watched().await.ok()?;
        Some(Self { kinds, entries, now: broker.now() })
    }

    pub(super) fn encode(&self, into: &mut DescriptorEncoder<'_>) -> fmt::Result {
        let states = self.kinds.iter().flat_map(|(kind, counts)| {
            let KindCounts { waiting, leased, unopened, overdue, dead, .. } = *counts;
            let states = [
                ("waiting", waiting),
                ("leased", leased),
                ("unopened", unopened),
                ("overdue", overdue),
                ("dead_letter", dead),
            ];
            states.map(|(state, number)| ([("kind", kind.as_str()), ("state", state)], ConstGauge::new(signed(number))))
        });
        let help = "Deliveries that are not settled, by kind of queue: waiting or leased; of these unopened, and overdue; and dead letters";
        family(into, "queue_deliveries", help, states)?;
        let ages = self.kinds.iter().map(|(kind, counts)| {
            let age = counts.oldest.map_or(0.0, |since| self.now.duration_since(since).as_secs_f64().max(0.0));
            ([("kind", kind.as_str())], ConstGauge::new(age))
        });
        family(into, "queue_oldest_seconds", "Age of the oldest delivery that is not settled", ages)?;
        let entries = [(BARE, ConstGauge::new(signed(self.entries)))];
        family(into, "ledger_entries", "Entries of the ledger", entries)
    }
}

fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

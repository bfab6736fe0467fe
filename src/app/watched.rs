//! The figures of queues and of the ledger, beside those of `metrics`.

use std::fmt;

use jiff::Timestamp;
use prometheus_client::{encoding::DescriptorEncoder, metrics::gauge::ConstGauge, registry::Registry};

use super::metrics::family;
use crate::{
    broker::{Broker, KindCounts, REFUSAL_REASONS, Watch},
    domain::code::Class,
    platform::meters::METERS,
};

/// No labels.
const BARE: [(&str, &str); 0] = [];

/// As of one moment; nothing where the store cannot be read, which `homeward_writable` says.
#[derive(Debug)]
pub(super) struct Counted {
    watch: Watch,
    now: Timestamp,
}

impl Counted {
    pub(super) async fn of(broker: &Broker) -> Option<Self> {
        Some(Self { watch: broker.watched().await.ok()?, now: broker.now() })
    }

    pub(super) fn encode(&self, into: &mut DescriptorEncoder<'_>) -> fmt::Result {
        let states = self.watch.kinds.iter().flat_map(|(kind, counts)| {
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
        let kinds = self.watch.kinds.iter();
        let ages = kinds.map(|(kind, counts)| ([("kind", kind.as_str())], ConstGauge::new(self.age(counts.oldest))));
        family(into, "queue_oldest_seconds", "Age of the oldest delivery that is not settled", ages)?;
        let label = |kind: &String, class: Class| [("kind", kind.clone()), ("class", class.code().to_owned())];
        let classes = self.watch.classes.iter();
        let live = classes.map(|((kind, class), of)| (label(kind, *class), ConstGauge::new(signed(of.live))));
        let help = "Deliveries that are not settled, by kind of queue and by class";
        family(into, "queue_class_deliveries", help, live)?;
        let classes = self.watch.classes.iter();
        let ages = classes.map(|((kind, class), of)| (label(kind, *class), ConstGauge::new(self.age(of.oldest))));
        family(into, "queue_class_oldest_seconds", "Age of the oldest of these", ages)?;
        let one = |figure| [(BARE, ConstGauge::new(signed(figure)))];
        family(into, "ledger_entries", "Entries of the ledger", one(self.watch.entries))?;
        family(into, "epoch_keys", "Epoch keys that there are", one(self.watch.keys))?;
        family(into, "records_behind", "Records under an epoch key that is no longer in use", one(self.watch.behind))?;
        let Some(room) = self.watch.room else { return Ok(()) };
        family(into, "store_file_bytes", "Bytes of the files of the embedded store", one(room.files))?;
        let help = "Bytes of what the embedded store keeps, counted in the background, anew every hour at most";
        family(into, "store_live_bytes", help, one(room.live))
    }

    fn age(&self, since: Option<Timestamp>) -> f64 {
        since.map_or(0.0, |since| self.now.duration_since(since).as_secs_f64().max(0.0))
    }
}

/// What is counted of the work itself, since the start.
pub(super) fn register(registry: &mut Registry) {
    for class in Class::ALL {
        // A figure that is none yet is shown as none.
        let _ = METERS.accepted.get_or_create(&[("class", class.code())]);
    }
    for reason in REFUSAL_REASONS {
        let _ = METERS.refused.get_or_create(&[("reason", reason)]);
    }
    registry.register("submissions_accepted", "Submissions and corrections accepted", METERS.accepted.clone());
    registry.register("calls_refused", "Calls refused to somebody who was let in", METERS.refused.clone());
    registry.register("deadlines_missed", "Deadlines that nobody met, each an escalation", METERS.missed.clone());
    registry.register("views_degraded", "Views that the last look took something out of", METERS.degraded.clone());
    registry.register("redaction_seconds", "Redacting a submission into its views", METERS.redaction.clone());
    registry.register("commit_commands", "Commands that were committed together", METERS.batch.clone());
    registry.register("commit_seconds", "Making a batch durable", METERS.commit.clone());
    registry.register("commands_committed", "Commands of the store, by name", METERS.committed.clone());
    registry.register("commands_again", "Commands done again after the database took them back", METERS.again.clone());
    registry.register("sync_seconds", "The syncs to disk of a batch, embedded store", METERS.sync.clone());
}

fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

//! Entries of the ledger, for the wire.

use super::reader::wire_time;
use crate::{broker::LedgerEntry, wire::pb};

/// One entry.
pub fn ledger_entry(found: LedgerEntry) -> pb::LedgerEntry {
    let LedgerEntry { index, entry, encoded } = found;
    pb::LedgerEntry {
        index,
        entry_time: Some(wire_time(entry.at)),
        verb: entry.verb.code().to_owned(),
        action: entry.action,
        identity: entry.who,
        actor_reference: entry.actor.map(hex::encode).unwrap_or_default(),
        referral_id: entry.record.map(|id| id.hyphenated().to_string()).unwrap_or_default(),
        delivery_ids: entry.deliveries.iter().map(ToString::to_string).collect(),
        queues: entry.recipients.iter().map(ToString::to_string).collect(),
        details: entry.details,
        encoded,
    }
}

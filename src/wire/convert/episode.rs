//! The child and the missing episode, read from the wire.

use super::{
    limits,
    reader::{Reader, area, optional},
    submission::each,
};
use crate::{
    domain::submission::{Child, Episode, Offer},
    wire::pb,
};

/// The subject child.
pub(super) fn child(r: &mut Reader, message: Option<pb::Child>) -> Child {
    let message = r.message("submission.child", message);
    Child {
        name: r.text("submission.child.name", message.name),
        aliases: r.texts("submission.child.aliases", message.aliases, limits::SHORT),
        date_of_birth: r.date("submission.child.date_of_birth", &message.date_of_birth),
        age: message.age,
        sex: r.choice("submission.child.sex", message.sex),
        ethnicity: optional(message.ethnicity),
        home_address: optional(message.home_address),
        home_postcode: optional(message.home_postcode),
        placement: optional(message.placement),
        school: optional(message.school),
        nhs_number: optional(message.nhs_number),
        source_reference: optional(message.source_reference),
        communication_need: optional(message.communication_need),
    }
}

/// The episode.
pub(super) fn episode(r: &mut Reader, message: Option<pb::Episode>) -> Episode {
    let message = r.message("submission.episode", message);
    Episode {
        kind: r.required_choice("submission.episode.kind", message.kind),
        police_system: optional(message.police_system),
        police_reference: optional(message.police_reference),
        reported: r.time("submission.episode.reported", message.reported),
        started: r.time("submission.episode.started", message.started),
        returned: r.time("submission.episode.returned", message.returned),
        risk: r.choice("submission.episode.risk", message.risk),
        found_by: optional(message.found_by),
        found_at: message.found_at.map(|found| area(Some(found))),
        found_place: optional(message.found_place),
        presentation: optional(message.presentation),
        episodes_30d: message.episodes_30d,
        episodes_12m: message.episodes_12m,
        offers: each(r, "submission.episode.offers", message.offers, limits::OFFERS, offer),
        outcome: r.required_choice("submission.episode.outcome", message.outcome),
        outcome_reason: optional(message.outcome_reason),
    }
}

fn offer(r: &mut Reader, path: &str, message: pb::Offer) -> Offer {
    let at = format!("{path}.at");
    if message.at.is_none() {
        r.missing(&at);
    }
    Offer {
        at: r.time(&at, message.at).unwrap_or(jiff::Timestamp::UNIX_EPOCH),
        method: r.required_choice(&format!("{path}.method"), message.method),
        to: optional(message.to),
        result: r.required_choice(&format!("{path}.result"), message.result),
    }
}

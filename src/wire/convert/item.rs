//! Items and their provenance, read from the wire.

use super::{
    limits,
    reader::{Reader, optional},
    submission::each,
};
use crate::{
    domain::submission::{Corroboration, Item, Provenance},
    wire::pb,
};

/// One item under `path`, e.g. `submission.items[2]`.
pub(super) fn item(r: &mut Reader, path: &str, message: pb::Item) -> Item {
    let at = |field: &str| format!("{path}.{field}");
    Item {
        kind: r.required_choice(&at("kind"), message.kind),
        text: r.text(&at("text"), message.text),
        exactly: optional(message.exactly),
        sanitised_text: optional(message.sanitised_text),
        about: optional(message.about),
        codes: r.choices(&at("codes"), message.codes),
        at: r.texts(&at("at"), message.at, limits::OBJECTS),
        online: message.online,
        rail: r.yes_no(&at("rail"), message.rail),
        journey_only: r.yes_no(&at("journey_only"), message.journey_only),
        sexual_offence: r.yes_no(&at("sexual_offence"), message.sexual_offence),
        images: r.yes_no(&at("images"), message.images),
        danger_now: r.yes_no(&at("danger_now"), message.danger_now),
        still_happening: r.choice(&at("still_happening"), message.still_happening),
        adult_at_risk: r.yes_no(&at("adult_at_risk"), message.adult_at_risk),
        allegation: r.yes_no(&at("allegation"), message.allegation),
        who: r.texts(&at("who"), message.who, limits::PERSONS),
        things: r.texts(&at("things"), message.things, limits::OBJECTS),
        when: optional(message.when),
        frequency: r.choice(&at("frequency"), message.frequency),
        provenance: provenance(r, &at("provenance"), message.provenance),
    }
}

fn provenance(r: &mut Reader, path: &str, message: Option<pb::Provenance>) -> Provenance {
    let message = r.message(path, message);
    let at = |field: &str| format!("{path}.{field}");
    Provenance {
        source: optional(message.source),
        source_role: r.required_choice(&at("source_role"), message.source_role),
        how_known: r.required_choice(&at("how_known"), message.how_known),
        told_by: optional(message.told_by),
        learned: r.time(&at("learned"), message.learned),
        who_else_knows: optional(message.who_else_knows),
        relationship: optional(message.relationship),
        source_at_risk: r.yes_no(&at("source_at_risk"), message.source_at_risk),
        corroboration: each(r, &at("corroboration"), message.corroboration, limits::SHORT, corroboration),
        retracted: r.yes_no(&at("retracted"), message.retracted),
        contradicted: r.yes_no(&at("contradicted"), message.contradicted),
        practitioner_doubts: r.yes_no(&at("practitioner_doubts"), message.practitioner_doubts),
        doubt_reason: optional(message.doubt_reason),
        opinion: optional(message.opinion),
        source_identifiable: r.yes_no(&at("source_identifiable"), message.source_identifiable),
    }
}

fn corroboration(r: &mut Reader, path: &str, message: pb::Corroboration) -> Corroboration {
    let at = |field: &str| format!("{path}.{field}");
    Corroboration {
        by: r.text(&at("by"), message.by),
        in_this_record: r.yes_no(&at("in_this_record"), message.in_this_record),
        different_person: r.yes_no(&at("different_person"), message.different_person),
        own_knowledge: r.yes_no(&at("own_knowledge"), message.own_knowledge),
    }
}

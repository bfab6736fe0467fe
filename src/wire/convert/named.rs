//! Everything with a local id: persons, places, vehicles, telephones, accounts, objects, read from the wire.

use super::{
    limits,
    reader::{Reader, area, optional},
};
use crate::{
    domain::submission::{Description, OnlineAccount, OtherObject, Person, Phone, Place, Vehicle},
    wire::pb,
};

/// One person under `path`, e.g. `submission.persons[2]`.
pub(super) fn person(r: &mut Reader, path: &str, message: pb::Person) -> Person {
    let at = |field: &str| format!("{path}.{field}");
    Person {
        id: r.text(&at("id"), message.id),
        name: r.text(&at("name"), message.name),
        aliases: r.texts(&at("aliases"), message.aliases, limits::SHORT),
        role: r.required_choice(&at("role"), message.role),
        category: r.required_choice(&at("category"), message.category),
        relationship: optional(message.relationship),
        date_of_birth: r.date(&at("date_of_birth"), &message.date_of_birth),
        address: optional(message.address),
        postcode: optional(message.postcode),
        school: optional(message.school),
        nhs_number: optional(message.nhs_number),
        lives: area(message.lives),
        at_risk: r.yes_no(&at("at_risk"), message.at_risk),
        significant_harm: r.yes_no(&at("significant_harm"), message.significant_harm),
        identifiable: r.yes_no(&at("identifiable"), message.identifiable),
        looked_after_by: area(message.looked_after_by),
        missing_with_subject: r.yes_no(&at("missing_with_subject"), message.missing_with_subject),
        allegation: r.yes_no(&at("allegation"), message.allegation),
        works_in_queue: optional(message.works_in_queue),
        identity: optional(message.identity),
        organisation: optional(message.organisation),
        description: description(r, &at("description"), message.description.unwrap_or_default()),
    }
}

fn description(r: &mut Reader, path: &str, message: pb::Description) -> Description {
    Description {
        age_range: optional(message.age_range),
        sex: r.choice(&format!("{path}.sex"), message.sex),
        appearance: optional(message.appearance),
    }
}

/// One place.
pub(super) fn place(r: &mut Reader, path: &str, message: pb::Place) -> Place {
    Place {
        id: r.text(&format!("{path}.id"), message.id),
        name: r.text(&format!("{path}.name"), message.name),
        kind: r.required_choice(&format!("{path}.kind"), message.kind),
        address: optional(message.address),
        postcode: optional(message.postcode),
        area: area(message.area),
        owner: optional(message.owner),
    }
}

/// One vehicle.
pub(super) fn vehicle(r: &mut Reader, path: &str, message: pb::Vehicle) -> Vehicle {
    Vehicle {
        id: r.text(&format!("{path}.id"), message.id),
        vrm: optional(message.vrm),
        description: optional(message.description),
        owner: optional(message.owner),
    }
}

/// One telephone.
pub(super) fn phone(r: &mut Reader, path: &str, message: pb::Phone) -> Phone {
    Phone {
        id: r.text(&format!("{path}.id"), message.id),
        number: r.text(&format!("{path}.number"), message.number),
        owner: optional(message.owner),
    }
}

/// One account or e-mail address.
pub(super) fn account(r: &mut Reader, path: &str, message: pb::OnlineAccount) -> OnlineAccount {
    OnlineAccount {
        id: r.text(&format!("{path}.id"), message.id),
        platform: r.text(&format!("{path}.platform"), message.platform),
        handle: r.text(&format!("{path}.handle"), message.handle),
        display_name: optional(message.display_name),
        url: optional(message.url),
        owner: optional(message.owner),
    }
}

/// One object.
pub(super) fn object(r: &mut Reader, path: &str, message: pb::OtherObject) -> OtherObject {
    OtherObject {
        id: r.text(&format!("{path}.id"), message.id),
        kind: r.text(&format!("{path}.kind"), message.kind),
        description: optional(message.description),
        amount: optional(message.amount),
        owner: optional(message.owner),
    }
}

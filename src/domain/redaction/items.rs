//! Part B: one item's text and entities, for police intelligence and for safeguarding.

use super::{
    form::Entity, policy::EffectiveRole, policy::Lens, record::handle_entity, record::place_entity, sheet::Sheet,
};
use crate::domain::{
    code::PersonRole,
    geography::Area,
    submission::{Draft, Item, Person},
    text::Text,
};

/// Writes one item. Police read the sender's `sanitised_text` if there is one, and that too goes through the engine.
pub(super) fn write(sheet: &mut Sheet<'_, '_>, draft: &Draft, item: &Item) {
    let police = sheet.lens() == Lens::Item;
    match &item.sanitised_text {
        Some(sanitised) if police && !sanitised.is_blank() => sheet.text("text", sanitised),
        _ => sheet.text("text", &item.text),
    }
    if !police {
        sheet.optional("exactly", item.exactly.as_ref());
    }
    sheet.fact("kind", item.kind);
    sheet.codes("codes", &item.codes);
    sheet.optional("when", item.when.as_ref());
    sheet.known("frequency", item.frequency);
    sheet.known("still_happening", item.still_happening);
    answers(sheet, item);
    about(sheet, draft, item);
    for (index, person) in item.who.iter().filter_map(|id| draft.persons.iter().find(|p| p.id == *id)).enumerate() {
        person_fields(sheet, &format!("who[{index}]"), person);
    }
    for (index, place) in item.at.iter().filter_map(|id| draft.places.iter().find(|p| p.id == *id)).enumerate() {
        let owner = sheet.roles().owner(place.owner.as_ref(), EffectiveRole::Place);
        let name = format!("at[{index}]");
        sheet.value(format!("{name}.name"), Some(&place.name), place_entity(place), owner);
        sheet.fact(format!("{name}.kind"), place.kind);
        sheet.value(format!("{name}.address"), place.address.as_ref(), Entity::Address, owner);
        sheet.value(format!("{name}.postcode"), place.postcode.as_ref(), Entity::Postcode, owner);
        if sheet.keeps(Entity::Address, owner.role) {
            area(sheet, &format!("{name}.area"), &place.area);
        }
    }
    for (index, id) in item.things.iter().enumerate() {
        thing(sheet, draft, &format!("things[{index}]"), id);
    }
}

fn answers(sheet: &mut Sheet<'_, '_>, item: &Item) {
    if item.online {
        sheet.fact("online", true);
    }
    sheet.known("rail", item.rail);
    sheet.known("journey_only", item.journey_only);
    sheet.known("sexual_offence", item.sexual_offence);
    sheet.known("images", item.images);
    sheet.known("danger_now", item.danger_now);
    sheet.known("adult_at_risk", item.adult_at_risk);
    sheet.known("allegation", item.allegation);
}

fn about(sheet: &mut Sheet<'_, '_>, draft: &Draft, item: &Item) {
    match item.about.as_ref().and_then(|id| draft.persons.iter().find(|person| person.id == *id)) {
        Some(person) => {
            let owner = sheet.roles().person(person.id.reveal());
            sheet.value("about", Some(&person.name), Entity::Person, owner);
        }
        None => sheet.value("about", Some(&draft.child.name), Entity::Person, sheet.roles().child()),
    }
}

/// A person as this reader may know them. Where the name goes, so does what describes them.
pub(super) fn person_fields(sheet: &mut Sheet<'_, '_>, name: &str, person: &Person) {
    let owner = sheet.roles().person(person.id.reveal());
    let police = sheet.lens() == Lens::Item;
    sheet.value(format!("{name}.name"), Some(&person.name), Entity::Person, owner);
    sheet.fact(format!("{name}.category"), person.category);
    if !sheet.keeps(Entity::Person, owner.role) {
        return;
    }
    for (index, alias) in person.aliases.iter().enumerate() {
        sheet.value(format!("{name}.aliases[{index}]"), Some(alias), Entity::Person, owner);
    }
    if let Some(role) = role_shown(person, owner.role, police) {
        sheet.fact(format!("{name}.role"), role);
    }
    if !police {
        sheet.optional(format!("{name}.relationship"), person.relationship.as_ref());
    }
    if let Some(born) = person.date_of_birth {
        sheet.value(format!("{name}.date_of_birth"), Some(&Text::new(born.to_string())), Entity::Dob, owner);
    }
    sheet.value(format!("{name}.address"), person.address.as_ref(), Entity::Address, owner);
    sheet.value(format!("{name}.postcode"), person.postcode.as_ref(), Entity::Postcode, owner);
    sheet.value(format!("{name}.school"), person.school.as_ref(), Entity::School, owner);
    sheet.value(format!("{name}.nhs_number"), person.nhs_number.as_ref(), Entity::NhsNumber, owner);
    sheet.value(format!("{name}.organisation"), person.organisation.as_ref(), Entity::Organisation, owner);
    sheet.optional(format!("{name}.age_range"), person.description.age_range.as_ref());
    sheet.known(format!("{name}.sex"), person.description.sex);
    sheet.optional(format!("{name}.appearance"), person.description.appearance.as_ref());
}

/// The role to show. Police do not read whose family somebody is: a person of concern is a suspect, a friend is nobody's.
fn role_shown(person: &Person, role: EffectiveRole, police: bool) -> Option<PersonRole> {
    match (police, role) {
        (false, _) => Some(person.role),
        (true, EffectiveRole::Suspect) => Some(PersonRole::Suspect),
        (true, EffectiveRole::Professional) => Some(person.role),
        (true, _) => (person.role == PersonRole::AdultAtRisk).then_some(person.role),
    }
}

fn thing(sheet: &mut Sheet<'_, '_>, draft: &Draft, name: &str, id: &Text) {
    let roles = sheet.roles();
    if let Some(vehicle) = draft.vehicles.iter().find(|vehicle| vehicle.id == *id) {
        let owner = roles.owner(vehicle.owner.as_ref(), EffectiveRole::Unknown);
        sheet.value(format!("{name}.vrm"), vehicle.vrm.as_ref(), Entity::Vrm, owner);
        if sheet.keeps(Entity::Person, owner.role) {
            sheet.optional(format!("{name}.description"), vehicle.description.as_ref());
        }
        owned(sheet, draft, name, vehicle.owner.as_ref());
    } else if let Some(phone) = draft.phones.iter().find(|phone| phone.id == *id) {
        let owner = roles.owner(phone.owner.as_ref(), EffectiveRole::Unknown);
        sheet.value(format!("{name}.number"), Some(&phone.number), Entity::Phone, owner);
        owned(sheet, draft, name, phone.owner.as_ref());
    } else if let Some(account) = draft.accounts.iter().find(|account| account.id == *id) {
        let owner = roles.owner(account.owner.as_ref(), EffectiveRole::Unknown);
        sheet.text(format!("{name}.platform"), &account.platform);
        sheet.value(format!("{name}.handle"), Some(&account.handle), handle_entity(account), owner);
        sheet.value(format!("{name}.display_name"), account.display_name.as_ref(), Entity::Person, owner);
        sheet.value(format!("{name}.url"), account.url.as_ref(), Entity::Url, owner);
        owned(sheet, draft, name, account.owner.as_ref());
    } else if let Some(object) = draft.objects.iter().find(|object| object.id == *id) {
        sheet.text(format!("{name}.kind"), &object.kind);
        sheet.optional(format!("{name}.description"), object.description.as_ref());
        sheet.optional(format!("{name}.amount"), object.amount.as_ref());
        owned(sheet, draft, name, object.owner.as_ref());
    }
}

fn owned(sheet: &mut Sheet<'_, '_>, draft: &Draft, name: &str, owner: Option<&Text>) {
    if let Some(person) = owner.and_then(|id| draft.persons.iter().find(|person| person.id == *id)) {
        let owner = sheet.roles().person(person.id.reveal());
        sheet.value(format!("{name}.owner"), Some(&person.name), Entity::Person, owner);
    }
}

/// An area as stated: a code, which `validate` held to its shape, is shown as it is; a name passes the engine. The code of
/// the submitting council's own area is no more of a clue than its name, which stays (domain 2.3, "Two things stay").
pub(super) fn area(sheet: &mut Sheet<'_, '_>, name: &str, area: &Area) {
    match area {
        Area::Absent => {}
        Area::Unknown => sheet.fact(name, "unknown"),
        Area::Stated { code, name: stated } => {
            sheet.known(format!("{name}.code"), code.as_ref().filter(|code| !code.is_blank()).map(Text::reveal));
            sheet.optional(format!("{name}.name"), stated.as_ref());
        }
    }
}

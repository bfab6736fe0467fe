//! One line in: `{"id", "structured", "text"}` becomes a narrative and the form beside it.

use std::collections::HashSet;

use jiff::civil::Date;
use serde_json::Value;

use super::json::{Notes, Object, Path};
use crate::domain::{
    redaction::{Belonging, Entity, Listing, Owned, Section, Sharing, StatedPerson, StatedRole},
    text::Text,
};

/// A line that reads.
pub(super) struct Line<'v> {
    pub id: &'v str,
    pub text: &'v str,
    pub sections: Vec<Section>,
    pub listing: Listing,
}

/// Reads `value`; what is wrong, and what was not read, goes into `notes`. `None` where anything is wrong.
pub(super) fn read<'v>(value: &'v Value, notes: &Notes) -> Option<Line<'v>> {
    let line = Object::of(value, Path::Line, notes, &["id", "structured", "text"])?;
    let (id, text) = (line.id("id"), line.needed("text"));
    let path = Path::Field(&line.path, "structured");
    let form = line.value("structured").or_else(|| line.fault("structured", "is missing"));
    let form = form.and_then(|form| Object::of(form, path, notes, STRUCTURED));
    let sections = form.as_ref().map(|form| sections(form, text.unwrap_or_default()));
    let listing = form.as_ref().map(listing);
    let line = Line { id: id?, text: text?, sections: sections?, listing: listing? };
    notes.faults.borrow().is_empty().then_some(line)
}

const STRUCTURED: &[&str] =
    &["persons", "phones", "emails", "handles", "vehicles", "places", "identifiers", "sections"];

const PERSON: &[&str] = &[
    "id",
    "name",
    "aliases",
    "role",
    "source",
    "relationship",
    "dob",
    "address",
    "postcode",
    "school",
    "placement",
    "nhs_number",
    "nino",
    "passport",
    "driving_licence",
];

/// What a person's own fields hold.
const OF_A_PERSON: &[(&str, Entity)] = &[
    ("address", Entity::Address),
    ("postcode", Entity::Postcode),
    ("school", Entity::School),
    ("placement", Entity::Placement),
    ("nhs_number", Entity::NhsNumber),
    ("nino", Entity::Nino),
    ("passport", Entity::Passport),
    ("driving_licence", Entity::DrivingLicence),
];

fn listing(form: &Object<'_, '_>) -> Listing {
    let mut listing = Listing::default();
    let mut ids = HashSet::new();
    form.each("persons", PERSON, |person| {
        if let Some(id) = person.id("id") {
            if !ids.insert(id.to_owned()) {
                person.wrong("id", "is the id of an earlier person");
            }
            one_person(person, id, &mut listing);
        }
    });
    let mut things = Things { ids, belongings: &mut listing.belongings };
    form.each("phones", &["number", "owner"], |phone| things.owned(phone, &[("number", Entity::Phone)]));
    form.each("emails", &["address", "owner"], |mail| things.owned(mail, &[("address", Entity::Email)]));
    form.each("handles", &["handle", "url", "owner"], |account| {
        things.owned(account, &[("handle", Entity::Handle), ("url", Entity::Url)]);
    });
    form.each("vehicles", &["vrm", "description", "owner"], |vehicle| things.owned(vehicle, &[("vrm", Entity::Vrm)]));
    form.each("places", &["name", "kind", "address", "postcode", "owner"], |place| {
        let owner = things.owner(place, Owned::Place);
        let fields = [("name", Entity::Place), ("address", Entity::Address), ("postcode", Entity::Postcode)];
        things.fields(place, &fields, &owner);
    });
    form.each("identifiers", &["kind", "value", "sort_code", "account", "owner"], |one| things.identifier(one));
    listing
}

fn one_person(person: &Object<'_, '_>, id: &str, listing: &mut Listing) {
    let mut names: Vec<Text> = person.needed("name").into_iter().map(Text::from).collect();
    for alias in person.entries("aliases") {
        match alias.as_str() {
            Some(alias) => names.push(alias.into()),
            None => person.wrong("aliases", "has to be a list of texts"),
        }
    }
    let role =
        person.needed("role").and_then(|role| known(person, "role", StatedRole::from_code(role), StatedRole::ALL));
    let date_of_birth = person.text("dob").and_then(|dob| {
        let date = dob.trim().parse::<Date>().ok();
        date.or_else(|| person.fault("dob", "has to be a date such as 2011-03-14"))
    });
    let mut things = Things { ids: HashSet::new(), belongings: &mut listing.belongings };
    things.fields(person, OF_A_PERSON, &Owned::By(id.into()));
    let (source, relationship) = (person.flag("source"), person.text("relationship").map(Text::from));
    if let Some(role) = role {
        listing.persons.push(StatedPerson { id: id.into(), names, role, source, date_of_birth, relationship });
    }
}

/// `value`, or a fault that says which words there are.
fn known<T: Copy>(object: &Object<'_, '_>, name: &'static str, value: Option<T>, all: &[impl ToString]) -> Option<T> {
    let words = || all.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    value.or_else(|| object.fault(name, &format!("has to be one of {}", words())))
}

/// What is not a person.
struct Things<'l> {
    ids: HashSet<String>,
    belongings: &'l mut Vec<Belonging>,
}

impl Things<'_> {
    fn owned(&mut self, object: &Object<'_, '_>, fields: &[(&'static str, Entity)]) {
        let owner = self.owner(object, Owned::Unknown);
        self.fields(object, fields, &owner);
    }

    /// Whose `object` is; `otherwise` where it does not say.
    fn owner(&self, object: &Object<'_, '_>, otherwise: Owned) -> Owned {
        match object.text("owner") {
            None | Some("") => otherwise,
            Some(owner) if self.ids.contains(owner) => Owned::By(owner.into()),
            Some(_) => object.fault("owner", "is the id of nobody in structured.persons").unwrap_or(otherwise),
        }
    }

    fn fields(&mut self, object: &Object<'_, '_>, fields: &[(&'static str, Entity)], owner: &Owned) {
        for &(name, entity) in fields {
            if let Some(text) = object.text(name) {
                self.add(entity, text, owner);
            }
        }
    }

    fn identifier(&mut self, object: &Object<'_, '_>) {
        let owner = self.owner(object, Owned::Unknown);
        let kind = object.needed("kind").map(str::to_ascii_uppercase);
        let entity = kind.as_deref().and_then(Entity::from_code).filter(|entity| entity.is_reported());
        let all: Vec<String> = Entity::ALL
            .iter()
            .filter(|entity| entity.is_reported())
            .map(|entity| entity.code().to_ascii_lowercase())
            .collect();
        if kind.is_some()
            && let Some(entity) = known(object, "kind", entity, &all)
        {
            let parts = ["sort_code", "account"].map(|part| object.text(part));
            match (entity, parts.iter().flatten().copied().collect::<Vec<_>>().join(" ")) {
                (Entity::BankAccount, account) if !account.is_empty() => self.add(entity, &account, &owner),
                _ => self.add(entity, object.needed("value").unwrap_or_default(), &owner),
            }
        }
    }

    fn add(&mut self, entity: Entity, text: &str, owner: &Owned) {
        self.belongings.push(Belonging { entity, text: text.into(), owner: owner.clone() });
    }
}

/// The practitioner's marks: offsets in characters become offsets in bytes.
fn sections(form: &Object<'_, '_>, text: &str) -> Vec<Section> {
    if form.entries("sections").is_empty() {
        return Vec::new();
    }
    let bytes: Vec<usize> = text.char_indices().map(|(at, _)| at).chain([text.len()]).collect();
    let mut sections: Vec<Section> = Vec::new();
    form.each("sections", &["title", "start", "end", "mark"], |section| {
        let mark = section.needed("mark");
        let mark = mark.and_then(|mark| known(section, "mark", Sharing::from_code(mark), Sharing::ALL));
        let border = |name| {
            let offset = section.offset(name)?;
            bytes.get(offset).copied().or_else(|| section.fault(name, "lies outside the text"))
        };
        let (Some(start), Some(end), Some(mark)) = (border("start"), border("end"), mark) else { return };
        if end < start {
            section.wrong("end", "lies before start");
        } else if sections.last().is_some_and(|before| start < before.range.end) {
            section.wrong("start", "lies before the end of the section before");
        } else {
            sections.push(Section { range: start..end, mark });
        }
    });
    sections
}

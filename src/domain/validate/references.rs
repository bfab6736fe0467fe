//! Local ids: unique, and there where something points to them.

use std::{collections::BTreeSet, fmt::Arguments};

use crate::domain::{code::SourceRole, submission::Draft, text::Text, violation::Violations};

pub(super) fn check(draft: &Draft, wrong: &mut Violations) {
    let persons = unique(draft.persons.iter().map(|person| &person.id).zip(paths("persons")), wrong);
    let places = unique(draft.places.iter().map(|place| &place.id).zip(paths("places")), wrong);
    let vehicles = draft.vehicles.iter().map(|vehicle| &vehicle.id).zip(paths("vehicles"));
    let phones = draft.phones.iter().map(|phone| &phone.id).zip(paths("phones"));
    let accounts = draft.accounts.iter().map(|account| &account.id).zip(paths("accounts"));
    let objects = draft.objects.iter().map(|object| &object.id).zip(paths("objects"));
    // One name space: `things` of an item says only an id.
    let things = unique(vehicles.chain(phones).chain(accounts).chain(objects), wrong);
    let mut known = Known { persons, places, things, wrong };
    items(draft, &mut known);
    owners(draft, &mut known);
}

struct Known<'a, 'w> {
    persons: BTreeSet<&'a str>,
    places: BTreeSet<&'a str>,
    things: BTreeSet<&'a str>,
    wrong: &'w mut Violations,
}

impl Known<'_, '_> {
    fn person(&mut self, path: Arguments<'_>, id: Option<&Text>) {
        if id.is_some_and(|id| !id.is_blank() && !self.persons.contains(id.reveal())) {
            self.wrong.add(path.to_string(), "is no id in submission.persons");
        }
    }
}

fn items(draft: &Draft, known: &mut Known<'_, '_>) {
    for (n, item) in draft.items.iter().enumerate() {
        let path = format!("submission.items[{n}]");
        let from = &item.provenance;
        known.person(format_args!("{path}.about"), item.about.as_ref());
        known.person(format_args!("{path}.provenance.source"), from.source.as_ref());
        for (m, who) in item.who.iter().enumerate() {
            known.person(format_args!("{path}.who[{m}]"), Some(who));
        }
        for (m, support) in from.corroboration.iter().enumerate() {
            known.person(format_args!("{path}.provenance.corroboration[{m}].by"), Some(&support.by));
        }
        for (m, place) in item.at.iter().enumerate() {
            if !known.places.contains(place.reveal()) {
                known.wrong.add(format!("{path}.at[{m}]"), "is no id in submission.places");
            }
        }
        for (m, thing) in item.things.iter().enumerate() {
            if !known.things.contains(thing.reveal()) {
                known
                    .wrong
                    .add(format!("{path}.things[{m}]"), "is no id in submission.vehicles, phones, accounts or objects");
            }
        }
        let itself_says_who = matches!(from.source_role, SourceRole::Child | SourceRole::Practitioner);
        if !itself_says_who && from.source.as_ref().is_none_or(Text::is_blank) {
            known.wrong.add(
                format!("{path}.provenance.source"),
                "name the person whose account this is, by their id in submission.persons",
            );
        }
    }
}

fn owners(draft: &Draft, known: &mut Known<'_, '_>) {
    let places = draft.places.iter().map(|place| &place.owner);
    let vehicles = draft.vehicles.iter().map(|vehicle| &vehicle.owner);
    let phones = draft.phones.iter().map(|phone| &phone.owner);
    let accounts = draft.accounts.iter().map(|account| &account.owner);
    let objects = draft.objects.iter().map(|object| &object.owner);
    let mut check = |list: &str, owners: &mut dyn Iterator<Item = &Option<Text>>| {
        for (n, owner) in owners.enumerate() {
            known.person(format_args!("submission.{list}[{n}].owner"), owner.as_ref());
        }
    };
    check("places", &mut { places });
    check("vehicles", &mut { vehicles });
    check("phones", &mut { phones });
    check("accounts", &mut { accounts });
    check("objects", &mut { objects });
}

fn paths(list: &'static str) -> impl Iterator<Item = (&'static str, usize)> {
    (0..).map(move |n| (list, n))
}

/// The ids of a list, with a violation for each that was there before.
fn unique<'a>(
    ids: impl Iterator<Item = (&'a Text, (&'static str, usize))>,
    wrong: &mut Violations,
) -> BTreeSet<&'a str> {
    let mut seen = BTreeSet::new();
    for (id, (list, n)) in ids {
        if !id.is_blank() && !seen.insert(id.reveal()) {
            wrong.add(format!("submission.{list}[{n}].id"), "is there twice: give each entry an id of its own");
        }
    }
    seen
}

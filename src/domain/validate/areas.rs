//! Stated areas: present where they must be, and codes well formed. Whether anybody has a code is routing's to ask (D03).

use std::fmt::Display;

use crate::domain::{geography::Area, submission::Draft, violation::Violations};

/// A letter of England, Wales, Scotland, Northern Ireland or the wider statistics, and eight digits: the shape of a GSS
/// or police force area code.
pub fn is_code(code: &str) -> bool {
    let mut bytes = code.bytes();
    let country = bytes.next().is_some_and(|b| matches!(b, b'E' | b'W' | b'S' | b'N' | b'K'));
    country && code.len() == 9 && bytes.all(|b| b.is_ascii_digit())
}

pub(super) fn check(draft: &Draft, wrong: &mut Violations) {
    required("missing_from", &draft.missing_from, wrong);
    required("lives_now", &draft.lives_now, wrong);
    required("responsible_authority", &draft.responsible_authority, wrong);
    if let Some(area) = &draft.episode.found_at {
        well_formed(&"episode.found_at", area, wrong);
    }
    for (n, person) in draft.persons.iter().enumerate() {
        well_formed(&format_args!("persons[{n}].lives"), &person.lives, wrong);
        well_formed(&format_args!("persons[{n}].looked_after_by"), &person.looked_after_by, wrong);
    }
    for (n, place) in draft.places.iter().enumerate() {
        well_formed(&format_args!("places[{n}].area"), &place.area, wrong);
    }
    let on_behalf_of = &draft.envelope.on_behalf_of;
    if !on_behalf_of.is_blank() && !is_code(on_behalf_of.reveal()) {
        wrong.add(
            "submission.envelope.on_behalf_of",
            "give the GSS code of the authority whose child it is, e.g. E09000023",
        );
    }
}

fn required(field: &str, area: &Area, wrong: &mut Violations) {
    let stated = match area {
        Area::Absent => false,
        Area::Unknown => true,
        Area::Stated { code, name } => [code, name].into_iter().flatten().any(|text| !text.is_blank()),
    };
    if !stated {
        wrong.add(format!("submission.{field}"), "give a GSS or police force area code, a council's name, or unknown");
    }
    well_formed(&field, area, wrong);
}

fn well_formed(field: &dyn Display, area: &Area, wrong: &mut Violations) {
    if let Area::Stated { code: Some(code), .. } = area
        && !code.is_blank()
        && !is_code(code.reveal())
    {
        wrong.add(
            format!("submission.{field}.code"),
            "a GSS or police force area code is a capital letter and eight digits, e.g. E09000023; leave it out to give a name",
        );
    }
}

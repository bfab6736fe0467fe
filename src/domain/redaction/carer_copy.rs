//! CARER: structured fields, and of the plan, wishes and needs the sentences that survive default deny. Nothing of the
//! child's account, and nothing that is intelligence.

use super::{record::of_concern, sheet::Sheet, words::is_family};
use crate::domain::{
    classify::accused,
    code::{Fgm, HarmCode, PersonRole},
    submission::{Child, Draft, Person},
    text::Text,
};

/// Writes the carer copy.
pub(super) fn write(sheet: &mut Sheet<'_, '_>, draft: &Draft) {
    sheet.known("episode.returned", draft.episode.returned);
    sheet.fact("interview.outcome", draft.episode.outcome);
    sheet.known("interview.mode", draft.interview.mode);
    for (index, offer) in draft.episode.offers.iter().enumerate() {
        sheet.fact(format!("offers[{index}].at"), offer.at);
        sheet.fact(format!("offers[{index}].method"), offer.method);
        sheet.fact(format!("offers[{index}].result"), offer.result);
    }
    if words_may_harm(draft) {
        return;
    }
    let evaluate = &draft.interview.evaluate;
    for (name, text) in [
        ("evaluate.carer_plan", &evaluate.carer_plan),
        ("evaluate.plan", &evaluate.plan),
        ("evaluate.wishes", &evaluate.wishes),
        ("evaluate.needs", &evaluate.needs),
    ] {
        sheet.surviving(name, text.as_ref());
    }
}

/// True where whoever reads the copy may be the danger: harm from home (R19), an allegation about somebody around the
/// child (R18), or what forbids any word to the family (D19). Then no sentence goes, however harmless it looks. An answer
/// not given is no "no" (domain 3.1).
fn words_may_harm(draft: &Draft) -> bool {
    use HarmCode::{Calfb, Csa, Emo, Fgm as Cutting, Fm, Hba, Neg, Phys};
    let answers = &draft.answers;
    let coded = |codes: &[HarmCode]| {
        let all = answers.codes.iter().chain(draft.items.iter().flat_map(|item| &item.codes));
        all.into_iter().any(|code| codes.contains(code))
    };
    answers.harm_source_at_home == Some(true)
        || answers.fgm.is_some_and(|answer| answer != Fgm::None)
        || coded(&[Fm, Hba, Cutting, Calfb])
        || answers.harm_source_at_home.is_none() && coded(&[Phys, Emo, Neg, Csa])
        || draft.items.iter().any(|item| item.allegation == Some(true))
        || accused(draft).next().is_some()
        || draft.persons.iter().any(|person| of_concern(person) && is_around(person, &draft.child))
}

/// Somebody who may read the copy, or live or work with who does: by role, by what they are to the child, by their address
/// or by their employer. Where nobody says where the child is placed, any employer may be the home.
fn is_around(person: &Person, child: &Child) -> bool {
    use PersonRole::{Carer, HouseholdMember, Parent, Police, Practitioner, Professional, Sibling};
    let same = |one: Option<&Text>, other: Option<&Text>| {
        let letters = |text: Option<&Text>| text.map(|text| letters_of(text.reveal())).filter(|text| !text.is_empty());
        letters(one).zip(letters(other)).is_some_and(|(one, other)| one.contains(&other) || other.contains(&one))
    };
    let stated = |text: Option<&Text>| text.is_some_and(|text| !text.is_blank());
    let relationship = person.relationship.as_ref().map_or("", Text::reveal).to_lowercase();
    let mut related = relationship.split(|c: char| !c.is_alphanumeric() && c != '-');
    matches!(person.role, Parent | Carer | HouseholdMember | Sibling | Professional | Police | Practitioner)
        || related.any(|word| is_family(word) && !matches!(word, "boyfriend" | "girlfriend"))
        || same(person.address.as_ref(), child.home_address.as_ref())
        || same(person.postcode.as_ref(), child.home_postcode.as_ref())
        || same(person.organisation.as_ref(), child.placement.as_ref())
        || stated(person.organisation.as_ref()) && !stated(child.placement.as_ref())
}

fn letters_of(text: &str) -> String {
    text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

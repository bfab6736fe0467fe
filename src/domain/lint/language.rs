//! Language that blames or labels a child, and opinion among facts. Never in somebody's own words.

use super::{
    in_item,
    kind::Kind,
    lexicon::{Lexicon, Owner},
    notes::Finding,
    partners::{Partners, People},
    phrase::Found,
    quotes,
    tokens::Tokens,
};

/// Harmful language in a field, outside quotations.
pub(super) fn read(
    people: &People<'_>,
    lexicon: &Lexicon,
    field: &str,
    tokens: &Tokens<'_>,
    found: &[Found<Owner>],
) -> Vec<Finding> {
    let own_words = in_item(field).is_some_and(|(_, name)| lexicon.own_words.iter().any(|own| own == name));
    if own_words || !found.iter().any(|found| matches!(found.owner, Owner::Term(_))) {
        return Vec::new();
    }
    let quoted = quotes::quoted(tokens.original);
    let mut partners = None;
    let mut out = Vec::new();
    for found in found {
        let Owner::Term(number) = found.owner else { continue };
        let (term, bytes) = (lexicon.term(number), tokens.bytes(&found.words));
        if quotes::touches(&quoted, &bytes) {
            continue;
        }
        let mut adult = || partners.get_or_insert_with(|| Partners::of(people, field, tokens)).is_adult(&found.words);
        if term.of_adult && !adult() {
            continue;
        }
        out.push(Finding { say: Some(term.instead.clone()), ..Finding::at(Kind::HarmfulLanguage, bytes) });
    }
    out
}

/// Opinion among facts, outside quotations.
pub(super) fn opinions(tokens: &Tokens<'_>, found: &[Found<Owner>]) -> Vec<Finding> {
    let quoted = quotes::quoted(tokens.original);
    let opinions = found.iter().filter(|found| found.owner == Owner::Kind(Kind::Opinion));
    let places = opinions.map(|found| tokens.bytes(&found.words));
    places.filter(|bytes| !quotes::touches(&quoted, bytes)).map(|bytes| Finding::at(Kind::Opinion, bytes)).collect()
}

//! Places on the map that nobody listed: coordinates, grid references, plus codes and three words.

use std::ops::Range;

use super::{
    fold::Folded,
    form::Entity,
    patterns::{always, cue, is_letter_or_digit, shape},
    shapes::Shape,
};

/// The shapes of a place on the map: whose it is says the text, as of an address.
pub(super) fn shapes() -> Vec<Shape> {
    vec![
        // "51.4612, -0.0361". A match holds a digit in every 24 bytes: it lies inside the parts around digits.
        shape(
            Entity::Address,
            r"[0-9]{2}\.[0-9]{3,12}°?n?[, /]{1,3}-?[0-9]{1,2}\.[0-9]{3,12}°?[ew]?",
            true,
            |marks, _| marks.digits() >= 8 && marks.has(b'.'),
            is_in_britain,
        ),
        // 51°27'40"N 0°02'10"W
        shape(
            Entity::Address,
            r#"[0-9]{2} ?° ?[0-9]{1,2}(?:\.[0-9]{1,6})? ?['′’](?: ?[0-9]{1,2}(?:\.[0-9]{1,6})? ?(?:["″”]|''))? ?n[ ,]{0,3}[0-9]{1,3} ?° ?[0-9]{1,2}(?:\.[0-9]{1,6})? ?['′’](?: ?[0-9]{1,2}(?:\.[0-9]{1,6})? ?(?:["″”]|''))? ?[ew]"#,
            true,
            |marks, text| marks.digits() >= 4 && text.contains('°'),
            always,
        ),
        shape(
            Entity::Address,
            r"[hnost][a-hj-z] ?(?:[0-9]{10}|[0-9]{8}|[0-9]{6}|[0-9]{5} [0-9]{5}|[0-9]{4} [0-9]{4}|[0-9]{3} [0-9]{3})",
            true,
            |marks, _| marks.digits() >= 6,
            |folded, range| cue(folded, range, &["grid"]),
        )
        .behind(&["grid"]),
        // A plus code: "9C3XFX6Q+2V", or without its first four signs.
        shape(
            Entity::Address,
            r"(?:[2-9cfghjmpqrvwx]{4})?[2-9cfghjmpqrvwx]{4}\+[2-9cfghjmpqrvwx]{2,3}",
            false,
            |marks, _| marks.has(b'+') && marks.digits() > 0,
            |folded, range| folded.text[range.clone()].bytes().any(|byte| byte.is_ascii_digit()),
        )
        .in_runs(b'+', |byte| byte == b'+' || is_letter_or_digit(byte)),
        shape(
            Entity::Address,
            r"///? ?[a-z]{3,20}\.[a-z]{3,20}\.[a-z]{3,20}",
            false,
            |marks, text| marks.has(b'/') && text.contains("//"),
            three_words,
        ),
        shape(
            Entity::Address,
            r"[a-z]{3,20}\.[a-z]{3,20}\.[a-z]{3,20}",
            false,
            |_, text| text.contains("what3words") || text.contains("three words"),
            |folded, range| cue(folded, range, &["what3words", "three words"]),
        ),
        // The same dictated.
        shape(
            Entity::Address,
            r"[a-z]{3,20} dot [a-z]{3,20} dot [a-z]{3,20}",
            false,
            |_, text| text.contains(" dot ") && THREE_WORDS.iter().any(|cue| text.contains(cue)),
            are_called_three_words,
        ),
        // The number of a property in the national gazetteer.
        shape(
            Entity::Address,
            r"uprn(?: is| no)?[ :#.=]{0,3}[0-9]{6,12}",
            true,
            |marks, text| marks.digits() >= 6 && text.contains("uprn"),
            always,
        ),
    ]
}

/// Other pairs of decimals are sums and measures.
fn is_in_britain(folded: &Folded<'_>, range: &Range<usize>) -> bool {
    let mut numbers = folded.text[range.clone()]
        .split(|c: char| !c.is_ascii_digit() && !matches!(c, '.' | '-'))
        .filter_map(|part| part.parse::<f64>().ok());
    let (north, east) = (numbers.next(), numbers.next());
    north.is_some_and(|north| (49.0..61.5).contains(&north)) && east.is_some_and(|east| east.abs() < 9.0)
}

const THREE_WORDS: &[&str] = &["what3words", "what three words", "three words", "3 words", "w3w"];

/// True where what goes by three words is named within some bytes before or behind.
fn are_called_three_words(folded: &Folded<'_>, range: &Range<usize>) -> bool {
    let reach = folded.text.len().min(range.end + 24);
    let end = (range.end..=reach).rev().find(|&at| folded.text.is_char_boundary(at)).unwrap_or(range.end);
    let behind = &folded.text[range.end..end];
    cue(folded, range, THREE_WORDS) || THREE_WORDS.iter().any(|cue| behind.contains(cue))
}

/// Three strokes before the words; two are of a web address.
fn three_words(folded: &Folded<'_>, range: &Range<usize>) -> bool {
    folded.text[range.clone()].starts_with("///")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::redaction::{marks::Marks, shapes::hits};

    fn found(text: &str) -> Vec<(Entity, String)> {
        let folded = Folded::new(text, Vec::new());
        let mut out = Vec::new();
        hits(&folded, &Marks::of(&folded.text), &mut out);
        out.iter().map(|hit| (hit.meaning.entity, folded.text[hit.range.clone()].to_owned())).collect()
    }

    #[test]
    fn a_place_on_the_map_is_found() {
        for place in [
            "51.4612,-0.0361",
            "51.461234, -0.036123",
            "51.46123456789/-0.03612345678",
            "51°27'40\"N 0°02'10\"W",
            "51° 27.66' N, 0° 2.17' W",
            "9C3XFX6Q+2V",
            "FX6Q+2V",
            "///lamp.river.token",
        ] {
            let found = found(&format!("She stays at {place}, he said."));
            let found: Vec<_> = found.iter().map(|(entity, text)| (*entity, text.as_str())).collect();
            assert_eq!(found, [(Entity::Address, place.to_lowercase().as_str())], "{place}");
        }
        for (text, place) in [
            ("the grid square is TQ 3712 7521 there", "tq 3712 7521"),
            ("The what3words is lamp.river.token there", "lamp.river.token"),
            ("what3words lamp dot river dot token there", "lamp dot river dot token"),
            ("it is lamp dot river dot token on w3w", "lamp dot river dot token"),
            ("She lives at UPRN 100020003000.", "uprn 100020003000"),
            ("the uprn: 10002000300 there", "uprn: 10002000300"),
        ] {
            assert_eq!(found(text), [(Entity::Address, place.to_owned())], "{text}");
        }
    }

    #[test]
    fn other_numbers_and_words_are_no_place() {
        for text in [
            "paid 51.461 and 70.036",
            "about 12.345, 1.234",
            "a.b.c and one.two.three",
            "6+2 is 8",
            "lamp dot river dot token",
            "51.46, 0.03",
        ] {
            assert_eq!(found(text), [], "{text}");
        }
    }
}

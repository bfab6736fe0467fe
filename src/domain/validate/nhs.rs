//! NHS numbers: ten digits of which the last checks the others (domain 7.1). A wrong one may be another child's.

use std::fmt::Display;

use crate::domain::{submission::Draft, text::Text, violation::Violations};

pub(super) fn check(draft: &Draft, wrong: &mut Violations) {
    number(&"child.nhs_number", draft.child.nhs_number.as_ref(), wrong);
    for (n, person) in draft.persons.iter().enumerate() {
        number(&format_args!("persons[{n}].nhs_number"), person.nhs_number.as_ref(), wrong);
    }
}

fn number(field: &dyn Display, text: Option<&Text>, wrong: &mut Violations) {
    let Some(text) = text.filter(|text| !text.is_blank()) else { return };
    match digits(text.reveal()) {
        None => wrong.add(
            format!("submission.{field}"),
            "an NHS number has ten digits, with spaces or hyphens between them if you like: correct it or leave it out",
        ),
        Some(digits) if !checks(digits) => wrong.add(
            format!("submission.{field}"),
            "the last digit of this NHS number does not fit the others: check it against its source, or leave it out",
        ),
        Some(_) => {}
    }
}

/// The ten digits; none where there are more, fewer or other characters. No longer text is read further than it need be.
fn digits(text: &str) -> Option<[u32; 10]> {
    let mut found = [0; 10];
    let mut count = 0;
    for c in text.chars().filter(|c| !c.is_whitespace() && !matches!(c, '-' | '\u{2010}'..='\u{2013}')) {
        *found.get_mut(count)? = c.to_digit(10)?;
        count += 1;
    }
    (count == found.len()).then_some(found)
}

/// Modulus 11: the weighted sum of all ten is a multiple of 11. A check digit of 10 is not issued and cannot be written.
fn checks(digits: [u32; 10]) -> bool {
    (1..=10).rev().zip(digits).map(|(weight, digit)| weight * digit).sum::<u32>() % 11 == 0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{code::PersonRole, submission::Person, testing};

    fn wrong(of_child: &str, of_person: &str) -> Vec<(String, String)> {
        let mut draft = testing::draft();
        draft.child.nhs_number = Some(of_child.into());
        let sibling = testing::person("p1", PersonRole::Sibling);
        draft.persons = vec![Person { nhs_number: Some(of_person.into()), ..sibling }];
        let checked = crate::domain::validate::validate(draft, &testing::policy(), testing::tuesday());
        let wrong = checked.map_or_else(|wrong| wrong, |_| Violations::default());
        wrong.0.into_iter().map(|violation| (violation.field, violation.advice)).collect()
    }

    #[test]
    fn ten_digits_that_check_are_taken_however_they_are_set_apart() {
        for good in ["9434765919", "943 476 5919", "943-476-5919", " 943\u{a0}476\u{2011}5919 ", "9990498083", " "] {
            assert_eq!(wrong(good, good), [], "{good}");
        }
    }

    #[test]
    fn any_other_is_named_by_its_field_and_never_repeated() {
        let bad =
            ["1234567890", "999 000 0019", "943476591", "94347659190", "94347659I9", "٩٤٣٤٧٦٥٩١٩", "943/476/5919"];
        for bad in bad {
            let found = wrong(bad, bad);
            let fields: Vec<&str> = found.iter().map(|(field, _)| field.as_str()).collect();
            assert_eq!(fields, ["submission.child.nhs_number", "submission.persons[0].nhs_number"], "{bad}");
            assert!(found.iter().all(|(_, words)| !words.contains(bad)), "{bad}");
        }
    }

    #[test]
    fn one_wrong_digit_or_two_neighbours_exchanged_are_always_found() {
        let good = digits("943 476 5919").unwrap();
        for place in 0..10 {
            for digit in (0..10).filter(|digit| *digit != good[place]) {
                let mut typed = good;
                typed[place] = digit;
                assert!(!checks(typed), "{typed:?}");
            }
        }
        for place in (0..9).filter(|place| good[*place] != good[place + 1]) {
            let mut typed = good;
            typed.swap(place, place + 1);
            assert!(!checks(typed), "{typed:?}");
        }
    }
}

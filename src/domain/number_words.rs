//! Numbers in words, as rooms of this floor read them.

/// Nought to nineteen: the place is the number.
pub(in crate::domain) const UNITS: [&str; 20] = [
    "zero",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
    "thirteen",
    "fourteen",
    "fifteen",
    "sixteen",
    "seventeen",
    "eighteen",
    "nineteen",
];

/// How `number`, which is digits, is said, piece by piece: "twenty seven"; "one one eight", "one eighteen" and "one hundred and
/// eighteen". None where it has more than three digits.
pub(in crate::domain) fn said(number: &str) -> Vec<Vec<&'static str>> {
    let Some(number) = number.parse::<usize>().ok().filter(|number| *number < 1_000) else { return Vec::new() };
    let below_hundred = |number: usize| match (UNITS.get(number), number / 10, number % 10) {
        (Some(unit), ..) => vec![*unit],
        (None, tens, 0) => vec![TENS[tens - 2]],
        (None, tens, ones) => vec![TENS[tens - 2], UNITS[ones]],
    };
    if number < 100 {
        return vec![below_hundred(number)];
    }
    let (hundreds, rest) = (UNITS[number / 100], number % 100);
    let apart = vec![hundreds, UNITS[rest / 10], UNITS[rest % 10]];
    if rest == 0 {
        return vec![apart, vec![hundreds, "hundred"]];
    }
    vec![
        apart,
        [&[hundreds][..], &below_hundred(rest)].concat(),
        [&[hundreds, "hundred", "and"][..], &below_hundred(rest)].concat(),
    ]
}

/// Twenty to ninety: the place, two further, is the number of tens.
pub(in crate::domain) const TENS: [&str; 8] =
    ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_said_in_the_ways_that_people_say_it() {
        let spoken = |number: &str| said(number).iter().map(|words| words.join(" ")).collect::<Vec<_>>();
        assert_eq!(spoken("7"), ["seven"]);
        assert_eq!(spoken("40"), ["forty"]);
        assert_eq!(spoken("27"), ["twenty seven"]);
        assert_eq!(spoken("118"), ["one one eight", "one eighteen", "one hundred and eighteen"]);
        assert_eq!(spoken("200"), ["two zero zero", "two hundred"]);
        assert!(spoken("1180").is_empty() && spoken("").is_empty());
    }
}

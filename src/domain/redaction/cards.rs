//! Numbers of payment cards.

/// The length of the card number that `run` begins with, given the lengths of its groups of digits: as it stands on a card,
/// in one piece or digit by digit, and the last digit is its check.
pub(super) fn length(run: &str, groups: impl Iterator<Item = usize>) -> Option<usize> {
    let groups: Vec<usize> = groups.take(20).collect();
    let four = |count: usize| groups.iter().take(count).filter(|&&group| group == 4).count() == count;
    let length = match groups[..] {
        [whole @ 14..=19, ..] => whole,
        [4, 6, 5, ..] => 15,
        _ if four(4) && groups.get(4) == Some(&3) => 19,
        _ if four(4) => 16,
        _ if groups.len() >= 16 && groups[..16].iter().all(|&group| group == 1) => 16,
        _ => return None,
    };
    let number = run.get(..length)?;
    (number.starts_with(['2', '3', '4', '5', '6']) && check_digit_fits(number)).then_some(length)
}

/// The check of Luhn: every second digit from the last but one is doubled, and its own digits are added.
fn check_digit_fits(number: &str) -> bool {
    let digits = number.chars().rev().filter_map(|c| c.to_digit(10)).enumerate();
    let sum: u32 = digits
        .map(|(at, digit)| match (at % 2, digit) {
            (0, _) => digit,
            (_, 5..) => 2 * digit - 9,
            _ => 2 * digit,
        })
        .sum();
    sum.is_multiple_of(10)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_whose_check_digit_fits_is_of_a_card() {
        for (card, groups) in [
            ("4929160000000010", &[16][..]),
            ("4929160000000010", &[4, 4, 4, 4]),
            ("492916000000001012", &[4, 4, 4, 4, 2]),
            ("4929160000000010", &[1; 16]),
            ("378282246310005", &[4, 6, 5]),
        ] {
            assert_eq!(length(card, groups.iter().copied()), Some(card.len().min(16)), "{card} {groups:?}");
        }
        for (other, groups) in [
            ("4929160000000011", &[16][..]),
            ("4929160000000010", &[5, 6, 5]),
            ("07700900123", &[5, 6]),
            ("", &[]),
            ("9991234560999123", &[4, 4, 4, 4]),
        ] {
            assert_eq!(length(other, groups.iter().copied()), None, "{other}");
        }
    }
}

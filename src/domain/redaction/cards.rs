//! Numbers of payment cards.

/// The length of the card number that `run` is: fourteen digits or more whose last is their check digit.
pub(super) fn length(run: &str) -> Option<usize> {
    let card = matches!(run.len(), 14..=19) && run.starts_with(['2', '3', '4', '5', '6']);
    (card && check_digit_fits(run)).then_some(run.len())
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
    sum % 10 == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_whose_check_digit_fits_is_of_a_card() {
        for card in ["4929160000000010", "378282246310005", "6011111111111117"] {
            assert_eq!(length(card), Some(card.len()), "{card}");
        }
        for other in ["4929160000000011", "07700900123", "", "12345678901234567890", "9991234560999123"] {
            assert_eq!(length(other), None, "{other}");
        }
    }
}

//! When to say that a certificate runs out: 30, 14, 7 and 1 day before.

use jiff::Timestamp;

/// Days before the end at which it is said.
pub const DAYS: [i64; 4] = [1, 7, 14, 30];
const DAY: i64 = 24 * 3600;

/// Whole days left until `not_after`; none after it.
pub fn days_left(not_after: Timestamp, now: Timestamp) -> i64 {
    (not_after.as_second() - now.as_second()).max(0) / DAY
}

/// The warning that is due: within so many days of the end. None while it is far.
pub fn due(not_after: Timestamp, now: Timestamp) -> Option<i64> {
    let left = not_after.as_second() - now.as_second();
    DAYS.into_iter().find(|days| left <= days * DAY)
}

/// As [`due`], for a certificate made for `life`: one that is made for 30 days does not begin with a warning.
pub fn due_of(not_before: Timestamp, not_after: Timestamp, now: Timestamp) -> Option<i64> {
    let life = not_after.as_second() - not_before.as_second();
    due(not_after, now).filter(|days| days * DAY * 2 <= life || not_after <= now)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn warnings_are_due_30_14_7_and_1_day_before_the_end() {
        let end = at("2026-12-31T00:00:00Z");
        for (now, expected, left) in [
            ("2026-11-30T23:59:59Z", None, 30),
            ("2026-12-01T00:00:00Z", Some(30), 30),
            ("2026-12-16T23:59:59Z", Some(30), 14),
            ("2026-12-17T00:00:00Z", Some(14), 14),
            ("2026-12-24T00:00:00Z", Some(7), 7),
            ("2026-12-29T23:59:59Z", Some(7), 1),
            ("2026-12-30T00:00:00Z", Some(1), 1),
            ("2027-02-01T00:00:00Z", Some(1), 0),
        ] {
            assert_eq!((due(end, at(now)), days_left(end, at(now))), (expected, left), "{now}");
        }
    }

    #[test]
    fn a_short_life_is_warned_of_in_its_second_half_only() {
        let (from, end) = (at("2026-12-01T00:00:00Z"), at("2026-12-31T00:00:00Z"));
        assert_eq!(due_of(from, end, from), None);
        assert_eq!(due_of(from, end, at("2026-12-16T12:00:00Z")), None);
        assert_eq!(due_of(from, end, at("2026-12-17T00:00:00Z")), Some(14));
        assert_eq!(due_of(at("2026-12-30T20:00:00Z"), end, at("2026-12-30T21:00:00Z")), None, "made for four hours");
        assert_eq!(due_of(at("2026-12-30T20:00:00Z"), end, end), Some(1), "it has run out");
    }
}

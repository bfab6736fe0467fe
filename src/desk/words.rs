//! What codes mean, in the words of the people who read the page; times as the clock in London shows them.

use jiff::{SignedDuration, Timestamp, tz::TimeZone};
use maud::{Markup, html};

use crate::domain::unit::Part;

/// A class: what it says of the matter.
pub(super) fn class(code: &str) -> &'static str {
    match code {
        "P0" => "life or serious harm now",
        "P1" => "significant harm suspected",
        "P2" => "signs of exploitation, not immediate",
        "P3" => "intelligence of value",
        "P4" => "nothing of note, for the count",
        _ => "",
    }
}

/// A part, as a heading.
pub(super) fn part(part: Part) -> &'static str {
    match part {
        Part::Original => "The submission as it was received",
        Part::EpisodeCard => "The child and the episode",
        Part::Provenance => "Who said it, and how they know",
        Part::Item => "What was said",
        Part::Safeguarding => "Safeguarding",
        Part::Carer => "The carer's copy",
        Part::Card => "The notice",
        Part::Sender => "The sender's reference",
        Part::Withheld => "What the last check withheld",
    }
}

/// Whether a part is opened by itself, with a reason, and not with all the others.
pub(super) fn wants_a_reason(part: Part) -> bool {
    part.opens_by_role() || part == Part::Withheld
}

/// The name of a field, for reading: `persons[2].appearance` is "person 2, appearance".
pub(super) fn field(name: &str) -> String {
    let pieces = name.split('.').map(|piece| {
        let (word, number) =
            piece.split_once('[').map_or((piece, ""), |(word, rest)| (word, rest.trim_end_matches(']')));
        let word = word.replace('_', " ");
        match number.parse::<u32>() {
            Ok(number) => format!("{} {}", word.strip_suffix('s').unwrap_or(&word), number.saturating_add(1)),
            Err(_) => word,
        }
    });
    pieces.collect::<Vec<_>>().join(", ")
}

/// What a card says, for reading: its codes as words, its moments as the clock in London shows them. What people wrote stays.
pub(super) fn value(name: &str, value: &str) -> String {
    const CODED: [&str; 9] = [
        "flag",
        "prompt",
        "clock.offered",
        "clock.carried_out",
        "episode.kind",
        "episode.risk",
        "interview.outcome",
        "interview.mode",
        "closure.outcome",
    ];
    let clock = |word: &str| {
        let (at, rest) = word.split_once('Z').filter(|(_, rest)| rest.len() < 2)?;
        Some(format!("{}{rest}", self::at(format!("{at}Z").parse().ok()?)))
    };
    match name {
        "class" => format!("{value} {}", class(value)),
        _ if CODED.contains(&name) => {
            let words = value.split(' ').map(|word| clock(word).unwrap_or_else(|| word.replace('_', " ")));
            words.collect::<Vec<_>>().join(" ")
        }
        _ => value.parse::<Timestamp>().map_or_else(|_| value.to_owned(), at),
    }
}

/// A code such as `NOT_FOR_THIS_UNIT` or `queue_supervisor`, for reading.
pub(super) fn plain(code: &str) -> String {
    code.to_ascii_lowercase().replace('_', " ")
}

/// A step of a history. Whom or where it went is said as it is written.
pub(super) fn step(kind: &str, code: &str) -> String {
    let code = match kind {
        "ANSWERED" => String::new(),
        "ESCALATED" | "REJECTED" => plain(code),
        _ => code.to_owned(),
    };
    format!("{} {code}", plain(kind)).trim_end().to_owned()
}

/// A moment, e.g. `Fri 20 Nov 2026 17:30`; nothing where there is none.
pub(super) fn moment(time: Option<&prost_types::Timestamp>) -> Option<String> {
    Some(at(read(time?)?))
}

/// The same of a moment that is known.
pub(super) fn at(at: Timestamp) -> String {
    // The zone database is compiled in.
    let zone = TimeZone::get("Europe/London").unwrap_or(TimeZone::UTC);
    at.to_zoned(zone).strftime("%a %-d %b %Y %H:%M").to_string()
}

/// When something is due, beside now: `in 40 min`, `2 h late`.
pub(super) fn due(time: Option<&prost_types::Timestamp>, now: Timestamp) -> Option<(String, bool)> {
    let at = read(time?)?;
    let left = at.duration_since(now);
    let late = left < SignedDuration::ZERO;
    let span = span(left.abs());
    Some((if late { format!("{span} late") } else { format!("in {span}") }, late))
}

/// The same as it stands on a page, behind what is due, where it counts down.
pub(super) fn counts_down(what: &str, time: Option<&prost_types::Timestamp>, now: Timestamp) -> Option<Markup> {
    let (when, late) = due(time, now)?;
    Some(html! { span.late[late] data-due=(time?.seconds) data-said=(what) { (what) (when) } })
}

/// For how long something in hand is still theirs, where it counts down.
pub(super) fn yours_for(what: &str, until: Option<&prost_types::Timestamp>, now: Timestamp) -> Option<Markup> {
    let (left, late) = due(until, now)?;
    let left = if late { "no longer" } else { left.trim_start_matches("in ") };
    Some(html! { span data-lease="" data-due=(until?.seconds) data-said=(what) { (what) (left) } })
}

fn span(length: SignedDuration) -> String {
    let minutes = length.as_mins();
    match minutes {
        0..120 => format!("{minutes} min"),
        120..2880 => format!("{} h", minutes / 60),
        _ => format!("{} days", minutes / 1440),
    }
}

pub(super) fn read(time: &prost_types::Timestamp) -> Option<Timestamp> {
    Timestamp::new(time.seconds, time.nanos).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::code::Class;

    fn wire(text: &str) -> prost_types::Timestamp {
        let at: Timestamp = text.parse().unwrap();
        prost_types::Timestamp { seconds: at.as_second(), nanos: 0 }
    }

    #[test]
    fn times_are_those_of_london_and_said_beside_now() {
        assert_eq!(moment(Some(&wire("2026-07-06T16:00:00Z"))).as_deref(), Some("Mon 6 Jul 2026 17:00"));
        assert_eq!(moment(None), None);
        let now = "2026-11-20T12:00:00Z".parse().unwrap();
        for (at, words, late) in [
            ("2026-11-20T12:40:00Z", "in 40 min", false),
            ("2026-11-20T12:00:00Z", "in 0 min", false),
            ("2026-11-20T09:59:59Z", "2 h late", true),
            ("2026-11-24T12:00:00Z", "in 4 days", false),
        ] {
            assert_eq!(due(Some(&wire(at)), now), Some((words.to_owned(), late)), "{at}");
        }
    }

    #[test]
    fn names_of_fields_are_read_as_words() {
        for (name, words) in [
            ("text", "text"),
            ("episode.started", "episode, started"),
            ("persons[2].appearance", "person 3, appearance"),
            ("safe_contact", "safe contact"),
        ] {
            assert_eq!(field(name), words);
        }
    }

    #[test]
    fn a_card_is_read_without_codes_and_what_people_wrote_is_left_alone() {
        for (name, coded, read) in [
            ("flag", "no_family_contact", "no family contact"),
            (
                "prompt",
                "return_interview by 2026-11-20T16:30:00Z (overdue on arrival)",
                "return interview by Fri 20 Nov 2026 16:30 (overdue on arrival)",
            ),
            (
                "clock.offered",
                "on_time, 3 hours after the return, due by 2026-07-06T16:00:00Z",
                "on time, 3 hours after the return, due by Mon 6 Jul 2026 17:00",
            ),
            ("episode.returned", "2026-07-06T16:00:00Z", "Mon 6 Jul 2026 17:00"),
            ("class", "P0", "P0 life or serious harm now"),
            ("child.name", "zed_Z 2026-07-06T16:00:00Z", "zed_Z 2026-07-06T16:00:00Z"),
            ("child.date_of_birth", "2011-05-03", "2011-05-03"),
        ] {
            assert_eq!(value(name, coded), read, "{name}");
        }
    }

    #[test]
    fn every_class_has_words() {
        for code in Class::ALL {
            assert!(!class(code.code()).is_empty(), "{code}");
        }
    }
}

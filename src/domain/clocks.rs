//! The two 72-hour clocks of an interview (domain 4.1): contact to offer it, and carrying it out, both within 72 elapsed
//! hours of the child's return. They are shown; no class, grade or destination depends on them.

use jiff::{SignedDuration, Timestamp};

use super::{
    code::{InterviewOutcome, vocabulary},
    submission::Draft,
};

/// Elapsed from the return, whatever the wall clock does.
const LIMIT: SignedDuration = SignedDuration::from_hours(72);

vocabulary! {
    /// How a clock stands.
    ClockState {
        /// Done, at 72 hours at the latest.
        InTime = "in_time",
        /// Done after 72 hours.
        Late = "late",
        /// Not done, and there was time left when the submission was received.
        Running = "running",
        /// Not done, and 72 hours were over when the submission was received.
        Missed = "missed",
        /// No interview was held: the child or a parent declined, or it did not come to it after it was accepted.
        NotHeld = "not_held",
        /// No interview was offered.
        NotOffered = "not_offered",
        /// The outcome says that it was done; nobody recorded when.
        NotRecorded = "not_recorded",
    }
}

/// One of the clocks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Clock {
    /// 72 hours after the return.
    pub due: Timestamp,
    /// When it was done, if that is known.
    pub at: Option<Timestamp>,
    /// How it stands.
    pub state: ClockState,
    /// Done late, or 72 hours were over and it was not done though it should have been.
    pub late: bool,
}

impl Clock {
    /// Whole hours from the return until it was done.
    pub fn hours(&self) -> Option<i64> {
        self.at.map(|at| (at.duration_since(self.due) + LIMIT).as_hours())
    }

    /// As it is kept for the sender: state, whether late, when due, when done.
    pub fn kept(&self) -> String {
        let (late, at) = (if self.late { "late" } else { "-" }, self.at.map_or("-".to_owned(), |at| at.to_string()));
        format!("{} {late} {} {at}", self.state, self.due)
    }

    /// Reads what [`Clock::kept`] wrote.
    pub fn read(kept: &str) -> Option<Self> {
        let mut words = kept.split(' ');
        let state = ClockState::from_code(words.next()?)?;
        let late = words.next()? == "late";
        let due = words.next()?.parse().ok()?;
        let at = match words.next()? {
            "-" => None,
            at => Some(at.parse().ok()?),
        };
        Some(Self { due, at, state, late })
    }
}

/// Both, from the return; a child who has not returned has none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Clocks {
    /// Contact to offer.
    pub offered: Clock,
    /// Carried out.
    pub carried_out: Clock,
}

impl Clocks {
    /// The clocks of a submission received at `now`; `None` while the child has not returned.
    pub fn of(draft: &Draft, now: Timestamp) -> Option<Self> {
        let returned = draft.episode.returned?;
        let due = returned.checked_add(LIMIT).unwrap_or(Timestamp::MAX);
        let (offered, carried_out) = (offered(draft, due), carried_out(draft, due));
        let clock = |(at, state)| settle(due, now, at, state);
        Some(Self { offered: clock(offered), carried_out: clock(carried_out) })
    }
}

/// When it was offered first, or what the outcome says of that. An interview held in time was offered in time.
fn offered(draft: &Draft, due: Timestamp) -> (Option<Timestamp>, ClockState) {
    use InterviewOutcome as Outcome;
    if let Some(first) = draft.episode.offers.iter().map(|offer| offer.at).min() {
        return (Some(first), done(first, due));
    }
    match draft.episode.outcome {
        Outcome::NotOfferedMissingAgain | Outcome::NotOfferedNoContact | Outcome::NotOfferedOther => {
            (None, ClockState::NotOffered)
        }
        Outcome::Completed | Outcome::Partial if draft.interview.held_at.is_some_and(|held| held <= due) => {
            (None, ClockState::InTime)
        }
        Outcome::Completed
        | Outcome::Partial
        | Outcome::AcceptedNotHeld
        | Outcome::DeclinedChild
        | Outcome::DeclinedParent => (None, ClockState::NotRecorded),
    }
}

fn carried_out(draft: &Draft, due: Timestamp) -> (Option<Timestamp>, ClockState) {
    use InterviewOutcome as Outcome;
    match (draft.episode.outcome, draft.interview.held_at) {
        (Outcome::Completed | Outcome::Partial, Some(held)) => (Some(held), done(held, due)),
        (Outcome::Completed | Outcome::Partial, None) => (None, ClockState::NotRecorded),
        (Outcome::AcceptedNotHeld | Outcome::DeclinedChild | Outcome::DeclinedParent, _) => (None, ClockState::NotHeld),
        (Outcome::NotOfferedMissingAgain | Outcome::NotOfferedNoContact | Outcome::NotOfferedOther, _) => {
            (None, ClockState::Running)
        }
    }
}

/// 72 hours exactly is in time.
fn done(at: Timestamp, due: Timestamp) -> ClockState {
    if at <= due { ClockState::InTime } else { ClockState::Late }
}

/// What is still to be done is running or missed by the moment of receipt.
fn settle(due: Timestamp, now: Timestamp, at: Option<Timestamp>, state: ClockState) -> Clock {
    let over = now > due;
    let state = if state == ClockState::Running && over { ClockState::Missed } else { state };
    let late = match state {
        ClockState::Late | ClockState::Missed => true,
        ClockState::NotOffered => over,
        ClockState::InTime | ClockState::Running | ClockState::NotHeld | ClockState::NotRecorded => false,
    };
    Clock { due, at, state, late }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{
        code::{OfferMethod, OfferResult},
        submission::Offer,
        testing::{at, draft},
    };

    fn clocks(outcome: InterviewOutcome, offers: &[&str], held: Option<&str>, now: &str) -> [(ClockState, bool); 2] {
        let mut draft = draft();
        // Over the change to winter time: 72 hours are 72 hours.
        draft.episode.returned = Some(at("2026-10-24T10:00:00+01:00"));
        draft.episode.outcome = outcome;
        let offer = |moment: &&str| Offer {
            at: at(moment),
            method: OfferMethod::Phone,
            to: None,
            result: OfferResult::NoAnswer,
        };
        draft.episode.offers = offers.iter().map(offer).collect();
        draft.interview.held_at = held.map(at);
        let Clocks { offered, carried_out } = Clocks::of(&draft, at(now)).unwrap();
        for clock in [offered, carried_out] {
            assert_eq!(Clock::read(&clock.kept()), Some(clock));
        }
        [offered, carried_out].map(|clock| (clock.state, clock.late))
    }

    const DUE: &str = "2026-10-27T09:00:00Z";
    const AFTER: &str = "2026-10-27T09:00:01Z";

    #[test]
    fn seventy_two_elapsed_hours_exactly_are_in_time_and_a_second_more_is_late() {
        use ClockState::{InTime, Late, NotRecorded};
        use InterviewOutcome::Completed;
        let early = "2026-10-25T12:00:00Z";
        for (offers, held, states) in [
            (&[early][..], DUE, [(InTime, false), (InTime, false)]),
            (&[early], AFTER, [(InTime, false), (Late, true)]),
            (&[AFTER, DUE], AFTER, [(InTime, false), (Late, true)]),
            (&[AFTER], AFTER, [(Late, true), (Late, true)]),
            // Nobody wrote down an offer: held in time says offered in time, held late says nothing.
            (&[], DUE, [(InTime, false), (InTime, false)]),
            (&[], AFTER, [(NotRecorded, false), (Late, true)]),
        ] {
            assert_eq!(clocks(Completed, offers, Some(held), AFTER), states, "{offers:?} {held}");
        }
    }

    #[test]
    fn what_was_not_held_or_not_offered_is_said_so() {
        use ClockState::{InTime, Missed, NotHeld, NotOffered, NotRecorded, Running};
        use InterviewOutcome::{DeclinedChild, NotOfferedMissingAgain, NotOfferedNoContact, Partial};
        let early = &["2026-10-25T12:00:00Z"][..];
        assert_eq!(clocks(DeclinedChild, early, None, AFTER), [(InTime, false), (NotHeld, false)]);
        assert_eq!(clocks(DeclinedChild, &[], None, AFTER), [(NotRecorded, false), (NotHeld, false)]);
        assert_eq!(clocks(NotOfferedMissingAgain, &[], None, DUE), [(NotOffered, false), (Running, false)]);
        assert_eq!(clocks(NotOfferedNoContact, &[], None, AFTER), [(NotOffered, true), (Missed, true)]);
        assert_eq!(clocks(Partial, early, None, AFTER), [(InTime, false), (NotRecorded, false)]);
    }

    #[test]
    fn a_child_who_has_not_returned_has_no_clocks_and_hours_are_elapsed() {
        let mut draft = draft();
        draft.episode.returned = None;
        assert_eq!(Clocks::of(&draft, at(AFTER)), None);
        draft.episode.returned = Some(at("2026-11-12T22:50:00Z"));
        draft.episode.outcome = InterviewOutcome::Completed;
        draft.interview.held_at = Some(at("2026-11-16T10:15:00Z"));
        let clocks = Clocks::of(&draft, at("2026-11-16T11:30:00Z")).unwrap();
        assert_eq!(clocks.carried_out.hours(), Some(83));
        assert_eq!(clocks.carried_out.due, at("2026-11-15T22:50:00Z"));
    }
}

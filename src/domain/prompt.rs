//! Prompts that are followed until somebody has done what they ask: those with a date (R04, R06, R12). Each is kept once for a record,
//! whichever of its deliveries show it, so that whoever marks it marks it for all. No content and no name is in it.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::{
    code::vocabulary,
    decision::PromptKind,
    delivery::{Delivery, Header, State},
    identity::Role,
    outcome::NoActionReason,
    policy::SenderWording,
    queue::QueueId,
};

vocabulary! {
    /// How a prompt ended: two ways for each kind, and two that are the sender's.
    PromptOutcome {
        /// The strategy discussion was held.
        Held = "HELD",
        /// No strategy discussion is needed, with a reason.
        NotNeeded = "NOT_NEEDED",
        /// Referred: to the National Referral Mechanism, to Prevent, to whom the prompt names.
        Referred = "REFERRED",
        /// Not referred, with a reason.
        NotReferred = "NOT_REFERRED",
        /// Reported on 101, or 999 was rung.
        Reported = "REPORTED",
        /// Not reported, with a reason.
        NotReported = "NOT_REPORTED",
        /// The sender has corrected the referral: the correction raises it again, or nobody had read this.
        Corrected = "CORRECTED",
        /// The sender has recalled the referral.
        Recalled = "RECALLED",
    }
}

impl PromptOutcome {
    /// What an officer may say of a prompt of this kind: that it is done, or why it is not.
    pub const fn of(kind: PromptKind) -> [Self; 2] {
        match kind {
            PromptKind::Strategy => [Self::Held, Self::NotNeeded],
            PromptKind::Fgm101 | PromptKind::Call999 => [Self::Reported, Self::NotReported],
            PromptKind::Nrm
            | PromptKind::Prevent
            | PromptKind::Lado
            | PromptKind::AdultSafeguarding
            | PromptKind::Health => [Self::Referred, Self::NotReferred],
        }
    }

    /// It was not done: that has a reason.
    pub const fn needs_reason(self) -> bool {
        matches!(self, Self::NotNeeded | Self::NotReferred | Self::NotReported)
    }

    /// It was done.
    pub const fn is_done(self) -> bool {
        matches!(self, Self::Held | Self::Referred | Self::Reported)
    }
}

/// Who will do it: a unit that has the prompt, and what they are there. Never a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PromptOwner {
    /// The unit, by its queue.
    pub queue: QueueId,
    /// The role, where one was said.
    pub role: Option<Role>,
    /// When they were named.
    pub at: Timestamp,
    /// Identity of who named them.
    pub by: String,
}

/// How a prompt ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PromptEnd {
    /// When.
    pub at: Timestamp,
    /// Identity of who said so; empty where the sender's correction or recall ended it.
    pub by: String,
    /// How.
    pub outcome: PromptOutcome,
    /// Why not, where it was not done.
    pub reason: Option<NoActionReason>,
}

impl PromptEnd {
    /// In the words meant for senders: what exactly was done is the unit's (tipping off).
    pub fn wording(&self) -> String {
        match self.outcome {
            PromptOutcome::Corrected => "your correction stands in its place".to_owned(),
            PromptOutcome::Recalled => "recalled".to_owned(),
            done if done.is_done() => SenderWording::ActedOn.words(""),
            _ => SenderWording::NoFurtherAction.words(self.reason.map_or("", NoActionReason::words)),
        }
    }
}

/// A prompt of one record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrackedPrompt {
    /// What to do.
    pub kind: PromptKind,
    /// The rule that raised it; where several did, the one that is due first.
    pub rule: String,
    /// By when.
    pub due: Timestamp,
    /// When it was found late; on arrival, when it was received.
    pub late: Option<Timestamp>,
    /// Who will do it.
    pub owner: Option<PromptOwner>,
    /// How it ended.
    pub end: Option<PromptEnd>,
    /// One more with each mark: whoever marks it has seen the one before.
    pub version: u32,
}

/// How a prompt stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PromptState {
    /// To be done.
    Open,
    /// To be done, and past its date.
    Overdue,
    /// Ended.
    Ended,
}

impl TrackedPrompt {
    /// The prompts that a record with deliveries of these headers is followed for: one of each kind that has a date.
    pub fn raised(headers: &[Header]) -> Vec<Self> {
        let mut raised: BTreeMap<PromptKind, Self> = BTreeMap::new();
        for header in headers {
            for shown in &header.prompts {
                let Some(due) = shown.due else { continue };
                let late = (due < header.received).then_some(header.received);
                let (kind, rule) = (shown.kind, shown.rule.clone());
                let prompt = Self { kind, rule, due, late, owner: None, end: None, version: 1 };
                let known = raised.entry(kind).or_insert_with(|| prompt.clone());
                if prompt.due < known.due {
                    *known = prompt;
                }
            }
        }
        raised.into_values().collect()
    }

    /// It stands in the place of another of its kind, whose referral was corrected: its date does not move away, who was to do it still
    /// is, and what was done stays done. What somebody found not to be needed is asked again: the facts are others.
    pub fn succeed(&mut self, before: &Self) {
        self.keep_date(before);
        self.owner.clone_from(&before.owner);
        self.end = before.end.clone().filter(|end| end.outcome.is_done());
    }

    /// Its date does not move away from that of the one before.
    pub fn keep_date(&mut self, before: &Self) {
        if before.due < self.due {
            (self.due, self.late) = (before.due, before.late);
        }
    }

    /// How it stands at `now`; without a moment, as far as somebody was told.
    pub fn state(&self, now: Option<Timestamp>) -> PromptState {
        let late = self.late.is_some() || now.is_some_and(|now| now > self.due);
        match &self.end {
            Some(_) => PromptState::Ended,
            None if late => PromptState::Overdue,
            None => PromptState::Open,
        }
    }

    /// The moment after which somebody is still to be told that it is late (D15: late means now > due).
    pub fn late_after(&self) -> Option<Timestamp> {
        Some(self.due).filter(|_| self.end.is_none() && self.late.is_none())
    }

    /// A unit or an ending that an officer set: the version that follows.
    pub fn next_version(&self) -> u32 {
        self.version.saturating_add(1)
    }
}

impl Delivery {
    /// Whether its header shows a prompt of this kind.
    pub fn shows(&self, kind: PromptKind) -> bool {
        self.header.prompts.iter().any(|shown| shown.kind == kind)
    }

    /// Whether its queue is to follow what its header shows. It is while it is worked on and after it was completed; not once it went
    /// elsewhere, or while it is only offered here.
    pub fn follows(&self, kind: PromptKind) -> bool {
        let elsewhere = matches!(
            self.state,
            State::Resolved | State::Transferred | State::Declined | State::Superseded | State::Recalled
        );
        self.shows(kind) && !elsewhere && !self.is_offered()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_has_a_way_to_be_done_and_one_that_says_why_not() {
        for kind in PromptKind::ALL {
            let [done, not] = PromptOutcome::of(*kind);
            assert!(done.is_done() && !done.needs_reason(), "{kind}");
            assert!(!not.is_done() && not.needs_reason(), "{kind}");
        }
    }

    fn prompt(due: &str) -> TrackedPrompt {
        TrackedPrompt {
            kind: PromptKind::Nrm,
            rule: "R06".into(),
            due: due.parse().unwrap(),
            late: None,
            owner: None,
            end: None,
            version: 1,
        }
    }

    #[test]
    fn a_correction_moves_no_date_away_and_asks_again_what_was_found_not_to_be_needed() {
        let at: Timestamp = "2026-11-20T10:00:00Z".parse().unwrap();
        let end = |outcome| Some(PromptEnd { at, by: "officer".into(), outcome, reason: None });
        let before = prompt("2026-11-20T09:00:00Z");
        for (outcome, stays) in [(PromptOutcome::Referred, true), (PromptOutcome::NotReferred, false)] {
            let mut after = prompt("2026-11-21T09:00:00Z");
            after.succeed(&TrackedPrompt { end: end(outcome), ..before.clone() });
            assert_eq!((after.due, after.end.is_some()), (before.due, stays), "{outcome}");
        }
        let mut sooner = prompt("2026-11-19T09:00:00Z");
        sooner.succeed(&before);
        assert_eq!(sooner.due, prompt("2026-11-19T09:00:00Z").due);
    }

    #[test]
    fn late_is_after_the_date_and_not_at_it() {
        let open = prompt("2026-11-20T10:00:00Z");
        assert_eq!(open.state(Some(open.due)), PromptState::Open);
        let after = open.due + jiff::SignedDuration::from_nanos(1);
        assert_eq!(open.state(Some(after)), PromptState::Overdue);
        assert_eq!(open.state(None), PromptState::Open, "an answer that is given again does not change with time");
    }
}

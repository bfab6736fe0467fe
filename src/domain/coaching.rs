//! Coaching for the practitioner (domain 3): what of PEACE is filled, what is missing, and how many questions were open.
//!
//! It is shown to the author and to nobody else. Nothing is refused for it, and neither class, grade nor destination
//! reads it: a frightened child may need closed questions.

mod phases;

use super::{code::QuestionType, code::vocabulary, submission::Draft};

vocabulary! {
    /// The phases of PEACE.
    Phase {
        /// Plan and prepare.
        PlanAndPrepare = "plan_and_prepare",
        /// Engage and explain.
        EngageAndExplain = "engage_and_explain",
        /// Account.
        Account = "account",
        /// Clarify.
        Clarify = "clarify",
        /// Evaluate.
        Evaluate = "evaluate",
    }
}

/// A field as coaching sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Point {
    /// Path below `submission`; below `items` it stands for every item.
    field: &'static str,
    /// It is answered, with whatever answer.
    filled: bool,
    /// What to think of where it is not.
    words: &'static str,
}

/// Filled fields, and missing ones with words.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Completeness {
    /// Fields that are answered.
    pub filled: Vec<&'static str>,
    /// Fields that are not, each with a word of advice.
    pub missing: Vec<(&'static str, &'static str)>,
}

impl FromIterator<Point> for Completeness {
    fn from_iter<I: IntoIterator<Item = Point>>(points: I) -> Self {
        let mut complete = Self::default();
        for point in points {
            if point.filled {
                complete.filled.push(point.field);
            } else {
                complete.missing.push((point.field, point.words));
            }
        }
        complete
    }
}

/// Everything that coaching says about one submission.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Coaching {
    /// Each phase that this interview had.
    pub phases: Vec<(Phase, Completeness)>,
    /// Questions that were open.
    pub open_questions: usize,
    /// Questions recorded.
    pub questions: usize,
}

impl Coaching {
    /// Reads a submission.
    pub fn of(draft: &Draft) -> Self {
        let questions = &draft.interview.account.questions;
        Self {
            phases: Phase::ALL.iter().filter_map(|phase| Some((*phase, phases::points(*phase, draft)?))).collect(),
            open_questions: questions.iter().filter(|question| question.kind == QuestionType::Open).count(),
            questions: questions.len(),
        }
    }

    /// Open questions of all; none where no question was recorded, which is no ratio of nought.
    pub fn open_ratio(&self) -> Option<f64> {
        let count = |number: usize| u32::try_from(number).map_or(f64::MAX, f64::from);
        (self.questions > 0).then(|| count(self.open_questions) / count(self.questions))
    }
}

#[cfg(test)]
mod tests;

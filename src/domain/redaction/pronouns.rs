//! Whose a value is that stands behind "he" or "she": the child's, or theirs of whom the sentence before speaks.

use std::ops::Range;

use super::{
    named::Named,
    owners::{REACH, Value},
    policy::EffectiveRole,
    ties::Claim,
    words::is_family,
};
use crate::domain::code::Sex;

impl Value<'_, '_> {
    /// "He lives on Bell Street", where the child is a girl, or where the sentence before begins with Kane and says nothing of
    /// anybody else: Kane's. "The man lives on": nobody's.
    pub(super) fn somebody_elses(&self, sentence: &Range<usize>) -> Option<Claim> {
        if self.right(sentence).is_some() || self.is_document() {
            return None;
        }
        if self.is_at_home(sentence) {
            return None;
        }
        let likely =
            |mention: &Named| self.fits(mention).map(|role| Claim::likely(role, self.entity)).unwrap_or_default();
        let near = || sentence.start.max(self.words.start.saturating_sub(REACH))..self.words.start;
        if self.is_location() && near().any(|at| self.is_strangers(at)) {
            return Some(self.subject_before().filter(|before| !is_child(before.role)).map(likely).unwrap_or_default());
        }
        let pronoun = near().find_map(|at| sex_of(self.prose.text(at)).map(|sex| (at, sex)));
        let (at, sex) = pronoun?;
        if self.sex.is_some_and(|child| matches!(child, Sex::Male | Sex::Female) && child != sex) {
            return Some(self.subject_before().filter(|before| !is_child(before.role)).map(likely).unwrap_or_default());
        }
        let begins = at == sentence.start;
        self.antecedent(sentence).filter(|_| begins).map(likely)
    }

    /// Who the sentence before begins with, and nobody else is in it.
    fn antecedent(&self, sentence: &Range<usize>) -> Option<&Named> {
        let number = (self.prose.words[sentence.start].sentence as usize).checked_sub(1)?;
        let before = &self.prose.sentences[number].words;
        let upto = |word: usize| self.mentions.partition_point(|mention| mention.start < word);
        let [only] = &self.mentions[upto(before.start)..upto(before.end)] else { return None };
        let others =
            (only.end..before.end).any(|at| sex_of(self.prose.text(at)).is_some() || self.prose.text(at) == "them");
        (only.start == before.start && !others && !is_child(only.role)).then_some(only)
    }

    /// "The man lives", "her boyfriend stays": somebody who is not the child, without a name.
    fn is_strangers(&self, at: usize) -> bool {
        let lives = |at: usize| matches!(self.prose.text(at), "lives" | "stays" | "sleeps" | "lived" | "stayed");
        is_stranger(self.prose.text(at)) && self.prose.after(at).is_some_and(lives)
    }

    /// "Her dad drinks. He lives at 14 Bell Street": they may live with the child.
    fn is_at_home(&self, sentence: &Range<usize>) -> bool {
        let number = self.prose.words[sentence.start].sentence as usize;
        let from =
            self.prose.sentences[number.saturating_sub(1)].words.start.max(self.words.start.saturating_sub(REACH));
        (from..self.words.start).any(|at| is_family(self.prose.text(at)) && !is_stranger(self.prose.text(at)))
    }
}

const fn is_child(role: EffectiveRole) -> bool {
    matches!(role, EffectiveRole::SubjectChild | EffectiveRole::SubjectSource)
}

/// Whose word this is: "he", "her".
fn sex_of(word: &str) -> Option<Sex> {
    match word {
        "he" | "him" | "his" => Some(Sex::Male),
        "she" | "her" | "hers" => Some(Sex::Female),
        _ => None,
    }
}

/// Who is not of the child's own home.
fn is_stranger(word: &str) -> bool {
    matches!(
        word,
        "man" | "bloke" | "guy" | "boyfriend" | "bf" | "girlfriend" | "dealer" | "driver" | "woman" | "lad" | "male"
    )
}

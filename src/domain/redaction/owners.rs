//! Whose a value is that the form gives nobody: the text says it, or nobody does.

use std::ops::Range;

use super::{
    find::Hit,
    form::Entity,
    household::{is_own_home, is_parents},
    named::Named,
    people::People,
    policy::EffectiveRole,
    prose::{Gap, Prose},
    ties::{Claim, asks_for, shares_row, signs, ties},
};
use crate::domain::code::Sex;

/// Whose the value `hit` may be; nobody's where the text does not say.
pub(super) fn owners(prose: &Prose<'_>, mentions: &[Named], people: &People, hit: &Hit) -> Claim {
    let entity = hit.meaning.entity;
    if may_hold_a_name(entity) {
        let named = people.within(&prose.folded.text[hit.range.clone()]);
        if !named.is_empty() {
            return Claim::said(named);
        }
    }
    let start = prose.word_at(hit.range.start);
    if start >= prose.words.len() {
        return Claim::default();
    }
    let end = prose.words.partition_point(|word| word.range().start < hit.range.end);
    let words = start..end.max(start + 1);
    let value = Value { prose, mentions, child: people.child(), sex: people.child_sex(), entity, words };
    value.claim()
}

/// True for values of which a part may be somebody's name.
pub(super) const fn may_hold_a_name(entity: Entity) -> bool {
    matches!(entity, Entity::Email | Entity::Handle | Entity::Url)
}

/// In a sentence without end, words further off than this say nothing of a value.
pub(super) const REACH: usize = 100;

pub(super) struct Value<'a, 'f> {
    pub(super) prose: &'a Prose<'f>,
    pub(super) mentions: &'a [Named],
    child: Option<EffectiveRole>,
    /// The child's recorded sex.
    pub(super) sex: Option<Sex>,
    pub(super) entity: Entity,
    pub(super) words: Range<usize>,
}

impl Value<'_, '_> {
    fn claim(&self) -> Claim {
        let likely =
            |role: Option<EffectiveRole>| role.map(|role| Claim::likely(role, self.entity)).unwrap_or_default();
        match self.entity {
            Entity::Place => return Claim::default(),
            // The record's number is the child's.
            Entity::CaseRef | Entity::Placement => return likely(self.child),
            _ => {}
        }
        let sentence = self.sentence();
        if let Some(right) = self.claimed_behind(&sentence) {
            return self.fits(right).map(|role| Claim::said(vec![role])).unwrap_or_default();
        }
        let of_source = self.child == Some(EffectiveRole::SubjectSource);
        if of_source && is_parents(self.prose, self.mentions, &(sentence.start..self.words.start)) {
            return likely(Some(EffectiveRole::ParentOfSource));
        }
        let Some(left) = self.left(&sentence) else {
            if self.is_at_a_place(&sentence) {
                return likely(Some(EffectiveRole::Place));
            }
            return self.writer(&sentence).unwrap_or_else(|| self.without_a_name(&sentence));
        };
        if self.is_anothers(left) {
            return likely(self.child.filter(|_| self.is_document()));
        }
        if self.is_at_a_place(&sentence) {
            return likely(Some(EffectiveRole::Place));
        }
        if self.entity == Entity::Vrm && !self.is_driven(left) {
            return Claim::default();
        }
        match self.fits(self.giver(left, &sentence).unwrap_or(left)) {
            Some(role) if ties(self.prose, left, &self.words) => Claim::said(vec![role]),
            role => likely(role),
        }
    }

    fn sentence(&self) -> Range<usize> {
        self.prose.sentence(self.words.start).words.clone()
    }

    fn left(&self, sentence: &Range<usize>) -> Option<&Named> {
        let before = self.mentions.partition_point(|mention| mention.start < self.words.start);
        let here = self.mentions[..before].iter().rev().take_while(|mention| mention.start >= sentence.start);
        let mut there = here.take(3).filter(|mention| mention.end <= self.words.start);
        let nearest = there.next()?;
        // "Jo, godmother of Kane, rang on": Kane only says who Jo is.
        let of_another = self.prose.before(nearest.start).is_some_and(|at| self.prose.text(at) == "of");
        if of_another { there.next().or(Some(nearest)) } else { Some(nearest) }
    }

    /// "Kane gave Jo his number": Kane's.
    fn giver(&self, left: &Named, sentence: &Range<usize>) -> Option<&Named> {
        let words = |range: Range<usize>, of: &[&str]| range.into_iter().any(|at| of.contains(&self.prose.text(at)));
        let between = left.end..self.words.start;
        // "Jo fears that Kane knows where she lives (14 Bell Street)": Jo's.
        let lives = words(between.clone(), &["where"]) && words(between.clone(), &["lives", "stays", "sleeps"]);
        let own = words(between, &["his", "her", "their"]);
        let before = self.mentions.partition_point(|mention| mention.start < left.start);
        let first = self.mentions[..before].last().filter(|mention| mention.end <= left.start)?;
        if self.words.start - first.end > REACH {
            return None;
        }
        let gave = first.start >= sentence.start
            && words(first.end..left.start, &["gave", "gives", "sent", "handed", "passed", "texted", "showed"]);
        (own && gave || lives && first.start >= sentence.start).then_some(first)
    }

    /// "My number is": of who wrote the letter or the message that it stands in.
    fn writer(&self, sentence: &Range<usize>) -> Option<Claim> {
        let own = (sentence.start..self.words.start).rev().take(6).any(|at| matches!(self.prose.text(at), "my" | "me"));
        if !own {
            return None;
        }
        let number = self.prose.words[sentence.start].sentence as usize;
        let from = |number: &usize| {
            let words = &self.prose.sentences[*number].words;
            words.len() >= 2 && self.prose.text(words.start) == "from"
        };
        let row = (number.saturating_sub(40)..number).rev().find(from)?;
        let words = self.prose.sentences[row].words.clone();
        let from = self.mentions.partition_point(|mention| mention.start < words.start);
        let writer = self.mentions.get(from).filter(|mention| mention.start < words.end)?;
        Some(Claim::said(vec![writer.role]))
    }

    pub(super) fn right(&self, sentence: &Range<usize>) -> Option<&Named> {
        let from = self.mentions.partition_point(|mention| mention.start < self.words.end);
        self.mentions.get(from).filter(|mention| mention.start < sentence.end)
    }

    /// "07700 900123 is Kane's", "07700 900123 (Kane)".
    fn claimed_behind(&self, sentence: &Range<usize>) -> Option<&Named> {
        let right = self.right(sentence)?;
        let between = self.words.end..right.start;
        if between.len() > 4 {
            return None;
        }
        let says = between
            .clone()
            .any(|at| matches!(self.prose.text(at), "belongs" | "belong" | "registered" | "owned" | "used"));
        let own = between.len() <= 1
            && between.clone().all(|at| self.prose.text(at) == "is")
            && self.possessive(right)
            && !between.is_empty();
        let bracket = between.is_empty() && self.signs(right.start).contains('(') && self.left(sentence).is_none();
        (says || own || bracket).then_some(right)
    }

    fn possessive(&self, mention: &Named) -> bool {
        self.prose.words.get(mention.end).is_some_and(|next| next.gap == Gap::Apostrophe)
    }

    fn signs(&self, at: usize) -> &str {
        let from = at.checked_sub(1).map_or(0, |at| self.prose.words[at].range().end);
        &self.prose.folded.text[from..self.prose.words[at].range().start]
    }

    /// "Ali read me the number", "Kane photographed her passport": not the subject's own.
    fn is_anothers(&self, left: &Named) -> bool {
        if self.possessive(left) {
            return false;
        }
        let between = self.behind(left);
        let text = |at: usize| self.prose.text(at);
        let shown = between.clone().any(|at| {
            matches!(
                text(at),
                "read"
                    | "wrote"
                    | "gave"
                    | "showed"
                    | "shown"
                    | "knows"
                    | "knew"
                    | "remembers"
                    | "remembered"
                    | "found"
                    | "had"
                    | "saw"
                    | "noted"
                    | "described"
            )
        }) && between.clone().any(|at| matches!(text(at), "the" | "a") && self.is_thing(at));
        let document = self.is_document()
            && between.clone().any(|at| matches!(text(at), "her" | "his" | "their"))
            && !between.clone().any(|at| matches!(text(at), "asked" | "gave" | "lost"));
        let took = self.is_document()
            && between.clone().any(|at| {
                matches!(
                    text(at),
                    "photographed" | "picture" | "photo" | "took" | "wanted" | "demanded" | "kept" | "copied" | "has"
                )
            })
            && document;
        // "Jo saved him as": not Jo's.
        let of_him =
            between.clone().any(|at| matches!(text(at), "him" | "them")) && !super::named::is_third_party(left.role);
        // Somebody else's words: "he says save my number, it is".
        let quoted = between.clone().any(|at| text(at) == "my") && !super::named::is_source(left.role);
        quoted
            || of_him && !self.is_document()
            || shown && !matches!(self.entity, Entity::Address | Entity::School)
            || took
            || document && left.role == EffectiveRole::Suspect
    }

    /// The words between `left` and the value: in a sentence without end, the last of them.
    fn behind(&self, left: &Named) -> Range<usize> {
        left.end.max(self.words.start.saturating_sub(REACH))..self.words.start
    }

    /// "Location: 14 Quarrel Street": nobody's.
    fn is_at_a_place(&self, sentence: &Range<usize>) -> bool {
        let key = self.prose.text(sentence.start);
        let keyed = matches!(key, "location" | "where" | "place" | "venue" | "scene");
        self.is_location() && keyed && sentence.start < self.words.start
    }

    /// A mark is theirs who drives it, not theirs who is spoken of beside it.
    fn is_driven(&self, left: &Named) -> bool {
        left.role == EffectiveRole::Suspect
            || self.possessive(left)
            || self.behind(left).any(|at| {
                matches!(
                    self.prose.text(at),
                    "drives"
                        | "drove"
                        | "driving"
                        | "driven"
                        | "uses"
                        | "used"
                        | "owns"
                        | "in"
                        | "has"
                        | "his"
                        | "her"
                        | "came"
                        | "car"
                        | "van"
                )
            })
            || self.words.start - left.end <= 1
    }

    /// "the number", "a plate".
    fn is_thing(&self, determiner: usize) -> bool {
        (determiner + 1..(determiner + 4).min(self.words.start)).any(|at| {
            matches!(
                self.prose.text(at),
                "number"
                    | "phone"
                    | "mobile"
                    | "name"
                    | "page"
                    | "account"
                    | "handle"
                    | "plate"
                    | "reg"
                    | "registration"
                    | "address"
                    | "email"
                    | "mail"
                    | "link"
                    | "profile"
                    | "snap"
                    | "insta"
                    | "contact"
            )
        })
    }

    pub(super) const fn is_location(&self) -> bool {
        matches!(self.entity, Entity::Address | Entity::Postcode)
    }

    /// "Her house is at 14 Bell Street", "14 Bell Street is her house", where nobody is spoken of.
    fn is_home(&self, sentence: &Range<usize>) -> bool {
        let near = sentence.start.max(self.words.start.saturating_sub(REACH))..self.words.start;
        let (begins, ends) = (self.words.end, sentence.end.min(self.words.end + 4));
        let told = begins < ends && matches!(self.prose.text(begins), "is" | "was" | "s");
        self.is_location() && (is_own_home(self.prose, near) || told && is_own_home(self.prose, begins..ends))
    }

    pub(super) const fn is_document(&self) -> bool {
        matches!(
            self.entity,
            Entity::Passport | Entity::Nino | Entity::BankAccount | Entity::DrivingLicence | Entity::NhsNumber
        )
    }

    fn without_a_name(&self, sentence: &Range<usize>) -> Claim {
        let likely =
            |role: Option<EffectiveRole>| role.map(|role| Claim::likely(role, self.entity)).unwrap_or_default();
        if let Some(claim) = self.somebody_elses(sentence) {
            return claim;
        }
        if matches!(self.entity, Entity::Dob | Entity::School) && self.right(sentence).is_none() {
            return likely(self.child);
        }
        let home = || {
            (sentence.start.max(self.words.start.saturating_sub(REACH))..self.words.start)
                .any(|at| matches!(self.prose.text(at), "returned" | "home" | "back" | "lives"))
        };
        if self.is_location() && home() && self.right(sentence).is_none() {
            return likely(self.child);
        }
        if let Some(right) = self.right(sentence) {
            let role = self.fits(right);
            let asked = asks_for(self.prose, &self.words, right);
            return if asked { Claim::said(role.into_iter().collect()) } else { likely(role) };
        }
        if let Some(before) = self.subject_before() {
            let driven = self.entity != Entity::Vrm
                || before.role == EffectiveRole::Suspect
                || super::named::is_source(before.role);
            let role = self.fits(before).filter(|_| driven);
            let signed = before.role == EffectiveRole::Professional && signs(self.prose, before)
                || shares_row(self.prose, before, &self.words);
            return if signed { Claim::said(role.into_iter().collect()) } else { likely(role) };
        }
        likely(self.child.filter(|_| self.is_document() || self.is_home(sentence)))
    }

    /// The first who is mentioned in the nearest sentence before that mentions anybody: of the last few.
    pub(super) fn subject_before(&self) -> Option<&Named> {
        let number = self.prose.words[self.words.start].sentence as usize;
        let row = self.prose.sentences[number].row;
        for before in (number.saturating_sub(6)..number).rev() {
            let sentence = &self.prose.sentences[before];
            // Within a row two sentences are a long way; keys of a form stand further apart.
            if sentence.row == row && number - before > 3 {
                return None;
            }
            let upto = |word: usize| self.mentions.partition_point(|mention| mention.start < word);
            let there = &self.mentions[upto(sentence.words.start)..upto(sentence.words.end)];
            let found = if sentence.row == row { there.first() } else { there.last() };
            if found.is_some() {
                return found;
            }
        }
        None
    }

    /// The role of `mention`, if such a thing may be theirs: what a professional visits is not where they live.
    pub(super) fn fits(&self, mention: &Named) -> Option<EffectiveRole> {
        let place = matches!(
            self.entity,
            Entity::Address | Entity::Postcode | Entity::School | Entity::Placement | Entity::Vrm
        );
        let theirs = mention.role == EffectiveRole::Professional && place && !self.possessive(mention);
        (!theirs).then_some(mention.role)
    }
}

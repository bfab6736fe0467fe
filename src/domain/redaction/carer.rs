//! What of a text a carer may read: by default nothing. A sentence stays if it speaks of the child's plans, wishes and days,
//! or of professionals, and of nothing else; whatever it holds still passes the engine.

use std::ops::Range;

use super::{
    form::Entity,
    lexicon::{Flags, WordList},
    narrative::{Section, Sharing},
    plain,
    policy::EffectiveRole,
    prose::{Letters, Prose},
    resolve::Span,
};

/// What a sentence needs to stay.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Needs {
    /// Words that are plainly for a carer, more than words that may be against it.
    Plainly,
    /// Nothing that speaks against it, nor around it.
    NothingAgainst,
}

/// The parts of a text that a carer does not read, as ranges of the original, in order.
pub(super) fn cuts(prose: &Prose<'_>, spans: &[Span], sections: &[Section], needs: Needs) -> Vec<Range<usize>> {
    let mut weights = vec![Weight::default(); prose.sentences.len()];
    for (list, bytes) in &prose.phrases {
        if let Some(word) = prose.words.get(prose.word_at(bytes.start)) {
            weights[word.sentence as usize].add(*list);
        }
    }
    let weighed = Flags::of(&LISTS);
    for word in prose.words.iter().filter(|word| word.flags.meets(weighed) && word.letters != Letters::Label) {
        LISTS.iter().filter(|&&list| word.is(list)).for_each(|&list| weights[word.sentence as usize].add(list));
    }
    let ranges: Vec<Range<usize>> = (0..prose.sentences.len()).map(|number| original(prose, number)).collect();
    mention_weights(&ranges, spans, &mut weights);
    for (number, weight) in weights.iter_mut().enumerate() {
        weight.doubts += usize::from(may_name_somebody(prose, number));
    }
    let mut out: Vec<Range<usize>> = Vec::with_capacity(ranges.len());
    let mut before = Before { stays: true, about_another: false, row: 0 };
    for (number, range) in ranges.iter().enumerate() {
        let section = sections.get(sections.partition_point(|section| section.range.end <= range.start));
        let mark = section.filter(|section| section.range.contains(&range.start)).map(|section| section.mark);
        let weight = &weights[number];
        let stays = match mark {
            Some(Sharing::Withhold) => false,
            Some(Sharing::Share) => weight.may_be_shared(),
            None => {
                let told = plain::has_aside(prose, spans, number);
                !told && before.lets(prose, number, weight, needs) || is_heading(prose, number, weight)
            }
        };
        before = before.then(prose, number, weight, stays);
        if !stays {
            out.push(range.clone());
        }
    }
    let withheld = sections.iter().filter(|section| section.mark == Sharing::Withhold);
    out.extend(withheld.map(|section| section.range.clone()));
    merged(out)
}

const LISTS: [WordList; 5] =
    [WordList::NotForCarers, WordList::Home, WordList::Complaint, WordList::Doubtful, WordList::ForCarers];

/// What speaks for and against a sentence.
#[derive(Debug, Clone, Default)]
struct Weight {
    against: usize,
    home: usize,
    complaints: usize,
    doubts: usize,
    harmless: usize,
    /// People and things that a carer may not know of.
    others: usize,
    professionals: usize,
    child: usize,
}

impl Weight {
    fn add(&mut self, list: WordList) {
        match list {
            WordList::NotForCarers => self.against += 1,
            WordList::Home => self.home += 1,
            WordList::Complaint => self.complaints += 1,
            WordList::Doubtful => self.doubts += 1,
            WordList::ForCarers => self.harmless += 1,
            _ => {}
        }
    }

    /// True when nothing may stay, whoever marked it.
    fn is_barred(&self) -> bool {
        self.others > 0 || self.against > 0 || self.home > 0 && self.complaints > 0
    }

    /// In a section that the practitioner shares: all but what is plainly not for a carer.
    fn may_be_shared(&self) -> bool {
        !self.is_barred() && self.doubts <= self.harmless + 2 * self.professionals + 2
    }

    /// What speaks for it.
    const fn good(&self) -> usize {
        self.harmless + 2 * self.professionals + self.child
    }
}

/// The sentence before.
struct Before {
    stays: bool,
    /// It was about somebody whom a carer may not know of.
    about_another: bool,
    row: u32,
}

impl Before {
    /// What sentence `number` is to the one behind it.
    fn then(&self, prose: &Prose<'_>, number: usize, weight: &Weight, stays: bool) -> Self {
        let row = prose.sentences[number].row;
        let goes_on = self.about_another && (row == self.row || begins_with_pronoun(prose, number));
        Self { stays, about_another: !stays && (weight.others > 0 || goes_on), row }
    }

    /// Whether sentence `number`, that nobody marked, may stay behind this one. "They ..." goes on about whom the sentence
    /// before was about, and what says nothing of itself is of a kind with what stands around it.
    fn lets(&self, prose: &Prose<'_>, number: usize, weight: &Weight, needs: Needs) -> bool {
        if weight.is_barred() {
            return false;
        }
        let (good, doubts) = (weight.good(), weight.doubts);
        let same_row = self.row == prose.sentences[number].row;
        let goes_on = self.about_another && begins_with_pronoun(prose, number);
        if needs == Needs::Plainly {
            return good > doubts && (!goes_on || weight.harmless > doubts);
        }
        let of_the_other =
            goes_on && if same_row { weight.harmless <= doubts } else { weight.harmless < doubts.max(1) };
        let free = self.stays || begins_paragraph(prose, number);
        // What says something of whoever reads it, and nothing harmless, may be said against them.
        let reader = weight.home > 0 || reports(prose, number);
        let of_the_reader = reader && weight.harmless == 0 && weight.professionals == 0;
        !of_the_other && !of_the_reader && if good == 0 { doubts == 0 && free } else { good >= doubts }
    }
}

/// True where somebody reports in sentence `number`: "she says that", "he showed us"; not the heading "Told by:".
fn reports(prose: &Prose<'_>, number: usize) -> bool {
    prose.sentences[number].words.clone().skip(1).any(|at| {
        matches!(
            prose.text(at),
            "said"
                | "says"
                | "saying"
                | "told"
                | "tells"
                | "showed"
                | "whispered"
                | "reckons"
                | "claims"
                | "claimed"
                | "complained"
                | "admitted"
                | "revealed"
        )
    })
}

/// Who and what is mentioned in each sentence. Both lists are in order.
fn mention_weights(ranges: &[Range<usize>], spans: &[Span], weights: &mut [Weight]) {
    for span in spans {
        let number = ranges.partition_point(|range| range.end <= span.range.start);
        if matches!(span.entity, Entity::Relationship | Entity::Organisation) {
            continue;
        }
        let roles = || span.meanings.iter().map(|meaning| meaning.role);
        // What begins with a sign ("@", "+44") may begin in the sentence before.
        let there = ranges.iter().zip(weights.iter_mut()).skip(number);
        for (_, weight) in there.take_while(|(range, _)| range.start < span.range.end) {
            if roles().any(is_another) || span.entity == Entity::Place {
                weight.others += 1;
            } else if roles().all(|role| matches!(role, EffectiveRole::Professional | EffectiveRole::Submitter)) {
                weight.professionals += 1;
            } else if span.entity == Entity::Person && roles().any(is_at_home) {
                // What is said of whoever reads it may be said against them.
                weight.home += 1;
            } else if span.entity == Entity::Person {
                weight.child += 1;
            }
        }
    }
}

/// True when a blank line stands before sentence `number`.
fn begins_paragraph(prose: &Prose<'_>, number: usize) -> bool {
    let before = &prose.folded.original()[..original(prose, number).start];
    let white = &before[before.trim_end().len()..];
    white.matches('\n').count() > 1
}

/// True for a sentence whose first word may be somebody's name: "Pearl was outside."
fn may_name_somebody(prose: &Prose<'_>, number: usize) -> bool {
    let words = prose.sentences[number].words.clone();
    let (first, next) = (&prose.words[words.start], prose.words.get(words.start + 1));
    first.letters == Letters::Capital
        && first.is(WordList::NameToo)
        && !super::words::is_function(prose.text(words.start))
        && next.is_some_and(|next| next.letters == Letters::Small && next.is(WordList::AfterPerson))
}

/// True for those with whom the child lives.
const fn is_at_home(role: EffectiveRole) -> bool {
    matches!(role, EffectiveRole::ParentCarer | EffectiveRole::ParentOfSource)
}

/// True for those of whom a carer must not read.
const fn is_another(role: EffectiveRole) -> bool {
    use EffectiveRole as R;
    match role {
        R::OtherChild
        | R::UnlistedChild
        | R::Suspect
        | R::Witness
        | R::SecondSource
        | R::Source
        | R::CarerSource
        | R::Place
        | R::Unknown => true,
        R::SubjectChild | R::SubjectSource | R::ParentCarer | R::ParentOfSource | R::Professional | R::Submitter => {
            false
        }
    }
}

fn begins_with_pronoun(prose: &Prose<'_>, number: usize) -> bool {
    let words = prose.sentences[number].words.clone();
    words.take(2).any(|at| matches!(prose.text(at), "he" | "she" | "they" | "it" | "his" | "her" | "their"))
}

/// A title over what follows.
fn is_heading(prose: &Prose<'_>, number: usize, weight: &Weight) -> bool {
    let words = prose.sentences[number].words.len();
    words <= 4 && weight.doubts == 0 && !weight.is_barred() && ends_with_colon_or_hash(prose, number)
}

fn ends_with_colon_or_hash(prose: &Prose<'_>, number: usize) -> bool {
    let words = prose.sentences[number].words.clone();
    let last = prose.words[words.end - 1].range().end;
    let before = &prose.folded.text[..prose.words[words.start].range().start];
    prose.folded.text[last..].starts_with(':') || before.trim_end_matches([' ', '*']).ends_with('#')
}

/// The sentence in the original, with the signs before it and up to the next.
fn original(prose: &Prose<'_>, number: usize) -> Range<usize> {
    prose.folded.to_original(prose.bytes(number))
}

/// Ranges in order, those that touch or overlap as one.
pub(super) fn merged(mut ranges: Vec<Range<usize>>) -> Vec<Range<usize>> {
    ranges.sort_by_key(|range| range.start);
    let mut out: Vec<Range<usize>> = Vec::new();
    for range in ranges {
        match out.last_mut() {
            Some(last) if range.start <= last.end => last.end = last.end.max(range.end),
            _ => out.push(range),
        }
    }
    out
}

//! Who of those that nobody listed brought the information, by what the text says of them.

use std::{collections::BTreeSet, ops::Range};

use super::{
    find::Hit,
    form::Entity,
    lexicon::{Flags, WordList},
    named::Named,
    needle::{Meaning, Strength},
    policy::EffectiveRole,
    prose::{Gap, Prose},
};

/// In a sentence without end, words further off than this say nothing of a source.
const REACH: usize = 40;

/// Verbs of what is said, and not of what is handed over.
const SPEAKING: &[&str] = &[
    "told",
    "said",
    "whispered",
    "confided",
    "admitted",
    "explained",
    "mentioned",
    "reported",
    "disclosed",
    "revealed",
];

/// What a text says, by phrase: lists and where their phrases stand, as words.
pub(super) struct Said {
    phrases: Vec<(WordList, Range<usize>)>,
}

impl Said {
    /// Finds the phrases about sources in `prose`, single words of their lists among them.
    pub fn of(prose: &Prose<'_>) -> Self {
        let wanted = [
            WordList::ToldBy,
            WordList::Bringing,
            WordList::Telling,
            WordList::Us,
            WordList::Confidential,
            WordList::FewKnow,
            WordList::Defying,
            WordList::People,
        ];
        let mut phrases = Vec::with_capacity(prose.phrases.len() + prose.words.len() / 8);
        for (list, bytes) in prose.phrases.iter().filter(|(list, _)| wanted.contains(list)) {
            phrases.push((*list, prose.words_on(bytes)));
        }
        let flags = Flags::of(&wanted);
        for (at, word) in prose.words.iter().enumerate().filter(|(_, word)| word.flags.meets(flags)) {
            for list in wanted.into_iter().filter(|&list| word.is(list)) {
                phrases.push((list, at..at + 1));
            }
        }
        phrases.sort_by_key(|(list, words)| (words.start, *list as usize));
        Self { phrases }
    }

    fn each(&self, list: WordList) -> impl Iterator<Item = &Range<usize>> {
        self.phrases.iter().filter(move |(of, _)| *of == list).map(|(_, words)| words)
    }

    /// Phrases of `list` that begin where [`related`] can use them.
    fn near(&self, list: WordList, mention: &Named) -> impl Iterator<Item = &Range<usize>> {
        let from = self.phrases.partition_point(|(_, words)| words.start + REACH < mention.start);
        let here = self.phrases[from..].iter().take_while(|(_, words)| words.start <= mention.end + 8);
        here.filter(move |(of, _)| *of == list).map(|(_, words)| words)
    }

    pub fn begins(&self, list: WordList, at: usize) -> Option<&Range<usize>> {
        let from = self.phrases.partition_point(|(_, words)| words.start < at);
        let here = self.phrases[from..].iter().take_while(|(_, words)| words.start == at);
        here.filter(|(of, _)| *of == list).map(|(_, words)| words).max_by_key(|words| words.end)
    }

    /// The phrase for us that is told from word `at` on: "told us", "whispered it to the worker".
    fn tells_us(&self, prose: &Prose<'_>, at: usize) -> Option<&Range<usize>> {
        let is = |at: usize, words: &[&str]| prose.words.get(at).is_some_and(|_| words.contains(&prose.text(at)));
        let said = at > 0 && is(at - 1, SPEAKING) && is(at, &["it", "this", "that", "everything", "all", "so"]);
        let at = at + usize::from(said);
        self.begins(WordList::Us, at).or_else(|| self.begins(WordList::Us, at + 1).filter(|_| is(at, &["to"])))
    }

    /// True when the text speaks of a source at all.
    pub fn is_silent(&self) -> bool {
        !self.phrases.iter().any(|(list, _)| !matches!(list, WordList::Us | WordList::People | WordList::Defying))
    }
}

/// The people whom the text names as having told, of those for whom `may_be` is true.
pub(super) fn sources(
    prose: &Prose<'_>,
    mentions: &[Named],
    said: &Said,
    may_be: impl Fn(&Named) -> bool,
) -> BTreeSet<usize> {
    let mut out = BTreeSet::new();
    let mut add = |mention: Option<&Named>| {
        if let Some(person) = mention.filter(|mention| may_be(mention)).and_then(|mention| mention.person) {
            out.insert(person);
        }
    };
    let near = Near { prose, mentions };
    for cue in said.each(WordList::ToldBy) {
        add(near.after(cue.end, 5));
    }
    for cue in said.each(WordList::Bringing) {
        let speaker = near.unnamed_speaker(cue);
        if speaker.is_some() {
            add(speaker);
        } else if !near.is_passive(cue.start) && (!near.has_object(cue.end) || near.gives_away(cue)) {
            add(near.before(cue.start, 5));
        }
    }
    for cue in said.each(WordList::Telling) {
        let speaker = near.unnamed_speaker(cue);
        let us = said.tells_us(prose, cue.end).filter(|us| near.is_us(us)).map(|us| us.end);
        let told_us = us.is_some() || near.is_worker(cue.end);
        if speaker.is_some() {
            add(speaker);
        } else if near.is_supposed(cue) || us.is_some_and(|us| near.is_defied(said, cue, us)) {
            continue;
        } else if !near.is_passive(cue.start) && told_us {
            // "Jo came to the office and told us".
            let reach = if near.is_joined(cue.start) { 10 } else { 4 };
            add(near.before(cue.start, reach).or_else(|| near.subject_before(cue.start)));
        } else {
            add(near.reason_to_know(cue));
        }
    }
    for cue in said.each(WordList::Confidential) {
        add(near.in_confidence(cue));
    }
    out
}

/// Words that show how a source is related or how few could know, as hits: of the sources among `mentions`.
pub(super) fn relations(prose: &Prose<'_>, mentions: &[Named], said: &Said, hits: &mut Vec<Hit>) {
    let meaning = Meaning { entity: Entity::Relationship, role: EffectiveRole::Source, person: None };
    let mut add = |words: Range<usize>| {
        let range = prose.words[words.start].range().start..prose.words[words.end - 1].range().end;
        hits.push(Hit { range, meaning, strength: Strength::Part, listed: false });
    };
    let is_source = |mention: &&Named| mention.role == EffectiveRole::Source;
    for mention in mentions.iter().filter(is_source) {
        for people in said.near(WordList::People, mention) {
            if let Some(words) = related(prose, mentions, mention, people) {
                add(words);
            }
        }
    }
    if mentions.iter().any(|mention| super::named::is_source(mention.role)) {
        for cue in said.each(WordList::FewKnow) {
            let end = prose.sentence(cue.start).words.end.min(cue.end + REACH);
            let ends = (cue.end..end).find(|&at| matches!(prose.words[at].gap, Gap::Comma | Gap::Sign | Gap::End));
            add(cue.start..ends.unwrap_or(end));
        }
    }
}

/// The words of `people` that say what the source `mention` is to somebody: "Jo (her aunt)", "Jo, who is Ali's coach",
/// "Ali's nan, Jo".
fn related(prose: &Prose<'_>, mentions: &[Named], mention: &Named, people: &Range<usize>) -> Option<Range<usize>> {
    let sentence = prose.sentence(mention.start).words.clone();
    if !sentence.contains(&people.start) || is_mentioned(mentions, people) {
        return None;
    }
    let small = |at: usize| {
        matches!(
            prose.text(at),
            "who"
                | "is"
                | "was"
                | "the"
                | "her"
                | "his"
                | "their"
                | "a"
                | "an"
                | "s"
                | "my"
                | "as"
                | "of"
                | "child"
                | "family"
        ) || is_mentioned(mentions, &(at..at + 1))
    };
    let own = |range: Range<usize>| range.filter(|&at| !small(at)).count();
    if people.start >= mention.end && people.start - mention.end <= 8 {
        let begins = (mention.end..people.start)
            .rev()
            .take_while(|&at| !small(at) && prose.words[at + 1].gap == Gap::Space)
            .last();
        let start = begins.unwrap_or(people.start);
        return (own(mention.end..start) == 0 && people.end - start <= 5).then_some(start..people.end);
    }
    let before = people.end <= mention.start && mention.start - people.end <= 1 && own(people.end..mention.start) == 0;
    let start = (sentence.start.max(people.start.saturating_sub(REACH))..people.start)
        .rev()
        .take_while(|&at| !small(at) && prose.words[at + 1].gap == Gap::Space)
        .last();
    let start = start.filter(|&start| people.start - start <= 2).unwrap_or(people.start);
    before.then_some(start..people.end)
}

/// True when somebody is mentioned in `words`. Mentions do not overlap.
fn is_mentioned(mentions: &[Named], words: &Range<usize>) -> bool {
    let next = mentions.partition_point(|mention| mention.end <= words.start);
    mentions.get(next).is_some_and(|mention| mention.start < words.end)
}

/// The people who are mentioned around a phrase.
pub(super) struct Near<'a, 'f> {
    pub prose: &'a Prose<'f>,
    pub mentions: &'a [Named],
}

impl Near<'_, '_> {
    /// The last mention that ends at most `reach` words before `at`, in the same sentence.
    pub fn before(&self, at: usize, reach: usize) -> Option<&Named> {
        let start = self.prose.words.get(at).map(|_| self.prose.sentence(at).words.start)?;
        let last = self.mentions[..self.mentions.partition_point(|mention| mention.start < at)].last()?;
        (last.end <= at && last.start >= start && at - last.end <= reach).then_some(last)
    }

    /// The first mention that begins at most `reach` words after `at`, in the same sentence.
    pub fn after(&self, at: usize, reach: usize) -> Option<&Named> {
        let end = self.prose.sentence(at.checked_sub(1)?).words.end;
        let next = self.mentions.get(self.mentions.partition_point(|mention| mention.start < at))?;
        (next.start < end && next.start - at <= reach).then_some(next)
    }

    /// Whom "she" is, in a sentence that begins with it or ends in "say it was her": the first who is mentioned in the
    /// sentence before.
    pub fn subject_before(&self, at: usize) -> Option<&Named> {
        let number = self.prose.words[at].sentence as usize;
        let here = self.prose.sentences[number].words.clone();
        let text = |at: usize| self.prose.text(at);
        let pronoun = here.clone().take(3).any(|at| matches!(text(at), "he" | "she" | "they"))
            || here.len() <= 8 && matches!(text(here.end - 1), "him" | "her" | "them")
            // "Please keep her name out of it."
            || (here.start + 1..here.end.min(here.start + REACH))
                .any(|at| text(at) == "name" && matches!(text(at - 1), "her" | "his" | "their"));
        let upto = |word: usize| self.mentions.partition_point(|mention| mention.start < word);
        let nobody = upto(here.start) == upto(at.clamp(here.start, here.end));
        let before = number.checked_sub(1).filter(|_| pronoun && nobody)?;
        let words = self.prose.sentences[before].words.clone();
        self.mentions.get(upto(words.start)).filter(|mention| mention.start < words.end)
    }

    /// "was called", "is told".
    pub fn is_passive(&self, at: usize) -> bool {
        self.prose.before(at).is_some_and(|at| {
            matches!(self.prose.text(at), "is" | "was" | "are" | "were" | "be" | "been" | "being" | "also" | "s" | "to")
        })
    }

    /// "and told", "who then told".
    fn is_joined(&self, at: usize) -> bool {
        self.prose.before(at).is_some_and(|at| matches!(self.prose.text(at), "and" | "then" | "who" | "later"))
    }

    /// True where a professional is named at word `at`: telling them is telling us.
    fn is_worker(&self, at: usize) -> bool {
        let named = self.mentions.binary_search_by_key(&at, |mention| mention.start);
        named.is_ok_and(|index| {
            matches!(self.mentions[index].role, EffectiveRole::Professional | EffectiveRole::Submitter)
        })
    }

    /// "rang him", "texted Kane", "called for Kane".
    fn has_object(&self, at: usize) -> bool {
        let object = |at: usize| {
            matches!(
                self.prose.text(at),
                "him" | "her" | "them" | "his" | "their" | "himself" | "herself" | "for" | "round"
            ) || !self.is_worker(at) && self.mentions.binary_search_by_key(&at, |mention| mention.start).is_ok()
        };
        self.prose.after(at - 1).is_some_and(object)
    }

    /// "me", "us", "the worker": not "in", "from", which say nothing behind "told".
    fn is_us(&self, us: &Range<usize>) -> bool {
        !matches!(self.prose.text(us.start), "in" | "again" | "back" | "from" | "at" | "on" | "yesterday" | "today")
            || us.len() > 1
    }

    /// "do not name Jo", "is not aware that Jo rang": the source comes behind the phrase.
    pub fn looks_ahead(&self, cue: &Range<usize>) -> bool {
        matches!(
            self.prose.text(cue.start),
            "do" | "don" | "dont" | "does" | "is" | "protect" | "shield" | "without" | "keep" | "leave"
        ) || self.prose.text(cue.start) == "not" && matches!(self.prose.text(cue.end - 1), "use" | "aware")
    }
}

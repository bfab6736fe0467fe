//! The child's family by what a text says of them: whose name stands beside a word for family, and whose family is not the
//! child's.

use std::ops::Range;

use super::{
    cues::{Candidate, Kind},
    find::Hit,
    form::Entity,
    household::is_parent,
    lexicon::WordList,
    named::named,
    needle::{Meaning, Strength},
    policy::EffectiveRole,
    prose::{Gap, Prose},
    words::is_function,
};

/// In a sentence without end, words further off than this say nothing of whose a family is.
const REACH: usize = 40;

/// Who is mentioned in a text, as far as it matters for whose family somebody is.
pub(super) struct Kin {
    /// Where somebody begins who is listed and not the child, in order.
    others: Vec<usize>,
    /// Where somebody begins who is not listed, and not of the family, in order.
    strangers: Vec<usize>,
    /// Where the child's names end, in order.
    child: Vec<usize>,
    /// Where the last name ends that is the family's, and whether more of them were announced: "her sisters Mia and Zoe".
    last: Option<(usize, bool)>,
}

impl Kin {
    /// Reads `hits`, what the form lists.
    pub fn of(hits: &[Hit]) -> Self {
        let child = |role| matches!(role, EffectiveRole::SubjectSource | EffectiveRole::SubjectChild);
        let people = || hits.iter().filter(|hit| hit.meaning.entity == Entity::Person);
        let mut others: Vec<usize> =
            people().filter(|hit| !child(hit.meaning.role)).map(|hit| hit.range.start).collect();
        others.sort_unstable();
        let mut child: Vec<usize> = people().filter(|hit| child(hit.meaning.role)).map(|hit| hit.range.end).collect();
        child.sort_unstable();
        Self { others, strangers: Vec::new(), child, last: None }
    }

    /// True when the text says that `candidate` is of the child's family: "her mum Abena", "Mum (Abena)", "Abena, her mum",
    /// "Nan is called Abena", "her little brother Kojo". Not where somebody who is not the child is named before: "his mum" may
    /// be theirs. Of a step-parent and of whoever is no parent it does not count where the text says that they do harm: a
    /// person of concern keeps their name. Candidates come in order.
    pub fn is_family(&mut self, prose: &Prose<'_>, candidate: &Candidate) -> bool {
        let run = &candidate.words;
        let sentence = prose.sentence(run.start).words.clone();
        let kin = kin_before(prose, run, sentence.start).or_else(|| kin_behind(prose, run, sentence.end));
        let found = match kin {
            Some(kin) if candidate.kind == Kind::Person => {
                let close = is_parent(prose, kin) && !prose.text(kin).starts_with("step");
                let harmless = close || !self.is_of_concern(prose, run.end..sentence.end);
                (self.is_childs(prose, kin, sentence.start) && harmless).then(|| prose.text(kin).ends_with('s'))
            }
            _ => self.continues(prose, run).then_some(true),
        };
        match found {
            Some(more) => self.last = Some((run.end, more)),
            None if candidate.kind == Kind::Person => {
                self.strangers.push(prose.words[run.start].range().start);
            }
            None => {}
        }
        found.is_some()
    }

    /// True when the family word at `kin` is about the child's.
    fn is_childs(&self, prose: &Prose<'_>, kin: usize, begins: usize) -> bool {
        if prose.words[kin].gap == Gap::Hyphen {
            return false;
        }
        // "Kane's mum Abena".
        let possessive = kin > begins + 1 && prose.text(kin - 1) == "s" && prose.words[kin - 1].gap == Gap::Apostrophe;
        if possessive {
            return self.child.binary_search(&prose.words[kin - 2].range().end).is_ok();
        }
        let sentence = prose.words[begins].range().start..prose.words[kin].range().start;
        let before = |people: &[usize]| {
            let upto = people.partition_point(|&other| other < sentence.end);
            people[..upto].last().is_some_and(|&last| last >= sentence.start)
        };
        !before(&self.others) && !before(&self.strangers)
    }

    /// True where the first words of `behind` say that whoever is named before does harm: deals, or hurts somebody.
    fn is_of_concern(&self, prose: &Prose<'_>, behind: Range<usize>) -> bool {
        let within = |at: &usize| behind.contains(at);
        behind.clone().take(4).any(|at| {
            let next = Some(at + 1).filter(within);
            let deals = prose.words[at].is(WordList::Dealing) && next.is_none_or(|next| prose.text(next) != "with");
            deals || prose.words[at].is(WordList::Harming) && next.is_some_and(|next| self.suffers(prose, at, next))
        })
    }

    /// True where word `next` is somebody to whom the verb at word `verb` is done.
    fn suffers(&self, prose: &Prose<'_>, verb: usize, next: usize) -> bool {
        let word = prose.words[next].range();
        match prose.text(next) {
            // "hurt her badly", and not "hurt her knee".
            "her" if matches!(prose.text(verb), "hurt" | "hurts" | "hurting" | "locked" | "locks") => {
                prose.after(next).is_none_or(|at| is_function(prose.text(at)) || prose.text(at).ends_with("ly"))
            }
            "her" | "him" | "them" | "me" | "us" | "someone" | "somebody" | "people" | "girls" | "boys"
            | "children" | "kids" | "others" | "women" | "everyone" => true,
            _ => self.child.binary_search(&word.end).is_ok() || self.others.binary_search(&word.start).is_ok(),
        }
    }

    /// True behind a name of the family of which more were announced.
    fn continues(&self, prose: &Prose<'_>, run: &Range<usize>) -> bool {
        let Some((end, true)) = self.last else { return false };
        let and = end + 1 == run.start && matches!(prose.text(end), "and" | "n") && prose.before(run.start).is_some();
        and || end == run.start && !prose.begins(run.start) && prose.words[end].gap == Gap::Comma
    }
}

fn kin_before(prose: &Prose<'_>, run: &Range<usize>, begins: usize) -> Option<usize> {
    let mut at = run.start;
    while at > begins && run.start - at < 6 {
        at -= 1;
        if is_kin(prose, at) {
            return Some(at);
        }
        let name =
            matches!(prose.text(at), "is" | "was" | "called" | "named" | "name" | "little" | "baby" | "big" | "lil");
        let possessive = prose.text(at) == "s" && prose.words[at].gap == Gap::Apostrophe;
        if !name && !possessive && !prose.words[at].is(WordList::Title) {
            return None;
        }
    }
    None
}

fn kin_behind(prose: &Prose<'_>, run: &Range<usize>, ends: usize) -> Option<usize> {
    let apart = |at: usize| matches!(prose.words[at].gap, Gap::Comma | Gap::Sign);
    let first = run.end;
    if first >= ends || !apart(first) {
        return None;
    }
    let own = |at: usize| matches!(prose.text(at), "her" | "his" | "their" | "my");
    let mut kin = if own(first) { first + 1 } else { first };
    if kin < ends && own(first) && is_size(prose.text(kin)) {
        kin += 1;
    }
    let closed = kin + 1 >= ends || apart(kin + 1);
    (kin < ends && closed && is_kin(prose, kin)).then_some(kin)
}

fn is_size(word: &str) -> bool {
    matches!(word, "little" | "lil" | "big" | "baby" | "older" | "younger" | "elder" | "oldest" | "youngest")
}

/// A word for family.
fn is_kin(prose: &Prose<'_>, at: usize) -> bool {
    is_parent(prose, at)
        || is_short(prose, at)
        || matches!(
            prose.text(at),
            "brother"
                | "brothers"
                | "sister"
                | "sisters"
                | "sibling"
                | "siblings"
                | "twin"
                | "twins"
                | "aunt"
                | "auntie"
                | "aunty"
                | "aunts"
                | "aunties"
                | "uncle"
                | "uncles"
                | "cousin"
                | "cousins"
                | "niece"
                | "nephew"
                | "stepbrother"
                | "stepsister"
                | "grandpa"
                | "nanny"
                | "godmother"
                | "godfather"
        )
}

/// "her bro", "my little sis": by themselves they are said to anybody.
fn is_short(prose: &Prose<'_>, at: usize) -> bool {
    let owned = |at: usize| matches!(prose.text(at), "her" | "his" | "their" | "my" | "s") || is_size(prose.text(at));
    matches!(prose.text(at), "bro" | "bros" | "sis" | "lilbro" | "lilsis" | "nans")
        && prose.before(at).is_some_and(owned)
}

/// Adds the short words for family, which are so only beside what says whose: of a family in `role`.
pub(super) fn short_words(prose: &Prose<'_>, role: EffectiveRole, hits: &mut Vec<Hit>) {
    let meaning = Meaning { entity: Entity::Relationship, role, person: None };
    let short = (0..prose.words.len()).filter(|&at| prose.words[at].range().len() <= 6 && is_short(prose, at));
    hits.extend(short.map(|at| Hit {
        range: prose.words[at].range(),
        meaning,
        strength: Strength::Part,
        listed: true,
    }));
}

/// Takes out the words for family that are about somebody else's: "Kane keeps it at his nan's". Where the child may be meant
/// they stay.
pub(super) fn without_others_family(prose: &Prose<'_>, hits: &mut Vec<Hit>) {
    let family = |hit: &Hit| hit.meaning.entity == Entity::Relationship && hit.strength == Strength::Part;
    let suspect = |hit: &Hit| hit.meaning.entity == Entity::Person && hit.meaning.role == EffectiveRole::Suspect;
    if !hits.iter().any(family) || !hits.iter().any(suspect) {
        return;
    }
    let mentions = named(prose, hits);
    let theirs = |hit: &Hit| {
        let word = prose.word_at(hit.range.start);
        let mut own = prose.before(word)?;
        if is_size(prose.text(own)) {
            own = prose.before(own)?;
        }
        let begins = prose.sentence(own).words.start.max(own.saturating_sub(REACH));
        let from = mentions.partition_point(|mention| mention.start < begins);
        let mut here = mentions[from..].iter().take_while(|mention| mention.start < own).peekable();
        let someone = here.peek().is_some() && here.all(|mention| mention.role == EffectiveRole::Suspect);
        let child = (begins..own).any(|at| matches!(prose.text(at), "him" | "boy" | "child" | "lad" | "son"));
        (prose.text(own) == "his" && someone && !child).then_some(())
    };
    hits.retain(|hit| !family(hit) || theirs(hit).is_none());
}

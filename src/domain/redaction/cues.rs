//! Names that nobody listed, by how they are written and what stands around them. No list of first names: a name of any
//! origin is a capital, or a word that is no English, in a place where a name stands.

use std::ops::Range;

use super::{
    ascii::has_more_than,
    children::is_child,
    dates::{is_dated, is_month},
    fold::Casing,
    lexicon::{WordList, is_slip},
    policy::EffectiveRole,
    prose::{Gap, Letters, Prose},
    venues,
};

/// A run of words that is a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Candidate {
    /// The words.
    pub words: Range<usize>,
    /// What it names.
    pub kind: Kind,
    /// What is said of them beside it: a trade makes a professional of them, a school year a child.
    pub role: EffectiveRole,
}

/// What a run of words names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Somebody.
    Person,
    /// A venue.
    Place,
}

/// What is known already of each word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cover {
    /// Nothing.
    Free,
    /// It is a part of a listed name.
    Name,
    /// It is what somebody listed is called by, and nobody's surname.
    FirstName,
    /// It is, or is part of, something else.
    Taken,
}

impl Cover {
    const fn is_listed(self) -> bool {
        matches!(self, Self::Name | Self::FirstName)
    }
}

/// Every name in `prose` that `cover` leaves free.
pub(super) fn candidates(prose: &Prose<'_>, cover: &[Cover]) -> Vec<Candidate> {
    let mut out: Vec<Candidate> = Vec::new();
    let mut at = 0;
    while at < prose.words.len() {
        let Some(run) = run(prose, cover, at) else {
            at += 1;
            continue;
        };
        at = run.end;
        let venue = venues::behind_listed(prose, &run, |at| cover[at].is_listed());
        let end = venue.as_ref().map_or(run.end, |venue| venue.start);
        let look = Look { prose, cover, run: run.start..end };
        if let Some(found) = look.name(out.last()) {
            out.push(found);
        }
        out.extend(venue.map(|words| Candidate { words, kind: Kind::Place, role: EffectiveRole::Unknown }));
    }
    out
}

/// No name has more words.
const MOST: usize = 5;
/// No word of a name has more bytes. A longer one is a line of a script without spaces, or no word.
const LONGEST: usize = 100;

/// The words from `at` on that may be one name.
fn run(prose: &Prose<'_>, cover: &[Cover], at: usize) -> Option<Range<usize>> {
    let fits = |at: usize| cover[at] != Cover::Taken && may_be_name(prose, at);
    if !fits(at) || prose.words[at].is(WordList::Particle) && !prose.words[at].is_capital() {
        return None;
    }
    let mut end = at + 1;
    while end < prose.sentence(at).words.end && end - at < MOST {
        let word = &prose.words[end];
        let initial = !has_more_than(1, prose.text(end - 1));
        let joined = match word.gap {
            Gap::Space | Gap::Hyphen => true,
            Gap::Stop => initial,
            Gap::Apostrophe => prose.text(end).len() > 1 && prose.text(end - 1).len() == 1,
            _ => false,
        };
        let small_part = word.is(WordList::Particle)
            && prose.words.get(end + 1).is_some_and(|next| {
                next.is_capital() && matches!(next.gap, Gap::Space | Gap::Hyphen | Gap::Apostrophe)
            });
        // "Reported by: Jo Lee" over "Kane ...": whoever is listed begins a new line, and not the end of Jo's name.
        let between = prose.words[end - 1].range().end..word.range().start;
        let next_line = cover[end].is_listed() && between.into_iter().any(|at| prose.folded.lines_at(at) > 0);
        if !joined
            || next_line
            || !(fits(end) || cover[end] == Cover::Free && small_part && word.letters != Letters::Digits)
        {
            break;
        }
        end += 1;
    }
    Some(at..end)
}

/// True for a word that is written as a name may be written in its sentence.
fn may_be_name(prose: &Prose<'_>, at: usize) -> bool {
    let word = &prose.words[at];
    let text = prose.text(at);
    let unfit = matches!(word.letters, Letters::Digits | Letters::Label) || text.len() > LONGEST;
    if unfit || word.is(WordList::NoName) || is_month(text) && is_dated(prose, at) {
        return false;
    }
    match prose.sentence(at).casing {
        Casing::Mixed if word.is_capital() => {
            let initial =
                || prose.words.get(at + 1).is_some_and(|next| matches!(next.gap, Gap::Stop | Gap::Apostrophe));
            has_more_than(1, text) || word.is(WordList::Particle) || initial()
        }
        _ => is_strange(prose, at) || word.is(WordList::NameToo) && !word.is_capital_or_common(text),
    }
}

/// True for a word that is not English, and not so short that it may be anything.
fn is_strange(prose: &Prose<'_>, at: usize) -> bool {
    let word = &prose.words[at];
    let known = word.flags.english() || word.is(WordList::NoName) || word.is(WordList::Title);
    let small = || word.letters == Letters::Small && prose.sentence(at).casing == Casing::Mixed;
    !known && has_more_than(1, prose.text(at)) && !(small() && is_slip(prose.text(at)))
}

/// One run and what stands around it.
struct Look<'a, 'f> {
    prose: &'a Prose<'f>,
    cover: &'a [Cover],
    run: Range<usize>,
}

impl Look<'_, '_> {
    fn name(mut self, last: Option<&Candidate>) -> Option<Candidate> {
        self.shed();
        let free = self.run.clone().any(|at| self.cover[at] == Cover::Free);
        // A listed first name decides by itself, whatever stands before it ("Lil Kezia", "Apparantly Kezia"); a listed
        // surname may be a relative's.
        let called = self.run.clone().any(|at| self.cover[at] == Cover::FirstName);
        if self.run.is_empty() || !free || called || self.cover[self.run.start] == Cover::Name || self.is_headed() {
            return None;
        }
        if venues::is_venue(self.prose, &self.run) {
            return Some(Candidate { words: self.run, kind: Kind::Place, role: EffectiveRole::Unknown });
        }
        let score = self.written() + self.before(last) + self.behind();
        if score >= 3 {
            let role = if self.has_trade() {
                EffectiveRole::Professional
            } else if is_child(self.prose, &self.run) {
                EffectiveRole::UnlistedChild
            } else {
                EffectiveRole::Unknown
            };
            return Some(Candidate { words: self.run, kind: Kind::Person, role });
        }
        let named = self.run.len() > 1 || is_strange(self.prose, self.run.start);
        let a_place =
            self.casing() == Casing::Mixed && self.leads_to_place() && self.capital() && named && !self.is_replaced();
        a_place.then_some(Candidate { words: self.run, kind: Kind::Place, role: EffectiveRole::Unknown })
    }

    /// "Fernbank [PERSON 1]": the rest of the name was replaced, and what is left of it was let stay.
    fn is_replaced(&self) -> bool {
        let next = self.prose.after(self.run.end - 1);
        next.is_some_and(|next| self.prose.words[next].letters == Letters::Label)
    }

    /// "CYP Amponsah", "NB Amponsah": a short word in capitals before a listed surname that has none is no first name.
    fn is_headed(&self) -> bool {
        let (first, last) = (&self.prose.words[self.run.start], &self.prose.words[self.run.end - 1]);
        self.casing() == Casing::Mixed
            && first.letters == Letters::Capitals
            && self.prose.text(self.run.start).len() <= 4
            && self.cover[self.run.end - 1].is_listed()
            && last.letters != Letters::Capitals
    }

    fn casing(&self) -> Casing {
        self.prose.sentence(self.run.start).casing
    }

    fn capital(&self) -> bool {
        self.prose.words[self.run.start].is_capital()
    }

    /// Drops words at the ends that are no part of a name: "Then Kane", "Coach Danny", "Kane And".
    fn shed(&mut self) {
        while self.run.len() > 1 {
            let at = self.run.start;
            let word = &self.prose.words[at];
            let ordinary =
                word.flags.english() && (!word.is(WordList::NameToo) || super::words::is_function(self.prose.text(at)));
            let people = word.flags.any(&[WordList::Title, WordList::People, WordList::Professional]);
            let sheds = people && self.signs_before() != "/"
                || ordinary && self.prose.begins(at)
                || super::words::is_function(self.prose.text(at)) && self.casing() != Casing::Mixed;
            if !sheds {
                break;
            }
            self.run.start += 1;
        }
        while self.run.len() > 1
            && super::words::is_function(self.prose.text(self.run.end - 1))
            && !self.prose.words[self.run.end - 1].is(WordList::NameToo)
        {
            self.run.end -= 1;
        }
        let surname = self.run.clone().rev().find(|&at| self.cover[at].is_listed());
        let Some(at) = surname.filter(|&at| at > self.run.start && at + 1 < self.run.end) else { return };
        self.run.end = at + 1;
    }

    /// What the run itself says.
    fn written(&self) -> i32 {
        let words = || self.run.clone();
        let strange = words().filter(|&at| is_strange(self.prose, at) && self.cover[at] == Cover::Free).count();
        let too = words().all(|at| {
            self.prose.words[at].is(WordList::NameToo) || self.cover[at].is_listed() || is_strange(self.prose, at)
        });
        let mixed = self.casing() == Casing::Mixed;
        let begins = self.prose.begins(self.run.start);
        let base = match (strange, self.capital() && mixed) {
            (1.., true) => 3,
            (1.., false) if mixed => 1,
            (1.., false) => 2,
            // A capital at the beginning of a sentence says nothing, but the one after it does.
            (0, true) if too => 1 - i32::from(begins && self.run.len() == 1),
            (0, true) => -1 - 2 * i32::from(begins),
            (0, false) if mixed => -3,
            (0, false) => -1,
        };
        let shouted = mixed && self.run.len() == 1 && self.prose.words[self.run.start].letters == Letters::Capitals;
        // In a text without capitals more strange words in a row are another language.
        let own = words().filter(|&at| !self.prose.words[at].is(WordList::Particle)).count();
        let foreign = own > 3 && !(self.capital() && mixed);
        base + i32::from(self.run.len() > 1 && too) + i32::from(!mixed && self.run.len() == 2 && strange == 2)
            - 3 * i32::from(shouted && self.prose.text(self.run.start).len() < 5)
            - 4 * i32::from(foreign)
    }

    /// What stands before it.
    fn before(&self, last: Option<&Candidate>) -> i32 {
        let Some(at) = self.prose.before(self.run.start) else {
            return i32::from(self.casing() != Casing::Mixed || !self.capital());
        };
        let word = &self.prose.words[at];
        let text = self.prose.text(at);
        let mixed = self.casing() == Casing::Mixed;
        let gap = self.prose.words[self.run.start].gap;
        // "Jo's moible": what is somebody's is a thing.
        if mixed && !self.capital() && text == "s" && word.gap == Gap::Apostrophe {
            return -4;
        }
        let chained = matches!(text, "and" | "or" | "n" | "plus")
            || matches!(gap, Gap::Comma)
            || self.signs_before() == "&"
            || self.signs_before() == "/";
        let after_name = |at: usize| {
            self.cover[at].is_listed() || last.is_some_and(|last| last.kind == Kind::Person && last.words.end == at + 1)
        };
        if chained {
            let named = if gap == Gap::Comma || gap == Gap::Sign { Some(at) } else { self.prose.before(at) };
            if named.is_some_and(after_name) {
                return if self.signs_before() == "/" || !mixed && gap == Gap::Space { 4 } else { 2 };
            }
        }
        if gap != Gap::Space && gap != Gap::Stop {
            let people = word.flags.any(&[WordList::People, WordList::Professional]);
            return if people { 2 } else { 0 };
        }
        if word.is(WordList::Title)
            || matches!(text, "named" | "called" | "alias" | "aka" | "surname" | "mentioned" | "nicknamed")
            || text == "with" && !mixed
            || text == "as" && self.prose.before(at).is_some_and(|at| matches!(self.prose.text(at), "known" | "named"))
        {
            return 4;
        }
        if word.flags.any(&[WordList::People, WordList::Professional]) {
            return 3;
        }
        if self.leads_to_place() {
            return -3;
        }
        let strange = is_strange(self.prose, self.run.start);
        if matches!(text, "the" | "a" | "an" | "my" | "his" | "her" | "their" | "our" | "your")
            || matches!(text, "this" | "that") && !strange
        {
            return -4;
        }
        if word.is(WordList::BeforePerson) { 2 } else { 0 }
    }

    /// "at", "went to": a place follows.
    fn leads_to_place(&self) -> bool {
        let Some(mut at) = self.prose.before(self.run.start) else { return false };
        if self.prose.text(at) == "the"
            && let Some(before) = self.prose.before(at)
        {
            at = before;
        }
        let word = &self.prose.words[at];
        // "We got this off Jo".
        let had = |at: usize| matches!(self.prose.text(at), "this" | "it" | "that");
        if self.prose.text(at) == "off" && self.prose.before(at).is_some_and(had) {
            return false;
        }
        let to = self.prose.text(at) == "to";
        let going = to && self.prose.before(at).is_some_and(|at| self.prose.words[at].is(WordList::Going));
        going || word.is(WordList::BeforePlace) && !matches!(self.prose.text(at), "by" | "on")
    }

    /// What stands behind it.
    fn behind(&self) -> i32 {
        let end = self.run.end;
        let inside = end < self.prose.sentence(self.run.start).words.end;
        let Some(word) = self.prose.words.get(end).filter(|_| inside) else {
            return 0;
        };
        let text = self.prose.text(end);
        if word.gap == Gap::Apostrophe && text == "s" {
            return if self.leads_to_place() || self.capital() { 4 } else { 2 };
        }
        if word.gap == Gap::Sign {
            let brackets_age = word.letters == Letters::Digits && text.len() <= 2;
            return i32::from(brackets_age) * 2;
        }
        if word.gap != Gap::Space {
            return 0;
        }
        let verb = word.is(WordList::AfterPerson) && word.letters != Letters::Capital;
        let by_people =
            verb && word.letters == Letters::Small && text.len() > 3 && text.ends_with(['d', 's', 'k', 't', 'g', 'e']);
        let like_a_verb = word.flags.english()
            && word.letters == Letters::Small
            && (text.ends_with("ed") || text.ends_with('s') && !text.ends_with("ss"));
        if by_people {
            3
        } else if verb {
            2
        } else {
            i32::from(like_a_verb)
        }
    }

    /// "her social worker Jo Lee", "Jo Lee (social worker)".
    fn has_trade(&self) -> bool {
        let trade = |at: usize| self.prose.words[at].is(WordList::Professional);
        let before = self.prose.before(self.run.start).is_some_and(trade);
        let close = |gap: Gap| matches!(gap, Gap::Comma | Gap::Sign);
        let end = self.run.end;
        let inside = end < self.prose.sentence(self.run.start).words.end;
        let behind = inside
            && close(self.prose.words[end].gap)
            && (end..(end + 2).min(self.prose.sentence(self.run.start).words.end)).any(trade);
        before || behind
    }

    /// The signs between the run and the word before it.
    fn signs_before(&self) -> &str {
        let at = self.run.start;
        let from = if at == 0 { 0 } else { self.prose.words[at - 1].range().end };
        self.prose.folded.text[from..self.prose.words[at].range().start].trim()
    }
}

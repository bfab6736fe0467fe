//! The engine over one record: compiled once, then asked for spans and views of any text of that record.

use std::{collections::BTreeSet, fmt, ops::Range};

use jiff::civil::Date;

use super::{
    dates,
    find::{Finder, Hit},
    form::{Entity, Form, ListedPerson},
    found::Found,
    lexicon::Lexicon,
    marks::Marks,
    misread::Misread,
    needle::{Meaning, Name, joined, needles, words},
    numbers::{self, ListedNumbers},
    one_letter::OneLetter,
    policy::{Action, EffectiveRole, Lens, RedactionPolicy},
    prose::{Letters, Prose, Word},
    render::{self, Labels, WITHHELD, labels_in},
    rescan::Guards,
    resolve::Span,
    second_look, shapes,
    typos::Spellings,
    unlisted_numbers, values,
    words::{is_particle, is_title},
};
use crate::domain::code::Sex;

/// Version of what the engine makes of a text under a given policy. It goes into the ledger: add one whenever a view of any
/// text can come out otherwise than before.
pub const ENGINE_VERSION: u32 = 17;

/// A view in which replacements touch other text is looked at again, so many times.
const MOST_LOOKS: usize = 3;

/// Redaction for one record.
pub struct Engine {
    pub(super) finder: Finder,
    numbers: ListedNumbers,
    misread: Misread,
    pub(super) letters: OneLetter,
    dates: Vec<(Date, Meaning)>,
    pub(super) labels: Labels,
    /// Everyone listed, then everyone found.
    pub(super) persons: Vec<(String, EffectiveRole)>,
    pub(super) guards: Guards,
    pub(super) policy: RedactionPolicy,
    /// Listed names, misspelt.
    pub(super) spellings: Spellings,
    /// The names of the listed, by person.
    names: Vec<Vec<Name>>,
    /// First names of those listed, in all their forms, that are nobody's surname.
    pub(super) first_names: BTreeSet<String>,
    /// Surnames of the child who told: whoever else bears one shows who it was.
    pub(super) telling_surnames: BTreeSet<String>,
    /// Surnames of those who told, each with the letters that their first names begin with.
    pub(super) source_names: BTreeSet<(String, char)>,
    /// The child's recorded sex.
    pub(super) child_sex: Option<Sex>,
    /// What [`Engine::read`] learnt.
    pub(super) found: Found,
    pub(super) found_people: Vec<(Vec<String>, EffectiveRole)>,
}

/// Nothing of what is listed.
impl fmt::Debug for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Engine").field("policy", &self.policy.version()).finish_non_exhaustive()
    }
}

/// A text as one audience reads it, re-scanned. Not `Debug`: it is content.
#[derive(Clone, PartialEq, Eq)]
pub struct Finished {
    /// The view.
    pub text: String,
    /// True when the re-scan took the whole text out.
    pub withheld: bool,
    /// What the re-scan took out, in order; empty when the view was clean.
    pub removed: Vec<String>,
}

impl Engine {
    /// Compiles `form` under `policy`. The order of the form's lists makes no difference.
    pub fn compile(form: &Form, policy: &RedactionPolicy) -> Self {
        let mut persons: Vec<&ListedPerson> = form.persons.iter().collect();
        persons.sort_by(|a, b| sort_key(a).cmp(&sort_key(b)));
        let born = |(index, person): (usize, &&ListedPerson)| {
            let meaning = Meaning { entity: Entity::Dob, role: person.role, person: Some(index) };
            person.date_of_birth.map(|date| (date, meaning))
        };
        let names: Vec<Vec<Name>> =
            persons.iter().map(|person| person.names.iter().map(|name| words(name.reveal())).collect()).collect();
        let mut spellings = spelt(&persons, &names);
        values::misspelt(form, policy.words(), &mut spellings);
        Self {
            finder: Finder::new(needles((&persons, &names), form, policy.words())),
            numbers: ListedNumbers::new(&form.values),
            misread: Misread::new(&form.values),
            letters: OneLetter::new(&names, persons.iter().map(|person| person.role)),
            dates: persons.iter().enumerate().filter_map(born).collect(),
            labels: Labels::new(&persons, form.as_of),
            guards: Guards::new((&persons, &names), form, policy),
            persons: persons.iter().map(|person| (person.id.reveal().to_owned(), person.role)).collect(),
            child_sex: form.child_sex,
            policy: policy.clone(),
            spellings,
            first_names: first_names(&names, policy.words()),
            telling_surnames: telling_surnames(&persons, &names),
            source_names: source_names(&persons, &names),
            names,
            found: Found::default(),
            found_people: Vec::new(),
        }
    }

    /// Every mention in `text`, before any audience is applied, in order and without overlap.
    pub fn spans(&self, text: &str) -> Vec<Span> {
        self.read_again(text)
    }

    /// What is listed, and values by their shape.
    pub(super) fn listed_hits(&self, prose: &Prose<'_>) -> Vec<Hit> {
        let folded = prose.folded;
        let mut hits = self.finder.hits(folded);
        let marks = Marks::of(&folded.text);
        let may_be_numbered = |word: &Word| matches!(word.letters, Letters::Digits | Letters::Label);
        let words = prose.words.iter().map(|word| (word.range(), may_be_numbered(word)));
        let digits = numbers::digits(&folded.text, words);
        self.numbers.hits(&folded.text, &digits, &mut hits);
        self.misread.hits(prose, &mut hits);
        unlisted_numbers::hits(&folded.text, &digits, &mut hits);
        dates::hits(&folded.text, &marks, &self.dates, &mut hits);
        shapes::hits(folded, &marks, &mut hits);
        hits
    }

    /// `text` as it is read through `lens`, before the re-scan.
    pub fn view(&self, text: &str, lens: Lens) -> String {
        render::view(text, &self.spans(text), lens, &self.policy, &self.labels)
    }

    /// `text` as it is read through `lens`, re-scanned: what is still protected in it is taken out, first the
    /// sentence, then the whole text.
    pub fn finish(&self, text: &str, lens: Lens) -> Finished {
        self.finish_spans(text, &self.spans(text), lens)
    }

    /// The same, given the [spans](Self::spans) of `text`: they are the same for every lens.
    pub(super) fn finish_spans(&self, text: &str, spans: &[Span], lens: Lens) -> Finished {
        let view = render::view(text, spans, lens, &self.policy, &self.labels);
        self.settled((view, Vec::new()), lens)
    }

    /// `view` with what is seen only now: a number that was glued to a name stands free beside its replacement. `free` are the
    /// beginnings of replacements that stood free before. Re-scanned.
    pub(super) fn settled(&self, (mut view, mut free): (String, Vec<usize>), lens: Lens) -> Finished {
        let mut labels = labels_in(&view);
        for _ in 0..MOST_LOOKS {
            if !second_look::is_needed(&view, &labels, &free) {
                break;
            }
            let next = self.view(&view, lens);
            if next == view {
                break;
            }
            (labels, view, free) = (labels_in(&next), next, Vec::new());
        }
        self.rescanned(view, &labels, lens)
    }

    /// The re-scan alone, for a text that is finished.
    pub fn guard(&self, text: String, lens: Lens) -> Finished {
        let labels = labels_in(&text);
        self.rescanned(text, &labels, lens)
    }

    /// The same, given where the replacements in `text` are.
    fn rescanned(&self, text: String, labels: &[Range<usize>], lens: Lens) -> Finished {
        let mut removed = Vec::new();
        let Some(cut) = self.guards.without_sentences((&text, labels), lens, &mut removed) else {
            return Finished { text, withheld: false, removed };
        };
        if self.guards.is_clean(&cut, lens) {
            return Finished { text: cut, withheld: false, removed };
        }
        Finished { text: WITHHELD.to_owned(), withheld: true, removed: vec![text] }
    }

    /// What a structured field about `entity` of somebody in `role` shows: the text through the engine where the policy
    /// keeps it, else a label. `person` is the person's id where it is a name.
    pub fn structured(&self, value: &str, entity: Entity, owner: Owner<'_>, lens: Lens) -> Finished {
        let action = self.policy.action(entity.class(), owner.role, lens);
        if action == Action::Keep {
            return self.finish(value, lens);
        }
        let person = owner.id.and_then(|id| self.persons.iter().position(|(known, _)| known == id));
        let text = self.labels.of(Meaning { entity, role: owner.role, person }, action, lens);
        Finished { text, withheld: false, removed: Vec::new() }
    }

    /// Another spelling of the first name of somebody who told, before their surname.
    pub(super) fn may_have_told(&self, prose: &Prose<'_>, name: &Range<usize>) -> bool {
        let (first, last) = (name.start, name.end - 1);
        let letter = prose.text(first).chars().next().filter(|_| first < last).map(initial);
        letter.is_some_and(|letter| self.source_names.contains(&(prose.text(last).to_owned(), letter)))
    }

    /// Listed names, their words and the pieces of these, with whose they are.
    pub(super) fn name_parts(&self) -> Vec<(String, EffectiveRole)> {
        let mut parts = Vec::new();
        for (names, (_, role)) in self.names.iter().zip(&self.persons) {
            for name in names {
                parts.push((name.iter().flatten().map(String::as_str).collect(), *role));
                parts.extend(name.iter().filter(|word| word.len() > 1).map(|word| (word.concat(), *role)));
                parts.extend(name.iter().flatten().map(|piece| (piece.clone(), *role)));
            }
        }
        parts
    }

    /// True when `entity` of somebody in `role` may be read through `lens`.
    pub fn keeps(&self, entity: Entity, role: EffectiveRole, lens: Lens) -> bool {
        self.policy.action(entity.class(), role, lens) == Action::Keep
    }
}

/// Whose a structured value is.
#[derive(Debug, Clone, Copy)]
pub struct Owner<'a> {
    /// Their role.
    pub role: EffectiveRole,
    /// Their id in the form, if they are listed.
    pub id: Option<&'a str>,
}

/// The names of `persons` for misspellings.
fn spelt(persons: &[&ListedPerson], names: &[Vec<Name>]) -> Spellings {
    let mut spellings = Spellings::default();
    for (index, person) in persons.iter().enumerate() {
        let meaning = Meaning { entity: Entity::Person, role: person.role, person: Some(index) };
        names[index].iter().for_each(|name| spellings.add(name, meaning));
    }
    spellings
}

/// What somebody is called by, and nobody by their family.
fn first_names(names: &[Vec<Name>], words: &Lexicon) -> BTreeSet<String> {
    let named = || names.iter().flatten().filter(|name| name.len() > 1);
    let first = |name: &Name| if is_title(&joined(&name[0], "")) { 1 } else { 0 };
    let mut out = BTreeSet::new();
    for word in named().filter_map(|name| name.get(first(name))) {
        out.extend(words.other_forms(&joined(word, "-")).map(str::to_owned));
        out.extend(word.iter().cloned());
    }
    for surname in named().flat_map(|name| name.iter().skip(first(name) + 1)).flatten() {
        out.remove(surname);
    }
    out
}

fn telling_surnames(persons: &[&ListedPerson], names: &[Vec<Name>]) -> BTreeSet<String> {
    let told = persons.iter().zip(names).filter(|(person, _)| person.role == EffectiveRole::SubjectSource);
    let surnames = told.flat_map(|(_, names)| names).filter(|name| name.len() > 1).filter_map(|name| name.last());
    surnames.flatten().filter(|word| word.chars().count() >= 2 && !is_particle(word)).cloned().collect()
}

/// "Mohd Khan" may be Mohammed Khan, who told.
fn source_names(persons: &[&ListedPerson], names: &[Vec<Name>]) -> BTreeSet<(String, char)> {
    let told = persons.iter().zip(names).filter(|(person, _)| person.role == EffectiveRole::Source);
    let mut out = BTreeSet::new();
    for name in told.flat_map(|(_, names)| names).filter(|name| name.len() > 1) {
        let first = name[0].iter().filter_map(|word| word.chars().next()).map(initial);
        let surnames =
            || name.last().into_iter().flatten().filter(|word| word.chars().count() >= 2 && !is_particle(word));
        out.extend(first.flat_map(|letter| surnames().map(move |surname| (surname.clone(), letter))));
    }
    out
}

/// The letter that a first name begins with, one for those that are exchanged between languages: Yusuf and Joseph.
const fn initial(letter: char) -> char {
    match letter {
        'y' | 'i' => 'j',
        'c' | 'q' => 'k',
        letter => letter,
    }
}

fn sort_key(person: &ListedPerson) -> (&str, &str, EffectiveRole) {
    (person.id.reveal(), person.names.first().map_or("", |name| name.reveal()), person.role)
}

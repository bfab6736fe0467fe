//! What the texts of one record say beyond its form: people whom nobody listed, who of them told, and whose the values are.

use std::{
    collections::{BTreeMap, BTreeSet},
    ops::Range,
};

use super::{
    carer::{self, Needs, merged},
    claims,
    cues::{Candidate, Cover, Kind, candidates},
    engine::Engine,
    find::Hit,
    fold::Folded,
    form::Entity,
    handles, hidden_names, house_numbers,
    index::Index,
    kin::{self, Kin},
    lexicon::WordList,
    named::{Named, named},
    narrative::Section,
    needle::{Collector, Kind as NeedleKind, Meaning, Strength, words},
    numbers::significant,
    owners::{may_hold_a_name, owners},
    patterns::unlisted,
    people::People,
    places, plain,
    policy::EffectiveRole,
    prose::Prose,
    ranges::Ranges,
    render::labels_in,
    resolve::{self, Span},
    somebody::{MOST_PEOPLE, somebodies},
    sources::{Said, relations, sources},
    spelt_marks, spelt_values, surnames,
    typos::Spellings,
};

/// So many homes whom nobody listed are followed through the texts of a record.
const MOST_HOMES: usize = 50;

/// What is known beyond the form.
#[derive(Default)]
pub(super) struct Found {
    /// Names that nobody listed.
    pub names: Index<NeedleKind>,
    /// The same, misspelt.
    pub spellings: Spellings,
    /// Whose the values are that the form gives nobody.
    pub owners: BTreeMap<(Entity, String), BTreeSet<EffectiveRole>>,
}

/// What was seen in one text.
#[derive(Default)]
pub(super) struct ReadText {
    /// Every mention.
    pub spans: Vec<Span>,
    /// What a carer does not read.
    pub cuts: Vec<Range<usize>>,
}

impl Engine {
    /// Reads every text of the record, learns who and what is in them that the form does not list, and gives the mentions
    /// in each; with `sections`, also what a carer does not read.
    pub(super) fn read(&mut self, texts: &[&str], sections: Option<&[Section]>) -> Vec<ReadText> {
        let folded: Vec<Folded<'_>> = texts.iter().map(|text| Folded::new(text, labels_in(text))).collect();
        let pages_of: Vec<Prose<'_>> = folded.iter().map(|folded| Prose::new(folded, self.policy.words())).collect();
        let mut pages: Vec<Page<'_, '_>> = pages_of.iter().map(|prose| self.page(prose)).collect();
        self.learn_names(&pages);
        for page in &mut pages {
            self.add_found(page);
        }
        self.learn_sources(&mut pages);
        self.learn_owners(&pages);
        let read = |page: Page<'_, '_>| {
            let (prose, spans) = (page.prose, self.spans_of(page));
            let cut = |sections| carer::cuts(prose, &spans, sections, Needs::NothingAgainst);
            ReadText { cuts: sections.map(cut).unwrap_or_default(), spans }
        };
        pages.into_iter().map(read).collect()
    }

    /// The mentions in `text`, with everything that was learnt before.
    pub(super) fn read_again(&self, text: &str) -> Vec<Span> {
        let folded = Folded::new(text, labels_in(text));
        self.spans_in(&Prose::new(&folded, self.policy.words()))
    }

    fn spans_in(&self, prose: &Prose<'_>) -> Vec<Span> {
        let mut page = self.page(prose);
        self.add_found(&mut page);
        self.spans_of(page)
    }

    /// The same, with what does not go into the carer copy of a record.
    pub(super) fn read_for_carer(&self, text: &str) -> ReadText {
        let folded = Folded::new(text, labels_in(text));
        let prose = Prose::new(&folded, self.policy.words());
        let spans = self.spans_in(&prose);
        let mut cuts = carer::cuts(&prose, &spans, &[], Needs::Plainly);
        cuts.extend(plain::cuts(&prose, &spans));
        ReadText { cuts: merged(cuts), spans }
    }

    /// What the form and the shapes of values give.
    pub(super) fn page<'r, 'f>(&self, prose: &'r Prose<'f>) -> Page<'r, 'f> {
        let mut hits = self.listed_hits(prose);
        hits.extend(self.spellings.hits(prose, &covered(prose, &hits)));
        places::hits(prose, &mut hits);
        self.letters.hits(prose, &mut hits);
        hidden_names::hits(prose, self.finder.listed(), &mut hits);
        spelt_marks::hits(prose, &mut hits);
        handles::said_outright(prose, &mut hits);
        spelt_values::hits(prose, self.finder.listed(), &mut hits);
        claims::settle(prose, &mut hits);
        house_numbers::hits(prose, &mut hits);
        let taken = covered(prose, &hits);
        surnames::take(prose, &taken, |word| self.first_names.contains(word), &mut hits);
        let mut cover = cover(prose, &hits, &self.first_names);
        for (_, bytes) in prose.phrases.iter().filter(|(list, _)| *list == WordList::NoName) {
            let words = prose.word_at(bytes.start)..prose.word_at(bytes.end - 1) + 1;
            cover[words].fill(Cover::Taken);
        }
        let mut candidates = candidates(prose, &cover);
        let (family, mut kin) = (self.parent(), Kin::of(&hits));
        let homes = covered(prose, hits.iter().filter(|hit| hit.meaning.entity == Entity::Placement));
        kin::short_words(prose, family, &mut hits);
        for candidate in &mut candidates {
            if candidate.kind == Kind::Person && places::is_home(prose, &candidate.words) {
                candidate.kind = Kind::Place;
            }
            if self.telling_surnames.contains(prose.text(candidate.words.end - 1)) {
                candidate.role = EffectiveRole::ParentOfSource;
            } else if candidate.kind == Kind::Person && self.may_have_told(prose, &candidate.words) {
                candidate.role = EffectiveRole::Source;
            } else if kin.is_family(prose, candidate) {
                candidate.role = family;
            }
            if let Some(entity) = places::entity(prose, candidate, |word| homes[word]) {
                hits.push(unlisted(entity, places::bytes(prose, candidate.words.clone())));
            }
        }
        Page { prose, hits, candidates, mentions: Vec::new() }
    }

    /// What one of the child's family is whom nobody listed.
    fn parent(&self) -> EffectiveRole {
        let told = self.persons.iter().any(|(_, role)| *role == EffectiveRole::SubjectSource);
        if told { EffectiveRole::ParentOfSource } else { EffectiveRole::ParentCarer }
    }

    /// The persons of the form, without those who were found.
    pub(super) fn listed(&self) -> &[(String, EffectiveRole)] {
        &self.persons[..self.persons.len() - self.found_people.len()]
    }

    fn learn_names(&mut self, pages: &[Page<'_, '_>]) {
        let people = somebodies(pages.iter().map(|page| (page.prose, page.candidates.as_slice())));
        let first = self.persons.len();
        let mut needles = Collector::default();
        for (index, somebody) in people.iter().enumerate() {
            let meaning = Meaning { entity: Entity::Person, role: somebody.role, person: Some(first + index) };
            for name in &somebody.names {
                let name = words(name);
                needles.meaning = Some(meaning);
                needles.name(&name);
                self.found.spellings.add(&name, meaning);
            }
            self.labels.add(somebody.role);
            self.persons.push((format!("\u{10FFFF}\u{10FFFF}{index}"), somebody.role));
        }
        self.found_people.extend(people.into_iter().map(|somebody| (somebody.names, somebody.role)));
        let homes: BTreeSet<&str> = pages.iter().flat_map(|page| places::homes(page.prose, &page.hits)).collect();
        homes.into_iter().take(MOST_HOMES).for_each(|home| needles.unlisted_home(home));
        self.found.names = needles.needles;
    }

    /// Adds what was learnt to `page`.
    pub(super) fn add_found(&self, page: &mut Page<'_, '_>) {
        if self.found.names.is_empty() {
            return;
        }
        let mut hits = Vec::new();
        if self.found_people.len() >= MOST_PEOPLE {
            let people = page.candidates.iter().filter(|candidate| candidate.kind == Kind::Person);
            let bytes = people.map(|candidate| places::bytes(page.prose, candidate.words.clone()));
            hits.extend(bytes.map(|range| unlisted(Entity::Person, range)));
        }
        self.finder.found(page.prose.folded, &self.found.names, &mut hits);
        let all = covered(page.prose, &page.hits);
        let mut free = covered(page.prose, &hits);
        free.iter_mut().zip(&all).for_each(|(free, listed)| *free |= listed);
        surnames::take(page.prose, &free, |_| false, &mut hits);
        hits.extend(self.found.spellings.hits(page.prose, &free));
        page.hits.extend(hits);
    }

    fn learn_sources(&mut self, pages: &mut [Page<'_, '_>]) {
        let first_found = self.persons.len() - self.found_people.len();
        let mut told = BTreeSet::new();
        let spoken: Vec<(Vec<Named>, Said)> =
            pages.iter().map(|page| (named(page.prose, &page.hits), Said::of(page.prose))).collect();
        for (page, (mentions, said)) in pages.iter().zip(&spoken) {
            if !said.is_silent() && !self.found_people.is_empty() {
                let may_be = |mention: &Named| mention.person.is_some_and(|person| person >= first_found);
                told.extend(sources(page.prose, mentions, said, may_be));
            }
        }
        for &person in &told {
            self.persons[person].1 = EffectiveRole::Source;
            self.found_people[person - first_found].1 = EffectiveRole::Source;
            self.labels.set_role(person, EffectiveRole::Source);
        }
        let (people, policy) = (&self.found_people, &self.policy);
        self.guards.learn(|lists| people.iter().for_each(|(names, role)| lists.person(names, *role, policy)));
        for (page, (mentions, said)) in pages.iter_mut().zip(spoken) {
            // Where nobody was seen to be a source everybody is what they were.
            page.mentions = if told.is_empty() {
                mentions
            } else {
                self.assign_roles(&mut page.hits);
                named(page.prose, &page.hits)
            };
            relations(page.prose, &page.mentions, &said, &mut page.hits);
        }
    }

    /// People who were found may have been seen to be sources since.
    fn assign_roles(&self, hits: &mut [Hit]) {
        for hit in hits.iter_mut().filter(|hit| hit.meaning.entity == Entity::Person) {
            if let Some((_, role)) = hit.meaning.person.and_then(|person| self.persons.get(person)) {
                hit.meaning.role = *role;
            }
        }
    }

    fn learn_owners(&mut self, pages: &[Page<'_, '_>]) {
        if !pages.iter().flat_map(|page| &page.hits).any(is_nobodys) {
            return;
        }
        let mut parts = Vec::new();
        if pages.iter().flat_map(|page| &page.hits).any(|hit| is_nobodys(hit) && may_hold_a_name(hit.meaning.entity)) {
            parts = self.name_parts();
            for (names, role) in &self.found_people {
                parts.extend(names.iter().flat_map(|name| words(name).concat()).map(|part| (part, *role)));
            }
        }
        let child = |role: &EffectiveRole| matches!(role, EffectiveRole::SubjectChild | EffectiveRole::SubjectSource);
        let people = People::new(parts, self.persons.iter().map(|(_, role)| *role).find(child), self.child_sex);
        let mut likely: BTreeMap<(Entity, String), BTreeSet<EffectiveRole>> = BTreeMap::new();
        for page in pages {
            if !page.hits.iter().any(is_nobodys) {
                continue;
            }
            for hit in page.hits.iter().filter(|hit| is_nobodys(hit)) {
                let claim = owners(page.prose, &page.mentions, &people, hit);
                let known = if claim.tied { &mut self.found.owners } else { &mut likely };
                known.entry(key(page.prose.folded, hit)).or_default().extend(claim.roles);
            }
        }
        for (value, roles) in likely {
            // What one sentence says outright settles what another leaves open, but for a source.
            let told = self.found.owners.contains_key(&value);
            let careful = roles.into_iter().filter(|&role| !told || super::named::is_source(role));
            self.found.owners.entry(value).or_default().extend(careful);
        }
        let (owners, policy) = (&self.found.owners, &self.policy);
        self.guards.learn(|lists| {
            for ((entity, value), roles) in owners {
                roles.iter().for_each(|&role| lists.owned(*entity, value, role, policy));
            }
        });
    }

    fn spans_of(&self, page: Page<'_, '_>) -> Vec<Span> {
        let Page { prose, mut hits, .. } = page;
        self.assign_roles(&mut hits);
        let mut more = Vec::new();
        for hit in hits.iter_mut().filter(|hit| !self.found.owners.is_empty() && is_nobodys(hit)) {
            let Some(roles) = self.found.owners.get(&key(prose.folded, hit)) else { continue };
            for (index, &role) in roles.iter().enumerate() {
                if index == 0 {
                    hit.meaning.role = role;
                } else {
                    more.push(Hit { meaning: Meaning { role, ..hit.meaning }, ..hit.clone() });
                }
            }
        }
        hits.extend(more);
        kin::without_others_family(prose, &mut hits);
        hits.extend(joined_names(prose, &hits));
        let listed = self.listed().len();
        let mut spans = resolve::spans(prose.folded, hits, listed);
        for span in &mut spans {
            // Whoever was found is followed like the listed, and is not.
            span.listed &= !span.meanings.iter().all(|meaning| meaning.person.is_some_and(|person| person >= listed));
        }
        spans
    }
}

/// One text being read.
pub(super) struct Page<'r, 'f> {
    pub(super) prose: &'r Prose<'f>,
    pub(super) hits: Vec<Hit>,
    candidates: Vec<Candidate>,
    /// Who is mentioned where, once it is known who told.
    mentions: Vec<Named>,
}

/// True for a value that the form gives nobody.
fn is_nobodys(hit: &Hit) -> bool {
    hit.meaning.role == EffectiveRole::Unknown
        && !matches!(hit.meaning.entity, Entity::Person | Entity::Relationship | Entity::Organisation)
}

/// What a value is known by in any notation.
fn key(folded: &Folded<'_>, hit: &Hit) -> (Entity, String) {
    let text = &folded.text[hit.range.clone()];
    let entity = hit.meaning.entity;
    let value = match entity {
        Entity::Phone | Entity::NhsNumber | Entity::BankAccount => significant(entity, text),
        _ => {
            let mut all = text.to_owned();
            all.retain(char::is_alphanumeric);
            all
        }
    };
    (entity, value)
}

/// Which words of `prose` a hit lies on.
fn covered<'h>(prose: &Prose<'_>, hits: impl IntoIterator<Item = &'h Hit>) -> Vec<bool> {
    let mut out = vec![false; prose.words.len()];
    for hit in hits {
        out[prose.words_on(&hit.range)].fill(true);
    }
    out
}

fn cover(prose: &Prose<'_>, hits: &[Hit], first_names: &BTreeSet<String>) -> Vec<Cover> {
    let mut out = vec![Cover::Free; prose.words.len()];
    for hit in hits {
        let part = hit.meaning.entity == Entity::Person && hit.strength == Strength::Part;
        let relation = hit.meaning.entity == Entity::Relationship;
        for cover in out[prose.words_on(&hit.range)].iter_mut().filter(|_| !relation) {
            *cover = match cover {
                Cover::Free | Cover::Name if part => Cover::Name,
                _ => Cover::Taken,
            };
        }
    }
    for (at, cover) in out.iter_mut().enumerate().filter(|(_, cover)| **cover == Cover::Name) {
        if first_names.contains(prose.text(at)) {
            *cover = Cover::FirstName;
        }
    }
    out
}

/// Names of one person that stand beside each other, as one mention.
fn joined_names(prose: &Prose<'_>, hits: &[Hit]) -> Vec<Hit> {
    let is_value = |hit: &&Hit| !matches!(hit.meaning.entity, Entity::Person | Entity::Relationship);
    let values = Ranges::new(hits.iter().filter(is_value).map(|hit| hit.range.clone()));
    // A name inside an address of mail is not beside another.
    let free = |hit: &&Hit| !values.hold(&hit.range);
    let mut names: Vec<&Hit> = Vec::with_capacity(hits.len());
    names.extend(hits.iter().filter(|hit| hit.meaning.entity == Entity::Person).filter(free));
    names.sort_by_key(|hit| (hit.range.start, hit.range.end, hit.meaning, hit.strength));
    let (mut out, text) = (Vec::new(), &prose.folded.text);
    let places: Vec<&[&Hit]> = names.chunk_by(|one, two| one.range == two.range).collect();
    for (ones, twos) in places.windows(2).map(|pair| (pair[0], pair[1])) {
        let (start, end) = (ones[0].range.end, twos[0].range.start);
        if start <= end && matches!(&text[start..end], " " | "-" | "'") {
            let of = |one: &Hit| twos.iter().any(|two| two.meaning.person == one.meaning.person);
            let both = ones.iter().filter(|one| one.meaning.person.is_some() && of(one));
            out.extend(both.map(|one| Hit { range: one.range.start..twos[0].range.end, ..(*one).clone() }));
        }
    }
    out
}

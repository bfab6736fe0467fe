//! The answers of a submission as rules read them: absent ones as domain 3.1 says, items by what they are.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{Span, Timestamp, civil::Date};

use super::geography::Geography;
use crate::domain::{
    code::{Class, Fgm, HarmCode, InterviewOutcome, ItemKind, PersonRole, YesNoUnknown},
    decision::{Flag, HoldReason, PromptKind},
    directory::{Located, Police},
    policy::{Policy, RuleSet},
    submission::{Draft, Item, Person},
};

/// Everything rules read.
pub(in crate::domain) struct Facts<'a> {
    /// The submission.
    pub draft: &'a Draft,
    /// Reference data.
    pub policy: &'a Policy,
    /// The rule table in force on the day of receipt.
    pub rules: &'a RuleSet,
    /// When the broker received it.
    pub now: Timestamp,
    /// The places.
    pub geography: Geography<'a>,
    /// Whom a coded item is about, by local id.
    about: BTreeSet<&'a str>,
    /// Other children who get a linked record (R15), in the order of `persons`.
    pub linked: Vec<LinkedChild<'a>>,
    /// The items.
    pub items: Vec<ItemFacts<'a>>,
}

/// Another child at risk who can be identified (D11).
pub(in crate::domain) struct LinkedChild<'a> {
    /// Index in `persons`.
    pub person: usize,
    /// Significant harm to that child is suspected: as answered, or an item about them says danger now.
    pub significant_harm: bool,
    /// An item about them says danger now: their record is as urgent as that (D14, PROP).
    pub danger: bool,
    /// Where they live.
    pub lives: Located<'a>,
}

/// One item as rules read it.
pub(in crate::domain) struct ItemFacts<'a> {
    /// The item.
    pub item: &'a Item,
    /// Number, 1-based.
    pub number: u16,
    /// Read by R07 to R11: an intelligence item that is no allegation (D08) and not self-harm alone (D20).
    pub intelligence: bool,
    /// Has a code other than NONE, or is a referral without code (D06), or an allegation.
    pub coded: bool,
    /// Coded SELF alone, without a crime: stays on the council and health route (D20).
    pub health_only: bool,
    /// Travels in this linked record (index in [`Facts::linked`]).
    pub linked: Option<usize>,
    /// A sexual offence disclosed or witnessed (R02, D16).
    pub sexual_offence: bool,
    /// An allegation about a carer, staff, police or professional (R18).
    pub allegation: bool,
    /// Class of the item (D18).
    pub class: Class,
    /// Police of each place where it happened, once each; why not, where that is not certain.
    pub police: Vec<Result<Police, HoldReason>>,
}

impl ItemFacts<'_> {
    /// Indecent images held, shared or threatened (R03).
    pub fn images(&self) -> bool {
        self.item.images == Some(true)
    }

    /// A crime of R02 or R03: its place has a Referral Desk of its own (D16).
    pub fn offence(&self) -> bool {
        self.sexual_offence || self.images()
    }

    /// Whether this flag of a crime is about what this item says.
    pub fn raises(&self, flag: Flag) -> bool {
        match flag {
            Flag::StatutoryNotification => self.offence(),
            Flag::EvidenceWarning | Flag::AttachmentsRefused | Flag::OnlineAbuse => self.images(),
            Flag::ExcludeAccused => self.allegation,
            _ => false,
        }
    }

    /// On the railway or Underground, and intelligence (R10).
    pub fn rail(&self) -> bool {
        self.intelligence && self.item.rail == Some(true)
    }

    /// Has one of `codes`.
    pub fn has_any(&self, codes: &[HarmCode]) -> bool {
        self.item.codes.iter().any(|code| codes.contains(code))
    }
}

impl<'a> Facts<'a> {
    /// Reads the answers.
    pub fn of(draft: &'a Draft, policy: &'a Policy, now: Timestamp) -> Self {
        let day = policy.calendar.date(now);
        let geography = Geography::of(draft, &policy.directory, day);
        let about = coded_about(draft);
        let linked = linked_children(draft, &about, &geography);
        let rules = policy.rules.in_force(day);
        let mut facts = Self { draft, policy, rules, now, geography, about, linked, items: Vec::new() };
        let index = Index::of(draft, &facts.linked, &facts.geography);
        facts.items = (1..=u16::MAX).zip(&draft.items).map(|(number, item)| facts.item(number, item, &index)).collect();
        facts
    }

    /// Another child of the record who is at risk (R14, R15).
    pub fn at_risk(&self, person: &Person) -> bool {
        is_other_child(person, self.geography.day()) && at_risk(person, &self.about)
    }

    /// Codes of the record that are the child's own: on no item, or on one that stays with the child's items (D20). An
    /// answer about the child is the child's own, whatever an item says about another.
    pub fn childs_own_codes(&self) -> Vec<HarmCode> {
        self.record_codes().into_iter().filter(|code| self.is_childs_own(*code)).collect()
    }

    /// SELF of the child, not of another child with a file of their own.
    pub fn child_self_harm(&self) -> bool {
        let on_item = self.items.iter().any(|item| item.linked.is_none() && item.has_any(&[HarmCode::SelfHarm]));
        on_item || self.childs_own_codes().contains(&HarmCode::SelfHarm)
    }

    /// Whether what this prompt is about is said on `item`; for a prompt that no item raises, never.
    pub fn is_matter(&self, prompt: PromptKind, item: &ItemFacts<'_>) -> bool {
        match prompt {
            PromptKind::Health => item.has_any(&[HarmCode::SelfHarm]),
            PromptKind::Prevent => item.has_any(&[HarmCode::Rad]),
            PromptKind::Nrm => item.has_any(self.r06_codes()),
            PromptKind::Lado => item.allegation,
            PromptKind::Call999 => item.item.danger_now == Some(true),
            PromptKind::Strategy | PromptKind::AdultSafeguarding | PromptKind::Fgm101 => false,
        }
    }

    /// A prompt about another child's matter and nothing of the subject's: it goes with that child's record, and not to
    /// whoever gets none of the matter (PROP). To ring 999 is for everybody.
    pub fn is_anothers(&self, prompt: PromptKind) -> bool {
        let own: Vec<HarmCode> = self.childs_own_codes();
        let own = match prompt {
            PromptKind::Health => own.contains(&HarmCode::SelfHarm),
            PromptKind::Prevent => own.contains(&HarmCode::Rad),
            PromptKind::Nrm => own.iter().any(|code| self.r06_codes().contains(code)),
            PromptKind::Lado => self.draft.persons.iter().any(|person| person.allegation == Some(true)),
            _ => true,
        };
        let mut matters = self.items.iter().filter(|item| self.is_matter(prompt, item)).peekable();
        !own && matters.peek().is_some() && matters.all(|item| item.linked.is_some())
    }

    /// `fgm`; absent with an FGM code is read as suspected (D19).
    pub fn fgm(&self) -> Fgm {
        let coded = self.draft.answers.codes.contains(&HarmCode::Fgm)
            || self.items.iter().any(|item| item.has_any(&[HarmCode::Fgm]));
        self.draft.answers.fgm.unwrap_or(if coded { Fgm::Suspected } else { Fgm::None })
    }

    /// An `fgm` answer other than none.
    pub fn fgm_answered(&self) -> bool {
        self.draft.answers.fgm.is_some_and(|fgm| fgm != Fgm::None)
    }

    /// Missing again now; absent is yes if that is why no interview was offered.
    pub fn missing_again(&self) -> bool {
        let by_outcome = self.draft.episode.outcome == InterviewOutcome::NotOfferedMissingAgain;
        self.draft.answers.missing_again_now.unwrap_or(by_outcome)
    }

    /// A code of R06 (D05): MSHT, DEBT, or CCE with county lines.
    pub fn r06_codes(&self) -> &'static [HarmCode] {
        match self.draft.answers.county_lines {
            Some(true) => &[HarmCode::Msht, HarmCode::Debt, HarmCode::Cce],
            _ => &[HarmCode::Msht, HarmCode::Debt],
        }
    }

    /// Codes of the record, with those that answers stand for: suicidal intent counts as SELF (D20), and so that
    /// nothing recorded as harm ends nowhere, an `fgm` answer other than none as FGM.
    fn record_codes(&self) -> BTreeSet<HarmCode> {
        let answers = &self.draft.answers;
        let mut codes: BTreeSet<HarmCode> = answers.codes.iter().copied().filter(|c| *c != HarmCode::None).collect();
        if answers.suicidal_intent == Some(true) {
            codes.insert(HarmCode::SelfHarm);
        }
        if self.fgm_answered() {
            codes.insert(HarmCode::Fgm);
        }
        codes
    }

    /// True unless every item that carries `code` belongs to a linked record; suicidal intent and the answer about FGM are
    /// always the child's.
    fn is_childs_own(&self, code: HarmCode) -> bool {
        let mut carriers = self.items.iter().filter(|item| item.has_any(&[code])).peekable();
        let by_answer = match code {
            HarmCode::SelfHarm => self.draft.answers.suicidal_intent == Some(true),
            HarmCode::Fgm => self.fgm_answered(),
            _ => false,
        };
        by_answer || carriers.peek().is_none() || carriers.any(|item| item.linked.is_none())
    }

    fn item(&self, number: u16, item: &'a Item, index: &Index<'_>) -> ItemFacts<'a> {
        let codes: BTreeSet<HarmCode> = item.codes.iter().copied().filter(|code| *code != HarmCode::None).collect();
        let allegation = is_allegation(item, &index.accused);
        let sexual_offence = item.sexual_offence.unwrap_or(codes.contains(&HarmCode::Csa));
        // A crime on it is no clinical detail, and somebody must own it tonight (D16). An allegation on it is told to police by
        // R18 with Part C, and the item itself stays where it is (D20).
        let only_self_harm = codes == BTreeSet::from([HarmCode::SelfHarm]);
        let health_only = only_self_harm && !sexual_offence && item.images != Some(true);
        let referral = item.kind == ItemKind::Safeguarding;
        let about = item.about.as_ref().map(|id| id.reveal());
        let mut facts = ItemFacts {
            item,
            number,
            intelligence: !referral && !allegation && !health_only,
            coded: !codes.is_empty() || allegation || (referral && item.codes.is_empty()),
            health_only,
            linked: about.and_then(|id| index.linked.get(id)).copied(),
            sexual_offence,
            allegation,
            class: Class::P3,
            police: Self::police_of(item, index),
        };
        let harm = about.is_some_and(|id| index.harmed.contains(id));
        facts.class = self.item_class(&facts, &codes, harm);
        facts
    }

    /// D18.
    fn item_class(&self, facts: &ItemFacts<'_>, codes: &BTreeSet<HarmCode>, harmed: bool) -> Class {
        const GRAVE: [HarmCode; 3] = [HarmCode::Fgm, HarmCode::Fm, HarmCode::Hba];
        let still_happening = facts.item.still_happening != Some(YesNoUnknown::No);
        let suspected = harmed || self.draft.answers.significant_harm_suspected == Some(true);
        if facts.item.danger_now == Some(true) {
            Class::P0
        } else if facts.offence()
            || facts.allegation
            || facts.has_any(&GRAVE)
            || (facts.has_any(self.r06_codes()) && still_happening)
            || (suspected && !codes.is_empty())
        {
            Class::P1
        } else if codes.is_empty() {
            Class::P3
        } else {
            Class::P2
        }
    }

    /// Police of each place of an item, once each, whatever the order in which the places were named.
    fn police_of(item: &Item, index: &Index<'_>) -> Vec<Result<Police, HoldReason>> {
        let places: BTreeSet<&str> = item.at.iter().map(|id| id.reveal()).collect();
        let police: BTreeSet<_> = places.into_iter().filter_map(|id| index.places.get(id)).cloned().collect();
        police.into_iter().collect()
    }
}

/// Lookups by local id, so that a record of any size is read in one pass.
struct Index<'a> {
    places: BTreeMap<&'a str, Result<Police, HoldReason>>,
    accused: BTreeSet<&'a str>,
    harmed: BTreeSet<&'a str>,
    linked: BTreeMap<&'a str, usize>,
}

impl<'a> Index<'a> {
    fn of(draft: &'a Draft, linked: &[LinkedChild<'_>], geography: &Geography<'_>) -> Self {
        let harmed = draft.persons.iter().filter(|person| person.significant_harm == Some(true));
        Self {
            places: draft
                .places
                .iter()
                .map(|place| (place.id.reveal(), geography.locate(&place.area).police()))
                .collect(),
            accused: said_accused(draft),
            harmed: harmed.map(|person| person.id.reveal()).collect(),
            linked: (0..).zip(linked).map(|(n, child)| (draft.persons[child.person].id.reveal(), n)).collect(),
        }
    }
}

/// Everyone about whom there is an allegation: said of them, or, where nobody answered, by an item that names them
/// (R18, D08).
pub fn accused(draft: &Draft) -> impl Iterator<Item = &Person> {
    let said = said_accused(draft);
    let named: BTreeSet<&str> = draft
        .items
        .iter()
        .filter(|item| is_allegation(item, &said))
        .flat_map(|item| item.who.iter().map(|id| id.reveal()))
        .collect();
    draft.persons.iter().filter(move |person| person.allegation.unwrap_or_else(|| named.contains(person.id.reveal())))
}

fn said_accused(draft: &Draft) -> BTreeSet<&str> {
    let said = draft.persons.iter().filter(|person| person.allegation == Some(true));
    said.map(|person| person.id.reveal()).collect()
}

/// Said to be one, or, where nobody answered, one in which an accused appears (domain 3.1).
fn is_allegation(item: &Item, accused: &BTreeSet<&str>) -> bool {
    item.allegation.unwrap_or_else(|| item.who.iter().any(|id| accused.contains(id.reveal())))
}

/// Another child of the record: a sibling or another child (R14, R15); and so that no answer about harm is passed over,
/// whoever is said to be at risk and by their role or date of birth may be a child (PROP). The paper asks this of siblings
/// and other children, and a sender may name a child by what they are to the subject.
pub(in crate::domain) fn is_other_child(person: &Person, today: Date) -> bool {
    let said = person.at_risk == Some(true) || person.significant_harm == Some(true);
    matches!(person.role, PersonRole::Sibling | PersonRole::OtherChild) || said && may_be_child(person, today)
}

/// May be a child other than the subject, by role or date of birth.
pub(in crate::domain) fn may_be_child(person: &Person, today: Date) -> bool {
    let under_18 = person.date_of_birth.map(|born| born.saturating_add(Span::new().years(18)) > today);
    match person.role {
        PersonRole::Sibling | PersonRole::OtherChild => true,
        PersonRole::Friend | PersonRole::HouseholdMember => under_18.unwrap_or(true),
        PersonRole::Child => false,
        _ => under_18.unwrap_or(false),
    }
}

/// At risk: said so, or significant harm, or, where nobody answered, one of those whom a coded item is `about`
/// (domain 3.1).
fn at_risk(person: &Person, about: &BTreeSet<&str>) -> bool {
    person.significant_harm == Some(true) || person.at_risk.unwrap_or_else(|| about.contains(person.id.reveal()))
}

/// Ids of those whom a coded item is about, or one that says danger now; an item with an allegation is a referral (D06, D08).
fn coded_about(draft: &Draft) -> BTreeSet<&str> {
    let said = said_accused(draft);
    let coded = |item: &&Item| {
        item.danger_now == Some(true)
            || item.codes.iter().any(|code| *code != HarmCode::None)
            || (item.codes.is_empty() && item.kind == ItemKind::Safeguarding)
            || is_allegation(item, &said)
    };
    draft.items.iter().filter(coded).filter_map(|item| item.about.as_ref()).map(|id| id.reveal()).collect()
}

fn linked_children<'a>(draft: &Draft, about: &BTreeSet<&str>, geography: &Geography<'a>) -> Vec<LinkedChild<'a>> {
    let today = geography.day();
    let linked =
        |person: &Person| is_other_child(person, today) && at_risk(person, about) && person.identifiable != Some(false);
    let children = draft.persons.iter().enumerate().filter(|(_, person)| linked(person));
    let in_danger = draft.items.iter().filter(|item| item.danger_now == Some(true));
    let in_danger: BTreeSet<&str> = in_danger.filter_map(|item| item.about.as_ref()).map(|id| id.reveal()).collect();
    children
        .map(|(index, person)| {
            let danger = in_danger.contains(person.id.reveal());
            LinkedChild {
                person: index,
                significant_harm: danger || person.significant_harm == Some(true),
                danger,
                lives: geography.locate(&person.lives),
            }
        })
        .collect()
}

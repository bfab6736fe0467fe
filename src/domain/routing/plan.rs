//! One leg a queue, collected rule by rule, and one matter on HOLD for whatever has no certain destination.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use crate::domain::{
    classify::facts::Facts,
    code::Class,
    decision::{Assessment, Content, Held, HoldReason, Leg, Prompt, RuleId, Shown},
    policy::Rule,
    queue::QueueId,
};

/// What one rule sends to one place. `Default` carries nothing: the leg is only named.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Load {
    /// What it carries.
    pub contents: BTreeSet<Content>,
    /// Item numbers.
    pub items: BTreeSet<u16>,
    /// Prompts it shows.
    pub shows: BTreeSet<Shown>,
    /// "Item n went to X."
    pub copy_notes: BTreeSet<(u16, QueueId)>,
    /// Linked records.
    pub links: BTreeSet<usize>,
    /// Placed children whom a notice is about (R14), by index in `persons`.
    pub placed: BTreeSet<usize>,
    /// Here only until HOLD has found the place (D11).
    pub provisional: bool,
}

impl Load {
    /// Carries these, and no items.
    pub fn of(contents: impl IntoIterator<Item = Content>) -> Self {
        Self { contents: contents.into_iter().collect(), ..Self::default() }
    }

    /// Carries a linked record.
    pub fn link(index: usize) -> Self {
        Self { links: BTreeSet::from([index]), ..Self::of([Content::Link]) }
    }

    /// With these items, if any.
    pub fn items(mut self, items: impl IntoIterator<Item = u16>) -> Self {
        self.items.extend(items);
        if !self.items.is_empty() {
            self.contents.insert(Content::Items);
        }
        self
    }

    fn join(&mut self, other: Self) {
        self.contents.extend(other.contents);
        self.items.extend(other.items);
        self.shows.extend(other.shows);
        self.copy_notes.extend(other.copy_notes);
        self.links.extend(other.links);
        self.placed.extend(other.placed);
        self.provisional |= other.provisional;
    }
}

/// A leg being collected: what each rule sends there.
#[derive(Debug, Clone, Default)]
pub(super) struct Collected {
    by_rule: BTreeMap<RuleId, Load>,
    shown: BTreeSet<Shown>,
}

impl Collected {
    /// Adds what `rule` sends.
    pub fn add(&mut self, rule: RuleId, load: Load) {
        self.by_rule.entry(rule).or_default().join(load);
    }

    /// Shows these prompts besides.
    pub fn show(&mut self, prompts: &BTreeSet<Shown>) {
        self.shown.extend(prompts);
    }

    /// Rules that made it, with what each sent.
    pub fn by_rule(&self) -> &BTreeMap<RuleId, Load> {
        &self.by_rule
    }

    /// All that it carries.
    pub fn load(&self) -> Load {
        self.clone().into_load()
    }

    /// The same, of one that is finished.
    fn into_load(self) -> Load {
        let mut loads = self.by_rule.into_values();
        let mut all = loads.next().unwrap_or_default();
        loads.for_each(|load| all.join(load));
        all.shows.extend(self.shown);
        all
    }

    /// Whether it carries this.
    pub fn carries(&self, content: Content) -> bool {
        self.by_rule.values().any(|load| load.contents.contains(&content))
    }

    /// Whether it carries nothing, and is no leg.
    pub fn is_empty(&self) -> bool {
        self.by_rule.values().all(|load| load.contents.is_empty())
    }

    /// The numbers of the items that it carries.
    pub fn items(&self) -> impl Iterator<Item = u16> {
        self.by_rule.values().flat_map(|load| load.items.iter().copied())
    }
}

/// What keeps matters on HOLD apart: each can be resolved apart.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Matter {
    /// Why.
    pub reason: HoldReason,
    /// Kinds of queue it would have gone to.
    pub meant_for: Vec<&'static str>,
    /// The item, where one item has no certain place.
    pub item: Option<u16>,
    /// The linked record.
    pub link: Option<usize>,
    /// The placed child (R14): its authority is not the subject's, nor another's.
    pub placed: Option<usize>,
    /// The queue that is not to have it, or has nobody.
    pub queue: Option<QueueId>,
}

impl Matter {
    /// An undecided leg of these kinds.
    pub fn of(reason: HoldReason, kinds: &[&'static str]) -> Self {
        Self { reason, meant_for: kinds.to_vec(), item: None, link: None, placed: None, queue: None }
    }
}

/// The plan: legs by queue, and matters for HOLD. It knows no class: what goes where does not depend on it, until what cannot
/// wait is copied and legs are finished.
#[derive(Clone)]
pub(super) struct Plan<'a> {
    /// What the rules read.
    pub facts: &'a Facts<'a>,
    /// The rules that fired, by name.
    pub rules: &'a [RuleId],
    /// Prompts raised.
    pub prompts: &'a [Prompt],
    /// The rules that fired.
    pub fired: Vec<&'a Rule>,
    /// The legs so far.
    pub legs: BTreeMap<QueueId, Collected>,
    /// The matters on HOLD so far, each with who may never resolve it.
    pub held: BTreeMap<Matter, (Load, Vec<QueueId>)>,
}

impl<'a> Plan<'a> {
    /// Nothing yet.
    pub fn new(facts: &'a Facts<'a>, assessment: &'a Assessment) -> Self {
        let Assessment { rules, prompts, .. } = assessment;
        let fired = facts.rules.rules.iter().filter(|rule| rules.contains(&rule.id)).collect();
        Self { facts, rules, prompts, fired, legs: BTreeMap::new(), held: BTreeMap::new() }
    }

    /// True if this rule fired.
    pub fn has_fired(&self, rule: RuleId) -> bool {
        self.rules.contains(&rule)
    }

    /// Adds to the leg of `queue`.
    pub fn send(&mut self, rule: RuleId, queue: QueueId, load: Load) {
        self.legs.entry(queue).or_default().add(rule, load);
    }

    /// Adds to the leg of `queue`, or to HOLD what would have opened as `kind` (D03).
    pub fn send_or_hold(&mut self, rule: RuleId, queue: Result<QueueId, HoldReason>, kind: &'static str, load: Load) {
        match queue {
            Ok(queue) => self.send(rule, queue, load),
            Err(reason) => self.hold(Matter::of(reason, &[kind]), load),
        }
    }

    /// Adds to a matter on HOLD.
    pub fn hold(&mut self, matter: Matter, load: Load) {
        self.held.entry(matter).or_default().0.join(load);
    }

    /// The class of a leg (D18): of the worst item it carries or notes where only rules made it that have no class but
    /// their items', else the submission's.
    pub fn class_of(&self, leg: &Collected, class: Class) -> Class {
        let as_item = |id: &RuleId| self.facts.rules.rule(id).is_some_and(Rule::is_as_item);
        if !leg.by_rule.keys().all(as_item) {
            return class;
        }
        let noted = leg.by_rule.values().flat_map(|load| load.copy_notes.iter().map(|(item, _)| *item));
        let numbers: BTreeSet<u16> = leg.items().chain(noted).collect();
        let items = self.facts.items.iter().filter(|item| numbers.contains(&item.number));
        items.map(|item| item.class).min().unwrap_or(class)
    }

    /// The finished legs of a submission of `class`, HOLD among them if anything is undecided.
    pub fn into_legs(mut self, class: Class, due: &Due<'_>) -> Vec<Leg> {
        let held = std::mem::take(&mut self.held);
        if !held.is_empty() {
            for (load, _) in held.values() {
                self.send("R24", QueueId::hold(), load.clone());
            }
        }
        let legs = std::mem::take(&mut self.legs);
        let finished = |(queue, collected)| {
            let class = self.class_of(&collected, class);
            leg(queue, collected, class, due)
        };
        let mut legs: Vec<Leg> = legs.into_iter().map(finished).collect();
        if let Some(hold) = legs.iter_mut().find(|leg| leg.queue == QueueId::hold()) {
            hold.held = held.into_iter().map(|(matter, (load, never_by))| matter.into_held(load, never_by)).collect();
        }
        legs
    }
}

/// When a leg of a class must be acknowledged and decided at a queue.
pub(in crate::domain) type Due<'a> = dyn Fn(&QueueId, Class) -> (Option<Timestamp>, Option<Timestamp>) + 'a;

fn leg(queue: QueueId, collected: Collected, class: Class, due: &Due<'_>) -> Leg {
    let (ack_due, decide_due) = due(&queue, class);
    let rules = collected.by_rule.keys().copied().collect();
    let load = collected.into_load();
    Leg {
        class,
        rules,
        contents: load.contents.into_iter().collect(),
        items: load.items.into_iter().collect(),
        shows: load.shows.into_iter().collect(),
        copy_notes: load.copy_notes.into_iter().collect(),
        links: load.links.into_iter().collect(),
        placed: load.placed.into_iter().collect(),
        provisional: load.provisional,
        // Whatever is on HOLD waits for a person who has to know of it (R24).
        page: class == Class::P0 || queue == QueueId::hold(),
        ack_due,
        decide_due,
        held: Vec::new(),
        queue,
    }
}

impl Matter {
    fn into_held(self, load: Load, never_by: Vec<QueueId>) -> Held {
        Held {
            reason: self.reason,
            meant_for: self.meant_for.into_iter().map(str::to_owned).collect(),
            contents: load.contents.into_iter().collect(),
            items: load.items.into_iter().collect(),
            link: self.link,
            placed: load.placed.into_iter().collect(),
            never_by,
        }
    }
}

//! How a routed submission is filed: one dossier for the subject child and one for each linked child (R15), each with
//! its units to seal and its legs. Only a [`Routed`] submission can be filed, and only a dossier can be sealed.

use jiff::{Timestamp, tz::TimeZone};

use super::{
    code::Class,
    decision::{Content, Decision, Flag, Held, Leg, RuleId, Shown},
    geography::Area,
    lint::Advice,
    queue::QueueId,
    stage::Routed,
    submission::{Draft, Person},
    text::Text,
    unit::{Audience, Part, UnitLabel, View},
};

/// One record to be sealed and stored.
#[derive(Debug, Clone)]
pub struct Dossier {
    person: Option<usize>,
    class: Class,
    units: Vec<(UnitLabel, View)>,
    legs: Vec<FiledLeg>,
}

/// One delivery of a dossier; its number is its place, from 1.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FiledLeg {
    /// The queue.
    pub queue: QueueId,
    /// Class of this delivery.
    pub class: Class,
    /// Rules that made it.
    pub rules: Vec<RuleId>,
    /// What it carries.
    pub contents: Vec<Content>,
    /// Items, 1-based.
    pub items: Vec<u16>,
    /// Prompts it shows.
    pub shows: Vec<Shown>,
    /// Which item went where.
    pub copy_notes: Vec<(u16, QueueId)>,
    /// Placed children whom its notice is about (R14), by index in the submission's `persons`.
    pub placed: Vec<usize>,
    /// Only until HOLD has found the place (D11).
    pub provisional: bool,
    /// Page a person.
    pub page: bool,
    /// Why it is on HOLD, if it is.
    pub held: Option<Held>,
}

impl Dossier {
    /// Files `routed`: the subject's dossier first, then linked children in the decision's order.
    pub fn file(routed: &Routed) -> Vec<Self> {
        let linked = 0..routed.decision().linked.len();
        std::iter::once(subject(routed)).chain(linked.map(|link| linked_child(routed, link))).collect()
    }

    /// For a linked record, the index of the child in the submission's `persons`; `None` for the subject.
    pub fn person(&self) -> Option<usize> {
        self.person
    }

    /// The record's class: the submission's, or the linked child's own (R15).
    pub fn class(&self) -> Class {
        self.class
    }

    /// Puts advice on police text beside that text: rule, kind, place and what should be written, no content. What police
    /// read stays as it is.
    pub fn advise(&mut self, advice: &[Advice]) {
        for (label, view) in &mut self.units {
            let here = advice.iter().filter(|one| one.unit == Some(*label));
            for (number, one) in here.enumerate() {
                let place = one.place.as_ref().map_or_else(String::new, |at| format!(" at {}-{}", at.start, at.end));
                view.push(format!("advice[{number}]"), format!("rule {} {}{place}: {}", one.rule, one.kind, one.say));
            }
        }
    }

    /// Every unit to seal but the original.
    pub fn units(&self) -> &[(UnitLabel, View)] {
        &self.units
    }

    /// Its deliveries; leg numbers are places from 1.
    pub fn legs(&self) -> &[FiledLeg] {
        &self.legs
    }
}

fn subject(routed: &Routed) -> Dossier {
    let decision = routed.decision();
    let linked_items: Vec<u16> = decision.linked.iter().flat_map(|linked| linked.items.iter().copied()).collect();
    let mut legs = Vec::new();
    for leg in &decision.legs {
        if !leg.held.is_empty() {
            legs.extend(leg.held.iter().filter(|held| held.link.is_none()).map(|held| on_hold(leg, held, leg.class)));
            continue;
        }
        let contents: Vec<Content> = leg.contents.iter().copied().filter(|content| *content != Content::Link).collect();
        if !contents.is_empty() {
            legs.push(FiledLeg { contents, provisional: false, ..filed(leg) });
        }
    }
    let travels_only_linked =
        |number: u16| linked_items.contains(&number) && !legs.iter().any(|leg| leg.items.contains(&number));
    let mut units: Vec<(UnitLabel, View)> = routed
        .redacted()
        .views()
        .iter()
        .filter(|(label, _)| !label.item.is_some_and(|number| label.part == Part::Item && travels_only_linked(number)))
        .cloned()
        .collect();
    for (label, view) in &mut units {
        if label.part == Part::EpisodeCard {
            clocks(view, decision);
        }
        if matches!(label.part, Part::EpisodeCard | Part::Safeguarding) {
            decided(view, decision);
        }
    }
    units.extend(withheld(routed));
    units.push(sender(routed.draft(), decision));
    units.extend(cards(routed, &legs, None));
    Dossier { person: None, class: decision.class, units, legs }
}

/// What a leg with a linked record carries of it.
const LINKED: [Content; 3] = [Content::EpisodeCard, Content::Items, Content::Link];

fn linked_child(routed: &Routed, link: usize) -> Dossier {
    let decision = routed.decision();
    let linked = &decision.linked[link];
    let mut legs = Vec::new();
    for leg in &decision.legs {
        let held = leg.held.iter().filter(|held| held.link == Some(link));
        // What the undecided leg would have carried: the whole linked record.
        legs.extend(held.map(|held| FiledLeg {
            contents: LINKED.to_vec(),
            items: linked.items.clone(),
            shows: leg.shows_of(Some(link)),
            ..on_hold(leg, held, linked.class)
        }));
        if leg.links.contains(&link) && leg.held.is_empty() {
            legs.push(FiledLeg {
                class: linked.class,
                contents: LINKED.to_vec(),
                items: linked.items.clone(),
                shows: leg.shows_of(Some(link)),
                copy_notes: Vec::new(),
                placed: Vec::new(),
                ..filed(leg)
            });
        }
    }
    let person = routed.draft().persons.get(linked.person);
    let of_its_items = |label: &UnitLabel| {
        matches!(label.part, Part::Item | Part::Provenance)
            && label.item.is_some_and(|number| linked.items.contains(&number))
    };
    let mut units: Vec<(UnitLabel, View)> =
        routed.redacted().views().iter().filter(|(label, _)| of_its_items(label)).cloned().collect();
    let mut card = linked_card(routed.draft(), person);
    contact(&mut card, decision);
    for flag in &linked.flags {
        card.push("flag", flag.code());
    }
    units.push((whole(Part::EpisodeCard), card));
    units.extend(cards(routed, &legs, person));
    Dossier { person: Some(linked.person), class: linked.class, units, legs }
}

fn filed(leg: &Leg) -> FiledLeg {
    FiledLeg {
        queue: leg.queue.clone(),
        class: leg.class,
        rules: leg.rules.clone(),
        contents: leg.contents.clone(),
        items: leg.items.clone(),
        shows: leg.shows_of(None),
        copy_notes: leg.copy_notes.clone(),
        placed: leg.placed.clone(),
        provisional: leg.provisional,
        page: leg.page,
        held: None,
    }
}

fn on_hold(leg: &Leg, held: &Held, class: Class) -> FiledLeg {
    FiledLeg {
        class,
        contents: held.contents.clone(),
        items: held.items.clone(),
        placed: held.placed.clone(),
        held: Some(held.clone()),
        provisional: false,
        ..filed(leg)
    }
}

fn whole(part: Part) -> UnitLabel {
    UnitLabel { item: None, part, audience: Audience::Nobody }
}

/// What the decision adds to a card: class, flags, prompts and whether a call home is safe (R19).
fn decided(view: &mut View, decision: &Decision) {
    view.push("class", decision.class.code());
    for flag in &decision.flags {
        view.push("flag", flag.code());
    }
    for prompt in &decision.prompts {
        let due = prompt.due.map_or_else(String::new, |due| format!(" by {due}"));
        let overdue = if prompt.overdue_on_arrival { " (overdue on arrival)" } else { "" };
        view.push("prompt", format!("{}{due}{overdue}", prompt.kind));
    }
}

/// On every card: whether a call home would be a danger (R19, D19). Whoever holds a card may pick up the telephone.
fn contact(view: &mut View, decision: &Decision) {
    let warnings = [Flag::NoFamilyContact, Flag::SafeContactNo];
    for flag in decision.flags.iter().filter(|flag| warnings.contains(flag)) {
        view.push("flag", flag.code());
    }
}

/// Both 72-hour clocks, late or not, for those who may read the card.
fn clocks(view: &mut View, decision: &Decision) {
    let Some(clocks) = &decision.clocks else { return };
    for (name, clock) in [("clock.offered", clocks.offered), ("clock.carried_out", clocks.carried_out)] {
        let after = clock.hours().map_or_else(String::new, |hours| format!(", {hours} hours after the return"));
        let late = if clock.late { " LATE" } else { "" };
        view.push(name, format!("{}{late}{after}, due by {}", clock.state, clock.due));
    }
}

/// What the sender reads of it: their own reference, where there is one, who of theirs reported it, and the two clocks.
fn sender(draft: &Draft, decision: &Decision) -> (UnitLabel, View) {
    let mut view = View::default();
    view.push("reporter", draft.envelope.reporter.name.clone());
    if let Some(reference) = &draft.envelope.sender_reference {
        view.push("sender_reference", reference.clone());
    }
    if let Some(clocks) = &decision.clocks {
        view.push("clock.offered", clocks.offered.kept());
        view.push("clock.carried_out", clocks.carried_out.kept());
    }
    (whole(Part::Sender), view)
}

/// The text that the re-scan took out, for a person on HOLD.
fn withheld(routed: &Routed) -> Option<(UnitLabel, View)> {
    let degraded = routed.redacted().degraded();
    let mut view = View::default();
    for taken in degraded {
        let item = taken.unit.item.map_or_else(String::new, |item| format!("[{item}]"));
        view.push(format!("{}{item}/{}.{}", taken.unit.part, taken.unit.audience, taken.field), taken.text.clone());
    }
    (!degraded.is_empty()).then(|| (whole(Part::Withheld), view))
}

/// The structured card of every leg that carries more than units: notice, closure, alert, prompt, copy-note.
fn cards(routed: &Routed, legs: &[FiledLeg], linked: Option<&Person>) -> Vec<(UnitLabel, View)> {
    let mut cards = Vec::new();
    for (leg, number) in legs.iter().zip(1_u16..) {
        let mut view = View::default();
        for content in &leg.contents {
            match content {
                Content::Alert => alert(&mut view, routed.draft(), leg.class),
                Content::Closure => closure(&mut view, routed),
                Content::Notice => notice(&mut view, routed.draft(), leg, linked),
                Content::Prompt => prompts(&mut view, routed, leg),
                Content::CopyNote => {
                    for (item, queue) in &leg.copy_notes {
                        view.push("copy_note", format!("item {item} went to {queue}"));
                    }
                }
                Content::EpisodeCard | Content::Safeguarding | Content::Items | Content::Link => {}
            }
        }
        if !view.fields.is_empty() {
            // A closure asks for nothing; everybody else may have to ask.
            if leg.contents.iter().any(|content| *content != Content::Closure) {
                view.push("call_back", routed.draft().envelope.reporter.call_back.clone());
            }
            if !about_placed_alone(leg) {
                contact(&mut view, routed.decision());
            }
            let label = UnitLabel { item: Some(number), part: Part::Card, audience: Audience::Nobody };
            cards.push((label, view));
        }
    }
    cards
}

fn alert(view: &mut View, draft: &Draft, class: Class) {
    view.push("alert", format!("{class}: ring the sender now"));
    view.push("child.name", draft.child.name.clone());
    if let Some(stop) = &draft.answers.stop_screen {
        view.push("emergency.reference", stop.reference.clone().unwrap_or_default());
        view.push("emergency.at", stop.at.map_or_else(String::new, |at| at.to_string()));
    }
}

fn closure(view: &mut View, routed: &Routed) {
    let draft = routed.draft();
    view.push("closure.child", draft.child.name.clone());
    view.push("closure.police_reference", draft.episode.police_reference.clone().unwrap_or_default());
    view.push("closure.date", london_date(closed_by(draft, routed.decision())));
    view.push("closure.outcome", draft.episode.outcome.code());
    view.push("closure.safeguarding_referral_made", if routed.decision().referral { "yes" } else { "no" });
}

/// The moment that a closure dates (D07): of the interview; where none was held, of the last offer; where none was made, of receipt.
fn closed_by(draft: &Draft, decision: &Decision) -> Timestamp {
    let offered = draft.episode.offers.iter().map(|offer| offer.at).max();
    draft.interview.held_at.or(offered).unwrap_or(decision.received)
}

/// The minimum facts: which child, where, whom to ring. A notice by R14 alone names the placing authority's own child only,
/// on HOLD as well as in its queue.
fn notice(view: &mut View, draft: &Draft, leg: &FiledLeg, linked: Option<&Person>) {
    if let Some(person) = linked {
        noticed(view, &person.name, &person.lives);
    } else {
        if !about_placed_alone(leg) {
            noticed(view, &draft.child.name, &draft.lives_now);
        }
        for person in leg.placed.iter().filter_map(|index| draft.persons.get(*index)) {
            noticed(view, &person.name, &person.lives);
        }
    }
    view.push("notice.says", "a Return Home Interview concerns this child: ring the sender");
}

/// Made by R14 alone: a notice about another child than the subject.
fn about_placed_alone(leg: &FiledLeg) -> bool {
    match &leg.held {
        Some(held) => !held.placed.is_empty(),
        None => leg.rules.iter().all(|rule| *rule == "R14"),
    }
}

fn noticed(view: &mut View, name: &Text, lives: &Area) {
    view.push("notice.child", name.clone());
    view.push("notice.lives", area(lives));
}

/// What is asked, and for which child.
fn prompts(view: &mut View, routed: &Routed, leg: &FiledLeg) {
    let (draft, decision) = (routed.draft(), routed.decision());
    view.push("prompt.child", draft.child.name.clone());
    view.push("prompt.police_reference", draft.episode.police_reference.clone().unwrap_or_default());
    for prompt in decision.prompts.iter().filter(|prompt| prompt.is_among(&leg.shows)) {
        let due = prompt.due.map_or_else(String::new, |due| format!(" by {}", london_date(due)));
        let overdue = if prompt.overdue_on_arrival { " (overdue on arrival)" } else { "" };
        view.push("prompt", format!("{}{due}{overdue}", prompt.kind));
    }
}

/// The episode card of a linked child: who, where, and whom to ring. Nothing of the subject's.
fn linked_card(draft: &Draft, person: Option<&Person>) -> View {
    let mut view = View::default();
    if let Some(person) = person {
        view.push("child.name", person.name.clone());
        for alias in &person.aliases {
            view.push("child.alias", alias.clone());
        }
        view.push("child.date_of_birth", person.date_of_birth.map_or_else(String::new, |date| date.to_string()));
        view.push("child.address", person.address.clone().unwrap_or_default());
        view.push("child.postcode", person.postcode.clone().unwrap_or_default());
        view.push("child.school", person.school.clone().unwrap_or_default());
        view.push("child.lives", area(&person.lives));
    }
    view.push("linked", "opened from another child's Return Home Interview; do not merge the files");
    view.push("call_back", draft.envelope.reporter.call_back.clone());
    view
}

/// An area as the sender stated it.
fn area(area: &Area) -> String {
    match area {
        Area::Absent => String::new(),
        Area::Unknown => "unknown".to_owned(),
        Area::Stated { code, name } => {
            name.as_ref().or(code.as_ref()).map_or_else(String::new, |text| text.reveal().to_owned())
        }
    }
}

/// The date in London; the zone database is compiled in.
fn london_date(at: Timestamp) -> String {
    at.to_zoned(TimeZone::get("Europe/London").unwrap_or(TimeZone::UTC)).date().to_string()
}

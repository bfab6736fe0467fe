//! Finding something in a queue: by what its header says and never by what it carries. No more is looked through at a time than is
//! bounded; the next page goes on from there.

use maud::{Markup, html};
use serde::Deserialize;

use super::{
    calls::{Called, ROWS, Visit},
    offers::{offered, retracted},
    trouble::Trouble,
};
use crate::wire::pb::{self, DeliveryState};

/// Headers that are looked through for one page, at most.
const LOOKED_THROUGH: usize = 2_000;
/// The most headers that one call lists.
const MOST_ROWS: i32 = 200;
/// The longest text that is looked for, in characters.
const LONGEST: usize = 100;

/// A code and what it is called.
type Choice = (&'static str, &'static str);

const CLASSES: &[Choice] = &[("", "Any class"), ("P0", "P0"), ("P1", "P1"), ("P2", "P2"), ("P3", "P3"), ("P4", "P4")];
const KINDS: &[Choice] = &[
    ("", "Anything"),
    ("referral", "Referrals"),
    ("linked", "Records of other children"),
    ("correction", "Corrections"),
    ("notice", "Notices"),
    ("offer", "Offers of other units"),
    ("held", "On HOLD"),
    ("provisional", "Provisional"),
];
const HOLDERS: &[Choice] = &[("", "With anybody"), ("nobody", "With nobody"), ("colleague", "With a colleague")];

/// What is to be found; empty is everything.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Wish {
    class: String,
    kind: String,
    with: String,
    unopened: String,
    overdue: String,
    /// Part of an id, a rule, a queue.
    text: String,
}

/// A page of what was found.
pub(super) struct Found {
    pub(super) deliveries: Vec<pb::Delivery>,
    /// Where the next page begins; empty at the end.
    pub(super) next: String,
}

impl Wish {
    /// What was typed, within its bounds.
    fn text(&self) -> String {
        self.text.trim().chars().take(LONGEST).collect::<String>().to_lowercase()
    }

    pub(super) fn is_none(&self) -> bool {
        let all = [&self.class, &self.kind, &self.with, &self.unopened, &self.overdue];
        all.into_iter().all(String::is_empty) && self.text().is_empty()
    }

    fn fits(&self, delivery: &pb::Delivery, texts: &[String]) -> bool {
        let leased = delivery.state() == DeliveryState::Leased;
        let kind = match self.kind.as_str() {
            "" => true,
            "linked" => !delivery.linked_from.is_empty(),
            "correction" => !delivery.corrects_referral_id.is_empty(),
            "notice" => retracted(delivery).is_some(),
            "offer" => offered(delivery).is_some(),
            "held" => delivery.held.is_some(),
            "provisional" => delivery.provisional,
            _ => retracted(delivery).is_none() && delivery.linked_from.is_empty(),
        };
        kind && (self.class.is_empty() || self.class == delivery.class)
            && (self.with.is_empty() || leased == (self.with == "colleague"))
            && (self.unopened.is_empty() || delivery.opened_time.is_none())
            && (self.overdue.is_empty() || delivery.overdue)
            && texts.iter().any(|text| says(delivery, text))
    }

    /// The form that asks for it; what is asked for already stands in it.
    pub(super) fn form(&self, visit: &Visit, address: &str) -> Result<Markup, Trouble> {
        let chosen = |id: &str, label: &str, (name, value): (&str, &str), choices: &[Choice]| {
            html! {
                div {
                    label for=(id) { (label) }
                    select id=(id) name=(name) { @for (code, words) in choices { option value=(code) selected[value == *code] { (words) } } }
                }
            }
        };
        let ticked = |id: &str, name: &str, on: bool, label: &str| {
            html! { div { input type="checkbox" id=(id) name=(name) value="yes" checked[on]; label for=(id) { (label) } } }
        };
        let inside = html! {
            div.filter {
                (chosen("find-class", "Class", ("class", &self.class), CLASSES))
                (chosen("find-kind", "What", ("kind", &self.kind), KINDS))
                (chosen("find-with", "Held by", ("with", &self.with), HOLDERS))
                (ticked("find-unopened", "unopened", !self.unopened.is_empty(), "Unopened"))
                (ticked("find-overdue", "overdue", !self.overdue.is_empty(), "Overdue"))
                div {
                    label for="find-text" { "Reference, rule, queue or council" }
                    input id="find-text" type="text" name="text" value=(self.text) maxlength=(LONGEST) autocomplete="off" spellcheck="false" aria-describedby="find-help";
                    p.quiet.help #find-help { "Any part of an id of ours, for example its last letters. Nothing of the content is looked at." }
                }
                button { "Find" }
                @if !self.is_none() { p { a href=(address) { "Show everything" } } }
            }
        };
        let form = visit.form(&format!("{address}/find"), &inside)?;
        Ok(html! { details open[!self.is_none()] { summary { "Find something here" } (form) } })
    }

    /// The way to the next page of the same.
    pub(super) fn more(&self, visit: &Visit, address: &str, next: &str) -> Result<Markup, Trouble> {
        let carried = [
            ("class", &self.class),
            ("kind", &self.kind),
            ("with", &self.with),
            ("unopened", &self.unopened),
            ("overdue", &self.overdue),
            ("text", &self.text),
        ];
        if next.is_empty() {
            return Ok(html! {});
        }
        let inside = html! {
            @for (name, value) in carried { @if !value.is_empty() { input type="hidden" name=(name) value=(value); } }
            input type="hidden" name="page" value=(next);
            button.less { "More" }
        };
        visit.form(&format!("{address}/find"), &inside)
    }
}

/// Whether an id, a rule, a unit or a reason of its header has this text in it.
fn says(delivery: &pb::Delivery, text: &str) -> bool {
    let offers = [&delivery.offered, &delivery.transfer].into_iter().flatten().map(|offer| &offer.queue);
    let held = delivery.held.iter().flat_map(|held| held.meant_for.iter().chain([&held.reason]));
    let ids = [&delivery.delivery_id, &delivery.referral_id, &delivery.linked_from, &delivery.corrects_referral_id];
    let all = ids.into_iter().chain(&delivery.rules).chain(&delivery.contents).chain(offers).chain(held);
    text.is_empty() || all.into_iter().any(|word| word.to_lowercase().contains(text))
}

impl Visit {
    /// What a queue has of it from this page on, most urgent first.
    pub(super) async fn found(&self, queue: &str, wish: &Wish, page: &str) -> Called<Found> {
        let text = wish.text();
        let mut texts = self.codes_of(&text);
        texts.push(text);
        self.look(queue, page, |delivery| wish.fits(delivery, &texts)).await
    }

    /// Those for which it holds, page by page, until there is a page of them or enough was looked through.
    pub(super) async fn look(&self, queue: &str, page: &str, holds: impl Fn(&pb::Delivery) -> bool) -> Called<Found> {
        let (mut deliveries, mut next, mut looked) = (Vec::new(), page.to_owned(), 0);
        loop {
            let list = self.deliveries(queue, &next, (false, ROWS)).await?;
            looked += list.deliveries.len();
            deliveries.extend(list.deliveries.into_iter().filter(|delivery| holds(delivery)));
            next = list.next_page_token;
            if next.is_empty() || deliveries.len() >= ROWS as usize || looked >= LOOKED_THROUGH {
                return Ok(Found { deliveries, next });
            }
        }
    }

    /// Looks through a queue as far as is bounded; whether that was all of it.
    pub(super) async fn walk(&self, queue: &str, mut each: impl FnMut(pb::Delivery)) -> Called<bool> {
        let (mut next, mut looked) = (String::new(), 0);
        loop {
            let list = self.deliveries(queue, &next, (false, MOST_ROWS)).await?;
            looked += list.deliveries.len();
            list.deliveries.into_iter().for_each(&mut each);
            next = list.next_page_token;
            if next.is_empty() || looked >= LOOKED_THROUGH {
                return Ok(next.is_empty());
            }
        }
    }

    /// The codes of councils and forces whose name has this text in it: people say Lewisham, headers say E09000023.
    fn codes_of(&self, text: &str) -> Vec<String> {
        if text.chars().count() < 3 {
            return Vec::new();
        }
        let rulebook = self.desk.broker.rulebook();
        let directory = &rulebook.policy.directory;
        let councils = directory.authorities.iter().map(|one| (&one.name, &one.gss));
        let forces = directory.forces.iter().map(|one| (&one.name, &one.code));
        let named = councils.chain(forces).filter(|(name, _)| name.to_lowercase().contains(text));
        named.map(|(_, code)| code.to_lowercase()).collect()
    }
}

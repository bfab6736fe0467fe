//! What is on HOLD: why, what the rules sent all the same, whom it was meant for and how to reach them; and the form that sends it on.

use maud::{Markup, html};

use super::{
    calls::{InHand, Visit},
    delivery::act,
    refused::Given,
    trouble::Trouble,
    words,
};
use crate::{
    domain::{grants::Action, queue::QueueId, unit::Part},
    wire::{convert, pb},
};

/// Why something is held in a few words, and what to do. The rules have one word for what they cannot decide, what the last check took out of
/// a view, and what accuses people of the unit that would have it.
fn why(matter: &pb::HeldMatter, withheld: bool) -> (String, &'static str) {
    let known = words::plain(&matter.reason);
    match matter.reason.as_str() {
        "geography_unknown" => {
            (known, "Nobody said for certain where: find out which council or force it is, from the sender.")
        }
        "organisation_unknown" => {
            (known, "The council or force that was named is in no directory: find out who is meant.")
        }
        "queue_unattended" => {
            (known, "Nobody is known to be there: ring the unit that stands in, and send it where somebody is.")
        }
        "unsupported_marking" => (
            known,
            "It is marked above OFFICIAL-SENSITIVE, and nothing of it was kept: ring the sender about another channel.",
        ),
        _ if withheld => (
            "words were withheld".to_owned(),
            "The last check took words out of a view: open them below, read them, and send them on where they may be read.",
        ),
        _ if !matter.never_by.is_empty() => (
            "it accuses somebody who works there".to_owned(),
            "Somebody of the unit that would have it is accused: send it to a unit that has nothing to do with them.",
        ),
        _ => (known, "The rules say two things: decide which unit has it."),
    }
}

impl Visit {
    /// The triage of a delivery on HOLD: why it is there and what was sent all the same, and the form that sends it on; nothing where it
    /// is none, or is not theirs to settle.
    pub(super) async fn triage(&self, held: &InHand) -> Result<Option<(Markup, Markup)>, Trouble> {
        let delivery = &held.delivery;
        let Some(matter) = delivery.held.as_ref().filter(|_| self.may(Action::ResolveHeld)) else { return Ok(None) };
        // Where that is not for them, nor is the rest; they put it back.
        let Ok(sent) = self.desk.services.sent_already(&self.session, &delivery.delivery_id).await else {
            return Ok(None);
        };
        let address = act(&delivery.queue, &delivery.delivery_id, "resolve");
        let given = self.given(&address, &[]);
        let form = given.form(&fields(&given, &self.places()))?;
        let withheld = delivery.openable.iter().any(|unit| convert::part(unit.part) == Some(Part::Withheld));
        let (short, to_do) = why(matter, withheld);
        let why = html! {
            section.notice aria-labelledby="triage" {
                h2 #triage { "Held: " (short) }
                p { (to_do) }
                @if !matter.meant_for.is_empty() { p { strong { "Meant for: " } (matter.meant_for.join(" or ")) } }
                @if !matter.never_by.is_empty() { p.notice { strong { "Never to: " } (matter.never_by.join(", ")) ". It accuses people there." } }
                h3 { "Sent already" }
                @if sent.is_empty() { p { "To nobody: this is all there is of it." } } @else {
                    ul.plain { @for (queue, class, opened) in &sent { li { strong { (queue) } " " span.quiet { (self.label(queue)) } ", " (class) ", " @if *opened { "opened" } @else { "not opened yet" } } } }
                }
            }
        };
        let sends_on = html! { section aria-labelledby="send-on" { h2 #send-on { "Send it on" } (form) } };
        Ok(Some((why, sends_on)))
    }

    /// Who is behind a queue now: the unit, its cover, its number, and who stands in.
    pub(super) fn cover(&self, queue: &str) -> Markup {
        let (rulebook, now) = (self.desk.broker.rulebook(), self.desk.broker.now());
        let day = rulebook.policy.calendar.date(now);
        let contact = QueueId::parse(queue).and_then(|queue| rulebook.policy.contacts.of(&queue, day));
        html! {
            @match contact {
                Some(contact) => {
                    (contact.unit) ", " (contact.cover.words()) ", " (contact.phone)
                    @if let Some(other) = &contact.fallback { "; else " (other) }
                    " " span.quiet { "(" (rulebook.policy.contacts.standing(contact, day).code()) ")" }
                }
                None => { strong.late { "nobody is named" } }
            }
        }
    }
}

fn fields(given: &Given<'_>, places: &Markup) -> Markup {
    html! {
        (places)
        label for="resolve-to" { "To which unit? Begin with a name, and choose: for example Lewisham (MASH)." }
        input #resolve-to name="to" list="places" required maxlength="100" autocomplete="off" spellcheck="false" value=(given.text("to"));
        label for="resolve-why" { "Why there? The ledger keeps it sealed." }
        textarea #resolve-why name="text" rows="3" maxlength="5000" required spellcheck="false" { "\n" (given.text("text")) }
        button.main { "Send it on" }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_withheld_and_what_accuses_people_there_are_told_apart() {
        let matter = |never_by: &[&str]| pb::HeldMatter {
            reason: "rules_conflict".to_owned(),
            never_by: never_by.iter().map(|queue| (*queue).to_owned()).collect(),
            ..Default::default()
        };
        for (never_by, withheld, said) in [
            (&[][..], true, "took words out of a view"),
            (&["HOLD.human"][..], true, "took words out of a view"),
            (&["MPU.SE"][..], false, "is accused"),
            (&[][..], false, "decide which unit has it"),
        ] {
            let (_, to_do) = why(&matter(never_by), withheld);
            assert!(to_do.contains(said), "{never_by:?} {withheld}: {to_do}");
        }
    }
}

//! The grades of the items, and the form that confirms one: what a code means is said in the domain's own words, here and there.

use maud::{Markup, html};

use super::{
    calls::{InHand, Visit},
    delivery::act,
    refused::Given,
    trouble::Trouble,
};
use crate::{
    domain::{
        decision::{InformationGrade, SourceGrade},
        grading::{ActionCode, HandlingCode, SanitisationCode},
    },
    wire::pb,
};

/// A code and what it means.
type Choice = (&'static str, &'static str);

/// A grade as a header shows it.
struct Shown {
    source: Option<SourceGrade>,
    information: Option<InformationGrade>,
    handling: Option<HandlingCode>,
}

impl Shown {
    /// Reads `2A` and `C A1 S2`.
    fn read(grade: &str, handling: &str) -> Self {
        let (source, information) = grade.split_at_checked(1).unwrap_or_default();
        Self {
            source: SourceGrade::from_code(source),
            information: InformationGrade::from_code(information),
            handling: HandlingCode::from_code(handling),
        }
    }
}

/// What a grade with its handling says, in words.
pub(super) fn words(grade: &str, handling: &str) -> String {
    let Shown { source, information, handling } = Shown::read(grade, handling);
    let words = [
        source.map(|code| code.words().to_owned()),
        information.map(|code| code.words().to_owned()),
        handling.map(HandlingCode::words),
    ];
    words.into_iter().flatten().collect::<Vec<_>>().join("; ")
}

/// The items with their grades, proposed and confirmed.
pub(super) fn items(delivery: &pb::Delivery) -> Markup {
    let cell = |grade: &str, handling: &str, instruction: &str| {
        html! {
            strong { (grade) " " (handling) }
            br;
            (words(grade, handling))
            @if !instruction.is_empty() { br; (instruction) }
        }
    };
    html! {
        @if !delivery.items.is_empty() {
            table {
                caption { "Items" }
                thead { tr { th scope="col" { "Item" } th scope="col" { "Proposed" } th scope="col" { "Confirmed" } } }
                tbody { @for item in &delivery.items {
                    tr {
                        th scope="row" { (item.index) }
                        td { (cell(&item.proposed, &item.handling, &item.instruction)) }
                        td { @match &item.confirmed { Some(confirmed) => (cell(&confirmed.grade, &confirmed.handling, "")), None => "not yet" } }
                    }
                } }
            }
        }
    }
}

/// One form for each item, each as it was proposed until somebody chooses otherwise; and whether one of them was refused.
pub(super) fn forms(visit: &Visit, held: &InHand) -> Result<(Markup, bool), Trouble> {
    let delivery = &held.delivery;
    let address = act(&delivery.queue, &delivery.delivery_id, "confirm");
    let (mut forms, mut again) = (Vec::new(), false);
    for item in &delivery.items {
        let number = item.index.to_string();
        let given = visit.given(&address, &[("item", &number)]);
        again |= given.again();
        forms.push(given.form(&form(item, &given))?);
    }
    Ok((html! { @for form in &forms { (form) } }, again))
}

fn form(item: &pb::DeliveryItem, given: &Given<'_>) -> Markup {
    let Shown { source, information, handling } = Shown::read(&item.proposed, &item.handling);
    let (letter, action, sanitisation) = match handling {
        Some(HandlingCode::Permitted) => ("P", "", ""),
        Some(HandlingCode::Conditions(action, sanitisation)) => ("C", action.code(), sanitisation.code()),
        None => ("", "", ""),
    };
    let choice = |name: &str, label: &str, (proposed, codes): (&str, Vec<Choice>)| {
        let id = format!("{name}-{}", item.index);
        let chosen = if given.again() { given.text(name) } else { proposed };
        html! {
            label for=(id) { (label) }
            select id=(id) name=(name) {
                option value="" selected[chosen.is_empty()] { "" }
                @for (code, words) in codes { option value=(code) selected[chosen == code] { (code) " " (words) } }
            }
        }
    };
    let sources = SourceGrade::ALL.iter().map(|one| (one.code(), one.words())).collect();
    let informations = InformationGrade::ALL.iter().map(|one| (one.code(), one.words())).collect();
    let actions = ActionCode::ALL.iter().map(|one| (one.code(), one.words())).collect();
    let sanitisations = SanitisationCode::ALL.iter().map(|one| (one.code(), one.words())).collect();
    let (instructions, why) = (format!("instructions-{}", item.index), format!("why-{}", item.index));
    html! {
        h3 { "Item " (item.index) ", proposed " (item.proposed) " " (item.handling) }
        input type="hidden" name="item" value=(item.index);
        (choice("source", "Source", (source.map_or("", SourceGrade::code), sources)))
        (choice("information", "Information", (information.map_or("", InformationGrade::code), informations)))
        (choice("handling", "Handling", (letter, HandlingCode::LETTERS.to_vec())))
        (choice("action_code", "Action, for C only", (action, actions)))
        (choice("sanitisation_code", "Sanitisation, for C only", (sanitisation, sanitisations)))
        label for=(instructions) { "Instructions, for C only" }
        textarea id=(instructions) name="text" rows="3" maxlength="5000" spellcheck="false" { "\n" @if given.again() { (given.text("text")) } @else { (item.instruction) } }
        label for=(why) { "Why, where you differ from what was proposed" }
        textarea id=(why) name="why" rows="2" maxlength="5000" spellcheck="false" { "\n" (given.text("why")) }
        button { "Confirm item " (item.index) }
    }
}

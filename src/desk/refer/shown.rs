//! The last page: who would get what, what is advised, and every text as it was written, as each reader sees it, and as the ledger keeps
//! it, side by side.

use axum::response::Html;
use maud::{Markup, html};

use super::{
    super::{calls::Visit, frame, trouble::Trouble},
    ACT,
    draft::Draft,
    page::{LAST, carried, ways_back},
    words,
};
use crate::wire::{convert, pb};

impl Visit {
    /// What would be decided, and the form that sends it, with what is to be said first and what its button says.
    pub(super) fn shown(
        &self,
        draft: &Draft,
        request_id: &str,
        decided: &pb::Explanation,
        (notice, button): (&str, &str),
    ) -> Result<Html<String>, Trouble> {
        let inside = html! {
            (carried(draft, &LAST))
            button.main name="go" value="send" { (button) }
            p.quiet { "Sent, it is in every queue named here and in the ledger, and you get a receipt to file." }
            (ways_back(draft))
        };
        let body = html! {
            h1 { (LAST.title) }
            @if !notice.is_empty() { p.notice role="alert" { (notice) } }
            @if decided.class.is_empty() { } @else { (self.decision(decided)) }
            (self.form_under(ACT, request_id, &inside))
            @if !decided.written.is_empty() { (versions(decided)) }
        };
        let body = self.marked(convert::MARKING, "A referral before it is sent", &body);
        Ok(frame::page(LAST.title, Some(self), &body))
    }

    /// Class, destinations, what is to be done, and the clocks.
    pub(super) fn decision(&self, decided: &pb::Explanation) -> Markup {
        let now = self.desk.broker.now();
        html! {
            p { span class={ "class " (decided.class.to_ascii_lowercase()) } { (decided.class) } " " (words::class(&decided.class)) }
            table {
                caption { "Who would get what" }
                thead { tr { th scope="col" { "Unit" } th scope="col" { "Class" } th scope="col" { "What" } th scope="col" { "Why" } } }
                tbody { @for leg in &decided.legs {
                    tr {
                        th scope="row" { (leg.queue) " " span.quiet { (self.label(&leg.queue)) } @if leg.page { " " strong { "paged at once" } } }
                        td { (leg.class) }
                        td { (leg.contents.iter().map(|what| content(what)).collect::<Vec<_>>().join(", ")) @if !leg.items.is_empty() { ": " (leg.items.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")) } @for held in &leg.held { br; "held: " (words::plain(&held.reason)) } }
                        td { (leg.rules.join(" ")) }
                    }
                } }
            }
            @if !decided.prompt_details.is_empty() {
                h2 { "To be done" }
                ul { @for prompt in &decided.prompt_details { li { (words::plain(&prompt.kind)) @if let Some((when, late)) = words::due(prompt.due_time.as_ref(), now) { ", " span.late[late] { (when) } } } } }
            }
            @if let Some(clocks) = &decided.clocks {
                h2 { "The two 72-hour clocks" }
                ul { @for (name, clock) in [("Offer", &clocks.offered), ("Interview", &clocks.carried_out)] { @if let Some(clock) = clock { li { (name) ": " span.late[clock.late] { (words::plain(&clock.state)) } } } } }
            }
            @if !decided.degraded.is_empty() { p.notice { "The last check holds back a text for a person on HOLD. Everything else goes at once." } }
            @if !decided.advice.is_empty() {
                details { summary { "Advice on the wording: " (decided.advice.len()) }
                    ul { @for one in &decided.advice { li { @if one.item > 0 { "Matter " (one.item) ": " } (one.say) } } }
                }
            }
        }
    }
}

fn content(code: &str) -> &str {
    match code {
        "E" => "the child and the episode",
        "C" => "safeguarding",
        "items" => "matters",
        "copy_note" => "a note of what went where",
        "link" => "another child's record",
        other => other,
    }
}

/// Every text as it was written, as each reader sees it, and as the ledger keeps it.
pub(super) fn versions(decided: &pb::Explanation) -> Markup {
    let seen = decided.written.iter().filter(|written| !written.shown_as.is_empty());
    html! {
        h2 { "What each reader sees" }
        p.quiet { "Marked is what some reader gets something else for." }
        @for written in seen {
            section.versions aria-label=(words::field(&written.field)) {
                h3 { (words::field(&written.field)) }
                div { h4 { "As written" } p { (marked(written)) } }
                div { h4 { "As each reader sees it" } @for (who, text) in readers(decided, written) { p { strong { (who) ": " } bdi { (text) } } } }
                div { h4 { "As the ledger keeps it" } p.quiet { "No word of it." } }
            }
        }
    }
}

/// The text, with what somebody gets something else for marked.
fn marked(written: &pb::WrittenText) -> Markup {
    let letters: Vec<char> = written.text.chars().collect();
    let place = |at: u32| usize::try_from(at).unwrap_or(usize::MAX).min(letters.len());
    let text = |from: usize, to: usize| {
        letters.get(from..to).map(|piece| piece.iter().collect::<String>()).unwrap_or_default()
    };
    let replaced = |span: &&pb::TextSpan| span.readings.iter().any(|reading| reading.action != "keep");
    let mut done = 0;
    let mut pieces = Vec::new();
    for span in written.spans.iter().filter(replaced) {
        let (start, end) = (place(span.start), place(span.end));
        pieces.push(html! { (text(done, start)) mark { (text(start, end)) } });
        done = done.max(end);
    }
    html! { bdi { @for piece in &pieces { (piece) } (text(done, letters.len())) @if letters.is_empty() { "(too long to show again)" } } }
}

/// What each reader sees, readers of the same words together.
fn readers(decided: &pb::Explanation, written: &pb::WrittenText) -> Vec<(String, String)> {
    let mut readers: Vec<(String, String)> = Vec::new();
    let Some(views) = &decided.views else { return readers };
    for shown in &written.shown_as {
        let (who, units) = match shown.audience.as_str() {
            "mpu" => ("Police", &views.mpu),
            "mash" => ("Safeguarding", &views.mash),
            "carer" => ("Carer's copy", &views.carer),
            _ => ("Police intelligence alone, sealed", &views.none),
        };
        let unit = units.iter().find(|unit| unit.part == shown.part && unit.item == shown.item);
        let Some(field) = unit.and_then(|unit| unit.fields.iter().find(|field| field.name == shown.field)) else {
            continue;
        };
        match readers.iter_mut().find(|(_, known)| *known == field.value) {
            Some((known, _)) => *known = format!("{known}, {}", who.to_lowercase()),
            None => readers.push((who.to_owned(), field.value.clone())),
        }
    }
    readers
}

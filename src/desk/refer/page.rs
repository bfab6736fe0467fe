//! A step as a page: its fields with their help and what is wrong with them; everything else is carried along unseen.

use std::collections::BTreeMap;

use axum::response::Html;
use maud::{Markup, html};

use super::{
    super::{calls::Visit, frame, trouble::Trouble, words},
    ACT,
    draft::{Draft, Fault, Places, counter, inside},
    field::{Field, Kind, List, Option as Choice, Part, YES_NO},
    steps::{ASKED_999, CHECK, Step},
};

/// What a step is shown with.
pub(super) struct Shown<'a> {
    pub(super) draft: &'a Draft,
    pub(super) request_id: &'a str,
    pub(super) faults: &'a [Fault],
    /// What else is to be said first.
    pub(super) notice: &'a str,
    /// The name of a list to which an entry was just added.
    pub(super) added: &'a str,
}

impl Visit {
    /// The page of a step.
    pub(super) fn step(&self, step: &Step, shown: &Shown<'_>) -> Result<Html<String>, Trouble> {
        let draft = shown.draft;
        let steps = draft.steps();
        let number = steps.iter().position(|other| other.code == step.code).unwrap_or(0);
        let places = draft.places();
        let wrong = shown.faults.iter().filter_map(|(name, advice)| Some((places.of(name)?.1, advice.as_str())));
        let fields = Fields { visit: self, shown, wrong: wrong.collect() };
        let inside = html! {
            // The first button is what the Enter key presses.
            button.unseen name="go" value="next" tabindex="-1" aria-hidden="true" { "Continue" }
            (carried(draft, step))
            @if !draft.first(ASKED_999).is_empty() { input type="hidden" name=(ASKED_999) value="yes"; }
            (self.areas())
            @for part in step.parts { (fields.part(part)) }
            div.steps {
                button.main name="go" value="next" { @if number + 1 == steps.len() { "Check it" } @else { "Continue" } }
                @if number > 0 { button.less name="go" value="back" { "Back" } }
            }
        };
        let body = html! {
            p.quiet { "Step " (number + 1) " of " (steps.len() + 1) @if draft.is_nil() { ", a nil return" } }
            h1 { (step.title) }
            @if step.code == "stop" { p.alarm { strong { "Danger now? Ring 999 first." } " Then come back: this form is no emergency channel, and nobody is waiting at its other end." } }
            (problems(&places, step, shown))
            @if !step.help.is_empty() { p { (step.help) } }
            @if draft.tells_of_crime() { p.notice { strong { "A crime is disclosed." } " Listen, write down the words, ask no further, report. A Return Home Interview is no police interview." } }
            (self.form_under(ACT, shown.request_id, &inside))
            // Nothing is there without script, nor on the first step, where nothing is written yet.
            @if number > 0 {
                details #preview hidden open { summary { "What each reader would see so far" } p.quiet role="status" {} div {} }
                script src="/desk.js" defer {}
            }
        };
        let error = if shown.faults.is_empty() { "" } else { "Error: " };
        Ok(frame::page(&format!("{error}{}", step.title), Some(self), &body))
    }
}

/// What was typed elsewhere.
pub(super) fn carried(draft: &Draft, step: &Step) -> Markup {
    html! {
        input type="hidden" name="at" value=(step.code);
        @for (name, value) in draft.unseen(step) { input type="hidden" name=(name) value=(value); }
    }
}

/// Everything that is not right yet, on this step as links, on others by their names.
fn problems(places: &Places, step: &Step, shown: &Shown<'_>) -> Markup {
    html! {
        @if !shown.notice.is_empty() { p.notice role="alert" { (shown.notice) } }
        @if !shown.faults.is_empty() {
            div.problems role="alert" {
                h2 { "Something is not right yet" }
                p { "What you typed is still here." }
                ul { @for (name, advice) in shown.faults {
                    li { @match places.of(name) {
                        Some((on, name, label)) if on.code == step.code => { a href={ "#" (id(&name)) } { (label) ": " (advice) } }
                        Some((on, _, label)) => { (on.title) ", " (label) ": " (advice) }
                        None => { (words::field(name.strip_prefix("submission.").unwrap_or(name))) ": " (advice) }
                    } }
                } }
            }
        }
    }
}

/// The name of a field as an id of the page.
fn id(name: &str) -> String {
    name.replace(['.', '[', ']'], "-")
}

struct Fields<'a> {
    visit: &'a Visit,
    shown: &'a Shown<'a>,
    /// What is wrong, by the names of the fields.
    wrong: BTreeMap<String, &'a str>,
}

impl Fields<'_> {
    fn part(&self, part: &Part) -> Markup {
        match part {
            Part::Fields(title, fields) => html! {
                @if !title.is_empty() { h2 { (title) } }
                @for field in fields.iter().filter(|field| !field.rare) { (self.field(field.path, field, false)) }
                (self.folded(fields, |field| field.path.to_owned()))
            },
            Part::List(list) => self.list(list),
        }
    }

    fn list(&self, list: &List) -> Markup {
        let count = self.shown.draft.count(list);
        let new = self.shown.added == list.path;
        html! {
            h2 { (list.one) @if count > 0 { ": " (count) } }
            @if !list.help.is_empty() { p.quiet { (list.help) } }
            input type="hidden" name=(counter(list)) value=(count);
            @for at in 0..count {
                fieldset.entry {
                    legend { (list.one) " " (at + 1) }
                    @if !list.id.is_empty() { input type="hidden" name=(inside(list.path, at, "id")) value=(self.shown.draft.first(&inside(list.path, at, "id"))); }
                    @for (number, field) in list.fields.iter().enumerate().filter(|(_, field)| !field.rare) { (self.field(&inside(list.path, at, field.path), field, new && at + 1 == count && number == 0)) }
                    (self.folded(list.fields, |field| inside(list.path, at, field.path)))
                    button.less name="go" value={ "drop:" (list.path) ":" (at) } { "Take out " (list.one.to_lowercase()) " " (at + 1) }
                }
            }
            @if count < list.most { button.less name="go" value={ "add:" (list.path) } { @if count == 0 { "Add: " } @else { "Add another: " } (list.one.to_lowercase()) } }
        }
    }

    /// What few know or need; open where something of it was said, or is not right.
    fn folded(&self, fields: &[Field], name: impl Fn(&Field) -> String) -> Markup {
        let rare: Vec<(String, &Field)> =
            fields.iter().filter(|field| field.rare).map(|field| (name(field), field)).collect();
        let said = |name: &String| self.shown.draft.all(name).iter().any(|given| !given.trim().is_empty());
        let open = rare.iter().any(|(name, _)| said(name) || self.wrong.contains_key(name));
        html! {
            @if !rare.is_empty() {
                details.rare open[open] { summary { "More, if you know it" } @for (name, field) in &rare { (self.field(name, field, false)) } }
            }
        }
    }

    /// A field with its label, its help, what is wrong with it, and what was typed.
    fn field(&self, name: &str, field: &Field, first: bool) -> Markup {
        let id = id(name);
        let wrong = self.wrong.get(name).copied();
        let help = if field.probes && self.shown.draft.tells_of_crime() { "" } else { field.help };
        let about = [(!help.is_empty()).then(|| format!("{id}-help")), wrong.map(|_| format!("{id}-wrong"))];
        let about = about.into_iter().flatten().collect::<Vec<_>>().join(" ");
        let about = (!about.is_empty()).then_some(about);
        let label = html! { (field.label) @if !field.needed && !matches!(field.kind, Kind::One(_) | Kind::Flag | Kind::Any(_) | Kind::AnyOf(_)) { span.quiet { " (if known)" } } };
        let said = html! {
            @if !help.is_empty() { p.quiet.help id={ (id) "-help" } { (help) } }
            @if let Some(wrong) = wrong { p.wrong id={ (id) "-wrong" } { strong { "Not right yet: " } (wrong) } }
        };
        match self.choices(field.kind) {
            Some((options, true)) => html! {
                fieldset id=(id) tabindex="-1" aria-describedby=[about] { legend { (label) } (said) (several(name, &id, &options, self.shown.draft.all(name))) }
            },
            Some((options, false)) if options.len() <= 4 => html! {
                fieldset id=(id) tabindex="-1" aria-describedby=[about] { legend { (label) } (said) (one_of(name, &id, &options, self.shown.draft.first(name), field.needed)) }
            },
            Some((options, false)) => html! {
                label for=(id) { (label) } (said)
                select id=(id) name=(name) aria-describedby=[about] aria-invalid=[wrong.map(|_| "true")] {
                    option value="" { "" }
                    @for (value, words) in &options { option value=(value) selected[self.shown.draft.first(name) == value] { (words) } }
                }
            },
            None => {
                html! { label for=(id) { (label) } (said) (self.written(name, &id, field, (about, wrong.is_some(), first))) }
            }
        }
    }

    /// What can be chosen, and whether several can.
    fn choices(&self, kind: Kind) -> Option<(Vec<(String, String)>, bool)> {
        let fixed = |options: &[Choice]| {
            options.iter().map(|(value, words)| ((*value).to_owned(), (*words).to_owned())).collect()
        };
        Some(match kind {
            Kind::One(options) => (fixed(options), false),
            Kind::Flag => (fixed(&YES_NO[..1]), false),
            Kind::Any(options) => (fixed(options), true),
            Kind::Authority => (self.visit.authorities(), false),
            Kind::OneOf(list) => (self.shown.draft.ids(list), false),
            Kind::AnyOf(lists) => (lists.iter().flat_map(|list| self.shown.draft.ids(list)).collect(), true),
            _ => return None,
        })
    }

    fn written(
        &self,
        name: &str,
        id: &str,
        field: &Field,
        (about, wrong, first): (Option<String>, bool, bool),
    ) -> Markup {
        let value = self.shown.draft.first(name);
        let invalid = wrong.then_some("true");
        let kind = match field.kind {
            Kind::Long(_) | Kind::Lines => {
                let rows = if let Kind::Long(rows) = field.kind { rows } else { 2 };
                // A line break right after the tag is not part of what was typed.
                return html! { textarea id=(id) name=(name) rows=(rows) spellcheck="false" autofocus[first] aria-describedby=[about] aria-invalid=[invalid] { "\n" (value) } };
            }
            Kind::Time => "datetime-local",
            Kind::Day => "date",
            Kind::Number => "number",
            _ => "text",
        };
        let list = (field.kind == Kind::Area).then_some("areas");
        html! {
            input id=(id) name=(name) type=(kind) value=(value) list=[list] autocomplete="off" spellcheck="false" autofocus[first] aria-describedby=[about] aria-invalid=[invalid];
        }
    }
}

/// Boxes to tick.
fn several(name: &str, id: &str, options: &[(String, String)], given: &[String]) -> Markup {
    html! {
        @if options.is_empty() { p.quiet { "Nothing is listed yet." } }
        @for (number, (value, words)) in options.iter().enumerate() {
            @let one = format!("{id}-{number}");
            div { input type="checkbox" id=(one) name=(name) value=(value) checked[given.contains(value)]; label for=(one) { (words) } }
        }
    }
}

/// One of a few. What need not be answered can be left open again.
fn one_of(name: &str, id: &str, options: &[(String, String)], given: &str, needed: bool) -> Markup {
    let open = (String::new(), "Not answered".to_owned());
    let options = options.iter().chain((!needed).then_some(&open));
    html! {
        @for (number, (value, words)) in options.enumerate() {
            @let one = format!("{id}-{number}");
            div { input type="radio" id=(one) name=(name) value=(value) checked[given == value]; label for=(one) { (words) } }
        }
    }
}

/// The way back to each step, from the last page.
pub(super) fn ways_back(draft: &Draft) -> Markup {
    html! {
        div.steps {
            @for step in draft.steps() { button.less name="go" value={ "to:" (step.code) } { "Change: " (step.title) } }
        }
    }
}

/// The last page carries all of it.
pub(super) const LAST: Step = Step { code: CHECK, title: "Check and send", help: "", parts: &[], of_nil: true };

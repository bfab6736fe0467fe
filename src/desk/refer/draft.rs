//! What was typed so far. It travels with the page, field by field, and is nowhere else until it is sent.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::LazyLock,
};

use serde_json::{Map, Value, json};

use super::{
    field::{Field, Kind, List, Part},
    steps::{ASKED_999, CALL_999, DANGER_NOW, NIL, STEPS, Step},
};
use crate::{
    domain::identity::Identity,
    wire::{json::from_json, pb},
};

/// A field that is not right yet: its name, and what to do.
pub(super) type Fault = (String, String);

/// No entry of a list has this number or a higher one.
const NUMBERED: u32 = 1_000_000;
/// No field has more answers than these.
const MOST_ANSWERS: usize = 200;

/// Names of fields with what was given, each as the browser sent it.
#[derive(Debug, Default)]
pub(super) struct Draft(BTreeMap<String, Vec<String>>);

impl Draft {
    /// What a page sent.
    pub(super) fn read(sent: Vec<(String, String)>) -> Self {
        let mut draft = Self::default();
        for (name, value) in sent {
            let most = if takes_several(&name) { MOST_ANSWERS } else { 1 };
            let given = draft.0.entry(name).or_default();
            if given.len() < most {
                given.push(value);
            }
        }
        draft
    }

    /// That 999 was asked about once more.
    pub(super) fn ask_about_999(&mut self) {
        self.0.insert(ASKED_999.to_owned(), vec!["yes".to_owned()]);
    }

    /// Whether somebody is in danger now, and it was neither said nor asked once more whether 999 was rung.
    pub(super) fn leaves_999_open(&self) -> bool {
        self.first(DANGER_NOW) == "YES_NO_YES" && self.first(CALL_999).is_empty() && self.first(ASKED_999).is_empty()
    }

    pub(super) fn all(&self, name: &str) -> &[String] {
        self.0.get(name).map_or(&[], Vec::as_slice)
    }

    pub(super) fn first(&self, name: &str) -> &str {
        self.all(name).first().map_or("", String::as_str)
    }

    /// Whether it is a nil return.
    pub(super) fn is_nil(&self) -> bool {
        self.first(NIL) == "YES_NO_YES"
    }

    /// The steps that it takes.
    pub(super) fn steps(&self) -> Vec<&'static Step> {
        STEPS.iter().filter(|step| step.of_nil || !self.is_nil()).collect()
    }

    /// Whether a crime is disclosed that one does not ask a child about any further.
    pub(super) fn tells_of_crime(&self) -> bool {
        let matters = 0..self.count(&super::lists::ITEMS);
        matters.into_iter().any(|at| {
            let is = |path: &str, value: &str| self.all(&inside("items", at, path)).iter().any(|given| given == value);
            let codes = ["HARM_CODE_CSA", "HARM_CODE_CSE", "HARM_CODE_OCSE", "HARM_CODE_MSHT", "HARM_CODE_PHYS"];
            is("sexual_offence", "YES_NO_YES")
                || is("images", "YES_NO_YES")
                || codes.iter().any(|code| is("codes", code))
        })
    }

    /// How many entries a list has.
    pub(super) fn count(&self, list: &List) -> usize {
        self.first(&counter(list)).parse().unwrap_or(0).min(list.most)
    }

    fn set_count(&mut self, list: &List, count: usize) {
        self.0.insert(counter(list), vec![count.to_string()]);
    }

    /// One more entry.
    pub(super) fn add(&mut self, list: &List) {
        let count = self.count(list);
        if count == list.most {
            return;
        }
        if !list.id.is_empty() {
            let number = |given: &String| given.strip_prefix(list.id)?.parse().ok().filter(|number| *number < NUMBERED);
            // What leads to an entry that is no more leads to nobody else.
            let next: u32 = self.0.values().flatten().filter_map(number).max().unwrap_or(0) + 1;
            self.0.insert(inside(list.path, count, "id"), vec![format!("{}{next}", list.id)]);
        }
        self.set_count(list, count + 1);
    }

    /// Without an entry; those after it move up.
    pub(super) fn remove(&mut self, list: &List, at: usize) {
        let count = self.count(list);
        if at >= count {
            return;
        }
        for place in at..count {
            for path in paths(list) {
                self.0.remove(&inside(list.path, place, path));
                if let Some(next) = self.0.remove(&inside(list.path, place + 1, path)) {
                    self.0.insert(inside(list.path, place, path), next);
                }
            }
        }
        self.set_count(list, count - 1);
    }

    /// Without entries in which nothing was written, and without what leads to entries that are no more.
    pub(super) fn tidy(&mut self) {
        for list in lists() {
            for at in (0..self.count(list)).rev() {
                let blank = |field: &Field| {
                    self.all(&inside(list.path, at, field.path)).iter().all(|given| given.trim().is_empty())
                };
                if list.fields.iter().all(blank) {
                    self.remove(list, at);
                }
            }
        }
        let mut links = Vec::new();
        self.each(|_, name, field| match field.kind {
            Kind::OneOf(list) => links.push((name, vec![list])),
            Kind::AnyOf(lists) => links.push((name, lists.to_vec())),
            _ => {}
        });
        for (name, of) in links {
            let known: Vec<String> = of.iter().flat_map(|list| self.ids(list)).map(|(id, _)| id).collect();
            if let Some(given) = self.0.get_mut(&name) {
                given.retain(|id| id.is_empty() || known.contains(id));
            }
        }
    }

    /// The entries of a list by their ids, each with what it is called.
    pub(super) fn ids(&self, path: &str) -> Vec<(String, String)> {
        let Some(list) = lists().find(|list| list.path == path) else { return Vec::new() };
        let entry = |at| {
            let id = self.first(&inside(path, at, "id")).to_owned();
            let called = list.fields.iter().map(|field| self.first(&inside(path, at, field.path)).trim());
            let called = called.into_iter().find(|name| !name.is_empty());
            (id, called.map_or_else(|| format!("{} {}", list.one, at + 1), str::to_owned))
        };
        (0..self.count(list)).map(entry).collect()
    }

    /// Every field of the steps that it takes: the step, its name, itself.
    fn each(&self, mut found: impl FnMut(&'static Step, String, &'static Field)) {
        for step in self.steps() {
            for part in step.parts {
                match part {
                    Part::Fields(_, fields) => {
                        fields.iter().for_each(|field| found(step, field.path.to_owned(), field))
                    }
                    Part::List(list) => (0..self.count(list)).for_each(|at| {
                        list.fields.iter().for_each(|field| found(step, inside(list.path, at, field.path), field));
                    }),
                }
            }
        }
    }

    /// Where every field stands.
    pub(super) fn places(&self) -> Places {
        let mut known = BTreeMap::new();
        self.each(|step, name, field| {
            known.insert(name, (step, field.label));
        });
        Places(known)
    }

    /// Everything that does not belong to one step: what the page carries along unseen.
    pub(super) fn unseen(&self, shown: &Step) -> Vec<(&str, &str)> {
        let mut here = BTreeSet::new();
        self.each(|step, name, _| {
            if step.code == shown.code {
                here.insert(name);
            }
        });
        let known = |name: &str| name.ends_with(".count") || name.ends_with("].id") || self.is_of_a_step(name);
        let elsewhere = self.0.iter().filter(|(name, _)| known(name) && !here.contains(name.as_str()));
        elsewhere.flat_map(|(name, given)| given.iter().map(|value| (name.as_str(), value.as_str()))).collect()
    }

    /// Fields of any step, also of those that a nil return leaves out: whoever changes their mind has them again.
    fn is_of_a_step(&self, name: &str) -> bool {
        let inside = name.split_once("].").map(|(list, path)| (list.split('[').next().unwrap_or_default(), path));
        STEPS.iter().flat_map(|step| step.parts).any(|part| match (part, inside) {
            (Part::Fields(_, fields), None) => fields.iter().any(|field| field.path == name),
            (Part::List(list), Some((of, path))) => {
                list.path == of && list.fields.iter().any(|field| field.path == path)
            }
            _ => false,
        })
    }

    /// What is missing or cannot be read, on one step or on all of them.
    pub(super) fn faults(&self, of: Option<&Step>) -> Vec<Fault> {
        let mut faults = Vec::new();
        self.each(|step, name, field| {
            if of.is_some_and(|of| of.code != step.code) {
                return;
            }
            match field.kind.read(self.all(&name)) {
                Ok(None) if field.needed => faults.push((name, "give an answer".to_owned())),
                Ok(_) => {}
                Err(advice) => faults.push((name, advice.to_owned())),
            }
        });
        faults
    }

    /// The submission as it is typed; of somebody.
    ///
    /// # Errors
    /// Every field that is not right.
    pub(super) fn submission(&self, by: &Identity) -> Result<pb::Submission, Vec<Fault>> {
        let faults = self.faults(None);
        if !faults.is_empty() {
            return Err(faults);
        }
        let mut whole = json!({ "child": {}, "episode": {}, "interview": {}, "answers": {}, "envelope": {
            "submitting_organisation": by.organisation().to_string().split_once('/').map_or("", |(_, id)| id),
            "actor": { "scheme": "staff-number", "role": self.first("envelope.reporter.role").trim() },
            "marking": { "descriptors": ["PERSONAL DATA"], "handling": "RECIPIENTS ONLY" },
        } });
        let mut codes: Vec<String> = Vec::new();
        self.each(|_, name, field| {
            if let Ok(Some(value)) = field.kind.read(self.all(&name)) {
                if name.ends_with("codes") {
                    codes.extend(self.all(&name).iter().cloned());
                }
                put(&mut whole, &name, value);
            }
        });
        for list in lists().filter(|list| !list.id.is_empty() && !self.is_nil()) {
            for at in 0..self.count(list) {
                let name = inside(list.path, at, "id");
                put(&mut whole, &name, json!(self.first(&name)));
            }
        }
        codes.sort_unstable();
        codes.dedup();
        put(&mut whole, "answers.codes", json!(codes));
        from_json("Submission", &whole.to_string())
            .map_err(|error| error.0.into_iter().map(|fault| (fault.path, fault.message)).collect())
    }
}

/// The fields of a draft by their names: the step of each, and its label.
pub(super) struct Places(BTreeMap<String, (&'static Step, &'static str)>);

impl Places {
    /// The step on which the field of this name, or the one around it, stands; and that field's own name and label.
    pub(super) fn of(&self, name: &str) -> Option<(&'static Step, String, &'static str)> {
        let mut name = name.strip_prefix("submission.").unwrap_or(name);
        loop {
            if let Some((step, label)) = self.0.get(name) {
                return Some((*step, name.to_owned(), *label));
            }
            name = name.get(..name.rfind(['.', '['])?)?;
        }
    }
}

/// Whether several answers may be given under a name.
fn takes_several(name: &str) -> bool {
    let (list, path) =
        name.split_once("].").map_or(("", name), |(list, path)| (list.split('[').next().unwrap_or_default(), path));
    SEVERAL.contains(&(list, path))
}

/// Fields with several answers: the list that has them, if one does, and their path.
static SEVERAL: LazyLock<BTreeSet<(&'static str, &'static str)>> = LazyLock::new(|| {
    let several = |list: &'static str, fields: &'static [Field]| {
        let of = fields.iter().filter(|field| matches!(field.kind, Kind::Any(_) | Kind::AnyOf(_)));
        of.map(move |field| (list, field.path))
    };
    let parts = STEPS.iter().flat_map(|step| step.parts);
    parts
        .flat_map(|part| match part {
            Part::Fields(_, fields) => several("", fields),
            Part::List(list) => several(list.path, list.fields),
        })
        .collect()
});

/// Every list of the form.
pub(super) fn lists() -> impl Iterator<Item = &'static List> {
    STEPS.iter().flat_map(|step| step.parts).filter_map(|part| match part {
        Part::List(list) => Some(*list),
        Part::Fields(..) => None,
    })
}

/// The name of a field of an entry.
pub(super) fn inside(list: &str, at: usize, path: &str) -> String {
    format!("{list}[{at}].{path}")
}

pub(super) fn counter(list: &List) -> String {
    format!("{}.count", list.path)
}

fn paths(list: &List) -> impl Iterator<Item = &'static str> {
    let id = (!list.id.is_empty()).then_some("id");
    id.into_iter().chain(list.fields.iter().map(|field| field.path))
}

/// Puts a value where its path says; what lies on the way is made.
fn put(whole: &mut Value, path: &str, value: Value) {
    let mut here = whole;
    for piece in path.split('.') {
        let (name, at) = match piece.split_once('[') {
            Some((name, at)) => (name, at.trim_end_matches(']').parse::<usize>().ok()),
            None => (piece, None),
        };
        if !here.is_object() {
            *here = Value::Object(Map::new());
        }
        here = &mut here[name];
        if let Some(at) = at {
            if !here.is_array() {
                *here = json!([]);
            }
            let Value::Array(list) = here else { return };
            if list.len() <= at {
                list.resize(at + 1, json!({}));
            }
            here = &mut list[at];
        }
    }
    *here = value;
}

#[cfg(test)]
mod tests {
    use super::{super::lists::PERSONS, *};

    #[test]
    fn what_led_to_an_entry_that_is_no_more_leads_to_nobody_else() {
        let mut draft = Draft::default();
        draft.add(&PERSONS);
        draft.add(&PERSONS);
        let id = inside(PERSONS.path, 1, "id");
        let gone = draft.first(&id).to_owned();
        draft.0.insert(inside("items", 0, "about"), vec![gone.clone(), "p9999999".to_owned()]);
        draft.remove(&PERSONS, 1);
        draft.add(&PERSONS);
        assert_eq!((gone.as_str(), draft.first(&id)), ("p2", "p3"));
    }
}

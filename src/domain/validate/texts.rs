//! Every text of a submission with the limits and characters it may have (domain 3.2, D25).

use super::{characters, embedded};
use crate::domain::{geography::Area, submission::Draft, text::Text, violation::Violations};

/// A name, alias, label, code or handle: at most this many characters.
pub const MAX_NAME: usize = 200;
/// Each text of an item.
pub const MAX_ITEM_TEXT: usize = 10_000;
/// The first account.
pub const MAX_FIRST_ACCOUNT: usize = 100_000;
/// Any other free text.
pub const MAX_FREE_TEXT: usize = 5_000;

/// What a text is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// An id, code, name or handle: one printable line.
    Name,
    /// Free text of at most so many characters.
    Free(usize),
}

/// One text with its path, from below `submission.`.
pub(super) struct Found<'a> {
    /// The path.
    pub path: String,
    /// What it is.
    pub kind: Kind,
    /// Refused where blank.
    pub required: bool,
    /// The text.
    pub text: &'a Text,
}

pub(super) fn check(draft: &Draft, wrong: &mut Violations) {
    for found in all(draft) {
        let field = || format!("submission.{}", found.path);
        let text = found.text;
        if found.required && text.is_blank() {
            wrong.add(field(), "is required");
        }
        let (most, allowed, advice): (_, fn(char) -> bool, _) = match found.kind {
            Kind::Name => (
                MAX_NAME,
                characters::printable,
                "use printable characters only: no line break, control, invisible or direction-override character",
            ),
            Kind::Free(most) => {
                (most, characters::free, "take out NUL and control characters; tab and line breaks may stay")
            }
        };
        if text.chars() > most {
            wrong.add(field(), format!("shorten to at most {most} characters"));
        }
        if !text.reveal().chars().all(allowed) {
            wrong.add(field(), advice);
        }
        if embedded::is_there(text.reveal()) {
            wrong.add(field(), embedded::ADVICE);
        }
    }
}

/// Every text there is.
pub(super) fn all(draft: &Draft) -> Vec<Found<'_>> {
    let mut walk = Walk { found: Vec::new() };
    walk.envelope(draft);
    walk.area("missing_from", &draft.missing_from);
    walk.area("lives_now", &draft.lives_now);
    walk.area("responsible_authority", &draft.responsible_authority);
    walk.child(draft);
    walk.episode(draft);
    walk.interview(draft);
    walk.items(draft);
    walk.persons(draft);
    walk.things(draft);
    if let Some(screen) = &draft.answers.stop_screen {
        walk.opt_name("answers.stop_screen.reference", &screen.reference);
    }
    walk.found
}

/// Collects texts.
pub(super) struct Walk<'a> {
    found: Vec<Found<'a>>,
}

impl<'a> Walk<'a> {
    fn push(&mut self, path: impl Into<String>, kind: Kind, required: bool, text: &'a Text) {
        self.found.push(Found { path: path.into(), kind, required, text });
    }

    fn needed(&mut self, path: impl Into<String>, text: &'a Text) {
        self.push(path, Kind::Name, true, text);
    }

    fn name(&mut self, path: impl Into<String>, text: &'a Text) {
        self.push(path, Kind::Name, false, text);
    }

    fn opt_name(&mut self, path: impl Into<String>, text: &'a Option<Text>) {
        if let Some(text) = text {
            self.name(path, text);
        }
    }

    fn names(&mut self, path: &str, texts: &'a [Text]) {
        for (n, text) in texts.iter().enumerate() {
            self.name(format!("{path}[{n}]"), text);
        }
    }

    fn free(&mut self, path: impl Into<String>, text: &'a Option<Text>) {
        self.free_up_to(MAX_FREE_TEXT, path, text);
    }

    fn free_up_to(&mut self, most: usize, path: impl Into<String>, text: &'a Option<Text>) {
        if let Some(text) = text {
            self.push(path, Kind::Free(most), false, text);
        }
    }

    fn area(&mut self, path: &str, area: &'a Area) {
        if let Area::Stated { code, name } = area {
            self.opt_name(format!("{path}.code"), code);
            self.opt_name(format!("{path}.name"), name);
        }
    }
}

mod interview;
mod named;

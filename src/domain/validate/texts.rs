//! Every text of a submission with the limits and characters it may have (domain 3.2, D25).

use std::fmt::Display;

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
pub(super) struct Found<'a, 'p> {
    /// The path, written out only when something is wrong.
    pub path: &'p dyn Display,
    /// What it is.
    pub kind: Kind,
    /// Refused where blank.
    pub required: bool,
    /// The text.
    pub text: &'a Text,
}

pub(super) fn check(draft: &Draft, wrong: &mut Violations) {
    each(draft, &mut |found| check_one(&found, wrong));
}

fn check_one(found: &Found<'_, '_>, wrong: &mut Violations) {
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
    // No text has more characters than bytes.
    if text.reveal().len() > most && text.chars() > most {
        wrong.add(field(), format!("shorten to at most {most} characters"));
    }
    if !text.reveal().chars().all(|c| (' '..='~').contains(&c) || allowed(c)) {
        wrong.add(field(), advice);
    }
    if embedded::is_there(text.reveal()) {
        wrong.add(field(), embedded::ADVICE);
    }
}

/// Gives `visit` every text there is.
pub(super) fn each<'a>(draft: &'a Draft, visit: &mut dyn FnMut(Found<'a, '_>)) {
    let mut walk = Walk { visit };
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
}

/// Goes through texts.
pub(super) struct Walk<'a, 'v> {
    visit: &'v mut dyn FnMut(Found<'a, '_>),
}

impl<'a> Walk<'a, '_> {
    fn push(&mut self, path: impl Display, kind: Kind, required: bool, text: &'a Text) {
        (self.visit)(Found { path: &path, kind, required, text });
    }

    fn needed(&mut self, path: impl Display, text: &'a Text) {
        self.push(path, Kind::Name, true, text);
    }

    fn name(&mut self, path: impl Display, text: &'a Text) {
        self.push(path, Kind::Name, false, text);
    }

    fn opt_name(&mut self, path: impl Display, text: &'a Option<Text>) {
        if let Some(text) = text {
            self.name(path, text);
        }
    }

    fn names(&mut self, path: impl Display, texts: &'a [Text]) {
        for (n, text) in texts.iter().enumerate() {
            self.name(format_args!("{path}[{n}]"), text);
        }
    }

    fn free(&mut self, path: impl Display, text: &'a Option<Text>) {
        self.free_up_to(MAX_FREE_TEXT, path, text);
    }

    fn free_up_to(&mut self, most: usize, path: impl Display, text: &'a Option<Text>) {
        if let Some(text) = text {
            self.push(path, Kind::Free(most), false, text);
        }
    }

    fn area(&mut self, path: impl Display, area: &'a Area) {
        if let Area::Stated { code, name } = area {
            self.opt_name(format_args!("{path}.code"), code);
            self.opt_name(format_args!("{path}.name"), name);
        }
    }
}

mod interview;
mod named;

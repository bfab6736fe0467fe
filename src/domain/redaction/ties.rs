//! How surely a value is somebody's. Only what a text says outright may show a value to a reader who would not see it if it
//! were nobody's.

use std::ops::Range;

use super::{
    form::Entity,
    lexicon::WordList,
    named::Named,
    policy::EffectiveRole,
    prose::{Letters, Prose},
};

/// Whose a value may be.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Claim {
    /// Their roles: the most careful of them decides.
    pub roles: Vec<EffectiveRole>,
    /// True where the text says so.
    pub tied: bool,
}

impl Claim {
    /// What the text says.
    pub fn said(roles: Vec<EffectiveRole>) -> Self {
        Self { roles, tied: true }
    }

    /// What is likely. A contact that is likely somebody's whose contacts stay is as likely nobody's.
    pub fn likely(role: EffectiveRole, entity: Entity) -> Self {
        let contact = matches!(entity, Entity::Phone | Entity::Email | Entity::Handle | Entity::Url);
        let roles = if contact && stays_with(role) { vec![role, EffectiveRole::Unknown] } else { vec![role] };
        Self { roles, tied: false }
    }
}

const fn stays_with(role: EffectiveRole) -> bool {
    use EffectiveRole as R;
    matches!(
        role,
        R::SubjectChild
            | R::SubjectSource
            | R::OtherChild
            | R::ParentCarer
            | R::ParentOfSource
            | R::Professional
            | R::Submitter
    )
}

/// True when the words between `left` and the value at `words` say that it is theirs: "Jo's number is", "ring Jo on",
/// "Jo (mum),", and nothing that could be about anybody else.
pub(super) fn ties(prose: &Prose<'_>, left: &Named, words: &Range<usize>) -> bool {
    let between = left.end..words.start;
    if between.len() > 9 || between.clone().any(|at| is_somebody_else(prose.text(at))) {
        return false;
    }
    // "A text to Jo from 07700 ..." is from somebody else.
    let sent_to = prose.before(left.start).is_some_and(|at| prose.text(at) == "to")
        && between.clone().any(|at| prose.text(at) == "from");
    if sent_to || speaks(prose, left) || asked_before(prose, left.start) {
        return false;
    }
    left.role == EffectiveRole::Professional || between.clone().all(|at| ties_in(prose, at))
}

/// True when the value at `words` is followed by "and ask for" whoever comes next.
pub(super) fn asks_for(prose: &Prose<'_>, words: &Range<usize>, right: &Named) -> bool {
    let between = words.end..right.start;
    between.len() <= 5 && between.into_iter().any(|at| matches!(prose.text(at), "ask" | "speak" | "for"))
}

/// True when `mention` is all there is in its row: a name under a letter.
pub(super) fn signs(prose: &Prose<'_>, mention: &Named) -> bool {
    let row = prose.sentence(mention.start);
    row.words == (mention.start..mention.end)
}

/// True when `mention` and the value at `words` stand in cells of one row.
pub(super) fn shares_row(prose: &Prose<'_>, mention: &Named, words: &Range<usize>) -> bool {
    let row = |at: usize| prose.sentence(at).row;
    let between = || prose.words[mention.end - 1].range().end..prose.words[words.start].range().start;
    words.start - mention.end <= 100
        && row(mention.start) == row(words.start)
        && prose.folded.text[between()].contains('|')
        && !prose.folded.text[between()].contains(['.', '?', '!'])
}

/// True when `left` is who writes in a chat: a time, the name, a colon.
fn speaks(prose: &Prose<'_>, left: &Named) -> bool {
    let sentence = prose.sentence(left.start).words.clone();
    let timed = sentence.start < left.start
        && (sentence.start..left.start).all(|at| prose.words[at].letters == Letters::Digits);
    timed && signs_behind(prose, left).starts_with(':')
}

fn signs_behind<'p>(prose: &'p Prose<'_>, left: &Named) -> &'p str {
    prose.folded.text[prose.words[left.end - 1].range().end..].trim_start()
}

/// True when the sentence before speaks of somebody's number: "Send me his number." What follows is that.
fn asked_before(prose: &Prose<'_>, at: usize) -> bool {
    let number = prose.words[at].sentence as usize;
    let Some(before) = number.checked_sub(1) else { return false };
    let words = prose.sentences[before].words.clone();
    let pronoun = |at: usize| matches!(prose.text(at), "his" | "her" | "their" | "your");
    words.len() <= 12 && words.clone().any(|at| pronoun(at) && at + 1 < words.end && is_contact(prose.text(at + 1)))
}

fn is_somebody_else(word: &str) -> bool {
    matches!(
        word,
        "his"
            | "her"
            | "him"
            | "them"
            | "their"
            | "he"
            | "she"
            | "they"
            | "my"
            | "someone"
            | "somebody"
            | "man"
            | "boy"
    )
}

fn ties_in(prose: &Prose<'_>, at: usize) -> bool {
    let text = prose.text(at);
    let word = &prose.words[at];
    is_contact(text)
        || word.flags.any(&[WordList::People, WordList::Professional])
        || word.letters == Letters::Label
        || matches!(
            text,
            "s" | "is"
                | "was"
                | "on"
                | "at"
                | "from"
                | "by"
                | "via"
                | "or"
                | "and"
                | "a"
                | "the"
                | "new"
                | "own"
                | "can"
                | "be"
                | "been"
                | "contacted"
                | "reached"
                | "called"
                | "rung"
                | "rang"
                | "ring"
                | "rings"
                | "phoned"
                | "texted"
                | "emailed"
                | "messaged"
                | "text"
                | "call"
                | "back"
                | "uses"
                | "used"
                | "has"
                | "under"
                | "only"
                | "after"
                | "six"
                | "also"
                | "now"
                | "work"
                | "home"
                | "personal"
                | "safe"
        )
}

fn is_contact(word: &str) -> bool {
    matches!(
        word,
        "number"
            | "numbers"
            | "mobile"
            | "mob"
            | "phone"
            | "tel"
            | "telephone"
            | "cell"
            | "landline"
            | "contact"
            | "email"
            | "e"
            | "mail"
            | "address"
            | "account"
            | "handle"
            | "snap"
            | "snapchat"
            | "insta"
            | "instagram"
            | "ig"
            | "tiktok"
            | "telegram"
            | "whatsapp"
            | "facebook"
            | "discord"
            | "page"
            | "profile"
            | "url"
            | "link"
    )
}

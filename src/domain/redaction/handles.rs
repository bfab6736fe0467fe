//! Handles without their sign: by the shape of the word and by what stands before it.

use std::ops::Range;

use super::{
    find::Hit,
    fold::Folded,
    form::Entity,
    patterns::unlisted,
    prose::{Letters, Prose},
};

/// Letters, then an underscore and more of them: nobody writes a word like that. A name with a number behind an underscore
/// is a label on somebody, and a handle only where one is announced.
pub(super) const JOINED: &str =
    r"[a-z0-9]{1,30}(?:[._]{1,3}[a-z0-9]{1,30}){0,4}_{1,3}[a-z0-9]{1,30}(?:[._]{1,3}[a-z0-9]{1,30}){0,3}";

/// Letters, perhaps a point, and digits: a handle where one is announced.
pub(super) const NUMBERED: &str =
    r"[a-z]{2,9}\.[a-z]{1,9}[0-9]{1,4}|[a-z]{3,12}[0-9]{1,3}[a-z]{2,8}|[a-z]{4,19}[0-9]{1,4}";

/// A joined word that is said: "jo underscore x5".
pub(super) const SAID: &str = r"[a-z0-9.]{1,30}(?: dot [a-z0-9]{1,30}){0,2} underscore [a-z0-9.]{1,30}(?: (?:underscore|dot) [a-z0-9.]{1,30}){0,3}";

/// True where it is a handle: "an underscore below" is none.
pub(super) fn is_said(folded: &Folded<'_>, range: &Range<usize>) -> bool {
    folded.text[range.clone()].bytes().any(|b| b.is_ascii_digit()) || announced(folded, range)
}

/// True for a joined word that is a handle.
pub(super) fn is_joined(folded: &Folded<'_>, range: &Range<usize>) -> bool {
    if is_part_of_more(folded, range) {
        return false;
    }
    let text = &folded.text[range.clone()];
    let (name, rest) = text.split_once('_').unwrap_or((text, ""));
    let labelled =
        rest.len() <= 2 && rest.bytes().all(|b| b.is_ascii_digit()) && name.bytes().all(|b| b.is_ascii_alphabetic());
    let file = ["img", "vid", "pxl", "dsc", "screenshot", "photo", "image", "video", "file", "scan"].contains(&name);
    let ending = text.rsplit('.').next().unwrap_or_default();
    let file = file
        || ["jpg", "jpeg", "png", "gif", "heic", "mp4", "mov", "mp3", "m4a", "pdf", "doc", "docx", "txt"]
            .contains(&ending);
    let letters = text.bytes().filter(u8::is_ascii_alphabetic).count();
    !file && letters >= 3 && (!labelled || announced(folded, range))
}

/// True for a word with digits behind its letters that is a handle.
pub(super) fn is_numbered(folded: &Folded<'_>, range: &Range<usize>) -> bool {
    let text = &folded.text[range.clone()];
    let letters = text.bytes().filter(u8::is_ascii_alphabetic).count();
    let digits = text.len() - letters;
    if letters < 4 || is_part_of_more(folded, range) || (text.contains('.') && text.starts_with("www")) {
        return false;
    }
    announced(folded, range)
        || (letters >= 5 && digits >= 2 || digits >= 3 || text.contains('.')) && stands_for_one(folded, range)
}

/// Adds every word of letters alone that a text says is an account: "his username on snap was wrenzz", "gamertag: wrenzz".
pub(super) fn said_outright(prose: &Prose<'_>, hits: &mut Vec<Hit>) {
    for at in 1..prose.words.len() {
        let word = &prose.words[at];
        let strange = matches!(word.letters, Letters::Small | Letters::Capital) && !word.flags.english();
        if strange && word.range().len() >= LEAST_SAID && prose.before(at).is_some_and(|_| is_said_to_be_one(prose, at))
        {
            hits.push(unlisted(Entity::Handle, word.range()));
        }
    }
}

/// Fewer letters are no name of an account.
const LEAST_SAID: usize = 4;

fn is_said_to_be_one(prose: &Prose<'_>, at: usize) -> bool {
    let text = |at: Option<usize>| at.map_or("", |at| prose.text(at));
    let mut cue = prose.before(at);
    // What stands between the cue and the account.
    let said = matches!(text(cue), "is" | "was" | "called") || {
        let from = cue.map_or(0, |cue| prose.words[cue].range().end);
        let signs = prose.folded.text[from..prose.words[at].range().start].trim();
        matches!(signs, ":" | "=" | "-" | "(")
    };
    if matches!(text(cue), "is" | "was" | "called") {
        cue = cue.and_then(|cue| prose.before(cue));
    }
    let on = cue.and_then(|cue| prose.before(cue)).filter(|&on| prose.text(on) == "on");
    if let Some(named) = on.and_then(|on| prose.before(on)) {
        cue = Some(named);
    }
    let named = matches!(text(cue), "username" | "gamertag" | "screenname" | "handle");
    let platform = matches!(
        text(cue),
        "snap" | "snapchat" | "insta" | "instagram" | "ig" | "tiktok" | "discord" | "psn" | "kik" | "telegram"
    );
    let user = matches!(text(cue), "user" | "name" | "id")
        && matches!(
            text(cue.and_then(|cue| prose.before(cue))),
            "snap"
                | "snapchat"
                | "insta"
                | "instagram"
                | "ig"
                | "tiktok"
                | "discord"
                | "psn"
                | "kik"
                | "telegram"
                | "whatsapp"
                | "roblox"
                | "xbox"
                | "user"
        );
    named || user || platform && said
}

/// True inside an address of mail or of the web, or before the ending of a file.
fn is_part_of_more(folded: &Folded<'_>, range: &Range<usize>) -> bool {
    let (before, after) = (&folded.text[..range.start], &folded.text[range.end..]);
    let joins = |c: char| c.is_alphanumeric() || matches!(c, '/' | '@' | '_' | '#' | ':');
    let ending = after.strip_prefix('.').is_some_and(|rest| rest.starts_with(char::is_alphanumeric));
    let mail = after.trim_start_matches(' ').starts_with('@') || after.starts_with(['/', '_', '[', '(']);
    before.ends_with(|c: char| joins(c) && c != ':' || c == '.') || ending || mail
}

/// True when what stands around `range` says that it is an account: "his snap is", "ig", "insta =", "adds people as"; "on insta".
fn announced(folded: &Folded<'_>, range: &Range<usize>) -> bool {
    let behind = folded.text[range.end..].strip_prefix(" on ").or_else(|| folded.text[range.end..].strip_prefix(" ("));
    let platform =
        |behind: &str| PLATFORMS.contains(&behind.split(|c: char| !c.is_alphanumeric()).next().unwrap_or_default());
    if behind.is_some_and(platform) {
        return true;
    }
    let mut before =
        folded.text[..range.start].trim_end_matches([' ', ':', '=', '-', '\u{2013}', '\u{2014}', '"', '\'', ',', '(']);
    for word in [
        " is",
        " was",
        " as",
        " are",
        " now",
        " called",
        " under",
        " name",
        "'s",
        " id",
        " to",
        " handle",
        " user",
        " username",
    ] {
        before = before.strip_suffix(word).unwrap_or(before);
    }
    let start = before.rfind(|c: char| !c.is_alphanumeric()).map_or(0, |at| at + 1);
    PLATFORMS.contains(&before.get(start..).unwrap_or_default())
}

/// True where the word stands where a name of an account does: behind "on" or "as", behind a question, or alone in brackets or
/// in its cell.
fn stands_for_one(folded: &Folded<'_>, range: &Range<usize>) -> bool {
    let before = folded.text[..range.start].trim_end_matches(' ');
    let after = folded.text[range.end..].trim_start_matches(' ');
    let verb = before.ends_with(" on") || before.ends_with(" as");
    let closed = after.is_empty() || after.starts_with([')', '|', '/', ';', '.', ',']);
    verb || closed && before.ends_with(['?', '(', '|', '/', ';'])
}

const PLATFORMS: &[&str] = &[
    "snap",
    "snapchat",
    "sc",
    "insta",
    "instagram",
    "ig",
    "tiktok",
    "tik",
    "telegram",
    "discord",
    "twitter",
    "kik",
    "yubo",
    "facebook",
    "fb",
    "messenger",
    "youtube",
    "roblox",
    "psn",
    "xbox",
    "gamertag",
    "signal",
    "handle",
    "username",
    "user",
    "account",
    "profile",
    "screenname",
    "nickname",
    "tag",
    "social",
    "socials",
    "whatsapp",
    "wechat",
    "threads",
    "bereal",
    "twitch",
    "steam",
    "reddit",
    "posts",
    "goes",
    "added",
    "follows",
    "blocked",
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::redaction::{lexicon::Lexicon, marks::Marks, shapes};

    fn found(text: &str) -> Vec<String> {
        let folded = Folded::new(text, Vec::new());
        let mut out = Vec::new();
        shapes::hits(&folded, &Marks::of(&folded.text), &mut out);
        out.iter()
            .filter(|hit| hit.meaning.entity == Entity::Handle)
            .map(|hit| folded.text[hit.range.clone()].to_owned())
            .collect()
    }

    #[test]
    fn a_handle_needs_no_sign_where_its_shape_or_its_place_shows_it() {
        for (text, handle) in [
            ("Wren? wren__north.", "wren__north"),
            ("He has unfollowed Wren on ovalwren55.", "ovalwren55"),
            ("ig big.wren7", "big.wren7"),
            ("her snap is wrenster9 or ring", "wrenster9"),
            ("met Wren Ash (itswren402).", "itswren402"),
            ("Add me: wren4ever on snap", "wren4ever"),
            ("add me on snap, wrenster9", "wrenster9"),
            ("her snap (wrenster9)", "wrenster9"),
            ("snap wre.n9", "wre.n9"),
            ("She is wren_12 on tiktok", "wren_12"),
            ("Wren | associate | justwren31 | drives", "justwren31"),
        ] {
            assert_eq!(found(text), [handle], "{text}");
        }
    }

    #[test]
    fn a_word_that_is_said_to_be_an_account_is_one() {
        let found = |text: &str| {
            let folded = Folded::new(text, Vec::new());
            let prose = Prose::new(&folded, &Lexicon::new(&[], &[]));
            let mut hits = Vec::new();
            said_outright(&prose, &mut hits);
            hits.iter().map(|hit| folded.text[hit.range.clone()].to_owned()).collect::<Vec<_>>()
        };
        for text in
            ["his username on snap was wrenzz", "gamertag: Wrenzz", "her insta is wrenzz now", "tiktok user wrenzz"]
        {
            assert_eq!(found(text), ["wrenzz"], "{text}");
        }
        for text in ["her snap is private", "on snap Wrenzz said", "she uses insta with Wrenzz"] {
            assert!(found(text).is_empty(), "{text}");
        }
    }

    #[test]
    fn roads_rooms_files_and_labels_are_no_handles() {
        for text in [
            "on the A12 in room302",
            "saved as IMG_20261010.jpg",
            "Wren_2 went home",
            "a clip called wren_ash.mp4",
            "The N29 and bus 109",
            "in Year9 on Tuesday",
            "see note.Then we left",
        ] {
            assert!(found(text).is_empty(), "{text}: {:?}", found(text));
        }
    }
}

//! What the fuzz targets do with bytes that nobody thought of, and what must hold whatever they are. Run for long by
//! `cargo fuzz`; the inputs kept in `seeds/` are run again by every test run (`tests/fuzz_seeds.rs`).

#![allow(dead_code, reason = "each target uses one of these")]

use std::sync::LazyLock;

use homeward::{
    broker::{Rulebook, judge},
    domain::{
        code::ItemKind,
        decision::Content,
        identity::TrustDomain,
        redaction::{EffectiveRole, Engine, Entity, Form, Lens, ListedPerson, ListedValue},
        stage::Routed,
    },
    reference,
    wire::{convert, json, offline, pb},
};
use jiff::Timestamp;
use prost::Message;

static RULEBOOK: LazyLock<Rulebook> =
    LazyLock::new(|| Rulebook::embedded().expect("the embedded reference data loads"));

/// A Friday afternoon in the week of the narratives.
fn now() -> Timestamp {
    Timestamp::from_second(1_795_192_200).expect("a time of this century")
}

/// The whole intake up to sealing. A submission, as JSON (where it begins with `{`), as a narrative with pieces put in
/// (where it begins with `1` to `8`) or as protobuf, is refused with its fields, or is judged, and then nothing of it is
/// lost.
pub fn intake(bytes: &[u8]) {
    let encoded = match bytes.first() {
        Some(b'{') => {
            let Ok(text) = std::str::from_utf8(bytes) else { return };
            if let Ok(routed) = offline::judge_json(text, &RULEBOOK, now()) {
                nothing_is_lost(&routed, &RULEBOOK);
            }
            return;
        }
        Some(number @ b'1'..=b'8') => spliced(&ENCODED[usize::from(number - b'1')], &bytes[1..]),
        _ => bytes.to_vec(),
    };
    let Ok(submission) = pb::Submission::decode(encoded.as_slice()) else { return };
    let judged = convert::submission(submission).finish_with(|draft| judge(draft, &RULEBOOK, now()));
    match judged {
        Ok(routed) => nothing_is_lost(&routed, &RULEBOOK),
        Err(violations) => {
            assert!(!violations.is_empty(), "refused without a reason");
            for violation in &violations.0 {
                assert!(!violation.field.is_empty(), "a violation names its field");
            }
        }
    }
}

/// Somebody gets it; every intelligence item reaches somebody; the decision can be shown.
fn nothing_is_lost(routed: &Routed, rulebook: &Rulebook) {
    let decision = routed.decision();
    assert!(!decision.legs.is_empty(), "accepted, and for nobody");
    for leg in &decision.legs {
        assert!(!leg.contents.is_empty(), "a leg to {} carries nothing", leg.queue);
        assert_eq!(leg.contents.contains(&Content::Items), !leg.items.is_empty(), "items of {}", leg.queue);
    }
    for (number, item) in (1_u16..).zip(&routed.draft().items) {
        let lies = |items: &[u16]| items.contains(&number);
        let placed = decision.legs.iter().any(|leg| lies(&leg.items) || leg.held.iter().any(|held| lies(&held.items)))
            || decision.linked.iter().any(|linked| lies(&linked.items));
        assert!(placed || item.kind != ItemKind::Intelligence, "intelligence item {number} is nowhere");
    }
    offline::explanation_json(routed, rulebook, now()).expect("a decision prints");
}

/// Redaction: lines that list a person or a value, an empty line, then a text. Every view holds on a second look, and
/// a name of two words that must be gone is gone.
pub fn redaction(bytes: &[u8]) {
    let input = String::from_utf8_lossy(bytes);
    let (listed, text) = input.split_once("\n\n").unwrap_or(("", &input));
    let form = form(listed);
    let engine = Engine::compile(&form, &RULEBOOK.redaction);
    let spans = engine.spans(text);
    let mut end = 0;
    for span in &spans {
        assert!(span.range.start >= end && span.range.end > span.range.start, "spans in order, without overlap");
        assert!(text.is_char_boundary(span.range.start) && text.is_char_boundary(span.range.end));
        end = span.range.end;
    }
    for &lens in Lens::ALL {
        let finished = engine.finish(text, lens);
        let again = engine.finish(&finished.text, lens);
        assert_eq!(again.text, finished.text, "redacting a redacted {lens} view changes it");
        for person in &form.persons {
            if engine.keeps(Entity::Person, person.role, lens) {
                continue;
            }
            let name = person.names[0].reveal();
            let plain = name.len() > 8
                && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b' ')
                && name.split(' ').count() == 2
                && name.split(' ').all(|word| word.len() > 3);
            assert!(!plain || !stands(&finished.text, name), "a protected name stands in the {lens} view");
        }
    }
}

/// True where `name` stands as words of its own.
fn stands(text: &str, name: &str) -> bool {
    let lower = text.to_lowercase();
    let free = |c: Option<char>| c.is_none_or(|c| !c.is_alphanumeric());
    lower
        .match_indices(name)
        .any(|(at, _)| free(lower[..at].chars().next_back()) && free(lower[at + name.len()..].chars().next()))
}

/// Each line: a letter for what is listed, a letter for whose it is, then the value.
fn form(listed: &str) -> Form {
    let mut form = Form::default();
    for (index, line) in listed.lines().take(40).enumerate() {
        let mut chars = line.chars();
        let (Some(kind), Some(whose)) = (chars.next(), chars.next()) else { continue };
        let value: String = chars.take(200).collect();
        if value.trim().is_empty() {
            continue;
        }
        let pick = |letter: char, of: usize| (letter as usize).wrapping_sub('a' as usize) % of;
        let role = EffectiveRole::ALL[pick(whose, EffectiveRole::ALL.len())];
        match Entity::ALL[pick(kind, Entity::ALL.len())] {
            Entity::Person => form.persons.push(ListedPerson {
                id: format!("p{index}").into(),
                names: value.split('|').map(Into::into).collect(),
                role,
                date_of_birth: None,
                relationship: None,
            }),
            entity => form.values.push(ListedValue { entity, text: value.into(), role }),
        }
    }
    form
}

/// `base` with pieces put in: each is three bytes (where, two of them, and how many bytes of `base` go), a length, and that
/// many bytes.
fn spliced(base: &[u8], mut edits: &[u8]) -> Vec<u8> {
    let mut out = base.to_vec();
    while let [high, low, go, length, rest @ ..] = edits {
        let at = usize::from(u16::from_be_bytes([*high, *low])) % (out.len() + 1);
        let gone = at..out.len().min(at + usize::from(*go));
        let (piece, after) = rest.split_at(rest.len().min(usize::from(*length)));
        out.splice(gone, piece.iter().copied());
        edits = after;
    }
    out
}

/// Policy loading: the first byte says which file, the rest is put into it in pieces; the other files are the embedded
/// ones. It is refused with reasons, or it is whole enough to judge by.
pub fn policy(bytes: &[u8]) {
    let Some((which, edits)) = bytes.split_first() else { return };
    let mut files = reference::EMBEDDED;
    let (version, rules) = files.rules[0];
    let base = match which % 8 {
        0 => files.directory,
        1 => files.calendar,
        2 => rules,
        3 => files.queues,
        4 => files.deadlines,
        5 => include_str!("../../deploy/reference/redaction.toml"),
        6 => include_str!("../../deploy/reference/grants.example.toml"),
        _ => include_str!("../../deploy/reference/lint.toml"),
    };
    let Ok(text) = String::from_utf8(spliced(base.as_bytes(), edits)) else { return };
    let text = text.as_str();
    let versions = [(version, text)];
    match which % 8 {
        0 => files.directory = text,
        1 => files.calendar = text,
        2 => files.rules = &versions,
        3 => files.queues = text,
        4 => files.deadlines = text,
        5 => {
            let _ = reference::redaction::policy(text);
            return;
        }
        6 => {
            let domain = TrustDomain::parse("pilot.example").expect("a trust domain");
            let _ = reference::grants::parse(text, &domain);
            return;
        }
        _ => {
            if let Err(wrong) = reference::lint::lexicon(text) {
                assert!(!wrong.is_empty(), "refused without a reason");
            }
            return;
        }
    }
    match reference::load(files) {
        Ok(policy) => {
            let rulebook = Rulebook { policy, ..RULEBOOK.clone() };
            for encoded in [&ENCODED[1], &ENCODED[2]] {
                let submission = pb::Submission::decode(encoded.as_slice()).expect("as encoded");
                let judged = convert::submission(submission).finish_with(|draft| judge(draft, &rulebook, now()));
                if let Ok(routed) = judged {
                    nothing_is_lost(&routed, &rulebook);
                }
            }
        }
        Err(wrong) => assert!(!wrong.is_empty(), "refused without a reason"),
    }
}

/// The narratives in protobuf.
static ENCODED: LazyLock<[Vec<u8>; 8]> = LazyLock::new(|| {
    [
        include_str!("../narratives/n1.json"),
        include_str!("../narratives/n2.json"),
        include_str!("../narratives/n3.json"),
        include_str!("../narratives/n4.json"),
        include_str!("../narratives/n5.json"),
        include_str!("../narratives/n6.json"),
        include_str!("../narratives/n7.json"),
        include_str!("../narratives/n8.json"),
    ]
    .map(|text| {
        let submission: pb::Submission = json::from_json("Submission", text).expect("a narrative reads");
        submission.encode_to_vec()
    })
});

//! Hostile text: redaction takes time in proportion to length, and never panics, whatever is sent.

use std::time::Duration;

use homeward::{
    domain::redaction::{EffectiveRole, Engine, Entity, Form, Lens, ListedPerson, ListedValue},
    reference,
};

/// Makes a text of about this many bytes.
type Maker = fn(usize) -> String;

const TEXTS: &[(&str, Maker)] = &[
    ("digits", |n| "7".repeat(n)),
    ("a listed number over and over", |n| "07700900123".repeat(n / 11)),
    ("digits apart", |n| "1 ".repeat(n / 2)),
    ("numbers in words", |n| "one two 0 ".repeat(n / 10)),
    ("a@", |n| "a@".repeat(n / 2)),
    ("e-mail upon e-mail", |n| "a@a.a".repeat(n / 5)),
    ("www.", |n| "www.".repeat(n / 4)),
    ("zero width", |n| "\u{200B}".repeat(n / 3)),
    ("one letter under many marks", |n| format!("a{}", "\u{301}".repeat(n / 2))),
    ("a protected name over and over", |n| "Ellie ".repeat(n / 6)),
    ("a kept name over and over", |n| "Marcus Drayford ".repeat(n / 16)),
    ("half a name spelled out", |n| "e l ".repeat(n / 4)),
    ("brackets", |n| "[[(".repeat(n / 3)),
    ("labels", |n| "[CHILD]".repeat(n / 7)),
    ("marks not seen whole", |n| "a?1? ".repeat(n / 5)),
];

#[test]
fn hostile_text_takes_time_in_proportion() {
    let engine = engine();
    for (name, make) in TEXTS {
        let small = spent(&engine, &make(10_000));
        let large = spent(&engine, &make(80_000));
        // Eight times the text: one quadratic step would take sixty-four times as long.
        assert!(large < small * 24 + Duration::from_millis(400), "{name}: {small:?}, then {large:?}");
    }
}

fn engine() -> Engine {
    let person = |id: &str, name: &str, role| ListedPerson {
        id: id.into(),
        names: vec![name.into()],
        role,
        date_of_birth: None,
        relationship: None,
    };
    let form = Form {
        persons: vec![
            person("c", "Ellie", EffectiveRole::SubjectSource),
            person("o", "Ella-Mae Drayford", EffectiveRole::OtherChild),
            person("s", "Marcus Drayford", EffectiveRole::Suspect),
        ],
        values: vec![ListedValue {
            entity: Entity::Phone,
            text: "07700 900123".into(),
            role: EffectiveRole::SubjectSource,
        }],
        as_of: None,
    };
    let policy = reference::redaction::embedded().expect("the policy in the repository reads");
    Engine::compile(&form, &policy)
}

#[expect(clippy::disallowed_methods, reason = "a test of duration has to look at a clock")]
fn spent(engine: &Engine, text: &str) -> Duration {
    let began = std::time::Instant::now();
    for &lens in Lens::ALL {
        engine.finish(text, lens);
    }
    began.elapsed()
}

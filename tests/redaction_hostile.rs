//! Hostile text: redaction takes time in proportion to length, and never panics, whatever is sent.

use std::time::Duration;

use homeward::{
    domain::redaction::{EffectiveRole, Engine, Entity, Form, Lens, ListedPerson, ListedValue, Narrative},
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
    ("a script without spaces", |n| "\u{6797}".repeat(n / 3)),
    ("one word without end", |n| "Ellie".repeat(n / 5)),
    ("a sentence without end", |n| "he told Kojo that ".repeat(n / 18)),
    ("one name of many words", |n| "Xxx ".repeat(n / 4)),
    ("many names", |n| numbered(n, |at| format!("{} {} went. ", name(at), name(at / 7)))),
    ("many people of one name", |n| numbered(n, |at| format!("Kojo {} went. Kojo ran. ", name(at)))),
    ("many misspelt names", |n| numbered(n, |at| format!("Elie {}a {}b. ", name(at), name(at)))),
    ("many numbers that somebody owns", |n| numbered(n, |at| format!("Kojo rang 07700 9{:05}. ", at % 100_000))),
    ("many addresses of mail", |n| numbered(n, |at| format!("{} has a{at}@example.org. ", name(at)))),
    ("many addresses", |n| numbered(n, |at| format!("She lives at 14 {} Road. ", name(at)))),
    ("many sources", |n| numbered(n, |at| format!("According to {}, her aunt, he left. ", name(at)))),
    ("values in one sentence", |n| format!("Kojo has {}", "07700 900123 and QQ19 KLM and ".repeat(n / 30))),
    ("an address of mail that is dictated without end", |n| "jo dot k_9 underscore ".repeat(n / 22)),
    ("somebody's family without end", |n| "Marcus saw his nan and ".repeat(n / 23)),
    ("family without end", |n| numbered(n, |at| format!("her aunt {}, ", name(at)))),
    ("capitals in one word", |n| numbered(n, name)),
    ("fears without end", |n| "Kojo fears that Ellie will know she told us he ".repeat(n / 47)),
    ("cards", |n| "4929 1600 0000 0010 ".repeat(n / 20)),
    ("dates beside each other", |n| "17.04.2011, 2011-04-17 ".repeat(n / 23)),
    ("initials", |n| "A B ".repeat(n / 4)),
    ("short sentences", |n| "No. ".repeat(n / 4)),
    ("lines", |n| "\n".repeat(n)),
    ("lines of DOS", |n| "\r\n".repeat(n / 2)),
];

/// Units of text, each other than the one before, to about `bytes` together.
fn numbered(bytes: usize, unit: impl Fn(usize) -> String) -> String {
    let mut out = String::new();
    for at in 0.. {
        if out.len() >= bytes {
            break;
        }
        out.push_str(&unit(at));
    }
    out
}

/// A name that is no word, another for every number.
fn name(mut at: usize) -> String {
    let mut name = "Q".to_owned();
    for _ in 0..4 {
        name.push(char::from(b"bcdfghjklmnpqrstvwxz"[at % 20]));
        name.push(char::from(b"aeiou"[at / 20 % 5]));
        at /= 100;
    }
    name
}

#[test]
fn hostile_text_takes_time_in_proportion() {
    for (name, make) in TEXTS {
        // What else the machine does takes time too: of three attempts one has to be in proportion.
        let mut attempts = (0..3).map(|_| (spent(&make(10_000)), spent(&make(80_000))));
        // Eight times the text: one quadratic step would take sixty-four times as long.
        let fits = |(small, large): (Duration, Duration)| large < small * 24 + Duration::from_millis(400);
        assert!(attempts.any(fits), "{name}: eight times the text takes more than twenty-four times as long");
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
        child_sex: None,
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
fn spent(text: &str) -> Duration {
    let engine = engine();
    let began = std::time::Instant::now();
    engine.finish(text, Lens::Item);
    engine.narrative(Narrative { text, sections: &[] });
    began.elapsed()
}

//! One line out: the views of a narrative, its mentions by character, and where a view holds text back.

use serde::Serialize;

use crate::domain::{
    redaction::{Finished, Rendered, Span},
    unit::Audience,
};

/// The answer to one line.
#[derive(Serialize)]
pub(super) struct Answer<'a> {
    id: &'a str,
    views: Views<'a>,
    spans: Vec<Mention>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    held: Vec<Held>,
}

#[derive(Serialize, Default)]
struct Views<'a> {
    mpu: &'a str,
    mash: &'a str,
    carer: &'a str,
}

/// Characters of the text as it came in, the end exclusive.
#[derive(Serialize)]
struct Mention {
    start: usize,
    end: usize,
    #[serde(rename = "type")]
    entity: &'static str,
}

/// What the last look at a view took out. It says how much, not what: the text is in the input of whoever runs this.
#[derive(Serialize)]
struct Held {
    audience: &'static str,
    what: &'static str,
    count: usize,
    reason: &'static str,
}

impl<'a> Answer<'a> {
    /// The answer for `rendered`, which was made from `text`.
    pub fn new(id: &'a str, text: &str, rendered: &'a Rendered) -> Self {
        let mut views = Views::default();
        for (audience, finished) in &rendered.views {
            match audience {
                Audience::Mpu => views.mpu = &finished.text,
                Audience::Mash => views.mash = &finished.text,
                Audience::Carer => views.carer = &finished.text,
                Audience::Nobody => {}
            }
        }
        let held = rendered.views.iter().filter_map(|(audience, finished)| held(*audience, finished)).collect();
        Self { id, views, spans: mentions(text, &rendered.spans), held }
    }
}

fn held(audience: Audience, finished: &Finished) -> Option<Held> {
    let what = if finished.withheld { "whole" } else { "sentence" };
    let count = finished.removed.len();
    (count > 0).then_some(Held { audience: audience.code(), what, count, reason: "found_by_rescan" })
}

/// `spans` lie in order, so one walk over the text counts its characters.
fn mentions(text: &str, spans: &[Span]) -> Vec<Mention> {
    let (mut bytes, mut characters) = (0, 0);
    let mut count_to = |byte: usize| {
        characters += text[bytes..byte].chars().count();
        bytes = byte;
        characters
    };
    let reported = spans.iter().filter(|span| span.entity.is_reported());
    let mention = |span: &Span| {
        let (start, end) = (count_to(span.range.start), count_to(span.range.end));
        Mention { start, end, entity: span.entity.code() }
    };
    reported.map(mention).collect()
}

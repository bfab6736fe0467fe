//! A whole narrative, as each audience reads it.

use std::{borrow::Cow, ops::Range};

use super::{
    carer,
    engine::{Engine, Finished},
    found::ReadText,
    policy::{Action, Lens},
    render,
    resolve::Span,
};
use crate::domain::{code::vocabulary, unit::Audience};

vocabulary! {
    /// What the practitioner wrote over a section.
    Sharing {
        /// The carer may read it.
        Share = "share",
        /// The carer may not.
        Withhold = "withhold",
    }
}

/// A section of a narrative.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Section {
    /// Bytes of the text, at character borders.
    pub range: Range<usize>,
    /// What the practitioner decided.
    pub mark: Sharing,
}

/// A text with its practitioner's marks. Not `Debug`: it is content.
#[derive(Clone, Copy)]
pub struct Narrative<'a> {
    /// The text.
    pub text: &'a str,
    /// Its sections, in order; none where nobody marked any.
    pub sections: &'a [Section],
}

/// What was found in a narrative, and its views.
pub struct Rendered {
    /// Every mention, before any audience is applied.
    pub spans: Vec<Span>,
    /// The view of each audience, in declared order.
    pub views: Vec<(Audience, Finished)>,
}

impl Engine {
    /// Reads `narrative` once and finishes it for every audience. It is the only text of its record.
    pub fn narrative(mut self, narrative: Narrative<'_>) -> Rendered {
        let Narrative { text, sections } = narrative;
        let read = self.read(&[text], Some(sections)).pop().unwrap_or_default();
        let finish = |lens| match lens {
            Lens::Carer => self.finish_without(text, &read, lens),
            _ => self.finish_spans(text, &read.spans, lens),
        };
        let views = Audience::ALL.iter().filter_map(|&audience| Some((audience, finish(Lens::narrative(audience)?))));
        Rendered { views: views.collect(), spans: read.spans }
    }

    /// `text` without its cuts, finished.
    pub(super) fn finish_without(&self, text: &str, read: &ReadText, lens: Lens) -> Finished {
        let shown = |part| render::part_of_view(text, part, &read.spans, (lens, &self.policy, &self.labels));
        let cuts = self.cuts_around(text, read, lens);
        self.settled(render::view_without(text, &cuts, shown), lens)
    }

    /// The sentences of `text` that a carer may read, finished, and nothing in place of the others.
    pub(super) fn surviving(&self, text: &str, lens: Lens) -> Finished {
        let read = self.read_for_carer(text);
        let mut kept: Vec<String> = Vec::new();
        let mut done = 0;
        let cuts = self.cuts_around(text, &read, lens);
        for cut in cuts.iter().cloned().chain(std::iter::once(text.len()..text.len())) {
            let shown = render::part_of_view(text, done..cut.start, &read.spans, (lens, &self.policy, &self.labels));
            kept.extend(Some(shown.trim().to_owned()).filter(|shown| shown.contains(char::is_alphanumeric)));
            done = cut.end;
        }
        self.settled((kept.join(" "), Vec::new()), lens)
    }

    /// What is cut of `text`, with every mention that a cut goes through and that `lens` does not keep: the other half of a value
    /// says what the whole was.
    fn cuts_around<'r>(&self, text: &str, read: &'r ReadText, lens: Lens) -> Cow<'r, [Range<usize>]> {
        let through = |at: usize| {
            let span = read.spans.get(read.spans.partition_point(|span| span.range.end <= at))?;
            (span.range.start < at && render::decided(text, span, lens, &self.policy).0 != Action::Keep).then_some(span)
        };
        let halved: Vec<Range<usize>> = read
            .cuts
            .iter()
            .flat_map(|cut| [cut.start, cut.end])
            .filter_map(|at| Some(through(at)?.range.clone()))
            .collect();
        if halved.is_empty() {
            return Cow::Borrowed(&read.cuts);
        }
        Cow::Owned(carer::merged(read.cuts.iter().cloned().chain(halved).collect()))
    }
}

//! Times of what has happened: not in the future, and not the wrong way round (D25, SSDA903 567 and 586).

use std::fmt::Display;

use jiff::Timestamp;

use crate::domain::{submission::Draft, violation::Violations};

/// The 999 call's time is not here: no answer about it refuses a submission (D14). Planned events are words in an item.
pub(super) fn check(draft: &Draft, now: Timestamp, wrong: &mut Violations) {
    let mut past = |field: &dyn Display, at: Option<Timestamp>| {
        if at.is_some_and(|at| at > now) {
            wrong.add(
                format!("submission.{field}"),
                "this has happened, so it cannot lie in the future; check the time and its offset",
            );
        }
    };
    past(&"episode.reported", draft.episode.reported);
    past(&"episode.started", draft.episode.started);
    past(&"episode.returned", draft.episode.returned);
    for (n, offer) in draft.episode.offers.iter().enumerate() {
        past(&format_args!("episode.offers[{n}].at"), Some(offer.at));
    }
    past(&"interview.held_at", draft.interview.held_at);
    let manager = draft.interview.evaluate.line_manager.as_ref();
    past(&"interview.evaluate.line_manager.at", manager.and_then(|manager| manager.at));
    for (n, item) in draft.items.iter().enumerate() {
        past(&format_args!("items[{n}].provenance.learned"), item.provenance.learned);
    }
    past(&"answers.fgm_disclosed_at", draft.answers.fgm_disclosed_at);
    let start = draft.episode.started.or(draft.episode.reported);
    if let (Some(start), Some(end)) = (start, draft.episode.returned)
        && end < start
    {
        wrong.add("submission.episode.returned", "the return cannot be before the child went missing");
    }
}

//! Share and withhold marks: on a free text that is there, within it.

use std::collections::BTreeMap;

use super::texts::{self, Kind};
use crate::domain::{submission::Draft, violation::Violations};

pub(super) fn check(draft: &Draft, wrong: &mut Violations) {
    if draft.envelope.marks.is_empty() {
        return;
    }
    let lengths = free_texts(draft);
    for (n, mark) in draft.envelope.marks.iter().enumerate() {
        let path = format!("submission.envelope.marks[{n}]");
        let Some(length) = lengths.get(mark.field.reveal()) else {
            if !mark.field.is_blank() {
                wrong.add(
                    format!("{path}.field"),
                    "name a free-text field that is filled in, e.g. interview.account.first_account or items[0].text",
                );
            }
            continue;
        };
        if mark.start >= mark.end {
            wrong.add(format!("{path}.start"), "must be before the end");
        }
        if u64::from(mark.end) > *length {
            wrong.add(format!("{path}.end"), "reaches beyond the text; count Unicode characters, not bytes");
        }
    }
}

/// Length in characters by every name a mark may use: the full path, the path below `submission.`, and for the interview
/// the path below `interview.`.
fn free_texts(draft: &Draft) -> BTreeMap<String, u64> {
    let mut lengths = BTreeMap::new();
    texts::each(draft, &mut |found| {
        if !matches!(found.kind, Kind::Free(_)) {
            return;
        }
        let length = u64::try_from(found.text.chars()).unwrap_or(u64::MAX);
        let path = found.path.to_string();
        if let Some(short) = path.strip_prefix("interview.") {
            lengths.insert(short.to_owned(), length);
        }
        lengths.insert(format!("submission.{path}"), length);
        lengths.insert(path, length);
    });
    lengths
}

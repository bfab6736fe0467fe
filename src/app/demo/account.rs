//! The account at the end: who sent what, which rules fired, what each audience saw, what came back.

use serde_json::{Value, json};

use super::{
    check::differences,
    expect::Narrative,
    story::{Served, Told},
};
use crate::app::show;

/// What came of one narrative, and what was not as expected.
pub(super) struct Account<'a> {
    narrative: &'a Narrative,
    told: Told,
    wrong: Vec<String>,
}

impl<'a> Account<'a> {
    pub(super) fn of(narrative: &'a Narrative, told: Told) -> Self {
        let wrong = differences(&narrative.expect, &told);
        Self { narrative, told, wrong }
    }

    /// Every difference, with the narrative's name.
    pub(super) fn wrong(&self) -> Vec<String> {
        self.wrong.iter().map(|one| format!("{}: {one}", self.narrative.name)).collect()
    }

    /// One line of JSON.
    pub(super) fn json(&self) -> String {
        let served: Vec<Value> = self.told.served.iter().chain(&self.told.sent_on).map(served_json).collect();
        json!({
            "narrative": self.narrative.name,
            "title": self.narrative.expect.title,
            "receipt": self.told.receipt,
            "explanation": self.told.explanation,
            "deliveries": served,
            "referral": self.told.referral,
            "watched": self.told.watched.len(),
            "matched": self.wrong.is_empty(),
            "differences": self.wrong,
        })
        .to_string()
    }

    /// The account in words.
    pub(super) fn text(&self) -> String {
        let expect = &self.narrative.expect;
        let mut lines = vec![
            String::new(),
            format!("━━ {}  {}", self.narrative.name.to_uppercase(), expect.title),
            format!("council {} for {}, received {}", expect.organisation, expect.on_behalf_of, expect.received),
        ];
        lines.extend(show::receipt(&self.told.receipt));
        for item in self.told.explanation["items"].as_array().into_iter().flatten() {
            let word = |name: &str| item[name].as_str().unwrap_or_default();
            lines.push(format!(
                "  item {}  proposed {}  handling {}",
                item["index"],
                word("proposed"),
                word("handling")
            ));
        }
        lines.push("what each audience saw:".to_owned());
        lines.extend(self.told.served.iter().chain(&self.told.sent_on).flat_map(served_lines));
        lines.push("what the council sees now:".to_owned());
        lines.extend(show::referral(&self.told.referral).into_iter().skip_while(|line| !line.starts_with("state")));
        lines.push(match self.wrong.len() {
            0 => "as specified".to_owned(),
            count => format!("{count} differences from the specification"),
        });
        lines.join("\n")
    }
}

/// The last lines.
pub(super) fn summary(accounts: &[Account<'_>], wrong: &[String]) -> Vec<String> {
    let deliveries: usize = accounts.iter().map(|account| account.told.served.len() + account.told.sent_on.len()).sum();
    let opened: usize = accounts.iter().flat_map(|account| &account.told.served).map(|one| one.opened.len()).sum();
    vec![
        String::new(),
        format!(
            "{} interviews, {deliveries} deliveries, {opened} parts opened, {} differences from the specification",
            accounts.len(),
            wrong.len()
        ),
    ]
}

fn served_json(one: &Served) -> Value {
    json!({ "queue": one.queue, "header": one.header, "opened": one.opened, "outcome": one.outcome })
}

fn served_lines(one: &Served) -> Vec<String> {
    let linked = if one.header["linked_from"].as_str().unwrap_or_default().is_empty() {
        ""
    } else {
        "  (another child's record)"
    };
    let mut lines = vec![format!("  {}{linked}  settled: {}", one.queue, one.outcome)];
    for unit in &one.opened {
        lines.extend(show::view(&unit["view"]).into_iter().map(|line| format!("    {line}")));
    }
    lines
}

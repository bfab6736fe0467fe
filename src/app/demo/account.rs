//! The account at the end: who sent what, which rules fired, what each audience saw, what came back.

use serde_json::{Value, json};

use super::{
    check::differences,
    expect::Narrative,
    story::{Served, Told},
};
use crate::app::{columns, show};

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

    /// The account in words: the receipt, who opened what, each item side by side, and what the council sees.
    pub(super) fn text(&self) -> String {
        let expect = &self.narrative.expect;
        let mut lines = vec![
            String::new(),
            format!("━━ {}  {}", self.narrative.name.to_uppercase(), expect.title),
            format!("council {} for {}, received {}", expect.organisation, expect.on_behalf_of, expect.received),
        ];
        lines.extend(show::receipt(&self.told.receipt));
        lines.push("who opened what:".to_owned());
        lines.extend(self.told.served.iter().chain(&self.told.sent_on).map(served_line));
        lines.push("what each audience read, side by side:".to_owned());
        lines.extend(self.items_side_by_side());
        lines.push("what the council sees now:".to_owned());
        lines.extend(show::referral(&self.told.referral).into_iter().skip_while(|line| !line.starts_with("state")));
        lines.push(match self.wrong.len() {
            0 => "as specified".to_owned(),
            count => format!("{count} differences from the specification"),
        });
        lines.join("\n")
    }

    /// Each item as written, as police read it and as safeguarding reads it.
    fn items_side_by_side(&self) -> Vec<String> {
        let submission: Value = serde_json::from_str(self.narrative.submission).unwrap_or_default();
        let written: Vec<&str> =
            submission["items"].as_array().into_iter().flatten().filter_map(|item| item["text"].as_str()).collect();
        if written.is_empty() {
            return vec!["  no items: nothing for anybody to read".to_owned()];
        }
        let mut lines = side_by_side(["as written", "police (mpu)", "safeguarding (mash)"]);
        for (text, item) in written.iter().zip(1_u64..) {
            let grade = &self.told.explanation["items"][written.len().min(item as usize) - 1];
            let word = |name: &str| grade[name].as_str().unwrap_or_default();
            lines.push(format!("  [{item}] proposed {} {}", word("proposed"), word("handling")));
            lines.extend(side_by_side([text, self.read(item, "mpu"), self.read(item, "mash")]));
        }
        lines
    }

    /// The text of an item as one audience reads it.
    fn read(&self, item: u64, audience: &str) -> &str {
        let views = self.told.explanation["views"][audience].as_array().map_or(&[][..], Vec::as_slice);
        let view = views.iter().find(|view| view["part"] == "B" && view["item"] == item);
        let fields = view.and_then(|view| view["fields"].as_array()).map_or(&[][..], Vec::as_slice);
        let text = fields.iter().find(|field| field["name"] == "text");
        text.and_then(|field| field["value"].as_str()).unwrap_or_default()
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

/// One delivery: its queue, the parts opened, the outcome.
fn served_line(one: &Served) -> String {
    let linked = one.header["linked_from"].as_str().is_some_and(|from| !from.is_empty());
    let parts: Vec<String> = one.opened.iter().map(|unit| part(&unit["view"])).collect();
    let parts = if parts.is_empty() { "nothing to open".to_owned() } else { parts.join(" ") };
    let whose = if linked { "another child's record: " } else { "" };
    format!("  {:<18} {whose}{parts}  →  {}", one.queue, one.outcome)
}

/// A unit's short name: `E`, `B[2]/mpu`.
fn part(view: &Value) -> String {
    let word = |name: &str| view[name].as_str().unwrap_or_default();
    let item = view["item"].as_u64().filter(|item| *item > 0 && word("part") != "CARD");
    let item = item.map_or_else(String::new, |item| format!("[{item}]"));
    let audience = Some(word("audience")).filter(|audience| *audience != "none");
    format!("{}{item}{}", word("part"), audience.map_or_else(String::new, |audience| format!("/{audience}")))
}

/// Width of a column, in characters.
const COLUMN: usize = 44;

/// Three texts in three columns, line breaks left out.
fn side_by_side(texts: [&str; 3]) -> Vec<String> {
    let plain = texts.map(|text| text.split_whitespace().collect::<Vec<_>>().join(" "));
    columns::side_by_side(&plain.each_ref().map(|text| (text.as_str(), COLUMN)))
}

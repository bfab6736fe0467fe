//! `homeward bench redact`: the redaction engine on one thread, the form compiled for every record, three views of each.

use std::{hint::black_box, time::Duration};

use aho_corasick::AhoCorasick;
use serde_json::{Value, json};

use super::{
    args::BenchRedactArgs,
    texts::{self, CORPUS, HOSTILE},
};
use crate::{
    app::{client, failure::Failure, print, redact::narratives, rulebook},
    domain::redaction::{Engine, Entity, Form, Lens, Narrative, RedactionPolicy},
    platform::clock::Stopwatch,
};

/// The sizes of the curve, in bytes.
const SIZES: &[usize] = &[1_000, 10_000, 100_000, 1_000_000, 10_000_000];
/// A narrative as most are.
const TYPICAL: usize = 800;
/// A long one.
const LONG_WORDS: usize = 5_000;

/// Measures and prints.
pub(super) fn run(args: &BenchRedactArgs) -> Result<(), Failure> {
    let policy = rulebook::rulebook(args.policy.as_deref())?.redaction;
    let text = args.inputs.as_ref().map(|file| client::read(file)).transpose()?;
    let records = narratives(text.as_deref().unwrap_or(CORPUS))?;
    let bench =
        Bench { policy: &policy, records: &records, most: args.largest, each: Duration::from_millis(args.each) };
    if records.iter().all(|(text, _)| text.is_empty()) {
        return Err(Failure::bad_data("there is no text in the inputs"));
    }
    let report = bench.report();
    if args.json {
        print::line(&report.to_string());
    } else {
        told(&report).iter().for_each(|line| print::line(line));
    }
    Ok(())
}

struct Bench<'b> {
    policy: &'b RedactionPolicy,
    records: &'b [(String, Form)],
    most: usize,
    each: Duration,
}

impl Bench<'_> {
    fn report(&self) -> Value {
        json!({
            "corpus": self.corpus(),
            "typical": self.typical(),
            "long": self.long(),
            "stages": self.stages(),
            "machine": self.machine(),
            "curve": self.curve(),
        })
    }

    /// Everything that is done for one text of one record.
    fn whole(&self, text: &str, form: &Form) {
        let engine = Engine::compile(form, self.policy);
        black_box(engine.narrative(Narrative { text, sections: &[] }));
    }

    /// The shortest time of several runs: everything slower was something else's doing.
    fn fastest<T>(&self, mut work: impl FnMut() -> T) -> Duration {
        let all = Stopwatch::start();
        let mut best = Duration::MAX;
        while best == Duration::MAX || all.spent() < self.each {
            let one = Stopwatch::start();
            black_box(work());
            best = best.min(one.spent());
        }
        best
    }

    fn texts(&self) -> Vec<&str> {
        self.records.iter().map(|(text, _)| text.as_str()).collect()
    }

    /// Every record of the inputs, as it is.
    fn corpus(&self) -> Value {
        let bytes: usize = self.records.iter().map(|(text, _)| text.len()).sum();
        let spent = self.fastest(|| self.records.iter().for_each(|(text, form)| self.whole(text, form)));
        json!({
            "records": self.records.len(),
            "bytes": bytes,
            "megabytes_per_second": rate(bytes, spent),
            "milliseconds_per_record": milliseconds(spent) / self.records.len() as f64,
        })
    }

    /// The mean over the forms of all records, each with a text of typical length.
    fn typical(&self) -> Value {
        let texts = self.texts();
        let made = self.records.iter().enumerate();
        let made: Vec<(String, &Form)> =
            made.map(|(number, (_, form))| (texts::ordinary(&texts, number, TYPICAL), form)).collect();
        let spent = self.fastest(|| made.iter().for_each(|(text, form)| self.whole(text, form)));
        let bytes = made.iter().map(|(text, _)| text.len()).sum();
        json!({
            "bytes": TYPICAL,
            "milliseconds": milliseconds(spent) / made.len() as f64,
            "megabytes_per_second": rate(bytes, spent),
        })
    }

    fn long(&self) -> Value {
        let text = texts::of_words(&self.texts(), 0, LONG_WORDS);
        let spent = self.fastest(|| self.whole(&text, &self.records[0].1));
        json!({ "words": LONG_WORDS, "bytes": text.len(), "milliseconds": milliseconds(spent) })
    }

    /// Where the time of the corpus goes. Each stage is run by itself, so the parts need not add up.
    fn stages(&self) -> Value {
        let engines: Vec<(&str, Engine)> =
            self.records.iter().map(|(text, form)| (text.as_str(), Engine::compile(form, self.policy))).collect();
        let lenses = [Lens::Mpu, Lens::Mash, Lens::Carer];
        let seen: Vec<(&Engine, String, Lens)> = engines
            .iter()
            .flat_map(|(text, engine)| lenses.map(|lens| (engine, engine.view(text, lens), lens)))
            .collect();
        let each = |spent: Duration| 1000.0 * milliseconds(spent) / self.records.len() as f64;
        let compile = self
            .fastest(|| self.records.iter().for_each(|(_, form)| drop(black_box(Engine::compile(form, self.policy)))));
        let find = self.fastest(|| engines.iter().for_each(|(text, engine)| drop(black_box(engine.spans(text)))));
        let rescan = self.fastest(|| {
            seen.iter().for_each(|(engine, view, lens)| drop(black_box(engine.guard(view.clone(), *lens))));
        });
        let whole = self.fastest(|| self.records.iter().for_each(|(text, form)| self.whole(text, form)));
        json!({
            "unit": "microseconds a record",
            "compile_the_form": each(compile),
            "find_mentions": each(find),
            "rescan_three_views": each(rescan),
            "render_and_the_rest": each(whole.saturating_sub(compile + find + rescan)),
        })
    }

    /// What this machine does with the same text when hardly anything is asked.
    fn machine(&self) -> Value {
        let text = texts::ordinary(&self.texts(), 0, 1_000_000);
        let names: Vec<&str> =
            self.records[0].1.persons.iter().flat_map(|person| &person.names).map(|name| name.reveal()).collect();
        let search = AhoCorasick::builder().ascii_case_insensitive(true).build(&names).ok();
        let copy = self.fastest(|| text.as_bytes().to_vec());
        let lower = self.fastest(|| text.to_lowercase());
        let searched = search.map(|search| self.fastest(|| search.find_iter(&text).count()));
        let redacted = self.fastest(|| self.whole(&text, &self.records[0].1));
        json!({
            "bytes": text.len(),
            "copy_megabytes_per_second": rate(text.len(), copy),
            "lower_case_megabytes_per_second": rate(text.len(), lower),
            "search_for_the_names_megabytes_per_second": searched.map(|spent| rate(text.len(), spent)),
            "redact_megabytes_per_second": rate(text.len(), redacted),
            "one_redaction_in_lower_casings": redacted.as_secs_f64() / lower.as_secs_f64(),
            "one_redaction_in_searches": searched.map(|spent| redacted.as_secs_f64() / spent.as_secs_f64()),
        })
    }

    /// Every kind of text in every size.
    fn curve(&self) -> Vec<Value> {
        let listed = |entity: Entity| {
            let of = |form: &Form| form.values.iter().find(|value| value.entity == entity).is_some();
            self.records.iter().map(|(_, form)| form).find(|form| of(form) && !form.persons.is_empty())
        };
        let form = listed(Entity::Phone).unwrap_or(&self.records[0].1);
        let name = form.persons.first().and_then(|person| person.names.first()).map_or("Ellie", |name| name.reveal());
        let phone = form.values.iter().find(|value| value.entity == Entity::Phone);
        let phone = phone.map_or("07700900123", |value| value.text.reveal());
        let texts = self.texts();
        let mut kinds: Vec<(&str, Maker<'_>)> = vec![("ordinary", Box::new(|size| texts::ordinary(&texts, 0, size)))];
        for &(kind, unit) in HOSTILE {
            kinds.push((kind, Box::new(move |size| texts::repeated(unit, name, phone, size))));
        }
        let sizes = || SIZES.iter().copied().filter(|size| *size <= self.most);
        let one = |(kind, make): &(&str, Maker<'_>)| {
            let points: Vec<Value> = sizes()
                .map(|size| {
                    let text = make(size);
                    let spent = self.fastest(|| self.whole(&text, form));
                    json!({ "bytes": text.len(), "milliseconds": milliseconds(spent), "megabytes_per_second": rate(text.len(), spent) })
                })
                .collect();
            json!({ "kind": kind, "points": points })
        };
        kinds.iter().map(one).collect()
    }
}

/// Makes a text of about this many bytes.
type Maker<'m> = Box<dyn Fn(usize) -> String + 'm>;

fn milliseconds(spent: Duration) -> f64 {
    spent.as_secs_f64() * 1e3
}

fn rate(bytes: usize, spent: Duration) -> f64 {
    bytes as f64 / 1e6 / spent.as_secs_f64()
}

/// The report for people.
fn told(report: &Value) -> Vec<String> {
    let number = |value: &Value| value.as_f64().unwrap_or_default();
    let mut lines = Vec::new();
    for part in ["corpus", "typical", "long", "stages", "machine"] {
        lines.push(part.to_owned());
        for (name, value) in report[part].as_object().into_iter().flatten() {
            let shown = value.as_str().map_or_else(|| format!("{:.3}", number(value)), str::to_owned);
            lines.push(format!("  {:44} {shown:>14}", name.replace('_', " ")));
        }
    }
    lines.push("milliseconds for".to_owned());
    for kind in report["curve"].as_array().into_iter().flatten() {
        let mut line = format!("  {:30}", kind["kind"].as_str().unwrap_or_default());
        for point in kind["points"].as_array().into_iter().flatten() {
            line.push_str(&format!(" {:>9} B {:>9.3}", number(&point["bytes"]), number(&point["milliseconds"])));
        }
        lines.push(line);
    }
    lines
}

//! `homeward redact`: the redaction engine over narratives, one a line in, its views and mentions a line out.
//!
//! Engine and policy are those of intake; this room only carries lines in and out.

mod answer;
mod json;
mod line;
mod progress;
mod source;
#[cfg(test)]
mod tests;

use std::{
    collections::BTreeSet,
    io::{self, BufWriter, IsTerminal, Write},
    path::PathBuf,
};

use super::{cli::RedactArgs, failure::Failure, print, rulebook};
use crate::{
    domain::redaction::{Engine, Form, Narrative, RedactionPolicy},
    wire::json::{JsonError, JsonFault, each_field_once},
};
use answer::Answer;
use json::Notes;
use progress::Progress;
use source::{LONGEST_LINE, Source, Taken};

/// Runs the command. Lines that do not read are named and passed over; the others are answered.
pub(super) fn run(args: &RedactArgs) -> Result<(), Failure> {
    let policy = rulebook::rulebook(args.policy.as_deref())?.redaction;
    let stdin = [PathBuf::from("-")];
    let files = if args.files.is_empty() { &stdin[..] } else { &args.files };
    let sources: Vec<Source> = files.iter().map(|file| Source::open(file)).collect::<Result<_, _>>()?;
    if args.files.is_empty() && io::stdin().is_terminal() {
        print::problem("homeward: narratives are read from stdin, one JSON object a line; end with Ctrl-D");
    }
    let out = BufWriter::with_capacity(1 << 16, io::stdout().lock());
    let mut desk = Desk::new(policy, out, Progress::new(source::size(files)));
    let told = sources.into_iter().try_for_each(|source| desk.whole(source));
    match told.and_then(|()| desk.out.flush().map_err(Stop::Writing)) {
        Err(Stop::Reading(name, error)) => Err(Failure::bad_data(format!("{name}: {error}"))),
        // Whoever read the answers has what they wanted.
        Err(Stop::Writing(error)) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        Err(Stop::Writing(error)) => Err(Failure::unavailable(format!("stdout: {error}"))),
        Ok(()) => desk.end(),
    }
}

/// The narratives of a whole text, each with its form.
pub(super) fn narratives(text: &str) -> Result<Vec<(String, Form)>, Failure> {
    let mut out = Vec::new();
    for (number, line) in (1..).zip(text.lines()).filter(|(_, line)| !line.trim().is_empty()) {
        let notes = Notes::default();
        let value = parse(line.as_bytes(), &notes);
        let read = value.as_ref().and_then(|value| line::read(value, &notes));
        match read {
            Some(line) => out.push((line.text.to_owned(), line.listing.form())),
            None => return Err(Failure::bad_data(format!("line {number}: {}", notes.faults.into_inner().join("; ")))),
        }
    }
    Ok(out)
}

/// What a run needs from line to line. It does not grow with the input.
struct Desk<W: Write> {
    policy: RedactionPolicy,
    out: W,
    progress: Progress,
    lines: u64,
    wrong: u64,
    /// Names of fields that were not read, each told once.
    unread: BTreeSet<String>,
}

/// Why a run ends early.
enum Stop {
    Reading(String, io::Error),
    Writing(io::Error),
}

/// So many names of fields that were not read are told.
const MOST_UNREAD: usize = 100;

impl<W: Write> Desk<W> {
    fn new(policy: RedactionPolicy, out: W, progress: Progress) -> Self {
        Self { policy, out, progress, lines: 0, wrong: 0, unread: BTreeSet::new() }
    }

    /// Every line of one input.
    fn whole(&mut self, mut source: Source) -> Result<(), Stop> {
        let mut number = 0_u64;
        loop {
            if source.would_wait() {
                self.out.flush().map_err(Stop::Writing)?;
            }
            let name = source.name.clone();
            number += 1;
            let place = || format!("{name} line {number}");
            match source.take().map_err(|error| Stop::Reading(name.clone(), error))? {
                Taken::End => return Ok(()),
                Taken::TooLong(bytes) => {
                    self.progress.add(bytes);
                    let wrong = format!("the line is longer than {} MiB", LONGEST_LINE >> 20);
                    self.refuse(&place(), &[wrong]);
                }
                Taken::Line(line) => {
                    self.progress.add(line.len() as u64 + 1);
                    if !line.iter().all(u8::is_ascii_whitespace) {
                        self.line(line, &place)?;
                    }
                }
            }
        }
    }

    fn line(&mut self, line: &[u8], place: &dyn Fn() -> String) -> Result<(), Stop> {
        let notes = Notes::default();
        let answered = self.answer(line, &notes);
        for unread in notes.unread.into_inner() {
            let name: String = unread.chars().filter(|c| !c.is_ascii_digit()).collect();
            if self.unread.len() < MOST_UNREAD && self.unread.insert(name) {
                let advice = "is not known: nothing in it was looked for (told once)";
                self.progress.say(&format!("homeward: {}: {unread} {advice}", place()));
            }
        }
        match answered {
            Some(written) => {
                self.lines += 1;
                written.map_err(Stop::Writing)
            }
            None => {
                self.refuse(&place(), &notes.faults.into_inner());
                Ok(())
            }
        }
    }

    /// Writes the answer to a line; `None` and faults in `notes` where it does not read.
    fn answer(&mut self, line: &[u8], notes: &Notes) -> Option<io::Result<()>> {
        let value = parse(line, notes)?;
        let line = line::read(&value, notes)?;
        let engine = Engine::compile(&line.listing.form(), &self.policy);
        let rendered = engine.narrative(Narrative { text: line.text, sections: &line.sections });
        let answer = Answer::new(line.id, line.text, &rendered);
        let written = serde_json::to_writer(&mut self.out, &answer).map_err(io::Error::from);
        Some(written.and_then(|()| self.out.write_all(b"\n")))
    }

    fn refuse(&mut self, place: &str, faults: &[String]) {
        self.wrong += 1;
        faults.iter().for_each(|fault| self.progress.say(&format!("homeward: {place}: {fault}")));
    }

    fn end(self) -> Result<(), Failure> {
        if self.wrong == 0 {
            return Ok(());
        }
        let all = self.wrong + self.lines;
        Err(Failure::bad_data(format!("{} of {all} lines are not right and have no answer", self.wrong)))
    }
}

/// The JSON of a line in which every field is stated once.
fn parse(line: &[u8], notes: &Notes) -> Option<serde_json::Value> {
    let fault = |wrong: String| {
        notes.faults.borrow_mut().push(wrong);
        None
    };
    let Ok(line) = std::str::from_utf8(line) else { return fault("the line is not UTF-8".to_owned()) };
    let line = line.strip_prefix('\u{FEFF}').unwrap_or(line);
    if let Err(JsonError(faults)) = each_field_once(line) {
        let words = |fault: JsonFault| {
            let path = if fault.path.is_empty() { fault.path } else { format!("{}: ", fault.path) };
            format!("column {}: {path}{}", fault.column, fault.message)
        };
        notes.faults.borrow_mut().extend(faults.into_iter().map(words));
        return None;
    }
    match serde_json::from_str(line) {
        Ok(value) => Some(value),
        Err(error) => fault(format!("column {}: not well-formed JSON", error.column())),
    }
}

//! `homeward submit`: a council sends submissions and keeps the receipts.

use std::{
    collections::VecDeque,
    io::IsTerminal,
    path::{Path, PathBuf},
};

use indicatif::{ProgressBar, ProgressStyle};
use serde_json::Value;

use super::{cli::SubmitArgs, client, failure::Failure, print, show};
use crate::wire::caller::{Outgoing, Submitted};

pub(super) async fn run(args: &SubmitArgs) -> Result<(), Failure> {
    match args.files.as_slice() {
        [file] => one(args, file).await,
        _ if args.request_id.is_some() => {
            Err(Failure::usage("--request-id goes with one FILE: each submission has its own"))
        }
        files => many(args, files).await,
    }
}

async fn one(args: &SubmitArgs, file: &Path) -> Result<(), Failure> {
    let mut caller = client::connect(&args.client).await?;
    let text = client::read(file)?;
    let request_id = match &args.request_id {
        Some(id) => id.clone(),
        None => client::request_id()?,
    };
    let answered = caller.submit(&request_id, &text).await.map_err(|error| {
        let failure = Failure::from(error).about(&file.display().to_string());
        if failure.is_unavailable() { failure.advise(repeat(&request_id)) } else { failure }
    })?;
    client::answer(args.client.json, &answered, |value| receipt(value, &request_id));
    Ok(())
}

/// Many on one stream: what is refused is named and the others go on. Ends as the first failure would.
async fn many(args: &SubmitArgs, files: &[PathBuf]) -> Result<(), Failure> {
    let mut caller = client::connect(&args.client).await?;
    let ids = files.iter().map(|_| client::request_id()).collect::<Result<Vec<_>, _>>()?;
    let mut account = Account { json: args.client.json, bar: bar(files.len()), first: None, refused: 0 };
    let mut unread = Vec::new();
    let mut outgoing = files.iter().zip(&ids);
    let sent = std::cell::RefCell::new(VecDeque::new());
    let next = || {
        for (file, id) in outgoing.by_ref() {
            match client::read(file) {
                Ok(text) => {
                    sent.borrow_mut().push_back((file, id));
                    return Some(Outgoing::new(id.clone(), &text));
                }
                Err(failure) => unread.push(failure),
            }
        }
        None
    };
    let each = |submitted| {
        if let Some((file, id)) = sent.borrow_mut().pop_front() {
            account.tell(file, id, submitted);
        }
    };
    let ended = caller.submit_all(next, each).await;
    for failure in unread {
        account.refuse(failure);
    }
    if let Err(error) = ended {
        for (file, id) in sent.into_inner() {
            account.say(&format!("{}: not answered; {}", file.display(), repeat(id)));
        }
        let unsent: Vec<_> = outgoing.map(|(file, _)| file.display().to_string()).collect();
        if !unsent.is_empty() {
            account.say(&format!("not sent: {}", unsent.join(" ")));
        }
        account.clear();
        return Err(Failure::from(error));
    }
    account.end(files.len())
}

/// The receipt, and the id that belongs to the submission: with both its digest can be computed again.
fn receipt(answered: &Value, request_id: &str) -> Vec<String> {
    let mut lines = show::receipt(&answered["receipt"]);
    lines.push(format!("  request {request_id}"));
    lines
}

fn repeat(request_id: &str) -> String {
    format!("it may have been accepted; repeat it safely with --request-id {request_id}")
}

/// What is told of many submissions.
struct Account {
    json: bool,
    bar: Option<ProgressBar>,
    first: Option<u8>,
    refused: usize,
}

impl Account {
    fn tell(&mut self, file: &Path, id: &str, submitted: Submitted) {
        if self.json || submitted.refused.is_none() {
            let print = || client::answer(self.json, &submitted.json, |value| receipt(value, id));
            match &self.bar {
                Some(bar) => bar.suspend(print),
                None => print(),
            }
        }
        if let Some(error) = submitted.refused {
            self.refuse(Failure::from(error).about(&file.display().to_string()));
        } else if let Some(bar) = &self.bar {
            bar.inc(1);
        }
    }

    fn refuse(&mut self, failure: Failure) {
        self.first.get_or_insert(failure.code());
        self.refused += 1;
        match &self.bar {
            Some(bar) => {
                bar.inc(1);
                bar.suspend(|| failure.tell());
            }
            None => failure.tell(),
        }
    }

    fn say(&self, line: &str) {
        match &self.bar {
            Some(bar) => bar.suspend(|| print::problem(line)),
            None => print::problem(line),
        }
    }

    fn clear(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }

    fn end(self, all: usize) -> Result<(), Failure> {
        self.clear();
        let Some(code) = self.first else { return Ok(()) };
        Err(Failure::with_code(code, format!("{} of {all} submissions were not accepted", self.refused)))
    }
}

/// A bar for a person who watches.
fn bar(files: usize) -> Option<ProgressBar> {
    let style = ProgressStyle::with_template("{bar:30} {pos}/{len} submitted  {per_sec}  {eta} left");
    let bar = || ProgressBar::new(files as u64).with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
    std::io::stderr().is_terminal().then(bar)
}

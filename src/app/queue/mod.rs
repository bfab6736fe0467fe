//! `homeward queue`: an officer's side.

mod command;

use jiff::SignedDuration;
use serde_json::Value;

use self::command::HoldingArgs;
pub(super) use self::command::QueueCommand;
use super::{
    cli::{ClientArgs, minutes},
    client,
    failure::Failure,
    print, prompts, questions, retract, show,
};
use crate::{
    domain::unit::Part,
    wire::caller::{Answer, Asked, Caller, Completion, Following, Grading, Holding},
};

/// Rows asked for at once.
const PAGE: i32 = 200;

pub(super) async fn run(command: QueueCommand) -> Result<(), Failure> {
    match command {
        QueueCommand::List { client, queue: None } => queues(&client).await,
        QueueCommand::List { client, queue: Some(queue) } => deliveries(&client, &queue, false).await,
        QueueCommand::DeadLetters { client, queue } => deliveries(&client, &queue, true).await,
        QueueCommand::Held { client, queue } => held_by_whom(&client, &queue).await,
        QueueCommand::Reject { holding, reason, note } => reject(&holding, &reason, &note).await,
        QueueCommand::Pull { client: args, queue, most, minutes: length, follow: true, session, stop_after } => {
            let following = Following { queue, session, most, lease: minutes(length) };
            follow(&args, following, stop_after.unwrap_or(u64::MAX)).await
        }
        QueueCommand::Pull { client: args, queue, most, minutes: length, .. } => {
            let mut caller = client::connect(&args).await?;
            let text = caller.pull(&client::request_id()?, &queue, most, minutes(length)).await?;
            client::answer(args.json, &text, show::pulled);
            Ok(())
        }
        QueueCommand::Open { holding, part, item, reason } => open(&holding, (&part, item), &reason).await,
        QueueCommand::Extend { holding, minutes: length } => extend(&holding, minutes(length)).await,
        QueueCommand::Complete { holding, outcome, reason, note, release_detail } => {
            let mut caller = held(&holding).await?;
            let completion = Completion { outcome, reason, note, release_detail };
            let answered = caller.complete(&client::request_id()?, in_hand(&holding), completion).await;
            told(&holding.client, answered, show::completed)
        }
        QueueCommand::Release { holding, reason, delay } => {
            let mut caller = held(&holding).await?;
            let answered = caller.release(&client::request_id()?, in_hand(&holding), &reason, minutes(delay)).await;
            told(&holding.client, answered, show::released)
        }
        QueueCommand::HandOver { holding, to, note, minutes: length } => {
            hand_over(&holding, (&to, &note), minutes(length)).await
        }
        QueueCommand::TakeBack { client, delivery, reason } => take_back(&client, &delivery, &reason).await,
        QueueCommand::Transfer { holding, to, reason } => transfer(&holding, &to, &reason).await,
        QueueCommand::Acknowledge { holding } => acknowledge(&holding).await,
        QueueCommand::Accept { holding, reason } => answer_transfer(&holding, true, &reason).await,
        QueueCommand::Refuse { holding, reason } => answer_transfer(&holding, false, &reason).await,
        QueueCommand::Ask { holding, question, item, nothing_of_the_child } => {
            ask(&holding, Asked { question, item, nothing_of_the_child }).await
        }
        QueueCommand::Grade { holding, grade, item, instructions, reason } => {
            let grading = Grading { item, instructions, reason, ..grade_said(&grade)? };
            let mut caller = held(&holding).await?;
            let answered = caller.confirm_grading(&client::request_id()?, in_hand(&holding), grading).await;
            told(&holding.client, answered, |value| show::graded(value, item))
        }
        QueueCommand::ReleaseCarer { holding, reason, against_proposal } => {
            release_carer(&holding, &reason, against_proposal).await
        }
        QueueCommand::Prompts { client, queue, ended } => prompts_of(&client, &queue, ended).await,
        QueueCommand::MarkPrompt(args) => prompts::mark(args).await,
        QueueCommand::Resolve { holding, to, reason } => resolve(&holding, &to, &reason).await,
    }
}

async fn open(holding: &HoldingArgs, (part, item): (&str, u32), reason: &str) -> Result<(), Failure> {
    let part = part_named(part)?;
    if item == 0 && matches!(part, Part::Item | Part::Provenance) {
        return Err(Failure::usage("part A and part B are of one item: give its number with --item"));
    }
    let answered = held(holding).await?.open(in_hand(holding), part, item, reason).await;
    told(&holding.client, answered, show::opened)
}

async fn extend(holding: &HoldingArgs, lease: SignedDuration) -> Result<(), Failure> {
    let (mut caller, id) = (held(holding).await?, client::request_id()?);
    told(&holding.client, caller.extend(&id, in_hand(holding), lease).await, show::extended)
}

async fn reject(holding: &HoldingArgs, reason: &str, note: &str) -> Result<(), Failure> {
    let (mut caller, id) = (held(holding).await?, client::request_id()?);
    let answered = caller.reject(&id, in_hand(holding), &reason.to_ascii_uppercase(), note).await;
    told(&holding.client, answered, show::rejected)
}

async fn hand_over(holding: &HoldingArgs, (to, note): (&str, &str), keep: SignedDuration) -> Result<(), Failure> {
    let (mut caller, id) = (held(holding).await?, client::request_id()?);
    let answered = caller.hand_over(&id, in_hand(holding), (to, note), keep).await;
    told(&holding.client, answered, show::handed_over)
}

async fn take_back(args: &ClientArgs, delivery: &str, reason: &str) -> Result<(), Failure> {
    let (mut caller, id) = (client::connect(args).await?, client::request_id()?);
    told(args, caller.take_back(&id, delivery, reason).await, show::replayed)
}

async fn transfer(holding: &HoldingArgs, to: &str, reason: &str) -> Result<(), Failure> {
    let (mut caller, id) = (held(holding).await?, client::request_id()?);
    told(&holding.client, caller.transfer(&id, in_hand(holding), to, reason).await, show::transfer_offered)
}

async fn acknowledge(holding: &HoldingArgs) -> Result<(), Failure> {
    let (mut caller, id) = (held(holding).await?, client::request_id()?);
    told(&holding.client, caller.acknowledge(&id, in_hand(holding)).await, retract::acknowledged)
}

async fn release_carer(holding: &HoldingArgs, reason: &str, against_proposal: bool) -> Result<(), Failure> {
    let (mut caller, id) = (held(holding).await?, client::request_id()?);
    let answered = caller.release_carer(&id, in_hand(holding), reason, against_proposal).await;
    told(&holding.client, answered, show::carer_copy)
}

async fn answer_transfer(holding: &HoldingArgs, accepts: bool, reason: &str) -> Result<(), Failure> {
    let (mut caller, id) = (held(holding).await?, client::request_id()?);
    let answered = caller.answer_transfer(&id, in_hand(holding), accepts, reason).await;
    told(&holding.client, answered, show::transfer_answered)
}

async fn ask(holding: &HoldingArgs, asked: Asked) -> Result<(), Failure> {
    let (mut caller, id) = (held(holding).await?, client::request_id()?);
    told(&holding.client, caller.ask(&id, in_hand(holding), asked).await, questions::asked)
}

async fn resolve(holding: &HoldingArgs, to: &str, reason: &str) -> Result<(), Failure> {
    let (mut caller, id) = (held(holding).await?, client::request_id()?);
    told(&holding.client, caller.resolve(&id, in_hand(holding), to, reason).await, show::resolved)
}

async fn follow(args: &ClientArgs, following: Following, mut left: u64) -> Result<(), Failure> {
    if left == 0 {
        return Ok(());
    }
    let mut caller = client::connect(args).await?;
    let followed = caller.follow(following, |text| {
        client::answer(args.json, &text, show::leased);
        left -= 1;
        left > 0
    });
    Ok(followed.await?)
}

async fn queues(args: &ClientArgs) -> Result<(), Failure> {
    let mut caller = client::connect(args).await?;
    let mut token = String::new();
    loop {
        let text = caller.queues(PAGE, &token).await?;
        token = rows(args, &text, "queues", show::queue_line);
        if token.is_empty() {
            return Ok(());
        }
    }
}

async fn deliveries(args: &ClientArgs, queue: &str, dead: bool) -> Result<(), Failure> {
    let mut caller = client::connect(args).await?;
    let mut token = String::new();
    loop {
        let text = caller.deliveries(queue, dead, PAGE, &token).await?;
        token = rows(args, &text, "deliveries", show::listed);
        if token.is_empty() {
            return Ok(());
        }
    }
}

async fn held_by_whom(args: &ClientArgs, queue: &str) -> Result<(), Failure> {
    let mut caller = client::connect(args).await?;
    let mut token = String::new();
    loop {
        let text = caller.held(queue, PAGE, &token).await?;
        token = rows(args, &text, "deliveries", show::held_line);
        if token.is_empty() {
            return Ok(());
        }
    }
}

async fn prompts_of(args: &ClientArgs, queue: &str, ended: bool) -> Result<(), Failure> {
    let mut caller = client::connect(args).await?;
    let mut token = String::new();
    loop {
        let text = caller.prompts(queue, ended, PAGE, &token).await?;
        token = rows(args, &text, "prompts", prompts::line);
        if token.is_empty() {
            return Ok(());
        }
    }
}

/// Prints each row of a page; returns the token of the next one.
fn rows(args: &ClientArgs, text: &str, list: &str, shown: impl Fn(&Value) -> String) -> String {
    let page: Value = serde_json::from_str(text).unwrap_or_default();
    for row in page[list].as_array().into_iter().flatten() {
        print::line(&if args.json { row.to_string() } else { shown(row) });
    }
    page["next_page_token"].as_str().unwrap_or_default().to_owned()
}

async fn held(args: &HoldingArgs) -> Result<Caller, Failure> {
    client::connect(&args.client).await
}

fn in_hand(args: &HoldingArgs) -> Holding {
    Holding { delivery: args.delivery.clone(), token: args.lease.clone() }
}

fn told(args: &ClientArgs, answered: Answer, shown: impl FnOnce(&Value) -> Vec<String>) -> Result<(), Failure> {
    client::answer(args.json, &answered?, shown);
    Ok(())
}

/// `2B C A1 S2`, or run together as it is printed, `2BC A1 S2`. The server says what is wrong with a code.
fn grade_said(words: &[String]) -> Result<Grading, Failure> {
    let said = words.concat().to_ascii_uppercase();
    let mut letters = said.chars().map(String::from);
    let mut next = || letters.next().unwrap_or_default();
    let (source, information, handling) = (next(), next(), next());
    let codes: String = letters.collect();
    let (action, sanitisation) = codes.split_at_checked(2).unwrap_or((codes.as_str(), ""));
    if sanitisation.len() > 2 || !said.is_ascii() {
        return Err(Failure::usage("a grade is like `2A P` or `2B C A1 S2`"));
    }
    Ok(Grading {
        item: 0,
        source,
        information,
        handling,
        action_code: action.to_owned(),
        sanitisation_code: sanitisation.to_owned(),
        instructions: String::new(),
        reason: String::new(),
    })
}

fn part_named(name: &str) -> Result<Part, Failure> {
    Part::from_code(&name.to_ascii_uppercase())
        .filter(|part| *part != Part::Sender)
        .ok_or_else(|| Failure::usage("a part is one of E, B, C, CARD, CARER, A, O, WITHHELD"))
}

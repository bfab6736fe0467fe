//! What a delivery becomes by what somebody does with it, in itself.

use homeward::{
    domain::{
        delivery::{Delivery, Lease, Settled, State},
        history::{Step, StepKind},
        identity::Identity,
        prompt::TrackedPrompt,
    },
    store::EventKind,
};
use jiff::{SignedDuration, Timestamp};

use crate::{
    calls::{Call, Use},
    model::{deadline, is_offering},
    prompts::shown,
    town::end,
};

/// Steps that a delivery may have.
const MOST_STEPS: usize = 50;
/// Places that are kept free: one more, and one for each escalation.
const KEPT_FREE: usize = 4;
/// What is handed over is kept for so long, however near its deadline is.
const KEPT_AT_LEAST: SignedDuration = SignedDuration::from_mins(5);

/// What a delivery becomes that is held, and what its sender is told.
pub fn becomes(
    mut after: Delivery,
    call: &Call,
    (how, begun): (&Use, bool),
    now: Timestamp,
) -> Result<(Delivery, Option<EventKind>), &'static str> {
    let who = call.who.identity.as_str();
    let settled = |outcome: &str, reason: Option<String>, note: bool| Settled {
        reason,
        note: vec![0; usize::from(note)],
        ..ended(now, who, outcome)
    };
    let event = match how {
        Use::Extend(lease) => {
            after.lease.iter_mut().for_each(|own| own.expires = (now + *lease).min(end()));
            return Ok((after, None));
        }
        Use::Release(delay) => {
            after.state = State::Waiting;
            after.not_before = (*delay > SignedDuration::ZERO).then(|| now + *delay);
            None
        }
        Use::Complete { outcome, reason, note } => {
            (after.state, after.transfer) = (State::Completed, None);
            after.settled = Some(settled(outcome, reason.clone(), *note));
            Some(EventKind::Completed)
        }
        Use::Acknowledge => {
            after.state = State::Completed;
            after.settled = Some(settled("acknowledged", None, false));
            Some(EventKind::Acknowledged)
        }
        Use::Resolve { to } => {
            after.state = State::Resolved;
            after.settled = Some(settled(to.as_str(), None, true));
            Some(EventKind::Resolved)
        }
        Use::Reject(reason) => {
            add(&mut after, step(call, StepKind::Rejected, reason.code().to_owned(), now))?;
            (after.state, after.not_before, after.transfer) = (State::DeadLetter, None, None);
            Some(EventKind::Rejected)
        }
        Use::HandOver { to, keep } => return Ok((handed_over(after, call, (to, *keep, begun), now)?, None)),
        Use::Offer { to } => return told(after, step(call, StepKind::TransferOffered, to.as_str().to_owned(), now)),
        Use::Accept => {
            let from = after.offered.as_ref().unwrap().queue.as_str().to_owned();
            add(&mut after, step(call, StepKind::TransferAccepted, from, now))?;
            after.offered.iter_mut().for_each(|offer| offer.accepted = Some(now));
            return Ok((after, None));
        }
        Use::Refuse => {
            after.state = State::Declined;
            after.settled = Some(settled("TRANSFER_REFUSED", None, false));
            None
        }
        Use::Ask => return told(after, step(call, StepKind::Asked, String::new(), now)),
    };
    after.lease = None;
    Ok((after, event))
}

/// An offer or a question, of which its sender is told.
fn told(mut after: Delivery, step: Step) -> Result<(Delivery, Option<EventKind>), &'static str> {
    let event = if step.kind == StepKind::Asked { EventKind::Asked } else { EventKind::Offered };
    add(&mut after, step)?;
    Ok((after, Some(event)))
}

/// What somebody has begun with waits for the colleague; anything else is anybody's again.
fn handed_over(
    mut after: Delivery,
    call: &Call,
    (to, keep, begun): (&Identity, SignedDuration, bool),
    now: Timestamp,
) -> Result<Delivery, &'static str> {
    let code = if begun { to.as_str() } else { "" };
    let by_the_deadline = deadline(&after).map_or(end(), |due| due.max(now + KEPT_AT_LEAST));
    add(&mut after, step(call, StepKind::HandedOver, code.to_owned(), now))?;
    after.state = if begun { State::Leased } else { State::Waiting };
    after.not_before = None;
    after.lease = begun.then(|| Lease {
        token: String::new(),
        holder: to.as_str().to_owned(),
        session: String::new(),
        expires: (now + keep).min(by_the_deadline).min(end()),
        since: now,
        handed_over: true,
    });
    Ok(after)
}

/// A delivery as it is when it is made.
pub fn untouched(delivery: &Delivery, prompts: &[TrackedPrompt]) -> Delivery {
    Delivery {
        id: delivery.id,
        header: delivery.header.clone(),
        state: State::Waiting,
        lease: None,
        acquired: 0,
        failed: 0,
        not_before: None,
        escalate_from: None,
        delivered: None,
        opened: None,
        settled: None,
        transfer: None,
        offered: None,
        from_hold: None,
        confirmed: Vec::new(),
        prompts: shown(prompts, delivery),
        history: Vec::new(),
    }
}

pub fn step(call: &Call, kind: StepKind, code: String, now: Timestamp) -> Step {
    let (id, by) = (call.request.id, call.who.identity.as_str().to_owned());
    // All steps of these have a note.
    Step { id, kind, at: now, by, code, note: vec![0], given: Vec::new(), failed: 0 }
}

/// Adds a step, if there is room beside what is kept for the broker's own, for answers, and for what comes of an offer. Marks of
/// corrections take nobody's place.
pub fn add(delivery: &mut Delivery, step: Step) -> Result<(), &'static str> {
    let open = delivery.questions().filter(|(_, answer)| answer.is_none()).count();
    let kept = match step.kind {
        StepKind::Asked => open + 1,
        StepKind::Answered => open - 1,
        _ => open,
    };
    let kept = kept + usize::from(is_offering(delivery) || step.kind == StepKind::TransferOffered);
    let marks = delivery.history.iter().filter(|step| is_mark(step)).count();
    let replays = delivery.history.iter().filter(|step| step.kind == StepKind::Replayed).count();
    let is_free = step.kind == StepKind::Replayed && replays < 100;
    if !is_free && delivery.history.len() - marks + KEPT_FREE + kept >= MOST_STEPS {
        return Err("WRONG_STATE");
    }
    delivery.history.push(Step { failed: delivery.failed, ..step });
    Ok(())
}

/// How something ended.
pub fn ended(at: Timestamp, by: &str, outcome: &str) -> Settled {
    let (by, outcome) = (by.to_owned(), outcome.to_owned());
    Settled { at, by, outcome, reason: None, release_detail: false, note: Vec::new() }
}

/// It says that the referral was corrected or recalled.
pub fn is_mark(step: &Step) -> bool {
    matches!(step.kind, StepKind::Corrected | StepKind::Recalled)
}

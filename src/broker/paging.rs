//! Paging: what must reach a person at once does, by whatever hooks were configured, until somebody was reached or nobody need be
//! any longer. It runs beside everything else and holds nothing up.

use std::{collections::HashMap, sync::Arc};

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use tokio::{
    sync::watch,
    task::{Id, JoinSet},
};

use super::{Broker, Error};
use crate::{
    domain::{
        code::Class,
        contacts::Cover,
        history::Escalation,
        paging::{PageId, wait_after},
        queue::QueueId,
    },
    ledger::{Entry, Verb},
    store::{DuePage, Noted, Outbox, Round},
};

/// Pages on their way at the same time, and of one queue: where one unit cannot be reached, or very much comes in for it, the others
/// are paged all the same.
const MOST_AT_ONCE: usize = 64;
const MOST_OF_A_QUEUE: usize = 4;
/// It looks again at least this often.
const LOOK_AGAIN: SignedDuration = SignedDuration::from_secs(30);
/// What is on its way when the broker stops has this long to arrive; it goes out again after the next start if it has not.
const GRACE: std::time::Duration = std::time::Duration::from_secs(3);

/// The alarm while attempts fail.
const NOT_DELIVERED: &str = "PAGE_NOT_DELIVERED";
/// The alarm while pages wait that no hook takes.
const NOT_CONFIGURED: &str = "PAGING_NOT_CONFIGURED";
/// The alarm while what is late is paged to the late unit itself, before whom it was escalated to.
const NOT_ESCALATED: &str = "PAGE_NOT_ESCALATED";
/// The alarm of one hook, before its name.
const HOOK_FAILED: &str = "PAGE_HOOK_FAILED";

/// What a hook is told: that something waits, where and how urgent; never what, and nobody's name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PageMessage {
    /// Names the page: the same at each attempt.
    pub page: PageId,
    /// The class as it now stands.
    pub class: Class,
    /// The queue where it waits.
    pub queue: QueueId,
    /// The queue whose unit is to be reached: that one's own, or who stands in for it at this hour.
    pub unit: QueueId,
    /// The rule or class that pages.
    pub why: String,
    /// Whom it was escalated to, where it was.
    pub escalated_to: Option<Escalation>,
    /// Who that is in the directory of contacts: the unit's queue, or the id of a post above it.
    pub contact: String,
    /// The authority whose child it is about, GSS: by it a hook is chosen, and no hook is told it.
    pub authority: String,
    /// Since when it is to be paged.
    pub since: Timestamp,
    /// When this attempt is made.
    pub at: Timestamp,
    /// Which attempt it is, from 1.
    pub attempt: u32,
}

/// Why a hook did not deliver, in closed words of our own: never what the other side said.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct HookFailed(pub String);

/// A way out of the house for pages.
#[async_trait]
pub trait Hook: Send + Sync {
    /// What it is called in the configuration, in logs and in the ledger.
    fn name(&self) -> &str;

    /// Whether it reaches whom this page is for: the unit, or whom it was escalated to.
    fn reaches(&self, message: &PageMessage) -> bool;

    /// Whether it is used only where others have failed.
    fn is_fallback(&self) -> bool;

    /// Delivers a page. Returns in bounded time.
    async fn deliver(&self, message: &PageMessage) -> Result<(), HookFailed>;
}

/// Pages whoever is to be paged.
pub struct Pager {
    broker: Arc<Broker>,
    hooks: Vec<Arc<dyn Hook>>,
    /// Attempts that fail before those who stand by are used too.
    fallback_after: u32,
}

impl Pager {
    /// A pager with these hooks.
    pub fn new(broker: Arc<Broker>, hooks: Vec<Arc<dyn Hook>>, fallback_after: u32) -> Arc<Self> {
        Arc::new(Self { broker, hooks, fallback_after })
    }

    /// Pages until `stop` says so.
    pub async fn keep(self: Arc<Self>, mut stop: watch::Receiver<bool>) {
        let mut outbox = self.broker.store.outbox();
        let mut flying = Flying::default();
        while !*stop.borrow() {
            let held = *outbox.borrow_and_update();
            self.sound(held);
            let next = self.send_due(&mut flying, held).await;
            tokio::select! {
                Some(landed) = flying.tasks.join_next_with_id(), if !flying.tasks.is_empty() => flying.landed(landed),
                changed = outbox.changed() => if changed.is_err() { break },
                () = self.broker.clock.sleep_until(next) => {}
                _ = stop.wait_for(|stop| *stop) => {}
            }
        }
        let _ = tokio::time::timeout(GRACE, async { while flying.tasks.join_next().await.is_some() {} }).await;
    }

    /// Sends off what is due and not on its way; says when to look again at the latest.
    async fn send_due(self: &Arc<Self>, flying: &mut Flying, held: Outbox) -> Timestamp {
        let now = self.broker.clock.now();
        let later = now.checked_add(LOOK_AGAIN).unwrap_or(Timestamp::MAX);
        let limit = MOST_AT_ONCE.saturating_sub(flying.pages.len());
        if self.hooks.is_empty() || limit == 0 || held.next.is_none_or(|next| next > now) {
            // What is on its way is noted by its own task, which changes the outbox.
            return held.next.filter(|next| *next > now).map_or(later, |next| next.min(later));
        }
        let on_its_way = flying.pages.values().copied().collect();
        let round = Round { on_its_way, of_a_queue: MOST_OF_A_QUEUE, limit };
        let due = match self.broker.store.pages(now, round).await {
            Ok(due) => due,
            Err(error) => {
                tracing::error!(%error, "the pages that are due could not be read");
                return later;
            }
        };
        for page in due {
            let (id, pager) = (page.id, Arc::clone(self));
            let task = flying.tasks.spawn(async move { pager.page(page).await });
            flying.pages.insert(task.id(), id);
        }
        later
    }

    /// One attempt, with what comes of it.
    async fn page(&self, page: DuePage) {
        if let Err(error) = self.attempt(&page).await {
            tracing::error!(page = %page.id, %error, "an attempt to page could not be made, or not be noted");
            // It is on its way for as long as this takes: not again at once.
            let later = self.broker.clock.now().checked_add(wait_after(page.attempts)).unwrap_or(Timestamp::MAX);
            self.broker.clock.sleep_until(later).await;
        }
    }

    async fn attempt(&self, page: &DuePage) -> Result<(), Error> {
        let at = self.broker.clock.now();
        let OnDuty { unit, authority, escalated_to, contact } = self.broker.on_duty(page, at).await?;
        let (attempt, why) = (page.attempts.saturating_add(1), page.why.clone());
        let (class, queue, since) = (page.class, page.queue.clone(), page.since);
        let message = PageMessage {
            page: page.id,
            class,
            queue,
            unit,
            why,
            escalated_to,
            contact,
            authority,
            since,
            at,
            attempt,
        };
        let message = Arc::new(message);
        let (hooks, fell_back) = self.hooks_for(&message);
        if hooks.is_empty() {
            let words = format!("no [[paging.hooks]] reaches the unit of {}: pages wait", message.unit);
            self.broker.alarms.raise(NOT_CONFIGURED, &words, at);
        }
        let reached = self.through(hooks, &message).await;
        let again = reached.is_none().then(|| at.checked_add(wait_after(page.attempts)).unwrap_or(Timestamp::MAX));
        let action = match &reached {
            Some(_) => Some("PAGED"),
            None if fell_back && page.attempts == self.fallback_after => Some("PAGE_FALLBACK_FAILED"),
            None if page.attempts == 0 => Some("PAGE_FAILED"),
            None => None,
        };
        let entry = action.map(|action| entry(action, &message, reached.as_deref()));
        // Whichever replica was first, the page went out: what the other did is not told twice.
        if self.broker.store.note_page(Noted { page: page.id, before: page.attempts, again, entry }).await? {
            match &reached {
                Some(hook) => tracing::info!(page = %page.id, unit = %message.unit, hook, attempt, "paged"),
                None => tracing::warn!(page = %page.id, unit = %message.unit, attempt, "nobody could be paged"),
            }
        }
        Ok(())
    }

    /// The hooks of an attempt: all that reach whom it is for; those that stand by once the others have failed often enough, or where
    /// there is no other. And whether those are among them.
    fn hooks_for(&self, message: &PageMessage) -> (Vec<Arc<dyn Hook>>, bool) {
        let reaching = |message: &PageMessage| {
            self.hooks
                .iter()
                .filter(|hook| hook.reaches(message))
                .cloned()
                .partition::<Vec<_>, _>(|hook| hook.is_fallback())
        };
        let (mut standing_by, mut hooks) = reaching(message);
        if let Some(to) = message.escalated_to {
            // Who stands by does so for whoever it is; the late unit is rung again where there is nobody above it to ring.
            let (also_by, of_the_unit) = reaching(&PageMessage { escalated_to: None, ..message.clone() });
            standing_by.extend(also_by);
            if hooks.is_empty() {
                let words = format!(
                    "no [[paging.hooks]] with escalations = [\"{to}\"] reaches {}: its own unit is paged",
                    message.unit
                );
                self.broker.alarms.raise(&format!("{NOT_ESCALATED} {to}"), &words, message.at);
                hooks = of_the_unit;
            }
        }
        let fall_back = !standing_by.is_empty() && (hooks.is_empty() || message.attempt > self.fallback_after);
        if fall_back {
            hooks.extend(standing_by);
        }
        (hooks, fall_back)
    }

    /// Tries all of them at the same time; answers with the first, in the order of the configuration, that delivered.
    async fn through(&self, hooks: Vec<Arc<dyn Hook>>, message: &Arc<PageMessage>) -> Option<String> {
        let mut trying = JoinSet::new();
        for (place, hook) in hooks.into_iter().enumerate() {
            let message = Arc::clone(message);
            trying.spawn(async move { (place, hook.name().to_owned(), hook.deliver(&message).await) });
        }
        let mut reached = Vec::new();
        while let Some(tried) = trying.join_next().await {
            let Ok((place, name, outcome)) = tried else { continue };
            let alarm = format!("{HOOK_FAILED} {name}");
            match outcome {
                Ok(()) => {
                    self.broker.alarms.clear(&alarm);
                    reached.push((place, name));
                }
                Err(failed) => self.broker.alarms.raise(&alarm, &failed.0, message.at),
            }
        }
        reached.into_iter().min().map(|(_, name)| name)
    }

    /// The alarms of the outbox as a whole.
    fn sound(&self, held: Outbox) {
        let (alarms, now) = (&self.broker.alarms, self.broker.clock.now());
        match held.oldest_failing {
            Some(since) => {
                let words = format!("{} reached nobody so far, the oldest since {since}", about(held.failing));
                alarms.raise(NOT_DELIVERED, &words, now);
            }
            None => alarms.clear(NOT_DELIVERED),
        }
        match held.oldest.filter(|_| self.hooks.is_empty()) {
            Some(since) => {
                let words = format!("pages wait since {since}, and no [[paging.hooks]] is configured: nobody is paged");
                alarms.raise(NOT_CONFIGURED, &words, now);
            }
            None if held.failing == 0 => alarms.clear(NOT_CONFIGURED),
            None => {}
        }
    }
}

/// Attempts on their way.
#[derive(Default)]
struct Flying {
    tasks: JoinSet<()>,
    pages: HashMap<Id, PageId>,
}

impl Flying {
    fn landed(&mut self, landed: Result<(Id, ()), tokio::task::JoinError>) {
        let id = landed.map_or_else(|error| error.id(), |(id, ())| id);
        self.pages.remove(&id);
    }
}

/// Who is to be reached by a page.
struct OnDuty {
    /// The queue whose unit it is.
    unit: QueueId,
    /// The authority of the record.
    authority: String,
    /// Whom above it.
    escalated_to: Option<Escalation>,
    /// Who that is in the directory of contacts.
    contact: String,
}

impl Broker {
    /// What the outbox of pages holds.
    pub fn outbox(&self) -> Outbox {
        *self.store.outbox().borrow()
    }

    /// Who is to be reached now: never the unit of people whom the record accuses (D08). Where it accuses anybody, the council's manager
    /// is not told either, who may be the one: the duty officer of the BCU is rung again instead.
    async fn on_duty(&self, page: &DuePage, now: Timestamp) -> Result<OnDuty, Error> {
        let stored = self.store.find(page.id.delivery.record).await?.ok_or(Error::NotFound)?;
        let never = self.excluded_queues(&stored.record);
        let rulebook = self.rulebook();
        let policy = &rulebook.policy;
        let covered = |queue: &QueueId, cover| match cover {
            Cover::Always => true,
            Cover::Office => policy.calendar.office_open(queue.suffix(), now),
        };
        let day = self.london_day(now);
        let unit = policy.contacts.on_duty(&page.queue, day, covered, &never);
        let escalated_to = page.escalated_to.map(|to| match to {
            Escalation::CouncilManager if !stored.record.excluded.is_empty() => Escalation::BcuDuty,
            to => to,
        });
        let authority = stored.record.on_behalf_of;
        let late = (&page.queue, authority.as_str());
        let post = escalated_to.and_then(|to| policy.contacts.above(&policy.directory, to, late, day));
        let contact = post.map_or_else(|| unit.to_string(), |post| post.id.clone());
        Ok(OnDuty { unit, authority, escalated_to, contact })
    }
}

/// So many pages, in words that do not change with every one.
fn about(count: u64) -> String {
    match count {
        0..10 => format!("{count} page(s)"),
        10..100 => "10 pages or more".to_owned(),
        100..1000 => "100 pages or more".to_owned(),
        _ => "1,000 pages or more".to_owned(),
    }
}

/// The broker's own entry about an attempt.
fn entry(action: &str, message: &PageMessage, hook: Option<&str>) -> Entry {
    let mut details = vec![
        format!("page={}", message.page.number),
        format!("why={}", message.why),
        format!("unit={}", message.unit),
        format!("attempt={}", message.attempt),
    ];
    details.extend(hook.map(|hook| format!("hook={hook}")));
    Entry {
        at: message.at,
        verb: Verb::Administration,
        action: action.into(),
        who: String::new(),
        actor: None,
        record: Some(message.page.delivery.record),
        deliveries: vec![message.page.delivery],
        recipients: Vec::new(),
        details,
        commitment: None,
    }
}

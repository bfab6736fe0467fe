//! R25: what nobody acknowledged, or nobody decided, by its deadline is escalated: to the supervisor of its queue, to the duty
//! officer of the BCU, to the manager that the council named. Each time its class rises by one (D15), and both sides see it.

use jiff::Timestamp;
use uuid::Uuid;

use super::{Broker, Error, Rulebook};
use crate::{
    domain::{
        delivery::Delivery,
        history::{Escalation, Step, StepKind},
    },
    ledger::{Entry, Verb},
    platform::meters::METERS,
    store::Raise,
};

/// Escalated in one transaction, at most: what else waits gets its turn in between.
const AT_ONCE: usize = 256;

impl Broker {
    /// Escalates everything that is late at `now`. Returns how many deliveries were.
    pub(super) async fn escalate_late(&self, now: Timestamp) -> Result<u64, Error> {
        let mut escalated = 0;
        loop {
            let late = self.store.late(now, AT_ONCE).await?;
            let rulebook = self.rulebook();
            let (offered, own): (Vec<_>, Vec<_>) = late.iter().partition(|each| each.is_offered());
            let raises: Vec<Raise> = own.into_iter().filter_map(|each| raise(each, now, &rulebook)).collect();
            let lapses = self.lapses(&offered, now).await?;
            if raises.is_empty() && lapses.is_empty() {
                return Ok(escalated);
            }
            if !lapses.is_empty() {
                escalated += self.store.lapse(lapses).await?;
            }
            for raise in &raises {
                tracing::warn!(delivery = %raise.delivery, to = %raise.step.code, "late: escalated (R25)");
            }
            let raised = self.store.escalate(raises).await?;
            METERS.missed.inc_by(raised);
            escalated += raised;
            if late.len() < AT_ONCE {
                return Ok(escalated);
            }
        }
    }
}

/// How one delivery is escalated: to whom, and when to the next. They have as long as there is to acknowledge in its new class.
pub(super) fn raise(delivery: &Delivery, now: Timestamp, rulebook: &Rulebook) -> Option<Raise> {
    let to = delivery.next_escalation()?;
    let class = delivery.class().raised();
    let (again_from, _) = rulebook.policy.due(&delivery.header.queue, class, now);
    let before = delivery.escalations().count();
    let last = before + 1 == Escalation::ALL.len();
    let step = Step {
        id: Uuid::nil(),
        kind: StepKind::Escalated,
        at: now,
        by: String::new(),
        code: to.code().to_owned(),
        note: Vec::new(),
        given: Vec::new(),
        failed: delivery.failed,
    };
    let entry = Entry {
        at: now,
        verb: Verb::Administration,
        action: "ESCALATE".into(),
        who: String::new(),
        actor: None,
        record: Some(delivery.id.record),
        deliveries: vec![delivery.id],
        recipients: Vec::new(),
        details: vec!["rule=R25".into(), format!("to={to}"), format!("class={class}")],
        commitment: None,
    };
    Some(Raise { delivery: delivery.id, before, step, again_from: again_from.filter(|_| !last), entry })
}

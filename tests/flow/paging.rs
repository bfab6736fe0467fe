//! Paging: whoever is to be told is, by programs of this machine, through failures, without a word of what it is about.

use std::{collections::BTreeSet, fs, os::unix::fs::PermissionsExt, path::PathBuf, sync::Arc, time::Duration};

use homeward::{
    broker::{Hook, Pager},
    domain::history::Escalation,
    paging::{Command, Common},
    store::{Outbox, Round},
    wire::pb::Part,
};
use jiff::SignedDuration;
use serde_json::Value;
use tokio::{sync::watch, task::JoinHandle};

use crate::{
    accused::about,
    accused_since::correct,
    house::{House, LEWISHAM, MPU, PROVIDER, narrative},
    person::submission,
};

/// A hook that runs a shell script, for units whose queues begin so.
fn hook(house: &House, name: &str, script: &str, queues: &[&str]) -> Command {
    let program = house.folder(&format!("{name}.sh"));
    fs::write(&program, format!("#!/bin/sh\n{script}\n")).unwrap();
    fs::set_permissions(&program, fs::Permissions::from_mode(0o700)).unwrap();
    let queues = queues.iter().map(|each| (*each).to_owned()).collect();
    let (escalations, councils) = (Vec::new(), Vec::new());
    let timeout = Duration::from_secs(50);
    let common = Common { name: name.into(), queues, escalations, councils, fallback: false, timeout };
    Command { common, program, arguments: Vec::new() }
}

/// A script that keeps every page in a file, with what names it.
fn keeping(house: &House, file: &str) -> String {
    format!("sed \"s/^{{/{{\\\"page\\\":\\\"$HOMEWARD_PAGE\\\",/\" >> {}", house.folder(file).display())
}

fn told(file: PathBuf) -> Vec<Value> {
    let text = fs::read_to_string(file).unwrap_or_default();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// Whatever is due.
fn everything() -> Round {
    Round { on_its_way: Vec::new(), of_a_queue: 100, limit: 100 }
}

/// A pager at work.
struct Paging {
    stop: watch::Sender<bool>,
    task: JoinHandle<()>,
}

impl Paging {
    fn begin(house: &House, hooks: Vec<Command>) -> Self {
        let hooks = hooks.into_iter().map(|hook| Arc::new(hook) as Arc<dyn Hook>).collect();
        let stop = watch::Sender::new(false);
        let task = tokio::spawn(Pager::new(house.lives(), hooks, 2).keep(stop.subscribe()));
        Self { stop, task }
    }

    async fn end(self) {
        self.stop.send_replace(true);
        self.task.await.unwrap();
    }
}

/// Waits until the outbox is as it should be.
async fn until(house: &House, is: impl FnMut(&Outbox) -> bool) -> Outbox {
    let mut outbox = house.store().outbox();
    let reached = tokio::time::timeout(Duration::from_secs(60), outbox.wait_for(is)).await;
    *reached.expect("within a minute").unwrap()
}

/// Waits until this alarm is on, or is not.
async fn alarm(house: &House, name: &str, on: bool) {
    for _ in 0..6_000 {
        if house.lives().alarms().names().iter().any(|each| each == name) == on {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("{name} is not {on} within a minute: {:?}", house.lives().alarms().names());
}

async fn actions(house: &House) -> Vec<(String, Vec<String>)> {
    let entries = house.ledger().await.into_iter().filter(|entry| entry.action.starts_with("PAGE"));
    entries.map(|entry| (entry.action, entry.details)).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_is_on_duty_is_paged_once_and_of_the_content_nothing_is_told() {
    let house = House::open().await;
    let paging = Paging::begin(&house, vec![hook(&house, "duty", &keeping(&house, "pages"), &[])]);
    let receipt = house.person(PROVIDER).await.submit(submission(&narrative(5))).await.unwrap();
    until(&house, |outbox| outbox.waiting == 0).await;
    paging.end().await;
    let pages = told(house.folder("pages"));
    let own = |page: &&Value| page["delivery"].as_str().unwrap().starts_with(&receipt.referral_id);
    let word = |page: &Value, field: &str| page[field].as_str().unwrap().to_owned();
    let mut reached: Vec<_> =
        pages.iter().filter(own).map(|page| (word(page, "queue"), word(page, "contact"))).collect();
    reached.sort_unstable();
    // On a Saturday nobody is at the front door.
    let units = [
        ("EDT.E09000022", "EDT.E09000022"),
        ("MASH.E09000022", "EDT.E09000022"),
        ("MPU.AS", "MPU.AS"),
        ("REFDESK.AS", "REFDESK.AS"),
    ];
    assert_eq!(reached, units.map(|(queue, unit)| (queue.to_owned(), unit.to_owned())));
    let known = ["class", "contact", "delivery", "page", "queue", "to"];
    for page in &pages {
        assert_eq!(page.as_object().unwrap().keys().collect::<Vec<_>>(), known);
        // The sisters' records go with it, at a class of their own.
        let class = if own(&page) { "P0" } else { "P1" };
        assert!(page["to"] == "unit" && page["class"] == class, "{page}");
        assert_eq!(page["page"], format!("{}.0", word(page, "delivery")));
    }
    let once: BTreeSet<_> = pages.iter().map(|page| word(page, "page")).collect();
    assert_eq!(once.len(), pages.len(), "each once");
    let text = fs::read_to_string(house.folder("pages")).unwrap().to_lowercase();
    for name in ["kieran", "adebayo", "lambeth", "southwark", "vauxmill", "stretch", "thistlewood", "missing"] {
        assert!(!text.contains(name), "{name} in {text}");
    }
    let entries = actions(&house).await;
    assert!(entries.len() == pages.len() && entries.iter().all(|(action, _)| action == "PAGED"), "{entries:?}");
    assert!(
        entries.iter().any(|(_, details)| details.contains(&"unit=EDT.E09000022".to_owned())
            && details.contains(&"hook=duty".to_owned()))
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hook_that_fails_is_tried_ever_later_then_another_is_used_too_and_alarms_say_so() {
    let house = House::open().await;
    let mut standby = hook(&house, "standby", &keeping(&house, "pages"), &[]);
    standby.common.fallback = true;
    let paging = Paging::begin(&house, vec![hook(&house, "duty", "exit 3", &[]), standby]);
    house.person(LEWISHAM).await.submit(submission(&narrative(1))).await.unwrap();
    let waiting = house.store().outbox().borrow().waiting;
    assert_eq!(waiting, 1, "what is on HOLD");
    // Each attempt fails, and the next waits twice as long as the one before.
    for wait in [5, 10] {
        let now = house.lives().now();
        let next = now + SignedDuration::from_secs(wait);
        until(&house, |outbox| outbox.next == Some(next)).await;
        assert!(told(house.folder("pages")).is_empty(), "not yet");
        alarm(&house, "PAGE_NOT_DELIVERED", true).await;
        alarm(&house, "PAGE_HOOK_FAILED duty", true).await;
        house.later(SignedDuration::from_secs(wait));
    }
    until(&house, |outbox| outbox.waiting == 0).await;
    let pages = told(house.folder("pages"));
    assert!(pages.len() == 1 && pages[0]["contact"] == "HOLD.human" && pages[0]["to"] == "unit", "{pages:?}");
    alarm(&house, "PAGE_NOT_DELIVERED", false).await;
    alarm(&house, "PAGE_HOOK_FAILED duty", true).await;
    paging.end().await;
    let entries = actions(&house).await;
    let told: Vec<_> =
        entries.iter().map(|(action, details)| (action.as_str(), details.last().unwrap().as_str())).collect();
    assert_eq!(told, [("PAGE_FAILED", "attempt=1"), ("PAGED", "hook=standby")], "the second failure is no news");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_hangs_holds_nothing_else_up_and_is_gone_when_the_house_closes() {
    let house = House::open().await;
    let number = house.folder("number");
    let hanging = hook(&house, "hanging", &format!("echo $$ > {}; sleep 600", number.display()), &["MPU."]);
    let paging =
        Paging::begin(&house, vec![hanging, hook(&house, "duty", &keeping(&house, "pages"), &["EDT.", "REFDESK."])]);
    house.person(PROVIDER).await.submit(submission(&narrative(5))).await.unwrap();
    until(&house, |outbox| outbox.waiting == 1).await;
    while !fs::read_to_string(&number).is_ok_and(|text| text.ends_with('\n')) {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    paging.end().await;
    let process = PathBuf::from(format!("/proc/{}", fs::read_to_string(&number).unwrap().trim()));
    for _ in 0..6_000 {
        // Killed, and waited for by the runtime a moment later.
        let state = fs::read_to_string(process.join("stat")).unwrap_or_default();
        if state.is_empty() || state.contains(") Z") {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("the program runs on");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_is_paged_any_longer_once_somebody_has_opened_it() {
    let mut house = House::open().await;
    let (mut council, mut officer) = (house.person(LEWISHAM).await, house.person(MPU).await);
    council.submit(submission(&narrative(1))).await.unwrap();
    // Late to acknowledge: every queue is paged, and nobody can be reached.
    house.later(SignedDuration::from_mins(61));
    house.caretake().await;
    let paging = Paging::begin(&house, vec![hook(&house, "duty", "exit 1", &[])]);
    let before = until(&house, |outbox| outbox.waiting == outbox.failing && outbox.waiting > 1).await.waiting;
    alarm(&house, "PAGE_NOT_DELIVERED", true).await;
    let taken = officer.pull("MPU.SE").await.unwrap().remove(0);
    officer.read(&taken, (Part::E, 0), "").await.unwrap();
    let left = until(&house, |outbox| outbox.waiting < before).await;
    assert_eq!(left.waiting, before - 1, "only that of the officer's delivery");
    house.later(SignedDuration::from_mins(5));
    let due = house.store().pages(house.lives().now(), everything()).await.unwrap();
    assert!(due.iter().all(|page| page.id.delivery.to_string() != taken.header.delivery_id));
    paging.end().await;
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_alarm_says_that_no_hook_is_configured_or_none_reaches_the_unit() {
    let house = House::open().await;
    let paging = Paging::begin(&house, Vec::new());
    house.person(LEWISHAM).await.submit(submission(&narrative(1))).await.unwrap();
    alarm(&house, "PAGING_NOT_CONFIGURED", true).await;
    assert_eq!(house.store().outbox().borrow().failing, 0, "it waits for a hook");
    paging.end().await;
    let paging = Paging::begin(&house, vec![hook(&house, "other", "exit 0", &["MPU."])]);
    until(&house, |outbox| outbox.failing == 1).await;
    alarm(&house, "PAGING_NOT_CONFIGURED", true).await;
    paging.end().await;
    let paging = Paging::begin(&house, vec![hook(&house, "duty", "exit 0", &[])]);
    house.later(SignedDuration::from_secs(5));
    until(&house, |outbox| outbox.waiting == 0).await;
    alarm(&house, "PAGING_NOT_CONFIGURED", false).await;
    paging.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_late_is_paged_to_those_above_and_to_the_late_unit_only_where_there_is_nobody() {
    use Escalation::{BcuDuty, CouncilManager};
    let house = House::open().await;
    house.person(LEWISHAM).await.submit(submission(&narrative(1))).await.unwrap();
    let above = |name: &str, to: Escalation, council: &str| {
        let mut hook = hook(&house, name, &keeping(&house, name), &[]);
        (hook.common.escalations, hook.common.councils) = (vec![to], vec![council.into()]);
        hook
    };
    let hooks = vec![
        hook(&house, "unit", &keeping(&house, "unit"), &[]),
        above("duty", BcuDuty, "E09000023"),
        above("manager", CouncilManager, "E09000023"),
        above("stranger", CouncilManager, "E09000006"),
    ];
    let paging = Paging::begin(&house, hooks);
    until(&house, |outbox| outbox.waiting == 0).await;
    let of = |name: &str| -> BTreeSet<String> {
        let level = |page: &Value| page["to"].as_str().unwrap().to_owned();
        told(house.folder(name)).iter().map(level).collect()
    };
    let levels = |levels: &[&str]| levels.iter().map(|each| (*each).to_owned()).collect::<BTreeSet<_>>();
    assert_eq!(of("unit"), levels(&["unit"]));
    // Nobody is there for a queue's supervisor: the unit itself is rung again, and an alarm says so.
    let mut waiting = 61;
    for _ in 0..3 {
        house.later(SignedDuration::from_mins(waiting));
        house.caretake().await;
        until(&house, |outbox| outbox.waiting == 0).await;
        assert_eq!(of("unit"), levels(&["unit", "queue_supervisor"]));
        waiting = 24 * 60;
    }
    assert_eq!((of("duty"), of("manager")), (levels(&["bcu_duty"]), levels(&["council_manager"])));
    assert!(of("stranger").is_empty(), "another council's");
    // Whom to ring is said by the id of a post, which the directory of contacts has.
    let posts =
        [("unit", "MPU.SE", "supervisor"), ("duty", "MPU.SE", "South East BCU"), ("manager", "MPU.SE", "Lewisham")];
    let contacts = homeward::reference::embedded().unwrap().contacts;
    let labels: Vec<_> = contacts.above.values().flat_map(|own| own.on(jiff::civil::date(2026, 11, 26))).collect();
    for (hook, queue, label) in posts {
        let pages = told(house.folder(hook));
        let page = pages.iter().find(|page| page["queue"] == queue && page["to"] != "unit").unwrap();
        let post = labels.iter().find(|post| post.id == page["contact"].as_str().unwrap()).unwrap();
        assert!(post.label.contains(label), "{page} {}", post.label);
    }
    alarm(&house, "PAGE_NOT_ESCALATED queue_supervisor", true).await;
    paging.end().await;
    let alarms = house.lives().alarms().names();
    assert!(!alarms.iter().any(|name| name.contains("bcu_duty") || name.contains("council_manager")), "{alarms:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_a_record_that_accuses_anybody_no_council_manager_is_paged_and_the_duty_officer_is_again() {
    const MANAGER: &str = "gss/E09000023/council_manager/m1";
    for accuses in [true, false] {
        let house = House::open().await;
        let mut council = house.person(LEWISHAM).await;
        let first = council.submit(submission(&narrative(1))).await.unwrap().referral_id;
        if accuses {
            // As of its correction, what it corrects does too.
            house.person(MPU).await.pull("MPU.SE").await.unwrap();
            correct(&mut council, &first, about(MANAGER, "")).await;
        }
        let above = |name: &str, to: Escalation| {
            let mut hook = hook(&house, name, &keeping(&house, name), &[]);
            hook.common.escalations = vec![to];
            hook
        };
        let hooks = vec![
            hook(&house, "unit", &keeping(&house, "unit"), &[]),
            above("duty", Escalation::BcuDuty),
            above("manager", Escalation::CouncilManager),
        ];
        let paging = Paging::begin(&house, hooks);
        for minutes in [61, 24 * 60, 24 * 60] {
            house.later(SignedDuration::from_mins(minutes));
            house.caretake().await;
            until(&house, |outbox| outbox.waiting == 0).await;
        }
        paging.end().await;
        let third = |name: &str| {
            let is_third = |page: &Value| page["page"].as_str().unwrap().ends_with(".3");
            told(house.folder(name)).into_iter().filter(is_third).count()
        };
        assert_eq!((third("manager") > 0, third("duty") > 0), (!accuses, accuses));
        assert_eq!(told(house.folder("manager")).is_empty(), accuses);
    }
}

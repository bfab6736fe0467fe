//! The steps of a script, each done to the broker and to the model.

use std::{
    collections::{BTreeMap, HashMap},
    fmt,
    panic::resume_unwind,
    sync::{Arc, Once},
    thread,
};

use homeward::{
    broker::{Error, Request},
    domain::{
        delivery::{DeliveryId, State},
        identity::Peer,
        queue::QueueId,
    },
    store::Leases,
    wire::received::sha256,
};
use jiff::SignedDuration;
use uuid::Uuid;

use crate::{
    calls::{Call, What, make},
    check::{self, Ledger, check},
    model::Model,
    pages::page_round,
    place::Place,
    script::{Chance, Kind, Script, Step},
    town::{SATURDAY, Town},
    world::World,
};

/// So often it is compared what can be compared quickly.
const LOOK_EVERY: usize = 250;
/// Tokens that are no good any longer, kept to be tried.
const STALE: usize = 64;

/// What was done, by kind of step: those only that found something to do.
#[derive(Debug, Default)]
pub struct Done {
    pub steps: u64,
    pub submissions: u64,
    pub entries: u64,
    kinds: BTreeMap<Kind, u64>,
}

impl Done {
    pub fn add(&mut self, other: Self) {
        self.steps += other.steps;
        self.submissions += other.submissions;
        self.entries += other.entries;
        other.kinds.into_iter().for_each(|(kind, count)| *self.kinds.entry(kind).or_default() += count);
    }

    pub fn of(&self, kind: Kind) -> u64 {
        // Nobody does that but the test of the test.
        if kind == Kind::Unseen { 1 } else { self.kinds.get(&kind).copied().unwrap_or(0) }
    }
}

impl fmt::Display for Done {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { steps, submissions, entries, kinds } = self;
        write!(f, "{steps} steps, {submissions} submissions, {entries} ledger entries; of each kind:")?;
        kinds.iter().try_for_each(|(kind, count)| write!(f, " {} {count}", kind.word()))
    }
}

/// Runs a script on a new store.
///
/// # Errors
/// What the broker and the model did not agree about, with the seed and the step.
pub fn run(town: &Arc<Town>, script: &Script) -> Result<Done, String> {
    run_over(town, script, None)
}

/// The same `over` a store that is named, in place of the one that the environment asks for.
pub fn run_over(town: &Arc<Town>, script: &Script, over: Option<Place>) -> Result<Done, String> {
    static QUIET: Once = Once::new();
    // What is found is told once and in full by whoever asked; while it is made shorter it happens again and again.
    QUIET.call_once(|| {
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            if thread::current().name() != Some(NAME) {
                before(panic);
            }
        }));
    });
    let at = std::sync::atomic::AtomicUsize::new(0);
    let ran = thread::scope(|scope| {
        let simulation = thread::Builder::new().name(NAME.into());
        let ran = simulation.spawn_scoped(scope, || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                let mut simulation = Simulation::open(town, script.seed, over).await;
                for (number, step) in script.steps.iter().enumerate() {
                    at.store(number, std::sync::atomic::Ordering::Relaxed);
                    simulation.step(number, *step).await;
                }
                simulation.end(script.steps.len()).await
            })
        });
        ran.unwrap().join()
    });
    ran.map_err(|panic| {
        let words = panic.downcast::<String>().map(|words| *words);
        let words = words.or_else(|panic| panic.downcast::<&str>().map(|words| (*words).to_owned()));
        let words = words.unwrap_or_else(|panic| resume_unwind(panic));
        let at = at.into_inner();
        let step = script.steps.get(at).map(|step| format!("{} {}", step.kind.word(), step.pick)).unwrap_or_default();
        format!("seed {}, step {at} ({step}): {words}", script.seed)
    })
}

const NAME: &str = "simulation";

/// Somebody with the token of a lease.
pub struct Lease {
    pub delivery: DeliveryId,
    pub queue: QueueId,
    pub who: Peer,
    pub token: String,
}

/// A broker at work and the model beside it.
pub struct Simulation {
    seed: u64,
    pub world: World,
    pub model: Model,
    pub ledger: Ledger,
    done: Done,
    pub stale: Vec<Lease>,
    /// SHA-256 of what was read of a unit of a record: whoever reads it again reads the same.
    pub read: HashMap<(Uuid, String), [u8; 32]>,
}

impl Simulation {
    async fn open(town: &Arc<Town>, seed: u64, over: Option<Place>) -> Self {
        let world = World::open(town, seed, over).await;
        let (model, ledger) = (Model::default(), Ledger::default());
        Self { seed, world, model, ledger, done: Done::default(), stale: Vec::new(), read: HashMap::new() }
    }

    async fn end(mut self, steps: usize) -> Done {
        self.world.entropy.turn_to(self.seed, steps as u64);
        self.world.close().await;
        self.world.start().await;
        check(&self.world, &mut self.model, &mut self.ledger, true).await;
        self.done.submissions = self.model.referrals.len() as u64;
        self.done.entries = self.world.store().head().await.unwrap().size;
        self.world.gone().await;
        self.world.agrees();
        self.done
    }

    async fn step(&mut self, number: usize, Step { kind, pick }: Step) {
        let mut chance = Chance::new(self.seed ^ u64::from(pick), number as u64);
        self.world.entropy.turn_to(self.seed, number as u64);
        self.world.clock.advance(SignedDuration::from_millis(chance.below(4_000) as i64));
        let did = self.does(kind, &mut chance, number).await;
        self.done.steps += 1;
        *self.done.kinds.entry(kind).or_default() += did;
        if (number + 1).is_multiple_of(LOOK_EVERY) {
            check(&self.world, &mut self.model, &mut self.ledger, false).await;
        }
    }

    /// How many of it were done.
    async fn does(&mut self, kind: Kind, chance: &mut Chance, number: usize) -> u64 {
        match kind {
            Kind::Submit => self.calls(Some(self.submission(chance, number))).await,
            Kind::Twice => self.twice(chance, number).await,
            Kind::Repeat => self.repeats(chance).await,
            Kind::Reuse => self.reuses(chance).await,
            Kind::Pull => self.calls(self.pull(chance)).await,
            Kind::Race => self.race(chance).await,
            Kind::Open => self.opens(chance).await,
            Kind::Answer => self.calls(self.answer(chance)).await,
            Kind::Replay => self.calls(self.replay(chance)).await,
            Kind::Mark => self.calls(self.mark(chance)).await,
            Kind::Correct => self.calls(self.correct(chance, number)).await,
            Kind::Recall => self.calls(self.recall(chance)).await,
            Kind::TakeBack => self.calls(self.take_back(chance)).await,
            Kind::Hold => self.holds(chance).await,
            Kind::Unhold => self.unholds(chance).await,
            Kind::Days => self.days_go_by().await,
            Kind::Complete
            | Kind::Resolve
            | Kind::Extend
            | Kind::Release
            | Kind::Reject
            | Kind::HandOver
            | Kind::Offer
            | Kind::Decide
            | Kind::Acknowledge
            | Kind::Ask => self.calls(self.used(kind, chance)).await,
            Kind::Revoke => self.revokes(chance).await,
            Kind::Caretake => self.caretakes().await,
            Kind::Page => page_round(&self.world, &mut self.model, chance).await,
            Kind::List | Kind::Read | Kind::Prove | Kind::Watch => self.looks(kind, chance).await,
            Kind::Erase => self.erases(chance).await,
            Kind::Later => {
                self.world.clock.advance(SignedDuration::from_secs(600 + chance.below(20_000) as i64));
                1
            }
            Kind::Back => {
                let before = self.world.now() - SignedDuration::from_secs(chance.below(1_200) as i64);
                self.world.clock.set(before.max(SATURDAY.parse().unwrap()));
                1
            }
            Kind::Close => {
                self.world.close().await;
                self.world.start().await;
                check(&self.world, &mut self.model, &mut self.ledger, false).await;
                1
            }
            Kind::Crash => self.crashes(chance, number, false).await,
            Kind::Cut => self.crashes(chance, number, true).await,
            Kind::Unseen => self.takes_unseen(chance).await,
        }
    }

    /// Somebody looks, and nothing changes.
    async fn looks(&mut self, kind: Kind, chance: &mut Chance) -> u64 {
        match kind {
            Kind::List => {
                let queue = self.queue(chance);
                check::list(&self.world, &self.model, &queue, chance).await
            }
            Kind::Watch => {
                let mut followers: Vec<_> = self.model.events.keys().collect();
                followers.sort();
                let Some(follower) = chance.of(&followers) else { return 0 };
                check::told(&self.world, &self.model, follower, 1 + chance.below(40)).await
            }
            _ => {
                let Some((record, _)) = chance.of(&self.model.referrals) else { return 0 };
                match kind {
                    Kind::Read => check::read(&self.world, &self.model, *record).await,
                    _ => check::prove(&self.world, &self.model, *record).await,
                }
                1
            }
        }
    }

    async fn takes_unseen(&mut self, chance: &mut Chance) -> u64 {
        let waiting = self.model.unsettled().find(|one| one.state == State::Waiting);
        let Some(queue) = waiting.map(|one| one.header.queue.clone()) else { return 0 };
        let call = self.pull_of(queue, chance);
        make(&self.world.broker(), &self.world.town, &call).await.unwrap();
        1
    }

    /// Makes a call and holds what comes of it against the model.
    async fn calls(&mut self, call: Option<Call>) -> u64 {
        let Some(call) = call else { return 0 };
        let outcome = make(&self.world.broker(), &self.world.town, &call).await;
        let done = outcome.is_ok();
        self.model.hears(&self.world, &call, outcome).await;
        if let (true, What::Use { delivery, queue, token, .. }) = (done, call.what) {
            let stale = Lease { delivery, queue, who: call.who, token };
            self.stale.truncate(STALE - 1);
            self.stale.insert(0, stale);
        }
        u64::from(done)
    }

    pub fn submission(&self, chance: &mut Chance, number: usize) -> Call {
        let base = chance.below(self.world.town.bases.len());
        let who = self.world.town.bases[base].council.clone();
        let request = whole(chance);
        Call { who, request, what: What::Submit { base, reference: u32::try_from(number).unwrap() + 1 } }
    }

    async fn twice(&mut self, chance: &mut Chance, number: usize) -> u64 {
        let call = self.submission(chance, number);
        let (broker, town) = (self.world.broker(), self.world.town.clone());
        let (one, other) = tokio::join!(make(&broker, &town, &call), make(&broker, &town, &call));
        assert_eq!(one, other, "the same submission twice at once");
        self.model.hears(&self.world, &call, one).await;
        1
    }

    async fn repeats(&mut self, chance: &mut Chance) -> u64 {
        let Some(first) = chance.of(&self.model.answered) else { return 0 };
        let again = make(&self.world.broker(), &self.world.town, &first.call).await;
        assert!(again.as_ref() == Ok(&first.answer), "{:?} again: {again:?}, first {:?}", first.call, first.answer);
        1
    }

    async fn reuses(&mut self, chance: &mut Chance) -> u64 {
        let Some(first) = chance.of(&self.model.answered) else { return 0 };
        let mut other = first.call.clone();
        other.request.digest = [1; 32];
        let said = make(&self.world.broker(), &self.world.town, &other).await;
        assert_eq!(said, Err(Error::RequestIdReused), "{other:?}");
        1
    }

    pub fn queue(&self, chance: &mut Chance) -> QueueId {
        let busy: Vec<_> = self.model.live.iter().filter(|(_, ids)| !ids.is_empty()).map(|(queue, _)| queue).collect();
        match chance.of(&busy) {
            Some(queue) if !chance.once_in(20) => (*queue).clone(),
            _ => chance.of(&self.world.town.queues).unwrap().clone(),
        }
    }

    fn pull(&self, chance: &mut Chance) -> Option<Call> {
        Some(self.pull_of(self.queue(chance), chance))
    }

    pub fn pull_of(&self, queue: QueueId, chance: &mut Chance) -> Call {
        let who = chance.of(self.world.town.officers(&queue)).unwrap().clone();
        let session = *chance.of(&["desk", "car"]).unwrap();
        let lease = SignedDuration::from_secs(60 + chance.below(1_200) as i64);
        let most = 1 + chance.below(4);
        Call { who, request: request(chance), what: What::Pull { queue, session, most, lease } }
    }

    async fn race(&mut self, chance: &mut Chance) -> u64 {
        let queue = self.queue(chance);
        let [one, other] = [self.pull_of(queue.clone(), chance), self.pull_of(queue, chance)];
        let (broker, town) = (self.world.broker(), self.world.town.clone());
        let (first, second) = tokio::join!(make(&broker, &town, &one), make(&broker, &town, &other));
        self.model.hears(&self.world, &one, first).await;
        self.model.hears(&self.world, &other, second).await;
        1
    }

    async fn revokes(&mut self, chance: &mut Chance) -> u64 {
        let leases: Vec<_> = self.model.unsettled().filter_map(|one| one.lease.as_ref()).collect();
        let Some(holder) = chance.of(&leases).map(|lease| lease.holder.clone()) else { return 0 };
        let ended = self.world.store().end_leases(&holder, Leases::All, self.world.now()).await.unwrap();
        assert_eq!(ended, self.model.revokes(&holder));
        ended
    }

    pub async fn caretakes(&mut self) -> u64 {
        let round = self.world.broker().caretake().await.unwrap();
        let expected = self.model.caretakes(&self.world.town, self.world.now());
        assert_eq!((round.expired_leases, round.escalated, round.late_prompts, round.forgotten_answers), expected);
        self.model.forgets(&self.world, round.erased).await;
        round.expired_leases + round.escalated + round.late_prompts + round.forgotten_answers
    }
}

/// A fresh request id, with the digest of what is really sent.
pub fn whole(chance: &mut Chance) -> Request {
    Request { id: chance.uuid(), digest: [0; 32] }
}

/// A fresh request id, with the digest of a body that nobody else sends.
pub fn request(chance: &mut Chance) -> Request {
    let id = chance.uuid();
    Request { id, digest: sha256(id.as_bytes()) }
}

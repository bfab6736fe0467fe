//! StreamPull: a queue as it fills and settlements, on one stream. What is outstanding is bounded; the lease of each delivery
//! is the principal's and the session's, so a stream that ends loses none.

mod outstanding;
mod seats;
mod settlement;

use std::{pin::Pin, sync::Arc, time::Duration};

use jiff::{SignedDuration, Timestamp};
use tokio::{
    sync::{OwnedMutexGuard, mpsc},
    task::JoinSet,
    time::timeout,
};
use tokio_stream::{Stream, wrappers::ReceiverStream};
use tonic::{Status, Streaming};

pub(super) use self::seats::Seats;
use self::{
    outstanding::Outstanding,
    seats::Claim,
    settlement::{Settled, Settlement},
};
use super::{Services, ask::Ask};
use crate::{
    broker::Error,
    domain::{
        delivery::Delivery,
        grants::{Action, QueuePermit},
        identity::Peer,
        queue::QueueId,
        text::is_printable,
    },
    wire::{
        convert::{self, wire_time},
        pb::{self, stream_pull_request::Step, stream_pull_response::Event},
        received::Received,
        session::Session,
        status::Refused,
    },
};

/// Time until the first message.
const START_WITHIN: Duration = Duration::from_secs(30);
/// Messages that wait for a slow reader.
const BUFFER: usize = 32;
/// Settlements of one stream at the same time; no more are read meanwhile.
const SETTLING: usize = 64;
/// After a change it is not looked again sooner than this: a busy broker changes hundreds of times a second.
const LOOK_AFTER: Duration = Duration::from_millis(10);
const USUAL_MESSAGES: u32 = 20;
const MOST_MESSAGES: u32 = 200;
const USUAL_BYTES: u32 = 1 << 20;
const MOST_BYTES: u32 = 16 << 20;
const LONGEST_SESSION: usize = 200;

pub(super) type PullStream = Pin<Box<dyn Stream<Item = Result<pb::StreamPullResponse, Status>> + Send>>;

type Sender = mpsc::Sender<Result<pb::StreamPullResponse, Status>>;

type Incoming = Received<pb::StreamPullRequest>;

/// Whose stream it is.
#[derive(Clone)]
pub(super) struct Caller {
    pub(super) services: Services,
    pub(super) peer: Peer,
    pub(super) session: Arc<Session>,
}

/// Why the stream ends.
enum End {
    /// With this status.
    Told(Status),
    /// Nobody is there any more, or the guard tells why.
    Gone,
}

/// Serves the stream until either side ends it.
pub(super) fn open(caller: Caller, incoming: Streaming<Incoming>) -> PullStream {
    let (sender, receiver) = mpsc::channel(BUFFER);
    tokio::spawn(async move {
        let telling = sender.clone();
        if let Err(End::Told(status)) = serve(caller, incoming, sender).await {
            // The reader may be gone already; then nobody needs the reason.
            let _ = telling.send(Err(status)).await;
        }
    });
    Box::pin(ReceiverStream::new(receiver))
}

async fn serve(caller: Caller, mut incoming: Streaming<Incoming>, sender: Sender) -> Result<(), End> {
    let first = timeout(START_WITHIN, incoming.message()).await.map_err(|_| End::Told(no_start()))?;
    let Some(first) = first.map_err(End::Told)? else { return Err(End::Told(no_start())) };
    let wish = Wish::read(&caller, first).map_err(End::Told)?;
    let Caller { services, peer, session } = &caller;
    let claim = services.seats.claim((peer.identity.clone(), wish.queue.clone(), wish.session.clone()));
    let seat = tokio::select! {
        seat = claim.sit() => seat,
        why = unwanted(&claim, &sender) => return Err(why),
        _ = session.ended() => return Err(End::Gone),
    };
    let outstanding = Outstanding::new(wish.messages, wish.bytes);
    let settling = JoinSet::new();
    let desk = Desk { caller, wish, sender, outstanding, keeps: true, settling, parked: None, _seat: seat, claim };
    desk.run(incoming).await
}

/// Ready when nobody reads any more, or reads on a newer stream.
async fn unwanted(claim: &Claim, sender: &Sender) -> End {
    tokio::select! {
        () = claim.taken_over() => End::Told(Refused::TakenOver.into()),
        () = sender.closed() => End::Gone,
    }
}

fn no_start() -> Status {
    Refused::field("start", "say first what you want: `start` is the first message").into_status()
}

/// What `start` asks for.
struct Wish {
    queue: QueueId,
    session: String,
    messages: usize,
    bytes: usize,
    lease: SignedDuration,
    heartbeat: Duration,
}

impl Wish {
    /// Every fault of it at once, then whether the queue is theirs.
    fn read(caller: &Caller, first: Incoming) -> Result<Self, Status> {
        let Caller { services, peer, .. } = caller;
        let refuse = |error| services.refuse(peer, Action::StreamPull, error);
        if !first.sound {
            refuse(Error::Invalid(crate::domain::violation::Violations::default()));
            return Err(Refused::Malformed.into());
        }
        let Some(Step::Start(start)) = first.message.step else { return Err(no_start()) };
        let mut ask = Ask::default();
        let length = start.session.chars().count();
        if !(1..=LONGEST_SESSION).contains(&length) || !is_printable(&start.session) {
            ask.wrong("start.session", "name your session: 1 to 200 printable characters, the same after a break");
        }
        if start.max_outstanding_messages > MOST_MESSAGES {
            ask.wrong("start.max_outstanding_messages", "at most 200");
        }
        if start.max_outstanding_bytes > MOST_BYTES {
            ask.wrong("start.max_outstanding_bytes", "at most 16 MiB");
        }
        let (lease, heartbeat) =
            (ask.lease_in("start.lease_duration", start.lease_duration), ask.heartbeat(start.heartbeat_interval));
        let queue = QueueId::parse(&start.queue);
        if queue.is_none() {
            ask.wrong("start.queue", "name a queue, such as MPU.SE");
        }
        let queue = ask.done(queue).map_err(refuse)?.ok_or_else(no_start)?;
        let or = |asked: u32, usual: u32| if asked == 0 { usual as usize } else { asked as usize };
        let wish = Self {
            queue,
            session: start.session,
            messages: or(start.max_outstanding_messages, USUAL_MESSAGES),
            bytes: or(start.max_outstanding_bytes, USUAL_BYTES),
            lease,
            heartbeat: heartbeat.unsigned_abs(),
        };
        wish.permit(caller).map_err(refuse)?;
        Ok(wish)
    }

    /// Asked again before each pull: grants change.
    fn permit(&self, caller: &Caller) -> Result<QueuePermit, Error> {
        let broker = &caller.services.broker;
        Ok(broker.grants().may_serve(&caller.peer, Action::StreamPull, &self.queue, broker.now())?)
    }
}

/// An open stream.
struct Desk {
    caller: Caller,
    wish: Wish,
    sender: Sender,
    outstanding: Outstanding,
    /// Whether the session may have something under a live lease that was not sent on this stream yet.
    keeps: bool,
    settling: JoinSet<Settled>,
    /// A settlement that waits until another of the same delivery is done.
    parked: Option<Settlement>,
    _seat: OwnedMutexGuard<()>,
    claim: Claim,
}

impl Desk {
    async fn run(mut self, mut incoming: Streaming<Incoming>) -> Result<(), End> {
        let broker = Arc::clone(&self.caller.services.broker);
        let session = Arc::clone(&self.caller.session);
        let sender = self.sender.clone();
        let mut changes = broker.changes();
        let mut beat = tokio::time::interval(self.wish.heartbeat);
        let mut receiving = true;
        while receiving || !self.settling.is_empty() || self.parked.is_some() {
            changes.mark_unchanged();
            let next = if receiving { self.fill().await? } else { None };
            let until = self.permit()?.until();
            let changed = async {
                let changed = changes.changed().await;
                tokio::time::sleep(LOOK_AFTER).await;
                changed
            };
            let ready = async {
                match next {
                    Some(moment) => broker.wait_until(moment).await,
                    None => std::future::pending().await,
                }
            };
            let reads = receiving && self.parked.is_none() && self.settling.len() < SETTLING;
            tokio::select! {
                step = incoming.message(), if reads => match step {
                    Ok(Some(step)) => self.step(step),
                    Ok(None) => receiving = false,
                    Err(status) => return Err(End::Told(status)),
                },
                Some(Ok(done)) = self.settling.join_next() => self.done(done).await?,
                changed = changed, if self.outstanding.room() > 0 => changed.map_err(|_| End::Gone)?,
                () = ready => {}
                _ = beat.tick() => self.beat().await?,
                _ = session.ended() => return Err(End::Gone),
                () = broker.wait_until(until) => {
                    return Err(End::Told(Refused::PermissionDenied("GRANT_ENDED").into()));
                }
                why = unwanted(&self.claim, &sender) => return Err(why),
            }
        }
        Ok(())
    }

    /// What the session has under a live lease already comes first, while there is room: the rest when settlements have made some.
    async fn resume(&mut self) -> Result<(), End> {
        if !self.keeps || self.outstanding.room() == 0 {
            return Ok(());
        }
        let permit = self.permit()?;
        let found = self.caller.services.broker.leased(&permit, &self.wish.session).await;
        let found = found.map_err(|error| self.told(error))?;
        let mut unsent =
            found.iter().filter(|delivery| !self.outstanding.has(delivery)).collect::<Vec<_>>().into_iter();
        while self.outstanding.room() > 0 {
            let Some(delivery) = unsent.next() else { break };
            self.push(&permit, delivery).await?;
        }
        self.keeps = unsent.len() > 0;
        Ok(())
    }

    /// Leases and sends while there is room and something waits; answers with when something will.
    async fn fill(&mut self) -> Result<Option<Timestamp>, End> {
        let broker = Arc::clone(&self.caller.services.broker);
        self.resume().await?;
        loop {
            let room = self.outstanding.room();
            if room == 0 {
                return Ok(None);
            }
            let permit = self.permit()?;
            let next = broker.ready_from(&permit).await.map_err(|error| self.told(error))?;
            if next.is_none_or(|moment| moment > broker.now()) {
                return Ok(next);
            }
            self.caller.session.check(broker.now()).map_err(|_| End::Gone)?;
            let (takes, own) = (Arc::clone(&broker), permit.clone());
            let (session, lease) = (self.wish.session.clone(), self.wish.lease);
            let take = async move { takes.take_next(&own, &session, room, lease).await };
            let taken = self.caller.services.taking(&self.caller.session, &permit, take).await;
            let taken = taken.map_err(|error| self.told(error))?;
            if taken.is_empty() {
                // Somebody was faster; that is a change, and it is looked again.
                return Ok(None);
            }
            for delivery in taken {
                self.push(&permit, &delivery).await?;
            }
        }
    }

    async fn push(&mut self, permit: &QueuePermit, delivery: &Delivery) -> Result<(), End> {
        let leased = pb::LeasedDelivery {
            delivery: Some(self.caller.services.header(permit, delivery)),
            lease: delivery.lease.as_ref().map(convert::lease),
        };
        self.outstanding.add(delivery, prost::Message::encoded_len(&leased));
        self.tell(Event::Delivery(leased)).await
    }

    /// One settlement begins, or is refused where it is none.
    fn step(&mut self, step: Incoming) {
        match Settlement::read(step) {
            Ok(settlement) if self.outstanding.is_busy(settlement.delivery()) => self.parked = Some(settlement),
            Ok(settlement) => self.begin(settlement),
            Err(refused) => _ = self.settling.spawn(Settled::none(self.caller.clone(), refused)),
        }
    }

    fn begin(&mut self, settlement: Settlement) {
        self.outstanding.set_busy(settlement.delivery());
        let (delivery, request_id) = (settlement.delivery().to_owned(), settlement.request_id());
        let settling = tokio::spawn(settlement.settle(self.caller.clone()));
        self.settling.spawn(async move {
            // A panic of ours is told of this settlement alone; its words stay out of the log.
            settling.await.unwrap_or_else(|_| Settled::failed(delivery, request_id))
        });
    }

    async fn done(&mut self, settled: Settled) -> Result<(), End> {
        self.outstanding.set_free(&settled.delivery);
        if settled.is_over() {
            // An earlier answer told again is not about the lease that the stream has now.
            self.outstanding.let_go(&settled.delivery, &settled.token);
        }
        let lost = settled.is_lost();
        self.tell(Event::Result(settled.result)).await?;
        if lost {
            self.look(Some(&settled.delivery)).await?;
        }
        if let Some(parked) = self.parked.take() {
            if self.outstanding.is_busy(parked.delivery()) {
                self.parked = Some(parked);
            } else {
                self.begin(parked);
            }
        }
        Ok(())
    }

    async fn beat(&mut self) -> Result<(), End> {
        self.look(None).await?;
        let server_time = Some(wire_time(self.caller.services.broker.now()));
        self.tell(Event::Heartbeat(pb::Heartbeat { server_time })).await
    }

    /// Lets go of what is held no longer: one delivery, or each.
    async fn look(&mut self, only: Option<&str>) -> Result<(), End> {
        for (id, delivery, token) in self.outstanding.idle(only) {
            let live = self.caller.services.broker.is_live(delivery, &token).await;
            if !live.map_err(|error| self.told(error))? {
                self.outstanding.remove(&id);
                self.tell(Event::Ended(pb::DeliveryEnded { delivery_id: id })).await?;
            }
        }
        Ok(())
    }

    fn permit(&self) -> Result<QueuePermit, End> {
        self.wish.permit(&self.caller).map_err(|error| self.told(error))
    }

    fn told(&self, error: Error) -> End {
        End::Told(self.caller.services.refuse(&self.caller.peer, Action::StreamPull, error))
    }

    async fn tell(&self, event: Event) -> Result<(), End> {
        let message = pb::StreamPullResponse { event: Some(event) };
        tokio::select! {
            biased;
            sent = self.sender.send(Ok(message)) => sent.map_err(|_| End::Gone),
            // Whoever does not read keeps nobody from the seat.
            why = unwanted(&self.claim, &self.sender) => Err(why),
        }
    }
}

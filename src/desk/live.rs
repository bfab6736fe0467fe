//! Counts as they change, for pages that are open: the very call that lists somebody's queues, made again and again in their name. The stream
//! counts among the streams of their identity; it ends with their session, their grant or their browser.

use std::{convert::Infallible, time::Duration};

use axum::response::sse::{Event, KeepAlive, Sse};
use serde_json::{Map, Value, json};
use tokio::sync::mpsc;
use tokio_stream::{Stream, wrappers::ReceiverStream};

use super::{
    calls::{Called, Visit},
    trouble::Trouble,
};

/// How often it is looked.
const EVERY: Duration = Duration::from_secs(3);
/// Where nothing changes the browser hears so often that somebody is there.
const ALIVE: Duration = Duration::from_secs(20);

/// `GET /live`: the counts of every queue of theirs, at once and whenever they change.
pub(super) async fn counts(visit: Visit) -> Result<Sse<impl Stream<Item = Result<Event, Infallible>>>, Trouble> {
    let first = visit.counts().await?;
    // One waits for a slow reader; it is not looked again meanwhile.
    let (sender, receiver) = mpsc::channel(1);
    tokio::spawn(async move {
        let mut last = first;
        loop {
            let event = Event::default().event("counts").data(last.to_string());
            if sender.send(Ok(event)).await.is_err() {
                return;
            }
            last = loop {
                tokio::select! {
                    () = sender.closed() => return,
                    () = tokio::time::sleep(EVERY) => {}
                }
                // Refused from now on, or not to be had: the browser asks again, and is told.
                let Ok(counts) = visit.counts().await else { return };
                if counts != last {
                    break counts;
                }
            };
        }
    });
    Ok(Sse::new(ReceiverStream::new(receiver)).keep_alive(KeepAlive::new().interval(ALIVE)))
}

impl Visit {
    async fn counts(&self) -> Called<Value> {
        let queues = self.queues().await?;
        let one = |queue: crate::wire::pb::Queue| {
            let counts = json!({
                "overdue": queue.overdue_count,
                "unopened": queue.unopened_count,
                "waiting": queue.waiting_count,
                "leased": queue.leased_count,
            });
            (queue.queue, counts)
        };
        Ok(Value::Object(queues.into_iter().map(one).collect::<Map<_, _>>()))
    }
}

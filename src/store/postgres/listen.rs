//! Word of what other brokers have committed: it comes with each commit, and this broker's thread then follows.

use std::{
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use tokio::sync::mpsc;
use tokio_postgres::AsyncMessage;

use super::{
    commit::Shared,
    connect::{Settings, Use, WORDS, in_time},
};
use crate::store::ordered::{Command, Message};

/// Named by whoever commits.
pub(super) const CHANNEL: &str = "homeward";
const LISTEN: &str = "LISTEN homeward";
/// Before a connection that was lost is made again.
const AGAIN: Duration = Duration::from_millis(500);

/// Listens until nobody is there to be told.
pub(super) async fn listen(settings: Settings, shared: Arc<Shared>, inbox: mpsc::Sender<Message>) {
    while !inbox.is_closed() {
        if let Ok((told, mut words)) = settings.words("listen").await {
            let listens = format!("{}; {LISTEN}", settings.limits(Use::Listens));
            let mut asked = std::pin::pin!(in_time(told.batch_execute(&listens)));
            let mut listening = false;
            loop {
                let word = tokio::select! {
                    done = &mut asked, if !listening => {
                        listening = done.is_ok();
                        if !listening { break; }
                        // Whatever came before this is followed at once.
                        follow(&inbox);
                        continue;
                    }
                    word = words.recv() => word,
                };
                match word {
                    // Where so many waited that one may have been dropped, it may have been another broker's.
                    Some(AsyncMessage::Notification(word))
                        if word.process_id() != shared.backend.load(Ordering::Acquire) || words.len() + 1 >= WORDS =>
                    {
                        follow(&inbox);
                    }
                    // What we did ourselves, or no word of a commit.
                    Some(_) => {}
                    None => break,
                }
            }
        }
        tokio::time::sleep(AGAIN).await;
    }
}

/// A command that does nothing: before it, the thread follows what others did. Where the line is full, somebody else's will do.
fn follow(inbox: &mpsc::Sender<Message>) {
    let _ = inbox.try_send(Message::Command(Command::asked("follow", 0, |_| Ok(())).0));
}

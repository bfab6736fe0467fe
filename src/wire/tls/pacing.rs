//! Bytes of one connection, slowed down to what its identity may have in a second: whoever sends more waits, nobody else.

use std::{
    future::Future,
    pin::Pin,
    task::{Context, Poll, ready},
};

use tokio::time::{Sleep, sleep};

use crate::wire::session::Session;

/// One direction of a connection. Bytes are paid for after they went, before the next may.
#[derive(Debug, Default)]
pub(super) struct Pacing {
    owed: usize,
    waiting: Option<Pin<Box<Sleep>>>,
}

impl Pacing {
    /// So many bytes went.
    pub(super) fn owe(&mut self, bytes: usize) {
        self.owed += bytes;
    }

    /// Ready when all that went is paid for.
    pub(super) fn poll_paid(&mut self, cx: &mut Context<'_>, session: &Session) -> Poll<()> {
        loop {
            if let Some(waiting) = &mut self.waiting {
                ready!(waiting.as_mut().poll(cx));
                self.waiting = None;
            }
            match session.pay(self.owed) {
                Ok(()) => {
                    self.owed = 0;
                    return Poll::Ready(());
                }
                Err(wait) => self.waiting = Some(Box::pin(sleep(wait))),
            }
        }
    }
}

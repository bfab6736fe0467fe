//! The bench: threads of its own, one a core, that judge and seal, so that those who abandon calls cannot fill the threads that read
//! the store. A thread that has done one submission takes the next that waits: under load none of them is ever woken for it.

use std::{
    collections::VecDeque,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    thread,
};

use tokio::sync::oneshot;

use super::Error;

/// Threads that work for whoever waits.
pub(super) struct Bench {
    shared: Arc<Shared>,
    most: usize,
}

#[derive(Default)]
struct Shared {
    queue: Mutex<Queue>,
    more: Condvar,
}

#[derive(Default)]
struct Queue {
    waiting: VecDeque<Job>,
    threads: usize,
    /// Of these, how many have nothing to do.
    idle: usize,
    /// Nobody will give more.
    closed: bool,
}

type Job = Box<dyn FnOnce() + Send>;

impl Bench {
    /// With one thread a core, each made when there is work for it.
    pub(super) fn new() -> Self {
        Self { shared: Arc::default(), most: thread::available_parallelism().map_or(2, Into::into) }
    }

    /// Does `work` off the async threads, in turn. What has begun cannot be stopped; what still waits is not begun once nobody
    /// waits for it.
    ///
    /// # Errors
    /// Where it panicked, which must not pass for an answer: whoever asked sees a fault and may try again.
    pub(super) async fn does<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Result<T, Error> {
        let (answer, answered) = oneshot::channel();
        let job = move || {
            if !answer.is_closed() {
                // Whoever has gone since needs no answer.
                let _ = answer.send(work());
            }
        };
        self.put(Box::new(job))?;
        answered.await.map_err(|_| Error::Internal("the judgement failed".to_owned()))
    }

    fn put(&self, job: Job) -> Result<(), Error> {
        let mut queue = self.shared.queue();
        if queue.idle == 0 && queue.threads < self.most {
            let shared = Arc::clone(&self.shared);
            let made = thread::Builder::new().name("judge".into()).spawn(move || shared.work());
            match made {
                Ok(_) => queue.threads += 1,
                Err(_) if queue.threads == 0 => return Err(Error::Unavailable("no thread to judge on".to_owned())),
                // Those that there are will do.
                Err(_) => {}
            }
        }
        queue.waiting.push_back(job);
        if queue.idle > 0 {
            self.shared.more.notify_one();
        }
        Ok(())
    }
}

impl Drop for Bench {
    fn drop(&mut self) {
        self.shared.queue().closed = true;
        self.shared.more.notify_all();
    }
}

impl Shared {
    /// No job runs while the queue is held: nothing in it can be half done.
    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn work(&self) {
        while let Some(job) = self.next() {
            // The answer goes with the job, which tells whoever waits for it.
            let _ = catch_unwind(AssertUnwindSafe(job));
        }
    }

    /// The next job; none when the bench is gone.
    fn next(&self) -> Option<Job> {
        let mut queue = self.queue();
        loop {
            if let Some(job) = queue.waiting.pop_front() {
                return Some(job);
            }
            if queue.closed {
                return None;
            }
            queue.idle += 1;
            queue = self.more.wait(queue).unwrap_or_else(PoisonError::into_inner);
            queue.idle -= 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{
        atomic::{AtomicBool, Ordering},
        mpsc,
    };

    use super::*;

    #[tokio::test]
    async fn what_panics_is_a_fault_and_what_nobody_waits_for_is_not_begun() {
        let bench = Arc::new(Bench { shared: Arc::default(), most: 1 });
        let fault = bench.does(|| -> u8 { panic!("as it should") }).await;
        assert!(matches!(fault, Err(Error::Internal(_))));
        let (go_on, goes_on) = mpsc::channel::<()>();
        let (busy, ran) = (Arc::clone(&bench), Arc::new(AtomicBool::new(false)));
        let first = tokio::spawn(async move { busy.does(move || goes_on.recv().is_ok()).await });
        while bench.shared.queue().idle > 0 {
            tokio::task::yield_now().await;
        }
        let begun = Arc::clone(&ran);
        tokio::select! {
            biased;
            _ = bench.does(move || begun.store(true, Ordering::Relaxed)) => unreachable!("the only thread is busy"),
            () = std::future::ready(()) => {}
        }
        go_on.send(()).unwrap();
        assert!(first.await.unwrap().unwrap());
        assert_eq!(bench.does(|| 7).await.unwrap(), 7, "the one thread goes on after a panic");
        assert!(!ran.load(Ordering::Relaxed));
    }

    #[tokio::test]
    async fn its_threads_end_with_it() {
        let bench = Bench::new();
        bench.does(|| ()).await.unwrap();
        let shared = Arc::downgrade(&bench.shared);
        drop(bench);
        while shared.strong_count() > 0 {
            tokio::task::yield_now().await;
        }
    }
}

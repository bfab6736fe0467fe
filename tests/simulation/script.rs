//! Scripts: a seed and steps. A step says what kind of thing is done and holds a number by which everything about it is chosen, from
//! what there is when its turn comes: so that any part of a script is a script, and what fails can be made shorter.

use std::fmt;

/// Kinds of step, with their share of a script.
macro_rules! kinds {
    ($($name:ident = $word:literal $share:literal $doc:literal,)*) => {
        /// What is done in a step.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Kind {
            $(#[doc = $doc] $name,)*
        }

        impl Kind {
            pub const ALL: &[Self] = &[$(Self::$name,)*];

            pub fn word(self) -> &'static str {
                match self {
                    $(Self::$name => $word,)*
                }
            }

            fn share(self) -> u32 {
                match self {
                    $(Self::$name => $share,)*
                }
            }
        }
    };
}

kinds! {
    Submit = "submit" 110 "A council submits.",
    Twice = "twice" 10 "A council submits the same twice at once.",
    Repeat = "repeat" 80 "Somebody makes a call again that was answered.",
    Reuse = "reuse" 15 "Somebody uses the id of a request for another.",
    Pull = "pull" 170 "An officer takes what waits.",
    Race = "race" 20 "Both officers of a queue take at once.",
    Open = "open" 140 "An officer opens a part.",
    Complete = "complete" 140 "An officer settles.",
    Resolve = "resolve" 20 "What is on HOLD is sent to a queue.",
    Extend = "extend" 35 "An officer keeps a lease for longer.",
    Release = "release" 40 "An officer hands back.",
    Reject = "reject" 25 "An officer puts a delivery on the dead-letter side.",
    Replay = "replay" 25 "A supervisor sends a dead letter back.",
    HandOver = "hand-over" 35 "An officer hands over to the other one of the queue.",
    Ask = "ask" 30 "An officer asks the sender.",
    Answer = "answer" 25 "The sender answers.",
    Offer = "offer" 35 "An officer offers a delivery to another unit.",
    Decide = "decide" 35 "An officer accepts or refuses what another unit offers.",
    TakeBack = "take-back" 15 "An officer, or the supervisor, takes back what was handed over or offered.",
    Correct = "correct" 25 "A council puts another submission in the place of one, which may accuse a reader.",
    Recall = "recall" 8 "A council takes a referral back.",
    Acknowledge = "acknowledge" 35 "An officer acknowledges that a referral was corrected or recalled.",
    Mark = "mark" 30 "An officer says who will do what a prompt asks, or that it has ended.",
    Revoke = "revoke" 5 "The leases of an officer end.",
    Caretake = "caretake" 50 "A round of the caretaker.",
    Page = "page" 25 "Pages that are due are delivered, or fail.",
    List = "list" 25 "An officer lists a queue, page by page.",
    Read = "read" 25 "A council reads one of its referrals.",
    Watch = "watch" 10 "A council reads what happened, page by page.",
    Prove = "prove" 10 "A council files a receipt.",
    Erase = "erase" 20 "Two custodians erase a referral.",
    Hold = "hold" 6 "A custodian places a legal hold.",
    Unhold = "unhold" 5 "Two custodians end one.",
    Days = "days" 2 "A month goes by, and what was settled before it is erased unless it is held.",
    Later = "later" 12 "Hours pass.",
    Back = "back" 5 "The clock is set back.",
    Close = "close" 3 "The broker is closed, and opened again.",
    Crash = "crash" 4 "Callers, broker and store are gone in the middle of calls; the callers make them again.",
    Cut = "cut" 3 "The same, and nothing of those calls has reached the disk.",
    Unseen = "unseen" 0 "A delivery is taken behind the model's back; in no script but that of the test of the test.",
}

/// One step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Step {
    pub kind: Kind,
    pub pick: u32,
}

/// A seed and what is done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Script {
    pub seed: u64,
    pub steps: Vec<Step>,
}

impl Script {
    /// The script of a seed.
    pub fn of(seed: u64, steps: usize) -> Self {
        let mut chance = Chance::new(seed, 0);
        let shares: u32 = Kind::ALL.iter().map(|kind| kind.share()).sum();
        let step = |chance: &mut Chance| {
            let mut left = chance.below(shares as usize) as u32;
            let mut kinds = Kind::ALL.iter();
            let kind = kinds.find(|kind| {
                let here = left < kind.share();
                left = left.saturating_sub(kind.share());
                here
            });
            Step { kind: *kind.unwrap(), pick: chance.next() as u32 }
        };
        Self { seed, steps: (0..steps).map(|_| step(&mut chance)).collect() }
    }

    pub fn parse(text: &str) -> Option<Self> {
        let mut lines = text.lines().filter(|line| !line.starts_with('#') && !line.trim().is_empty());
        let seed = lines.next()?.strip_prefix("seed ")?.parse().ok()?;
        let step = |line: &str| {
            let (word, pick) = line.split_once(' ')?;
            let kind = Kind::ALL.iter().find(|kind| kind.word() == word)?;
            Some(Step { kind: *kind, pick: pick.parse().ok()? })
        };
        Some(Self { seed, steps: lines.map(step).collect::<Option<_>>()? })
    }
}

impl fmt::Display for Script {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "seed {}", self.seed)?;
        self.steps.iter().try_for_each(|step| writeln!(f, "{} {}", step.kind.word(), step.pick))
    }
}

/// Leaves out whatever is not needed for it to fail: halves, quarters and so on, down to single steps.
pub fn least(mut script: Script, fails: impl Fn(&Script) -> bool) -> Script {
    let mut size = script.steps.len().div_ceil(2);
    while size > 0 {
        let (mut at, before) = (0, script.steps.len());
        while at < script.steps.len() {
            let mut without = script.clone();
            without.steps.drain(at..script.steps.len().min(at + size));
            if fails(&without) {
                script = without;
            } else {
                at += size;
            }
        }
        // Once more with single steps for as long as that helps.
        size = if size == 1 && script.steps.len() < before { 1 } else { size / 2 };
    }
    script
}

/// Chance from a seed (splitmix64).
#[derive(Debug, Clone)]
pub struct Chance(u64);

impl Chance {
    pub fn new(seed: u64, number: u64) -> Self {
        let mut chance = Self(seed.wrapping_mul(0xd6e8_feb8_6659_fd93) ^ number.wrapping_mul(0xa076_1d64_78bd_642f));
        chance.next();
        chance
    }

    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    pub fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.next() % bound as u64).unwrap()
    }

    /// True once in so many times.
    pub fn once_in(&mut self, times: usize) -> bool {
        self.below(times) == 0
    }

    pub fn of<'a, T>(&mut self, from: &'a [T]) -> Option<&'a T> {
        if from.is_empty() { None } else { from.get(self.below(from.len())) }
    }

    pub fn uuid(&mut self) -> uuid::Uuid {
        uuid::Builder::from_random_bytes((u128::from(self.next()) << 64 | u128::from(self.next())).to_be_bytes())
            .into_uuid()
    }
}

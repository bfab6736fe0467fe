//! What `homeward queue` takes. The words here are what `--help` says.

use clap::{Args, Subcommand};

use crate::app::{cli::ClientArgs, prompts::MarkArgs};

/// A delivery in hand.
#[derive(Debug, Args)]
pub(in crate::app) struct HoldingArgs {
    #[command(flatten)]
    pub(in crate::app) client: ClientArgs,
    /// Delivery, as `queue pull` printed it.
    #[arg(value_name = "DELIVERY_ID")]
    pub(in crate::app) delivery: String,
    /// Token of its lease, as `queue pull` printed it.
    #[arg(long, value_name = "TOKEN")]
    pub(in crate::app) lease: String,
}

#[derive(Debug, Subcommand)]
pub(in crate::app) enum QueueCommand {
    /// List your queues with their counts, or the deliveries of one.
    List {
        #[command(flatten)]
        client: ClientArgs,
        /// Queue, e.g. MPU.SE.
        #[arg(value_name = "QUEUE")]
        queue: Option<String>,
    },
    /// Take the most urgent deliveries under a lease: headers only, no content.
    Pull {
        #[command(flatten)]
        client: ClientArgs,
        /// Queue, e.g. MPU.SE.
        #[arg(value_name = "QUEUE")]
        queue: String,
        /// At most this many, 1 or more.
        #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..))]
        most: u32,
        /// Length of the lease in minutes, 1 to 60.
        #[arg(long, value_name = "MINUTES", default_value_t = 10)]
        minutes: i64,
        /// Stay, and take deliveries as they arrive: never more than --most that are not settled yet.
        #[arg(long)]
        follow: bool,
        /// Name of your session. After a break the same one gets its live leases again first.
        #[arg(long, value_name = "NAME", default_value = "homeward", requires = "follow")]
        session: String,
        /// Stop after this many deliveries.
        #[arg(long, value_name = "N", requires = "follow")]
        stop_after: Option<u64>,
    },
    /// Open one part: content. Every opening is entered in the ledger with your name.
    Open {
        #[command(flatten)]
        holding: HoldingArgs,
        /// Part: E, B, C, CARD, CARER, A, O or WITHHELD.
        #[arg(value_name = "PART")]
        part: String,
        /// Item number; required for B and A.
        #[arg(long, value_name = "N", default_value_t = 0)]
        item: u32,
        /// Why; required for A, O and CARER.
        #[arg(long, default_value = "")]
        reason: String,
    },
    /// Prolong a lease.
    Extend {
        #[command(flatten)]
        holding: HoldingArgs,
        /// How long from now, in minutes, 1 to 60.
        #[arg(long, value_name = "MINUTES", default_value_t = 10)]
        minutes: i64,
    },
    /// Settle a delivery with an outcome; `queue list` names the outcomes of a queue.
    Complete {
        #[command(flatten)]
        holding: HoldingArgs,
        /// Outcome code, as `queue list` names it.
        #[arg(value_name = "OUTCOME")]
        outcome: String,
        /// Reason code, for no_further_action only: ALREADY_KNOWN, INSUFFICIENT_INFORMATION, NOT_FOR_THIS_UNIT, THRESHOLD_NOT_MET,
        /// OTHERS_ACTING or RISK_TO_CHILD.
        #[arg(long, default_value = "")]
        reason: String,
        /// Note for your own unit; the sender never sees it.
        #[arg(long, default_value = "")]
        note: String,
        /// Let the sender see the outcome itself. Mind tipping off.
        #[arg(long)]
        release_detail: bool,
    },
    /// Hand a delivery back, with a reason.
    Release {
        #[command(flatten)]
        holding: HoldingArgs,
        /// Why.
        #[arg(long)]
        reason: String,
        /// Not to be taken again before this many minutes have passed.
        #[arg(long, value_name = "MINUTES", default_value_t = 0)]
        delay: i64,
    },
    /// Hand a delivery over to a colleague at the end of your shift, with a note. They take it with their next pull, before all
    /// else; if they do not in time, or nobody had opened it, it is back in the queue. Deadlines run on.
    HandOver {
        #[command(flatten)]
        holding: HoldingArgs,
        /// The colleague's whole identity, as `homeward whoami` shows it to them.
        #[arg(long, value_name = "IDENTITY")]
        to: String,
        /// What they should know; the sender never sees it.
        #[arg(long)]
        note: String,
        /// For how long it is kept for them, in minutes, 5 to 240; never past the next deadline.
        #[arg(long, value_name = "MINUTES", default_value_t = 30)]
        minutes: i64,
    },
    /// Take back what you handed over or offered to another unit, or, as supervisor of the queue, what anybody did, as long as nobody has
    /// taken it: it waits in its queue again.
    TakeBack {
        #[command(flatten)]
        client: ClientArgs,
        /// Delivery.
        #[arg(value_name = "DELIVERY_ID")]
        delivery: String,
        /// Why; the sender never sees it.
        #[arg(long)]
        reason: String,
    },
    /// Offer a delivery that you have opened to another unit, with a reason. It stays yours, deadlines and all, until they accept; what
    /// they refuse or do not answer in time comes back and is escalated.
    Transfer {
        #[command(flatten)]
        holding: HoldingArgs,
        /// Queue that is to have it, e.g. MPU.NE or FORCE.E23000028.
        #[arg(value_name = "TO_QUEUE")]
        to: String,
        /// Why there; the sender never sees it.
        #[arg(long)]
        reason: String,
    },
    /// Accept what another unit offers yours: it is yours from now on. Open first what you need to decide.
    Accept {
        #[command(flatten)]
        holding: HoldingArgs,
        /// What you have to say to it.
        #[arg(long, default_value = "")]
        reason: String,
    },
    /// Refuse what another unit offers yours: it goes on there, escalated.
    Refuse {
        #[command(flatten)]
        holding: HoldingArgs,
        /// Why.
        #[arg(long)]
        reason: String,
    },
    /// Acknowledge a notice that the sender has corrected or recalled a referral; it says why.
    Acknowledge {
        #[command(flatten)]
        holding: HoldingArgs,
    },
    /// Ask the sender what is known already. The answer comes to the delivery, whoever holds it then; `queue open` shows it.
    Ask {
        #[command(flatten)]
        holding: HoldingArgs,
        /// The question. Nobody may set a child to find things out.
        #[arg(value_name = "QUESTION")]
        question: String,
        /// Number of the item that it is about; 0 for the whole.
        #[arg(long, value_name = "N", default_value_t = 0)]
        item: u32,
        /// State that it asks nothing of the child, though its words may look so; entered in the ledger.
        #[arg(long)]
        nothing_of_the_child: bool,
    },
    /// Police intelligence: confirm the 3x5x2 grade of one item. What was proposed stays beside it; confirming again adds
    /// a version. The sender sees that the item was graded, not how.
    #[command(
        after_help = "Source 1 reliable, 2 untested, 3 not reliable. Information A known directly, B indirectly but corroborated, C indirectly, D not known, E suspected to be false. Handling P, or C with one of A1 A2 A3, one of S1 S2 and --instructions. --reason goes with 3, with E and with whatever differs from the proposed grade.\n\nExample: homeward queue grade DELIVERY_ID 2B C A1 S2 --item 1 --lease TOKEN --instructions \"Ask the desk before acting.\" --reason \"Item 3 agrees.\""
    )]
    Grade {
        #[command(flatten)]
        holding: HoldingArgs,
        /// Grade and handling, e.g. `2A P` or `2B C A1 S2`.
        #[arg(value_name = "GRADE", required = true, num_args = 1..=4)]
        grade: Vec<String>,
        /// Item number, from 1.
        #[arg(long, value_name = "N")]
        item: u32,
        /// Written instructions; with C only. Later readers see them: nothing that points to the source.
        #[arg(long, default_value = "")]
        instructions: String,
        /// Why.
        #[arg(long, default_value = "")]
        reason: String,
    },
    /// Lead practitioner: release the carer copy, never in full; entered in the ledger as a disclosure.
    ReleaseCarer {
        #[command(flatten)]
        holding: HoldingArgs,
        /// Your decision and why; kept sealed.
        #[arg(long)]
        reason: String,
        /// The sender proposes to tell the carer nothing; you decide otherwise, and the reason says why.
        #[arg(long)]
        against_proposal: bool,
    },
    /// Put a delivery that cannot be worked on aside, on the dead-letter side of its queue. Your supervisor sees it there and
    /// can send it back; the sender sees the reason's wording.
    Reject {
        #[command(flatten)]
        holding: HoldingArgs,
        /// Reason code: UNREADABLE, WRONG_UNIT, DUPLICATE or CANNOT_BE_ACTED_ON.
        #[arg(value_name = "REASON")]
        reason: String,
        /// Note for your own unit; the sender never sees it.
        #[arg(long, default_value = "")]
        note: String,
    },
    /// List the dead-letter side of a queue: what was rejected, or taken too often and not settled.
    DeadLetters {
        #[command(flatten)]
        client: ClientArgs,
        /// Queue, e.g. MPU.SE.
        #[arg(value_name = "QUEUE")]
        queue: String,
    },
    /// Supervisor: list who holds what of a queue, and for how long.
    Held {
        #[command(flatten)]
        client: ClientArgs,
        /// Queue, e.g. MPU.SE.
        #[arg(value_name = "QUEUE")]
        queue: String,
    },
    /// List what prompts ask of a queue by a date, such as a strategy discussion or an NRM referral: what is late first. Completing a
    /// delivery ends no prompt.
    Prompts {
        #[command(flatten)]
        client: ClientArgs,
        /// Queue, e.g. MPU.SE.
        #[arg(value_name = "QUEUE")]
        queue: String,
        /// Those that have ended instead, the latest first.
        #[arg(long)]
        ended: bool,
    },
    /// Say who will do what a prompt asks, or how it ended: every unit that has it sees it at once, and the sender.
    #[command(
        after_help = "Outcomes: STRATEGY is HELD or NOT_NEEDED, FGM_101 is REPORTED or NOT_REPORTED, NRM is REFERRED or NOT_REFERRED. Those that begin with NOT_ take --reason: ALREADY_KNOWN, INSUFFICIENT_INFORMATION, NOT_FOR_THIS_UNIT, THRESHOLD_NOT_MET, OTHERS_ACTING or RISK_TO_CHILD.\n\nExample: homeward queue mark-prompt MPU.SE REFERRAL_ID STRATEGY --version 1 --outcome HELD"
    )]
    MarkPrompt(MarkArgs),
    /// HOLD: give an undecided matter to a named queue, with a reason.
    Resolve {
        #[command(flatten)]
        holding: HoldingArgs,
        /// Queue it goes to, e.g. MASH.E09000023.
        #[arg(value_name = "TO_QUEUE")]
        to: String,
        /// Why there.
        #[arg(long)]
        reason: String,
    },
}

#[cfg(test)]
mod tests {
    use clap::{Command, Subcommand};

    use super::QueueCommand;
    use crate::domain::outcome::NoActionReason;

    #[test]
    fn help_names_every_reason_for_no_further_action() {
        let mut queue = QueueCommand::augment_subcommands(Command::new("queue"));
        let help = queue.find_subcommand_mut("complete").unwrap().render_long_help().to_string();
        for reason in NoActionReason::ALL {
            assert!(help.contains(reason.code()), "{reason} in {help}");
        }
    }
}

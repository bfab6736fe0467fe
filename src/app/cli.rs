//! The command tree (contract 5). The words here, and in `policy`, are what `--help` says.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use jiff::{SignedDuration, Timestamp};

use super::{
    admin::AdminCommand,
    audit::AuditCommand,
    backup::{BackupArgs, RestoreArgs},
    bench::BenchArgs,
    compact::CompactArgs,
    migrate::MigrateArgs,
    pki::PkiCommand,
    policy::PolicyCommand,
    questions::AnswerArgs,
    queue::QueueCommand,
    referrals::ReferralsArgs,
    retract::{CorrectArgs, RecallArgs},
    shell::{CompletionsArgs, ManArgs},
    subject::SubjectArgs,
};

/// A secure broker for intelligence that comes out of Return Home Interviews.
#[derive(Debug, Parser)]
#[command(
    name = "homeward",
    version,
    about,
    after_help = "Start here: `homeward demo`. `homeward completions SHELL` prints completions for bash, zsh, fish, elvish or PowerShell.\n\nExit codes: 0 done, 64 bad usage, 65 bad data, 69 unavailable, 77 not permitted, 1 otherwise."
)]
pub(super) struct Cli {
    #[command(subcommand)]
    pub(super) command: Command,
}

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Watch eight fictional interviews go from councils to officers and back, on real parts, in one command.
    Demo(DemoArgs),
    /// Run the daemon.
    Serve(ServeArgs),
    /// Make certificates: an offline root, an issuing authority, servers, clients; sign, renew, revoke, export.
    #[command(subcommand)]
    Pki(PkiCommand),
    /// Administrators: what needs two persons.
    #[command(subcommand)]
    Admin(AdminCommand),
    /// The ledger: list, export and verify it; receipts to file, which prove by themselves.
    #[command(subcommand)]
    Audit(AuditCommand),
    /// Council: submit referrals. A receipt means that they are durable and in their queues.
    Submit(SubmitArgs),
    /// Council: see how a submission would be judged and what each reader would see. Stores nothing.
    Preview(PreviewArgs),
    /// Council: list your referrals, or show one with the state of every destination.
    Referrals(ReferralsArgs),
    /// Council: watch what happens to your referrals.
    Watch(WatchArgs),
    /// Council: answer a question that a destination asked about a referral, out of what is known already.
    Answer(AnswerArgs),
    /// Council: put a whole new submission in the place of one that was wrong. Whoever has read the first is told and acknowledges it.
    Correct(CorrectArgs),
    /// Council: take a referral back. What nobody had read is closed; whoever has read it is told and acknowledges it.
    Recall(RecallArgs),
    /// Lead practitioner: take out what is held about a child, for a decision on a subject-access request.
    SubjectAccess(SubjectArgs),
    /// Officer: list, pull, open, complete, release; resolve what is on HOLD.
    #[command(subcommand)]
    Queue(QueueCommand),
    /// Run the redaction engine over narratives: one JSON object a line in, what each audience reads a line out.
    #[command(after_help = REDACT_HELP)]
    Redact(RedactArgs),
    /// Operators: take a backup while the daemon serves: of one moment, sealed, resumable.
    Backup(BackupArgs),
    /// Operators: make the store again from a backup, verified against its ledger.
    Restore(RestoreArgs),
    /// Operators: write a store anew that no daemon has open. It takes less room then, and what was erased is gone from the disk.
    Compact(CompactArgs),
    /// Operators: move an embedded store into a PostgreSQL database that several brokers share. Verified, resumable.
    Migrate(MigrateArgs),
    /// Explain the routing policy.
    #[command(subcommand)]
    Policy(PolicyCommand),
    /// Measure: a load generator against a broker of its own in a folder that goes afterwards, beside what this machine could do.
    #[command(args_conflicts_with_subcommands = true)]
    Bench(BenchArgs),
    /// Who your profile is to the broker, and what it may do.
    Whoami(ClientArgs),
    /// Print completions for a shell, to be sourced: `source <(homeward completions bash)`.
    #[command(hide = true)]
    Completions(CompletionsArgs),
    /// Write the pages for man into a folder, for whoever packages this.
    #[command(hide = true)]
    Man(ManArgs),
}

/// What every client command takes.
#[derive(Debug, Clone, Args)]
pub(super) struct ClientArgs {
    /// Profile folder with endpoint, ca.pem, cert.pem and key.pem, as `pki issue` makes it.
    #[arg(long, env = "HOMEWARD_PROFILE", value_name = "DIR")]
    pub(super) profile: PathBuf,
    /// Print protobuf JSON, one message a line.
    #[arg(long)]
    pub(super) json: bool,
    /// Judge the server's certificate as if it were this time (for a demo kept running in its own week).
    #[arg(long, value_name = "TIME", hide = true)]
    pub(super) clock: Option<Timestamp>,
}

#[derive(Debug, Args)]
pub(super) struct DemoArgs {
    /// Leave the daemon running, with every narrative waiting; print commands to paste, the address of the pages, and files with
    /// which a browser opens them. Stop it with Ctrl-C.
    #[arg(long)]
    pub(super) keep: bool,
    /// Print the account as JSON.
    #[arg(long)]
    pub(super) json: bool,
}

#[derive(Debug, Args)]
pub(super) struct ServeArgs {
    /// Configuration file; deploy/homeward.example.toml shows every setting.
    #[arg(long, value_name = "FILE")]
    pub(super) config: PathBuf,
}

#[derive(Debug, Args)]
pub(super) struct SubmitArgs {
    #[command(flatten)]
    pub(super) client: ClientArgs,
    /// Submissions in protobuf JSON; `-` is stdin. Several go on one stream, with one result each in this order; what is
    /// refused is named and the others go on.
    #[arg(required = true, value_name = "FILE")]
    pub(super) files: Vec<PathBuf>,
    /// Request id (UUID) to repeat a submission safely; only with one FILE. Default: a fresh one each.
    #[arg(long, value_name = "UUID")]
    pub(super) request_id: Option<String>,
}

fn page_width(text: &str) -> Result<usize, String> {
    let width = text.parse().ok().filter(|width| (40..=400).contains(width));
    width.ok_or_else(|| "give a number from 40 to 400".to_owned())
}

#[derive(Debug, Args)]
pub(super) struct PreviewArgs {
    /// Submissions in protobuf JSON; `-` is stdin.
    #[arg(required = true, value_name = "FILE")]
    pub(super) files: Vec<PathBuf>,
    /// Judge here, without a server.
    #[arg(long)]
    pub(super) offline: bool,
    /// Profile folder; not needed with --offline.
    #[arg(long, env = "HOMEWARD_PROFILE", value_name = "DIR", required_unless_present = "offline")]
    pub(super) profile: Option<PathBuf>,
    /// Print protobuf JSON, one explanation a line.
    #[arg(long)]
    pub(super) json: bool,
    /// Width of the page in characters; below 90 the three versions stand one below the other.
    #[arg(long, value_name = "CHARACTERS", default_value_t = 120, value_parser = page_width)]
    pub(super) width: usize,
    /// With --offline: judge as if received at this time, e.g. 2026-11-20T16:30:00Z.
    #[arg(long, value_name = "TIME", requires = "offline")]
    pub(super) at: Option<Timestamp>,
    /// With --offline: reference data to use in place of the embedded one.
    #[arg(long, value_name = "DIR", requires = "offline")]
    pub(super) policy: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(super) struct RedactArgs {
    /// Narratives, one JSON object a line; `-` is stdin. Default: stdin.
    #[arg(value_name = "FILE")]
    pub(super) files: Vec<PathBuf>,
    /// Reference data to use in place of the embedded one.
    #[arg(long, value_name = "DIR")]
    pub(super) policy: Option<PathBuf>,
}

const REDACT_HELP: &str = r#"In, a line: {"id", "structured": {"persons", "phones", "emails", "handles", "vehicles", "places", "identifiers", "sections"}, "text"}.
  A person has id, name, aliases, role, and may have source, relationship, dob, address and further details; everything else names
  its owner by that id. Roles: subject_child, other_child, suspect, witness, source, parent_carer, professional.
Out, a line: {"id", "views": {"mpu", "mash", "carer"}, "spans": [{"start", "end", "type"}], "held": [{"audience", "what", "count", "reason"}]}.
  Spans are every mention that was found, in Unicode characters of the text as it came in. "held" is there where the last look at a
  view found something protected, and took out the sentence or the whole text.

Lines that are not right are named on stderr, by line and field and never by value; the others are answered. The exit code is then 65.
Nothing is stored or sent. Engine and policy are those by which the broker makes its views.

Example: homeward redact < inputs.jsonl > views.jsonl"#;

#[derive(Debug, Args)]
pub(super) struct WatchArgs {
    #[command(flatten)]
    pub(super) client: ClientArgs,
    /// Go on after this message (its resume_token); 0 is from the beginning. Default: from now on.
    #[arg(long, value_name = "TOKEN", default_value = "")]
    pub(super) resume: String,
    /// Stop after this many messages.
    #[arg(long, value_name = "N")]
    pub(super) most: Option<u64>,
}

/// Whole minutes as a span; the server says what it accepts.
pub(super) fn minutes(minutes: i64) -> SignedDuration {
    SignedDuration::try_from_mins(minutes).unwrap_or(SignedDuration::MAX)
}

//! The roof: command line, configuration, logs, wiring, one file a subcommand. Decides nothing of the field.

mod admin;
mod audit;
mod backup;
mod bench;
mod beside;
mod cli;
mod client;
mod columns;
mod compact;
mod compared;
mod config;
mod custody;
mod database;
mod demo;
mod due;
mod examining;
mod explained;
mod failure;
mod holds;
mod issuer;
mod keys;
mod limits;
mod metrics;
mod migrate;
mod outer;
mod page;
mod paging;
mod pki;
mod policies;
mod policy;
mod preview;
mod print;
mod progress;
mod prompts;
mod proved;
mod questions;
mod queue;
mod readings;
mod redact;
mod referrals;
mod reload;
mod retract;
mod rewrap;
mod rulebook;
mod serve;
mod shell;
mod show;
mod subject;
mod submit;
mod telemetry;
mod traces;
mod versions;
mod watch;
mod watched;
mod wiring;

use std::process::ExitCode;

use clap::Parser;

use audit::AuditCommand;
use cli::{Cli, Command};
pub use config::Config;
pub use custody::{Keys, Outside, SecretPlace};
use failure::{Failure, USAGE};
pub use issuer::FolderIssuer;

use crate::platform::memory;

/// Runs one command line; the exit code is 0, 64 bad usage, 65 bad data, 69 unavailable, 77 not permitted, else 1.
pub fn run(args: impl IntoIterator<Item = std::ffi::OsString>) -> ExitCode {
    telemetry::hush_panics();
    if let Err(error) = memory::keep_private() {
        print::problem(&format!("homeward: the kernel lets others read the memory of this process: {error}"));
    }
    let cli = match Cli::try_parse_from(args) {
        Ok(cli) => cli,
        Err(error) => {
            // Help and version are answers, not errors. Printing can fail only where nobody reads.
            let _ = error.print();
            return if error.use_stderr() { ExitCode::from(USAGE) } else { ExitCode::SUCCESS };
        }
    };
    match dispatch(cli) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            failure.tell();
            ExitCode::from(failure.code())
        }
    }
}

fn dispatch(cli: Cli) -> Result<(), Failure> {
    match cli.command {
        Command::Pki(command) if !command.online() => pki::run(command),
        Command::Bench(args) if !bench::online(&args) => bench::run(&args),
        Command::Redact(args) => redact::run(&args),
        Command::Compact(args) => compact::run(&args),
        Command::Audit(AuditCommand::Verify(args)) => audit::verify(args),
        Command::Backup(args) => backup::backup(&args),
        Command::Restore(args) => backup::restore(&args),
        Command::Migrate(args) => migrate::run(&args),
        Command::Preview(args) if args.offline => preview::offline(&args),
        Command::Completions(args) => shell::completions(&args),
        Command::Man(args) => shell::man(&args),
        command => {
            let runtime = tokio::runtime::Builder::new_multi_thread()
                .enable_all()
                .build()
                .map_err(|error| Failure::other(format!("the runtime did not start: {error}")))?;
            let done = runtime.block_on(online(command));
            // Everything is written by now; a device that still lets us wait is not waited for.
            runtime.shutdown_timeout(std::time::Duration::from_secs(1));
            done
        }
    }
}

async fn online(command: Command) -> Result<(), Failure> {
    match command {
        Command::Demo(args) => demo::run(&args).await,
        Command::Serve(args) => serve::run(&args).await,
        Command::Submit(args) => submit::run(&args).await,
        Command::Preview(args) => preview::run(&args).await,
        Command::Referrals(args) => referrals::run(&args).await,
        Command::Watch(args) => watch::run(&args).await,
        Command::Answer(args) => questions::answer(args).await,
        Command::Correct(args) => retract::correct(args).await,
        Command::Recall(args) => retract::recall(args).await,
        Command::SubjectAccess(args) => subject::run(args).await,
        Command::Queue(command) => queue::run(command).await,
        Command::Whoami(args) => client::who_am_i(&args).await,
        Command::Admin(command) => admin::run(command).await,
        Command::Audit(command) => audit::run(command).await,
        Command::Pki(command) => pki::online::run(command).await,
        Command::Policy(command) => policy::run(command).await,
        Command::Bench(args) => bench::load(&args).await,
        Command::Redact(_) | Command::Compact(_) | Command::Backup(_) | Command::Restore(_) | Command::Migrate(_) => {
            Ok(())
        }
        Command::Completions(_) | Command::Man(_) => Ok(()),
    }
}

//! What a shell and `man` are told of the command tree: made from the tree itself, so that they cannot fall behind it.

use std::{
    fs,
    io::{self, Write},
    path::{Path, PathBuf},
};

use clap::{Args, Command, CommandFactory};
use clap_complete::{Shell, generate};
use clap_mangen::Man;

use super::{cli::Cli, failure::Failure};

#[derive(Debug, Args)]
pub(super) struct CompletionsArgs {
    /// For which shell.
    #[arg(value_enum)]
    shell: Shell,
}

#[derive(Debug, Args)]
pub(super) struct ManArgs {
    /// Folder for the pages, `homeward.1` and one a command; made where there is none.
    #[arg(value_name = "DIR")]
    dir: PathBuf,
}

/// Prints the completions of a shell.
///
/// # Errors
/// Nobody reads.
pub(super) fn completions(args: &CompletionsArgs) -> Result<(), Failure> {
    let mut text = Vec::new();
    generate(args.shell, &mut Cli::command(), "homeward", &mut text);
    io::stdout().write_all(&text).map_err(|error| Failure::other(error.to_string()))
}

/// Writes a page for the program and for each of its commands.
///
/// # Errors
/// The folder cannot be written.
pub(super) fn man(args: &ManArgs) -> Result<(), Failure> {
    let told = |error: io::Error| Failure::other(format!("{}: {error}", args.dir.display()));
    fs::create_dir_all(&args.dir).map_err(told)?;
    let mut tree = Cli::command();
    tree.build();
    page(&args.dir, &tree).map_err(told)
}

/// The page of a command, and those of the commands below it.
fn page(dir: &Path, command: &Command) -> io::Result<()> {
    let name = command.get_display_name().unwrap_or(command.get_name()).to_owned();
    let mut text = Vec::new();
    // Without a date: the same program makes the same pages.
    Man::new(command.clone()).date("").source("Homeward").render(&mut text)?;
    fs::write(dir.join(format!("{name}.1")), text)?;
    let below = command.get_subcommands().filter(|below| !below.is_hide_set() && below.get_name() != "help");
    below.into_iter().try_for_each(|below| page(dir, below))
}

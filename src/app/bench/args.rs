//! What `homeward bench` is told; the words are what `--help` says.

use std::path::PathBuf;

use clap::{Args, Subcommand};

#[derive(Debug, Args)]
pub(in crate::app) struct BenchArgs {
    #[command(flatten)]
    pub(in crate::app) load: BenchLoadArgs,
    #[command(subcommand)]
    pub(in crate::app) what: Option<BenchCommand>,
}

#[derive(Debug, Args)]
pub(in crate::app) struct BenchLoadArgs {
    /// Time for each measurement, in all its rounds.
    #[arg(long, value_name = "SECONDS", default_value_t = 6.0, value_parser = seconds)]
    pub(in crate::app) seconds: f64,
    /// Callers at the same time.
    #[arg(long, value_name = "N,…", value_delimiter = ',', default_values_t = [1, 16, 64, 256], value_parser = callers)]
    pub(in crate::app) callers: Vec<u16>,
    /// Store at most so many records, fewer where the disk has no room for them (60 KB each).
    #[arg(long, value_name = "N", default_value_t = 200_000, value_parser = clap::value_parser!(u64).range(1..))]
    pub(in crate::app) records: u64,
    /// Print one JSON document.
    #[arg(long)]
    pub(in crate::app) json: bool,
    /// Make the folder here: the disk is the limit. Default: the folder for temporary files.
    #[arg(long, value_name = "DIR")]
    pub(in crate::app) folder: Option<PathBuf>,
    /// Council's profile of a broker that runs already. Not one in service: what is submitted goes to real queues.
    #[arg(long, value_name = "DIR")]
    pub(in crate::app) profile: Option<PathBuf>,
    /// Its officer of MPU.SE; without, nothing is pulled.
    #[arg(long, value_name = "DIR", requires = "profile")]
    pub(in crate::app) officer: Option<PathBuf>,
    /// What is submitted to it, in protobuf JSON. Default: a fictional interview in Lewisham.
    #[arg(long, value_name = "FILE", requires = "profile")]
    pub(in crate::app) submission: Option<PathBuf>,
}

fn seconds(text: &str) -> Result<f64, String> {
    let seconds = text.parse().ok().filter(|seconds| (0.1..=3600.0).contains(seconds));
    seconds.ok_or_else(|| "give a number from 0.1 to 3600".to_owned())
}

fn callers(text: &str) -> Result<u16, String> {
    let callers = text.parse().ok().filter(|callers| (1..=2048).contains(callers));
    callers.ok_or_else(|| "give numbers from 1 to 2048".to_owned())
}

#[derive(Debug, Subcommand)]
pub(in crate::app) enum BenchCommand {
    /// What a submission and a pull cost while more and more is stored. Looks first whether the disk has room.
    Growth(BenchGrowthArgs),
    /// The embedded store, one PostgreSQL under one, two and three brokers, and pgmq in that PostgreSQL, in turn and in one run, beside
    /// the disk and the transport alone.
    Stores(BenchStoresArgs),
    /// The transport alone, for the load generator.
    #[command(hide = true)]
    Echo {
        /// TLS folder.
        folder: PathBuf,
        /// Whose clients are let in.
        trust_domain: String,
    },
    /// The redaction engine: narratives a second, milliseconds for a typical one, and the curve from 1 KB to 10 MB of ordinary
    /// and of hostile text, beside what this machine does with the same text when hardly anything is asked.
    Redact(BenchRedactArgs),
}

#[derive(Debug, Args)]
pub(in crate::app) struct BenchGrowthArgs {
    /// Measure when so many records are stored.
    #[arg(long, value_name = "N,…", value_delimiter = ',', default_values_t = [1_000, 10_000, 100_000], value_parser = clap::value_parser!(u64).range(1..))]
    pub(in crate::app) records: Vec<u64>,
    /// Time for each measurement.
    #[arg(long, value_name = "SECONDS", default_value_t = 5.0, value_parser = seconds)]
    pub(in crate::app) seconds: f64,
    /// Print one JSON document.
    #[arg(long)]
    pub(in crate::app) json: bool,
    /// Make the folder here.
    #[arg(long, value_name = "DIR")]
    pub(in crate::app) folder: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(in crate::app) struct BenchStoresArgs {
    /// An empty database of a PostgreSQL on this machine, which is filled; drop it afterwards.
    #[arg(long, value_name = "URL")]
    pub(in crate::app) database: String,
    /// pgmq.sql, as the package `pgmq` of PyPI has it; without, pgmq is left out. Needs psql and pgbench.
    #[arg(long, value_name = "FILE")]
    pub(in crate::app) pgmq: Option<PathBuf>,
    /// Time for each measurement, in all its rounds.
    #[arg(long, value_name = "SECONDS", default_value_t = 9.0, value_parser = seconds)]
    pub(in crate::app) seconds: f64,
    /// Callers at the same time.
    #[arg(long, value_name = "N,…", value_delimiter = ',', default_values_t = [16, 64], value_parser = callers)]
    pub(in crate::app) callers: Vec<u16>,
    /// Store at most so many records in each store, fewer where the disk has no room for them (60 KB each).
    #[arg(long, value_name = "N", default_value_t = 200_000, value_parser = clap::value_parser!(u64).range(1..))]
    pub(in crate::app) records: u64,
    /// Print one JSON document.
    #[arg(long)]
    pub(in crate::app) json: bool,
    /// Make the folder of the brokers here: the disk is the limit. Default: the folder for temporary files.
    #[arg(long, value_name = "DIR")]
    pub(in crate::app) folder: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(in crate::app) struct BenchRedactArgs {
    /// Narratives as for `homeward redact`. Default: the development corpus.
    #[arg(long, value_name = "FILE")]
    pub(in crate::app) inputs: Option<PathBuf>,
    /// Longest text of the curve, in bytes.
    #[arg(long, value_name = "BYTES", default_value_t = 10_000_000)]
    pub(in crate::app) largest: usize,
    /// Repeat each measurement for about so long, in milliseconds; the fastest run counts.
    #[arg(long, value_name = "MILLISECONDS", default_value_t = 200)]
    pub(in crate::app) each: u64,
    /// Print JSON.
    #[arg(long)]
    pub(in crate::app) json: bool,
    /// Reference data to use in place of the embedded one.
    #[arg(long, value_name = "DIR")]
    pub(in crate::app) policy: Option<PathBuf>,
}

//! The words of `homeward pki`.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

use crate::{app::custody::SecretPlace, domain::certificate::RevocationReason, pki::KeyKind};

#[derive(Debug, Subcommand)]
pub(in crate::app) enum PkiCommand {
    /// Make an offline root, an issuing authority, a server certificate and two administrators in a new folder.
    Init(InitArgs),
    /// Make a key, which stays here, and a request for its certificate, which is sent to an administrator.
    Request {
        /// Identity, `SCHEME/ID/ROLE/NAME`, e.g. gss/E09000023/council_submitter/case-system.
        #[arg(value_name = "IDENTITY")]
        identity: String,
        /// Trust domain of the broker, e.g. pilot.example.
        #[arg(long, value_name = "DOMAIN")]
        trust_domain: String,
        /// New folder for key.pem (0600), request.pem and endpoint.
        #[arg(long, value_name = "DIR")]
        out: PathBuf,
        /// Where the server is.
        #[arg(long, value_name = "URL", default_value = "https://localhost:7443")]
        endpoint: String,
        /// Kind of key.
        #[arg(long, value_name = "KIND", default_value = "p256", value_parser = key_kind)]
        key: KeyKind,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// Sign a request: the certificate for a key that never left its owner.
    Sign {
        #[command(flatten)]
        folder: FolderArgs,
        /// Request in PEM, as `pki request` or openssl makes it; `-` is stdin.
        #[arg(value_name = "REQUEST")]
        request: PathBuf,
        /// Sign only the request with this fingerprint, as its sender read it out.
        #[arg(long, value_name = "HEX")]
        fingerprint: Option<String>,
        /// New folder for cert.pem and ca.pem, both public. With --profile they come from `admin approve`.
        #[arg(long, value_name = "DIR", required_unless_present = "profile")]
        out: Option<PathBuf>,
        /// Days of validity. Default: as long as may be.
        #[arg(long)]
        days: Option<i32>,
        /// Also a server with an Ed25519 key, which many clients cannot verify.
        #[arg(long)]
        allow_ed25519_server: bool,
    },
    /// Issue a client profile, a folder that --profile takes; or the server's next certificate.
    Issue {
        #[command(flatten)]
        folder: FolderArgs,
        /// Identity, `SCHEME/ID/ROLE/NAME`, e.g. gss/E09000023/council_submitter/case-system or met/SE/mpu_officer/p123.
        #[arg(value_name = "IDENTITY", required_unless_present = "server_names")]
        identity: Option<String>,
        /// In place of an identity: a server certificate (30 days) for this DNS name or IP address; may be repeated.
        #[arg(long = "server-name", value_name = "NAME", conflicts_with_all = ["identity", "endpoint", "days"])]
        server_names: Vec<String>,
        /// New folder for the profile.
        #[arg(long, value_name = "DIR")]
        out: PathBuf,
        /// Where the server is.
        #[arg(long, value_name = "URL", default_value = "https://localhost:7443")]
        endpoint: String,
        /// Days of validity, at most 90 unless the folder says otherwise. Default: as long as may be.
        #[arg(long)]
        days: Option<i32>,
    },
    /// Issue the next certificate of a client profile, with a new key, into a new folder. Before it runs out.
    Renew {
        #[command(flatten)]
        folder: FolderArgs,
        /// The profile whose certificate runs out.
        #[arg(id = "renewed", value_name = "RENEWED")]
        profile: PathBuf,
        /// Ask the running daemon, as the profile itself; no authority's folder is needed.
        #[arg(long, conflicts_with = "dir")]
        online: bool,
        /// New folder for the next profile.
        #[arg(long, value_name = "DIR")]
        out: PathBuf,
    },
    /// Revoke a certificate, for good, and write the revocation list anew.
    Revoke {
        #[command(flatten)]
        folder: FolderArgs,
        /// Serial number, as `pki list` shows it, also one that a daemon signed (`pki list --profile` has those); or, with --profile, an
        /// identity (homeward://…): all that it has, also what it renewed since.
        #[arg(value_name = "SERIAL|IDENTITY")]
        serial: String,
        /// Why.
        #[arg(long, value_name = "REASON", value_parser = reason, required_unless_present = "preview")]
        reason: Option<RevocationReason>,
        /// With --profile: show what would break, and change nothing.
        #[arg(long, requires = "profile")]
        preview: bool,
    },
    /// The calendar of certificates: which run out when, by organisation, and which authority signed each.
    List {
        #[command(flatten)]
        folder: FolderArgs,
    },
    /// Put the next issuing authority in place, step by step; nobody else changes anything, for everybody trusts the root.
    Rotate {
        #[command(flatten)]
        folder: FolderArgs,
        /// `prepare`: the root signs the next one. `activate`: it signs from now on, the old one no more. `taint`: what the old
        /// one signed is accepted still, and everybody who has it is told to renew. `revoke`, once everything was renewed:
        /// the root says that the tainted ones are accepted no longer. `prepare-root`: the next root is made, and trusted
        /// beside the old one; then `prepare` with it, and so on. `retire-root`: the old one is trusted no longer.
        #[arg(value_name = "STEP")]
        step: Step,
        /// Folder of the offline root, for `prepare` and `revoke`; new for `prepare-root`. Default: `root` in the authority's folder.
        #[arg(long, value_name = "DIR")]
        root: Option<PathBuf>,
        #[command(flatten)]
        passphrase: PassphraseArgs,
    },
    /// Put a profile into one PKCS#12 file under a password, for browsers and .NET.
    Export {
        /// The profile.
        #[arg(value_name = "PROFILE")]
        profile: PathBuf,
        /// New file, 0600.
        #[arg(long, value_name = "FILE")]
        out: PathBuf,
        /// File (0600) with the password, 12 characters or more; `-` asks for it at the terminal.
        #[arg(long, value_name = "FILE")]
        password_file: SecretPlace,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
}

impl PkiCommand {
    /// True where a running daemon does it.
    pub(in crate::app) fn online(&self) -> bool {
        match self {
            Self::Sign { folder, .. } | Self::List { folder } | Self::Revoke { folder, .. } => folder.profile.is_some(),
            Self::Renew { online, .. } => *online,
            Self::Init(_) | Self::Request { .. } | Self::Issue { .. } | Self::Rotate { .. } | Self::Export { .. } => {
                false
            }
        }
    }
}

impl PkiCommand {
    /// True where `--profile` was given to what only the folder can do.
    pub(super) fn names_a_daemon_in_vain(&self) -> bool {
        match self {
            Self::Issue { folder, .. } | Self::Rotate { folder, .. } | Self::Renew { folder, .. } => {
                folder.profile.is_some()
            }
            Self::Init(_) | Self::Request { .. } | Self::Export { .. } => false,
            Self::Sign { .. } | Self::List { .. } | Self::Revoke { .. } => false,
        }
    }
}

/// A step of a rotation.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(in crate::app) enum Step {
    /// The root signs the next issuing authority.
    Prepare,
    /// The next one signs from now on.
    Activate,
    /// What the old ones signed is accepted still, and to be renewed.
    Taint,
    /// The tainted ones are accepted no longer.
    Revoke,
    /// The next root is trusted beside the old one.
    PrepareRoot,
    /// The old root is trusted no longer.
    RetireRoot,
}

/// An authority's folder.
#[derive(Debug, Args)]
pub(in crate::app) struct FolderArgs {
    /// The authority's folder.
    #[arg(long, value_name = "DIR", default_value = "certs")]
    pub(super) dir: PathBuf,
    /// Speak to a running daemon instead, with this administrator's profile (sign, list, revoke).
    #[arg(long, value_name = "PROFILE", conflicts_with = "dir")]
    pub(super) profile: Option<PathBuf>,
    /// Print JSON, one certificate a line.
    #[arg(long)]
    pub(super) json: bool,
}

#[derive(Debug, Args)]
pub(in crate::app) struct InitArgs {
    /// Folder to make or fill; keys are written 0600 and never overwritten.
    #[arg(long, value_name = "DIR", default_value = "certs")]
    pub(super) dir: PathBuf,
    /// Trust domain, the authority part of every identity, e.g. pilot.example.
    #[arg(long, value_name = "DOMAIN")]
    pub(super) trust_domain: String,
    /// DNS name or IP address under which clients find the server; may be repeated. Default: this machine.
    #[arg(long = "server-name", value_name = "NAME")]
    pub(super) server_names: Vec<String>,
    /// Where the server is, for the administrators' profiles.
    #[arg(long, value_name = "URL", default_value = "https://localhost:7443")]
    pub(super) endpoint: String,
    /// New folder for the offline root. Default: `root` in the authority's folder, to be moved away.
    #[arg(long, value_name = "DIR")]
    pub(super) root: Option<PathBuf>,
    #[command(flatten)]
    pub(super) passphrase: PassphraseArgs,
    /// Longest validity of a client's certificate, in days.
    #[arg(long, value_name = "DAYS", default_value_t = 90)]
    pub(super) client_days: i32,
    /// Longest validity of a server's certificate, in days.
    #[arg(long, value_name = "DAYS", default_value_t = 30)]
    pub(super) server_days: i32,
    /// Validity of an issuing authority, in days: nothing that it signs lasts longer.
    #[arg(long, value_name = "DAYS", default_value_t = 730)]
    pub(super) authority_days: i32,
    /// Days until the issuing authority's next revocation list is promised.
    #[arg(long, value_name = "DAYS", default_value_t = 7)]
    pub(super) revocation_list_days: i32,
    /// Validity of a root, in days.
    #[arg(long, value_name = "DAYS", default_value_t = 3650)]
    pub(super) root_days: i32,
    /// Days until the root's next revocation list is promised: it must be fetched from where it is kept by then.
    #[arg(long, value_name = "DAYS", default_value_t = 400)]
    pub(super) root_list_days: i32,
    /// Print JSON.
    #[arg(long)]
    pub(super) json: bool,
}

/// Where the root's passphrase comes from; never the command line itself, which others can read.
#[derive(Debug, Args)]
pub(in crate::app) struct PassphraseArgs {
    /// File (0600) with the passphrase of the root's key, 12 characters or more; `-` asks for it at the terminal. Or set
    /// HOMEWARD_ROOT_PASSPHRASE. Default: `init` makes one and writes it beside the key.
    #[arg(long, value_name = "FILE")]
    pub(super) root_passphrase_file: Option<SecretPlace>,
}

fn key_kind(text: &str) -> Result<KeyKind, String> {
    KeyKind::from_code(text).ok_or_else(|| format!("one of {}", codes(KeyKind::ALL)))
}

fn reason(text: &str) -> Result<RevocationReason, String> {
    let code = text.replace('-', "_");
    RevocationReason::from_code(&code).ok_or_else(|| format!("one of {}", codes(RevocationReason::ALL)))
}

fn codes<T: std::fmt::Display>(all: &[T]) -> String {
    all.iter().map(T::to_string).collect::<Vec<_>>().join(", ")
}

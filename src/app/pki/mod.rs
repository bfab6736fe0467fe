//! `homeward pki`: an offline root, an issuing authority, certificates and their calendar.

mod calendar;
mod command;
pub(super) mod online;
mod passphrase;
mod rotate;

use std::path::Path;

use serde_json::{Value, json};

use super::{client, failure::Failure, print};
use crate::{
    domain::{
        certificate::RevocationReason,
        identity::{Identity, TrustDomain},
    },
    pki::{self, Days, Entry, Issue, KeyKind, Limits, PkiError, Plan, Request, Tools},
    platform::{SystemClock, SystemEntropy},
};
pub(super) use command::PkiCommand;
use command::{FolderArgs, InitArgs};

pub(super) fn run(command: PkiCommand) -> Result<(), Failure> {
    if command.names_a_daemon_in_vain() {
        return Err(Failure::usage("this is done with the authority's folder: leave out --profile"));
    }
    let entropy = SystemEntropy::new();
    let tools = Tools { clock: &SystemClock, entropy: &entropy };
    match command {
        PkiCommand::Init(args) => init(&args, tools),
        PkiCommand::Request { identity, trust_domain, out, endpoint, key, json } => {
            request(&Wanted { identity, trust_domain, endpoint, key }, &out, json)
        }
        PkiCommand::Sign { folder, request, fingerprint, out, days, allow_ed25519_server } => {
            let days = Days { wanted: days, ed25519_server: allow_ed25519_server, ..Days::default() };
            let request = Sought { file: &request, fingerprint: fingerprint.as_deref() };
            let out = out.ok_or_else(|| Failure::usage("--out is needed"))?;
            sign(&folder, &request, &out, days, tools)
        }
        PkiCommand::Issue { folder, identity, server_names, out, endpoint, days } => {
            let made = match identity {
                Some(identity) => issue(&folder.dir, &identity, (&out, &endpoint), days, tools)?,
                None => pki::issue_server(&folder.dir, &out, &server_names, tools).map_err(failed)?,
            };
            tell_issued(&made, server_names.is_empty(), folder.json);
            Ok(())
        }
        PkiCommand::Renew { folder, profile, out, .. } => {
            let made = pki::renew(&folder.dir, &profile, &out, tools).map_err(failed)?;
            tell_issued(&made, true, folder.json);
            Ok(())
        }
        PkiCommand::Revoke { folder, serial, reason, .. } => {
            let reason = reason.ok_or_else(|| Failure::usage("--reason is needed"))?;
            if online::is_identity(&serial) {
                return Err(Failure::usage("an identity is revoked through the daemon, with --profile")
                    .advise("or give each of its serial numbers: homeward pki list --dir DIR has those that this folder issued, homeward pki list --profile ADMINISTRATOR all of them"));
            }
            revoke(&folder, &serial, reason, tools)
        }
        PkiCommand::List { folder } => calendar::list(&folder, tools),
        PkiCommand::Rotate { folder, step, root, passphrase } => {
            let passphrase = passphrase::of_root(&passphrase)?;
            let root = root.unwrap_or_else(|| folder.dir.join("root"));
            rotate::rotate(&folder, step, (&root, passphrase.as_ref()), tools)
        }
        PkiCommand::Export { profile, out, password_file, json } => {
            let password = password_file.passphrase("Password of the new file: ")?;
            pki::export(&profile, &out, &password).map_err(failed)?;
            let text = format!("{} holds certificate, chain and key; the password goes another way", out.display());
            print::line(&if json { json!({ "file": out.display().to_string() }).to_string() } else { text });
            Ok(())
        }
    }
}

fn init(args: &InitArgs, tools: Tools<'_>) -> Result<(), Failure> {
    let trust_domain = TrustDomain::parse(&args.trust_domain).map_err(|error| Failure::usage(error.to_string()))?;
    let passphrase = passphrase::of_root(&args.passphrase)?;
    let limits = Limits {
        client_days: args.client_days,
        server_days: args.server_days,
        authority_days: args.authority_days,
        revocation_list_days: args.revocation_list_days,
        root_days: args.root_days,
        root_list_days: args.root_list_days,
    };
    let plan = Plan {
        trust_domain: &trust_domain,
        server_names: &args.server_names,
        endpoint: &args.endpoint,
        root: args.root.as_deref(),
        passphrase: passphrase.as_ref(),
        limits,
    };
    let made = pki::init_with(&args.dir, &plan, tools).map_err(failed)?;
    let (server, root) = (made.server_folder.display().to_string(), made.root_folder.display().to_string());
    let passphrase_file = made.passphrase_file.as_ref().map(|file| file.display().to_string());
    let administrators: Vec<_> = made.administrators.iter().map(|one| one.folder.display().to_string()).collect();
    if args.json {
        let told = json!({
            "root": entry(&made.root), "root_folder": root, "passphrase_file": passphrase_file,
            "authority": entry(&made.authority), "server": entry(&made.server), "folder": server,
            "administrators": administrators,
        });
        print::line(&told.to_string());
        return Ok(());
    }
    print::line(&format!("root of {trust_domain} until {} in {root}", made.root.not_after));
    print::line(&format!("issuing authority until {}", made.authority.not_after));
    print::line(&format!("server certificate until {} in {server}", made.server.not_after));
    print::line(&format!("two certificate administrators: {}", administrators.join(" ")));
    match passphrase_file {
        Some(file) => {
            print::line(&format!("MOVE {root} OFFLINE NOW, and {file} to another place than the key it opens"))
        }
        None => print::line(&format!("MOVE {root} OFFLINE NOW: whoever has it and its passphrase can be anyone")),
    }
    let dir = args.dir.display();
    print::line(&format!(
        "next: homeward pki issue --dir {dir} gss/E09000023/council_submitter/case-system --out profiles/lewisham"
    ));
    Ok(())
}

/// What a request is for.
struct Wanted {
    identity: String,
    trust_domain: String,
    endpoint: String,
    key: KeyKind,
}

fn request(wanted: &Wanted, out: &Path, json: bool) -> Result<(), Failure> {
    let domain = TrustDomain::parse(&wanted.trust_domain).map_err(|error| Failure::usage(error.to_string()))?;
    let identity = identity(&wanted.identity, &domain)?;
    let made = pki::request(out, &identity, wanted.key, &wanted.endpoint).map_err(failed)?;
    let folder = made.folder.display();
    if json {
        let told =
            json!({ "identity": identity.as_str(), "folder": folder.to_string(), "fingerprint": made.fingerprint });
        print::line(&told.to_string());
        return Ok(());
    }
    print::line(&format!("{identity}"));
    print::line(&format!("fingerprint {}", made.fingerprint));
    print::line(&format!("next: send {folder}/request.pem to a certificate administrator and read the fingerprint to"));
    print::line("another one over the telephone; key.pem stays where it is");
    Ok(())
}

/// Which request is to be signed.
struct Sought<'a> {
    file: &'a Path,
    fingerprint: Option<&'a str>,
}

fn sign(folder: &FolderArgs, request: &Sought<'_>, out: &Path, days: Days, tools: Tools<'_>) -> Result<(), Failure> {
    let text = client::read(request.file)?;
    let domain = pki::trust_domain(&folder.dir).map_err(failed)?;
    let read = Request::read(text.as_bytes(), &domain).map_err(failed)?;
    if let Some(wrong) = request.fingerprint.filter(|wanted| !same_fingerprint(wanted, read.fingerprint())) {
        return Err(Failure::bad_data(format!("the request's fingerprint is {}, not {wrong}", read.fingerprint()))
            .advise("it was changed on its way, or is another one: do not sign it"));
    }
    let made = pki::sign(&folder.dir, text.as_bytes(), out, days, tools).map_err(failed)?;
    if folder.json {
        tell_issued(&made, true, true);
        return Ok(());
    }
    let out = out.display();
    print::line(&format!("{} until {}", made.certificate.holder, made.certificate.not_after));
    print::line(&format!("next: send {out}/cert.pem and {out}/ca.pem back; they go beside the key, and are public"));
    Ok(())
}

/// Fingerprints are read out in groups, in either case.
fn same_fingerprint(said: &str, ours: &str) -> bool {
    let digits: String = said.chars().filter(char::is_ascii_alphanumeric).collect();
    digits.eq_ignore_ascii_case(ours)
}

fn issue(
    dir: &Path,
    path: &str,
    (out, endpoint): (&Path, &str),
    days: Option<i32>,
    tools: Tools<'_>,
) -> Result<pki::Issued, Failure> {
    let identity = identity(path, &pki::trust_domain(dir).map_err(failed)?)?;
    let days = match days {
        Some(days) => days,
        None => Limits::of(dir).map_err(failed)?.client_days,
    };
    pki::issue(dir, &Issue { identity: &identity, endpoint, out, days }, tools).map_err(failed)
}

fn revoke(folder: &FolderArgs, serial: &str, reason: RevocationReason, tools: Tools<'_>) -> Result<(), Failure> {
    let revoked = pki::revoke(&folder.dir, serial, reason, tools).map_err(failed)?;
    if folder.json {
        let mut told = revoked.as_ref().map_or_else(|| json!({ "serial": serial, "holder": "" }), entry);
        told["reason"] = Value::from(reason.code());
        print::line(&told.to_string());
        return Ok(());
    }
    match revoked {
        Some(known) => print::line(&format!("revoked {serial} of {}: {reason}", known.holder)),
        None => {
            print::line(&format!("revoked {serial}, which this folder did not issue: {reason}"));
            print::line(
                "a daemon signed it, if anybody did: its line of the ledger, REVOKE_CERTIFICATE, says whose it was",
            );
        }
    }
    print::line(&format!("next: give {}/crl.pem to whoever verifies", folder.dir.display()));
    Ok(())
}

fn tell_issued(made: &pki::Issued, client: bool, json: bool) {
    let folder = made.folder.display().to_string();
    if json {
        let mut value = entry(&made.certificate);
        value["folder"] = Value::from(folder);
        print::line(&value.to_string());
        return;
    }
    print::line(&format!("{} until {}", made.certificate.holder, made.certificate.not_after));
    if client {
        print::line(&format!("profile {folder}: use it with --profile {folder}"));
        print::line("next: give this identity a grant in the daemon's grants file");
    } else {
        print::line(&format!("next: name {folder} under [tls] in the daemon's configuration and restart it"));
    }
}

/// Writes the certificate and the trust bundle of an answer beside the key, or into a new folder.
pub(super) fn deliver(out: &Path, enrolled: &Value) -> Result<(), Failure> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let (chain, bundle) = (text(&enrolled["certificate"]["chain"]), text(&enrolled["trust_bundle"]));
    pki::deliver(out, &chain, &bundle).map_err(failed)
}

/// An identity below a trust domain.
fn identity(path: &str, domain: &TrustDomain) -> Result<Identity, Failure> {
    Identity::parse(&format!("homeward://{domain}/{path}"), domain).map_err(|error| Failure::usage(error.to_string()))
}

fn entry(entry: &Entry) -> Value {
    json!({
        "serial": entry.serial,
        "holder": entry.holder,
        "not_before": entry.not_before.to_string(),
        "not_after": entry.not_after.to_string(),
        "issuer": entry.issuer,
    })
}

fn failed(error: PkiError) -> Failure {
    match error {
        PkiError::Identity(_)
        | PkiError::ServerName(_)
        | PkiError::Days { .. }
        | PkiError::Limits
        | PkiError::Serial
        | PkiError::Passphrase
        | PkiError::Endpoint => Failure::usage(error.to_string()),
        PkiError::Damaged { .. }
        | PkiError::Request(_)
        | PkiError::WrongPassphrase
        | PkiError::Revoked
        | PkiError::NothingReplaced
        | PkiError::NothingTainted
        | PkiError::UnknownRoot
        | PkiError::RootPrepared
        | PkiError::RootInUse
        | PkiError::NextInUse
        | PkiError::NothingToRetire
        | PkiError::HalfActivated
        | PkiError::NotRenewable => Failure::bad_data(error.to_string()),
        PkiError::File(_)
        | PkiError::Entropy(_)
        | PkiError::Key
        | PkiError::Export
        | PkiError::AuthorityEnded
        | PkiError::AuthorityTainted
        | PkiError::Certificate(_) => Failure::other(error.to_string()),
    }
}

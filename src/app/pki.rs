//! `homeward pki`: an authority, a server certificate, client profiles.

use std::path::Path;

use serde_json::{Value, json};

use super::{cli::PkiCommand, failure::Failure, print};
use crate::{
    domain::identity::{Identity, TrustDomain},
    pki::{self, Entry, Issue, PkiError, Tools},
    platform::{SystemClock, SystemEntropy},
};

pub(super) fn run(command: PkiCommand) -> Result<(), Failure> {
    match command {
        PkiCommand::Init { dir, trust_domain, server_names, json } => init(&dir, &trust_domain, &server_names, json),
        PkiCommand::Issue { dir, identity, server_names, out, endpoint, days, json } => {
            let made = match identity {
                Some(identity) => issue(&dir, &identity, &out, &endpoint, days)?,
                None => issue_server(&dir, &server_names, &out)?,
            };
            tell_issued(&made, server_names.is_empty(), json);
            Ok(())
        }
        PkiCommand::List { dir, json } => list(&dir, json),
    }
}

fn init(dir: &Path, trust_domain: &str, server_names: &[String], json: bool) -> Result<(), Failure> {
    let domain = TrustDomain::parse(trust_domain).map_err(|error| Failure::usage(error.to_string()))?;
    let entropy = SystemEntropy::new();
    let tools = Tools { clock: &SystemClock, entropy: &entropy };
    let made = pki::init(dir, &domain, server_names, tools).map_err(failed)?;
    let server = made.server_folder.display().to_string();
    if json {
        print::line(
            &json!({ "authority": entry(&made.authority), "server": entry(&made.server), "folder": server })
                .to_string(),
        );
    } else {
        print::line(&format!("authority of {domain} until {}", made.authority.not_after));
        print::line(&format!("server certificate until {} in {server}", made.server.not_after));
        print::line(&format!(
            "next: homeward pki issue --dir {} gss/E09000023/council_submitter/case-system --out profiles/lewisham",
            dir.display()
        ));
    }
    Ok(())
}

fn issue(dir: &Path, identity: &str, out: &Path, endpoint: &str, days: i32) -> Result<pki::Issued, Failure> {
    let domain = pki::trust_domain(dir).map_err(failed)?;
    let uri = format!("homeward://{domain}/{identity}");
    let identity = Identity::parse(&uri, &domain).map_err(|error| Failure::usage(error.to_string()))?;
    let entropy = SystemEntropy::new();
    let tools = Tools { clock: &SystemClock, entropy: &entropy };
    pki::issue(dir, &Issue { identity: &identity, endpoint, out, days }, tools).map_err(failed)
}

fn issue_server(dir: &Path, server_names: &[String], out: &Path) -> Result<pki::Issued, Failure> {
    let entropy = SystemEntropy::new();
    let tools = Tools { clock: &SystemClock, entropy: &entropy };
    pki::issue_server(dir, out, server_names, tools).map_err(failed)
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

fn list(dir: &Path, json: bool) -> Result<(), Failure> {
    for certificate in pki::list(dir).map_err(failed)? {
        let text = format!("{}  {}  {}", certificate.not_after, certificate.serial, certificate.holder);
        print::line(&if json { entry(&certificate).to_string() } else { text });
    }
    Ok(())
}

fn entry(entry: &Entry) -> Value {
    json!({
        "serial": entry.serial,
        "holder": entry.holder,
        "not_before": entry.not_before.to_string(),
        "not_after": entry.not_after.to_string(),
    })
}

fn failed(error: PkiError) -> Failure {
    match error {
        PkiError::Identity(_) | PkiError::ServerName(_) | PkiError::Days { .. } | PkiError::Endpoint => {
            Failure::usage(error.to_string())
        }
        PkiError::Damaged { .. } => Failure::bad_data(error.to_string()),
        PkiError::File(_) | PkiError::Entropy(_) | PkiError::Certificate(_) => Failure::other(error.to_string()),
    }
}

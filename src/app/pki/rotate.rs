//! `homeward pki rotate`: the next issuing authority, step by step.

use std::path::Path;

use serde_json::{Value, json};

use super::{
    command::{FolderArgs, Step},
    entry, failed,
};
use crate::{
    app::{failure::Failure, print},
    pki::{
        Passphrase, Tools, next_root,
        rotation::{self, Replaced},
    },
};

pub(super) fn rotate(
    folder: &FolderArgs,
    step: Step,
    (root, passphrase): (&Path, Option<&Passphrase>),
    tools: Tools<'_>,
) -> Result<(), Failure> {
    let dir = &folder.dir;
    let (told, lines) = match step {
        Step::Prepare => {
            let next = rotation::prepare(dir, root, passphrase, tools).map_err(failed)?;
            let until = format!("the next issuing authority is ready, until {}", next.not_after);
            (entry(&next), vec![until, "next: homeward pki rotate activate".to_owned()])
        }
        Step::Activate => {
            let old = rotation::activate(dir, tools).map_err(failed)?.display().to_string();
            let kept = format!("the new issuing authority signs from now on; the old one is in {old}");
            let next =
                "next: homeward pki rotate taint, and whoever has a certificate of the old one is told to renew it";
            (json!({ "old": old }), vec![kept, next.to_owned()])
        }
        Step::Taint => {
            let tainted = rotation::taint(dir, tools).map_err(failed)?;
            let mut lines: Vec<_> = tainted.iter().map(tainted_line).collect();
            lines.push(
                "those that a daemon signed are in its own list: homeward pki list --profile ADMINISTRATOR".into(),
            );
            lines.push("next, when everything was renewed: homeward pki rotate revoke".into());
            (json!({ "tainted": each(&tainted) }), lines)
        }
        Step::Revoke => {
            let revoked = rotation::revoke(dir, root, passphrase, tools).map_err(failed)?;
            let mut lines: Vec<_> = revoked.iter().map(revoked_line).collect();
            lines.push(format!("next: put {}/root-crl.pem where revocation lists are read", dir.display()));
            (json!({ "revoked": each(&revoked) }), lines)
        }
        Step::PrepareRoot => prepare_root(dir, (root, passphrase), tools)?,
        Step::RetireRoot => retire_root(dir)?,
    };
    if folder.json {
        print::line(&told.to_string());
    } else {
        lines.iter().for_each(|line| print::line(line));
    }
    Ok(())
}

/// What is told, as JSON and in lines.
type Told = (Value, Vec<String>);

fn prepare_root(
    dir: &Path,
    (root, passphrase): (&Path, Option<&Passphrase>),
    tools: Tools<'_>,
) -> Result<Told, Failure> {
    let next_root::NextRoot { root: made, passphrase_file } =
        next_root::prepare(dir, root, passphrase, tools).map_err(failed)?;
    let (place, until) = (root.display(), made.not_after);
    let mut lines = vec![format!("the next root is in {place}, until {until}; it is trusted beside the old one")];
    let file = passphrase_file.map(|file| file.display().to_string());
    if let Some(file) = &file {
        lines.push(format!("MOVE {place} OFFLINE NOW, and {file} to another place than the key it opens"));
    }
    lines.push(other_servers(dir));
    lines.push(format!(
        "then, when everybody has renewed or fetched the trust bundle: homeward pki rotate prepare --root {place}"
    ));
    Ok((json!({ "root": entry(&made), "passphrase_file": file }), lines))
}

fn retire_root(dir: &Path) -> Result<Told, Failure> {
    let gone = next_root::retire(dir).map_err(failed)?;
    let mut lines: Vec<_> = gone.iter().map(|serial| format!("trusted no longer {serial}")).collect();
    lines.push(other_servers(dir));
    Ok((json!({ "retired": gone }), lines))
}

fn other_servers(dir: &Path) -> String {
    format!(
        "next: put {}/ca.pem in the place of ca.pem in every folder of a server that is not in there",
        dir.display()
    )
}

fn each(authorities: &[Replaced]) -> Vec<Value> {
    authorities.iter().map(|one| json!({ "serial": one.serial, "good_certificates": one.good })).collect()
}

fn tainted_line(one: &Replaced) -> String {
    format!("tainted {}: {} certificates of it in this folder are good, and to be renewed", one.serial, one.good)
}

fn revoked_line(one: &Replaced) -> String {
    format!("accepted no longer {}, nor {} certificates of it in this folder", one.serial, one.good)
}

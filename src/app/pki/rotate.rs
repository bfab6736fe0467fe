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
        Passphrase, Tools,
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
    };
    if folder.json {
        print::line(&told.to_string());
    } else {
        lines.iter().for_each(|line| print::line(line));
    }
    Ok(())
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

//! `homeward restore`: a store made again from a backup, verified whole before it is put in its place.

use std::{
    fs, io,
    os::unix::fs::{MetadataExt, PermissionsExt, lchown},
    path::{Path, PathBuf},
    sync::Arc,
};

use serde_json::json;

use super::folder::Folder;
use crate::{
    app::{
        audit,
        beside::{self, FileBeside},
        config::{Config, Engine},
        custody,
        examining::{Teller, Where},
        failure::Failure,
        print,
        progress::Progress,
        wiring,
    },
    broker::{
        BackupSet, Beside, Later, Manifest, is_of_another, later_than, lists_since, restored_entry, stated_lines,
    },
    ledger::{Checkpoint, VerifierKey},
    pki,
    platform::{Clock, Entropy, SystemClock, SystemEntropy},
    sealing::BackupKey,
};

#[derive(Debug, clap::Args)]
pub(in crate::app) struct RestoreArgs {
    /// Folder of the backup.
    #[arg(value_name = "FOLDER")]
    folder: PathBuf,
    /// Configuration of the daemon, which must not be running: it says where the store is to stand, and where its key is.
    #[arg(long, value_name = "FILE")]
    config: PathBuf,
    /// A checkpoint or a receipt that somebody kept: a backup that does not hold its ledger is refused, with what it lacks.
    #[arg(long, value_name = "FILE", requires = "key")]
    at_least: Option<PathBuf>,
    /// The ledger's public key, or a file that holds it.
    #[arg(long, value_name = "KEY|FILE", env = "HOMEWARD_LEDGER_KEY")]
    key: Option<String>,
    /// What was revoked since the backup, where the list beside the store is lost: a revocation list (PEM), or serial numbers, a line
    /// each.
    #[arg(long, value_name = "FILE", conflicts_with = "nothing_revoked_since")]
    revoked: Option<PathBuf>,
    /// States that nothing was revoked since the backup, where the list beside the store is lost.
    #[arg(long)]
    nothing_revoked_since: bool,
    /// States that what came after the backup is given up, where the list beside the store knows of a later backup or of later entries
    /// of the ledger.
    #[arg(long)]
    give_up_later: bool,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

/// Restores.
pub(in crate::app) fn restore(args: &RestoreArgs) -> Result<(), Failure> {
    let config = Config::load(&args.config)?;
    let key = args.key.clone().map(audit::key_of).transpose()?;
    let at_least = args.at_least.as_deref().zip(key.as_ref());
    let at_least = at_least.map(|(file, key)| audit::kept_checkpoint(file, key)).transpose()?;
    let backup = Backup::open(args, &config)?;
    if let Some(key) = &key {
        backup.is_signed(key)?;
    }
    let store = &config.store.path;
    let list = beside::path(store);
    let lines = FileBeside(list.clone()).lines();
    let lines = lines.map_err(|error| {
        Failure::bad_data(format!("{}: {error}", list.display())).advise(
            "the list beside the store cannot be read: make it readable, or put it aside and state what was revoked",
        )
    })?;
    let foreign = is_of_another(&lines, &backup.set, &backup.manifest);
    let lines = if foreign { Vec::new() } else { lines };
    let later = later_than(&lines, &backup.set, &backup.manifest);
    // Entries that no later backup has are lost with the newest one too, and are told; a later backup is to be taken instead.
    if let Some(later) = later.as_ref().filter(|later| later.backup.is_some() && !args.give_up_later) {
        return Err(rolled_back(later, &backup.manifest, &list));
    }
    let since = Since::of(args, &backup, &list, &lines)?;
    let mut restoring = wiring::restoring(&config)?;
    let progress = Progress::new(backup.manifest.parts.len() as u64);
    progress.says("restoring");
    for (number, name) in (1_usize..).zip(&backup.manifest.parts) {
        restoring.take(&backup.part(number, name)?).map_err(|error| Failure::bad_data(error.to_string()))?;
        progress.step();
    }
    drop(progress);
    let entry = restored_entry(SystemClock.now(), &backup.set, &backup.manifest, since.word(), later.as_ref());
    let there = match config.store.engine {
        Engine::Sled => Where::Folder(store),
        Engine::Postgres => Where::Database,
    };
    let mut teller = Teller::new(there, args.json, "verifying what was restored");
    let wanted = at_least.as_ref().map(|checkpoint| checkpoint.size);
    let finished = restoring.finish(&backup.manifest.copied, at_least, &entry, &mut teller);
    drop(teller);
    let restored = finished.map_err(|error| refused(error.to_string(), &backup.manifest, wanted))?;
    // Killed before the store is there, nobody is let in; killed after, whoever was revoked is known.
    since.keep(store, foreign)?;
    restored.put().map_err(|error| Failure::unavailable(format!("{there}: {error}")))?;
    told(args, &backup.manifest, &since, later.as_ref());
    Ok(())
}

/// How it is known what was revoked since the backup.
enum Since {
    /// The list beside the store goes on from the backup; so many lines.
    Beside(usize),
    /// These serial numbers were, as whoever restores states.
    Stated(Vec<String>),
    /// Nothing was, as whoever restores states.
    Nothing,
}

impl Since {
    fn of(args: &RestoreArgs, backup: &Backup, list: &Path, lines: &[String]) -> Result<Self, Failure> {
        if let Some(file) = &args.revoked {
            let about = |error: io::Error| Failure::bad_data(format!("{}: {error}", file.display()));
            let bytes = fs::read(file).map_err(about)?;
            let serials = pki::revoked_serials(&bytes);
            let unreadable = || {
                Failure::bad_data(format!(
                    "{}: neither a revocation list in PEM nor serial numbers, a line each",
                    file.display()
                ))
            };
            return serials.map(Self::Stated).ok_or_else(unreadable);
        }
        if args.nothing_revoked_since {
            return Ok(Self::Nothing);
        }
        if lists_since(lines, &backup.set, &backup.manifest) {
            return Ok(Self::Beside(lines.len()));
        }
        let taken = backup.manifest.taken;
        Err(Failure::bad_data(format!(
            "RESTORED_REVOCATIONS: whoever was revoked since {taken} would be let in again: {} is not there, is older than the backup, or is of another store",
            list.display()
        ))
        .advise("put that file back where it was beside the store; else say what was revoked since, with --revoked FILE: a list that `homeward admin crl` fetched since, or serial numbers")
        .advise("only if nothing was: --nothing-revoked-since"))
    }

    fn word(&self) -> &'static str {
        match self {
            Self::Beside(_) => "beside",
            Self::Stated(_) => "stated",
            Self::Nothing => "none_stated",
        }
    }

    /// Writes down what was stated, where the daemon finds it, durably; not into the list of another store, which is put out of the way
    /// here as the daemon would put it, or what was stated would go with it.
    fn keep(&self, store: &Path, foreign: bool) -> Result<(), Failure> {
        let Self::Stated(serials) = self else { return Ok(()) };
        let list = beside::path(store);
        let file = FileBeside(list.clone());
        let ready = if foreign { file.put_aside() } else { Ok(()) };
        let kept = ready.and_then(|()| file.add(&stated_lines(serials))).and_then(|()| {
            // Beside a database there may be no folder yet: then as what it is to lie in.
            let like = fs::metadata(store).or_else(|_| fs::metadata(store.parent().unwrap_or(Path::new("."))))?;
            fs::set_permissions(&list, fs::Permissions::from_mode(0o600))?;
            lchown(&list, Some(like.uid()), Some(like.gid()))?;
            fs::File::open(&list)?.sync_all()
        });
        kept.map_err(|error| {
            Failure::other(format!(
                "{}: {error}; what was revoked since is not written down, and nothing was put in the store's place",
                list.display()
            ))
        })
    }
}

fn told(args: &RestoreArgs, manifest: &Manifest, since: &Since, later: Option<&Later>) {
    let (taken, copied) = (manifest.taken, &manifest.copied);
    if args.json {
        let mut told = json!({"taken": taken.to_string(), "records": copied.records, "entries": copied.head.size});
        if let Some((first, last)) = later.and_then(|later| later.missing(copied.head.size)) {
            told["missing_entries"] = json!([first, last]);
        }
        print::line(&told.to_string());
        return;
    }
    print::line(&format!("restored: {} records and {} entries, as of {taken}", copied.records, copied.head.size));
    print::line(&match since {
        Since::Beside(lines) => {
            format!("revoked since: the {lines} lines beside the store are taken over when the daemon starts")
        }
        Since::Stated(serials) => {
            format!("revoked since: {} serial numbers, as stated; taken over when the daemon starts", serials.len())
        }
        Since::Nothing => "revoked since: nothing, as stated".to_owned(),
    });
    for words in later.into_iter().flat_map(|later| came_later(later, manifest.copied.head.size)) {
        let how = if args.give_up_later { "given up, as stated" } else { "lost, for no later backup is known" };
        print::line(&format!("{how}: {words}"));
    }
    print::line("tell senders: what they submitted since, they repeat with the same request ids");
    print::line("tell officers: outcomes given since are given again; tell custodians: erasures since, too");
}

/// What the list beside the store knows to have come after a backup of so many entries.
fn came_later(later: &Later, kept: u64) -> Vec<String> {
    let backup = later.backup.iter().map(|(set, taken)| format!("a later backup was taken at {taken} (set {set})"));
    let missing = later.missing(kept).map(|(first, last)| format!("entries {first} to {last} of the ledger at least"));
    backup.chain(missing).collect()
}

/// Why an older backup is not restored by itself.
fn rolled_back(later: &Later, manifest: &Manifest, list: &Path) -> Failure {
    let (size, taken) = (manifest.copied.head.size, manifest.taken);
    let failure = Failure::bad_data(format!(
        "RESTORE_WOULD_ROLL_BACK: the backup is as of {taken} and has {size} entries, and more came after it: {}, as {} says; nothing was put in the store's place",
        came_later(later, size).join("; "),
        list.display()
    ));
    failure
        .advise("restore the newest backup that can be read: the first line of its folder's file `set` and the times above say which it is")
        .advise("only where there is none, and what is missing is lost: --give-up-later; the ledger says that you stated it")
}

/// Why it is not put in its place.
fn refused(words: String, manifest: &Manifest, wanted: Option<u64>) -> Failure {
    let size = manifest.copied.head.size;
    let failure = Failure::bad_data(format!("the backup is refused: {words}; nothing was put in the store's place"));
    match wanted {
        Some(wanted) if wanted > size => failure
            .advise(format!("its ledger ends before entry {size}; entries {size} to {} are missing", wanted - 1))
            .advise(
                "restore a later backup; without --at-least this one is restored as it is, and what is missing is lost",
            ),
        _ => failure.advise("restore another backup"),
    }
}

/// A backup that is whole, as far as its manifest says.
struct Backup {
    folder: Folder,
    set: String,
    key: BackupKey,
    manifest: Manifest,
}

impl Backup {
    fn open(args: &RestoreArgs, config: &Config) -> Result<Self, Failure> {
        let about = |words: String| Failure::bad_data(format!("{}: {words}", args.folder.display()));
        let folder = Folder::at(&args.folder);
        let file = |name: &str| folder.file(name).map_err(|error| about(error.to_string()));
        let set = file("set")?.ok_or_else(|| about("there is no backup here".into()))?;
        let set = String::from_utf8(set).ok().and_then(|text| BackupSet::read(&text));
        let set = set.ok_or_else(|| about("the file `set` cannot be read".into()))?;
        let manifest = file("manifest")?.ok_or_else(|| {
            about("the backup was never finished: it has no manifest".into())
                .advise("run `homeward backup` again while the daemon still serves; else take an earlier one")
        })?;
        let entropy: Arc<dyn Entropy> = Arc::new(SystemEntropy::new());
        let custody = custody::there_already(config, &entropy)?;
        let key = set.key(&custody).map_err(|error| {
            about(format!("its key does not open: {error}"))
                .advise("configure the key outside the store that was in use when the backup was taken, under [[keys.previous]] where another is in use now")
        })?;
        let manifest = Manifest::open(&manifest, &key).ok_or_else(|| {
            about("the manifest is not of this set, or has changed".into()).advise("restore another backup")
        })?;
        Ok(Self { folder, set: set.id, key, manifest })
    }

    /// Its checkpoint is signed by the ledger that the operator knows.
    fn is_signed(&self, key: &VerifierKey) -> Result<(), Failure> {
        let head = &self.manifest.copied.head;
        let same = |signed: &Checkpoint| signed.size == head.size && signed.root == head.root;
        match key.open(&self.manifest.checkpoint) {
            Ok(signed) if same(&signed) => Ok(()),
            Ok(_) => Err(Failure::bad_data("the backup's checkpoint is of another ledger")),
            Err(error) => Err(Failure::bad_data(format!("the backup's checkpoint is {error}"))),
        }
    }

    fn part(&self, number: usize, name: &str) -> Result<Vec<u8>, Failure> {
        let of = self.manifest.parts.len();
        let found = self.folder.part(name).map_err(|error| Failure::other(error.to_string()))?;
        let opened = found.and_then(|sealed| self.key.open(name, &sealed).ok());
        opened.map(|part| part.to_vec()).ok_or_else(|| {
            Failure::bad_data(format!("part {number} of {of} is missing or damaged: parts/{name}"))
                .advise("put it there from another copy of this backup, or restore another backup; while the daemon serves, `homeward backup` writes it again")
        })
    }
}
